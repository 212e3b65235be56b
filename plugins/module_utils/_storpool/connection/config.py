# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the StorPool API is and with which token: option, then environment, then StorPool's configuration files (:mod:`.conf_files`)."""

from __future__ import annotations

import platform
import typing as t

from ..._common import address
from ..._common.errors import InvalidOption, NotConfigured
from ..._common.given import refuse_empty
from ..._common.seconds import seconds
from . import conf_files

ROOT = "/"
#: Option -> the name of the same thing in the environment and in StorPool's files.
VARIABLES = {
    "sp_api_http_host": "SP_API_HTTP_HOST",
    "sp_api_http_port": "SP_API_HTTP_PORT",
    "sp_auth_token": "SP_AUTH_TOKEN",
}
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 81


class Endpoint(t.NamedTuple):
    """The address of a StorPool management API, the token for it, and how patient to be with it. ``told_by`` is where the token is from.

    ``cluster`` is the one among the clusters that this one knows in which calls are done, a name or ``~id``; ``multicluster`` is whether objects are looked
    for in all of them.
    """

    host: str
    port: int
    token: str
    timeout: float
    retries: int
    told_by: str = "sp_auth_token"
    cluster: t.Optional[str] = None
    multicluster: bool = False

    @property
    def address(self) -> str:
        """``HOST:PORT``, an IPv6 address in brackets."""
        return address.joined(self.host, self.port)


def read_files(reach: conf_files.Reach = str, section: t.Optional[str] = None) -> conf_files.Variables:
    """The variables of StorPool's configuration files, as a host of the name ``section`` sees them (default: this host's name).

    ``reach`` leads to the files of another root. Raises as :func:`.conf_files.read` does.
    """
    return conf_files.read(section or platform.node(), reach)


def endpoint(params: t.Mapping[str, t.Any], files: t.Callable[[], t.Mapping[str, str]] = read_files) -> Endpoint:
    """The endpoint that the connection options describe; ``files`` is asked only for what they leave open.

    Raises :class:`NotConfigured` without a token, :class:`InvalidOption` for an address, a token or a time-out that cannot be one; where a file or the
    environment gives it, the sentence says so.
    """
    given = {option: params.get(option) for option in VARIABLES}
    sources = {option: address.source(option, VARIABLES[option], value) for option, value in given.items()}
    if not all(given.values()):
        values = files()
        for option, variable in VARIABLES.items():
            if not given[option] and values.get(variable):
                given[option], sources[option] = values[variable], conf_files.place(values, variable)
    if not given["sp_auth_token"]:
        raise NotConfigured(
            "There is no StorPool API token: set the option sp_auth_token, the environment variable SP_AUTH_TOKEN, or SP_AUTH_TOKEN in "
            "/etc/storpool.conf on the host that runs the task."
        )
    return Endpoint(
        address.host(str(given["sp_api_http_host"] or DEFAULT_HOST), sources["sp_api_http_host"]),
        address.port(given["sp_api_http_port"] or DEFAULT_PORT, sources["sp_api_http_port"]),
        address.token(str(given["sp_auth_token"]), sources["sp_auth_token"]),
        seconds(params["sp_api_timeout"], "sp_api_timeout"),
        _retries(params["sp_api_retries"]),
        sources["sp_auth_token"],
        _cluster(params),
        bool(params.get("sp_multicluster")),
    )


def _cluster(params: t.Mapping[str, t.Any]) -> t.Optional[str]:
    wanted: t.Optional[str] = params.get("sp_cluster")
    refuse_empty(wanted, "sp_cluster")
    if wanted is not None and params.get("sp_multicluster"):
        raise InvalidOption(
            "sp_cluster says in which cluster everything is done, sp_multicluster that objects are looked for in all of them, and StorPool cannot do both at "
            "once: set one of them."
        )
    return wanted


def _retries(retries: int) -> int:
    if not 0 <= retries <= 100:
        raise InvalidOption(f"sp_api_retries is {retries}: give a number from 0 to 100.")
    return retries
