# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How StorPool is asked about what CloudStack knows by the path of a device."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.other_half import reference


@pytest.mark.parametrize(
    ("path", "known_as"),
    [
        ("/dev/storpool-byid/sim.b.s7", "~sim.b.s7"),
        ("/dev/storpool/5e1c7b1e-8f3c-4cc0-b36e-7c9f0a9d5f60", "5e1c7b1e-8f3c-4cc0-b36e-7c9f0a9d5f60"),
        (None, None),
        ("", None),
        ("/dev/storpool-byid/", None),
        ("/dev/storpool-byid/sim.b.s7/..", None),
        ("c6cb9f6a-4a3c-4b39-9f5e-1c2d3e4f5a6b", None),  # a file of a pool on NFS
    ],
)
def test_a_path_says_what_storpool_calls_it(path, known_as):
    assert reference(path) == known_as
