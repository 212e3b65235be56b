# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A StorPool management service: the HTTP API of a cluster, with a model of the cluster behind it.

``state`` holds the data; ``volumes``, ``snapshots``, ``attachments``, ``templates``, ``groups``, ``disks``,
``services``, ``relocation``, ``remote``, ``locations`` and ``kv`` the calls, each declared with its fields beside its
code; ``dispatch`` runs a call on the state with no I/O and no clock; ``server`` is the HTTP side.
"""

from __future__ import annotations
