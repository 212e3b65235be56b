# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the StorPool API is and with which token: option, then environment, then StorPool's configuration files.

The files are read as StorPool's own Python client reads them (PyPI ``storpool``, ``spconfig``): ``/etc/storpool.conf``, then each
``/etc/storpool.conf.d/*.conf`` in the order of their names; in each file first the variables above all sections, then those of the section that is
named like this host. The later value wins.
"""

from __future__ import annotations

import os
import platform
import typing as t

from .._common.errors import InvalidOption, NotConfigured

ROOT = "/"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 81


class Endpoint(t.NamedTuple):
    """The address of a StorPool management API, the token for it, and how patient to be with it."""

    host: str
    port: int
    token: str
    timeout: float
    retries: int

    @property
    def address(self) -> str:
        """``HOST:PORT``, an IPv6 address in brackets."""
        return "{0}:{1}".format(f"[{self.host}]" if ":" in self.host else self.host, self.port)


def read_files(root: str = ROOT, section: t.Optional[str] = None) -> t.Dict[str, str]:
    """The variables of StorPool's configuration files below ``root``, as this host sees them.

    ``section`` is the name of the host section (default: this host's name). Files that are not there count as empty.
    Raises :class:`NotConfigured` if a file is there and cannot be read.
    """
    wanted = section or platform.node()
    values: t.Dict[str, str] = {}
    for path in file_paths(root):
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise NotConfigured(
                f"StorPool's configuration file {path} cannot be read: {error}. Give sp_api_http_host, sp_api_http_port and sp_auth_token as "
                "options or in the environment, or run the task as a user who may read it."
            ) from error
        sections = _parse(text)
        for name in ("", wanted):
            values.update(sections.get(name, {}))
    return values


def file_paths(root: str = ROOT) -> t.List[str]:
    """StorPool's configuration files that there are below ``root``, in the order in which they are read."""
    directory = os.path.join(root, "etc/storpool.conf.d")
    extra = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    paths = [os.path.join(root, "etc/storpool.conf")]
    paths += [os.path.join(directory, name) for name in extra if name.endswith(".conf") and not name.startswith(".")]
    return [path for path in paths if os.path.isfile(path)]


def endpoint(params: t.Mapping[str, t.Any], files: t.Callable[[], t.Mapping[str, str]] = read_files) -> Endpoint:
    """The endpoint that the connection options describe; ``files`` is asked only for what they leave open.

    Raises :class:`NotConfigured` without a token, :class:`InvalidOption` for a port or a time-out that cannot be one.
    """
    host, port, token = params.get("sp_api_http_host"), params.get("sp_api_http_port"), params.get("sp_auth_token")
    if not (host and port and token):
        values = files()
        host = host or values.get("SP_API_HTTP_HOST") or DEFAULT_HOST
        port = port or values.get("SP_API_HTTP_PORT") or DEFAULT_PORT
        token = token or values.get("SP_AUTH_TOKEN")
    if not token:
        raise NotConfigured(
            "There is no StorPool API token: set the option sp_auth_token, the environment variable SP_AUTH_TOKEN, or SP_AUTH_TOKEN in "
            "/etc/storpool.conf on the host that runs the task."
        )
    return Endpoint(
        _host(str(host)),
        _port(port),
        _token(str(token)),
        _timeout(params["sp_api_timeout"]),
        _retries(params["sp_api_retries"]),
    )


def _parse(text: str) -> t.Dict[str, t.Dict[str, str]]:
    """``NAME=value`` lines and ``[section]`` headers, nothing else; the unnamed section is ``""``."""
    sections: t.Dict[str, t.Dict[str, str]] = {"": {}}
    current = sections[""]
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1].strip(), {})
        elif line and line[0] not in "#;" and "=" in line:
            name, value = line.split("=", 1)
            current[name.strip()] = value.strip()
    return sections


def _host(host: str) -> str:
    host = host.strip("[]")
    if "/" in host or "@" in host or not host.strip():
        raise InvalidOption(f"sp_api_http_host is {host!r}: give a host name or an address alone, no URL.")
    return host


def _port(port: t.Any) -> int:
    text = str(port).strip()
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise InvalidOption(
            f"The port of the StorPool API (sp_api_http_port) is {port!r}: give a number from 1 to 65535."
        )
    return int(text)


def _token(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidOption(
            "sp_auth_token holds a space or a character that cannot be sent in an HTTP header; check how it was read."
        )
    return token


def _timeout(seconds: float) -> float:
    if seconds <= 0:
        raise InvalidOption(f"sp_api_timeout is {seconds:g}: give a number of seconds above 0.")
    return float(seconds)


def _retries(retries: int) -> int:
    if not 0 <= retries <= 100:
        raise InvalidOption(f"sp_api_retries is {retries}: give a number from 0 to 100.")
    return retries
