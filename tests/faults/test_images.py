# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call of every state of storpool_image, hurt in every way; and then what else a run can die of. The bytes are looked at each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.conftest import TOKEN
from faults.matrix import rows
from faults.record import keep
from faults.storpool_images import STATES, Images


@pytest.mark.parametrize("state", STATES)
def test_every_call_hurt_in_every_way(state: str, tmp_path: Path) -> None:
    images = Images(tmp_path)
    with images.world(TOKEN) as world:
        scenario = images.scenario(state)
        found = list(rows(world, scenario))
    keep(str(scenario), found)
    assert found
    lost = [f"{row.call}, {row.fault}: {row.outcome}" for row in found if row.lost]
    assert not lost, f"{len(lost)} of {len(found)} cases lost\n" + "\n".join(lost)
    assert images.left() == []
