# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that imports a library that is not there. Only for tests."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from no_such_library import main

DOCUMENTATION = """
module: storpool_lacking
short_description: Needs a library that there is not
description: [Needs a library that there is not.]
options: {}
author: [storpool]
"""

if __name__ == "__main__":
    main(AnsibleModule({}))
