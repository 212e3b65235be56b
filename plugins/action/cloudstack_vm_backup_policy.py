# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of the module of the same name."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.plugin_utils._direct import ActionModule, prepare

__all__ = ["ActionModule"]

prepare(__name__)
