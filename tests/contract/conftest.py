# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulators for the contract tests: one process of each for a worker, reset before every test that uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators.client import Simulator, start

TOKEN = "1556129910218014736"


@pytest.fixture(scope="session")
def storpool_process() -> Iterator[Simulator]:
    """A StorPool simulator for the whole session: cluster abc.b, clients 1, 2 and 3, 9 disks on 3 servers."""
    with start("storpool", token=TOKEN, cluster_id="abc.b", clients="1,2,3", disks=9) as simulator:
        yield simulator


@pytest.fixture
def storpool(storpool_process: Simulator) -> Simulator:
    """The StorPool simulator, as at its start."""
    storpool_process.reset()
    return storpool_process


@pytest.fixture(scope="session")
def cloudstack_process(storpool_process: Simulator) -> Iterator[Simulator]:
    """A CloudStack 4.19.1 simulator for the whole session, which asks the StorPool one about templates."""
    with start("cloudstack", version="4.19.1", storpool_url=storpool_process.url, storpool_token=TOKEN) as simulator:
        yield simulator


@pytest.fixture
def cloudstack(cloudstack_process: Simulator, storpool: Simulator) -> Simulator:
    """The CloudStack simulator, as at its start."""
    cloudstack_process.reset()
    return cloudstack_process
