# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that imports what is not there. Only for tests."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.not_yet import main

DOCUMENTATION = """
module: storpool_newer
short_description: Needs a utility that there is not
description: [Needs a utility that there is not.]
options: {}
author: [storpool]
"""

if __name__ == "__main__":
    main()
