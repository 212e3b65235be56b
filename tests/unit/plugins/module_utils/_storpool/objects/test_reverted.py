# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A volume is known by the id that it was created with, whatever reverts have made of it, and whatever a server lists of it then."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    InvalidOption,
    NameTaken,
    NotAllowed,
    NotFound,
    ReplyLost,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.verb import with_memory
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import steer as bulk
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import results
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Lists, Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import ids as identity
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import attachments as attach_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import volumes as info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import attach_want
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.attach import ATTACHMENTS
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.revert import REVERT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from unit.plugins.module_utils._storpool.in_process import Cluster, options
from unit.simulators.model import GIB

ATTACHMENTS_SHOW = [
    {"attachment_id": "present"},
    {"attachment_id": "original"},
    {"attachment_global_id": "absent"},
]
SERVERS = [
    {"revert_global_id": "kept"},
    *(
        {**attachments, "created_from_id": origin, "unnamed_of_unnamed": unnamed}
        for attachments, origin, unnamed in itertools.product(
            ATTACHMENTS_SHOW, ["original", "present", "then"], ["id", "volume"]
        )
    ),
]


class Reverted(Cluster):
    """One volume, by its name or else by its id, with a snapshot "first", and reverted to it as often as a test says. All that a task can mean it by."""

    def __init__(self, name, **switches):
        super().__init__(revert_tags="restored", **switches)
        self.given = name
        self.original = self.create(name, tags={"role": "db"})
        self.lasting = f"~{self.original}"
        self.post(f"VolumeSnapshot/{self.lasting}", {"name": "first", "tags": {"role": "db"}})
        self.lose = []

    def backwards(self, times=1):
        """Somebody else reverts it. The present id afterwards."""
        for _time in range(times):
            self.post(f"VolumeRevert/{self.lasting}", {"toSnapshot": "first"})
        return self.present

    @property
    def present(self):
        return self.volume(self.lasting)["globalId"]

    def which(self, how):
        """The options by which a task means the volume."""
        return {
            "name": {"name": self.given},
            "original": {"global_id": self.original},
            "present": {"global_id": self.present},
            "tags": {"match_tags": {"role": "db"}},
        }[how]

    def apply(self, step):
        answer = super().apply(step)
        if step.call in self.lose:
            self.lose.remove(step.call)
            raise ReplyLost("the answer was lost")
        return answer

    def revert(self, check_mode=False, snapshot="first", **given):
        wanted = REVERT.want(options(REVERT.spec, {"snapshot": snapshot, **given}))
        look, plan, remember = with_memory(REVERT)
        return converge(
            lambda: look(Reader(self), wanted),
            lambda current: plan(current, wanted),
            remember(self.apply),
            check_mode=check_mode,
            pauses=(0, 0, 0),
            sleep=lambda _seconds: None,
        )

    def reverts(self):
        return [call for call, _target, _body in self.writes if call == "VolumeRevert"]


def names():
    return pytest.mark.parametrize("name", ["db-1", ""], ids=["named", "unnamed"])


def servers():
    return pytest.mark.parametrize(
        "server", SERVERS, ids=[",".join(str(value) for value in server.values()) for server in SERVERS]
    )


def meant():
    """The volume with and without a name, by all that a task can mean it by."""
    ways = [
        (name, how) for name in ("db-1", "") for how in ("name", "original", "present", "tags") if name or how != "name"
    ]
    ids = [f"{'named' if name else 'unnamed'}-by-{how}" for name, how in ways]
    return pytest.mark.parametrize(("name", "how"), ways, ids=ids)


@meant()
@servers()
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "lost"])
def test_reverting_twice_in_a_row_reverts_twice(name, server, how, lost):
    cluster = Reverted(name, **server)
    for time in (1, 2):
        cluster.forget()
        cluster.lose = ["VolumeRevert"] if lost else []
        outcome = cluster.revert(**cluster.which(how))
        assert outcome.changed
        volume = outcome.after["volume"]
        assert (volume["global_id"], volume["name"]) == (cluster.original, name or None)
        assert volume["tags"] == {"role": "db"}
        if "revert_global_id" in server:
            assert "current_global_id" not in volume
        else:
            assert volume["current_global_id"] == cluster.present != cluster.original
            assert len(cluster.reverts()) == 1, time
        assert {target for call, target, _body in cluster.writes if call == "VolumeRevert"} == {cluster.lasting}


