# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One case of the matrix: a task, one of its calls, a fault; then the same task again without it."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.storpool.cloudstack.plugins.module_utils._common import errors
from faults import runner
from faults.child import Child
from faults.kinds import ALIKE, CLOUDSTACK, STORPOOL, Fault
from faults.runner import Ended, Request, Wire
from faults.scenario import Ids, Scenario
from faults.worlds import Admin, CloudStack, Picture, World

#: Calls of which one too many makes two of a thing.
MAKING = frozenset(
    (
        "VolumeCreate",
        "VolumeSnapshot",
        "VolumesGroupSnapshot",
        "VolumeBackup",
        "VolumesGroupBackup",
        "SnapshotFromRemote",
        "VolumeTemplateCreate",
        "createStoragePool",
        "createDiskOffering",
        "registerTemplate",
        "createTemplate",
        "createSnapshot",
        "createVMSnapshot",
        "createVolume",
    )
)
#: Calls that destroy what they name.
DESTROYING = frozenset(
    (
        "VolumeDelete",
        "SnapshotDelete",
        "deleteStoragePool",
        "deleteVolume",
        "destroyVolume",
        "deleteSnapshot",
        "VolumeTemplateDelete",
        "deleteDiskOffering",
        "deleteTemplate",
        "deleteVMSnapshot",
    )
)
JOBS = frozenset(
    (
        "enableStorageMaintenance",
        "cancelStorageMaintenance",
        "deleteSnapshot",
        "createTemplate",
        "deleteTemplate",
        "extractVolume",
        "createVolume",
        "updateVolume",
        "attachVolume",
        "detachVolume",
        "migrateVolume",
        "migrateVirtualMachineWithVolume",
        "resizeVolume",
        "changeOfferingForVolume",
        "destroyVolume",
        "createSnapshot",
        "revertSnapshot",
        "createVMSnapshot",
        "deleteVMSnapshot",
        "revertToVMSnapshot",
        "createTags",
        "deleteTags",
        "stopVirtualMachine",
        "startVirtualMachine",
    )
)
LONGEST_SENTENCE = 900

#: The task succeeded all the same; the next run did what was left; it left that to a person and said exactly what it is; it cannot be done since the
#: rival's work stands in the way, which stays.
SUCCEEDED, RECOVERED, TOLD, REFUSED = "succeeded", "recovered", "told", "refused"
SURVIVED = (SUCCEEDED, RECOVERED, TOLD, REFUSED)


#: How a task ends that was not left to end.
KILLED = Ended({"failed": True, "msg": "killed"}, "")


@dataclasses.dataclass(frozen=True)
class Clean:
    """A run without a fault: its requests, what was there before and after it, the state that it led to, and what it made."""

    requests: tuple[Request, ...]
    kept: frozenset[str]
    picture: Picture
    made: Counter[str]


@dataclasses.dataclass(frozen=True)
class Row:
    """What became of one case. ``outcome`` is one of :data:`SURVIVED`, or "lost: " and why."""

    module: str
    state: str
    call: str
    fault: str
    outcome: str

    @property
    def lost(self) -> bool:
        return self.outcome not in SURVIVED


class Lost(Exception):
    """A case that a module did not survive; the text says why."""


def clean_run(world: World, scenario: Scenario) -> Clean:
    """Run the scenario's task without a fault. AssertionError if it fails or does not settle: the scenario is wrong then."""
    world.begin(scenario)
    before = world.identities(world.state())
    task = _task(world, scenario, before)
    wire = Wire()
    ended = runner.run(scenario.module, task, wire)
    assert not ended.failed, (ended.result, ended.escaped)
    made = _made(world)
    if scenario.settles:
        _settled(world, scenario, task)
    state = world.state()
    after = world.identities(state)
    kept = frozenset(label for key, label in before.items() if key in after)
    return Clean(tuple(wire.requests), kept, world.picture(state), made)


