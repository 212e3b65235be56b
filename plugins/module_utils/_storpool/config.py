# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the StorPool API is and with which token: option, then environment, then StorPool's configuration files.

The files are read as StorPool's own Python client reads them (PyPI ``storpool``, ``spconfig``): ``/etc/storpool.conf``, then each
``/etc/storpool.conf.d/*.conf`` in the order of their names; in each file first the variables above all sections, then those of the section that is
named like this host. The later value wins.
"""

from __future__ import annotations

import platform
import typing as t

from .._common.errors import InvalidOption, NotConfigured
from . import conf_files

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


def read_files(reach: conf_files.Reach = str, section: t.Optional[str] = None) -> conf_files.Variables:
    """The variables of StorPool's configuration files, as a host of the name ``section`` sees them (default: this host's name).

    ``reach`` leads to the files of another root. Raises as :func:`.conf_files.read` does.
    """
    return conf_files.read(section or platform.node(), reach)


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