@meant()
@servers()
def test_a_revert_with_a_safety_snapshot_is_done_once(name, server, how):
    cluster = Reverted(name, **server)
    cluster.backwards(2)
    given = {**cluster.which(how), "safety_snapshot": "safe"}
    cluster.lose = ["VolumeSnapshot", "VolumeRevert"]
    assert cluster.revert(**given).changed
    assert [call for call, _target, _body in cluster.writes] == ["VolumeSnapshot", "VolumeRevert"]
    cluster.forget()
    again = cluster.revert(**{**given, **cluster.which(how)})
    assert not again.changed
    assert cluster.writes == []
    assert again.after["safety_snapshot"]["created_from"] == cluster.original


@meant()
@servers()
def test_an_attached_volume_is_detached_and_reverted(name, server, how):
    cluster = Reverted(name, **server)
    cluster.backwards()
    cluster.attach(cluster.lasting, 2)
    with pytest.raises(NotAllowed, match="attached to client 2"):
        cluster.revert(**cluster.which(how))
    assert cluster.writes == []
    assert cluster.revert(on_attached="detach", **cluster.which(how)).changed
    assert [call for call, _target, _body in cluster.writes] == ["VolumesReassignWait", "VolumeRevert"]
    assert cluster.get("AttachmentsList") == []


@names()
def test_an_id_in_between_is_no_such_volume(name):
    cluster = Reverted(name)
    between = cluster.backwards()
    cluster.backwards()
    with pytest.raises(NotFound, match=f"no volume ~{between}"):
        cluster.revert(global_id=between)
    with pytest.raises(NotFound, match=f"no volume ~{between}"):
        cluster.plan(VOLUME, global_id=between, size="2GiB")
    assert cluster.plan(VOLUME, global_id=between, state="absent").steps == ()
    assert info.volumes(Reader(cluster), options(info.SPEC_VOLUMES, {"global_id": [between]}))["volumes"] == []
    assert Lists(cluster).volume(f"~{between}") is None
    assert cluster.writes == []


@pytest.mark.parametrize("how", ["delete", "rename"])
def test_a_volume_that_was_replaced_is_not_taken_for_one_that_was_reverted(how):
    cluster = Reverted("db-1")
    cluster.backwards()
    usual = cluster.apply

    def replaced_first(step):
        if step.call == "VolumeSnapshot":
            usual(step)
            cluster.post("VolumeDelete/db-1" if how == "delete" else "VolumeUpdate/db-1", {"rename": "old"})
            cluster.create("db-1", parent="first")
            raise ReplyLost("the answer was lost")
        return usual(step)

    cluster.apply = replaced_first
    with pytest.raises(NotAllowed, match="became another volume"):
        cluster.revert(name="db-1", safety_snapshot="safe")
    assert cluster.reverts() == []


def test_somebody_elses_revert_meanwhile_is_no_other_volume():
    cluster = Reverted("db-1")
    cluster.post("VolumeSnapshot/db-1", {"name": "second"})
    usual = cluster.apply

    def reverted_first(step):
        if step.call == "VolumeRevert" and not cluster.reverts():
            cluster.writes.append((step.call, step.target, step.body))
            cluster.post("VolumeRevert/db-1", {"toSnapshot": "second"})
            raise ReplyLost("the answer was lost")
        return usual(step)

    cluster.apply = reverted_first
    assert cluster.revert(name="db-1").changed
    assert cluster.volume("db-1")["parentName"] == "first"


