# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module runs that changes files on a host: options in, a result or one sentence out."""

from __future__ import annotations

import typing as t

from .._common import secret_urls
from .._common.module import Module
from .._common.plan import Managed, Step
from .._common.run import finish, manage


class HostModule(Module):
    """A module whose options may hold URLs. Of one with a password or a token in it, Ansible neither logs nor returns that part.

    ``shows`` has functions that make what is shown of an option, for options that are more than URLs. They are the ones that the module gets to see: it
    has no use for a secret, and refuses what had one.
    """

    shows: t.Mapping[str, t.Callable[[t.Any], t.Any]] = {}

    def __init__(self, spec: t.Mapping[str, t.Any]) -> None:
        super().__init__(spec, self._without_secrets)

    def _without_secrets(self, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        return {name: self.shows.get(name, _hidden)(value) if value else value for name, value in params.items()}


def _hidden(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return secret_urls.redacted(value)
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    if isinstance(value, dict):
        return {name: _hidden(each) for name, each in value.items()}
    return value


def run_managed(kind: Managed, apply: t.Callable[[Step], None]) -> None:
    """The body of a module that manages one thing on a host. Nothing is tried twice: what fails on a host fails again."""
    module = HostModule(kind.spec)
    manage(module, kind, lambda: (None, apply, 0))


def run_info(spec: t.Mapping[str, t.Any], read: t.Callable[[t.Mapping[str, t.Any]], t.Mapping[str, t.Any]]) -> None:
    """The body of a module that only reads; ``read`` gets the options and returns the result without ``changed``."""
    module = HostModule(spec)
    finish(module, lambda: dict(read(module.params), changed=False))
