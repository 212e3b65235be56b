# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What objects with images are called and say of themselves, whose one is that is there, and the calls that follow from that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    InvalidOption,
    NameTaken,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import names
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.image import making, work
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.image import wanted as tags

MADE = tags.Made("a" * 64, "qcow2", 1 << 20)


def want(**options: Any) -> tags.Want:
    given_options = {name: rule.get("default") for name, rule in tags.SPEC.items()}
    return tags.want({**given_options, "name": "img", "template": "hybrid", **options})


def raw(**fields: Any) -> dict[str, Any]:
    return {"name": "img", "globalId": "abc.b.1", "size": 1 << 20, "templateName": "hybrid", "tags": {}, **fields}


WORK = work.Work("volume", "img.making-1", 2, "ours", Step("VolumeCreate", None, {}, "make it"), "rw", 60)


def held(by: int = 2, run: str = "ours", clients: tuple[int, ...] = ()) -> work.Held:
    return work.Held(raw(name=WORK.name, tags=tags.work_tags(by, run)), clients)


def calls(steps: tuple[Step, ...]) -> list[tuple[str, Any]]:
    return [(step.call, step.body) for step in steps]


# --- names and tags --------------------------------------------------------------------------------------------------------


@given(
    st.text(alphabet="ab.-_:1", min_size=1, max_size=199),
    st.sampled_from(tags.KINDS),
    st.sampled_from(["present", "exported"]),
)
def test_a_work_object_has_a_name_that_storpool_takes_and_nobody_else_has(name: str, kind: str, state: str) -> None:
    if name in (".", ".."):
        return
    wanted = want(name=name, kind=kind, state=state, template=None)
    other = want(name=f"{name[:198]}x", kind=kind, state=state, template=None)
    called = tags.work_name(wanted)
    assert names.name(called, "name") == called
    assert called != name
    assert (tags.work_name(other) == called) == (other.name == name)
    assert tags.work_name(wanted, "elsewhere") != called


@given(st.integers(1, 1 << 62))
def test_sizes_are_rounded_up_to_sectors(size: int) -> None:
    rounded = tags.rounded(size)
    assert rounded % 512 == 0
    assert 0 <= rounded - size < 512


def test_what_is_finished_says_of_what_it_is_made() -> None:
    assert tags.made_of(raw(tags=tags.made_tags(MADE))) == MADE
    assert names.tags(tags.made_tags(MADE), "tags") == tags.made_tags(MADE)
    assert names.tags(tags.work_tags(12, "x"), "tags") == tags.work_tags(12, "x")


@pytest.mark.parametrize(
    "changes", [{"img-state": "unfinished"}, {"img-state": ""}, {"img-sha256": ""}, {"img-size": ""}, {"img-size": "x"}]
)
def test_what_is_not_finished_is_made_of_nothing(changes: dict[str, str]) -> None:
    assert tags.made_of(raw(tags={**tags.made_tags(MADE), **changes})) is None
    assert tags.made_of(raw(tags=tags.work_tags(1, "x"))) is None
    assert tags.made_of(raw(tags=None)) is None


