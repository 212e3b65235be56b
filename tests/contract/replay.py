# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded requests to real management servers, made again to the simulator, and what differs in the answers.

Ids are the server's own, so they are learned as answers come: where the recording has an id and the simulator another
one in the same place, the one stands for the other in all that follows. Members are compared with their types, values
where they are the same for every server: counts, states, codes, error texts.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import requests

from simulators.client import Simulator
from simulators.cloudstack.signature import sign

RECORDINGS = Path(__file__).parent / "recordings"
JOB_SECONDS = 60
#: Where StorPool's API was for the recorded servers, and an id that nothing had.
RECORDED_STORPOOL = "127.0.0.1:8081"
CUT = " ...(cut)"
UNKNOWN = "11111111-2222-3333-4444-555555555555"
#: The objects that were there before a recording begins, by the parameter that names one first.
TABLES = {
    "zoneid": "zones",
    "podid": "pods",
    "clusterid": "clusters",
    "hostid": "hosts",
    "templateid": "templates",
    "serviceofferingid": "service_offerings",
    "storageid": "pools",
    "ostypeid": "os_types",
}
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID = re.compile(rf"(?:[\w-]+;)?{_UUID}")
#: Members whose values no two servers can differ in.
COMPARED = {
    *("state", "resourcestate", "allocationstate", "jobstatus", "jobresultcode", "jobprocstatus", "jobresulttype"),
    *("cmd", "jobinstancetype", "success", "type", "provider", "scope", "hypervisor", "path", "tags", "istagarule"),
    *("managed", "capacitybytes", "disksizetotal", "vmstate", "size", "miniops", "maxiops", "deviceid", "storagetype"),
    *("provisioningtype", "disksize", "iscustomized", "iscustomizediops", "encrypt", "displayoffering", "value"),
    *("defaultvalue", "group", "subgroup", "category", "component", "description", "displaytext", "isdynamic"),
    *("shutdowntriggered", "readyforshutdown", "pendingjobscount", "count", "errorcode", "cserrorcode", "errortext"),
    *("snapshottype", "intervaltype", "revertable", "virtualsize", "quiescevm", "supportsstoragesnapshot"),
}
#: What a path means differs from run to run, and so does an IP address in it.
_VOLATILE = re.compile(rf"(?:[\w-]+;)?{_UUID}|127\.0\.0\.1:\d+|\b\d+\b|/dev/storpool-byid/[\w.]+")


class Call(NamedTuple):
    """A call of the driver to StorPool: the path below the version, and the body."""

    method: str
    path: str
    body: Any


@dataclass(frozen=True)
class Recorded:
    """One request and what a real server answered to it."""

    name: str
    request: Mapping[str, str]
    status: int
    body: Mapping[str, Any]

    @property
    def command(self) -> str:
        return self.request["command"]


@dataclass
class Difference:
    """What differs in one answer; `members` are paths, with what is wrong with them.

    `calls` are those that the driver made to StorPool on the way.
    """

    name: str
    answer: str = ""
    members: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


def load(name: str) -> list[Recorded]:
    """The requests of a recording, in their order."""
    rows = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Recorded(row["name"], row["request"], row["status"], row["body"]) for row in rows]


