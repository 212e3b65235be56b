# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a volume snapshot: pure, from what was read to what is to be sent."""

from __future__ import annotations

import typing as t

from ..._common.errors import Incomplete, InvalidOption, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import sentence
from ..cloud import named, other_half, results, tags, versions
from ..cloud.reader import Raw
from ..cloud.snapshots import OF_VOLUMES, waiting
from ..cloud.versions import Version
from .backup import Backup
from .want import Want

_CREATE_ADVICE = (
    ("active snapshot tasks", "Run the task again when the snapshot that CloudStack takes of the VM now is done."),
    (
        "clusterId",
        "CloudStack has to know which StorPool cluster the hosts use: set sp.cluster.id of the cluster (cloudstack_configuration).",
    ),
    ("", "The log of the management server tells more, and what came of it is listed as a snapshot in state Error."),
)
#: States of a snapshot that StorPool has, and that is still to be copied.
_ON_STORPOOL = ("CreatedOnPrimary", "BackingUp")
_DELETE_ADVICE = (("", "The log of the management server tells more."),)


class Current(t.NamedTuple):
    """What a plan for one snapshot has to know. What is after ``row`` is read only if the plan can depend on it."""

    volume: t.Optional[Raw] = None
    row: t.Optional[Raw] = None
    half: t.Optional[Raw] = None  # what StorPool has of it
    unasked: t.Optional[str] = None  # why StorPool, which could be asked, did not say
    version: t.Optional[Version] = None
    backup: t.Optional[Backup] = None
    running_allowed: bool = True
    there: t.Tuple[Raw, ...] = ()  # all volumes, read to tell of them, if the one that is meant is not there


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current snapshot the wanted one.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    row = current.row
    if row is None:
        return _plan_create(current, wanted) if wanted.present else Plan((), None, None)
    shown = results.volume_snapshot(row, current.half)
    if row.get("state") in OF_VOLUMES.passing and not (wanted.async_backup and row["state"] in _ON_STORPOOL):
        later = () if wanted.present else (_removing(row),)
        return Plan((waiting(OF_VOLUMES, row, label(row), wanted.wait_timeout),), shown, shown, later)
    return _plan_update(current, row, wanted) if wanted.present else _plan_absent(row, shown, wanted)


def label(row: Raw) -> str:
    """A snapshot in words."""
    return f"snapshot {row['name']!r} of volume {row.get('volumename')!r}"


def taking(volume: Raw, name: str, seconds: int, fate: str = "") -> Step:
    """The step that takes a snapshot of a volume; ``fate`` is what more there is to say of it."""
    words = f"take snapshot {name!r} of volume {volume['name']!r}{fate}"
    body = {"volumeid": volume["id"], "name": name}
    return Step("createSnapshot", None, body, words, timeout=seconds, repeatable=False, advice=_CREATE_ADVICE)


def predicted_of(volume: Raw, name: str) -> Raw:
    """The row of a snapshot that is taken of a volume now, without what only CloudStack knows."""
    return {
        **{key: volume.get(key) for key in ("zoneid", "zonename", "account", "domain", "project")},
        "name": name,
        "state": OF_VOLUMES.ready,
        "volumeid": volume["id"],
        "volumename": volume["name"],
        "virtualsize": volume.get("size"),
        "intervaltype": "MANUAL",
        "revertable": True,
    }


def _removing(row: Raw) -> str:
    return f"delete {label(row)}"


def _plan_absent(row: Raw, shown: t.Dict[str, t.Any], wanted: Want) -> Plan:
    step = Step(
        "deleteSnapshot",
        None,
        {"id": row["id"]},
        _removing(row),
        timeout=wanted.wait_timeout,
        advice=_DELETE_ADVICE,
        destroys=str(row["id"]),
    )
    return Plan((step,), shown, None)


