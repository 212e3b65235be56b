# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed of a volume where it is: its name, its disk offering, its size and its limits. Pure, like the plan."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotAllowed
from ..._common.plan import Step
from ..._common.sizes import human
from ..._common.words import sentence
from ..cloud import versions
from ..cloud.reader import Raw
from . import place
from .current import Current, vm_of, who
from .want import Want

GIB = 1 << 30
_RESIZE_ADVICE = (
    ("snapshot", "CloudStack resizes no volume whose snapshots are still being copied: run the task again later."),
    ("tags", "CloudStack before 4.17 changes to offerings with the same storage tags only."),
    ("host", "The host of the VM has to be Up and Enabled."),
    ("", "The log of the management server tells more."),
)


def rename(current: Current, row: Raw, after: Raw, wanted: Want) -> t.List[Step]:
    """The step that gives a volume that was named by its id another name. ``after`` is changed, here and below."""
    if wanted.name is None or wanted.name == row["name"]:
        return []
    if row.get("type") == "ROOT":
        raise _of_root(row, "name")
    if current.version < versions.RENAMES_VOLUMES:
        raise InvalidOption(
            f"{sentence(who(row))} cannot be renamed: CloudStack {current.version} has no call for it, the first that has is {versions.RENAMES_VOLUMES}."
        )
    after["name"] = wanted.name
    words = f"rename {who(row)} to {wanted.name!r}"
    return [Step("updateVolume", None, {"id": row["id"], "name": wanted.name}, words, timeout=wanted.wait_timeout)]


def change(
    current: Current, row: Raw, after: Raw, wanted: Want, new: t.Optional[Raw], is_moved_with_it: bool
) -> t.List[Step]:
    """The steps for disk offering, size and limits. ``new`` is the offering, if it is to be another; which may come with the move to another pool."""
    _check_root(row, wanted)
    if row.get("size") is None and (new is not None or wanted.size is not None):
        raise NotAllowed(
            f"CloudStack does not say how large {who(row)} is, which is {row.get('state')}, so what is beyond a new size could be lost. Run the task again "
            "when it does."
        )
    steps = []
    if new is not None:
        before = dict(after)
        after.update(diskofferingid=new["id"], diskofferingname=new["name"])
        size = row["size"] if is_moved_with_it else _size_by(new, row, wanted)
        _check_shrinking(current, before, size, wanted, new)
        pool = current.pool_of(after)
        if pool and not is_moved_with_it:
            place.check_tags(new, pool, who(row))
        after["size"] = size
        after.update(_limits_by(new, wanted))
        if not is_moved_with_it:
            steps.append(_change_offering(current, before, after, wanted, new))
    offering = current.offering_of(after) if new is None else new
    body: t.Dict[str, t.Any] = {}
    words = []
    if wanted.size is not None and wanted.size != after["size"]:
        check_size(wanted.size)
        _check_fixed(current, row, wanted, offering)
        _check_shrinking(current, after, wanted.size, wanted, None)
        sizes = f"from {human(after['size'])} to {human(wanted.size)}"
        words.append(f"{'grow' if wanted.size > after['size'] else 'shrink'} {who(row)} {sizes}")
        body["size"] = wanted.size // GIB
        if wanted.size < after["size"]:
            body["shrinkok"] = True
        after["size"] = wanted.size
    limits = {
        option: value
        for option, value in (("miniops", wanted.min_iops), ("maxiops", wanted.max_iops))
        if value is not None and value != after.get(option)
    }
    if limits:
        check_limits(offering, wanted)
        body.update(limits)
        after.update(limits)
        told = " and ".join(f"{option[:3]}_iops to {value}" for option, value in limits.items())
        words.append(f"set {told}" if words else f"set {told} of {who(row)}")
    if body:
        steps.append(
            Step(
                "resizeVolume",
                None,
                dict(body, id=row["id"]),
                ", ".join(words),
                timeout=wanted.wait_timeout,
                advice=_RESIZE_ADVICE,
                destroys=str(row["id"]) if "shrinkok" in body else None,
            )
        )
    return steps


