# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What backups there are, which one is meant, and which of its disks goes where."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._backups import aim, marks, pairing, tags, volumecare
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups import backup as backups
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.backup import Backup, Disk
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    BadAnswer,
    InvalidOption,
    NotAllowed,
    NotFound,
)

VM = "0c9e2f3a-1111-4222-8333-444455556666"
ROOT, DATA, LOGS = (f"aaaaaaaa-1111-4222-8333-44445555666{number}" for number in (1, 2, 3))


def entry(**more):
    """An entry of VolumeCare's of one VM with one backup of two disks."""
    name = {"name": f"cvm={VM}"}
    disks = {f"~{ROOT}": "~abcd.b.nqh", DATA: "~abcd.b.nqi"}
    one = {
        "create_ts": 1650637434,
        "age_in_h": 8.8,
        "id": {"location": "abcd.n"},
        "entity_id": name,
        "extra_info": {"sp": {"map": disks}},
    }
    return {"type": "vm", "id": name, "history": [{**one, **more}]}


def parsed(*entries):
    """The backups of the VM."""
    return volumecare.parse(json.dumps(entries)).get(VM)


def test_what_volumecare_says_of_a_vm():
    found = parsed({"type": "policy", "id": {"name": "daily"}}, entry(), {"type": "vm", "id": {"name": "cvm=no-id"}}, 7)
    assert found == [Backup(VM, 1650637434, "abcd.n", (Disk(ROOT, "abcd.b.nqh"), Disk(DATA, "abcd.b.nqi")))]
    assert found[0].id == "1650637434.abcd.n"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"extra_info": {"sp": {"map": {"~abcd.b.x": "~abcd.b.y"}}}}, "old format"),
        ({"extra_info": {"sp": {"map": {"~abcd.b.x": "~abcd.b.y", ROOT: "~abcd.b.z"}}}}, "old format"),
        ({"extra_info": {}}, "names no snapshots"),
        ({"extra_info": [7]}, "names no snapshots"),
        ({"extra_info": {"sp": {"map": {ROOT: "/etc/passwd"}}}}, "no snapshot is told of volume"),
        ({"extra_info": {"sp": {"map": {ROOT: None}}}}, "no snapshot is told of volume"),
        ({"extra_info": {"sp": {"map": {ROOT: "~a.b.c", DATA: "~a.b.c"}}}}, "in it twice"),
        ({"extra_info": {"sp": {"map": {ROOT: "~a.b.c", f"~{ROOT}": "~a.b.d"}}}}, "in it twice"),
        ({"entity_id": {"name": f"cvm={ROOT}"}}, "about something else"),
    ],
)
def test_an_odd_entry_is_a_backup_that_cannot_be_restored_and_says_why(more, told):
    [odd] = parsed(entry(**more))
    assert told in odd.problem
    with pytest.raises(NotAllowed, match=told):
        backups.choose([odd], "latest", None, "VM 'web'")


@pytest.mark.parametrize("created", [None, "1650637434", True, -1, 1e300])
def test_an_entry_without_a_moment_is_none(created):
    assert parsed(entry(create_ts=created)) == []


@pytest.mark.parametrize("text", ["", "{}", "[" * 100_000, "null", "<html>"])
def test_what_is_no_status_is_refused(text):
    with pytest.raises(BadAnswer, match="storpool_vcctl"):
        volumecare.parse(text)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from([VM, f"cvm={VM}", "vm", "~a.b.c"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "id", "name", "history", "create_ts", "location", "entity_id", "extra_info", "sp", "map", ROOT]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(_json, max_size=3), _json, _json)
def test_nothing_that_volumecare_could_say_ends_in_a_traceback(odd, history, extra):
    name = {"name": f"cvm={VM}"}
    one = {"create_ts": 5, "id": {"location": "l"}, "extra_info": extra}
    found = parsed(
        *odd, {"type": "vm", "id": name, "history": [history, one]}, {"type": "vm", "id": name, "history": history}
    )
    for backup in found:
        assert backup.problem or backup.disks


def snapshot(global_id, volume, created, **more):
    """A snapshot of a volume as StorPool lists it."""
    tags_ = {"cvm": VM, "uuid": volume, **more.pop("tags", {})}
    return {"globalId": global_id, "size": 1 << 30, "creationTimestamp": created, "tags": tags_, **more}


