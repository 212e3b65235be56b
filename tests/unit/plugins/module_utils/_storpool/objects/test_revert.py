# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reverting: what is guarded, what is kept, what is put back, and what happens when an answer is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.revert import REVERT, show
from unit.plugins.module_utils._storpool.in_process import Cluster, options
from unit.simulators.model import GIB

UNKNOWN = {"global_id": None, "creation_timestamp": None, "delete_at": None}


class Reverting(Cluster):
    """Volume db-1 with tags and limits and, taken before it had them, the snapshot night. ``events`` happen before or after calls, once each."""

    def __init__(self, **switches):
        super().__init__(**switches)
        self.post("VolumeTemplateCreate", {"name": "hybrid", "placeAll": "hdd", "replication": 3, "iops": 100})
        self.create("db-1", template="hybrid", tags={"owner": "billing"})
        self.post("VolumeSnapshot/db-1", {"name": "night", "tags": {"kind": "nightly"}})
        self.post("VolumeUpdate/db-1", {"iops": 2000, "tags": {"qc": "t1"}})
        self.before, self.after = {}, {}

    def apply(self, step):
        self.before.pop(step.call, lambda: None)()
        answer = super().apply(step)
        self.after.pop(step.call, lambda: None)()
        return answer

    def revert(self, check_mode=False, pauses=(0, 0, 0), **given):
        given = {"name": "db-1", "snapshot": "night", **given}
        wanted = REVERT.want(options(REVERT.spec, given))
        look, plan, remember = with_memory(REVERT)
        return converge(
            lambda: look(Reader(self), wanted),
            lambda current: plan(current, wanted),
            remember(self.apply),
            check_mode=check_mode,
            pauses=pauses,
            sleep=lambda _seconds: None,
        )

    def calls(self):
        return [call[0] for call in self.writes]


@pytest.fixture
def cluster():
    return Reverting()


def lose():
    raise ReplyLost("the answer was lost")


def known(shown):
    """One side of a plan as it could be foretold: without what only StorPool knows."""
    volume = {key: value for key, value in shown["volume"].items() if key != "current_global_id"}
    return {
        **shown,
        "volume": volume,
        "safety_snapshot": shown["safety_snapshot"] and {**shown["safety_snapshot"], **UNKNOWN},
    }


def test_one_call_reverts_and_the_loss_is_said(cluster):
    foretold = cluster.revert(check_mode=True)
    assert cluster.writes == []
    outcome = cluster.revert()
    [(call, target, body)] = cluster.writes
    assert (call, target) == ("VolumeRevert", "~" + cluster.volume("db-1")["preservedGlobalId"])
    assert body == {"toSnapshot": "~" + cluster.snapshot("night")["globalId"]}
    assert outcome._replace(after=known(outcome.after)) == foretold
    assert outcome.before != outcome.after
    assert outcome.actions == ("revert volume 'db-1' to snapshot 'night' of 2023-11-14T22:13:20Z",)
    assert show(outcome)["lost"] == [
        "Volume 'db-1' is reverted to snapshot 'night' of 2023-11-14T22:13:20Z, and nothing keeps what was written to it since (no safety_snapshot)."
    ]
    assert show(outcome).keys() == {"volume", "safety_snapshot", "lost"}


def test_without_a_safety_snapshot_every_run_reverts(cluster):
    assert cluster.revert().changed
    assert cluster.revert().changed
    assert cluster.calls() == ["VolumeRevert", "VolumeRevert"]


@given(
    st.sampled_from(["kept", "restored"]),
    st.sampled_from(["kept", "restored"]),
    st.dictionaries(st.sampled_from(["owner", "kind", "qc"]), st.sampled_from(["", "x"])),
    st.sampled_from([{}, {"iops": 0}, {"iops": 7, "bw": 9, "limitType": "perGiB"}, {"replication": 2}]),
)
def test_limits_and_tags_are_what_they_were(limits, tags, more_tags, policy):
    cluster = Reverting(revert_limits=limits, revert_tags=tags)
    cluster.post("VolumeUpdate/db-1", {"tags": more_tags, **policy})
    before = cluster.volume("db-1")
    outcome = cluster.revert()
    after = cluster.volume("db-1")
    changing = {"originalParentVolumeId", "parentName", "parentVolumeId", "globalId", "preservedGlobalId"}
    assert after["preservedGlobalId"] == before["globalId"]
    assert {**after, **dict.fromkeys(changing)} == {**before, **dict.fromkeys(changing)}
    assert outcome.after["volume"]["tags"] == before["tags"]
    if (limits, tags) == ("kept", "kept"):
        assert cluster.calls() == ["VolumeRevert"]


