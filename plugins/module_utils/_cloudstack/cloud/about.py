# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the management server that answers says of itself."""

from __future__ import annotations

import typing as t

from . import identity
from .reader import Reader

SPEC: t.Dict[str, t.Any] = {"argument_spec": {}}


def about(reader: Reader, _params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Its version, and whether it has loaded the StorPool driver."""
    return {
        "cloudstack": {
            "version": str(reader.version()),
            "storpool_driver": identity.PROVIDER in reader.providers(),
        }
    }