def test_snapshots_of_one_moment_are_one_backup_wherever_they_are():
    here = [snapshot("a.b.1", ROOT, 100), snapshot("a.b.2", "~a.b.data", 101), snapshot("a.b.3", ROOT, 200)]
    remote = [
        {**snapshot("-", ROOT, 100), "remoteId": "a.b.1", "location": "far"},
        {**snapshot("-", "", 200), "remoteId": "a.b.4", "location": "far", "createdFromGlobalId": "a.b.data"},
    ]
    found = backups.in_order(tags.backups(here, remote, {ROOT: ROOT, DATA: DATA, "~a.b.data": DATA})[VM])
    assert [(each.id, [disk.volume for disk in each.disks]) for each in found] == [
        ("200.far", [ROOT, DATA]),
        ("100.here", [ROOT, DATA]),
    ]
    assert [disk.location for disk in found[0].disks] == [None, "far"]


def test_what_is_no_backup_is_not_among_them():
    rows = [
        snapshot("a.b.1", ROOT, 100, tags={"cs": "group"}),
        snapshot("a.b.2", ROOT, 100, tags={"cvm": ""}),
        snapshot("a.b.3", ROOT, 100, tags={marks.KIND: marks.SAFETY}),
        snapshot("a.b.4", ROOT, 100, tags={"cvm": "../../etc"}),
    ]
    assert tags.backups(rows, [], {}) == {}


def test_a_second_snapshot_of_a_disk_in_one_second_is_another_backup():
    rows = [snapshot("a.b.1", ROOT, 100), snapshot("a.b.2", ROOT, 100), snapshot("a.b.3", DATA, 100, tags={"by": "me"})]
    found = backups.in_order(tags.backups(rows, [], {})[VM])
    assert sorted(len(each.disks) for each in found) == [1, 1, 1]
    assert len({each.id for each in found}) == 3


def test_a_snapshot_of_no_known_volume_cannot_be_restored():
    [found] = tags.backups([snapshot("a.b.1", "", 100)], [], {})[VM]
    assert "~a.b.1" in found.problem


NEW, OLD = Backup(VM, 200, "far"), Backup(VM, 100, "far")
BAD = NEW._replace(problem="it lacks something")


def test_which_backup_is_meant():
    assert backups.choose([NEW, OLD], "latest", None, "it") == NEW
    assert backups.choose([NEW, OLD], "latest", 200, "it") == OLD
    assert backups.choose([BAD, OLD], "100.far", None, "it") == OLD
    with pytest.raises(NotAllowed, match=r"lacks something\. The newest that can is backup 100\.far"):
        backups.choose([BAD, OLD], "latest", None, "it")
    with pytest.raises(NotFound, match=r"Did you mean '100\.far'"):
        backups.choose([NEW, OLD], "100.fra", None, "it")
    with pytest.raises(NotFound, match=r"from before .*The oldest is backup 100\.far"):
        backups.choose([NEW, OLD], "latest", 50, "it")
    with pytest.raises(NotFound, match="has no backup"):
        backups.choose([], "latest", None, "it")
    backups.check_age(OLD, 100, 200)
    with pytest.raises(NotAllowed, match="max_age"):
        backups.check_age(OLD, 99, 200)


def disk(id_, kind="DATADISK", device=1, name="data", size=1 << 30):
    """A row of CloudStack's."""
    return {"id": id_, "type": kind, "deviceid": device, "name": name, "size": size}


SOURCES = {
    ROOT: disk(ROOT, "ROOT", 0, "ROOT-1"),
    DATA: disk(DATA, device=1, name="data"),
    LOGS: disk(LOGS, device=2, name="logs"),
}
THREE = Backup(VM, 100, "far", tuple(Disk(one, f"a.b.{one[-1]}", None, 1 << 30) for one in SOURCES))


def went(pairs):
    """Which disk of the backup goes to which volume."""
    return {pair.disk.volume: pair.target["id"] for pair in pairs}


def test_disks_go_to_themselves_in_place_or_nothing_does():
    assert went(pairing.in_place(THREE, list(SOURCES.values()), "it")) == {one: one for one in SOURCES}
    with pytest.raises(NotAllowed, match="lacks volume 'new'"):
        pairing.in_place(THREE, [*SOURCES.values(), disk("n", name="new")], "it")
    with pytest.raises(NotAllowed, match="no longer has"):
        pairing.in_place(THREE, [SOURCES[ROOT], SOURCES[DATA]], "it")


