# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tasks foresee one after the other is what the same tasks then do, on the simulator's model."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Managed, Outcome, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.verb import with_memory
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import results
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.predicted import Predicted
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Lists, Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.attach import ATTACHMENTS
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.placement_group import (
    PLACEMENT_GROUP,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.revert import REVERT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.template import TEMPLATE
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from unit.cluster import Cluster
from unit.plugins.module_utils._storpool.in_process import options as as_module_gets

KINDS = {
    "template": TEMPLATE,
    "placement group": PLACEMENT_GROUP,
    "volume": VOLUME,
    "snapshot": SNAPSHOT,
    "attachments": ATTACHMENTS,
    "revert": REVERT,
}
#: What only StorPool can say. A parent changes with snapshots that StorPool takes and removes when it likes.
UNKNOWN = {"global_id", "current_global_id", "creation_timestamp", "created_from", "delete_at"}
ID = re.compile(r"~?(?:\?[0-9a-f]{32}|[a-z0-9]+\.b\.[a-z0-9]+)")
TIME = re.compile(" of [0-9-]{10}T[0-9:]{8}Z")


class Kept:
    """Notes in memory, as they would come out of a file."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def read(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]

    def add(self, notes: Any) -> None:
        self.lines += [json.dumps(note) for note in notes]


def step(reader: Any, apply: Any, kind: str, options: dict[str, Any], check_mode: bool) -> Any:
    """What a task returns, or why it does not."""
    managed: Any = KINDS[kind]
    seen: list[Any] = []
    try:
        wanted = managed.want(as_module_gets(managed.spec, options))
        look, plan = managed.look, managed.plan
        if not isinstance(managed, Managed):
            look, plan, remember = with_memory(managed)
            apply = remember(apply)

        def planned(current: Any) -> Any:
            seen[:] = [current, plan(current, wanted)]
            return seen[1]

        outcome = converge(lambda: look(reader, wanted), planned, apply, check_mode=check_mode, pauses=())
    except Failure as failure:
        return type(failure).__name__, plain(failure.message)
    if check_mode and seen[1].steps:
        managed.imagine(reader, *seen)
        reader.remember()
    return outcome


def plain(thing: Any) -> Any:
    """Without ids and times."""
    if isinstance(thing, Outcome):
        return plain({"changed": thing.changed, "before": thing.before, "after": thing.after, "did": thing.actions})
    if isinstance(thing, dict):
        unknown = UNKNOWN | ({"device"} if thing.get("name") is None else set())
        return {key: plain(value) for key, value in thing.items() if key not in unknown}
    if isinstance(thing, (list, tuple)):
        return [plain(each) for each in thing]
    return ID.sub("ID", TIME.sub("", thing)) if isinstance(thing, str) else thing


def holdings(reader: Any) -> Any:
    """All that there is, as info modules return it."""
    return plain(
        {
            "volumes": named(map(results.volume, reader.volumes())),
            "snapshots": named(map(results.snapshot, reader.snapshots())),
            "templates": named(map(results.template, reader.templates())),
            "groups": named(map(results.placement_group, reader.placement_groups().values())),
            "attached": sorted(
                (row["volume"], row["client"], row["rights"])
                for row in reader.attachments()
                if not row["volume"].startswith("~")
            ),
        }
    )


def named(things: Any) -> dict[str, Any]:
    return {thing["name"]: thing for thing in things if thing["name"] and "@" not in thing["name"]}


def refuse(step: Any) -> None:
    raise AssertionError(f"check mode would write {step}")


VOLUMES, SNAPSHOTS, TEMPLATES = (st.sampled_from(names) for names in (("v1", "v2", "v3"), ("s1", "s2"), ("t1", "ssd")))
SIZES = st.sampled_from(["1GiB", "2GiB"])
TAGS = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y", ""]), max_size=2)
CLIENTS = st.lists(st.sampled_from(["1", "2"]), min_size=1, max_size=2, unique=True)
#: All of them: whether one that nobody has set follows place_all no listing tells.
PLACES = {f"place_{place}": st.sampled_from(["hdd", "ssd"]) for place in ("all", "tail", "head")}
ABSENT = st.just("absent")
DETACH = st.sampled_from(["fail", "detach"])


def some(needed: dict[str, Any], **optional: Any) -> Any:
    return st.fixed_dictionaries(needed, optional=optional)


TASKS = st.lists(
    st.one_of(
        st.tuples(
            st.just("template"),
            st.one_of(
                some(
                    {"name": TEMPLATES, "replication": st.sampled_from([2, 3]), **PLACES},
                    iops=st.sampled_from(["100", "unlimited"]),
                    propagate=st.booleans(),
                ),
                some({"name": TEMPLATES, "state": ABSENT}),
                some({"name": st.just("t2"), "previous_name": st.just("t1")}),
            ),
        ),
        st.tuples(
            st.just("placement group"),
            st.one_of(
                some({"name": st.just("g"), "disks": st.just([1, 2])}), some({"name": st.just("g"), "state": ABSENT})
            ),
        ),
        st.tuples(
            st.just("volume"),
            st.one_of(
                some({"name": VOLUMES, "template": TEMPLATES}, size=SIZES, tags=TAGS, parent=SNAPSHOTS),
                some({"name": VOLUMES}, size=SIZES, allow_shrink=st.just(True), tags=TAGS, iops=st.just("7")),
                some({"name": VOLUMES, "previous_name": VOLUMES}, template=TEMPLATES),
                some({"match_tags": st.just({"role": "cache"}), "size": SIZES, "template": TEMPLATES}, tags=TAGS),
                some({"name": VOLUMES, "state": ABSENT}, on_attached=DETACH),
                some({"match_tags": st.just({"role": "cache"}), "state": ABSENT}),
            ),
        ),
        st.tuples(
            st.just("snapshot"),
            st.one_of(
                some({"name": SNAPSHOTS, "volume": VOLUMES}, tags=TAGS, bind=st.booleans(), delete_after=st.just("7d")),
                some({"name": SNAPSHOTS}, tags=TAGS, delete_after=st.sampled_from(["7d", "never"]), template=TEMPLATES),
                some({"name": st.just("s2"), "previous_name": st.just("s1")}),
                some({"name": st.just("{volume}-g"), "volumes": st.just([{"volume": "v1"}, {"volume": "v2"}])}),
                some({"name": SNAPSHOTS, "state": ABSENT}, on_attached=DETACH),
            ),
        ),
        st.tuples(
            st.just("attachments"),
            st.one_of(
                some(
                    {"volume": VOLUMES, "clients": CLIENTS},
                    exclusive=st.booleans(),
                    rights=st.sampled_from(["ro", "rw"]),
                ),
                some({"snapshot": SNAPSHOTS, "clients": CLIENTS}),
                some({"volume": VOLUMES, "state": ABSENT}, clients=CLIENTS),
            ),
        ),
        st.tuples(
            st.just("revert"),
            some({"name": VOLUMES, "snapshot": SNAPSHOTS}, safety_snapshot=st.just("kept"), on_attached=DETACH),
        ),
    ),
    min_size=2,
    max_size=12,
)


#: What may be there already.
BEGINNING = [
    ("template", {"name": "t1", "replication": 3, "place_all": "hdd", "place_tail": "ssd", "place_head": "ssd"}),
    ("volume", {"name": "v1", "size": "1GiB", "template": "t1", "tags": {"a": "x"}}),
    ("volume", {"name": "v2", "size": "2GiB", "template": "ssd"}),
    ("snapshot", {"name": "s1", "volume": "v1"}),
    ("attachments", {"volume": "v2", "clients": ["1"]}),
]


@given(tasks=TASKS, lists=st.booleans(), begun=st.integers(0, len(BEGINNING)))
@settings(deadline=None, max_examples=150)
@example(
    tasks=[
        ("volume", {"name": "v1", "size": "1GiB", "template": "ssd"}),
        ("snapshot", {"name": "s1", "volume": "v1"}),
        ("volume", {"name": "v2", "parent": "s1"}),
        ("attachments", {"volume": "v2", "clients": ["1"]}),
        ("revert", {"name": "v1", "snapshot": "s1", "safety_snapshot": "kept"}),
        ("volume", {"name": "v3", "previous_name": "v2"}),
        ("snapshot", {"name": "s1", "state": "absent"}),
    ],
    lists=False,
    begun=0,
)
def test_what_is_foreseen_is_what_is_done(tasks, lists, begun):
    """From a cluster where the first of what may be there is there, and the rest is made in the same run."""
    cluster, notes = Cluster(), Kept()
    for kind, options in BEGINNING[:begun]:
        step(Reader(cluster), cluster.apply, kind, options, check_mode=False)
    read = Lists if lists else Reader
    tasks, told = [*BEGINNING[begun:], *tasks], []
    for kind, options in tasks:
        told.append(step(Predicted(read(cluster), notes), refuse, kind, options, check_mode=True))
    would_be = holdings(Predicted(read(cluster), notes))
    for (kind, options), foretold in zip(tasks, told, strict=True):
        done = step(Reader(cluster), cluster.apply, kind, options, check_mode=False)
        assert plain(foretold) == plain(done), (kind, options)
    assert would_be == holdings(Reader(cluster))
