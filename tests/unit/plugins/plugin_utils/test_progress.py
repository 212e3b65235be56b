# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line that says how far a task is: what is done, what failed, how fast it goes, and how long it will take."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.storpool.cloudstack.plugins.plugin_utils._progress import Pace


@pytest.mark.parametrize(
    ("seconds", "over", "failed", "total", "says"),
    [
        (10.0, 1200, 3, 2000, "storpool_objects: 1,197 of 2,000 done, 3 failed; 120 a second, about 7 s left"),
        (60.0, 2, 0, 122, "storpool_objects: 2 of 122 done; 2 a minute, about 60 min left"),
        (60.0, 1, 0, 601, "storpool_objects: 1 of 601 done; 1 a minute, about 10.0 h left"),
        (3.0, 0, 0, 50, "storpool_objects: 0 of 50 done"),
        (0.0, 1, 1, 2, "storpool_objects: 0 of 2 done, 1 failed; 1,000 a second, about 0 s left"),
    ],
)
def test_a_line_says_how_far_it_is(seconds, over, failed, total, says):
    times = iter([5.0, 5.0 + seconds])
    pace = Pace(SimpleNamespace(action="storpool.cloudstack.storpool_objects"), clock=lambda: next(times))
    assert pace.line(over, failed, total) == says
