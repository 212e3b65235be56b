# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the place of the library of the same name, where it is not installed."""

from __future__ import annotations

raise ModuleNotFoundError("No module named " + repr(__name__), name=__name__)
