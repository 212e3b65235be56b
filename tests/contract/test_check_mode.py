# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode sees the whole play: from an empty cluster, it tells of every documented example and of the demo what a real run then does."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import both_ways
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.template.want import FLAGS
from contract import documented
from contract.conftest import TOKEN
from contract.test_direct import ON_HOSTS
from simulators.client import Simulator, start
from tools.workspace import COLLECTION, ROOT

API_MODULES = sorted(set(documented.modules()) - ON_HOSTS)
#: The objects that examples start from, as tasks: check mode has to foresee them as well.
FIXTURES = {
    "hybrid": ("template", {"name": "hybrid", "replication": 3, "place_all": "hdd", "place_tail": "ssd"}),
    "ssd": ("template", {"name": "ssd", "replication": 3, "place_all": "ssd"}),
    "db-1": ("volume", {"name": "db-1", "size": "10GiB", "template": "hybrid"}),
    "db-1-nightly": ("snapshot", {"name": "db-1-nightly", "volume": "db-1"}),
}
#: Examples that look at what no task of ours makes: how full the disks are, volumes of CloudStack's.
START_WITH_OBJECTS = {
    "storpool_template_info",
    "cloudstack_pool_evacuation",
    *documented.ON_POOLS,
    *documented.WITH_A_VM,
    *documented.IN_CLOUD,
    *documented.WITH_A_FAR_CLUSTER,
    *documented.ON_A_VM,
}
#: What only the API can give: ids and times, and what is made of them; how full disks are, and which hosts have connected a pool.
ONLY_THE_API = {
    "capacity",
    "created",
    "created_from",
    "creation_timestamp",
    "delete_at",
    "endpoint",
    "global_id",
    "hosts",
    "id",
    "path",
    "status",
    "storpool",
    "stored",
    "used",
}
#: How often the configuration of the cluster has changed.
COUNTERS = {"generation", "client_generation"}
#: StorPool bases a volume on another by a snapshot that it removes when it likes, and with which the parents of what is there change.
WITH_A_PASSING_PARENT = {"shop-log", "shop-journal", "shop-log-copy", "shop-log-friday"}
#: As above, of an image that CloudStack downloads or makes.
OF_IMAGES = {
    "size",
    "physical_size",
    "snapshot",
    "source_template_id",
    "details",
    "checksum",
    "format",
    "ready",
    *FLAGS,
}
#: As above, of a volume of CloudStack's, which chooses its pool when it is attached for the first time.
OF_VOLUMES = {"account", "domain", "pool", "storpool_id", "disk_offering"}
#: As above, of an object without a name.
OF_THE_NAMELESS = {"device", "parent"}
#: Seconds between the two runs.
CLOCKS = 120
#: How large a pool will be is known when its template is there.
ABOUT = re.compile(r" \(about [0-9.]+ [KMGTPE]iB\)")
TIME = re.compile(r" of [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+(Z|\+0000)")


@pytest.mark.parametrize("module", API_MODULES)
def test_the_examples_of_a_module(module: str, storpool: Simulator, cloudstack: Simulator, tmp_path: Path):
    made = documented.MAKES.get(module, set())
    if module in START_WITH_OBJECTS:
        documented.prepare(module, storpool, cloudstack)
        storpool.switch(
            recovery_seconds=4
        )  # the next task finds a copy that is not complete, however slow this machine is
        for simulator in (storpool, cloudstack):
            simulator.clear_journal()
    tasks = [
        {f"{COLLECTION}.storpool_{kind}": options} for name, (kind, options) in FIXTURES.items() if name not in made
    ]
    tasks += documented.examples(module)
    seen = both_runs([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], storpool, cloudstack, tmp_path)
    assert_same(*seen)


def test_the_demo(storpool: Simulator, cloudstack: Simulator, tmp_path: Path):
    plays = [
        play
        for name in ("declare", "operate")
        for play in yaml.safe_load((ROOT / f"examples/volumes/{name}.yml").read_text())
    ]
    for play in plays:
        del play["module_defaults"]
    foreseen, done = both_runs(plays, storpool, cloudstack, tmp_path)
    skipped = [line["task"] for line in foreseen if line["how"] == "skipped"]
    assert skipped == ["What has no name is attached by its global id"]
    assert_same(*([line for line in lines if line["task"] not in skipped] for lines in (foreseen, done)))