@meant()
@servers()
def test_every_change_of_a_reverted_volume_is_foretold_and_made_once(name, server, how):
    cluster = Reverted(name, **server)
    cluster.backwards(2)
    which = cluster.which(how)
    outcome = cluster.settled(VOLUME, **which, size="2GiB", iops="100", tags={"qc": "gold"})
    assert outcome.after["global_id"] == cluster.original
    assert outcome.after["device"] == (f"/dev/storpool/{name}" if name else f"/dev/storpool-byid/{cluster.original}")
    assert {target for _call, target, _body in cluster.writes} == {cluster.lasting}
    cluster.attach(cluster.lasting, 1)
    with pytest.raises(NotAllowed, match="attached to client 1"):
        cluster.run(VOLUME, **which, state="absent")
    cluster.settled(VOLUME, **which, size="3GiB")
    assert cluster.reads.count("ClientConfigWait") == 1
    cluster.settled(VOLUME, **which, state="absent", on_attached="detach")
    assert cluster.get("VolumesList") == []


@servers()
def test_a_reverted_volume_may_get_a_name_and_lose_it(server):
    cluster = Reverted("", **server)
    cluster.backwards(2)
    cluster.settled(VOLUME, global_id=cluster.present, name="db-9")
    cluster.backwards()
    cluster.settled(VOLUME, global_id=cluster.original, name="db-8")
    assert cluster.settled(VOLUME, name="db-8", iops="7").after["global_id"] == cluster.original
    cluster.settled(VOLUME, name="db-7", previous_name="db-8")
    cluster.create("other")
    with pytest.raises(NameTaken):
        cluster.plan(VOLUME, global_id=cluster.present, name="other")


@names()
@servers()
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_attachments_of_a_reverted_volume_are_found_by_either_id(name, server, many):
    cluster = Reverted(name, **server)
    cluster.backwards(2)
    others = [{"volume": cluster.post("VolumeCreate", {"size": GIB, "replication": 3})["name"]} for _time in range(9)]
    for reference in [f"~{cluster.present}", cluster.lasting, *([name] if name else [])]:
        cluster.forget()
        items = [{"volume": reference}, *(others if many else ())]
        given = {"clients": ["1", "2"], "attachments": items, "wait": False}
        outcome = cluster.settled(ATTACHMENTS, **given)
        row = outcome.after[0]
        assert (row["global_id"], row["name"], row["client"]) == (cluster.original, name or None, 1)
        assert row["device"] == (f"/dev/storpool/{name}" if name else f"/dev/storpool-byid/{cluster.original}")
        assert row.get("current_global_id", cluster.original) == cluster.present
        cluster.settled(ATTACHMENTS, volume=reference, clients=["2"], exclusive=True, wait=False)
        cluster.settled(ATTACHMENTS, volume=reference, state="absent")
        cluster.settled(ATTACHMENTS, state="absent", attachments=items)
        assert cluster.get("AttachmentsList") == []


@names()
@servers()
def test_one_volume_by_its_two_ids_is_one_volume(name, server):
    cluster = Reverted(name, **server)
    cluster.backwards()
    items = [{"volume": cluster.lasting, "rights": "rw"}, {"volume": f"~{cluster.present}", "rights": "ro"}]
    with pytest.raises(InvalidOption, match="both rw and ro"):
        cluster.plan(ATTACHMENTS, attachments=items, clients=["1"], wait=False)


@names()
@servers()
def test_devices_are_waited_for_whichever_id_the_task_says(name, server):
    cluster = Reverted(name, **server)
    cluster.backwards()
    for reference in (cluster.lasting, f"~{cluster.present}"):
        given = options(ATTACHMENTS.spec, {"volume": reference, "clients": ["3"]})
        wanted = attach_want.want(given, lambda: {"SP_OURID": "3"})
        todo = ATTACHMENTS.plan(ATTACHMENTS.look(Reader(cluster), wanted), wanted)
        link = f"/dev/storpool/{name}" if name else f"/dev/storpool-byid/{cluster.original}"
        assert wanted.links(todo.after) == [link]


