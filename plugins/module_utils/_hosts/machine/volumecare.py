# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VolumeCare's own program, which tells what backups it has made."""

from __future__ import annotations

import json
import typing as t

from ..._common.errors import Failure, NotFound
from ..._common.transport import first_line
from . import commands

#: Seconds that the program may take; it reads what VolumeCare has noted of every VM.
TIMEOUT = 120.0
_ELSEWHERE = (
    "Run the task on a host of the StorPool cluster with VolumeCare, as root, or ask there and give the answer (volumecare_status), or let the tags of "
    "snapshots tell (source: tags)."
)


def teller(params: t.Mapping[str, t.Any]) -> t.Optional[t.Callable[[], str]]:
    """What gives VolumeCare's answer: that in the options of a module, or else, whenever it is asked, that of the program on this host.

    ``None`` if they say that others know of the backups.
    """
    if params["source"] != "volumecare":
        return None
    given = params["volumecare_status"]
    if given is None:
        return lambda: status(params["volumecare_program"], params["volumecare_multicluster"])
    return lambda: given if isinstance(given, str) else json.dumps(given)  # a template may have made a list of the text


def status(program: str, multicluster: bool) -> str:
    """What ``storpool_vcctl status --json`` says. Raises :class:`NotFound` where there is no such program, and a :class:`Failure` if it fails."""
    try:
        path = commands.locate(program)
    except NotFound as failure:
        raise NotFound(f"{failure.message} {_ELSEWHERE}") from None
    ran = commands.run([path, "status", *(["-M"] if multicluster else []), "--json"], TIMEOUT)
    if ran.status != 0:
        told = first_line(ran.errors.strip() or ran.output.strip() or "it says nothing")
        raise Failure(f"{program} status --json ended with {ran.status}: {told.rstrip('.')}. {_ELSEWHERE}")
    return ran.output