@pytest.mark.parametrize("version", ["4.9.3", "4.16.1", "4.19.1", "4.22.0"])
def test_a_cloud_from_nothing_to_nothing(version: str, storpool: Simulator, tmp_path: Path):
    """A pool, its settings and offerings: made, changed and removed by tasks that build on each other."""

    def task(module: str, **options: Any) -> dict[str, Any]:
        return {f"{COLLECTION}.cloudstack_{module}": options}

    pool = {"name": "sp", "zone": "zone1"}
    setting = {"name": "storage.overprovisioning.factor", "storage_pool": "sp"}
    tasks = [
        {f"{COLLECTION}.storpool_template": FIXTURES["ssd"][1]},
        task(
            "storpool_pool",
            **pool,
            template="ssd",
            capacity="from_template",
            tags=["fast"],
            allocation_state="disabled",
        ),
        task("storpool_pool_info", hosts=True),
        task("configuration", **setting, value=3),
        task("configuration", **setting, value=3),
        task("configuration", name="storage.cleanup.interval", value=100),
        task("disk_offering", name="o", disk_size="10GiB", tags=["fast"], max_iops=100),
        task("disk_offering", name="o", display_text="another"),
        task("storpool_pool", **pool, allocation_state="enabled"),
        task("storpool_pool", **pool, tags=["fast", "new"]),
        {**task("storpool_pool", **pool, template="other"), "ignore_errors": True},
        task("configuration", name="storage.cleanup.interval", value=200),
        task("storpool_pool", **pool, allocation_state="maintenance"),
        task("storpool_pool_info"),
        task("disk_offering", name="o", state="absent"),
        task("storpool_pool", **pool, state="absent"),
        task("storpool_pool_info"),
        task("storpool_pool", **pool, state="absent"),
    ]
    with start("cloudstack", version=version, storpool_url=storpool.url, storpool_token=TOKEN) as cloudstack:
        seen = both_runs(
            [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], storpool, cloudstack, tmp_path
        )
    assert_same(*seen)


def test_the_example_of_the_readme(storpool: Simulator, cloudstack: Simulator, tmp_path: Path):
    storpool.admin("POST", "clients", {"id": 12})
    blocks = re.findall("```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    [play] = next(plays for plays in map(yaml.safe_load, blocks) if "tasks" in plays[0])
    foreseen, done = both_runs([play], storpool, cloudstack, tmp_path)
    assert [line["result"]["changed"] for line in foreseen] == [True, True, True]
    assert_same(foreseen, done)


def test_a_real_run_and_tasks_in_check_mode_of_one_know_nothing_of_it(
    storpool: Simulator, cloudstack: Simulator, tmp_path: Path
):
    volume = {f"{COLLECTION}.storpool_volume": {"name": "db-1", "size": "1GiB", "replication": 3, "place_all": "hdd"}}
    tasks = [{**volume, "check_mode": True}, {**volume, "check_mode": True}, volume]
    lines = run(
        [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], storpool, cloudstack, tmp_path / "real"
    )
    assert [line["result"]["changed"] for line in lines] == [True, True, True]
    assert storpool.journal()["writes"] == 1


def test_several_hosts_at_once_lose_nothing_of_it(storpool: Simulator, cloudstack: Simulator, tmp_path: Path):
    volume = {"name": "{{ inventory_hostname }}-{{ item }}", "size": "1GiB", "replication": 3, "place_all": "hdd"}
    every = f"{COLLECTION}.storpool_volume_info"
    tasks = [
        {f"{COLLECTION}.storpool_volume": volume, "loop": [1, 2, 3]},
        {every: {}, "run_once": True, "register": "read"},
        {"ansible.builtin.assert": {"that": "read.volumes | length == 12"}},
    ]
    lines = run(
        [{"hosts": "all", "gather_facts": False, "tasks": tasks}],
        *(storpool, cloudstack, tmp_path / "check", "--check", "--inventory", "a,b,c,d,", "--connection", "local"),
        ANSIBLE_FORKS="4",
    )
    assert not [line for line in lines if line["how"] == "failed"]
    assert storpool.journal()["writes"] == 0


@pytest.mark.parametrize("foresees", [True, False])
@pytest.mark.parametrize("direct", [True, False])
def test_what_is_missing_says_when_it_would_be_known(
    direct: bool, foresees: bool, storpool: Simulator, cloudstack: Simulator, tmp_path: Path
):
    """Unless the task was told not to foresee, as those are that only look at what there is."""
    tasks = [
        {f"{COLLECTION}.storpool_template": FIXTURES["ssd"][1]},
        {f"{COLLECTION}.storpool_volume": {"name": "db-1", "size": "1GiB", "template": "ssd"}, "ignore_errors": True},
    ]
    switches = {"storpool_cloudstack_direct": direct, "storpool_cloudstack_foresee": foresees}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks, "vars": switches}]
    line = run(plays, storpool, cloudstack, tmp_path / "check", "--check")[-1]
    if direct and foresees:
        assert line["how"] == "ok"
        return
    assert line["result"]["error"]["kind"] == "not_found"
    assert "there is no StorPool template 'ssd'" in line["result"]["msg"]
    hint = "run in Ansible's own process (-vvv says whether they do)."
    assert line["result"]["msg"].endswith(hint) == foresees


