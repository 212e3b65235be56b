# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes as files: copied to secondary storage, and handed out over HTTP by its VM, which here is this server itself."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.calls import DIRECTORY
from simulators.cloudstack.commands.vm_power import storpool_of
from simulators.cloudstack.commands.volumes import existing_volume
from simulators.cloudstack.errors import internal, invalid
from simulators.cloudstack.owner import ACCOUNT_ID
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.qcow2 import image
from simulators.cloudstack.registry import JOB, Context, Param, Plan, command
from simulators.cloudstack.state import State
from simulators.kit import Answer

#: How long a copy stays, and is what another extractVolume gives: extract.url.expiration.interval.
KEPT_SECONDS = 4 * 60 * 60
_RANGE = re.compile(r"bytes=(\d+)-")


@command(
    "extractVolume",
    JOB,
    None,
    Param("id", "id", "volumes", required=True),
    Param("zoneid", "id", "zones", required=True),
    Param("mode", required=True),
    Param("url"),
)
async def extract_volume(context: Context) -> Plan:
    """A copy that is still there is given again, as old as it is."""
    state, args = context.state, context.args
    volume = existing_volume(state, args["id"])

    async def run() -> dict[str, Any]:
        vm, pool = state.vms.get(volume.vm), storpool_of(state, volume)
        if pool is None:
            raise invalid("The volume doesn't belong to a storage pool so can't extract it")
        if vm and vm.state != "Stopped":
            raise internal(
                "Invalid state of the volume with specified ID. It should be either detached or the VM should be in "
                "stopped state."
            )
        if args["mode"] not in ("HTTP_DOWNLOAD", "FTP_UPLOAD"):
            raise invalid("Please specify a valid extract Mode ")
        if not volume.extract or volume.extract_until <= state.clock.now():
            if not state.switches["secondary_storage_vm"]:
                raise internal("Failed to copy the volume from the source primary storage pool to secondary storage.")
            await storage.copy_to_secondary(state, pool, volume)
            volume.extract = f"{DIRECTORY}{uuid.uuid4()}.qcow2"
            volume.extract_until = state.clock.now() + KEPT_SECONDS
        zone = state.zones[args["zoneid"]]
        shown = {
            "id": volume.id,
            "name": volume.name,
            "accountid": ACCOUNT_ID,
            "state": "DOWNLOAD_URL_CREATED",
            "zoneid": zone.id,
            "zonename": zone.name,
            "extractMode": args["mode"],
            "url": f"http://{state.address}{volume.extract}",
        }
        return {"volume": shown}

    return Plan(run, instance_type="Volume", instance_id=volume.id)


def handed_out(state: State, method: str, path: str, asked_range: str | None, as_of: str | None) -> Answer:
    """The answer to a request for a copy: all of it, or what is from a byte on if it still is the one with that tag."""
    volume = _copied(state, path)
    if volume is None:
        return Answer(b"<html><h1>Not Found</h1></html>", 404, "error:404", content_type="text/html")
    content = image(volume.size, f"volume {volume.id} of the simulator")
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(asked_range or "")
    first = int(match.group(1)) if match and as_of in (None, tag) else 0
    if first >= len(content):
        return Answer(b"", 416, "error:416", headers={**headers, "Content-Range": f"bytes */{len(content)}"})
    if first:
        headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
    answer = Answer(content[first:], 206 if first else 200, content_type="application/octet-stream", headers=headers)
    if method == "HEAD":
        answer.headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        answer.body = b""
    return answer


def _copied(state: State, path: str) -> rows.Volume | None:
    now = state.clock.now()
    return next((one for one in state.volumes if one.extract == path and one.extract_until > now), None)