def rows(world: World, scenario: Scenario) -> Iterator[Row]:
    """Every call of the scenario with every fault that can happen to it."""
    clean = clean_run(world, scenario)
    faults = CLOUDSTACK if isinstance(world, CloudStack) else STORPOOL
    world.begin(scenario)
    ids = _by_label(world.identities(world.state()))
    for fault in faults:
        if fault.rival and not scenario.rival(fault.name, ids):
            continue
        if fault.kill and scenario.tells:
            continue  # a process that is killed tells nothing
        if scenario.long and fault.name in ALIKE:
            continue
        acted = False
        for index, request in enumerate(clean.requests):
            if scenario.long and not is_write(request) and (request.skip or fault.rival):
                continue
            if _can_happen(world, fault, request):
                outcome = _outcome(world, scenario, clean, index, fault)
                acted = acted or (
                    fault.rival and any(entry.get("rival") and entry["effect"] for entry in world.journal())
                )
                call = f"{index + 1} {request.method} {request.call}"
                yield Row(scenario.module, scenario.state, call, fault.name, outcome)
        assert acted or not fault.rival, f"{fault.name} never changed anything"


def _can_happen(world: World, fault: Fault, request: Request) -> bool:
    beside = isinstance(world, CloudStack) and request.port == world.storpool.simulator.port
    if beside and (fault.rival or "errorcode" in fault.server or fault.switches):
        return False
    if fault.only == "job":
        return request.call in JOBS and ("maintenance_error" not in fault.switches or request.call.startswith("enable"))
    return fault.only == "any" or is_write(request)


def is_write(request: Request) -> bool:
    """Whether the request is for a change: CloudStack's are all POST, and its names say it."""
    return request.method == "POST" and not request.call.startswith(("find", "list", "query", "ready"))


def _outcome(world: World, scenario: Scenario, clean: Clean, index: int, fault: Fault) -> str:
    world.begin(scenario)
    before = world.identities(world.state())
    task = _task(world, scenario, before)
    try:
        wire = _arm(world, scenario, before, clean.requests[index], index, fault)
        if fault.kill:
            if Child([(scenario.module, task)], wire).wait():
                raise Lost("the task did not end when it was told to")
            ended = KILLED
        else:
            ended = runner.run(scenario.module, task, wire)
            _check_words(world, scenario, ended)
        journal = world.journal()
        if index and not scenario.works:  # what came before the first look was there when the task began
            _check_destroyed(journal, before)
        _disarm(world, fault, clean.requests[index])
        again = runner.run(scenario.module, task)
        _check_words(world, scenario, again)
        if not again.failed and not again.changed and _writes(world.journal()) != _writes(journal):
            raise Lost("the second run says that it changed nothing, and wrote something")
        return _judge(world, scenario, clean, fault, before, task, ended, again)
    except Lost as lost:
        return f"lost: {lost}"


def _judge(
    world: World,
    scenario: Scenario,
    clean: Clean,
    fault: Fault,
    before: Ids,
    task: dict[str, Any],
    ended: Ended,
    again: Ended,
) -> str:
    kept = clean.kept - set(scenario.subjects if fault.rival else ())
    state = world.state()
    there = world.identities(state)
    gone = sorted(label for key, label in before.items() if label in kept and key not in there)
    if gone:
        raise Lost(f"what nobody asked to destroy is gone: {', '.join(gone)}")
    if again.failed:
        if fault.rival:
            return REFUSED
        raise Lost(f"after {_told(ended)!r} the task cannot be done: {_told(again)!r}")
    made = _made(world)
    if not fault.rival and not scenario.works and made != clean.made:
        raise Lost(f"made {dict(made)} in place of {dict(clean.made)}")
    if scenario.settles and again.changed:
        _settled(world, scenario, task)
    picture = world.picture(state)
    if not fault.rival and picture != clean.picture:
        if scenario.tells and all(text in _told(ended) for text in scenario.tells):
            return TOLD
        raise Lost(f"after {_told(ended)!r} the state is another one: {_difference(clean.picture, picture)}")
    return RECOVERED if ended.failed else SUCCEEDED


def _arm(world: World, scenario: Scenario, before: Ids, request: Request, index: int, fault: Fault) -> Wire:
    """Let the fault wait for its call."""
    wire = Wire(kill_with=fault.kill, kill_at=request, kill_after=fault.after)
    if fault.refusals != 0:
        wire.refuse_from, wire.refusals = index, fault.refusals
    admin = world.admins[request.port]
    if fault.hangs:
        wire.unanswered, wire.hangs = request, lambda: _hangs(admin)
    if fault.switches:
        admin("POST", "switches", fault.switches)
    where = {"call": request.call, "method": request.method, "skip": request.skip}
    if fault.server:
        admin("POST", "faults", {**where, **fault.server})
    steps = scenario.rival(fault.name, _by_label(before)) if fault.rival else ()
    if steps:
        key = "command" if isinstance(world, CloudStack) else "path"
        requests = [{key: call, "body": body} for call, body in steps]
        admin("POST", "faults", {**where, "kind": "rival", "requests": requests})
    return wire