@names()
@servers()
def test_info_shows_the_id_that_stays_and_the_present_one(name, server):
    cluster = Reverted(name, **server)
    cluster.backwards(2)
    cluster.attach(cluster.lasting, 2)
    for asked in ({}, {"global_id": [cluster.original]}, {"global_id": [cluster.present]}, {"client": 2}):
        extras = {"attachments": True, "status": True, "space": True, "chain": True}
        [volume] = info.volumes(Reader(cluster), options(info.SPEC_VOLUMES, {**asked, **extras}))["volumes"]
        assert (volume["global_id"], volume["name"]) == (cluster.original, name or None)
        assert volume.get("current_global_id", cluster.original) == cluster.present
        assert volume["status"]["state"] == "up"
        [attached] = volume["attachments"]
        assert attached["device"] == volume["device"]
    for reference in (cluster.lasting, f"~{cluster.present}", *([name] if name else [])):
        [row] = attach_info.read(Reader(cluster), options(attach_info.SPEC, {"volume": reference}))["attachments"]
        assert (row["global_id"], row["device"]) == (cluster.original, volume["device"])
    [row] = attach_info.read(Reader(cluster), options(attach_info.SPEC, {"clients": ["2"]}))["attachments"]
    assert (row["global_id"], row["device"]) == (cluster.original, volume["device"])
    assert row.get("current_global_id", cluster.original) == cluster.present
    assert results.volume(cluster.volume(cluster.lasting))["global_id"] == cluster.original


@names()
@servers()
def test_snapshots_are_known_to_be_of_the_volume_before_between_and_after_reverts(name, server):
    cluster = Reverted(name, **server)
    for number, reference in enumerate([cluster.lasting, f"~{cluster.present}"]):
        given = {"volume": reference, "name": f"s{number}", "tags": {"keep": "1"}}
        assert cluster.run(SNAPSHOT, **given).after["created_from"] == cluster.original
        cluster.backwards(2)
        for later in (cluster.lasting, f"~{cluster.present}"):
            outcome = cluster.settled(SNAPSHOT, **{**given, "volume": later, "iops": "9"})
            assert outcome.after["created_from"] == cluster.original
        alone = cluster.settled(SNAPSHOT, name=f"s{number}", tags={"keep": "2"}).after
        assert alone["created_from"] == cluster.original or server.get("created_from_id") == "then"
    cluster.create("other")
    with pytest.raises(NameTaken, match="was not taken of volume 'other'"):
        cluster.plan(SNAPSHOT, volume="other", name="s0")
    for reference in (cluster.lasting, f"~{cluster.present}"):
        found = info.snapshots(Reader(cluster), options(info.SPEC_SNAPSHOTS, {"volume": reference}))["snapshots"]
        assert [snapshot["name"] for snapshot in found] == ["first", "s0", "s1"]
        assert {snapshot["created_from"] for snapshot in found} == {cluster.original}
    everything = info.snapshots(Reader(cluster), options(info.SPEC_SNAPSHOTS, {}))["snapshots"]
    assert {snapshot["created_from"] for snapshot in everything} == {cluster.original}


@names()
def test_a_snapshot_of_another_cluster_is_not_taken_for_one_of_a_volume_with_the_same_number(name):
    cluster = Reverted(name, created_from_id="then")
    volume, snapshot = cluster.volume(cluster.lasting), cluster.snapshot("first")
    assert snapshot["createdFromVisibleVolumeId"] == volume["visibleVolumeId"]
    cluster.world.local.by_name["first"].created_from_then = "far.c.12"
    with pytest.raises(NameTaken, match=r"far\.c\.12"):
        cluster.plan(SNAPSHOT, volume=cluster.lasting, name="first")


