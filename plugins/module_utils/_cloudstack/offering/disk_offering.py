# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk offerings: what a task may want of one, and what it has to know first."""

from __future__ import annotations

import typing as t

from ..._common import foreseen, sizes
from ..._common.errors import Ambiguous, InvalidOption
from ..._common.plan import Managed, Plan
from ..._common.time_left import checked
from ..._common.words import listing
from .. import texts
from ..cloud.predicted import Predicted
from ..cloud.reader import Reader
from .plan import GIB, QOS_CLASS, TEMPLATE, Current, Want, plan

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "required": True},
        "display_text": {"type": "str"},
        "disk_size": {"type": "str"},
        "customized": {"type": "bool"},
        "tags": {"type": "list", "elements": "str"},
        "max_iops": {"type": "int"},
        "min_iops": {"type": "int"},
        "storpool_template": {"type": "str"},
        "driver_reads_template": {"type": "bool", "default": False},
        "qos_class": {"type": "str"},
        "zones": {"type": "list", "elements": "str"},
        "wait_timeout": {"type": "int", "default": 300},
    },
    "required_by": {"min_iops": ["max_iops"]},
}
#: Options of which only one can say how fast the volumes are, and why.
_EXCLUSIVE = (
    (
        "storpool_template",
        "max_iops",
        "the StorPool driver takes the limits of the StorPool template then. Set the limit there (storpool_template, iops)",
    ),
    ("qos_class", "max_iops", "storpool_qos sets the limits of the class then. Leave out one of them"),
    ("qos_class", "storpool_template", "the StorPool driver does not look at the template then. Leave out one of them"),
)


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired offering that the options describe. Raises :class:`InvalidOption`."""
    for option, other, why in _EXCLUSIVE:
        if params[option] is not None and params[other] is not None:
            raise InvalidOption(f"{option} and {other} are both given, and {why}.")
    if params["customized"] and params["disk_size"] is not None:
        raise InvalidOption(
            "customized and disk_size are both given: the user of a customized offering chooses the size."
        )
    if params["customized"] is False and params["disk_size"] is None and params["state"] == "present":
        raise InvalidOption("customized is false: give disk_size.")
    least, most = params["min_iops"], params["max_iops"]
    for option, value in (("min_iops", least), ("max_iops", most)):
        if value is not None and value < 1:
            raise InvalidOption(f"{option} is {value}: give a number above 0. To have no limit, leave out max_iops.")
    if least is not None and most is not None and least > most:
        raise InvalidOption(f"min_iops is {least}, and so more than max_iops, which is {most}.")
    size = sizes.size(params["disk_size"], "disk_size", GIB, "CloudStack")
    return Want(
        present=params["state"] == "present",
        name=texts.text(params["name"], "name"),
        display_text=texts.text(params["display_text"], "display_text", 4096),
        disk_size=size,
        customized=params["customized"],
        tags=texts.storage_tags(params["tags"]),
        max_iops=most,
        min_iops=least,
        storpool_template=texts.text(params["storpool_template"], "storpool_template", 200),
        driver_reads_template=params["driver_reads_template"],
        qos_class=texts.text(params["qos_class"], "qos_class"),
        zones=None if params["zones"] is None else tuple(sorted(set(params["zones"]))),
        wait_timeout=checked(params, "wait_timeout"),
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several active offerings have the name."""
    version, rows = reader.version(), reader.disk_offerings(wanted.name)
    if len(rows) > 1:
        ids = listing(sorted(str(row["id"]) for row in rows))
        raise Ambiguous(
            f"{len(rows)} disk offerings have the name {wanted.name!r}: {ids}. Rename or remove all of them but the one that is meant."
        )
    row = rows[0] if rows else None
    details = reader.offering_details(row["id"]) if row else {}
    zones = tuple(reader.zones()) if (wanted.present and wanted.zones) or (row and row.get("zoneid")) else ()
    # Who only looks may be about to make the pool.
    pools = tuple(reader.pools()) if wanted.present and wanted.tags and foreseen.told() is not False else None
    return Current(version, row, details, zones, pools)


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The offering as it would be."""
    after = todo.after
    if after is None:
        reader.change_offering(current.row, None, {})
        return
    ids = {name: str(zone["id"]) for zone in current.zones for name in (zone["name"], zone["id"])}
    told = {TEMPLATE: after["storpool_template"], QOS_CLASS: after["qos_class"]}
    row = dict(
        current.row or {},
        name=after["name"],
        displaytext=after["display_text"],
        iscustomized=after["customized"],
        disksize=after["disk_size"] and after["disk_size"] // GIB,
        miniops=after["min_iops"],
        maxiops=after["max_iops"],
        tags=",".join(after["tags"]),
        zoneid=",".join(ids[name] for name in after["zones"]),
    )
    reader.change_offering(
        current.row, row, {**current.details, **{key: value for key, value in told.items() if value is not None}}
    )


DISK_OFFERING = Managed("disk_offering", SPEC, want, look, plan, imagine=imagine)
