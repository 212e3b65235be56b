# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``url`` of createStoragePool: how each version of the StorPool driver wants to be told template, address and token.

======================  ===========================================================  ==================================================
form                    looks like                                                   taken by
======================  ===========================================================  ==================================================
template                ``TEMPLATE``                                                 every driver before 4.19.1
pairs                   ``SP_API_HTTP=HOST:PORT;SP_AUTH_TOKEN=TOKEN;SP_TEMPLATE=T``  drivers since December 2019, in CloudStack since 4.17
uri                     ``storpool://TOKEN@HOST:PORT/TEMPLATE``                      CloudStack since 4.19.1
======================  ===========================================================  ==================================================

With the first form, the management server asks its own StorPool configuration for address and token. The driver splits the second at ``;`` and ``=``
and quotes nothing, and reads the third with java.net.URI, so neither can carry every token; what cannot be carried is refused here.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ..._common import address
from ..._common.errors import InvalidOption
from ..cloud import versions
from ..cloud.versions import Version

FORMS = ("auto", "template", "pairs", "uri")
DEFAULT_PORT = 81
_TEMPLATE = re.compile(r"[A-Za-z0-9_\-]{1,199}")
#: What java.net.URI lets stand for itself before the "@".
_URI_TOKEN = re.compile(r"[A-Za-z0-9_\-.!~'()*;:&=+$,]+")
#: A host name as java.net.URI wants it: no underscore, and a letter first in the last label. Another one gives an empty host.
_URI_NAME = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?")


class Place(t.NamedTuple):
    """Where the management server finds StorPool's API, and the token for it."""

    host: str
    port: int
    token: str

    @property
    def address(self) -> str:
        """``HOST:PORT``, an IPv6 address in brackets."""
        return address.joined(self.host, self.port)


def place(params: t.Mapping[str, t.Any]) -> t.Optional[Place]:
    """The place that the StorPool options describe; ``None`` if they give neither a host nor a token.

    Only the options and the environment count: what this host's configuration files say (127.0.0.1, often) need not be right for the management
    server. Raises :class:`InvalidOption` if one of the two is missing, or if one cannot be what it should.
    """
    host, port, token = params["sp_api_http_host"], params["sp_api_http_port"], params["sp_auth_token"]
    if not host and not token:
        return None
    if not host or not token:
        raise InvalidOption(
            "{0} is given and {1} is not: CloudStack needs both to reach StorPool. Give both, or set url_form to 'template' where the management server "
            "has a StorPool configuration of its own.".format(
                *(("sp_api_http_host", "sp_auth_token") if host else ("sp_auth_token", "sp_api_http_host"))
            )
        )
    return Place(
        address.host(str(host), address.source("sp_api_http_host", "SP_API_HTTP_HOST", host)),
        address.port(
            DEFAULT_PORT if port is None else port, address.source("sp_api_http_port", "SP_API_HTTP_PORT", port)
        ),
        address.token(str(token), address.source("sp_auth_token", "SP_AUTH_TOKEN", token)),
    )


def template_name(value: t.Optional[str]) -> t.Optional[str]:
    """The name of a StorPool template. Raises :class:`InvalidOption`."""
    if value is not None and (not _TEMPLATE.fullmatch(value) or value == "list"):
        raise InvalidOption(
            f"template: {value!r} cannot be the name of a StorPool template. StorPool allows letters, digits, '_' and '-', at most 199 characters."
        )
    return value


def form(version: Version, asked: str, where: t.Optional[Place]) -> str:
    """The form to use on this version of CloudStack. Raises :class:`InvalidOption` if there is none that fits."""
    if asked == "auto":
        return _automatic(version, where)
    if asked == "template" and version >= versions.URI_FORM:
        raise InvalidOption(
            f"url_form is 'template', which CloudStack {version} does not take any more: its StorPool driver wants the address and the token as well. Leave "
            "url_form out, and set sp_api_http_host and sp_auth_token."
        )
    if asked == "uri" and version < versions.URI_FORM:
        raise InvalidOption(
            f"url_form is 'uri', which CloudStack {version} does not know yet; the first that does is {versions.URI_FORM}. Leave url_form out."
        )
    return asked


def build(version: Version, asked: str, where: t.Optional[Place], template: str) -> str:
    """The ``url`` for a new pool. It holds the token. Raises :class:`InvalidOption` if no form can carry what it has to."""
    chosen = form(version, asked, where)
    if chosen == "template":
        if template.isdigit():
            raise InvalidOption(
                f"template is {template!r}, and CloudStack {version} would use it as the pool's id and then take it for a row number. Use a StorPool template "
                "whose name has a letter."
            )
        return template
    if where is None:
        raise InvalidOption(
            f"CloudStack {version} has to be told where StorPool's API is: set sp_api_http_host and sp_auth_token (or SP_API_HTTP_HOST and SP_AUTH_TOKEN)."
        )
    problem = _uri_problem(where) if chosen == "uri" else _pairs_problem(where)
    if problem:
        raise InvalidOption(problem)
    if chosen == "uri":
        return f"storpool://{where.token}@{where.address}/{template}"
    return f"SP_API_HTTP={where.address};SP_AUTH_TOKEN={where.token};SP_TEMPLATE={template}"


def _automatic(version: Version, where: t.Optional[Place]) -> str:
    if version < versions.PAIRS_FORM:
        return "template"
    if version < versions.URI_FORM:
        return "pairs" if where else "template"
    # The one that is documented, and the older one for what it cannot carry.
    return "pairs" if where and _uri_problem(where) and not _pairs_problem(where) else "uri"


def _pairs_problem(where: Place) -> t.Optional[str]:
    if ";" in where.token or "=" in where.token:
        return (
            "sp_auth_token holds ';' or '=', which the address of a pool cannot carry for this version of CloudStack: its StorPool driver would cut the token "
            "there. Use another token."
        )
    return None


def _uri_problem(where: Place) -> t.Optional[str]:
    if not _URI_TOKEN.fullmatch(where.token):
        return (
            "sp_auth_token holds a character that the address of a pool cannot carry; in the form that CloudStack 4.19.1 and newer want, those are letters, "
            "digits and _-.!~'()*;:&=+$, (or, without ';' and '=', any other). Use another token."
        )
    if not _is_address(where.host) and not _URI_NAME.fullmatch(where.host):
        return (
            f"sp_api_http_host is {where.host!r}, which CloudStack's StorPool driver cannot read in the form that this token needs: it wants a name without "
            "'_' whose last part begins with a letter. Use an IP address, or a token without ';' and '='."
        )
    return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
