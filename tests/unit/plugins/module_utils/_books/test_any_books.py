# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any two books, as rows and as worlds: an audit tells the same whatever the order, a repair leaves what it was not to touch, and loses nothing."""

from __future__ import annotations

import functools
import json
import random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._books.audit import audit
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.books import (
    CHECK,
    Books,
    Cloud,
    Cluster,
    Ledger,
    moment,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.finding import CODES, REPAIRABLE, SEVERITIES
from unit.plugins.module_utils._books.world import world

_VERSIONS = st.sampled_from([(4, 8, 0), (4, 11, 3), (4, 17, 0), (4, 18, 1), (4, 19, 1), (4, 20, 0), (4, 22, 0)])
_number = st.integers(0, 4)
_id = _number.map("id-{}".format)
_gid = _number.map("a.b.{}".format)
_state = st.sampled_from(["Ready", "Ready", "Ready", "Allocated", "Migrating", "Destroy"])
_vm_state = st.sampled_from(["Running", "Running", "Stopped", "Migrating", "Starting", "Destroyed", "Error"])
_created = st.sampled_from(
    ["2026-01-31T12:00:00+0000", "2026-01-31T12:59:30+0000", "2026-01-31T12:00:00+0200", "?", None]
)
_NOW = moment("2026-01-31T13:00:00+0000")
_uuid = st.one_of(_id, _gid.map("~{}".format), st.just(""))
_tags = st.fixed_dictionaries(
    {},
    optional={
        "cs": st.sampled_from(
            ["volume"] * 4
            + ["snapshot", "template", "temporary", "group", "check-volume-is-on-host", "delayDelete", "x"]
        ),
        "uuid": _uuid,
        "cvm": _id,
        "qc": st.sampled_from(["gold", "silver"]),
        "img-state": st.sampled_from(["unfinished", "complete"]),
    },
)


def _rows(required, optional=None, unique="id"):
    row = st.fixed_dictionaries(required, optional=optional or {})
    return st.lists(row, max_size=5, unique_by=lambda each: each[unique])


_volumes = _rows(
    {"id": _id, "name": st.just("v"), "reference": st.one_of(_gid.map("~{}".format), _id, st.none())},
    {
        "state": _state,
        "storageid": st.sampled_from(["p1", "p2", "p3"]),
        "virtualmachineid": _id,
        "vmstate": _vm_state,
        "size": st.integers(0, 3).map(lambda number: number << 30),
        "maxiops": st.integers(0, 2),
        "created": _created,
        "encryptformat": st.just("LUKS"),
        "diskofferingid": _id,
        "serviceofferingname": st.just("small"),
        "path": st.just("x"),
    },
)
_things = _rows(
    {"globalId": _gid, "name": _gid},
    {
        "templateName": st.sampled_from(["t1", "t1", "t2", "t3"]),
        "tags": _tags,
        "size": st.integers(0, 3).map(lambda number: number << 30),
        "creationTimestamp": st.sampled_from([0, _NOW - 10, _NOW - 100_000]),
        "iops": st.sampled_from(["-", 1, 2]),
        "targetDeleteDate": st.just(_NOW),
    },
    unique="globalId",
).map(lambda rows: [dict(row, keys=("~" + row["globalId"], row["name"])) for row in rows])
_POOLS = [
    {"id": "p1", "name": "one", "zoneid": "z", "zonename": "z", "state": "Up", "template": "t1"},
    {"id": "p2", "name": "two", "zoneid": "z", "zonename": "z", "state": "Up", "template": "t2"},
    {"id": "p3", "name": "more", "zoneid": "z", "zonename": "z", "state": "Up", "template": "t2"},
]
_details = st.dictionaries(st.sampled_from(["SP_TEMPLATE", "SP_QOSCLASS"]), st.sampled_from(["t1", "t2", "gold"]))
_clouds = st.builds(
    Cloud,
    version=_VERSIONS,
    pools=st.lists(st.sampled_from(_POOLS), unique_by=lambda pool: pool["id"]),
    hosts=_rows(
        {"id": _id, "name": _id, "zoneid": st.just("z"), "client": st.one_of(st.none(), _number)},
        {"state": st.sampled_from(["Up", "Down"]), "resourcestate": st.sampled_from(["Enabled", "Maintenance"])},
        unique="name",
    ),
    volumes=_volumes,
    vms=_rows(
        {"id": _id, "name": st.just("vm"), "state": _vm_state},
        {"hostid": _id, "tags": st.just([{"key": "vc-policy", "value": "gold"}])},
    ),
    snapshots=_rows(
        {"id": _id, "name": st.just("s"), "state": st.sampled_from(["BackedUp", "Error"])}, {"volumeid": _id}
    ),
    vm_snapshots=_rows({"id": _id, "name": st.just("g")}, {"virtualmachineid": _id}),
    templates=_rows({"id": _id, "name": st.just("t")}),
    disk_offerings=_rows({"id": _id, "name": st.just("o")}, {"details": _details}),
    service_offerings=_rows(
        {"id": _id, "name": st.sampled_from(["small", "big"])}, {"serviceofferingdetails": _details}
    ),
)
_clusters = st.builds(
    Cluster,
    volumes=_things,
    snapshots=_things,
    attachments=st.lists(
        st.fixed_dictionaries(
            {"of": _gid.map("~{}".format), "client": _number, "rights": st.sampled_from(["rw", "ro"])}
        ),
        max_size=6,
    ),
    clients=st.dictionaries(_number, st.fixed_dictionaries({"configStatus": st.sampled_from(["ok", "down"])})),
    templates=st.lists(
        st.fixed_dictionaries({"name": st.sampled_from(["t1", "t2"])}), max_size=2, unique_by=lambda row: row["name"]
    ),
    capacity=st.just({"t1": {"stored": {"capacity": 1 << 40, "free": 0}}, "t2": {}}),
)


@given(_clouds, _clusters, st.sampled_from([0, 3600]), st.randoms(use_true_random=False))
def test_any_rows(cloud, cluster, min_age, chance):
    books = Books(cloud, cluster, _NOW, min_age)
    before = json.dumps([cloud, cluster])
    found = audit(books)
    assert json.dumps([cloud, cluster]) == before, "it is pure"
    assert len({finding.key for finding in found}) == len(found)
    json.dumps([finding.shown() for finding in found])
    ledger = Ledger(books)
    for finding in found:
        assert finding.code in CODES
        assert finding.severity in SEVERITIES
        assert finding.message.endswith(".")
        assert finding.next
        assert not finding.steps or finding.code in REPAIRABLE
        _sound(ledger, finding)
    shuffled = [_shuffled(book, chance) for book in (cloud, cluster)]
    if not _same_halves(cluster):
        assert audit(Books(*shuffled, _NOW, min_age)) == found
    for code in CODES:
        assert audit(books, {code}) == [finding for finding in found if finding.code == code]


def _same_halves(cluster):
    """Whether it depends on the order which volume of StorPool's is meant: generated ids are few."""
    uuids = [(thing.get("tags") or {}).get("uuid") for thing in cluster.volumes]
    names = [key for thing in cluster.volumes for key in set(thing["keys"])]
    attached = [(row["of"], row["client"]) for row in cluster.attachments]
    return any(len(set(each)) < len(each) for each in (uuids, names, attached))


def _shuffled(book, chance):
    return type(book)(*(chance.sample(part, len(part)) if isinstance(part, list) else part for part in book))


def _sound(ledger, finding):
    """No repair deletes what a row of CloudStack's names, or what is attached, or takes a volume away from where its VM runs."""
    for step in finding.steps:
        if step.destroys:
            things = [*ledger.cluster.volumes, *ledger.cluster.snapshots]
            [thing, *_more] = [thing for thing in things if "~" + thing["globalId"] == step.destroys]
            assert not ledger.is_known(thing) or step.call == "SnapshotDelete"
            assert (thing.get("tags") or {}).get("uuid") not in ledger.snapshot_ids or step.call == "VolumeDelete"
        for item in (step.body or {}).get("reassign", ()) if step.call == "VolumesReassignWait" else ():
            vm = ledger.vms.get(str((finding.cloudstack or {}).get("virtualmachineid")), {})
            if vm.get("state") == "Running" and "detach" in item:
                home = ledger.hosts.get(str(vm.get("hostid")), {}).get("client")
                assert home is None or home not in item["detach"]


class Deed(NamedTuple):
    """What is done to: a volume of CloudStack's, by its row, its VM and its half, which is ``None`` if StorPool has none."""

    here: Any
    row: Any
    vm: Any
    half: Any
    chance: random.Random


def _attach(deed, client, rights="rw"):
    if deed.half:
        deed.here.storpool.attach(deed.half, client, rights)


def _update(deed, **body):
    if deed.half:
        deed.here.storpool.post(f"VolumeUpdate/{deed.half}", body)


def _detach(deed):
    if deed.half:
        deed.here.storpool.post("VolumesReassign", [{"volume": deed.half, "detach": "all"}])


def _stop(deed):
    if deed.vm:
        deed.vm.state, deed.vm.host = "Stopped", None


def _move(deed):
    if deed.vm and deed.vm.host:
        deed.vm.host = deed.vm.host % 3 + 1


def _delete(deed):
    if deed.half and not deed.here.clients_of(deed.half):
        deed.here.storpool.post(f"VolumeDelete/{deed.half}", {})


def _tag(deed):
    name, value = deed.chance.choice(["cs", "uuid", "cvm", "vc-policy", "qc"]), deed.chance.choice(["", "x"])
    _update(deed, tags={name: value})


def _temporary(deed):
    deed.here.storpool.create(template="t1", size=1 << 20, tags={"cs": deed.chance.choice(["temporary", CHECK])})


def _orphan(deed, template="t1"):
    return deed.here.orphan(template, uuid=str(deed.chance.random()))


def _snapshot(deed):
    if deed.half and deed.row.state == "Ready":
        deed.here.add(snapshots=1)


def _lose_snapshot(deed):
    for snapshot in list(deed.here.cloud.state.snapshots)[:1]:
        gone = "~" + snapshot.path.rpartition("/")[2]
        if deed.here.storpool.find("Snapshot", gone):
            deed.here.storpool.post(f"SnapshotDelete/{gone}")


def _forget_snapshot(deed):
    for snapshot in list(deed.here.cloud.state.snapshots)[:1]:
        deed.here.cloud.state.snapshots.remove(snapshot)


def _group(deed):
    if deed.half:
        tags = {"cs": "group", "uuid": "g", "cvm": "v"}
        deed.here.storpool.post(f"VolumeSnapshot/{deed.half}", {"name": "", "tags": tags})


#: What may have been done behind the back of the books.
_DEEDS = (
    *(
        _detach,
        _stop,
        _move,
        _delete,
        _tag,
        _tag,
        _temporary,
        _orphan,
        _snapshot,
        _lose_snapshot,
        _forget_snapshot,
        _group,
    ),
    *(functools.partial(_attach, client=client) for client in (1, 2, 3, 9)),
    functools.partial(_attach, client=2, rights="ro"),
    functools.partial(_orphan, template="t2"),
    functools.partial(_update, sizeAdd=1 << 30),
    functools.partial(_update, template="t2"),
    functools.partial(_update, iops=20),
    lambda deed: setattr(deed.row, "size", deed.row.size + (1 << 30)),
    lambda deed: setattr(deed.row, "removed", True),
    lambda deed: setattr(deed.row, "state", "Destroy"),
    lambda deed: setattr(deed.here.cloud.state.vms[1], "state", "Error"),
    lambda deed: deed.here.storpool.client(id=2, up=False),
    lambda deed: setattr(deed.here.cloud.state.hosts[3], "state", "Down"),
    lambda deed: deed.here.storpool.attach(_orphan(deed), 9),
)


def _do(here, deed, volume, chance):
    """One deed; those that cannot be done as things are are not."""
    row = here.row("volumes", volume)
    half = here.half(volume) if row.path else None
    there = half if half and here.storpool.find("Volume", half) else None
    deed(Deed(here, row, here.cloud.state.vms.get(row.vm), there, chance))


def _named(here):
    """All in StorPool that a row of CloudStack's names, and is there."""
    state = here.cloud.state
    paths = [row.path for table in (state.volumes, state.snapshots, state.templates) for row in table]
    for group in state.vm_snapshots:
        paths.extend(group.paths.values())
    ids = {path.rpartition("/")[2] for path in paths if path}
    return ids & _there(here)


def _there(here):
    things = [*here.storpool.get("VolumesList"), *here.storpool.get("SnapshotsList")]
    return {thing["globalId"] for thing in things if not thing["name"].startswith("*")}


@settings(max_examples=60)
@given(
    st.sampled_from(["4.17.0", "4.18.1", "4.19.1", "4.20.1", "4.22.0"]),
    st.lists(st.tuples(st.sampled_from(_DEEDS), st.integers(0, 3)), max_size=12),
    st.one_of(st.just(set(REPAIRABLE)), st.sets(st.sampled_from(REPAIRABLE))),
    st.integers(0, 1 << 30),
)
def test_any_world_is_audited_repaired_and_audited_again(version, deeds, codes, seed):
    with world(version) as here:
        here.add(vms=2, volumes=1, snapshots=1)
        here.storpool.client(id=9)
        here.cloud.job("createVMSnapshot", virtualmachineid=here.cloud.state.vms[1].id, name="g")
        volumes = [row.id for row in here.cloud.state.volumes]
        chance = random.Random(seed)
        for deed, number in deeds:
            _do(here, deed, volumes[number % len(volumes)], chance)
        found = here.audit()
        named, strange = _named(here), _foreign(here)
        cloud_before = json.dumps(here.cloud.state.dump()["volumes"])
        here.storpool.forget()
        foreseen = here.repair(*codes, check_mode=True)
        assert here.storpool.writes == []
        done = here.repair(*codes)
        left = here.audit()
        assert [finding.key for finding in left if finding.code in codes and finding.steps] == []
        assert {finding.key for finding in left} <= {finding.key for finding in found}, "a repair breaks nothing else"
        assert {finding.key for finding in found if finding.code not in codes and not finding.steps} <= {
            finding.key for finding in left
        } | _mended_beside(codes, found)
        assert named <= _there(here), "nothing that CloudStack names was destroyed"
        assert _foreign(here) == strange, "what is another's is as it was"
        assert json.dumps(here.cloud.state.dump()["volumes"]) == cloud_before
        assert done["changed"] == bool(here.storpool.writes)
        assert bool(foreseen["actions"]) == done["changed"]
        assert not here.repair(*codes)["changed"]


def _mended_beside(codes, found):
    """What goes with the repair of something else of the same volume: two writers, where one dangled; a template that was shared."""
    objects = {finding.object for finding in found if finding.code in codes and finding.steps}
    return {finding.key for finding in found if finding.object in objects}


def _foreign(here):
    """What has another template than the pool's, or none, and is no volume of CloudStack's."""
    named = _named(here)
    return [
        {key: value for key, value in thing.items() if key != "parentName"}
        for thing in here.storpool.get("VolumesList")
        if thing["templateName"] != "t1" and thing["globalId"] not in named
    ]