def _hangs(admin: Admin) -> bool:
    return any(entry["outcome"].startswith("fault:hang") for entry in admin("GET", "journal")["entries"])


def _disarm(world: World, fault: Fault, request: Request) -> None:
    """Take away what has not struck; where a case ends before that, the next one begins without it."""
    if fault.server or fault.rival:
        world.admins[request.port]("DELETE", "faults")
    if fault.switches and isinstance(world, CloudStack):
        switches = world.admin("GET", "switches")
        world.admin("POST", "switches", {name: switches[name]["default"] for name in fault.switches})
        world.wait_for_jobs()


def _check_words(world: World, scenario: Scenario, ended: Ended) -> None:
    """No traceback, no secret, and if the task failed one sentence that a person can act on."""
    if ended.escaped or not ended.result:
        raise Lost(f"a traceback: {ended.escaped or ended.output!r}")
    for secret in world.secrets:
        if secret in ended.output:
            raise Lost(f"a secret is shown: {ended.output!r}")
    if not ended.failed:
        return
    message = _told(ended)
    kind = ended.result.get("error", {}).get("kind")
    if kind not in _kinds(errors.Failure):
        raise Lost(f"error.kind is {kind!r} of {message!r}")
    if "\n" in message or "Traceback" in message or not message.endswith(".") or len(message) > LONGEST_SENTENCE:
        raise Lost(f"not a sentence: {message!r}")
    if not any(name in message for name in (*scenario.names, *world.addresses)):
        raise Lost(f"names neither an object nor an address: {message!r}")


def _kinds(failure: type[errors.Failure]) -> set[str]:
    """What error.kind can be: that of every failure that a loaded module knows."""
    return {failure.kind}.union(*(_kinds(each) for each in failure.__subclasses__()))


def _check_destroyed(journal: list[dict[str, Any]], before: Ids) -> None:
    """What a run destroys it has to have seen: nothing that came into being while it ran."""
    known = {*before, *before.values()}
    for entry in journal:
        if entry.get("rival") or not entry["effect"] or entry["call"] not in DESTROYING:
            continue
        target = str(entry["target"]).removeprefix("~")
        if target not in known and f"template {target}" not in known:
            raise Lost(f"{entry['call']} of {target}, which was not there when the task began")


def _settled(world: World, scenario: Scenario, task: dict[str, Any]) -> None:
    since = len(world.journal())
    once_more = runner.run(scenario.module, task)
    writes = [entry["call"] for entry in world.journal()[since:] if entry["write"]]
    if once_more.failed or once_more.changed or writes:
        raise Lost(f"one more run is not empty: {writes}, {once_more.result.get('actions', _told(once_more))}")


def _task(world: World, scenario: Scenario, identities: Ids) -> dict[str, Any]:
    storpool = world.storpool.connection if scenario.storpool and isinstance(world, CloudStack) else {}
    ids = {**world.present_ids(world.state()), **_by_label(identities)}
    return {**world.connection, **storpool, **scenario.task(ids)}


def _by_label(identities: Ids) -> dict[str, str]:
    return {label: key for key, label in identities.items()}


def _made(world: World) -> Counter[str]:
    """What has been made since the journals were emptied, by call."""
    return Counter(
        entry["call"]
        for entry in world.journal()
        if entry["effect"] and not entry.get("rival") and entry["call"] in MAKING
    )


def _writes(journal: list[dict[str, Any]]) -> int:
    return sum(entry["write"] for entry in journal)


def _told(ended: Ended) -> str:
    return str(ended.result.get("msg", ""))


def _difference(wanted: Picture, found: Picture) -> str:
    parts = []
    for kind, value in wanted.items():
        if found[kind] != value:
            if isinstance(value, list):
                less = [row for row in value if row not in found[kind]]
                more = [row for row in found[kind] if row not in value]
                parts.append(f"{kind}: {less} became {more}")
            else:
                parts.append(f"{kind}: {value} became {found[kind]}")
    return re.sub(r"\s+", " ", "; ".join(parts))
