# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy through which CloudStack's API is reached, if the environment of the task names one (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY)."""

from __future__ import annotations

import os
import typing as t
from urllib.parse import urlsplit

try:
    from requests.utils import get_environ_proxies, select_proxy
except ImportError:
    get_environ_proxies = select_proxy = None  # type: ignore[assignment]


class Proxy(t.NamedTuple):
    """A proxy: where it is, without user and password, and what names it."""

    address: str
    variable: str

    def __str__(self) -> str:
        return f"the proxy {self.address}, which {self.variable} names"


def of_environment(url: str) -> t.Dict[str, str]:
    """The proxies for an address, as ``requests`` takes them; none if the environment excepts it (NO_PROXY)."""
    return dict(get_environ_proxies(url))


def used_for(url: str) -> t.Optional[Proxy]:
    """The proxy for an address; ``None`` if it is reached directly."""
    try:
        chosen, scheme = select_proxy(url, of_environment(url)), urlsplit(url).scheme
    except ValueError:
        return None  # an address that is none
    if not chosen:
        return None
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    variable = next((name for name in names if os.environ.get(name) == chosen), None)
    return Proxy(_address(chosen), f"{variable} in the environment" if variable else "the system's settings")


def _address(proxy: str) -> str:
    """Scheme, host and port of a proxy: what is before an ``@`` is secret, and what cannot be read is not shown."""
    try:
        parts = urlsplit(proxy if "://" in proxy else "http://" + proxy)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or "@" in host:
        return "with an address that is none"
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}" + (f":{port}" if port else "")


def in_the_way(proxy: t.Optional[Proxy], where: str, why: str) -> str:
    """What to say when a call came no further than to the proxy."""
    variable = proxy.variable if proxy else "the environment"
    return (
        f"{where} is reached through {proxy or 'a proxy'}, and that did not let the call through ({why}). Nothing was sent to CloudStack. Correct what "
        f"{variable} says, or put the host of api_url into no_proxy if it can be reached directly."
    )
