# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulators for the fault matrix: one process of each for a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from faults.worlds import CloudStack, StorPool
from simulators.client import start

TOKEN = "1618033988749894848"


def pytest_configure() -> None:
    """A worker and its simulators stay on one processor: they wait for each other all the time, and to wake somebody up on another one takes far longer."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    processors = sorted(os.sched_getaffinity(0))
    if worker:
        os.sched_setaffinity(0, {processors[int(worker.removeprefix("gw")) % len(processors)]})


@pytest.fixture(autouse=True)
def nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """No variable of the caller's tells a module where an API is, or which client it runs on."""
    for name in ("SP_API_HTTP_HOST", "SP_API_HTTP_PORT", "SP_AUTH_TOKEN", "SP_OURID", "CLOUDSTACK_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def storpool() -> Iterator[StorPool]:
    """A StorPool cluster."""
    with start("storpool", token=TOKEN) as simulator:
        yield StorPool(simulator)


@pytest.fixture(scope="session")
def cloudstack(storpool: StorPool) -> Iterator[CloudStack]:
    """A cloud in front of that cluster, with one host: each is asked about with a call of its own."""
    yield from _cloud(storpool, hosts=1)


@pytest.fixture
def two_hosts(storpool: StorPool) -> Iterator[CloudStack]:
    """A cloud in which a VM can go to another host."""
    yield from _cloud(storpool, hosts=2)


def _cloud(storpool: StorPool, hosts: int) -> Iterator[CloudStack]:
    where = {"storpool_url": storpool.simulator.url, "storpool_token": TOKEN}
    with start("cloudstack", version="4.19.1", hosts=hosts, **where) as simulator:
        yield CloudStack(simulator, storpool)
