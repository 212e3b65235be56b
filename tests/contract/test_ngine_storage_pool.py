# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ngine_io.cloudstack's storage pool module, through ansible-playbook, against both simulators.

It works, and it has the known defects of a module that knows nothing of StorPool. They are asserted here: that they
show proves the simulator, and they are the reasons for a module of our own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ansible
import pytest

from simulators.client import Simulator, start, storpool_call

COLLECTIONS = Path(ansible.__file__).parent.parent
MODULES = COLLECTIONS / "ansible_collections/ngine_io/cloudstack/plugins/modules"
#: The module lost its prefix in version 3 of the collection.
MODULE = "storage_pool" if (MODULES / "storage_pool.py").exists() else "cs_storage_pool"
RUN_SECONDS = 300
CAPACITY = 100 << 40


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[list[dict[str, Any]], str]]:
    """Runs the module once for each set of options, one task after another; the results, and all that was printed."""

    def play(simulator: Simulator, *steps: dict[str, Any], failing: bool = False) -> tuple[list[dict[str, Any]], str]:
        common = {
            "api_url": f"{simulator.url}/client/api",
            "api_key": simulator.args["api_key"],
            "api_secret": simulator.args["secret_key"],
            "name": "sp-ssd",
            "zone": "zone1",
        }
        tasks = [{f"ngine_io.cloudstack.{MODULE}": {**common, **step}} for step in steps]
        book = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        path = tmp_path / "play.json"
        path.write_text(json.dumps(book))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        }
        program = str(Path(sys.executable).parent / "ansible-playbook")
        done = subprocess.run(
            [program, str(path)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert (done.returncode == 0) is not failing, done.stdout + done.stderr
        report = json.loads(done.stdout[done.stdout.index("{") :])
        results = [task["hosts"]["localhost"] for task in report["plays"][0]["tasks"]]
        return results, done.stdout + done.stderr

    return play


@pytest.fixture
def template(storpool: Simulator) -> Simulator:
    """The StorPool simulator with a template to register."""
    body = {"name": "ssd", "replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "ssd"}
    assert storpool_call(storpool, "VolumeTemplateCreate", body).ok
    return storpool


@pytest.fixture
def newest(storpool: Simulator) -> Iterator[Simulator]:
    """A CloudStack that shows `capacitybytes`."""
    with start("cloudstack", version="4.22") as simulator:
        yield simulator


def wanted(storpool: Simulator, **changes: Any) -> dict[str, Any]:
    """The options that register the template "ssd"."""
    return {
        "storage_url": f"storpool://{storpool.args['token']}@{storpool.host}:{storpool.port}/ssd",
        "scope": "zone",
        "hypervisor": "KVM",
        "provider": "StorPool",
        "capacity_bytes": CAPACITY,
        **changes,
    }


def writes(simulator: Simulator) -> list[str]:
    """The state-changing commands that arrived, in their order."""
    return [entry["call"] for entry in simulator.journal()["entries"] if entry["write"]]


def test_register_repeat_maintain_delete(run: Callable[..., Any], cloudstack: Simulator, template: Simulator) -> None:
    present = wanted(template)
    quiet = wanted(template, capacity_bytes=None)
    (created, repeated, disabled, enabled, maintained, absent, gone), printed = run(
        cloudstack,
        present,
        present,
        {**quiet, "allocation_state": "disabled"},
        {**quiet, "allocation_state": "enabled"},
        {**quiet, "allocation_state": "maintenance"},
        {"state": "absent"},
        {"state": "absent"},
    )
    assert created["changed"]
    assert (created["id"].split(";")[0], created["scope"], created["allocation_state"]) == ("ssd", "zone", "enabled")
    # before 4.22 a pool does not show the capacity that was asked for: every run is a change, and sends an update
    assert repeated["changed"]
    assert repeated["id"] == created["id"]
    assert (disabled["allocation_state"], enabled["allocation_state"]) == ("disabled", "enabled")
    assert maintained["allocation_state"] == "maintenance"
    assert (absent["changed"], gone["changed"]) == (True, False)
    assert writes(cloudstack) == [
        "createStoragePool",
        "updateStoragePool",
        "updateStoragePool",
        "updateStoragePool",
        "enableStorageMaintenance",
        "deleteStoragePool",
    ]
    assert storpool_call(template, "VolumesList").json()["data"] == []
    # the URL of the result is put together from what is not part of it, and the real one with its token is printed
    assert created["storage_url"] == "StorPool://n/a//dev/storpool-byid/"
    assert present["storage_url"] in printed
    assert created["api_key"] == cloudstack.args["api_key"]


def test_maintenance_with_a_capacity_fails_before_4_22(
    run: Callable[..., Any], cloudstack: Simulator, template: Simulator
) -> None:
    """The update it believes to be needed carries enabled=true, which the server refuses for a pool that is Up."""
    steps = wanted(template), wanted(template, allocation_state="maintenance")
    (_created, failed), _printed = run(cloudstack, *steps, failing=True)
    assert "cannot be enabled. Storage pool state : Up" in failed["msg"]
    assert "enableStorageMaintenance" not in writes(cloudstack)


def test_from_4_22_on_a_repeat_is_no_change_until_the_capacity_drifts(
    run: Callable[..., Any], newest: Simulator, template: Simulator
) -> None:
    (created, repeated), _printed = run(newest, wanted(template), wanted(template))
    assert (created["changed"], repeated["changed"]) == (True, False)
    assert writes(newest) == ["createStoragePool"]
    assert newest.admin("POST", "stats") == {"changed": 1}
    (drifted,), _printed = run(newest, wanted(template))
    assert drifted["changed"]


def test_tags_come_late_and_the_token_goes_through_the_access_log(
    run: Callable[..., Any], cloudstack: Simulator, template: Simulator
) -> None:
    tagged = wanted(template, storage_tags=["gold"])
    (created, repeated), _printed = run(cloudstack, tagged, tagged)
    assert (created["storage_tags"], repeated["storage_tags"]) == (["sp-ssd"], ["gold"])
    creation = next(entry for entry in cloudstack.journal()["entries"] if entry["call"] == "createStoragePool")
    assert creation["method"] == "GET"
    assert "url=" in creation["path"]


def test_absent_stops_running_vms_without_a_word(
    run: Callable[..., Any], cloudstack: Simulator, template: Simulator
) -> None:
    run(cloudstack, wanted(template))
    cloudstack.admin("POST", "objects", {"pool": "sp-ssd", "vms": 1})
    (failed,), _printed = run(cloudstack, {"state": "absent"}, failing=True)
    assert "as there are associated volumes for this pool" in failed["msg"]
    assert [vm["state"] for vm in cloudstack.state()["vms"]] == ["Stopped"]


def test_the_providers_name_is_not_corrected(
    run: Callable[..., Any], cloudstack: Simulator, template: Simulator
) -> None:
    (failed,), _printed = run(cloudstack, wanted(template, provider="storpool"), failing=True)
    assert "Unable to figure out the scheme for URL" in failed["msg"]
    assert template.journal()["calls"] == 1  # the creation of the template: StorPool was never asked