def test_disks_go_to_those_of_another_vm_by_device_id_or_by_name_and_never_by_chance():
    same_devices = [disk("r", "ROOT", 0, "ROOT-9"), disk("x", device=2, name="x"), disk("y", device=1, name="y")]
    assert went(pairing.onto(THREE, SOURCES, same_devices, "it")) == {ROOT: "r", LOGS: "x", DATA: "y"}
    same_names = [disk("r", "ROOT", 0), disk("x", device=5, name="data"), disk("y", device=6, name="logs")]
    assert went(pairing.onto(THREE, SOURCES, same_names, "it")) == {ROOT: "r", DATA: "x", LOGS: "y"}
    neither = [disk("r", "ROOT", 0), disk("x", device=5, name="u"), disk("y", device=6, name="v")]
    with pytest.raises(InvalidOption, match="neither the same device ids nor the same names"):
        pairing.onto(THREE, SOURCES, neither, "it")
    with pytest.raises(InvalidOption, match="not known to CloudStack any more"):
        pairing.onto(THREE, {}, same_devices, "it")
    with pytest.raises(InvalidOption, match="3 disks"):
        pairing.onto(THREE, SOURCES, same_devices[:2], "it")
    one = THREE._replace(disks=THREE.disks[:1])
    assert went(pairing.onto(one, {}, same_devices[:1], "it")) == {ROOT: "r"}


