# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One command from its parameters to the body of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.cloudstack import jobs, rows
from simulators.cloudstack.arguments import arguments, page_of
from simulators.cloudstack.envelopes import listing
from simulators.cloudstack.errors import SERVICE_UNAVAILABLE, ApiError, DriverError, internal
from simulators.cloudstack.registry import JOB, LIST, Command, Context
from simulators.cloudstack.state import State

_DRAINING = (
    *("PreparingForMaintenance", "Maintenance"),
    *("PreparingForShutDown", "PreparingToShutDown", "ReadyToShutDown", "ShuttingDown"),
)


def _refusal(state: State, server: rows.ManagementServer | None) -> ApiError | None:
    """Why a management server takes no jobs.

    From 4.21 on that is seen before anything else is, and the client is to try elsewhere; until then it is an error
    like others, and parameters that are wrong are complained of first.
    """
    if server is None or server.state not in _DRAINING:
        return None
    if state.release.has("draining_is_unavailable"):
        text = "Maintenance or Shutdown has been initiated on this management server. Can not accept new jobs"
        return ApiError(SERVICE_UNAVAILABLE, text)
    return internal("A shutdown has been triggered. Can not accept new jobs")


async def run(
    state: State, command: Command, params: Mapping[str, str], via: str | None = None
) -> tuple[dict[str, Any], bool]:
    """The answer's body and whether the state was changed; raises ApiError.

    `via` names the management server that has forwarded the call; else it is the first that can be reached.
    """
    forwarder = state.management_servers.by_name(via) if via else None
    server = forwarder or state.serving()
    refused = _refusal(state, server) if command.kind == JOB else None
    if refused and refused.status == SERVICE_UNAVAILABLE:
        raise refused
    context = Context(state, command, arguments(command, params, state), forwarder)
    if refused:
        raise refused
    try:
        result = await command.handler(context)
    except DriverError as error:
        raise internal(str(error)) from error
    if command.kind == JOB:
        job = jobs.start(state, command, result, server)
        body = {"jobid": job.id}
        return ({"id": result.created_id, **body} if result.created_id else body), True
    if command.kind == LIST:
        size = state.switches["default_page_size"] if command.paged else len(result)
        page, page_size = context.args["page"], context.args["pagesize"]
        shown = page_of(result, page, page_size, size) if command.paged else list(result)
        return listing(command.key, shown, len(result)), False
    return ({command.key: result} if command.key else result), context.effect
