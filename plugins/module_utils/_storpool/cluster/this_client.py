# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that runs the task, as a StorPool client: its id, and the block devices that it has."""

from __future__ import annotations

import os
import platform
import time
import typing as t

from ..._common.errors import NotConfigured, NotConverged
from ..._common.words import listing
from ..connection import conf_files, config
from . import names
from .hosts import is_id

#: Seconds between two looks for a device link (the CloudStack driver's agents look as often).
PAUSE = 0.1

Files = t.Callable[[], t.Mapping[str, str]]


def client_id(files: Files = config.read_files, environ: t.Optional[t.Mapping[str, str]] = None) -> t.Optional[int]:
    """The id that this machine has as a StorPool client, ``SP_OURID`` in the environment or else in StorPool's configuration files.

    ``None`` if neither says it. Raises :class:`NotConfigured` for an id that cannot be one, or for files that cannot be read.
    """
    value, place = (os.environ if environ is None else environ).get("SP_OURID"), "the environment variable SP_OURID"
    if not value:
        found = files()
        value, place = found.get("SP_OURID"), conf_files.place(found, "SP_OURID")
    if not value:
        return None
    if not is_id(value):
        raise NotConfigured(
            f"On this host, {place} is {value!r}, which cannot be the id of a StorPool client (1 to {names.LAST_CLIENT})."
        )
    return int(value)


def required_client_id(files: Files = config.read_files, environ: t.Optional[t.Mapping[str, str]] = None) -> int:
    """As :func:`client_id`; :class:`NotConfigured` if this machine has none."""
    value = client_id(files, environ)
    if value is None:
        read = getattr(files(), "files", ())
        raise NotConfigured(
            "The task names the client 'here', but the host that runs it does not know its StorPool client id: "
            + (f"SP_OURID is not in {listing(read)}. " if read else "it has none of StorPool's configuration files. ")
            + "Set SP_OURID in /etc/storpool.conf on it (in "
            f"the section [{platform.node()}] if the file is the same on all hosts) or in the environment of the task, or give the client's number."
        )
    return value


def wait_for_links(
    links: t.Iterable[str],
    seconds: float,
    root: str = config.ROOT,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    """Wait until all these device links (such as ``/dev/storpool/db-1``) lead to something on this machine.

    Raises :class:`NotConverged` if that takes longer than ``seconds``.
    """
    end = clock() + seconds
    missing = missing_links(links, root)
    while missing:
        if clock() >= end:
            raise did_not_appear(missing, seconds)
        sleep(PAUSE)
        missing = missing_links(missing, root)


def missing_links(links: t.Iterable[str], root: str = config.ROOT) -> t.List[str]:
    """Those of the device links that lead to nothing on this machine, sorted."""
    return sorted(link for link in links if not os.path.exists(os.path.join(root, link.lstrip("/"))))


def did_not_appear(missing: t.Iterable[str], seconds: float) -> NotConverged:
    """The failure of a wait of so many seconds for device links."""
    return NotConverged(
        f"StorPool says that it is attached to this host, but {listing(missing)} did not appear within {seconds:g} s. See whether the StorPool client "
        "service (storpool_block) runs here; the attachment stays, so running the task again waits again."
    )