@pytest.mark.parametrize(
    "options",
    [
        {"name": "a b"},
        {"name": "x@1"},
        {"name": "~abc.b.1"},
        {"tags": {"img-by": "1"}},
        {"size": "513B"},
        {"wait_timeout": 0},
        {"state": "exported"},  # with a template
        {"state": "exported", "template": None, "size": "1GiB"},
    ],
)
def test_options_that_are_wrong_in_themselves(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        want(**options)


def test_what_is_exported_may_be_meant_by_its_id() -> None:
    assert want(state="exported", template=None, name="~abc.b.1").name == "~abc.b.1"


# --- the work object -------------------------------------------------------------------------------------------------------


def test_it_is_made_and_attached_once() -> None:
    first = work.begin(work.Held(), WORK)
    assert [step.call for step in first.steps] == ["VolumeCreate"]
    assert first.later
    then = work.begin(held(), WORK)
    body = {"reassign": [{"volume": "~abc.b.1", "rw": [2]}], "attachTimeout": 60}
    assert calls(then.steps) == [("VolumesReassignWait", body)]
    assert work.begin(held(clients=(2,)), WORK).steps == ()


def test_what_a_run_of_this_client_has_left_is_taken_away_first() -> None:
    steps = work.begin(held(run="gone", clients=(2,)), WORK).steps
    assert [step.call for step in steps] == ["VolumesReassignWait", "VolumeDelete", "VolumeCreate"]
    assert "force" not in steps[0].body["reassign"][0]
    assert (steps[1].target, steps[1].destroys) == ("~abc.b.1", "~abc.b.1")


def test_what_another_client_works_on_is_not() -> None:
    with pytest.raises(work.Busy, match=r"Client 7 is working on volume 'img\.making-1' already.*attached to client 7"):
        work.begin(held(by=7, run="theirs", clients=(7,)), WORK)
    assert work.drop(held(by=7, run="theirs"), WORK).steps == ()
    steps = work.begin(held(by=7, run="theirs"), WORK, stale={"abc.b.1"}).steps
    assert [step.call for step in steps] == ["VolumeDelete", "VolumeCreate"]


@pytest.mark.parametrize("own", [{}, {"img-state": "complete"}, tags.made_tags(MADE), {"img-run": "x"}])
def test_what_is_nobodys_work_is_never_touched(own: dict[str, str]) -> None:
    there = work.Held(raw(name=WORK.name, tags=own))
    with pytest.raises(NameTaken, match="belongs to a volume of somebody else"):
        work.begin(there, WORK)
    assert work.drop(there, WORK).steps == ()


# --- the finished object ---------------------------------------------------------------------------------------------------


def test_a_snapshot_is_taken_before_its_volume_goes() -> None:
    plan = making.finish(held(clients=(2,)), None, want(tags={"a": "1"}), WORK, MADE)
    assert [step.call for step in plan.steps] == ["VolumeSnapshot", "VolumesReassignWait", "VolumeDelete"]
    assert plan.steps[0].body == {"name": "img", "tags": {"a": "1", **tags.made_tags(MADE)}}


def test_a_volume_gets_its_name_and_its_tags_in_one_call() -> None:
    plan = making.finish(held(clients=(2,)), None, want(kind="volume"), WORK, MADE)
    assert [step.call for step in plan.steps] == ["VolumesReassignWait", "VolumeUpdate"]
    assert plan.steps[1].body == {"rename": "img", "tags": {"img-by": "", "img-run": "", **tags.made_tags(MADE)}}


def test_what_is_finished_needs_nothing_but_that_its_volume_goes() -> None:
    target = raw(tags=tags.made_tags(MADE))
    assert [step.call for step in making.finish(held(), target, want(), WORK, MADE).steps] == ["VolumeDelete"]
    assert making.finish(work.Held(), target, want(), WORK, MADE).steps == ()


def test_what_has_come_in_the_way_is_told() -> None:
    for there in (raw(), raw(tags=tags.made_tags(MADE._replace(sha256="b" * 64)))):
        with pytest.raises(NameTaken, match="meanwhile"):
            making.finish(held(), there, want(), WORK, MADE)
    for gone in (work.Held(), held(run="another")):
        with pytest.raises(NotFound, match="has taken it away"):
            making.finish(gone, None, want(), WORK, MADE)


@pytest.mark.parametrize(
    ("found", "options", "words"),
    [
        (making.Found(holder="volume"), {}, "belongs to a volume"),
        (making.Found(templates=("hybird",)), {}, "Did you mean 'hybird'"),
        (making.Found(), {"template": None}, "set template"),
        (making.Found(raw()), {}, "does not say of which image"),
        (making.Found(raw(tags=tags.made_tags(MADE))), {"size": "2MiB"}, "less than the 2 MiB"),
        (making.Found(raw(tags=tags.made_tags(MADE))), {"size": "2MiB", "kind": "volume"}, "storpool_volume"),
    ],
)
def test_what_cannot_be_done_with_what_is_there(found: making.Found, options: dict[str, Any], words: str) -> None:
    with pytest.raises((NameTaken, NotFound, InvalidOption), match=words):
        making.refuse(found, want(**options))


def test_another_image_is_not_taken_for_this_one() -> None:
    there = raw(tags=tags.made_tags(MADE))
    making.refuse_other(there, want(), MADE.sha256, None)
    with pytest.raises(NameTaken, match="another image"):
        making.refuse_other(there, want(), "b" * 64, None)
    with pytest.raises(NameTaken, match="read as qcow2, not as raw"):
        making.refuse_other(there, want(), MADE.sha256, "raw")


def test_what_is_said_of_it_is_kept_as_wanted() -> None:
    there = raw(tags={**tags.made_tags(MADE), "a": "1"})
    assert making.keep(there, want(tags={"a": "1"})).steps == ()
    steps = making.keep(there, want(tags={"a": "2"}, template="ssd")).steps
    assert calls(steps) == [("SnapshotUpdate", {"template": "ssd", "tags": {"a": "2"}})]
    with pytest.raises(NotFound, match="is gone"):
        making.keep(None, want())
