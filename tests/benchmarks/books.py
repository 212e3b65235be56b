# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit of a large cloud: what CloudStack and StorPool say of the same volumes."""

from __future__ import annotations

from benchmarks.plays import Workbench
from simulators.client import start
from tools.workspace import COLLECTION

VOLUMES, VMS, HOSTS = 10_000, 2_000, 200
#: How many are made with one request to the simulator's admin interface, which answers when they are there.
BATCH = 50


def measure(bench: Workbench, repeats: int) -> dict[str, float]:
    """Processor seconds, seconds and memory of the module's process, and how many requests it takes. The books agree."""
    clients = ",".join(str(number) for number in range(1, HOSTS + 1))
    with (
        start("storpool", clients=clients) as storpool,
        start("cloudstack", version="4.19.1", hosts=HOSTS) as cloud,
    ):
        access = bench.pool(storpool, cloud)
        for kind, most in (("vms", VMS), ("volumes", VOLUMES - VMS)):
            for _batch in range(0, most, BATCH):
                cloud.admin("POST", "objects", {"pool": "sp", kind: BATCH})
        names = {f"host{number}": number for number in range(1, HOSTS + 1)}
        audit = {f"{COLLECTION}.cloudstack_storpool_audit": {"clients": names, "min_age": "0s", **access}}
        found: dict[str, list[float]] = {"cpu_seconds": [], "seconds": [], "MB": [], "calls": []}
        for _round in range(repeats):
            for simulator in (storpool, cloud):
                simulator.clear_journal()
            [took] = bench.play(storpool, audit)
            books = took.result["books"]["cloudstack"]
            if took.result["counts"]["total"] or (books["volumes"], books["vms"], books["hosts"]) != (
                VOLUMES,
                VMS,
                HOSTS,
            ):
                raise RuntimeError(f"the books should agree on all: {took.result['counts']} {books}")
            for key in ("cpu_seconds", "seconds"):
                found[key].append(took.modules[0][key])
            found["MB"].append(took.modules[0]["megabytes"])
            found["calls"].append(sum(simulator.journal()["calls"] for simulator in (storpool, cloud)))
        return {key: max(values) if key == "MB" else min(values) for key, values in found.items()}
