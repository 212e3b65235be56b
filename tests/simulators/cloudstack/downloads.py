# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a template is: the download to secondary storage of one that was registered, and how answers show it."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from simulators.cloudstack import rows
from simulators.cloudstack.envelopes import date
from simulators.cloudstack.members import shown
from simulators.cloudstack.owner import OWNER
from simulators.cloudstack.state import State

DONE, UNDER_WAY, FAILED, NOT_BEGUN = "DOWNLOADED", "DOWNLOAD_IN_PROGRESS", "DOWNLOAD_ERROR", "NOT_DOWNLOADED"


class Progress(NamedTuple):
    """The state of a template on secondary storage, as downloaddetails has it, in percent, and in words."""

    state: str
    percent: int
    words: str


def progress(state: State, row: rows.Template) -> Progress:
    """How far a template is now (TemplateJoinDaoImpl.getTemplateStatus)."""
    if row.in_the_making:
        return Progress(NOT_BEGUN, 0, "Processing")
    if row.download_begun is None:
        return Progress(DONE, 100, "Download Complete")
    passed = state.clock.now() - row.download_begun
    if passed < row.download_seconds:
        percent = int(100 * passed / row.download_seconds)
        return Progress(UNDER_WAY, percent, f"{percent}% Downloaded")
    if row.download_error:
        return Progress(FAILED, 0, row.download_error)
    return Progress(DONE, 100, "Download Complete")


def is_ready(state: State, row: rows.Template) -> bool:
    """Whether VMs can be made of a template."""
    return progress(state, row).state == DONE


def template_row(state: State, row: rows.Template) -> dict[str, Any]:
    """A template; one that is being made of a volume or a snapshot is in no zone."""
    zone, source, system = state.zones[row.zone], state.templates.get(row.source), state.os_types[row.os_type]
    here = {} if row.in_the_making else {"zoneid": zone.id, "zonename": zone.name}
    now = progress(state, row)
    size = row.size if now.state == DONE else None
    values = {
        "id": row.id,
        "name": row.name,
        "displaytext": row.display_text,
        "ispublic": row.public,
        "created": date(row.created),
        "isready": now.state == DONE,
        "passwordenabled": row.password_enabled,
        "format": row.format,
        "isfeatured": row.featured,
        "crossZones": False,
        "ostypeid": system.id,
        "ostypename": system.name,
        **OWNER,
        **here,
        "status": now.words,
        "size": size,
        "physicalsize": size,
        "templatetype": "USER",
        "hypervisor": "KVM",
        "isextractable": row.extractable,
        "checksum": row.checksum,
        "url": row.url,
        "sourcetemplateid": source.id if source else None,
        "details": {**row.details, **({"spStoragePoolId": str(row.pool)} if row.pool else {})},
        "downloaddetails": [_on_secondary(state, zone, now)] if here else [],
        "arch": "x86_64",
        "bits": 0,
        "sshkeyenabled": row.ssh_key_enabled,
        "isdynamicallyscalable": row.dynamically_scalable,
        "directdownload": False,
        "deployasis": False,
        "forcks": False,
        "requireshvm": True,
        "tags": [],
        "hasannotations": False,
    }
    return shown(state.release, "template", values)


def _on_secondary(state: State, zone: rows.Zone, now: Progress) -> dict[str, str]:
    """Where the one copy is. Releases that tell the role of a store list primary storage, too, in their source, but by the number of another store, and
    so none (4.22)."""
    told = {"datastore": "secondary", "downloadPercent": str(now.percent), "downloadState": now.state}
    if state.release.has("template_stores_have_roles"):
        told.update(datastoreRole="Image", datastoreId=str(uuid.uuid3(uuid.NAMESPACE_OID, zone.id)))
    return told
