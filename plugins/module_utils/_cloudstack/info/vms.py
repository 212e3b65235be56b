# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs of CloudStack."""

from __future__ import annotations

import typing as t

from ..cloud import results
from ..cloud.reader import Reader
from . import conditions

SPEC_VMS: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        conditions.OPTIONS,
        host={"type": "str"},
        template={"type": "str"},
        service_offering={"type": "str"},
    )
}
#: What of a VM CloudStack is to look up beside the VM itself.
_DETAILS = "tmpl,servoff"


def vms(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The VMs of all accounts and projects that are not expunged and meet all the given conditions, by zone and name."""
    conditions.check(params, SPEC_VMS)
    where = conditions.where(reader, params, {"id": "id", "host": "hostid", "template": "templateid"})
    rows = conditions.listed(reader.vms, None if where is None else dict(where, details=_DETAILS))
    rows = conditions.of(rows, "host", params["host"], names=("hostname",))
    rows = conditions.of(rows, "template", params["template"], names=("templatename",))
    rows = conditions.of(rows, "serviceoffering", params["service_offering"], names=("serviceofferingname",))
    return {"vms": [results.vm(row) for row in conditions.chosen(rows, params, ("name", "displayname"))]}
