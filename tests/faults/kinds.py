# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong with one call: the columns of the fault matrix."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One way in which a call goes wrong.

    ``refusals`` connections are refused from the call on (0: none; ``None``: all). ``server`` is what the simulator does, as its admin interface takes
    it. ``switches`` are the CloudStack simulator's, set for the whole run. With ``rival`` somebody else acts just before the call, if the scenario says
    how. ``kill`` is a signal that ends the process just before the call, or with ``after`` when it has had its effect. ``only`` is what the fault can
    happen to: "any", "write" or "job".
    """

    name: str
    refusals: int | None = 0
    server: Mapping[str, Any] = field(default_factory=dict)
    switches: Mapping[str, Any] = field(default_factory=dict)
    rival: bool = False
    kill: int | None = None
    after: bool = False
    only: str = "any"

    @property
    def hangs(self) -> bool:
        return str(self.server.get("kind", "")).startswith("hang")


FOR_EVER = None

_EVERYWHERE = (
    Fault("connection refused", refusals=1),
    Fault("connection refused for ever", refusals=FOR_EVER),
    Fault("reset before", server={"kind": "reset_before"}, only="write"),  # of a read it is the same as the next
    Fault("reset after", server={"kind": "reset_after"}),
    Fault("every reply lost", server={"kind": "reset_after", "times": FOR_EVER}, only="write"),
    Fault("time-out", server={"kind": "hang_after"}),
    Fault("time-out before", server={"kind": "hang_before"}, only="write"),
    Fault("HTTP 500", server={"kind": "http_error"}),
    Fault("garbage", server={"kind": "garbage"}),
    Fault("garbage after", server={"kind": "garbage", "after": True}, only="write"),
    Fault("kill -9 before", kill=signal.SIGKILL, only="write"),
    Fault("kill -9 after", kill=signal.SIGKILL, after=True, only="write"),
    Fault("Ctrl-C", kill=signal.SIGINT, after=True, only="write"),
)
_RIVALS = (
    Fault("rival: exists", rival=True),
    Fault("rival: gone", rival=True),
    Fault("rival: replaced", rival=True),
    Fault("rival: changed", rival=True),
)
_BUSY = {"kind": "api_error", "name": "busy", "descr": "It is busy."}
_WAIT = {"kind": "api_error", "name": "clusterNotOperational", "descr": "The cluster is starting.", "transient": True}
_EXISTS = {"kind": "api_error", "name": "objectExists", "descr": "It exists."}
_MISSING = {"kind": "api_error", "name": "objectDoesNotExist", "descr": "It does not exist."}
_DRAIN = {"kind": "api_error", "errorcode": 503, "errortext": "Maintenance or Shutdown has been initiated"}
_REFUSED = {"kind": "api_error", "errorcode": 530, "errortext": "Something went wrong"}

STORPOOL = (
    *_EVERYWHERE,
    Fault("error", server=_BUSY),
    Fault("transient error", server=_WAIT),
    Fault("transient error for ever", server={**_WAIT, "times": FOR_EVER}),
    Fault("objectExists", server=_EXISTS, only="write"),
    Fault("objectDoesNotExist", server=_MISSING, only="write"),
    *_RIVALS,
)
CLOUDSTACK = (
    *_EVERYWHERE,
    Fault("HTTP 502", server={"kind": "http_error", "status": 502}, only="write"),
    Fault("HTTP 503", server={"kind": "http_error", "status": 503}, only="write"),
    Fault("error", server=_REFUSED),
    Fault("draining", server=_DRAIN),
    Fault("draining for ever", server={**_DRAIN, "times": FOR_EVER}),
    Fault("job never ends", switches={"jobs_never_end": True}, only="job"),
    Fault("job expires", switches={"job_expire_ms": 1}, only="job"),
    Fault("job fails", switches={"maintenance_error": "The storage heartbeat failed"}, only="job"),
    *_RIVALS,
)
#: What a module cannot tell from another one of these. They are left out in a scenario of many calls.
ALIKE = frozenset(
    (
        "connection refused",
        "time-out",
        "time-out before",
        "HTTP 500",
        "HTTP 502",
        "garbage",
        "draining",
        "draining for ever",
        "job never ends",
        "Ctrl-C",
    )
)
