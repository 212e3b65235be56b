# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says of the image and of this host, checked before anything is opened."""

from __future__ import annotations

import os
import re
import typing as t
from urllib.parse import urlsplit

from ..._common import sizes
from ..._common.errors import InvalidOption
from ..._common.given import refuse_empty
from ..._common.seconds import seconds
from ..._common.secret_urls import redacted
from ..._common.words import quoted
from . import headers

SAVED = ("qcow2", "raw")
SPEC: t.Dict[str, t.Any] = {
    "src": {"type": "str"},
    "checksum": {"type": "str"},
    "format": {"type": "str", "choices": list(headers.FORMATS)},
    "max_size": {"type": "str", "default": "64TiB"},
    "validate_certs": {"type": "bool", "default": True},
    "dest": {"type": "path"},
    "compress": {"type": "bool", "default": False},
    "allow_replace": {"type": "bool", "default": False},
    "verify": {"type": "bool", "default": True},
    "copy_timeout": {"type": "float", "default": 86400},
    "device_dir": {"type": "path", "default": "/dev"},
    "work_dir": {"type": "path", "default": "/var/tmp"},  # noqa: S108  # files in it have no name
    "qemu_img": {"type": "str", "default": "qemu-img"},
}
_CHECKSUM = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
#: Python's library for addresses refuses these, and says the whole address then.
_NOT_IN_ADDRESSES = re.compile(r"[^!-~]")


class Want(t.NamedTuple):
    """What the task says, checked. ``sha256`` is in lower case, ``max_size`` in bytes, ``is_url`` is whether ``src`` is an address."""

    src: str
    is_url: bool
    sha256: t.Optional[str]
    format: t.Optional[str]
    max_size: int
    validate_certs: bool
    dest: str
    compress: bool
    allow_replace: bool
    verify: bool
    copy_seconds: float
    device_dir: str
    work_dir: str
    qemu_img: str


def want(params: t.Mapping[str, t.Any]) -> Want:
    """What the options say. Raises :class:`InvalidOption`."""
    exported = params["state"] == "exported"
    for option in ("src", "dest", "checksum", "device_dir", "work_dir", "qemu_img"):
        refuse_empty(params[option], option)
    for option in ("dest", "device_dir", "work_dir"):
        if params[option] and not os.path.isabs(params[option]):
            raise InvalidOption(f"{option}: {quoted(params[option])} is no absolute path.")
        if "\0" in (params[option] or ""):
            raise InvalidOption(f"{option}: a path has no NUL in it.")
    strange = ("src", "checksum") if exported else ("dest", "compress", "allow_replace")
    for option in strange:
        if params[option]:
            raise InvalidOption(f"{option}: this is for state {'present' if exported else 'exported'}.")
    if exported and params["format"] not in (None, *SAVED):
        raise InvalidOption(f"format: a file is made as {' or '.join(SAVED)}, not as {params['format']}.")
    if params["compress"] and params["format"] == headers.RAW:
        raise InvalidOption("compress: a raw image cannot be compressed; with format qcow2 it can.")
    src = params["src"] or ""
    is_url = not exported and _is_url(src)
    sha256 = _checksum(params["checksum"])
    if is_url and not sha256:
        raise InvalidOption(
            "src: it is an address, so checksum is required: what comes from there is not believed otherwise."
        )
    return Want(
        src=src,
        is_url=is_url,
        sha256=sha256,
        format=params["format"],
        max_size=t.cast(int, sizes.size(params["max_size"], "max_size", 1, "this limit")),
        validate_certs=params["validate_certs"],
        dest=os.path.normpath(params["dest"]) if params["dest"] else "",
        compress=params["compress"],
        allow_replace=params["allow_replace"],
        verify=params["verify"],
        copy_seconds=seconds(params["copy_timeout"], "copy_timeout", 7 * 86400),
        device_dir=params["device_dir"],
        work_dir=params["work_dir"],
        qemu_img=params["qemu_img"],
    )


def _is_url(src: str) -> bool:
    """Whether this is an address. Raises :class:`InvalidOption` for what is neither that nor an absolute path: nothing else is opened by name."""
    if os.path.isabs(src):
        if "\0" in src:
            raise InvalidOption("src: a path has no NUL in it.")
        return False
    known = has_port = False
    try:
        parts = urlsplit(src)
        known = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        has_port = parts.port != 0
    except ValueError:
        pass
    if known and not has_port:  # of what Python would say it may be a piece of a password
        raise InvalidOption(
            f"src: {quoted(redacted(src))} has a port that is no number from 1 to 65535. In names and passwords, write / as %2F, ? as %3F and # as %23."
        )
    if known and _NOT_IN_ADDRESSES.search(src):
        raise InvalidOption(
            f"src: {quoted(redacted(src))} has a space, or another character that addresses have only encoded. Write a space as %20."
        )
    if known:
        return True
    what = "address that is fetched (http and https are)" if _URL.match(src) else "absolute path"
    raise InvalidOption(f"src: {quoted(redacted(src))} is no {what}.")


def _checksum(text: t.Optional[str]) -> t.Optional[str]:
    if text is None:
        return None
    match = _CHECKSUM.fullmatch(text.strip())
    if not match:
        raise InvalidOption(
            f"checksum: {quoted(text)} is no SHA-256. It has 64 hexadecimal digits, with or without 'sha256:' before them."
        )
    return match.group(1).lower()