@given(st.permutations(list(SOURCES)), st.permutations([0, 1, 2]))
def test_the_order_of_lists_does_not_matter(order, devices):
    backup = THREE._replace(disks=tuple(each for one in order for each in THREE.disks if each.volume == one))
    targets = [disk(f"t{device}", "DATADISK" if device else "ROOT", device, f"n{device}") for device in devices]
    expected = {one: f"t{row['deviceid']}" for one, row in SOURCES.items()}
    assert went(pairing.onto(backup, SOURCES, targets, "it")) == expected


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([(ROOT, "x")], "root disk"),
        ([(DATA, "r")], "root disk"),
        ([(DATA, "x"), (LOGS, "x")], "named twice"),
        ([("data", "x"), (DATA, "y")], "named twice"),
        ([("nothing", "x")], "no disks 'nothing'"),
        ([(DATA, "nothing")], "no disks 'nothing'"),
        ([("{data}", "x")], "no disks '[{]data[}]'"),
        ([(DATA, "{")], "no disks '[{]'. It has .*volume 'z[{]0[}]'"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(pairs, told):
    targets = [disk("r", "ROOT", 0), disk("x", name="x"), disk("y", name="y"), disk("z", name="z{0}")]
    with pytest.raises(InvalidOption, match=told):
        pairing.explicit(THREE, SOURCES, targets, [{"from": one, "to": other} for one, other in pairs])


def test_a_disk_that_is_too_small_is_refused_with_the_size_that_it_needs():
    big = Disk(ROOT, "a.b.c", None, (1 << 30) + 512)
    with pytest.raises(NotAllowed, match="Grow it to 2 GiB"):
        pairing.check_sizes(THREE, [pairing.Pair(SOURCES[ROOT], big)])


def test_a_disk_of_no_size_is_refused():
    row = {key: value for key, value in SOURCES[ROOT].items() if key != "size"}
    with pytest.raises(NotAllowed, match="does not say how large"):
        pairing.check_sizes(THREE, [pairing.Pair(row, Disk(ROOT, "a.b.c", None, 1 << 30))])


@pytest.mark.parametrize("name", ["9" * 12 + ".here", "9" * 5000, "²", "", ".here", "-1.here"])
def test_the_moment_of_any_id_can_be_shown(name):
    assert backups.utc(backups.created_of(name))


def test_whether_a_disk_was_reverted_shows_in_its_chain_and_is_not_guessed():
    safety = {"name": "s", "globalId": "a.b.s", "parentName": "old"}
    later = {"name": "later", "globalId": "a.b.l", "parentName": "s"}
    gone = {"name": "*gone", "globalId": "a.b.g", "parentName": "s", "deleted": True}
    names = {row["name"]: row for row in (safety, later, gone, {"name": "b", "globalId": "a.b.b", "parentName": ""})}
    half = {"globalId": "a.b.v", "parentName": "s"}
    assert marks.is_on(half, safety, names, "it")
    assert marks.is_on({**half, "parentName": "later"}, safety, names, "it")
    assert marks.is_on({**half, "parentName": "gone"}, safety, names, "it")
    assert not marks.is_on({**half, "parentName": "b"}, safety, names, "it")
    assert not marks.is_on({**half, "parentName": ""}, safety, names, "it")
    with pytest.raises(NotAllowed, match="not known"):
        marks.is_on({**half, "parentName": "nobody"}, safety, names, "it")


def left(kind, number, backup, name, **more):
    """A snapshot that a restore has left."""
    own = {marks.VM: VM, marks.KIND: kind, marks.NUMBER: number, marks.BACKUP: backup, **more}
    return {"name": name, "globalId": "a.b.c", "tags": {key: value for key, value in own.items() if value}}


def kept(number, backup, state, disk="d"):
    """A safety snapshot."""
    return left(
        marks.SAFETY, number, backup, f"vm-restore.{VM}.{number or backup}.0", **{marks.STATE: state, marks.DISK: disk}
    )


def locked(number, backup):
    """A lock."""
    return left(marks.MARK, number, backup, f"vm-restore.{VM}.{number}", **{marks.RAN: "1"})


DONE, BEGUN = marks.DONE, marks.BEGUN


@pytest.mark.parametrize(
    ("rows", "number", "backup"),
    [
        ([], 1, None),
        ([kept("", "1769860800.abcd.c", DONE)], 1, None),
        ([kept("", "1769860800.5", BEGUN)], 1, "1769860800.5"),
        ([kept("1", "5.here", DONE), kept("10", "6.here", DONE)], 11, None),
        ([{"name": f"vm-restore.{VM}.4.0", "globalId": "a.b.c"}], 5, None),
        ([{"name": f"vm-restore.{ROOT}.4.0", "globalId": "a.b.c"}], 1, None),
        ([kept("1", "5.here", DONE), locked("2", "6.here")], 2, "6.here"),
        ([kept("1", "5.here", DONE), locked("1", "6.here")], 2, "6.here"),
        ([kept("1", "5.here", DONE), locked("1", "5.here")], 2, None),
        ([kept("1", "5.here", BEGUN), locked("1", "5.here")], 2, "5.here"),
        ([kept("1", "5.here", None), kept("2", "5.here", BEGUN)], 3, "5.here"),
        ([left(marks.COPY, "", "5.here", "~x"), locked("3", "6.here")], 3, "6.here"),
    ],
)
def test_which_number_a_restore_has_and_which_is_going(rows, number, backup):
    """A number is never one of which there are safety snapshots; what was left of a restore that is over does not count as one that is going."""
    memory, _ended = marks.recall(VM, rows, [])
    assert (memory.number, memory.backup) == (number, backup)
    if memory.record is not None:
        assert memory.safety == {"d": memory.record}


@pytest.mark.parametrize(
    ("rows", "state", "told"),
    [
        (
            [kept("1", "5.here", BEGUN)],
            "Stopped",
            "has not ended. Let it end first (backup: 5.here); then restore 6.here.",
        ),
        ([locked("1", "5.here")], "Running", f"also delete snapshot 'vm-restore.{VM}.1' (storpool_snapshot)."),
        ([locked("1", "5.here")], "Stopped", "(storpool_snapshot), and start VM 'web', which ran before."),
        (
            [left(marks.SAFETY, "1", "5.here", "s", **{marks.STATE: marks.UNDONE, marks.RAN: "1"})],
            "Stopped",
            "given up",
        ),
        ([left(marks.SAFETY, "1", "5.here", "s", **{marks.STATE: marks.UNDONE, marks.RAN: "1"})], "Running", None),
        ([kept("1", "5.here", DONE), locked("1", "5.here")], "Running", None),
        ([kept("1", "6.here", BEGUN)], "Stopped", None),
        ([left(marks.COPY, "", "5.here", "~x")], "Running", None),
    ],
)
def test_a_restore_to_another_backup_keeps_away(rows, state, told):
    memory, ended = marks.recall(VM, rows, [])
    current = aim.Current({"name": "web", "state": state}, VM, (), {}, {}, {}, memory, ended, 0)
    if told is None:
        aim.check_alone(current, "6.here")
        return
    with pytest.raises(NotAllowed, match=re.escape(told)):
        aim.check_alone(current, "6.here")


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", ""])
def test_a_number_in_a_tag_that_is_none_is_passed_over(number):
    mark = {"name": f"vm-restore.{uuid_of_lock()}.1", "globalId": "a.b.m", "tags": {}}
    tags_of_it = {marks.VM: uuid_of_lock(), marks.KIND: marks.MARK, marks.NUMBER: number, marks.BACKUP: "1.here"}
    memory, _ended = marks.recall(uuid_of_lock(), [{**mark, "tags": tags_of_it}], [])
    assert memory.number == 2


def uuid_of_lock():
    return "aaaaaaaa-1111-4222-8333-000000000001"
