# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who names something that is not there is told what there is, in one wording on both sides."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common import words
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import NotFound
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.verb import Verb, with_memory
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import (
    attach,
    placement_group,
    revert,
    snapshot,
    template,
    volume,
)
from unit.plugins.module_utils._storpool.in_process import Cluster, options

SIDES = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
#: How an error says what there is.
SAYS = re.compile(
    r"there_is|there_are|no_such|other_vms|{instead}|{there}|{hint}|\.there\b|unknown_parent|next\(iter\(groups"
)
#: Parts of errors about what no list of names would help with: ids, what was there a moment ago, hosts that are awaited, providers.
NO_NAMES = re.compile(
    r"gives? out (global )?ids|no {item\.which}|is gone:|no longer lists|there is nothing to wait for|by its name|cannot be had back|template_problem|"
    r"no storage provider|guest system|takes snapshots|was deleted here while|match_tags: no volume|meant only by its id|"
    r"exports no snapshot ~|is there, but is not what match_tags|has no backup( in this cluster|{told})|was (deleted|removed) (meanwhile|while)"
)


def raised():
    """The source of each NotFound that the sides of StorPool, CloudStack, the two books and backups raise."""
    for room in ("_storpool", "_cloudstack", "_books", "_backups"):
        for path in sorted((SIDES / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)):
                called = node.exc if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) else None
                if called is not None and getattr(called.func, "id", "") == "NotFound":
                    yield pytest.param(ast.get_source_segment(text, called), id=f"{path.stem}:{node.lineno}")


@pytest.mark.parametrize("source", list(raised()))
def test_what_is_not_found_is_told_with_what_there_is(source):
    assert SAYS.search(source) or NO_NAMES.search(source), source


@pytest.fixture(name="cluster")
def _cluster():
    cluster = Cluster()
    cluster.run(template.TEMPLATE, name="hybrid", replication=3, place_all="hdd", place_tail="ssd", place_head="hdd")
    cluster.run(volume.VOLUME, name="shop-db", size="1GiB", template="hybrid")
    cluster.run(volume.VOLUME, name="other", size="1GiB", template="hybrid")
    cluster.run(snapshot.SNAPSHOT, name="shop-db-monday", volume="shop-db")
    return cluster


def planned(cluster, kind, task):
    """What a module would do; a verb begins with what its first look sees."""
    if not isinstance(kind, Verb):
        return cluster.plan(kind, **task)
    look, plan, _remember = with_memory(kind)
    wanted = kind.want(options(kind.spec, task))
    return plan(look(Reader(cluster), wanted), wanted)


@pytest.mark.parametrize(
    ("kind", "task", "says"),
    [
        (volume.VOLUME, {"name": "v", "size": "1GiB", "template": "hybird"}, "Did you mean 'hybrid'? StorPool has hybrid"),
        (volume.VOLUME, {"name": "v", "base_on": "shop-bd"}, "Did you mean 'shop-db'? StorPool has shop-db and other."),
        (volume.VOLUME, {"name": "v", "parent": "shop-db-mondy"}, "Did you mean 'shop-db-monday'? StorPool has shop-db-monday."),
        (volume.VOLUME, {"name": "v", "size": "1GiB", "replication": 3, "place_all": "hddd"}, "Did you mean 'hdd'? StorPool has hdd"),
        (snapshot.SNAPSHOT, {"name": "s", "volume": "shop-bd"}, "Did you mean 'shop-db'? StorPool has shop-db and other."),
        (revert.REVERT, {"name": "shop-bd", "snapshot": "shop-db-monday"}, "Did you mean 'shop-db'? StorPool has"),
        (revert.REVERT, {"name": "shop-db", "snapshot": "shop-db-mondy"}, "Did you mean 'shop-db-monday'? StorPool has"),
        (template.TEMPLATE, {"name": "hybrid", "parent": "shop-db-mondy"}, "Did you mean 'shop-db-monday'? StorPool has"),
        (placement_group.PLACEMENT_GROUP, {"name": "hdd", "disks": [999]}, "StorPool has "),
        (attach.ATTACHMENTS, {"volume": "shop-bd", "client": 1}, "Did you mean 'shop-db'? StorPool has shop-db and other."),
        (attach.ATTACHMENTS, {"volume": "shop-db", "client": 77}, "StorPool has "),
    ],
)  # fmt: skip
def test_storpool_tells_what_it_has(cluster, kind, task, says):
    with pytest.raises(NotFound) as caught:
        planned(cluster, kind, task)
    assert says in str(caught.value)


def test_nothing_is_listed_for_a_task_that_finds_what_it_names(cluster):
    cluster.forget()
    cluster.plan(volume.VOLUME, name="v", base_on="shop-db")
    cluster.plan(attach.ATTACHMENTS, volume="shop-db", client=1)
    assert not {"VolumesList", "SnapshotsList", "VolumeTemplatesList"} & set(cluster.reads)


def test_ten_are_named_the_nearest_first_and_the_rest_counted():
    names = [f"volume-{number:05}" for number in range(3000)]
    told = words.there_is("StorPool", [*names, "shop"], "shpo")
    assert told.startswith("Did you mean 'shop'? StorPool has shop, ")
    assert told.endswith(" and 2,991 more.")
    assert words.there_is("StorPool", [], "x") == "StorPool has none."
    assert words.there_is("It", ["sp.bypass.secondary.storage", "x"], "sp.bypas").startswith("Did you mean 'sp.bypass.")
    assert words.there_are("StorPool", range(1, 200), 100).startswith("StorPool has 95, 96, 97, 98, 99, 100, ")


def test_names_with_numbers_are_in_the_order_of_people():
    assert sorted(["web-10", "web-2", "db", "web-2a"], key=words.in_order) == ["db", "web-2", "web-2a", "web-10"]