def test_what_is_put_back_is_said_so_that_it_is_not_lost_if_that_fails():
    cluster = Reverting(revert_limits="restored", revert_tags="restored")

    def refuse():
        raise ApiError("no", error={"name": "invalidParam"})

    cluster.before["VolumeUpdate"] = refuse
    with pytest.raises(
        ApiError, match="what it had before the revert: iops 2000, no tag kind, tag owner=billing and tag qc=t1"
    ):
        cluster.revert()


def test_a_safety_snapshot_is_taken_first_and_makes_the_task_idempotent(cluster):
    given = {"safety_snapshot": "safe", "safety_delete_after": "1d"}
    foretold = cluster.revert(check_mode=True, **given)
    outcome = cluster.revert(**given)
    assert cluster.calls() == ["VolumeSnapshot", "VolumeRevert"]
    assert cluster.writes[0][2] == {"name": "safe", "deleteAfter": 86400, "tags": cluster.volume("db-1")["tags"]}
    assert known(outcome.after)["volume"] == foretold.after["volume"]
    assert known(outcome.after)["safety_snapshot"] == known(foretold.after)["safety_snapshot"] | {
        "parent": "night",
        "volume": None,
    }
    assert outcome.losses == ()
    cluster.forget()
    again = cluster.revert(**given)
    assert not again.changed
    assert again.before == again.after
    assert cluster.writes == []


def test_after_an_earlier_revert_the_size_is_left_alone(cluster):
    cluster.revert(safety_snapshot="safe", revert_size=True)
    cluster.post("VolumeUpdate/db-1", {"size": 5 * GIB})
    assert not cluster.revert(safety_snapshot="safe", revert_size=True).changed
    assert cluster.volume("db-1")["size"] == 5 * GIB


def test_an_old_safety_snapshot_is_no_safety(cluster):
    cluster.post("VolumeSnapshot/db-1", {"name": "old"})
    cluster.post("VolumeSnapshot/db-1", {"name": "newer"})
    with pytest.raises(NameTaken, match="there is a snapshot 'old' of 2023"):
        cluster.revert(safety_snapshot="old")
    assert cluster.writes == []


def test_a_run_that_ended_after_the_safety_snapshot_is_continued_if_nothing_was_written_meanwhile(cluster):
    def refuse():
        raise ApiError("no", error={"name": "invalidParam"})

    cluster.before["VolumeRevert"] = refuse
    with pytest.raises(ApiError):
        cluster.revert(safety_snapshot="safe")
    cluster.world.local.by_name["db-1"].stored = 512
    with pytest.raises(NameTaken):
        cluster.revert(safety_snapshot="safe")
    cluster.world.local.by_name["db-1"].stored = 0
    cluster.forget()
    assert cluster.revert(safety_snapshot="safe").changed
    assert cluster.calls() == ["VolumeRevert"]


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"name": "nope"}, NotFound, "no volume 'nope'"),
        ({"snapshot": "nope"}, NotFound, "no snapshot 'nope'"),
        ({"snapshot": "db-1"}, NotFound, "no snapshot 'db-1'"),
        ({"safety_snapshot": "db-1"}, NameTaken, "belongs to a volume"),
        ({"safety_snapshot": "night"}, InvalidOption, "a safety snapshot is a new one"),
        ({"safety_snapshot": "a@b"}, InvalidOption, "safety_snapshot"),
        ({"snapshot": "big", "allow_unrelated": True}, NotAllowed, "Set revert_size"),
        ({"snapshot": "big", "revert_size": True}, NotAllowed, "set allow_unrelated"),
    ],
)
def test_refusals_write_nothing(cluster, given, kind, words):
    cluster.create("big-1", size=3 * GIB)
    cluster.post("VolumeSnapshot/big-1", {"name": "big"})
    with pytest.raises(kind, match=words):
        cluster.revert(**given)
    assert cluster.writes == []


def test_a_snapshot_cannot_be_its_own_safety_by_id_either(cluster):
    with pytest.raises(InvalidOption, match="a safety snapshot is a new one"):
        cluster.revert(snapshot="~" + cluster.snapshot("night")["globalId"], safety_snapshot="night")


def test_a_volume_may_be_reverted_to_what_it_was_made_from(cluster):
    cluster.create("clone", parent="night")
    assert cluster.revert(name="clone").changed


def test_an_unrelated_snapshot_needs_leave_and_replaces_everything(cluster):
    cluster.create("big-1", size=3 * GIB)
    cluster.post("VolumeSnapshot/big-1", {"name": "big"})
    outcome = cluster.revert(snapshot="big", allow_unrelated=True, revert_size=True)
    assert cluster.writes[0][2]["revertSize"] is True
    assert outcome.after["volume"]["size"] == 3 * GIB
    assert "nothing keeps what it held before" in outcome.losses[0]
    assert outcome.actions[0].endswith("and its size from 1 GiB to 3 GiB")


