# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to another system: what is refused, what the refusal says, what stays free, and that nothing else gets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure, NotAllowed
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Managed, Plan, Step, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.verb import with_memory
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import steer as bulk
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.owner import owner
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.image import making
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.image import wanted as image
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.attach import ATTACHMENTS
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.guard import Thing, guarded
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.revert import REVERT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from faults.tasks import tasks
from unit.plugins.module_utils._storpool.in_process import Cluster, options

VM, DISK = "0c9e2f3a-1111-4222-8333-444455556666", "6c0e2f3a-1111-4222-8333-444455556666"
CLOUDSTACKS = {"cs": "volume", "uuid": DISK, "cvm": VM}
KINDS = {"volume": VOLUME, "snapshot": SNAPSHOT, "attachments": ATTACHMENTS, "revert": REVERT}


class Shared(Cluster):
    """Volume a is another system's, with its snapshot p; b and its snapshot q are ours. Both volumes are attached to client 1."""

    def __init__(self, tags: Any = None, snapshot_tags: Any = None, **switches: Any) -> None:
        super().__init__(**switches)
        tags = tags or CLOUDSTACKS
        for name in ("hybrid", "ssd"):
            self.post("VolumeTemplateCreate", {"name": name, "placeAll": "hdd", "replication": 3})
        self.a = self.create("a", template="hybrid", tags=tags)
        self.b = self.create("b", template="hybrid", tags={"x": "1"})
        self.post("VolumeSnapshot/a", {"name": "p", "tags": snapshot_tags or {**tags, "cs": "snapshot"}})
        self.post("VolumeSnapshot/b", {"name": "q"})
        for name in ("a", "b"):
            self.attach(name, 1)
        self.foreign = {"~" + self.a: "volume", "~" + self.snapshot("p")["globalId"]: "snapshot"}

    def look_at(self) -> Any:
        """All of the other system's that nobody may change: but for tags that are not its own, and for parents, which snapshots change."""
        things = {}
        for reference, what in self.foreign.items():
            raw = self.volume(reference) if what == "volume" else self.snapshot(reference)
            found = owner(what, raw)
            assert found is not None
            own = {tag: value for tag, value in raw["tags"].items() if found.has(tag)}
            free = ("tags", "parentName", "parentVolumeId", "onVolume", "onVolumeId")
            things[reference] = {key: value for key, value in raw.items() if key not in free}, own
        return things, [row for row in self.get("AttachmentsList") if row["volume"] in ("a", "p")]

    def perform(self, kind: Any, check_mode: bool = False, **given: Any) -> Any:
        """A task of one of the modules; whether it changes anything."""
        self.forget()
        wanted = kind.want(options(kind.spec, given))
        look, plan, remember = (
            (kind.look, kind.plan, lambda apply: apply) if isinstance(kind, Managed) else with_memory(kind)
        )
        return converge(
            lambda: look(Reader(self), wanted),
            lambda current: plan(current, wanted),
            remember(self.apply),
            check_mode=check_mode,
            pauses=(),
        )

    def bulk(self, check_mode: bool = False, **given: Any) -> dict[str, Any]:
        """Rows of storpool_objects by what they are about."""
        self.forget()
        rows, _warnings = bulk.run(
            self, lambda: self.apply, 0, options(bulk.SPEC, {"concurrency": 1, **given}), check_mode
        )
        return {row["object"]: row for row in rows}


