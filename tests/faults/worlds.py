# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two simulators as the matrix sees them: how a case begins, and a picture of the state that two runs can be compared by."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from faults.scenario import GIB, Scenario
from simulators.client import Simulator

Picture = dict[str, Any]

#: What is true of a volume or snapshot whoever made it and whenever.
_VOLUME = (
    "size",
    "parentName",
    "templateName",
    "replication",
    "placeAll",
    "placeTail",
    "placeHead",
    "bw",
    "iops",
    "limitType",
    "reuseServer",
    "tags",
    "storedSize",
    "bound",
)
_TEMPLATE = ("size", "parentName", "replication", "placeAll", "placeTail", "placeHead", "bw", "iops")
_OFFERING = ("disk_size", "customized", "customized_iops", "min_iops", "max_iops", "tags", "zone_ids", "display_text")
_OF_TEMPLATE = (
    *("display_text", "public", "featured", "extractable", "password_enabled", "ssh_key_enabled", "format", "os_type"),
    *("details", "checksum", "url", "in_the_making"),
)
_OF_VOLUME = ("state", "removed", "size", "pool", "vm", "device_id", "disk_offering", "min_iops", "max_iops", "passing")
_POOL = ("zone", "scope", "provider", "type", "path", "state", "capacity_bytes", "tags", "connected_hosts")


JOBS_SECONDS = 60
#: Where volumes are downloaded to.
DOWNLOADED = Path(tempfile.gettempdir()) / f"faults-{os.getpid()}.qcow2"

