# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CloudStack simulator against what real management servers answered, and what their driver called.

`PYTHONPATH=tests .venv/bin/python -m contract.test_recorded_answers` prints every difference, and how many there are.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contract.recorded_worlds import BEFORE_ALL, BETWEEN, SWITCHES, registered
from contract.replay import Difference, Replay, alike, driver_calls, load, run
from simulators.client import Simulator, start, storpool_call

VERSIONS = ("4.19.0", "4.22.0")
TOKEN = "1234567890123456789"
#: The recordings of a version in the order in which they were made; each world is one cloud.
WORLDS = {
    "4.19.0": (("calls-4.19.0",), ("life-4.19.0-a", "life-4.19.0-b", "life-4.19.0-c")),
    "4.22.0": (("calls-4.22.0",), ("life-4.22.0",)),
}
#: The recording that the driver's calls were noted with.
LIVES = {"4.19.0": "life-4.19.0-c", "4.22.0": "life-4.22.0"}

#: What is not as recorded, and why.
KNOWN = {
    "4.19.0": {
        "life-4.19.0-a/009-listVolumes-pool": "which of two pools that both fit gets a volume is chance there",
    },
    "4.22.0": {},
}
#: Calls to StorPool that are not as recorded, and why.
KNOWN_CALLS = {
    "4.19.0": {
        "attachVolume-tmpl": "which of two pools that both fit gets a volume is chance there",
    },
    "4.22.0": {},
}


@contextmanager
def cloud(version: str, servers: int = 1) -> Iterator[tuple[Simulator, Simulator]]:
    """Both simulators as the recorded servers found their surroundings: three StorPool templates, three hosts."""
    with (
        start("storpool", token=TOKEN, cluster_id="sim.b", clients="1,2,3") as storpool,
        start("cloudstack", version=version, hosts=3, management_servers=servers) as cloudstack,
    ):
        for name in ("t1", "t2", "t3"):
            policy = dict.fromkeys(("placeAll", "placeTail", "placeHead"), "default")
            storpool_call(storpool, "VolumeTemplateCreate", {"name": name, "replication": 3, **policy})
        yield cloudstack, storpool


@functools.cache
def replayed(version: str) -> dict[str, list[Difference]]:
    """All recordings of a version, made again; what differs by the name of the recording."""
    found = {}
    for world in WORLDS[version]:
        with cloud(version) as (cloudstack, storpool):
            cloudstack.switch(**SWITCHES.get(world[0], {}))
            talk = Replay(cloudstack, storpool)
            for name in world:
                if name in BEFORE_ALL:
                    BEFORE_ALL[name](talk)
                found[name] = run(talk, load(name), BETWEEN.get(name, {}))
    return found


def differing(version: str) -> dict[str, Difference]:
    """What is not as recorded, by recording and request."""
    return {
        f"{name}/{one.name}": one
        for name, all_of_it in replayed(version).items()
        for one in all_of_it
        if one.answer or one.members or one.values
    }


def summary(version: str) -> str:
    """How many answers were compared, and how many are not the same."""
    answers = [one for all_of_it in replayed(version).values() for one in all_of_it]
    differ = sum(bool(one.answer) for one in answers)
    members = sum(len(one.members) for one in answers)
    values = sum(len(one.values) for one in answers)
    return (
        f"CloudStack {version}: {len(answers)} answers compared; {differ} differ in status, envelope or error code, "
        f"{members} members, {values} values"
    )


def calls_that_differ(version: str) -> dict[str, list[str]]:
    """Steps in which the simulated driver makes other calls to StorPool than the real one, with what differs."""
    steps, known, wrong = driver_calls(version), {}, {}
    for one in replayed(version)[LIVES[version]]:
        number, _dash, step = one.name.partition("-")
        started = step.removeprefix("queryAsyncJobResult-")
        if step == started and number and (found := alike(steps.get(step, []), one.calls, known)):
            wrong[step] = found
    return wrong


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_are_those_of_a_real_server(version: str) -> None:
    print(summary(version))
    assert len(KNOWN[version]) <= 10
    found = differing(version)
    assert {name: one for name, one in found.items() if name not in KNOWN[version]} == {}
    assert set(KNOWN[version]) <= set(found)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_driver_calls_storpool_as_the_real_one_does(version: str) -> None:
    found = calls_that_differ(version)
    assert {step: texts for step, texts in found.items() if step not in KNOWN_CALLS[version]} == {}
    assert set(KNOWN_CALLS[version]) <= set(found)


def test_a_drained_server_among_two() -> None:
    """One of two servers of 4.19.0 is being drained; the server that answers is the other, or itself."""
    rows = {row.command: row for row in load("two-servers")}
    with cloud("4.19.0", servers=2) as (cloudstack, storpool):
        talk = Replay(cloudstack, storpool)
        servers = talk.objects("management_servers")
        talk.ask({"command": "prepareForShutdown", "managementserverid": servers[1]["id"]})
        assert talk.ask({"command": "readyForShutdown", "managementserverid": servers[1]["id"]})[0] == 200
        listed = talk.play(rows["listManagementServers"])
        assert (listed.answer, listed.members, listed.values) == ("", [], [])
        written = talk.play(rows["updateConfiguration"])
        assert (written.answer, written.members, written.values) == ("", [], [])
        ready = talk.play(rows["readyForShutdown"])
        assert (ready.answer, ready.members, ready.values) == ("", [], [])
        talk.know(rows["reconnectHost"].request["id"], talk.objects("hosts")[0]["id"])
        host = talk.play(rows["reconnectHost"])
        assert (host.answer, host.members, host.values) == ("", [], [])


def test_a_pool_whose_capacity_storpool_has_said() -> None:
    """The capacity is that of StorPool's template then, whatever was given for it."""
    [row] = [row for row in load("two-servers") if row.command == "listStoragePools"]
    with cloud("4.22.0") as (cloudstack, storpool):
        talk = Replay(cloudstack, storpool)
        registered("t2", "sp2")(talk)
        assert cloudstack.admin("POST", "stats") == {"changed": 1}
        listed = talk.play(row)
        assert (listed.answer, listed.members) == ("", [])


@pytest.mark.parametrize("path", ["/client/api", "/client/api/"])
def test_the_api_has_its_slash_or_not(path: str) -> None:
    with cloud("4.19.0") as (cloudstack, storpool):
        talk = Replay(cloudstack, storpool, path)
        assert talk.ask({"command": "listZones"})[1]["listzonesresponse"]["count"] == 1


def main() -> int:
    """Prints what differs; the status is 1 if anything does that is not known."""
    unknown = False
    for version in VERSIONS:
        for name, one in differing(version).items():
            why = KNOWN[version].get(name)
            unknown = unknown or why is None
            print(f"{name}{f' (known: {why})' if why else ''}")
            for text in (one.answer, *one.members, *one.values):
                if text:
                    print(f"    {text}")
        for step, texts in calls_that_differ(version).items():
            print(f"calls to StorPool: {step}", *texts, sep="\n    ")
        print(summary(version))
    return int(unknown)


if __name__ == "__main__":
    sys.exit(main())