REFUSED = [
    (VOLUME, {"name": "a", "size": "2GiB"}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "size": "512MiB"}, "cloudstack_volume"),  # and not: set allow_shrink
    (VOLUME, {"name": "a", "template": "ssd"}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "iops": "100"}, "cloudstack_volume"),
    (VOLUME, {"name": "mine", "previous_name": "a"}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "tags": {"uuid": "other"}}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "tags": {"cs": ""}}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "tags": {"virt": "one"}}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "tags": {"qc": "gold"}}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "tags": {"app": "shop"}, "size": "2GiB"}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "tags": {"app": "shop"}, "purge_tags": True}, "cloudstack_volume"),
    (VOLUME, {"match_tags": {"uuid": DISK}, "name": "mine"}, "cloudstack_volume"),
    (VOLUME, {"name": "a", "state": "absent"}, "cloudstack_volume"),  # and not: detach it first
    (VOLUME, {"name": "a", "state": "absent", "on_attached": "detachForce"}, "cloudstack_volume"),
    (ATTACHMENTS, {"volume": "a", "clients": ["2"]}, "cloudstack_volume"),
    (ATTACHMENTS, {"volume": "a", "clients": ["1"], "state": "absent"}, "cloudstack_volume"),
    (
        ATTACHMENTS,
        {"attachments": [{"volume": "b"}, {"snapshot": "p"}], "clients": ["2"]},
        "cloudstack_volume_snapshot",
    ),
    (REVERT, {"name": "a", "snapshot": "p", "on_attached": "detach"}, "cloudstack_volume_revert"),
    (REVERT, {"name": "a", "snapshot": "p"}, "cloudstack_volume_revert"),
    (SNAPSHOT, {"name": "p", "state": "absent"}, "cloudstack_volume_snapshot"),
    (SNAPSHOT, {"name": "p", "bind": True}, "cloudstack_volume_snapshot"),
    (SNAPSHOT, {"name": "p", "delete_after": "7d"}, "cloudstack_volume_snapshot"),
    (
        SNAPSHOT,
        {"volumes": [{"volume": "b", "name": "q"}, {"volume": "a", "name": "p"}], "state": "absent"},
        "cloudstack_",
    ),
]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("kind", "given", "module"), REFUSED)
def test_what_is_cloudstacks_is_left_to_it(kind, given, module, check_mode):
    cluster = Shared()
    before = cluster.dump()
    with pytest.raises(NotAllowed) as refused:
        cluster.perform(kind, check_mode, **given)
    assert cluster.writes == []
    assert cluster.dump() == before
    words = refused.value.message
    assert "belongs to CloudStack, where it is " in words
    assert f"{DISK} of VM {VM}, and CloudStack knows only of what it does itself" in words
    assert f"({module}" in words
    assert words.endswith("or set allow_foreign if it is meant all the same.")


@pytest.mark.parametrize(("kind", "given", "_module"), REFUSED)
def test_it_is_done_if_the_task_says_so(kind, given, _module):
    given = {**given, "allow_foreign": True}
    cluster = Shared()
    if given.get("size") == "512MiB":
        given["allow_shrink"] = True
    if kind is REVERT or (kind is VOLUME and given.get("state") == "absent"):
        given["on_attached"] = "detach"
    assert cluster.perform(kind, **given).changed
    assert cluster.writes


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (
            {"virt": "one", "nvm": "7", "img": "12"},
            "belongs to OpenNebula, where it is volume 12 of VM 7, and OpenNebula knows",
        ),
        ({"pve": "dc1", "pve-vm": "100"}, "belongs to Proxmox VE, of VM 100, and Proxmox VE knows"),
        ({"csi_name": "pvc-1"}, "belongs to Kubernetes, where it is volume pvc-1, and Kubernetes knows"),
        ({"virt": "xen"}, "belongs to xen, and xen knows only of what it does itself. Change it there, or set"),
        (
            {"cs": "temporary"},
            r"CloudStack has made it for itself \(temporary\) and takes it away by itself: leave it alone",
        ),
    ],
)
def test_the_refusal_says_whose_it_is(tags, words):
    cluster = Shared(tags, {"cs": "snapshot"})
    with pytest.raises(NotAllowed, match=f"Could not update volume 'a' .*: Volume 'a' .*{words}"):
        cluster.perform(VOLUME, name="a", size="2GiB")