def test_an_attached_volume_is_reverted_only_with_leave(cluster):
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "db-1", "rw": [1, 2]}]})
    with pytest.raises(NotAllowed, match="attached to clients 1 and 2, so it is not reverted"):
        cluster.revert()
    assert cluster.writes == []
    outcome = cluster.revert(on_attached="detach", safety_snapshot="safe")
    assert cluster.calls() == ["VolumesReassignWait", "VolumeSnapshot", "VolumeRevert"]
    assert outcome.actions[0] == "detach volume 'db-1' from clients 1 and 2"


def test_an_open_volume_is_taken_away_only_by_force(cluster):
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "db-1", "rw": [1]}]})
    next(iter(cluster.world.local.attachments.values())).open = True
    with pytest.raises(ApiError, match=r"is open at client 1\. .*detachForce"):
        cluster.revert(on_attached="detach")
    assert cluster.calls() == ["VolumesReassignWait"]
    assert cluster.revert(on_attached="detachForce").changed


# lost answers and other people


@pytest.mark.parametrize(
    ("ids", "safety", "reverts"), [("new", None, 1), ("new", "safe", 1), ("kept", None, 2), ("kept", "safe", 1)]
)
def test_a_revert_whose_answer_was_lost_is_repeated_only_if_nothing_shows_it(ids, safety, reverts):
    cluster = Reverting(revert_global_id=ids)
    cluster.after["VolumeRevert"] = lose
    assert cluster.revert(safety_snapshot=safety).changed
    assert cluster.calls().count("VolumeRevert") == reverts


def test_a_parent_that_has_changed_shows_the_revert(cluster):
    cluster.post("VolumeSnapshot/db-1", {"name": "noon"})
    cluster.after["VolumeRevert"] = lose
    assert cluster.revert().changed
    assert cluster.calls() == ["VolumeRevert"]


def test_a_safety_snapshot_whose_answer_was_lost_is_not_taken_again(cluster):
    cluster.after["VolumeSnapshot"] = lose
    assert cluster.revert(safety_snapshot="safe").changed
    assert cluster.calls() == ["VolumeSnapshot", "VolumeRevert"]


def test_a_volume_that_somebody_attaches_meanwhile_is_not_reverted_behind_his_back():
    """Where nothing shows that it was reverted already, as the server keeps the id and the snapshot was the parent before."""
    cluster = Reverting(revert_global_id="kept")

    def attach_and_lose():
        cluster.post("VolumesReassign", [{"volume": "db-1", "rw": [3]}])
        lose()

    cluster.after["VolumeRevert"] = attach_and_lose
    with pytest.raises(NotAllowed, match="was attached to client 3 while the task worked on it"):
        cluster.revert(on_attached="detachForce")
    assert cluster.calls() == ["VolumeRevert"]


def test_a_volume_that_is_replaced_meanwhile_is_not_reverted(cluster):
    def replace_and_lose():
        cluster.post("VolumeDelete/db-1")
        cluster.create("db-1")
        lose()

    cluster.before["VolumeRevert"] = replace_and_lose
    with pytest.raises(NotAllowed, match="became another volume"):
        cluster.revert()


def break_down():
    raise ApiError("no", error={"name": "busy"})


def test_a_safety_snapshot_remembers_what_the_volume_had_if_the_task_ends_right_after_the_revert():
    cluster = Reverting(revert_limits="restored", revert_tags="restored")
    had = cluster.volume("db-1")
    cluster.before["VolumeUpdate"] = break_down
    with pytest.raises(ApiError, match="what it had before the revert: iops 2000"):
        cluster.revert(safety_snapshot="safe")
    assert cluster.volume("db-1")["iops"] != had["iops"]
    assert cluster.revert(safety_snapshot="safe").changed
    assert {key: cluster.volume("db-1")[key] for key in ("iops", "tags")} == {key: had[key] for key in ("iops", "tags")}
    assert cluster.calls().count("VolumeRevert") == 1
    assert not cluster.revert(safety_snapshot="safe").changed


def test_what_is_changed_long_after_the_revert_stays_as_it_is():
    cluster = Reverting(revert_limits="restored", revert_tags="restored")
    cluster.revert(safety_snapshot="safe")
    cluster.post("VolumeUpdate/db-1", {"iops": 7000, "size": 1 << 40, "tags": {"qc": "other"}})
    assert not cluster.revert(safety_snapshot="safe").changed


def test_without_a_safety_snapshot_the_error_says_what_the_volume_had():
    cluster = Reverting(revert_limits="restored", revert_tags="restored")
    cluster.after["VolumeRevert"] = break_down
    with pytest.raises(ApiError, match=r"had iops 2000.*tag qc=t1; if it no longer has"):
        cluster.revert()
    assert cluster.calls() == ["VolumeRevert"]
