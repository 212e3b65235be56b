# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as a StorPool client, as far as CloudStack's agents and management servers need it: configuration, programs, devices.

The driver's agents run ``storpool`` and ``storpool_confget`` from the service's PATH (CloudStack's StorPoolStorageAdaptor).
"""

from __future__ import annotations

import os
import typing as t

from ..._common.errors import NotFound
from . import files
from .paths import Root
from .programs import PLACES

PROGRAMS = ("storpool", "storpool_confget")
DEVICES = ("/dev/storpool", "/dev/storpool-byid")
LAST_CLIENT = 4095
#: What an image is called that has no name yet.
NAMELESS = "localhost"
MOST_BYTES = 2**16


class Client(t.NamedTuple):
    """What a host says of StorPool. ``token`` is only whether there is one; ``our_id_text`` what the files say as id, and ``our_id_place`` where."""

    our_id: t.Optional[int]
    our_id_text: t.Optional[str]
    cluster_id: t.Optional[str]
    api_http_host: t.Optional[str]
    api_http_port: t.Optional[int]
    token: bool
    files: t.Tuple[str, ...]
    programs: t.Mapping[str, t.Optional[str]]
    devices: bool
    our_id_place: t.Optional[str] = None


def look(root: Root, values: t.Mapping[str, str], places: t.Mapping[str, str], read: t.Iterable[str]) -> Client:
    """What there is, given the variables of StorPool's configuration files, where each was found, and the files that were read."""
    text = values.get("SP_OURID") or None
    return Client(
        _number(text, LAST_CLIENT),
        text,
        values.get("SP_CLUSTER_ID") or None,
        values.get("SP_API_HTTP_HOST") or None,
        _number(values.get("SP_API_HTTP_PORT"), 65535),
        bool(values.get("SP_AUTH_TOKEN")),
        tuple(read),
        {program: _program(root, program) for program in PROGRAMS},
        root.is_here and any(os.path.isdir(path) for path in DEVICES),
        places.get("SP_OURID"),
    )


def host_name(root: Root) -> t.Optional[str]:
    """The name of the host of another root, whose section of the files counts; ``None`` if it is this host.

    Raises :class:`Failure` if it cannot be read: another name would be another host's section.
    """
    if root.is_here:
        return None
    try:
        lines = files.read(root.reach("/etc/hostname"), MOST_BYTES).content.decode("utf-8", "replace").splitlines()
    except NotFound:
        return NAMELESS
    # hostname(5): a line that begins with # is a comment.
    return next((line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")), NAMELESS)


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
    del told["our_id_text"], told["our_id_place"]
    return dict(told, files=list(client.files), programs=dict(client.programs))
