# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an inventory gets at CloudStack, and how it says that it cannot: in one sentence, without a secret, as modules do."""

from __future__ import annotations

import hashlib
import typing as t

from ansible.module_utils.basic import AnsibleFallbackNotFound, missing_required_lib

from ..._common import plain
from ..._common.errors import Failure, InvalidOption, NotConfigured
from ..._common.given import mistakes, refuse_empty
from ..._common.secrets import Secrets
from ..._common.words import listing
from ..cloud.reader import Reader
from ..connection import api as http
from ..connection import library
from ..connection.config import Endpoint, endpoint, read_files
from ..connection.options import not_env_fallback
from . import hosts

_CONDITIONS = ("zone", "cluster")


class Source:
    """The cloud that the options of an inventory describe. Raises :class:`NotConfigured` and :class:`InvalidOption`."""

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        for option in _CONDITIONS:
            refuse_empty(params[option], option)
        for option in ("state", "resource_state", "management_servers"):
            for number, value in enumerate(params[option] or ()):
                refuse_empty(value, f"{option}[{number}]")
        if http.CS_IMPORT_ERROR:
            raise NotConfigured(missing_required_lib("cs"))
        too_old = library.problem(http.CloudStack)  # type: ignore[attr-defined]  # the one that it uses
        if too_old:
            raise NotConfigured(too_old)
        self._params = params
        self._place: Endpoint = endpoint(
            dict(params, validate_certs=_is_to_verify(params["validate_certs"])), read_files
        )
        self._secrets = Secrets([self._place.key, self._place.secret])

    @property
    def name(self) -> str:
        """What tells what is read here from what others read, without saying it."""
        text = f"{self._place.url} {bool(self._params['pools'])}"
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]

    def read(self) -> hosts.Found:
        """What there is (:func:`.hosts.read`), as plain text without the keys, so that it can be kept."""
        found = hosts.read(Reader(http.Api(self._place)), bool(self._params["pools"]))
        return t.cast(hosts.Found, plain.everything(found, lambda text: self._secrets.hide(plain.text(text))))

    def entries(self, found: hosts.Found, clients: t.Mapping[str, int]) -> t.Tuple[t.List[hosts.Entry], t.List[str]]:
        """The machines that are asked for, and sentences about what could not be told (:func:`.hosts.entries`)."""
        return hosts.entries(found, self._params, clients, self._place.url)


def refuse_unknown(given: t.Mapping[str, t.Any], options: t.Iterable[str]) -> None:
    """Raise :class:`InvalidOption` for what is given and no option: Ansible passes it over, and a condition that is misspelt would be none."""
    told = mistakes(given, {"argument_spec": {option: {"type": "raw"} for option in options}})
    if told:
        raise InvalidOption(listing(told))


def sentence(failure: Failure) -> str:
    """What a failure says, in one line."""
    return str(failure.result()["msg"])


def _is_to_verify(given: t.Optional[bool]) -> bool:
    if given is not None:
        return given
    try:
        return not_env_fallback("CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY")
    except AnsibleFallbackNotFound:
        return True