def test_tags_of_our_own_and_snapshots_of_it_are_free():
    cluster = Shared()
    before = cluster.look_at()
    assert cluster.perform(VOLUME, name="a", tags={"app": "shop"}).after["tags"]["app"] == "shop"
    assert cluster.perform(SNAPSHOT, name="p", tags={"keep": "yes"}).changed
    assert cluster.perform(VOLUME, name="a", size="1GiB", template="hybrid", state="present").changed is False
    taken = cluster.perform(SNAPSHOT, name="mine", volume="a", copy_volume_tags=True, tags={"by": "us"}).after
    assert (taken["owner"], taken["tags"]) == (None, {"by": "us", "uuid": DISK, "app": "shop"})
    cluster.perform(SNAPSHOT, volumes=[{"volume": "a", "name": "a-now"}, {"volume": "b", "name": "b-now"}])
    assert cluster.perform(VOLUME, name="clone", base_on="a").changed
    assert cluster.perform(VOLUME, name="copy", parent="p").changed
    assert cluster.perform(REVERT, name="b", snapshot="p", allow_unrelated=True, on_attached="detach").changed
    assert cluster.look_at() == before
    # And what was taken of it is ours to change and to delete.
    assert cluster.perform(SNAPSHOT, name="mine", delete_after="7d").changed
    assert cluster.perform(SNAPSHOT, name="mine", state="absent").changed


def test_a_volume_of_ours_gets_its_tags_back_after_a_revert_to_a_snapshot_of_theirs():
    cluster = Shared(revert_tags="restored")
    cluster.perform(REVERT, name="b", snapshot="p", allow_unrelated=True, on_attached="detach")
    assert [call for call, _target, _body in cluster.writes] == ["VolumesReassignWait", "VolumeRevert", "VolumeUpdate"]
    assert cluster.volume("b")["tags"] == {"x": "1"}


def test_one_of_many_that_is_theirs_does_not_hold_up_the_others():
    cluster = Shared()
    before = cluster.look_at()
    rows = cluster.bulk(
        volumes=[{"name": "a", "size": "2GiB"}, {"name": "b", "size": "2GiB"}],
        snapshots=[{"name": "p", "state": "absent"}, {"name": "new", "volume": "a"}],
        attachments=[{"volume": "a", "clients": ["2"]}, {"volume": "b", "clients": ["2"]}],
    )
    assert {name: row["result"] for name, row in rows.items()} == {
        "volume 'a'": "failed",
        "volume 'b'": "updated",
        "snapshot 'p'": "failed",
        "snapshot 'new'": "not_tried",
        "attachments of volume 'a'": "not_tried",
        "attachments of volume 'b'": "updated",
    }
    assert rows["volume 'a'"]["error"]["kind"] == "not_allowed"
    assert cluster.look_at() == before


@pytest.mark.parametrize("check_mode", [False, True])
def test_prune_spares_what_is_theirs_whatever_tag_it_has(check_mode):
    cluster = Shared()
    for name in ("a", "b"):
        cluster.post(f"VolumeUpdate/{name}", {"tags": {"ansible-volume-set": "shop"}})
    cluster.post("SnapshotUpdate/p", {"tags": {"ansible-snapshot-set": "shop"}})
    before = cluster.look_at()
    prune = {
        "set": "shop",
        "prune": True,
        "prune_max": 9,
        "prune_on_attached": "detachForce",
        "volumes": [],
        "snapshots": [],
    }
    rows = cluster.bulk(check_mode, **prune)
    assert {name: row["result"] for name, row in rows.items()} == {
        "volume 'a'": "failed",
        "volume 'b'": "deleted",
        "snapshot 'p'": "failed",
    }
    assert cluster.look_at() == before
    rows = cluster.bulk(check_mode, **prune, allow_foreign=True)
    assert {row["result"] for row in rows.values()} == {"deleted"}


def test_the_task_or_the_item_allows_it():
    for task, item in (({"allow_foreign": True}, {}), ({}, {"allow_foreign": True})):
        cluster = Shared()
        rows = cluster.bulk(
            **task,
            templates=[{"name": "hybrid", "iops": "100"}],
            volumes=[{"name": "a", "size": "2GiB", **item}],
            attachments=[{"volume": "a", "clients": ["2"], **item}],
        )
        assert {row["result"] for row in rows.values()} == {"updated"}


