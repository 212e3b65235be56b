# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that answer later: when clients have applied a configuration."""

from __future__ import annotations

from dataclasses import replace

from simulators.storpool import attachments, services
from simulators.storpool.dispatch import Done
from simulators.storpool.errors import ApiFailure
from simulators.storpool.state import Context

Verdict = bool | ApiFailure


def verdict(done: Done, now: float) -> Verdict:
    """Whether the answer can go at the model's time ``now``: yes, not yet, or the failure that it is."""
    context = replace(done.context, now=now)
    if isinstance(done.pending, services.ClientWait):
        client = done.pending.client
        return services.applied_generation(client, context) >= done.pending.generation
    return _reassigned(context, done.pending, done.envelope["generation"], now - done.context.now)


def _reassigned(context: Context, done: attachments.Reassigned, generation: int, waited: float) -> Verdict:
    """Clients that are up are waited for; a client that is down only if it is to attach, and only so long."""
    clients = context.cluster.clients
    lagging, absent = False, []
    for number in done.attached | done.detached:
        client = clients.get(number)
        if client is None:
            continue
        if client.up:
            lagging |= services.applied_generation(client, context) < generation
        elif number in done.attached:
            absent.append(number)
    if lagging:
        return False
    if not absent or done.timeout == 0:
        return True
    if done.timeout is None or waited < done.timeout:
        return False
    if context.switches["attach_timeout_effect"] == "undone":
        attachments.undo(context, done, frozenset(absent))
    names = ", ".join(map(str, sorted(absent)))
    return ApiFailure(context.switches["error_attach_timeout"], f"Timed out waiting for client {names}")
