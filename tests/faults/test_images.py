# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call of every state of storpool_image, hurt in every way; and then what else a run can die of. The bytes are looked at each time."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from faults import runner
from faults.child import SECONDS, Child
from faults.conftest import TOKEN
from faults.matrix import rows
from faults.record import keep
from faults.runner import Ended
from faults.storpool_images import CLIENT, DISK, LONG, STATES, Images
from standins import disk_images


@pytest.fixture(autouse=True)
def this_client(nothing_of_the_user: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run on the client that has devices."""
    monkeypatch.setenv("SP_OURID", CLIENT)


@pytest.mark.parametrize("state", STATES)
def test_every_call_hurt_in_every_way(state: str, tmp_path: Path) -> None:
    images = Images(tmp_path)
    with images.world(TOKEN) as world:
        scenario = images.scenario(state)
        found = list(rows(world, scenario))
    keep(str(scenario), found)
    assert found
    lost = [f"{row.call}, {row.fault}: {row.outcome}" for row in found if row.lost]
    assert not lost, f"{len(lost)} of {len(found)} cases lost\n" + "\n".join(lost)
    assert images.left() == []


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    """Images, and a world that lives as long as this module."""
    found = Images(tmp_path_factory.mktemp("images"))
    with found.world(TOKEN) as world:
        found.here = world
        yield found


def options(images: Images, state: str, **changes: Any) -> dict[str, Any]:
    """The options of a task of one of the states, in a world that begins anew."""
    scenario = images.scenario(state)
    images.here.begin(scenario)
    return {**images.here.connection, **scenario.task({}), **changes}


def run(images: Images, task: dict[str, Any], **how: Any) -> Ended:
    """A run, after which nothing is left that a run should not leave."""
    ended = runner.run("storpool_image", task, **how)
    assert not ended.escaped, ended.escaped
    assert images.left() == [], ended.result
    if not how.get("check"):
        state = images.here.state()
        assert [row for row in state["attachments"] if row["client"] == int(CLIENT)] == []
        assert not any(".making-" in row["name"] or ".export-" in row["name"] for row in named(state))
    return ended


def named(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Volumes and snapshots that are not being deleted."""
    return [*state["volumes"], *(row for row in state["snapshots"] if not row["deleted"])]


def at_work(images: Images) -> list[str]:
    """The objects that are there only as long as a run works on them."""
    names = [row["name"] for row in named(images.here.state())]
    return [name for name in names if ".making-" in name or ".export-" in name]


def bytes_of(images: Images, name: str) -> bytes:
    """What a volume or snapshot of the cluster holds."""
    [row] = [row for row in named(images.here.state()) if row["name"] == name]
    return Path(images.here.admin("GET", "data")[row["lastingId"]]["file"]).read_bytes()


def whole(images: Images, ended: Ended, state: str) -> bool:
    """Whether what a task of this state is for is there, byte for byte."""
    assert not ended.failed, ended.result
    if state.startswith("import"):
        return bytes_of(images, "img") == DISK
    source = "db" if state == "export of a volume" else "snap"
    return disk_images.disk_in(images.dest, "qcow2") == bytes_of(images, source)


def writes(images: Images) -> list[str]:
    """The changes that were sent."""
    return [entry["call"] for entry in images.here.journal() if entry["write"]]


MOMENTS = [(stage, when) for stage in ("info", "check", "convert", "compare") for when in ("before", "after")]


@pytest.mark.parametrize("state", STATES)
def test_a_kill_at_any_stage_leaves_nothing_that_is_taken_for_whole(images: Images, state: str) -> None:
    for stage, when in MOMENTS:
        if state.startswith("export") and stage not in ("convert", "compare"):
            continue
        task = options(images, state)
        program = images.program(
            f'[ "$1" = {stage} ] && {{ {"kill -9 $PPID; exit" if when == "before" else "qemu-img $@; kill -9 $PPID; exit"}; }}'
        )
        assert Child([("storpool_image", {**task, "qemu_img": program})]).wait() == []
        assert not any(row["name"] == "img" for row in named(images.here.state()))
        assert not images.dest.exists()
        assert whole(images, run(images, task), state), (stage, when)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("stage", ["convert", "compare"])
def test_a_device_that_is_open_a_little_longer_is_waited_for(images: Images, stage: str, state: str) -> None:
    task = options(images, state)
    program = images.program(f'[ "$1" = {stage} ] && sleep 2 >/dev/null 2>&1 &')
    assert whole(images, run(images, {**task, "qemu_img": program}), state)
    assert at_work(images) == []


@pytest.mark.parametrize("state", ["import", "export"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_end_at_any_time(images: Images, state: str, number: int) -> None:
    for moment in range(1, 10):
        task = options(images, state)
        child = Child([("storpool_image", task)])
        time.sleep(0.08 * moment)
        child.end(number)
        ended = child.wait()
        if number != signal.SIGKILL and not ended:
            assert at_work(images) == []
        assert whole(images, run(images, task), state), moment


@pytest.mark.parametrize("state", STATES[:3])
def test_of_two_at_once_one_does_it(images: Images, state: str) -> None:
    task = options(images, state, wait_timeout=LONG)
    children = [Child([("storpool_image", task)]) for _number in range(2)]
    ended = [child.wait()[0] for child in children]
    assert sorted(each.changed for each in ended) == [False, True], [each.result for each in ended]
    assert whole(images, ended[0], state)
    assert writes(images).count("VolumeCreate") == 1
    run(images, task)


def test_of_two_at_once_the_other_says_so(images: Images, tmp_path: Path) -> None:
    task = options(images, "import", wait_timeout=1)
    begun, goes_on = tmp_path / "begun", tmp_path / "goes on"
    slow = images.program(
        f'[ "$1" = convert ] && {{ touch "{begun}"; while [ ! -e "{goes_on}" ]; do sleep 0.05; done; }}'
    )
    first = Child([("storpool_image", {**task, "qemu_img": slow})])
    end = time.monotonic() + SECONDS
    while not begun.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    other = Child([("storpool_image", task)]).wait()[0]
    goes_on.touch()
    assert other.failed
    assert "Another task on this host is working on snapshot 'img'" in other.result["msg"]
    assert other.result["error"]["kind"] == "busy"
    assert not first.wait()[0].failed


def work_of(images: Images, client: int, attached: bool) -> str:
    """The name of what a run of another client works on, or has left."""
    [create] = [step for step in _first_steps(images) if step["call"] == "VolumeCreate"]
    body = {**create["body"], "tags": {**create["body"]["tags"], "img-by": str(client), "img-run": "theirs"}}
    name = str(body["name"])
    images.here.begin(images.scenario("import"))
    images.here.do(("VolumeCreate", body))
    if attached:
        images.here.do(("VolumesReassignWait", {"reassign": [{"volume": name, "rw": [client]}]}))
    return name


def _first_steps(images: Images) -> list[dict[str, Any]]:
    assert not run(images, options(images, "import")).failed
    return images.here.journal()


def test_what_another_client_works_on_is_left_alone(images: Images) -> None:
    name = work_of(images, 2, attached=True)
    task = {**images.here.connection, **images.scenario("import").task({})}
    ended = runner.run("storpool_image", task)
    assert ended.failed
    assert f"Client 2 is working on volume '{name}' already" in ended.result["msg"]
    assert "It is attached to client 2" in ended.result["msg"]
    assert name in [row["name"] for row in named(images.here.state())]


def test_what_another_client_has_left_is_taken_away(images: Images) -> None:
    work_of(images, 2, attached=False)
    task = {**images.here.connection, **images.scenario("import").task({})}
    assert whole(images, run(images, task), "import")


def test_a_name_of_somebody_else_is_left_alone(images: Images) -> None:
    [name] = {step["body"]["name"] for step in _first_steps(images) if step["call"] == "VolumeCreate"}
    task = options(images, "import")
    images.here.do(("VolumeCreate", {"name": name, "size": 1 << 20, "template": "hybrid"}))
    ended = runner.run("storpool_image", task)
    assert "belongs to a volume of somebody else" in ended.result["msg"]
    assert name in [row["name"] for row in named(images.here.state())]


FETCHED = {"src": "http://127.0.0.1:1/image", "checksum": "0" * 64}
REFUSED = [
    ({"checksum": "0" * 64}, "differs", "not 0000"),
    ({"size": "1MiB"}, "invalid_option", "of the disk in the image"),
    ({"template": "no-such"}, "not_found", "there is no StorPool template 'no-such'"),
    ({"template": None}, "invalid_option", "set template"),
    ({"qemu_img": "no-such-program"}, "not_found", "no-such-program"),
    ({"src": "/no/such/image"}, "not_found", "/no/such/image"),
    ({**FETCHED, "work_dir": "/no/such/place"}, "invalid_option", "work_dir: there is no directory /no/such/place"),
    ({**FETCHED, "work_dir": "/dev/null"}, "invalid_option", "work_dir: there is no directory /dev/null"),
    ({**FETCHED, "work_dir": "/proc"}, "no_space", "work_dir: there is no space left in /proc"),
    ({"format": "vmdk"}, "unusable", "not vmdk"),
    ({"max_size": "1MiB"}, "unusable", "max_size"),
    ({"tags": {"img-state": "complete"}}, "invalid_option", "sets itself"),
    ({"name": "not a name"}, "invalid_option", "name"),
]


@pytest.mark.parametrize(("changes", "kind", "words"), REFUSED)
@pytest.mark.parametrize("check", [False, True])
def test_what_is_wrong_is_told_before_anything_is_written(
    images: Images, changes: dict[str, Any], kind: str, words: str, check: bool
) -> None:
    ended = run(images, options(images, "import", **changes), check=check)
    assert ended.failed
    assert words in ended.result["msg"]
    assert ended.result["error"]["kind"] == kind
    assert writes(images) == []


def test_a_template_that_is_full(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    task = options(images, "import")
    images.here.admin("POST", "switches", {"capacity_bytes": 1 << 20})
    ended = run(images, task)
    assert ended.result["call"] == "POST VolumeCreate"
    assert "The template's disks have no room for it" in ended.result["msg"]
    row = {"name": "hybrid", "stored": {"capacity": 1 << 20, "free": 1000}}
    monkeypatch.setattr(Reader, "templates_status", lambda _reader: [row])
    images.here.forget()
    ended = run(images, task)
    assert ended.result["error"]["kind"] == "no_space"
    assert "template 'hybrid' has 1,000 B free" in ended.result["msg"]
    assert writes(images) == []


def test_an_image_that_is_there_is_known_by_what_it_is_made_of(images: Images) -> None:
    task = options(images, "import")
    first = run(images, task)
    assert writes(images) == [
        "VolumeCreate",
        "VolumesReassignWait",
        "VolumeSnapshot",
        "VolumesReassignWait",
        "VolumeDelete",
    ]
    tags = first.result["snapshot"]["tags"]
    digest = hashlib.sha256(images.source.read_bytes()).hexdigest()
    made = {"img-state": "complete", "img-sha256": digest, "img-size": str(len(DISK)), "img-format": "qcow2"}
    assert tags == {"own": "1", **made}
    assert first.result["checksum"] == f"sha256:{digest}"
    images.here.forget()
    assert not run(images, task).changed
    assert not run(images, {**task, "src": "http://127.0.0.1:1/gone", "checksum": digest}).changed
    other = disk_images.make(images.files / "other.qcow2", DISK[::-1])
    refused = run_other(images, {**task, "src": str(other)})
    assert "is made of another image" in refused.result["msg"]
    other.unlink()
    assert "read as qcow2, not as raw" in run(images, {**task, "format": "raw"}).result["msg"]
    assert "less than the 1 GiB" in run(images, {**task, "size": "1GiB"}).result["msg"]
    assert writes(images) == []
    assert run(images, {**task, "tags": {"own": "2"}, "template": "ssd"}).result["snapshot"]["tags"] == {
        "own": "2",
        **made,
    }
    [update] = [entry for entry in images.here.journal() if entry["write"]]
    assert update["body"] == {"template": "ssd", "tags": {"own": "2"}}


def run_other(images: Images, task: dict[str, Any]) -> Ended:
    ended = runner.run("storpool_image", task)
    assert ended.failed
    return ended


def test_somebody_elses_snapshot_is_not_taken_for_an_image(images: Images) -> None:
    task = options(images, "export")
    ended = run(images, {**images.here.connection, **images.scenario("import").task({}), "name": "snap"})
    assert "does not say of which image" in ended.result["msg"]
    assert writes(images) == []
    images.dest.write_bytes(b"somebody's")
    ended = run(images, {**task, "allow_replace": False})
    assert "Set allow_replace" in ended.result["msg"]
    assert images.dest.read_bytes() == b"somebody's"
    assert writes(images) == []


def test_check_mode_says_what_a_run_does(images: Images) -> None:
    for state in STATES:
        task = options(images, state)
        foreseen = run(images, task, check=True, diff=True)
        assert writes(images) == []
        assert not images.dest.exists()
        ended = run(images, task, diff=True)
        assert foreseen.result["actions"] == ended.result["actions"]
        assert foreseen.changed
        assert ended.result["diff"]["before"] == foreseen.result["diff"]["before"] == {}


def test_a_device_that_does_not_appear(images: Images, tmp_path: Path) -> None:
    ended = run(images, options(images, "import", device_dir=str(tmp_path), wait_timeout=1))
    assert "did not appear within 1 s" in ended.result["msg"]
    assert writes(images)[-1] == "VolumeDelete"


def test_a_host_that_is_no_client(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SP_OURID")
    ended = run(images, options(images, "import"))
    assert "does not know its StorPool client id" in ended.result["msg"]
    assert writes(images) == []


def test_what_differs_is_not_kept(images: Images) -> None:
    lying = images.program('[ "$1" = compare ] && exit 1')
    for state in STATES:
        ended = run(images, options(images, state, qemu_img=lying))
        assert ended.result["error"]["kind"] == "differs"
        assert not images.dest.exists()
        assert not any(row["name"] == "img" for row in named(images.here.state()))
        assert whole(images, run(images, options(images, state, qemu_img=lying, verify=False)), state)
