# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CloudStack management server for tests: the HTTP API with its awkward parts and the StorPool driver's behaviour.

Which release it behaves like is chosen at start. It keeps everything in memory and asks a real StorPool API (usually
the StorPool simulator) whenever the driver of that release would.
"""
