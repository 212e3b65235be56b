# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulators of the two APIs that the collection talks to, for demonstrations and tests with no cluster.

``python -m simulators.storpool`` and ``python -m simulators.cloudstack`` start a server each;
:mod:`simulators.client` starts and steers one from Python. The README beside this file has the switches.
"""

from __future__ import annotations