def _change_offering(current: Current, before: Raw, after: Raw, wanted: Want, new: Raw) -> Step:
    body: t.Dict[str, t.Any] = {"id": before["id"], "diskofferingid": new["id"]}
    words = f"change {who(before)} to the disk offering {new['name']!r}"
    if new.get("iscustomized"):
        body["size"] = -(-after["size"] // GIB)
        after["size"] = body["size"] * GIB
    if new.get("iscustomizediops"):
        body.update({key: after[key] for key in ("miniops", "maxiops") if after.get(key) is not None})
    if after["size"] != before["size"]:
        words += f", and from {human(before['size'])} to {human(after['size'])}"
    if after["size"] < before["size"]:
        body["shrinkok"] = True
    command = "changeOfferingForVolume" if current.version >= versions.CHANGES_OFFERINGS else "resizeVolume"
    return Step(
        command,
        None,
        body,
        words,
        timeout=wanted.wait_timeout,
        advice=_RESIZE_ADVICE,
        destroys=str(before["id"]) if "shrinkok" in body else None,
    )


def check_size(size: int) -> None:
    """Refuse a size that CloudStack has no number for."""
    if size % GIB:
        below = size // GIB
        near = f"{below} or {below + 1} GiB" if below else "1 GiB"
        raise InvalidOption(f"size is {human(size)}, and CloudStack counts volumes in whole GiB: give {near}.")


def check_limits(offering: Raw, wanted: Want) -> None:
    """Refuse limits that users of the offering do not choose."""
    if (wanted.min_iops is not None or wanted.max_iops is not None) and not offering.get("iscustomizediops"):
        raise InvalidOption(
            f"min_iops and max_iops are for volumes whose disk offering leaves them to the user, and {_told(offering)} does not. Choose an offering with the "
            "limits that are wanted (disk_offering)."
        )


def can_outgrow(current: Current, offering: Raw) -> bool:
    """Whether volumes of an offering with one size can have another."""
    return current.version >= versions.CHANGES_OFFERINGS and not offering.get("disksizestrictness")


def losses(row: Raw, steps: t.Iterable[Step]) -> t.Tuple[str, ...]:
    """What shrinking loses, in sentences."""
    shrinks = any(step.destroys for step in steps)
    return (f"{sentence(who(row))} shrinks: what is beyond its new size is lost.",) if shrinks else ()


def cautions(current: Current, row: Raw, after: Raw) -> t.Tuple[str, ...]:
    """What to say of a new size that a guest has to notice: CloudStack calls it a success if the agent could not tell the guest."""
    if row.get("size") == after.get("size") or after.get("vmstate") != "Running":
        return ()
    first = versions.TELLS_GUESTS_OF_SIZES
    often = "" if current.version >= first else f" The StorPool driver of CloudStack before {first} often could not."
    told = (
        f"{sentence(who(after))} gets another size while {vm_of(row)} runs. CloudStack says that it is done even if the agent could not tell the guest, "
        f"and only the log of the agent says 'need reboot' then.{often} Check that the guest sees {human(after['size'])}, and restart the VM if it does "
        "not."
    )
    return (told,)


def _size_by(new: Raw, row: Raw, wanted: Want) -> int:
    """The size that a change to an offering gives a volume."""
    if not new.get("iscustomized") and new.get("disksize"):
        return int(new["disksize"]) * GIB
    if wanted.size is not None and wanted.size != row["size"]:
        check_size(wanted.size)
        return wanted.size
    return int(row["size"])


def _limits_by(new: Raw, wanted: Want) -> Raw:
    if new.get("iscustomizediops"):
        return {"miniops": wanted.min_iops, "maxiops": wanted.max_iops}
    return {"miniops": new.get("miniops"), "maxiops": new.get("maxiops")}


def _check_fixed(current: Current, row: Raw, wanted: Want, offering: Raw) -> None:
    if not offering or offering.get("iscustomized") or row.get("type") == "ROOT" or can_outgrow(current, offering):
        return
    why = (
        "it does not let them have another"
        if current.version >= versions.CHANGES_OFFERINGS
        else f"CloudStack {current.version} gives them no other; the first that does is {versions.CHANGES_OFFERINGS}"
    )
    has, wished = human(int(offering.get("disksize") or 0) * GIB), human(t.cast(int, wanted.size))
    raise InvalidOption(
        f"{sentence(who(row))} cannot have {wished}: volumes of {_told(offering)} have {has}, and {why}. Change to an offering of that size, or to one that "
        "leaves the size to the user (disk_offering)."
    )


def _check_shrinking(current: Current, row: Raw, size: int, wanted: Want, new: t.Optional[Raw]) -> None:
    if size >= row["size"]:
        return
    told = f"{sentence(who(row))} would shrink from {human(row['size'])} to {human(size)}"
    if not wanted.allow_shrink:
        raise NotAllowed(
            f"{told}, and what is beyond the new size would be lost. If the file system on it is already smaller, set allow_shrink."
        )
    if row.get("vmstate") == "Running":
        raise NotAllowed(f"{told} while {vm_of(row)} runs. Stop the VM, or detach the volume, first.")
    if new is not None and versions.CHANGES_OFFERINGS <= current.version < versions.SHRINKS_BY_OFFERING:
        raise NotAllowed(
            f"{told} by its new disk offering, and CloudStack {current.version} shrinks nothing in that way; the first that does is "
            f"{versions.SHRINKS_BY_OFFERING}. Choose an offering whose size is not smaller."
        )


def _check_root(row: Raw, wanted: Want) -> None:
    limits = (wanted.min_iops, row.get("miniops")), (wanted.max_iops, row.get("maxiops"))
    if row.get("type") == "ROOT" and any(value not in (None, has) for value, has in limits):
        raise _of_root(row, "limits")


def _of_root(row: Raw, what: str) -> NotAllowed:
    return NotAllowed(
        f"{sentence(who(row))} is the root disk of {vm_of(row)}, and its {what} cannot be changed here: only its size, its disk offering and its pool can."
    )


def _told(offering: Raw) -> str:
    return f"disk offering {offering['name']!r}" if offering else "its disk offering"