@names()
@servers()
@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_a_set_keeps_a_reverted_volume_and_prunes_it_by_either_id(name, server, check_mode):
    cluster = Reverted(name, **server)
    cluster.post(f"VolumeUpdate/{cluster.lasting}", {"tags": {"ansible-volume-set": "s"}})
    cluster.switches["revert_tags"] = "kept"
    cluster.backwards(2)
    cluster.forget()
    ways = [{"global_id": cluster.original}, {"global_id": cluster.present}, {"match_tags": {"role": "db"}}]

    def task(**given):
        every = options(bulk.SPEC, {"concurrency": 1, "set": "s", "prune": True, "prune_max": 10, **given})
        rows, _warnings = bulk.run(cluster, lambda: cluster.apply, 1, every, check_mode, sleep=lambda _seconds: None)
        return [(row["kind"], row["result"]) for row in rows]

    for which in ways:
        assert task(volumes=[which]) == [("volume", "unchanged")]
        for reference in (cluster.lasting, f"~{cluster.present}"):
            attachment = {"volume": reference, "clients": [1]}
            did, again = (task(volumes=[which], attachments=[attachment]) for _time in range(2))
            assert did == [("volume", "unchanged"), ("attachment", "updated")]
            assert again == (did if check_mode else [("volume", "unchanged"), ("attachment", "unchanged")])
            gone = task(volumes=[which], attachments=[{"volume": reference, "state": "absent"}])
            assert gone[1] == ("attachment", "unchanged" if check_mode else "updated")
    both = task(volumes=[{"global_id": cluster.original}, {"global_id": cluster.present, "iops": "5"}])
    if cluster.present != cluster.original:
        assert both == [("volume", "unchanged"), ("volume", "failed")]
    with pytest.raises(InvalidOption, match="prune would delete it"):
        task(volumes=[], attachments=[{"volume": f"~{cluster.present}", "clients": [1]}])
    assert not (check_mode and cluster.writes)
    cluster.attach(cluster.lasting, 3)
    assert task(volumes=[], prune_on_attached="detach") == [("volume", "deleted")]
    assert cluster.get("VolumesList") == [] or check_mode


@pytest.mark.parametrize("reference", ["name", "original", "present"])
def test_lists_answer_about_a_reverted_volume_as_the_api_does(reference):
    cluster = Reverted("db-1")
    cluster.backwards(2)
    key = {"name": "db-1", "original": cluster.lasting, "present": f"~{cluster.present}"}[reference]
    assert Lists(cluster).volume(key) == Reader(cluster).volume(key)
    assert Reader(cluster).volume(key)["globalId"] == cluster.original


@pytest.mark.parametrize(
    ("raw", "lasting", "known"),
    [
        ({"name": "a", "globalId": "x.b.1"}, "x.b.1", {"a", "~x.b.1"}),
        ({"name": "a", "globalId": "x.b.2", "preservedGlobalId": "x.b.1"}, "x.b.1", {"a", "~x.b.1", "~x.b.2"}),
        ({"name": "~x.b.1", "globalId": "x.b.2"}, "x.b.1", {"~x.b.1", "~x.b.2"}),
        ({"name": "*~x.b.1", "globalId": "x.b.1"}, "x.b.1", {"*~x.b.1", "~x.b.1"}),
        ({"name": "x.b.1@7", "globalId": "x.b.9"}, "x.b.9", {"x.b.1@7", "~x.b.9"}),
        ({"name": "~x.b.1@7", "globalId": "x.b.9"}, "x.b.9", {"~x.b.1@7", "~x.b.9"}),
        ({"name": "a", "globalId": "x.b.1", "preservedGlobalId": ""}, "x.b.1", {"a", "~x.b.1"}),
    ],
)
def test_what_an_object_is_known_by(raw, lasting, known):
    settled = identity.settled(raw)
    for each in (raw, settled, identity.settled(settled)):
        assert identity.global_id(each) == lasting
        assert identity.references(each) == known
        assert identity.current(each) == raw["globalId"]
    assert settled["globalId"] == lasting
    assert ("currentGlobalId" in settled) == (raw["globalId"] != lasting)
    assert identity.settled(settled) == settled


def test_what_cannot_be_deleted_by_its_present_id_is_not_deleted_by_its_name():
    """The step names the id that stays, so a rival's volume of the same name is safe."""
    cluster = Reverted("db-1")
    cluster.backwards()
    todo = cluster.plan(VOLUME, name="db-1", state="absent")
    assert [step.target for step in todo.steps] == [cluster.lasting]
    cluster.post("VolumeDelete/db-1")
    cluster.create("db-1")
    with pytest.raises(ApiError, match="does not exist"):
        cluster.apply(todo.steps[0])
