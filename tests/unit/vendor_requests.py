# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the vendor's client (PyPI ``storpool``) says of the requests that the collection sends."""

from __future__ import annotations

from typing import Any

from storpool import sptypes

#: The type of each call's request; None: the client sends no body.
TYPES: dict[str, Any] = {
    "PlacementGroupDelete": None,
    "PlacementGroupUpdate": sptypes.PlacementGroupUpdateDesc,
    "SnapshotDelete": None,
    "SnapshotExport": sptypes.SnapshotExportDesc,
    "SnapshotFromRemote": sptypes.SnapshotFromRemoteDesc,
    "SnapshotUnexport": sptypes.SnapshotUnexportDesc,
    "SnapshotsRemoteUnexport": sptypes.SnapshotsRemoteUnexport,
    "SnapshotUpdate": sptypes.SnapshotUpdateDesc,
    "VolumeBackup": sptypes.VolumeBackupDesc,
    "VolumesGroupBackup": sptypes.VolumesGroupBackupDesc,
    "VolumeCreate": sptypes.VolumeCreateDesc,
    "VolumeDelete": None,
    "VolumeRevert": sptypes.VolumeRevertDesc,
    "VolumeSnapshot": sptypes.VolumeSnapshotDesc,
    "VolumeTemplateCreate": sptypes.VolumeTemplateCreateDesc,
    "VolumeTemplateDelete": None,
    "VolumeTemplateUpdate": sptypes.VolumeTemplateUpdateDesc,
    "VolumeUpdate": sptypes.VolumeUpdateDesc,
    "VolumesGroupSnapshot": sptypes.GroupSnapshotsSpec,
    "VolumesReassignWait": sptypes.VolumesReassignWaitDesc,
}
#: Fields that the client does not know, and who does (StorPool API facts 2.1, 2.2, 4.8).
UNKNOWN_TO_THE_CLIENT = {
    "limitType": "listings and the command line have it",
    "revertSize": "sent by the Proxmox and OpenNebula integrations",
    "onAttached": "sent by CloudStack's driver with VolumeDelete",
}


def check_request(call: str, body: Any) -> None:
    """Fail unless the vendor's client would accept this body for the call; it raises on values that its types refuse."""
    kind = TYPES[call]
    fields = dict(body or {})
    known = set() if kind is None else set(kind.__jsonAttrDefs__)
    assert fields.keys() - known <= UNKNOWN_TO_THE_CLIENT.keys(), f"{call}: {fields}"
    if kind is not None:
        kind({field: value for field, value in fields.items() if field in known})