class Replay:
    """A conversation with the simulator; `ids` are the simulator's for those of the recording."""

    def __init__(self, simulator: Simulator, storpool: Simulator, path: str = "/client/api") -> None:
        self._simulator = simulator
        self._storpool = storpool
        self._url = simulator.url + path
        self._session = requests.Session()
        self._session.trust_env = False
        self.ids: dict[str, str] = {}

    def know(self, recorded: str, ours: str) -> None:
        """Says which object of the simulator stands for one of the recording."""
        self.ids[recorded] = ours

    def objects(self, table: str) -> list[dict[str, Any]]:
        """What the simulator has of a kind, by the name of its table."""
        return [row for row in self._simulator.state()[table] if not row["removed"]]

    def ask(self, request: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Makes a recorded request, and waits for the end of the job that it starts or asks about."""
        params = {name: self._ours(name, value) for name, value in request.items() if name != "command"}
        end = time.monotonic() + JOB_SECONDS
        while True:
            response = self._call(request["command"], params)
            body = response.json()
            job = body.get("queryasyncjobresultresponse") or {}
            if job.get("jobstatus") != 0:
                started = next(iter(body.values())).get("jobid")
                if started and not job:
                    self.ask({"command": "queryAsyncJobResult", "jobid": started})
                return response.status_code, body
            assert time.monotonic() < end, f"the job of {request} does not end"
            time.sleep(0.02)

    def _call(self, command: str, params: Mapping[str, str]) -> requests.Response:
        keys = self._simulator.args
        sent = {"command": command, "response": "json", "apiKey": keys["api_key"], **params}
        sent["signature"] = sign(sent, keys["secret_key"])
        return self._session.post(self._url, data=sent, timeout=JOB_SECONDS)

    def _ours(self, name: str, value: str) -> str:
        address = f"{self._storpool.host}:{self._storpool.port}"
        text = str(value).replace(RECORDED_STORPOOL, address)
        return _ID.sub(lambda match: self.ids.get(match.group()) or self._stand_in(name, match.group()), text)

    def _stand_in(self, name: str, recorded: str) -> str:
        """The first object of the simulator for one that the recording does not show before it names it."""
        table = TABLES.get(name)
        if table is None or recorded == UNKNOWN:
            return recorded
        here = [row["id"] for row in self.objects(table)]
        if recorded in here:
            return recorded
        free = [one for one in here if one not in self.ids.values()]
        self.ids[recorded] = free[0] if free else recorded
        return self.ids[recorded]

    def play(self, row: Recorded) -> Difference:
        """Makes a request, compares the answer, and learns ids from it."""
        seen = self._storpool.journal()["calls"]
        status, body = self.ask(row.request)
        difference = Difference(row.name)
        for entry in self._storpool.journal()["entries"][seen:]:
            path = entry["path"].removeprefix("/ctrl/1.0/")
            difference.calls.append(Call(entry["method"], path, entry["body"]))
        if answer := _of_answer(row, status, body):
            difference.answer = answer
        self._compare(row.body, body, "", difference)
        return difference

    def _learn(self, theirs: str, ours: str, by_chance: bool) -> None:
        """Which host a server takes is chance: when it is another than before, the two are swapped."""
        if not by_chance:
            self.ids.setdefault(theirs, ours)
        elif self.ids.get(theirs) != ours:
            before = self.ids.pop(theirs, None)
            for other in [one for one, host in self.ids.items() if host == ours]:
                del self.ids[other]
                if before:
                    self.ids[other] = before
            self.ids[theirs] = ours

    def _compare(self, theirs: Any, ours: Any, path: str, difference: Difference) -> None:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for name in theirs:
                inner = f"{path}.{name}" if path else name
                if name not in ours:
                    difference.members.append(f"-{inner}")
                else:
                    self._compare(theirs[name], ours[name], inner, difference)
            difference.members += [f"+{path}.{name}" if path else f"+{name}" for name in ours if name not in theirs]
        elif isinstance(theirs, list) and isinstance(ours, list):
            if len(theirs) != len(ours):
                difference.values.append(f"{path}: {len(theirs)} rows, here {len(ours)}")
            for their_row, our_row in _pairs(theirs, ours):
                self._compare(their_row, our_row, f"{path}[]", difference)
        elif _kind(theirs) != _kind(ours):
            difference.members.append(f"~{path} {_kind(theirs)}, here {_kind(ours)}")
        elif isinstance(theirs, str) and _ID.fullmatch(theirs) and _ID.fullmatch(ours):
            self._learn(theirs, ours, by_chance=path.endswith(".hostid"))
        else:
            name = path.rpartition(".")[2]
            if name in COMPARED and not _alike(theirs, ours):
                difference.values.append(f"{path}: {theirs!r}, here {ours!r}")


def _of_answer(row: Recorded, status: int, body: Mapping[str, Any]) -> str:
    """What differs in status, envelope or code; a job's own code is among them."""
    theirs, ours = _summary(row.status, row.body), _summary(status, body)
    return "" if theirs == ours else f"{theirs}, here {ours}"


def _summary(status: int, body: Mapping[str, Any]) -> tuple[Any, ...]:
    envelope = next(iter(body))
    inner = body[envelope]
    result = inner.get("jobresult")
    code = result.get("errorcode") if isinstance(result, dict) else None
    return (status, envelope, inner.get("errorcode"), inner.get("cserrorcode"), inner.get("jobstatus"), code)


def _pairs(theirs: list[Any], ours: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Rows that belong together: of the same name if every row has another one, else in their order."""
    by_name = [{row.get("name"): row for row in rows if isinstance(row, dict)} for rows in (theirs, ours)]
    if theirs and ours and by_name[0].keys() == by_name[1].keys() and len(by_name[0]) == len(theirs) == len(ours):
        return ((row, by_name[1][name]) for name, row in by_name[0].items())
    return zip(theirs, ours, strict=False)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", list: "list", dict: "object", type(None): "null"}[type(value)]


def _alike(theirs: Any, ours: Any) -> bool:
    """Whether two values say the same; a text that was cut in the recording is compared so far."""
    if not isinstance(theirs, str) or not isinstance(ours, str):
        return bool(theirs == ours)
    whole, _mark, _rest = theirs.partition(CUT)
    return _plain(whole) == _plain(ours[: len(whole)] if _mark else ours)


def _plain(text: str) -> str:
    return _VOLATILE.sub("#", text)


def driver_calls(version: str) -> dict[str, list[Call]]:
    """What the real driver called, by the step of the recording: a request without its number."""
    lines = (RECORDINGS / f"storpool-{version}.jsonl").read_text(encoding="utf-8").splitlines()
    steps: dict[str, list[Call]] = {}
    for line in lines:
        row = json.loads(line)
        # What a tag led to is a step of its own there.
        name = "createTags" if row["step"] == "after tags" else row["step"].replace(" ", "-")
        steps.setdefault(name, []).extend(Call(*call) for call in row["calls"])
    return steps


_OBJECT = re.compile(rf"G\d+|U\d+|~[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+|{_UUID}")


def alike(theirs: list[Call], ours: list[Call], known: dict[str, str]) -> list[str]:
    """How the calls of one step differ; `known` are the recording's names of objects with ours, learned on the way.

    Which host does something is the server's choice, so the numbers of clients are not compared.
    """
    wrong = [] if len(theirs) == len(ours) else [f"{len(theirs)} calls, here {len(ours)}"]
    for number, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        texts = [json.dumps([call.method, call.path, _hosts(call.body)], sort_keys=True) for call in (one, other)]
        names = [_OBJECT.findall(text) for text in texts]
        plain = [_OBJECT.sub("#", text) for text in texts]
        same = plain[0] == plain[1] and all(known.setdefault(*pair) == pair[1] for pair in zip(*names, strict=True))
        if not same:
            wrong.append(f"{number}: {texts[0]}, here {texts[1]}")
    return wrong


def _hosts(body: Any) -> Any:
    """A body with any client for each."""
    if isinstance(body, dict):
        return {
            name: ["client"] if name in ("rw", "ro", "detach") and value != "all" else _hosts(value)
            for name, value in body.items()
        }
    return [_hosts(item) for item in body] if isinstance(body, list) else body


Step = Callable[[Replay], None]


def run(replay: Replay, rows: list[Recorded], before: Mapping[str, Step]) -> list[Difference]:
    """Replays rows; `before` has what the recording leaves out, by the name of the row that comes next."""
    found = []
    for row in rows:
        if row.name in before:
            before[row.name](replay)
        found.append(replay.play(row))
    return found
