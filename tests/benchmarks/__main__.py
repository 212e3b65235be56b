# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures, prints a table, and writes ``tests/output/bench.json``; ends with 1 if a limit is not kept.

Every pair that is compared is measured in turns, several times, and the best time of each counts: whatever else the machine does makes times longer, never
shorter.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import books, direct, fleet, images, roll, site, turns
from benchmarks.plays import HERE, Took, Workbench
from simulators.client import Simulator, start, storpool_call
from tools.workspace import COLLECTION, ROOT, environment

OUTPUT = ROOT / "tests" / "output" / "bench.json"
LOOP = 50  # volumes that a loop of tasks is measured with, to be scaled
GIB = 1024**3


@dataclasses.dataclass(frozen=True)
class Row:
    """A number and what it may be at most; without a limit it is for comparison only."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def ok(self) -> bool:
        return self.limit is None or self.value <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "unit": self.unit, "limit": self.limit, "ok": self.ok}


class Bench:
    """The simulator and the workbench; each measure is a method that returns rows."""

    def __init__(self, simulator: Simulator, repeats: int) -> None:
        self.simulator = simulator
        self.repeats = repeats
        self.bench = Workbench()

    def reset(self, volumes: int = 0, **switches: Any) -> None:
        """A fresh cluster with the template hybrid and so many volumes."""
        self.simulator.reset()
        places = {"placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}
        storpool_call(self.simulator, "VolumeTemplateCreate", {"name": "hybrid", "replication": 3, **places})
        if volumes:
            self.bench.run(str(HERE / "bare.py"), self.simulator.url, self.simulator.args["token"], str(volumes), "2")
        if switches:
            self.simulator.switch(**switches)
        self.simulator.clear_journal()

    def task(self, module: str, options: dict[str, Any], **keywords: Any) -> Took:
        [took] = self.bench.play(self.simulator, {module: options, **keywords})
        return took

    def empty(self) -> dict[str, float]:
        """A module that does nothing."""
        return best([self.task("ansible.builtin.ping", {}).modules[0] for _round in range(self.repeats)])

    def create(self) -> list[Row]:
        """A thousand volumes, against a bare script, a script on StorPool's bindings, and a loop of tasks."""
        bare, bindings, bulk, directly = [], [], [], []
        for _round in range(self.repeats):
            self.reset()
            token = self.simulator.args["token"]
            bare.append(self.bench.run(str(HERE / "bare.py"), self.simulator.url, token, "1000", "8"))
            self.reset()
            place = (self.simulator.host, str(self.simulator.port), token)
            bindings.append(self.bench.run(str(HERE / "bindings.py"), *place, "1000"))
            self.reset()
            every = {f"{COLLECTION}.storpool_objects": {"volumes": [{"name": "v-{00001..01000}", **LIKE}]}}
            bulk += self.bench.play(self.simulator, every)
            self.reset()
            directly += self.bench.play(self.simulator, every, directly=True)
        self.reset()
        loop = self.task(
            f"{COLLECTION}.storpool_volume", {"name": "{{ 'v-%05d' % item }}", **LIKE}, loop=list(range(1, LOOP + 1))
        )
        module = min(took.modules[0]["seconds"] for took in bulk)
        cpu = min(took.modules[0]["cpu_seconds"] for took in bulk)
        raw = best(bare)["seconds"]
        scaled = loop.seconds / LOOP * 1000
        return [
            Row(
                "create 1,000 volumes: module time against a bare script with as many connections",
                module / raw,
                "x",
                1.2,
            ),
            Row(
                "create 1,000 volumes: module time against a script on StorPool's own bindings, one after another",
                module / best(bindings)["seconds"],
                "x",
                1.0,
            ),
            Row(
                "create 1,000 volumes: the whole task, run directly, against the bare script",
                min(took.seconds for took in directly) / raw,
                "x",
                1.2,
            ),
            Row(
                "create 1,000 volumes: the whole task, run directly, against the script on StorPool's own bindings",
                min(took.seconds for took in directly) / best(bindings)["seconds"],
                "x",
                1.0,
            ),
            Row("create 1,000 volumes: module time against a loop of storpool_volume", module / scaled, "x", 1 / 150),
            Row("create 1,000 volumes: the whole task against that loop", min(t.seconds for t in bulk) / scaled, "x"),
            Row(
                "create 1,000 volumes: CPU time of the module against that of the script",
                cpu / best(bare)["cpu_seconds"],
                "x",
            ),
            Row("create 1,000 volumes: module time", module, "s"),
            Row("create 1,000 volumes: the bare script", raw, "s"),
            Row("create 1,000 volumes: the script on StorPool's own bindings", best(bindings)["seconds"], "s"),
            Row("create 1,000 volumes: the loop", scaled, "s"),
        ]

    def most(self) -> list[Row]:
        """A hundred thousand volumes, each measure once: it is long enough to be even."""
        every = {"volumes": [{"name": "v-{000001..100000}", **LIKE}]}
        self.reset()
        bare = self.bench.run(str(HERE / "bare.py"), self.simulator.url, self.simulator.args["token"], "100000", "8")
        self.reset()
        made = self.task(f"{COLLECTION}.storpool_objects", every)
        kept = self.task(f"{COLLECTION}.storpool_objects", every)
        if (made.result["summary"]["created"], kept.result["summary"]["unchanged"]) != (100_000, 100_000):
            raise RuntimeError("all volumes were to be made, and then to stay as they are")
        self.reset()
        text = "100,000 volumes in one task"
        return [
            Row(f"{text}, created: module time", made.modules[0]["seconds"], "s", 60),
            Row(f"{text}, created: memory of the module", made.modules[0]["megabytes"], "MB", 400),
            Row(f"{text}, unchanged: module time", kept.modules[0]["seconds"], "s", 8),
            Row(f"{text}, unchanged: memory of the module", kept.modules[0]["megabytes"], "MB", 400),
            Row(f"{text}, created: the whole task", made.seconds, "s"),
            Row(f"{text}, unchanged: the whole task", kept.seconds, "s"),
            Row(f"{text}, created: CPU time of the module", made.modules[0]["cpu_seconds"], "s"),
            Row(f"{text}, unchanged: CPU time of the module", kept.modules[0]["cpu_seconds"], "s"),
            Row("100,000 volumes, created by the bare script: seconds", bare["seconds"], "s"),
            Row("100,000 volumes, created by the bare script: CPU time", bare["cpu_seconds"], "s"),
        ]

    def nothing_to_do(self) -> list[Row]:
        """Ten thousand volumes with tags that are as they shall be, each an item of its own; and as one range."""
        self.reset(volumes=10_000)
        items = [{"name": f"v-{number:05}", **LIKE} for number in range(1, 10_001)]
        empty = self.empty()
        each, one = [], []
        for _round in range(self.repeats):
            each.append(self.task(f"{COLLECTION}.storpool_objects", {"volumes": items}))
            one.append(self.task(f"{COLLECTION}.storpool_objects", {"volumes": [{"name": "v-{00001..10000}", **LIKE}]}))
        journal = self.simulator.journal()
        if journal["writes"] or any(took.result["changed"] for took in [*each, *one]):
            raise RuntimeError("the run was to find nothing to do")
        of_each, of_one = best([took.modules[0] for took in each]), best([took.modules[0] for took in one])
        text = "no change, 10,000 volumes"
        return [
            Row(f"{text}: API calls", journal["calls"] / len([*each, *one]), "calls", 3),
            Row(f"{text}: module time over an empty module", of_each["seconds"] - empty["seconds"], "s", 1.5),
            Row(f"{text}: CPU time over an empty module", of_each["cpu_seconds"] - empty["cpu_seconds"], "s"),
            Row(f"{text}: memory", of_each["megabytes"], "MB", 400),
            Row(f"{text} as one range: module time over an empty module", of_one["seconds"] - empty["seconds"], "s"),
            Row("an empty module", empty["seconds"], "s"),
        ]

    def growth(self) -> list[Row]:
        """How planning grows with the number of objects."""
        few, many = [], []
        for _round in range(self.repeats):
            few.append(self._plan(1000))
            many.append(self._plan(10_000))
        return [
            Row("plan time, 10,000 objects against 1,000", min(many) / min(few), "x", 11),
            Row("plan time of 10,000 objects, in CPU time", min(many), "s"),
        ]

    def single(self) -> list[Row]:
        """One task for one volume, against uri with the same two reads: a move to another template, foreseen in check mode."""
        self.reset(volumes=1)
        storpool_call(self.simulator, "VolumeTemplateCreate", {"name": "ssd", "replication": 3, "placeAll": "ssd"})
        calls = [f"{self.simulator.url}/ctrl/1.0/{call}" for call in ("Volume/v-00001", "VolumeTemplateDescribe/ssd")]
        uri = {"url": "{{ item }}", "headers": {"Authorization": f"Storpool v1:{self.simulator.args['token']}"}}
        ours, directly, two, one = [], [], [], []
        for _round in range(2 * self.repeats):
            tasks: list[dict[str, Any]] = [
                {f"{COLLECTION}.storpool_volume": {"name": "v-00001", "template": "ssd"}, "check_mode": True},
                {"ansible.builtin.uri": uri, "loop": calls},
                {"ansible.builtin.uri": uri, "loop": calls[:1]},
            ]
            for times, took in zip((ours, two, one), self.bench.play(self.simulator, *tasks), strict=True):
                times.append(took.seconds)
            [took] = self.bench.play(self.simulator, tasks[0], directly=True)
            directly.append(took.seconds)
        if (calls := self.simulator.journal()["calls"]) != 2 * self.repeats * 7 + 1:
            raise RuntimeError(f"the tasks were to make two, two, two and one calls, and all made {calls}")
        text = "one storpool_volume task, run directly"
        return [
            Row(f"{text}, against a uri task with the same two calls", min(directly) / min(two), "x", 0.25),
            Row("one storpool_volume task against a uri task with the same two calls", min(ours) / min(two), "x", 1.15),
            Row("one storpool_volume task against a uri task with one of the calls", min(ours) / min(one), "x"),
            Row("one storpool_volume task", min(ours), "s"),
            Row(text, min(directly), "s"),
        ]

    def delayed(self) -> list[Row]:
        """A thousand volumes on an API that takes 20 ms for each answer."""
        times = []
        for _round in range(self.repeats):
            self.reset(delay_ms=20)
            options = {"volumes": [{"name": "v-{00001..01000}", **LIKE}], "concurrency": 16}
            times.append(self.task(f"{COLLECTION}.storpool_objects", options).modules[0]["seconds"])
        text = "create 1,000 volumes, 20 ms an answer, 16 connections: module time"
        return [Row(text, min(times), "s", 1.2 * 1000 / 16 * 0.020 + 2)]

    def direct(self) -> list[Row]:
        """Tasks in a process of Ansible's own, against the same tasks the usual way."""
        took = direct.measure(self.simulator, self.bench, self.repeats)
        return [
            Row("one item of a loop of storpool_volume, run directly: CPU time", took["item"], "s", 0.02),
            Row("that loop, 1,000 items, the whole run against the usual way", took["loop"], "x", 1 / 10),
            Row(
                "30 different tasks of both products, run directly: the whole run against the usual way",
                took["mixed"],
                "x",
                1 / 4,
            ),
            Row("a loop of 1,000 volumes, run directly: the whole run", took["seconds of the loop"], "s"),
            Row(
                "30 different tasks of both products, run directly: the whole run", took["seconds of thirty tasks"], "s"
            ),
        ]

    def images(self) -> list[Row]:
        """Images into StorPool and out of it."""
        took, empty = images.measure(self.bench, self.repeats), self.empty()["seconds"]
        memory = images.measure(self.bench, self.repeats, images.MEMORY)
        text = "2 GiB QCOW2 with 1 GiB of data"
        against = "module time over an empty module, against qemu-img convert and compare"
        return [
            Row(f"import of a {text}: {against}", (took["in"] - empty) / took["bare in"], "x", 1.15),
            Row(f"export of a {text}: {against}", (took["out"] - empty) / took["bare out"], "x", 1.15),
            Row("import and export: memory of the module and its programs", took["MB"], "MB", 200),
            Row("import, devices in memory", (memory["in"] - empty) / memory["bare in"], "x"),
            Row("export, devices in memory", (memory["out"] - empty) / memory["bare out"], "x"),
            *[Row(f"{name}: module time", took[key], "s") for name, key in (("import", "in"), ("export", "out"))],
            Row("import: qemu-img convert and compare", took["bare in"], "s"),
            Row("export: a device, qemu-img convert and compare", took["bare out"], "s"),
            Row("import, devices in memory: module time", memory["in"], "s"),
            Row("import, devices in memory: qemu-img convert and compare", memory["bare in"], "s"),
        ]

    def roll(self) -> list[Row]:
        """The role for agents where nothing is to be done, on hosts."""
        role, bare = roll.measure(self.repeats)
        text = "driver role on agents, nothing to do"
        return [
            Row(
                f"{text}: {roll.AGENTS} hosts, against a copy and a service task",
                role[roll.AGENTS] / bare[roll.AGENTS],
                "x",
                1.5,
            ),
            *[Row(f"{text}: {size} hosts", role[size], "s") for size in roll.SIZES],
            *[Row(f"a copy and a service task: {size} hosts", bare[size], "s") for size in roll.SIZES],
        ]

    def turns(self) -> list[Row]:
        """Agents side by side, on hosts."""
        took, text = turns.measure(), f"deploy_agents, {turns.AGENTS} agents that take {turns.START} s to start"
        return [
            Row(
                f"{text}: {turns.AT_ONCE} at once against one after the other", took[turns.AT_ONCE] / took[1], "x", 0.35
            ),
            *[Row(f"{text}: {at_once} at once", seconds, "s") for at_once, seconds in sorted(took.items())],
        ]

    def fleet(self) -> list[Row]:
        """The controller's part of a roll over many agents where nothing is to be done."""
        took, (few, many) = fleet.measure(), fleet.SIZES
        rows = []
        for name, sizes in took.items():
            text = f"deploy_agents, {name}, nothing to do, the controller's part"
            growth = sizes[many]["cpu_seconds"] / sizes[few]["cpu_seconds"]
            rows += [Row(f"{text}: processor time of {many} hosts over that of {few}", growth, "x", many / few)]
            rows += [Row(f"{text}: {size} hosts", sizes[size]["seconds"], "s") for size in fleet.SIZES]
        return rows

    def books(self) -> list[Row]:
        """CloudStack's book against StorPool's."""
        took, text = books.measure(self.bench, self.repeats), "audit of 10,000 volumes, 2,000 VMs and 200 hosts"
        return [
            Row(f"{text}: requests, with a default.page.size of 500", took["calls"], "", 30),
            Row(f"{text}: processor time of the module", took["cpu_seconds"], "s", 5),
            Row(f"{text}: module time, with what the simulators take for their lists", took["seconds"], "s"),
            Row(f"{text}: memory of the module", took["MB"], "MB", 500),
        ]

    def site(self) -> list[Row]:
        """The drill of a failover, and a VM that is brought back."""
        took, text = site.measure(self.bench, self.repeats), f"drill of a failover of {site.VMS} VMs"
        calls = site.restore(self.bench)
        return [
            *(Row(f"restore of a VM with {site.DISKS} disks, by {by}: requests", calls[by], "", 40) for by in calls),
            Row(f"{text}: requests to StorPool", took["storpool"], "", 10),
            Row(f"{text}: requests to CloudStack", took["cloudstack"], ""),
            Row(f"{text}: module time, with what the simulators take for their lists", took["seconds"], "s", 10),
            Row(f"{text}: processor time of the module", took["cpu_seconds"], "s"),
            Row(f"{text}: memory of the module", took["MB"], "MB"),
        ]

    def _plan(self, count: int) -> float:
        answer = subprocess.run(
            [sys.executable, str(HERE / "growth.py"), str(count)],
            env={**environment(), "PYTHONPATH": str(HERE.parent)},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        return float(answer.stdout)


LIKE = {"size": "1GiB", "template": "hybrid", "tags": {"owner": "bench"}}
MEASURES: dict[str, Callable[[Bench], list[Row]]] = {
    "create": Bench.create,
    "nothing_to_do": Bench.nothing_to_do,
    "most": Bench.most,
    "growth": Bench.growth,
    "single": Bench.single,
    "delayed": Bench.delayed,
    "direct": Bench.direct,
    "images": Bench.images,
    "roll": Bench.roll,
    "turns": Bench.turns,
    "fleet": Bench.fleet,
    "books": Bench.books,
    "site": Bench.site,
}


def best(times: list[dict[str, float]]) -> dict[str, float]:
    """The least of each number."""
    return {key: min(took[key] for took in times) for key in times[0]}


def table(rows: list[Row]) -> str:
    """The rows for people."""
    width = max(len(row.name) for row in rows)
    lines = [f"{'':<{width}}  {'value':>9} {'limit':>9}"]
    for row in rows:
        limit = "" if row.limit is None else f"{row.limit:.4g}"
        state = "" if row.limit is None else "ok" if row.ok else "MISSED"
        lines.append(f"{row.name:<{width}}  {row.value:>9.4g} {limit:>9} {row.unit:<5} {state}".rstrip())
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []], help="some of the measures; all by default")
    parser.add_argument("--repeats", type=int, default=3, help="how often to measure each (default: %(default)s)")
    options = parser.parse_args()
    rows: list[Row] = []
    with start("storpool") as simulator:
        bench = Bench(simulator, options.repeats)
        for name in options.measures or MEASURES:
            rows += MEASURES[name](bench)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n", encoding="utf-8")
    print(table(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
