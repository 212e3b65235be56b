# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever there is in a cluster: tasks with what is adopted of it leave it as it is, and make it anew elsewhere."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.filter.adopted import adopted
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import steer as bulk
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import results
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import volumes as info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.placement_group import (
    PLACEMENT_GROUP,
)
from unit.plugins.module_utils._storpool.in_process import Cluster, options

GIB = 2**30


def found(cluster: Any) -> dict[str, Any]:
    """What info modules return."""
    reader = Reader(cluster)
    return {
        "placement_groups": [results.placement_group(raw) for raw in reader.placement_groups().values()],
        "templates": [results.template(raw) for raw in reader.templates()],
        **info.volumes(reader, options(info.SPEC_VOLUMES, {})),
        **info.snapshots(reader, options(info.SPEC_SNAPSHOTS, {})),
    }


def applied(cluster: Any, items: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """What storpool_placement_group and storpool_objects change."""
    cluster.forget()
    lists = {kind: items[kind] for kind in ("templates", "volumes", "snapshots")}
    for group in items["placement_groups"]:
        cluster.run(PLACEMENT_GROUP, **group)
    rows, _warnings = bulk.run(
        cluster, lambda: cluster.apply, 0, options(bulk.SPEC, {**lists, "concurrency": 1, **more})
    )
    return [row for row in rows if row["result"] != "unchanged"]


def a_cluster() -> Cluster:
    cluster = Cluster()
    cluster.post(
        "VolumeTemplateCreate", {"name": "hybrid", "replication": 3, "placeAll": "hdd", "placeTail": "ssd", "iops": 500}
    )
    cluster.post("VolumeTemplateCreate", {"name": "open", "placeAll": "hdd", "size": 3 * GIB, "bw": 1000})
    return cluster


def test_what_is_ours_is_adopted_and_nothing_else():
    cluster = a_cluster()
    cluster.create("db-1", size=10 * GIB, template="hybrid", tags={"owner": "billing"})
    cluster.create("odd", size=GIB + 512, template="hybrid", iops=0)
    cluster.create("", template="open", replication=2, tags={"app": "shop"})
    cluster.create("", template="hybrid", tags={"cs": "volume", "uuid": "6c0e2f3a"})
    cluster.create("pvc", template="hybrid", tags={"csi_name": "pvc"})
    cluster.create("raw", replication=2, placeAll="ssd")
    cluster.post("VolumeSnapshot/db-1", {"name": "golden", "bind": True})
    cluster.post("VolumeSnapshot/db-1", {"tags": {"keep": "yes"}})
    cluster.post("VolumeSnapshot/db-1", {"name": "nightly", "deleteAfter": 86400})
    cluster.create("clone", size=10 * GIB, baseOn="db-1")
    items = adopted(found(cluster))
    assert items["templates"] == [
        {"name": "hybrid", "replication": 3, "place_all": "hdd", "place_tail": "ssd", "place_head": "hdd", "iops": 500},
        {"name": "open", "size": "3GiB", "place_all": "hdd", "place_tail": "hdd", "place_head": "hdd", "bw": 1000},
    ]
    by_name = {item.get("name"): item for item in items["volumes"]}
    assert by_name["db-1"] == {"name": "db-1", "size": "10GiB", "template": "hybrid", "tags": {"owner": "billing"}}
    assert by_name["odd"] == {"name": "odd", "size": "1073742336B", "template": "hybrid", "iops": "unlimited"}
    assert by_name[None].items() > {"template": "open", "replication": 2, "tags": {"app": "shop"}}.items()
    assert by_name["raw"].keys() == {"name", "size", "replication", "place_all", "place_tail", "place_head"}
    assert by_name.keys() == {"db-1", "odd", None, "raw", "clone"}
    snapshots = {item.get("name"): item for item in items["snapshots"]}
    assert snapshots["golden"] == {"name": "golden", "volume": "db-1", "bind": True, "template": "hybrid"}
    assert snapshots[None].keys() == {"global_id", "volume", "template", "tags"}
    assert snapshots.keys() == {"golden", None}
    assert items["left_out"] == {"cloudstack": 1, "kubernetes": 1}
    assert applied(cluster, items) == []
    assert cluster.writes == []


def test_it_can_be_made_anew_elsewhere():
    cluster, other = a_cluster(), Cluster()
    cluster.create("db-1", size=10 * GIB, template="hybrid", iops=0, tags={"owner": "billing"})
    cluster.post("VolumeSnapshot/db-1", {"name": "golden", "tags": {"x": "1"}})
    items = adopted(found(cluster))
    assert {row["result"] for row in applied(other, items)} == {"created"}
    assert adopted(found(other)) == items


TAGS = st.dictionaries(
    st.sampled_from(["cs", "cvm", "virt", "csi_name", "pve-vm", "app", "qc", "img-state"]),
    st.sampled_from(["volume", "1", "~a.b.1"]),
    max_size=2,
)
THINGS = st.lists(
    st.fixed_dictionaries(
        {"size": st.sampled_from([512, GIB, GIB + 512, 2**40]), "tags": TAGS},
        optional={
            "name": st.sampled_from("abcdef"),
            "iops": st.sampled_from([0, 7]),
            "reuseServer": st.booleans(),
            "replication": st.sampled_from([1, 2]),
            "bw": st.just(9),
        },
    ),
    max_size=5,
    unique_by=lambda thing: thing.get("name", id(thing)),
)


@settings(max_examples=80)
@given(
    THINGS,
    st.lists(st.tuples(st.integers(0, 4), TAGS, st.booleans(), st.booleans()), max_size=4),
    st.sampled_from(["hybrid", "open"]),
)
def test_nothing_is_to_be_done_whatever_there_is(volumes, taken, template):
    cluster = a_cluster()
    cluster.post("VolumeTemplateUpdate/open", {"replication": 3})
    ids = [cluster.create(**{"template": template, **volume}) for volume in volumes]
    for index, (number, tags, named, bound) in enumerate(taken):
        if ids:
            body = {"tags": tags, "bind": bound, **({"name": f"s-{index}"} if named else {})}
            cluster.post(f"VolumeSnapshot/~{ids[number % len(ids)]}", body)
    items = adopted(found(cluster))
    assert applied(cluster, items) == []
    assert cluster.writes == []
