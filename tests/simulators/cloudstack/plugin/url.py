# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool's URL as each release of the StorPool driver reads it (driver StorPoolUtil.SpConnectionDesc)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.java import UriSyntaxError, parse_uri, split
from simulators.cloudstack.state import LocalStorPool
from simulators.cloudstack.versions import Release

#: The releases of the driver that differ: the external ones, the one in CloudStack, and that with a URL scheme.
EXT0, EXT2019, EXT2020, IN_TREE, IN_TREE_URI = "ext0", "ext2019", "ext2020", "in_tree", "in_tree_uri"

#: The driver puts the whole stack trace into its text: an error text of many lines.
NO_CONFGET = """\
Could not execute storpool_confget. Error: java.io.IOException: Cannot run program "storpool_confget": error=2, No such \
file or directory
\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1143)
\tat java.base/java.lang.Runtime.exec(Runtime.java:594)
\tat com.cloud.storage.StorageManagerImpl.createPool(StorageManagerImpl.java:845)
Caused by: java.io.IOException: error=2, No such file or directory
\t... 72 more
"""
BAD_SCHEME = (
    "The scheme is invalid. The URL should be with a format "
    "storpool://{SP_AUTH_TOKEN}@{SP_API_HTTP}:{SP_API_HTTP_PORT}/{SP_TEMPLATE}"
)


@dataclass(frozen=True)
class Connection:
    """Where a StorPool API is and which template to use; a part that the URL did not give is None."""

    host_port: str | None
    token: str | None
    template: str | None


def driver_of(release: Release, switches: Mapping[str, Any]) -> str:
    """Which driver a management server of this release has."""
    if release.has("storpool_in_tree"):
        return IN_TREE_URI if release.has("storpool_url_scheme") else IN_TREE
    if switches["storpool_plugin"] != "auto":
        return switches["storpool_plugin"]
    return EXT2020 if release.at_least("4.11") else EXT0


def parse(url: str, driver: str, local: LocalStorPool) -> Connection:
    """The connection that a URL stands for; raises DriverError with the driver's text.

    `local` is StorPool's own configuration on the management server, asked when the URL is a template's name only.
    """
    if driver == EXT0:
        return _configured(url, local)
    if driver == IN_TREE_URI:
        try:
            return _from_uri(url)
        except UriSyntaxError:
            # An underscore is illegal in a scheme, so "SP_API_HTTP=host:port;..." comes here and is read below.
            pass
    pieces = split(url, ";")
    if len(pieces) == 1 and "=" not in pieces[0]:
        return _configured(url, local)
    return _from_pairs(pieces)


def _from_uri(url: str) -> Connection:
    uri = parse_uri(url)
    if (uri.scheme or "").lower() != "storpool":
        raise DriverError(BAD_SCHEME)
    if uri.path is None:
        raise DriverError("null")
    host = "null" if uri.host is None else uri.host
    return Connection(f"{host}:{uri.port}", uri.user_info, uri.path.replace("/", ""))


def _from_pairs(pieces: list[str]) -> Connection:
    values: dict[str, str] = {}
    for piece in pieces:
        tokens = split(piece, "=")
        if len(tokens) == 2:
            values[tokens[0]] = tokens[1]
    return Connection(values.get("SP_API_HTTP"), values.get("SP_AUTH_TOKEN"), values.get("SP_TEMPLATE"))


def _configured(template: str, local: LocalStorPool) -> Connection:
    if local == LocalStorPool():
        raise DriverError(NO_CONFGET)
    for value, name in ((local.host, "HTTP_HOST"), (local.port, "HTTP_PORT")):
        if value is None:
            raise DriverError(f"Invalid StorPool config. Missing SP_API_{name}")
    if local.token is None:
        raise DriverError("Invalid StorPool config. Missing SP_AUTH_TOKEN")
    return Connection(f"{local.host}:{local.port}", local.token, template)