_HYBRID = {"name": "hybrid", "replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}
_SWITCHES = {
    "snapshot_delete_seconds": 0,
    "transient_seconds": 3600,  # what a copy leaves is the same in a run that takes longer
    "revert_limits": "restored",
    "revert_tags": "restored",
}
_BASE: tuple[tuple[str, Any], ...] = (
    ("VolumeTemplateCreate", _HYBRID),
    ("VolumeTemplateCreate", {**_HYBRID, "name": "ssd", "placeAll": "ssd", "placeHead": "ssd"}),
    ("VolumeCreate", {"name": "bystander", "size": GIB, "template": "hybrid", "tags": {"keep": "me"}}),
    ("VolumeSnapshot/bystander", {"name": "bystander-snap"}),
    ("VolumesReassignWait", {"reassign": [{"volume": "bystander", "rw": [3]}]}),
    ("VolumeCreate", {"size": GIB, "template": "hybrid", "tags": {"nobody": "asked"}}),
)


class Admin:
    """A simulator's admin interface over one connection; thousands of cases ask it, so it does without a library."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._socket = socket.create_connection((simulator.host, simulator.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def __call__(self, method: str, name: str, body: Any = None) -> Any:
        """The answer to a request to ``/_sim/<name>``."""
        return self.request(method, f"/_sim/{name}", None if body is None else json.dumps(body))

    def request(self, method: str, path: str, body: str | None = None) -> Any:
        """The answer to any request, which has to be JSON."""
        content = (body or "").encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.simulator.host}\r\nContent-Length: {len(content)}\r\n\r\n"
        self._socket.sendall(head.encode() + content)
        length = 0
        while line := self._answers.readline().strip():
            name, _colon, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        answer = json.loads(self._answers.read(length))
        assert "error" not in answer or not path.startswith("/_sim/"), (path, answer)
        return answer

    def act(self, call: str, path: str, requests: list[dict[str, Any]]) -> None:
        """Have the simulator carry out these requests as a rival's. ``path`` is for a call that reads; nobody minds that it has no credentials."""
        self("POST", "faults", {"call": call, "kind": "rival", "requests": requests})
        self.request("GET", path)
        entries = self("GET", "journal")["entries"]
        wrong = [entry for entry in entries[-len(requests) - 1 : -1] if not entry["effect"]]
        assert not wrong, wrong


class World:
    """What both worlds have. ``admins`` are those of the servers that modules talk to, by port."""

    admins: dict[int, Admin]
    #: Of what the state is that the simulator keeps.
    _kept: tuple[World, Scenario] | None = None

    def begin(self, scenario: Scenario) -> None:
        """The state that a scenario starts from, with empty journals. It is made once, kept, and the same in all cases that follow."""
        if all(part._kept == (self, scenario) for part in self.parts):
            self.send("POST", "reset", {"to": "kept"})
            return
        self.make(scenario)
        self.forget()
        if self.keeps:
            self.send("POST", "keep")
            for part in self.parts:
                part._kept = (self, scenario)

    def make(self, scenario: Scenario) -> None:
        """Make the state that a scenario starts from."""
        raise NotImplementedError

    @property
    def keeps(self) -> bool:
        """Whether the simulators can keep a state."""
        raise NotImplementedError

    @property
    def parts(self) -> tuple[World, ...]:
        """A world for each simulator."""
        return (self,)

    def send(self, method: str, name: str, body: Any = None) -> None:
        """The same request to the admin interface of every simulator."""
        for admin in self.admins.values():
            admin(method, name, body)

    def calm(self) -> None:
        """No more faults."""
        self.send("DELETE", "faults")

    def forget(self) -> None:
        """Empty journals."""
        self.send("DELETE", "journal")

    def journal(self) -> list[dict[str, Any]]:
        """What modules and rivals have sent since the journals were emptied."""
        raise NotImplementedError

    @property
    def connection(self) -> dict[str, Any]:
        """The connection options of the modules."""
        raise NotImplementedError

    @property
    def addresses(self) -> tuple[str, ...]:
        """What a sentence may name in place of an object."""
        return tuple(f"{each.simulator.host}:{each.simulator.port}" for each in self.admins.values())

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no module may show."""
        raise NotImplementedError

    def state(self) -> Any:
        """Everything there is, as the simulators have it."""
        raise NotImplementedError

    def picture(self, state: Any) -> Picture:
        """A state without what differs between two runs of one task: ids, times, generations."""
        raise NotImplementedError

    def identities(self, state: Any) -> dict[str, str]:
        """What there is in a state: its id, and what it is called."""
        raise NotImplementedError

    def present_ids(self, state: Any) -> dict[str, str]:
        """The ids that may change while a thing stays the same, by what a task calls them: ``db at present``."""
        return {}


class StorPool(World):
    """A StorPool cluster, with bystanders that no task means: a volume that client 3 has, a snapshot of it, a volume without a name."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.admin = Admin(simulator)
        self.admins = {simulator.port: self.admin}

    @property
    def keeps(self) -> bool:
        return "data" not in self.simulator.args

    def make(self, scenario: Scenario) -> None:
        self.admin("POST", "reset")
        self.admin("POST", "switches", {**_SWITCHES, **scenario.switches})
        if scenario.far:
            self.admin("POST", "clusters", {"id": "far.c", "name": "far-cluster", "location": "far-away"})
        self.do(*_BASE, *scenario.setup)
        if scenario.then:
            self.do(*scenario.then({label: key for key, label in self.identities(self.state()).items()}))
        for volume in scenario.written:
            self.admin("POST", "write", {"volume": volume, "bytes": 1 << 20})

    def do(self, *steps: tuple[str, Any]) -> None:
        """Carry out calls, as (query, body), each of which has to have an effect. It takes no more than one request for all of them."""
        self.admin.act(
            "ClustersList", "/ctrl/1.0/ClustersList", [{"path": query, "body": body} for query, body in steps]
        )

    def journal(self) -> list[dict[str, Any]]:
        return list(self.admin("GET", "journal")["entries"])

    @property
    def connection(self) -> dict[str, Any]:
        return {
            "sp_api_http_host": self.simulator.host,
            "sp_api_http_port": self.simulator.port,
            "sp_auth_token": self.simulator.args["token"],
            "sp_api_timeout": 20,
            "sp_api_retries": 2,
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.simulator.args["token"],)

    def state(self) -> dict[str, Any]:
        """The cluster that modules talk to, and under ``far`` the other one, if there is one."""
        here, *far = self.admin("GET", "state")["clusters"].values()
        return {**here, "far": far[0] if far else None}

    def picture(self, state: dict[str, Any]) -> Picture:
        living = [*state["volumes"], *(row for row in state["snapshots"] if not row["deleted"])]
        labels = {row["lastingId"]: _label(row) for row in living}
        named = {f"~{key}": label for key, label in labels.items()}
        return {
            "volumes": _rows(state["volumes"], _VOLUME, named),
            "snapshots": _rows(
                [
                    {**row, "dated": bool(row.get("targetDeleteDate"))}
                    for row in state["snapshots"]
                    if not row["deleted"]
                ],
                (*_VOLUME, "dated"),
                named,
            ),
            "attachments": sorted(
                [labels[row["lastingId"]], row["client"], row["rights"]] for row in state["attachments"]
            ),
            "templates": _rows([{**row, "givenName": row["name"]} for row in state["templates"]], _TEMPLATE, named),
            "placementGroups": {row["name"]: sorted(row["disks"]) for row in state["placementGroups"]},
            "exports": sorted([labels[row["lastingId"]], each] for row in living for each in row["exports"]),
            **({"far": self.picture({**state["far"], "far": None})} if state["far"] else {}),
        }

    def identities(self, state: dict[str, Any]) -> dict[str, str]:
        living = [*state["volumes"], *(row for row in state["snapshots"] if not row["deleted"])]
        named = {row["lastingId"]: _label(row) for row in living}
        far = {} if not state["far"] else self.identities({**state["far"], "far": None})
        return {
            **{key: f"far {label}" for key, label in far.items()},
            **named,
            **{f"template {row['id']}": f"template {row['name']}" for row in state["templates"]},
            **{f"group {row['id']}": f"placement group {row['name']}" for row in state["placementGroups"]},
        }

    def present_ids(self, state: dict[str, Any]) -> dict[str, str]:
        return {f"{row['givenName']} at present": row["globalId"] for row in state["volumes"] if row["givenName"]}


class CloudStack(World):
    """A cloud with a StorPool pool ``other``, volumes on it, and a StorPool cluster with the templates hybrid and ssd behind it."""

    def __init__(self, simulator: Simulator, storpool: StorPool) -> None:
        self.simulator = simulator
        self.storpool = storpool
        self.admin = Admin(simulator)
        self.admins = {simulator.port: self.admin, storpool.simulator.port: storpool.admin}

    def begin(self, scenario: Scenario) -> None:
        DOWNLOADED.unlink(missing_ok=True)
        super().begin(scenario)

    @property
    def keeps(self) -> bool:
        return self.storpool.keeps

    @property
    def parts(self) -> tuple[World, ...]:
        return (self, self.storpool)

    def make(self, scenario: Scenario) -> None:
        self.admin("POST", "reset")
        self.storpool.begin(scenario)
        self.do(("createStoragePool", self.new_pool("other", "ssd")))
        self.add(pool="other", volumes=1, storpool=False)
        if scenario.prepare:
            scenario.prepare(self)

    def new_pool(self, name: str, template: str, **more: Any) -> dict[str, Any]:
        """The parameters of createStoragePool."""
        address = self.storpool.simulator.url.removeprefix("http://")
        token = self.storpool.simulator.args["token"]
        return {
            "name": name,
            "zoneid": self.zone(),
            "scope": "zone",
            "hypervisor": "KVM",
            "provider": "StorPool",
            "url": f"SP_API_HTTP={address};SP_AUTH_TOKEN={token};SP_TEMPLATE={template}",
            "capacitybytes": 1 << 40,
            **more,
        }

    def do(self, *steps: tuple[str, dict[str, Any]]) -> None:
        """Carry out commands, as (command, parameters), each of which has to have an effect; jobs are waited for."""
        requests = [{"command": command, "body": body} for command, body in steps]
        self.admin.act("listCapabilities", "/client/api?command=listCapabilities&response=json", requests)
        self.wait_for_jobs()

    def wait_for_jobs(self) -> None:
        """Return when no job is in progress."""
        end = time.monotonic() + JOBS_SECONDS
        while not all(job["jobstatus"] for job in self.admin("GET", "jobs")):
            assert time.monotonic() < end, "there is a job that does not end"

    def add(self, **objects: Any) -> None:
        """Objects on a pool, as ``/_sim/objects`` makes them."""
        self.admin("POST", "objects", objects)

    def zone(self) -> str:
        """The id of the only zone."""
        [zone] = self.admin("GET", "state")["zones"]
        return str(zone["id"])

    def id_of(self, name: str) -> str:
        """The id of a pool."""
        [pool] = [row for row in self.admin("GET", "pools") if row["name"] == name]
        return str(pool["id"])

    def server_id(self, name: str) -> str:
        """The id of a management server."""
        [server] = [row for row in self.admin("GET", "state")["management_servers"] if row["name"] == name]
        return str(server["id"])

    def journal(self) -> list[dict[str, Any]]:
        return list(self.admin("GET", "journal")["entries"])

    @property
    def connection(self) -> dict[str, Any]:
        return {
            "api_url": f"{self.simulator.url}/client/api",
            "api_key": self.simulator.args["api_key"],
            "api_secret": self.simulator.args["secret_key"],
            "api_timeout": 20,
            "api_retries": 2,
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.simulator.args["secret_key"], *self.storpool.secrets)

    def state(self) -> dict[str, Any]:
        return {**self.admin("GET", "state"), "storpool": self.storpool.state()}

    def picture(self, state: dict[str, Any]) -> Picture:
        storpool = self.storpool.picture(state["storpool"])
        pools = [row for row in state["pools"] if not row["removed"]]
        taken = {row["id"]: row["name"] for row in state["snapshots"]}
        of_vms = {row["id"]: row["display_name"] for row in state["vm_snapshots"]}
        return {
            "pools": sorted(
                [
                    [
                        row["name"],
                        row["id"].split(";")[0] if row["provider"] == "StorPool" else "",
                        *(_plain(row[key]) for key in _POOL),
                    ]
                    for row in pools
                ],
                key=str,
            ),
            "volumes": sorted([[row["name"], *(row[key] for key in _OF_VOLUME)] for row in state["volumes"]], key=str),
            "snapshots": sorted(
                [
                    [row["name"], row["state"], row["removed"], _by_name(row["tags"], taken)]
                    for row in state["snapshots"]
                ],
                key=str,
            ),
            "vm snapshots": sorted(
                [
                    [row["display_name"], _named(row["description"], of_vms), row["state"], row["removed"]]
                    for row in state["vm_snapshots"]
                ],
                key=str,
            ),
            "vms": sorted([[row["name"], row["state"]] for row in state["vms"]]),
            "offerings": sorted(
                [
                    [row["name"], *(_plain(row[key]) for key in _OFFERING)]
                    for row in state["disk_offerings"]
                    if not row["removed"]
                ],
                key=str,
            ),
            "cloudstack templates": sorted(
                [
                    [row["name"], *(_plain(row[key]) for key in _OF_TEMPLATE)]
                    for row in state["templates"]
                    if not row["removed"]
                ],
                key=str,
            ),
            "servers": sorted([[row["name"], row["state"]] for row in state["management_servers"]]),
            "settings": sorted(state["settings"], key=str),
            "templates": storpool["templates"],
            "placementGroups": storpool["placementGroups"],
            "storpool volumes": len(storpool["volumes"]),
            "downloaded": _downloaded(state),
            "beside it": sum(name.startswith(f".{DOWNLOADED.name}") for name in os.listdir(DOWNLOADED.parent)),
        }

    def identities(self, state: dict[str, Any]) -> dict[str, str]:
        return {
            row["id"]: f"{table[:-1]} {row.get('display_name') or row['name']}"
            for table in (
                *("pools", "volumes", "snapshots", "vms", "disk_offerings", "management_servers", "templates"),
                "vm_snapshots",
            )
            for row in state[table]
            if not row["removed"]
        }


def _downloaded(state: dict[str, Any]) -> str | None:
    """What the downloaded file is, whatever the ids of volumes in it are; ``None`` if there is none."""
    if not DOWNLOADED.exists():
        return None
    content = DOWNLOADED.read_bytes()
    for row in state["volumes"]:
        content = content.replace(row["id"].encode(), b"id")
    return hashlib.sha256(content).hexdigest()


def _label(row: dict[str, Any]) -> str:
    return row["givenName"] or "with the tags " + json.dumps(row["tags"], sort_keys=True)


def _rows(rows: list[dict[str, Any]], fields: tuple[str, ...], named: dict[str, str]) -> list[Any]:
    """The rows as lists that can be sorted and compared, references to unnamed objects replaced by what these are."""
    return sorted(
        (
            [_label(row), *([field, named.get(str(row.get(field)), _plain(row.get(field)))] for field in fields)]
            for row in rows
        ),
        key=str,
    )


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _by_name(tags: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    """Tags whose values are names in place of ids, which are others in each run."""
    return {key: names.get(value, value) for key, value in tags.items()}


def _named(text: str | None, names: dict[str, str]) -> str | None:
    """A text with names in place of ids."""
    return text and " ".join(names.get(word, word) for word in text.split(" "))