def _plan_create(current: Current, wanted: Want) -> Plan:
    if wanted.name is None:
        of = f" of volume {wanted.volume!r}" if wanted.volume else ""
        raise NotFound(
            f"id: there is no volume snapshot {wanted.snapshot_id!r}{of}. A new one is taken by its name (name, volume)."
        )
    volume, backup = _checked(current, wanted), t.cast(Backup, current.backup)
    step = taking(volume, wanted.name, wanted.wait_timeout, f", {backup.told()}")
    ways = {"asyncbackup": wanted.async_backup and backup.is_made, "quiescevm": wanted.quiesce_vm}
    step = step._replace(body=dict(step.body, **{way: True for way, is_wanted in ways.items() if is_wanted}))
    predicted = predicted_of(volume, wanted.name)
    if ways["asyncbackup"]:
        predicted["state"] = "BackingUp"
    after, made = tags.changes(predicted, wanted.tags, wanted.purge_tags)
    return Plan((step,), None, results.volume_snapshot(after), tuple(change.words(label(predicted)) for change in made))


def _checked(current: Current, wanted: Want) -> Raw:
    """The volume, if nothing speaks against a snapshot of it before anything is sent."""
    volume = current.volume
    if volume is None:
        where = f" in zone {wanted.zone!r}" if wanted.zone else ""
        raise named.missing("volume", "volume", wanted.volume, current.there, where)
    who, state = sentence(f"volume {volume['name']!r}"), volume.get("state")
    if state != "Ready":
        raise NotAllowed(
            f"{who} is {state}, and CloudStack takes snapshots only of volumes that are Ready. "
            + ("One that was never attached has no data yet." if state == "Allocated" else "Run the task again later.")
        )
    if volume.get("vmstate") == "Running" and not current.running_allowed:
        raise NotAllowed(
            f"{who} is that of VM {str(volume.get('vmdisplayname') or volume.get('vmname'))!r}, which is Running, and CloudStack takes no snapshots of volumes "
            "that are in use as long as kvm.snapshot.enabled is false. Set it to true (cloudstack_configuration), stop the VM, or take a snapshot of the "
            "whole VM (cloudstack_vm_snapshot)."
        )
    _check_backup(volume, t.cast(Backup, current.backup), wanted)
    _check_ways(current, volume, wanted)
    return volume


def _check_ways(current: Current, volume: Raw, wanted: Want) -> None:
    """Refuse ways of taking the snapshot that this CloudStack, or the storage of the volume, does not know."""
    version = t.cast(Version, current.version)
    if wanted.async_backup and version < versions.BACKS_UP_LATER:
        raise InvalidOption(
            f"async_backup: CloudStack {version} copies a snapshot to secondary storage before it is done with it; the first that does it later is "
            f"{versions.BACKS_UP_LATER}."
        )
    if wanted.quiesce_vm and not volume.get("quiescevm"):
        raise InvalidOption(
            f"quiesce_vm: CloudStack says of volume {volume['name']!r} that its storage quiesces no VM for a snapshot; StorPool's driver does it for none. "
            "Have the guest freeze its file systems around this task, or stop the VM first."
        )


def _check_backup(volume: Raw, backup: Backup, wanted: Want) -> None:
    if wanted.backup is None:
        return
    if other_half.reference(volume.get("path")) is None:
        raise InvalidOption(
            f"backup: volume {volume['name']!r} is not on StorPool, and of others CloudStack always keeps snapshots on secondary storage. Leave it out."
        )
    if wanted.backup != backup.is_made:
        reason = f"since {backup.setting}" if backup.setting else "and this release has no setting for it"
        raise NotAllowed(
            f"backup is {str(wanted.backup).lower()}, but snapshots like {wanted.name!r} of volume {volume['name']!r} are {backup.fate}, {reason}. CloudStack "
            "takes no word for a single snapshot: "
            + (
                "change the setting (cloudstack_configuration), or leave out backup."
                if backup.setting
                else "leave out backup."
            )
        )


def _plan_update(current: Current, row: Raw, wanted: Want) -> Plan:
    if row.get("state") != OF_VOLUMES.ready and row.get("state") not in _ON_STORPOOL:
        raise Incomplete(
            f"{sentence(label(row))} ({row['id']}) is in state {row.get('state')}: it could not be taken, and holds nothing. The log of the management server "
            "tells why. Remove it (state absent), and run the task again."
        )
    after, made = tags.changes(row, wanted.tags, wanted.purge_tags)
    steps = tuple(tags.step(change, label(row), wanted.wait_timeout) for change in made)
    cautions = (current.unasked,) if current.unasked else ()
    half = current.half
    return Plan(steps, results.volume_snapshot(row, half), results.volume_snapshot(after, half), cautions=cautions)