@pytest.mark.parametrize("option", ["volume", "parent"])
def test_an_id_that_is_not_known_yet_is_told_as_such(
    option: str, storpool: Simulator, cloudstack: Simulator, tmp_path: Path
):
    reference = "~{{ made.volume.global_id }}"
    asks = {
        "volume": {f"{COLLECTION}.storpool_attach": {"volume": reference, "clients": [1]}},
        "parent": {f"{COLLECTION}.storpool_volume": {"name": "b", "parent": reference}},
    }
    volume = {"match_tags": {"role": "cache"}, "size": "1GiB", "replication": 3, "place_all": "hdd"}
    tasks = [
        {f"{COLLECTION}.storpool_volume": volume, "register": "made"},
        {**asks[option], "ignore_errors": True},
    ]
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    result = run(plays, storpool, cloudstack, tmp_path / "check", "--check")[-1]["result"]
    assert result["msg"].startswith(f"{option}: ")
    assert "in check mode this is not known before" in result["msg"]


def both_runs(
    plays: list[dict[str, Any]], storpool: Simulator, cloudstack: Simulator, directory: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What every task returned in check mode, which must write nothing, and then for real."""
    foreseen = run(plays, storpool, cloudstack, directory / "check", "--check", "--diff")
    assert [simulator.journal()["writes"] for simulator in (storpool, cloudstack)] == [0, 0]
    return foreseen, run(plays, storpool, cloudstack, directory / "real", "--diff")


def run(
    plays: list[dict[str, Any]],
    storpool: Simulator,
    cloudstack: Simulator,
    directory: Path,
    *options: str,
    **env: str,
) -> list[dict[str, Any]]:
    """Run plays against the simulators; what every task and item returned. No note of a forecast may be left behind."""
    directory.mkdir()
    told, temporary = directory / "told", directory / "tmp"
    defaults = {"module_defaults": documented.connections(storpool, cloudstack)}
    ended = documented.run_plays(
        [{**play, **defaults} for play in plays],
        storpool,
        cloudstack,
        directory,
        *options,
        ANSIBLE_CALLBACK_PLUGINS=str(both_ways.HERE / "callback_plugins"),
        ANSIBLE_CALLBACKS_ENABLED="told",
        ANSIBLE_LOCAL_TEMP=str(temporary),
        STORPOOL_CLOUDSTACK_DIRECT="true",
        TOLD_IN=str(told),
        **env,
    )
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr
    assert not list(temporary.iterdir())
    shutil.rmtree(temporary)
    return [json.loads(line) for line in told.read_text().splitlines()]


def assert_same(foreseen: list[dict[str, Any]], done: list[dict[str, Any]]) -> None:
    """Task by task, what was foreseen is what was done, but for what only the API can give."""
    assert [(line["task"], line["how"]) for line in foreseen] == [(line["task"], line["how"]) for line in done]
    for line, other in zip(foreseen, done, strict=True):
        told, came = ({**each["result"], "invocation": None} for each in (line, other))
        compare(told, came, line["task"])


def compare(told: Any, came: Any, where: str, unknown: bool = False) -> None:
    if isinstance(told, dict) and isinstance(came, dict):
        # Whether a revert gives a volume another id is for the API alone to say.
        assert told.keys() - {"current_global_id"} == came.keys() - {"current_global_id"}, where
        free = ONLY_THE_API | (OF_THE_NAMELESS if "global_id" in told and told.get("name") is None else set())
        free |= OF_IMAGES if "os_type" in told or "snapshot" in told else set()
        free |= OF_VOLUMES if "storpool_id" in told else set()
        free |= {"name"} if "vm_id" in told else set()  # a snapshot of a VM, which CloudStack gives a name of its own
        free |= {"parent", "volume"} if came.get("name") in WITH_A_PASSING_PARENT else set()
        moments = {"current_global_id", "complete", "recovering_from_remote"}  # a copy is complete a moment later
        for key in told.keys() - moments - COUNTERS:
            compare(told[key], came[key], f"{where}: {key}", key in free)
    elif isinstance(told, list) and isinstance(came, list):
        assert len(told) == len(came), (where, told, came)
        for index, (one, other) in enumerate(zip(told, came, strict=True)):
            compare(one, other, f"{where}: {index}")
    elif where.endswith("delete_at") and told and came:
        assert abs(told - came) < CLOCKS
    elif not (told is None and (unknown or "@" in str(came))):  # StorPool makes such names
        assert told == (ABOUT.sub("", TIME.sub("", came)) if isinstance(came, str) else came), where
