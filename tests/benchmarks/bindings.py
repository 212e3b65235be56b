# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bulk module is measured against: a script on StorPool's own Python bindings that creates volumes one after another.

``bindings.py HOST PORT TOKEN COUNT`` creates the volumes ``v-00001`` and so on.
"""

from __future__ import annotations

import sys

from storpool import spapi


def main() -> None:
    host, port, token, count = sys.argv[1:]
    api = spapi.Api(host=host, port=int(port), auth=token)
    for number in range(1, int(count) + 1):
        api.volumeCreate(
            {"name": f"v-{number:05}", "size": 1073741824, "template": "hybrid", "tags": {"owner": "bench"}}
        )


if __name__ == "__main__":
    main()
