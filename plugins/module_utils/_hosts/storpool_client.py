# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as a StorPool client, as far as CloudStack's agents and management servers need it: configuration, programs, devices.

The driver's agents run ``storpool`` and ``storpool_confget`` from the service's PATH (CloudStack's StorPoolStorageAdaptor).
"""

from __future__ import annotations

import os
import typing as t

from .paths import Root
from .programs import PLACES

PROGRAMS = ("storpool", "storpool_confget")
DEVICES = ("/dev/storpool", "/dev/storpool-byid")
LAST_CLIENT = 4095
#: What an image is called that has no name yet.
NAMELESS = "localhost"


class Client(t.NamedTuple):
    """What a host says of StorPool. ``token`` is only whether there is one; ``our_id_text`` what the files say where that is no id."""

    our_id: t.Optional[int]
    our_id_text: t.Optional[str]
    cluster_id: t.Optional[str]
    api_http_host: t.Optional[str]
    api_http_port: t.Optional[int]
    token: bool
    files: t.Tuple[str, ...]
    programs: t.Mapping[str, t.Optional[str]]
    devices: bool


def look(root: Root, values: t.Mapping[str, str], files: t.Iterable[str]) -> Client:
    """What there is, given the variables of StorPool's configuration files and the files that were read."""
    text = values.get("SP_OURID") or None
    return Client(
        _number(text, LAST_CLIENT),
        text,
        values.get("SP_CLUSTER_ID") or None,
        values.get("SP_API_HTTP_HOST") or None,
        _number(values.get("SP_API_HTTP_PORT"), 65535),
        bool(values.get("SP_AUTH_TOKEN")),
        tuple(files),
        {program: _program(root, program) for program in PROGRAMS},
        root.is_here and any(os.path.isdir(path) for path in DEVICES),
    )


def host_name(root: Root) -> t.Optional[str]:
    """The name of the host of another root, whose section of the files counts; ``None`` if it is this host."""
    if root.is_here:
        return None
    try:
        with open(root.reach("/etc/hostname"), encoding="utf-8", errors="replace") as file:
            return file.readline().strip() or NAMELESS
    except OSError:
        return NAMELESS


def _number(text: t.Optional[str], most: int) -> t.Optional[int]:
    plain = text is not None and text.isdigit() and text.isascii()
    return int(text) if text and plain and 1 <= int(text) <= most else None


def _program(root: Root, name: str) -> t.Optional[str]:
    for directory in PLACES:
        place = root.reach(f"{directory}/{name}")
        if os.path.isfile(place) and os.access(place, os.X_OK):
            return f"{directory}/{name}"
    return None


def shown(client: Client) -> t.Dict[str, t.Any]:
    """The client as the module returns it."""
    told = client._asdict()
    del told["our_id_text"]
    return dict(told, files=list(client.files), programs=dict(client.programs))
