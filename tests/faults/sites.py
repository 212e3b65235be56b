# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stories of two sites need beside playbooks: VMs whose disks have bytes, VolumeCare's work, and what disks hold, to the last byte.

``COMMAND ARGUMENT...``, each of which is a function here; the answer is JSON. What was written is noted in ``disks.json``, in the present directory.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from ansible.plugins.loader import init_plugin_loader

from faults import runner
from faults.child import Child
from faults.restoring import Restored, TwoSites
from lab import hosts, inventory, state
from simulators.client import Simulator
from tools.workspace import BUILD

POOL = "sp"
NOTES = Path("disks.json")
JOBS_SECONDS = 60


class Sites(Restored):
    """The cloud of the lab, and the StorPool clusters of its sites."""

    def __init__(self) -> None:
        here = state.load()
        storpool, cloudstack = (
            Simulator(each["kind"], None, each["host"], each["port"], each)  # type: ignore[arg-type]
            for each in (here.storpool, here.cloudstack)
        )
        super().__init__(cloudstack, TwoSites(storpool))
        if NOTES.exists():
            self.known = json.loads(NOTES.read_text(encoding="utf-8"))

    def wait_for_jobs(self) -> None:
        """Agents take their time."""
        end = time.monotonic() + JOBS_SECONDS
        while not all(job["jobstatus"] for job in self.admin("GET", "jobs")):
            assert time.monotonic() < end, "there is a job that does not end"
            time.sleep(0.02)

    def set_up(self, *wanted: str) -> dict[str, Any]:
        """VMs, each as NAME:DATA_DISKS, those with a "-" before the number stopped; all have written THEN to their disks; their ids."""
        split = [each.partition(":")[::2] for each in wanted]
        for name, count in split:
            self.add(pool=POOL, vms=1, name=name, running=False)
            data = [f"{name}-data-{number}" for number in range(1, abs(int(count)) + 1)]
            for each in data:
                self.add(pool=POOL, volumes=1, name=each)
            self.attach(name, *data)
        ids = {name: self.vm(name)["id"] for name, _count in split}
        self.do(*(("startVirtualMachine", {"id": ids[name]}) for name, count in split if not count.startswith("-")))
        assert {self.vm(name)["state"] for name, count in split if not count.startswith("-")} == {"Running"}
        for name in ids:
            self.write(name, "THEN")
        return ids

    def back_up(self, vm: str, *, lacking: str = "") -> None:  # type: ignore[override]
        """VolumeCare at work: a group of backups at the other site, from where the disks are; snapshots here are not kept."""
        rows = {row["name"]: row for row in self.admin("GET", "state")["volumes"]}
        taken = {f"~{one}": rows[name]["id"] for name, one in self.disks(vm).items() if name != lacking}
        here, there = ("sim.b", "far.c") if next(iter(taken)).startswith("~sim.b.") else ("far.c", "sim.b")
        clusters = self.storpool.admin("GET", "state")["clusters"]
        [location] = (row["name"] for row in clusters[here]["locations"] if there.startswith(f"{row['id']}."))
        before = {row["lastingId"] for row in clusters[here]["snapshots"]}
        body = {"volumes": list(taken), "location": location, "tags": {"cvm": self.vm(vm)["id"]}}
        self.storpool.do((f"RemoteCommand/~{here}/VolumesGroupBackup", body))
        new = [row for row in self.cluster(here)["snapshots"] if row["lastingId"] not in before]
        self.storpool.do(
            *(
                (
                    f"RemoteCommand/~{there}/SnapshotUpdate/~{row['lastingId']}",
                    {"tags": {"uuid": taken[f"~{row['createdFromGlobalId']}"]}},
                )
                for row in new
            ),
            *((f"RemoteCommand/~{here}/SnapshotDelete/~{row['lastingId']}", {}) for row in new),
        )

    def cluster(self, number: str) -> dict[str, Any]:
        """All that is in a StorPool cluster."""
        return dict(self.storpool.admin("GET", "state")["clusters"][number])


def set_up(sites: Sites, *wanted: str) -> dict[str, Any]:
    """VMs as :meth:`Sites.set_up` makes them."""
    return sites.set_up(*wanted)


def back_up(sites: Sites, *vms: str) -> None:
    """Each of the VMs, given as NAME or as NAME:DISK if a disk is to be left out; then all write something else to their disks."""
    for each in vms:
        name, _colon, lacking = each.partition(":")
        sites.back_up(name, lacking=lacking)
    time.sleep(1)  # VolumeCare tells times in seconds
    for each in vms:
        sites.write(each.partition(":")[0], "NOW")