def test_an_image_that_has_become_cloudstacks_is_left_to_it():
    made = image.made_tags(image.Made("0" * 64, "raw", 512))
    raw = {
        "name": "golden",
        "globalId": "abc.b.1",
        "size": 512,
        "templateName": "hybrid",
        "tags": {**made, "cs": "template"},
    }
    given = {"name": "golden", "template": "ssd", "tags": {}}
    spec = {"argument_spec": image.SPEC}
    with pytest.raises(NotAllowed, match=r"CloudStack, and .* \(cloudstack_template\)"):
        making.keep(raw, image.want(options(spec, given)))
    [step] = making.keep(raw, image.want(options(spec, {**given, "allow_foreign": True}))).steps
    assert step.body == {"template": "ssd"}


def test_a_call_that_nobody_knows_counts_as_a_change():
    raw = {"name": "a", "globalId": "abc.b.1", "tags": CLOUDSTACKS}
    for call, body in (("VolumeFreeze", None), ("VolumeRebase", {"tags": {"app": "x"}}), ("VolumeUpdate", {})):
        todo = Plan((Step(call, "~abc.b.1", body, "do it"),), None, None)
        with pytest.raises(NotAllowed, match="Could not do it: Volume 'a' belongs to CloudStack"):
            guarded(lambda todo=todo: todo, [Thing("volume", raw)], False)
        assert guarded(lambda todo=todo: todo, [Thing("volume", raw)], True) is todo


# whatever is asked for

MARKS = st.sampled_from(
    [
        CLOUDSTACKS,
        {"cvm": VM},
        {"cs": "check-volume-is-on-host"},
        {"virt": "one", "img": "7"},
        {"pve-vm": "100"},
        {"csi_name": "x"},
        {"osvm": VM},
    ]
)
SNAPSHOT_MARKS = st.sampled_from(
    [{"cs": "snapshot", "uuid": DISK}, {"cs": "group", "cvm": VM}, {"virt": "pve"}, {"nvm": "7", "snap": "1"}]
)
SWITCHES = st.fixed_dictionaries(
    {
        "revert_tags": st.sampled_from(["kept", "restored"]),
        "revert_global_id": st.sampled_from(["new", "kept"]),
        "attachment_global_id": st.sampled_from(["listed", "absent"]),
    }
)
THEIR_TAGS = st.dictionaries(
    st.sampled_from(["cs", "uuid", "cvm", "virt", "pve-vm", "x", "app"]), st.sampled_from(["", "1"]), max_size=2
)


def is_free(write: Any, cluster: Shared) -> bool:
    """Whether a call touches nothing of the other system's, or no more of it than may be touched."""
    call, target, body = write
    if call in ("VolumeCreate", "VolumeSnapshot", "VolumesGroupSnapshot"):
        return True
    if call == "VolumesReassignWait":
        return not any(item.get("volume", item.get("snapshot")) in cluster.foreign for item in body["reassign"])
    return target not in cluster.foreign or set(body) == {"tags"}


@settings(max_examples=150)
@given(st.data(), MARKS, SNAPSHOT_MARKS, SWITCHES)
def test_nothing_of_theirs_is_written_but_tags_of_our_own(data, tags, snapshot_tags, switches):
    cluster = Shared(tags, snapshot_tags, **switches)
    before = cluster.look_at()
    for _time in range(4):
        module = data.draw(st.sampled_from(sorted(KINDS)))
        drawn = data.draw(tasks(module, KINDS[module].spec))
        drawn.pop("allow_foreign", None)
        if module in ("volume", "snapshot") and data.draw(st.booleans()):
            drawn["tags"] = data.draw(THEIR_TAGS)
        try:
            given_options = options(KINDS[module].spec, drawn)
        except AssertionError:
            continue  # Ansible refuses it
        item = {option: value for option, value in given_options.items() if option in drawn}
        try:
            if module == "revert" or data.draw(st.booleans()):
                cluster.perform(KINDS[module], **item)
            else:
                cluster.bulk(**{{"attachments": "attachments"}.get(module, module + "s"): [item]})
        except Failure:
            pass
        assert all(is_free(write, cluster) for write in cluster.writes)
        assert cluster.look_at() == before
