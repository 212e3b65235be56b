# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a volume that is not there yet. Pure: all that can be refused is refused before anything is made."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.sizes import human
from ..._common.words import sentence
from ..cloud import results
from ..cloud.reader import Raw
from . import changes, place
from .changes import GIB
from .current import Current
from .want import Want

_CREATE_ADVICE = (
    ("limit", "The account or its domain has as many volumes, or as much primary storage, as it may have."),
    ("suitable", "No pool that is Up in the zone has the storage tags of the disk offering and room for the volume."),
    ("", "The log of the management server tells more."),
)


class _Source(t.NamedTuple):
    """What a volume is made of, and where."""

    offering: t.Optional[Raw]
    snapshot: t.Optional[Raw]
    zone_id: str
    size: int  # at first


def plan(current: Current, wanted: Want) -> Plan:
    """The call that makes the volume; it is attached, grown and moved once it has an id."""
    source = _source(current, wanted)
    later = []
    vm = current.wanted_vm(wanted)
    if vm is not None:
        later.append(f"attach {wanted} to {place.check_vm(current, None, vm, wanted)}")
    if wanted.size is not None and wanted.size != source.size:
        later.append(f"grow {wanted} from {human(source.size)} to {human(wanted.size)}")
    pool = _pool(current, wanted, source)
    if pool is not None:
        later.append(f"move {wanted} to primary storage pool {pool['name']!r}, if CloudStack chooses another")
    step = _step(current, wanted, source)
    predicted = _predicted(current, wanted, step.body, source)
    if vm is not None:
        predicted.update(place.attached_to(current, vm, wanted))
    if pool is not None:
        predicted.update(storageid=pool["id"], storage=pool["name"])
    return Plan((step,), None, results.volume(predicted), tuple(later))


def _source(current: Current, wanted: Want) -> _Source:
    what = sentence(str(wanted))
    if wanted.id is not None:
        raise NotFound(
            f"There is no volume with the id {wanted.id}. CloudStack gives out ids itself: give the id of one that exists, or a name to have one made."
        )
    offering, snapshot = current.wanted_offering(wanted), current.wanted_snapshot(wanted)
    if offering is None and snapshot is None:
        raise InvalidOption(f"{what} does not exist, and nothing says what to make: set disk_offering or snapshot.")
    zone_id = current.zone_id
    if zone_id is None:
        raise InvalidOption(f"{what} does not exist, and nothing says in which zone to make it: set zone.")
    if snapshot is not None:
        _check_snapshot(what, snapshot, zone_id)
    changes.check_limits(offering or {}, wanted)
    return _Source(offering, snapshot, zone_id, _size(current, wanted, offering, snapshot))


def _pool(current: Current, wanted: Want, source: _Source) -> t.Optional[Raw]:
    """The pool that the volume is to be on once it is on one."""
    pool = current.wanted_pool(wanted)
    if pool is None:
        return None
    place.check_pool(pool, source.offering or {}, str(wanted), False)
    if not wanted.vm and source.snapshot is None:
        raise NotAllowed(
            f"{sentence(str(wanted))} is on no pool before it is attached for the first time: CloudStack chooses one then, by the storage tags of its disk "
            "offering. Say which VM it is for (vm), or leave out storage_pool."
        )
    return pool


def _step(current: Current, wanted: Want, source: _Source) -> Step:
    body: t.Dict[str, t.Any] = dict(current.owner, name=wanted.name, zoneid=source.zone_id)
    words = f"create {wanted} of {human(source.size)}"
    if source.snapshot is not None:
        body["snapshotid"] = source.snapshot["id"]
        words += f" from volume snapshot {source.snapshot['name']!r}"
    if source.offering is not None:
        body["diskofferingid"] = source.offering["id"]
        words += f" with the disk offering {source.offering['name']!r}"
        if source.offering.get("iscustomized"):
            body["size"] = source.size // GIB
        limits = (("miniops", wanted.min_iops), ("maxiops", wanted.max_iops))
        body.update({key: value for key, value in limits if value is not None})
    # CloudStack lets volumes share a name: sent twice, this makes two.
    return Step("createVolume", None, body, words, timeout=wanted.wait_timeout, repeatable=False, advice=_CREATE_ADVICE)


def _predicted(current: Current, wanted: Want, body: Raw, source: _Source) -> Raw:
    offering: Raw = source.offering or {}
    custom = bool(offering.get("iscustomizediops"))
    return {
        "id": None,
        "name": wanted.name,
        "type": "DATADISK",
        "state": "Ready" if source.snapshot is not None else "Allocated",
        "size": wanted.size or source.size,
        "zoneid": source.zone_id,
        "zonename": (current.zone or {}).get("name"),
        "account": body.get("account"),
        "domainid": body.get("domainid"),
        "projectid": body.get("projectid"),
        "diskofferingid": offering.get("id"),
        "diskofferingname": offering.get("name"),
        "miniops": wanted.min_iops if custom else offering.get("miniops"),
        "maxiops": wanted.max_iops if custom else offering.get("maxiops"),
    }


def _size(current: Current, wanted: Want, offering: t.Optional[Raw], snapshot: t.Optional[Raw]) -> int:
    """The size that a new volume has at first; if it is to be larger, it grows afterwards."""
    what = sentence(str(wanted))
    if wanted.size is not None:
        changes.check_size(wanted.size)
    least = int((snapshot or {}).get("virtualsize") or 0)
    if wanted.size is not None and wanted.size < least:
        raise InvalidOption(
            f"{what}: size is {human(wanted.size)}, less than the {human(least)} of the volume snapshot that it is to be made from."
        )
    if offering is not None and offering.get("iscustomized"):
        if wanted.size is None and not least:
            raise InvalidOption(
                f"{what}: the disk offering {offering['name']!r} leaves the size to the user: set size."
            )
        return wanted.size or -(-least // GIB) * GIB
    fixed = max(int((offering or {}).get("disksize") or 0) * GIB, least)
    if wanted.size is None or wanted.size == fixed:
        return fixed
    if offering is not None and (wanted.size < fixed or not changes.can_outgrow(current, offering)):
        raise InvalidOption(
            f"{what}: volumes of the disk offering {offering['name']!r} have {human(fixed)}, not {human(wanted.size)}. Leave out size, or choose an offering "
            "that leaves the size to the user."
        )
    return fixed


def _check_snapshot(what: str, snapshot: Raw, zone_id: str) -> None:
    if snapshot.get("state") not in (None, "BackedUp"):
        raise NotAllowed(
            f"{what}: volume snapshot {snapshot['name']!r} is {snapshot.get('state')}, and volumes are made only from those that are BackedUp. Run the task "
            "again later."
        )
    if snapshot.get("zoneid") not in (None, zone_id):
        raise InvalidOption(f"{what}: volume snapshot {snapshot['name']!r} is in another zone.")
