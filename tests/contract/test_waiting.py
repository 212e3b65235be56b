# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that never answer some call: a task that was told how long it may wait ends then, whatever the time-outs and retries of calls are.

The bounds are generous, since the machine may be busy; a task that does not heed its time takes from two minutes to forty.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from faults import runner
from simulators.client import Simulator, start, storpool_call

#: What a task is told. Where it does not come to the call that is never answered in that time, it is done again with more.
GIVEN = (1, 10, 60)
SECONDS = GIVEN[0]
#: What a task may take beyond its time: its last look, and a busy machine.
MORE = 60
TEMPLATE = {"name": "hybrid", "replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}
POOL = {"name": "sp", "zone": "zone1", "template": "hybrid", "capacity": "1TiB", "wait_timeout": SECONDS}
SERVER = {"name": "ms1", "wait_timeout": SECONDS}
IMAGE = {
    "name": "golden",
    "zone": "zone1",
    "url": "https://images.example.com/a.qcow2",
    "wait_timeout": SECONDS,
    "os_type": "Debian GNU/Linux 12 (64-bit)",
}
VOLUME = {"volume": "data", "dest": "/tmp/never-there.qcow2", "wait_timeout": SECONDS}  # noqa: S108

SNAPSHOT = {"volume": "data", "name": "nightly", "wait_timeout": SECONDS}
OF_VM = {"vm": "web", "name": "before", "wait_timeout": SECONDS}
BACK = {"volume": "data", "snapshot": "nightly", "wait_timeout": SECONDS}
VM_BACK = {"vm": "web", "snapshot": "before", "wait_timeout": SECONDS}


@pytest.fixture(scope="module")
def newest(storpool_process: Simulator) -> Iterator[Simulator]:
    """A CloudStack of 4.22 with two management servers."""
    with start("cloudstack", version="4.22.0", storpool_url=storpool_process.url) as simulator:
        yield simulator


def ended(simulator: Simulator, module: str, options: dict[str, Any]) -> tuple[runner.Ended, float]:
    """How a task ended whose calls may take very long each, and how many seconds it took."""
    connection = (
        {
            "sp_api_http_host": simulator.host,
            "sp_api_http_port": simulator.port,
            "sp_auth_token": simulator.args["token"],
        }
        if simulator.kind == "storpool"
        else {
            "api_url": f"{simulator.url}/client/api",
            "api_key": simulator.args["api_key"],
            "api_secret": simulator.args["secret_key"],
        }
    )
    begun = time.monotonic()
    return runner.run(module, {**connection, **options}), time.monotonic() - begun


def ended_at(
    simulator: Simulator, module: str, options: dict[str, Any], fault: dict[str, Any]
) -> tuple[runner.Ended, float, int]:
    """The same of one that came to the call with the fault, and the seconds that it was told to wait."""
    for told in GIVEN:
        simulator.clear_journal()
        simulator.fault({**fault, "times": None})
        task, seconds = ended(simulator, module, {**options, "wait_timeout": told})
        entries = simulator.journal()["entries"]
        if any(entry["outcome"] in ("pending", f"fault:{fault['kind']}") for entry in entries):
            return task, seconds, told
        simulator.clear_faults()
    raise AssertionError(f"it did not come to {fault['call']}: {task.result}")


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
@pytest.mark.parametrize(
    ("module", "options", "call"),
    [
        ("cloudstack_management_server", {**SERVER, "state": "drained"}, "prepareForShutdown"),
        ("cloudstack_management_server", {**SERVER, "state": "drained"}, "readyForShutdown"),
        ("cloudstack_management_server", {**SERVER, "state": "drained"}, "*"),
        ("cloudstack_management_server", {**SERVER, "state": "up"}, "*"),
        ("cloudstack_host_info", {"wait": True, "wait_timeout": SECONDS, "wait_stable": 0}, "*"),
        ("cloudstack_host_info", {"wait": True, "wait_timeout": SECONDS, "wait_stable": 0}, "listStoragePools"),
        ("cloudstack_disk_offering", {"name": "x", "disk_size": "1GiB", "wait_timeout": SECONDS}, "createDiskOffering"),
        ("cloudstack_template", IMAGE, "registerTemplate"),
        ("cloudstack_template", IMAGE, "listTemplates"),
        ("cloudstack_volume_download", VOLUME, "listVolumes"),
        ("cloudstack_volume_snapshot", SNAPSHOT, "listVolumes"),
        ("cloudstack_vm_snapshot", OF_VM, "listVirtualMachines"),
        ("cloudstack_volume_revert", BACK, "*"),
        ("cloudstack_vm_revert", VM_BACK, "*"),
        ("cloudstack_storpool_pool", POOL, "createStoragePool"),
        ("cloudstack_storpool_pool", POOL, "listStorageProviders"),
    ],
)
def test_a_cloudstack_that_never_answers_does_not_hold_a_task(
    cloudstack: Simulator, storpool: Simulator, module: str, options: dict[str, Any], call: str, kind: str
) -> None:
    assert storpool_call(storpool, "VolumeTemplateCreate", TEMPLATE).ok
    if module == "cloudstack_storpool_pool":
        place = {"sp_api_http_host": storpool.host, "sp_api_http_port": storpool.port}
        options = {**options, **place, "sp_auth_token": storpool.args["token"]}
    task, seconds, told = ended_at(cloudstack, module, options, {"call": call, "kind": kind})
    assert seconds < told + MORE
    assert not task.escaped
    assert task.failed or kind == "hang_after", task.result


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
def test_maintenance_that_is_never_answered(newest: Simulator, kind: str) -> None:
    newest.reset()
    task, _seconds = ended(newest, "cloudstack_configuration", {"name": "host", "value": "10.1.0.1,10.1.0.2"})
    assert not task.failed, task.result
    drained = {**SERVER, "state": "drained"}
    fault = {"call": "prepareForMaintenance", "kind": kind}
    task, seconds, told = ended_at(newest, "cloudstack_management_server", drained, fault)
    assert seconds < told + MORE
    sent = [entry for entry in newest.journal()["entries"] if entry["call"] == "prepareForMaintenance"]
    assert len(sent) == 1
    if kind == "hang_before":
        assert f"There is no time left to try again: {told} s (wait_timeout)." in task.result["msg"]
    else:
        assert not task.failed or "wait_timeout) were not enough" in task.result["msg"], task.result


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
def test_clients_that_never_come_up_are_waited_for_once(storpool: Simulator, kind: str) -> None:
    assert storpool_call(storpool, "VolumeTemplateCreate", TEMPLATE).ok
    assert storpool_call(storpool, "VolumeCreate", {"name": "v", "size": 1 << 30, "template": "hybrid"}).ok
    storpool.fault({"call": "VolumesReassignWait", "kind": kind, "times": None})
    options = {"volume": "v", "clients": ["1"], "attach_timeout": 1, "sp_api_timeout": 1, "wait": False}
    task, seconds = ended(storpool, "storpool_attach", options)
    sent = [entry for entry in storpool.journal()["entries"] if entry["call"] == "VolumesReassignWait"]
    assert (len(sent), task.failed) == (1, kind == "hang_before"), task.result
    assert seconds < 2 + MORE