def write(sites: Sites, text: str, *vms: str) -> None:
    """The VMs write something to all their disks."""
    for name in vms:
        sites.write(name, text)


def holds(sites: Sites, *vms: str) -> dict[str, Any]:
    """What the disks of VMs hold."""
    return {name: sites.contents(name) for name in vms}


def times(sites: Sites, *vms: str) -> dict[str, Any]:
    """When the disks of VMs held what they hold: ``["THEN"]`` if that is so for all, to the last byte."""
    return {name: sorted(sites.times(name)) for name in vms}


def disks(sites: Sites, *vms: str) -> dict[str, Any]:
    """The ids of VMs, and ids and names of their disks, root disks first."""
    found = {}
    for name in vms:
        vm = sites.vm(name)
        rows = [row for row in sites.admin("GET", "state")["volumes"] if row["vm"] == vm["db_id"]]
        rows.sort(key=lambda row: (not row["name"].startswith("ROOT-"), row["name"]))
        found[name] = {"id": vm["id"], "disks": [{"id": row["id"], "name": row["name"]} for row in rows]}
    return found


def destroy(sites: Sites, *vms: str) -> None:
    """VMs go, with their root disks."""
    sites.do(*(("destroyVirtualMachine", {"id": sites.vm(vm)["id"], "expunge": "true"}) for vm in vms))


def each_step(sites: Sites, vm: str, agent: str) -> list[str]:
    """A restore is killed after each of its changes, and ended by a second run; the changes.

    The module's process runs here and not on the agent, where only VolumeCare is asked: so it can be killed at exactly that call, and a step takes seconds.
    """
    init_plugin_loader([str(BUILD)])
    from faults.matrix import is_write  # noqa: PLC0415  # which needs the collection

    program = Path("storpool_vcctl").resolve()
    words = ["ssh", *inventory.ssh_options(), f"root@{hosts.find(agent).address}", "storpool_vcctl"]
    program.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    options = {**sites.task, "vm": vm, "source": "volumecare", "volumecare_program": str(program), "stop_vm": True}
    options["wait_timeout"] = 100_000  # of which pauses count, though they take no time here
    of_it = sorted(f"~{one}" for one in sites.disks(vm).values())

    def begin() -> None:
        for name in sites.safety():
            sites.storpool.do((f"SnapshotDelete/{name}", {}))
        sites.write(vm, "NOW")
        sites.forget()

    def end(told: Any) -> None:
        ended = runner.run("cloudstack_vm_restore", options)
        assert not ended.escaped, (told, ended)
        assert not ended.failed, (told, ended)
        assert sites.times(vm) == {"THEN"}, (told, sites.contents(vm))
        assert sites.vm(vm)["state"] == "Running", told
        assert sites.left() == [], told
        assert len(sites.safety()) == len(of_it), told
        journal = sites.storpool.journal()
        reverts = [entry["target"] for entry in journal if entry["call"] == "VolumeRevert" and entry["effect"]]
        assert sorted(reverts) == of_it, told

    sites.storpool.admin("POST", "switches", {"snapshot_delete_seconds": 0})  # copies are gone before the next round
    begin()
    wire = runner.Wire()
    first = runner.run("cloudstack_vm_restore", options, wire)
    assert not first.failed, first
    steps = [request for request in wire.requests if is_write(request)]
    seen = set()
    for step in steps:
        begin()
        # How often a job is asked about is another in each run: the change is known by its call, and how many there were before.
        killed = runner.Wire(kill_with=signal.SIGKILL, kill_at=step, kill_after=True)
        ended = Child([("cloudstack_vm_restore", options)], killed).wait()
        assert ended == [], (step, steps, ended)
        found = sites.times(vm)
        assert found <= {"THEN", "NOW"}, (step, sites.contents(vm))
        seen.add(frozenset(found))
        end(step)
    assert seen == {frozenset(["NOW"]), frozenset(["THEN"]), frozenset(["NOW", "THEN"])}, seen
    return [step.call for step in steps]


COMMANDS = {each.__name__: each for each in (set_up, back_up, write, holds, times, disks, destroy, each_step)}


def main() -> int:
    """Carry out one command."""
    name, *arguments = sys.argv[1:]
    sites = Sites()
    print(json.dumps(COMMANDS[name](sites, *arguments)))
    NOTES.write_text(json.dumps(sites.known), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
