# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module runs that changes files on a host: options in, a result or one sentence out."""

from __future__ import annotations

import typing as t

from .._common.numbers import Module
from .._common.plan import Managed, Step
from .._common.run import finish, manage


def run_managed(kind: Managed, apply: t.Callable[[Step], None]) -> None:
    """The body of a module that manages one thing on a host. Nothing is tried twice: what fails on a host fails again."""
    module = Module(**kind.spec, supports_check_mode=True)
    manage(module, kind, lambda: (None, apply, 0))


def run_info(spec: t.Mapping[str, t.Any], read: t.Callable[[t.Mapping[str, t.Any]], t.Mapping[str, t.Any]]) -> None:
    """The body of a module that only reads; ``read`` gets the options and returns the result without ``changed``."""
    module = Module(**spec, supports_check_mode=True)
    finish(module, lambda: dict(read(module.params), changed=False))
