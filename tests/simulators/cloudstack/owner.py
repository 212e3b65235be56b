# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What most objects have in common: the account of the root administrator, and the usual guest system."""

from __future__ import annotations

ACCOUNT = "admin"
ACCOUNT_ID = "0a3f0d8c-3a55-11ee-9c12-1e00a5000001"
USER_ID = "0a3f2f6e-3a55-11ee-9c12-1e00a5000002"
DOMAIN_ID = "0a3f1a54-3a55-11ee-9c12-1e00a5000003"
#: The members of everything that belongs to that account.
OWNER = {"account": ACCOUNT, "domainid": DOMAIN_ID, "domain": "ROOT", "domainpath": "ROOT"}
#: The guest system of a template of which nothing else is said.
OS_TYPE, OS_NAME = "3c5a0d9a-3a55-11ee-9c12-1e00a5000009", "Debian GNU/Linux 12 (64-bit)"
