# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CloudStack simulator inside the test's process, with a StorPool API that is a function."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from simulators.cloudstack.plugin import api
from simulators.cloudstack.plugin.url import Connection
from simulators.cloudstack.server import Simulator
from simulators.cloudstack.state import LocalStorPool, Options
from simulators.cloudstack.versions import parse
from simulators.kit import Switches

LOCAL = LocalStorPool("127.0.0.1", 81, "77")
URL_OLD = "SP_API_HTTP=127.0.0.1:81;SP_AUTH_TOKEN=77;SP_TEMPLATE=ssd"
URL_NEW = "storpool://77@127.0.0.1:81/ssd"


class Failed(Exception):
    """An error answer: the HTTP status, the envelope's key and the body."""

    def __init__(self, status: int, envelope: str, body: dict[str, Any]) -> None:
        super().__init__(body["errortext"])
        self.status, self.envelope, self.body = status, envelope, body


class StorPool:
    """Answers the driver's calls: templates "ssd" and "hdd" exist; the calls are kept as (query, body)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.failures: dict[str, api.StorPoolError] = {}
        self.capacity = {"capacity": 1000, "free": 400}

    async def call(self, where: Connection, query: str, body: Any = None, *, post: bool = False) -> dict[str, Any]:
        self.calls.append((query, body))
        plain = query.replace("MultiCluster/", "").replace("AllClusters/", "")
        name, _slash, target = plain.partition("/")
        for key, error in self.failures.items():
            if key in plain or key in json.dumps(body):
                raise error
        if name == "VolumeTemplateDescribe" and target not in ("ssd", "hdd"):
            raise api.StorPoolError("objectDoesNotExist", "no such template")
        if name == "VolumeTemplatesStatus":
            clusters = [{"response": {"data": [{"name": "ssd", "stored": self.capacity}]}}, {"clusterId": "gone.b"}]
            return {"data": {"clusters": clusters}}
        number = len(self.calls)
        if name == "VolumesGroupSnapshot":
            return {
                "data": {"snapshots": [{"snapshotGlobalId": f"sim.a.g{one}"} for one in range(len(body["volumes"]))]}
            }
        return {"data": {"ok": True, "name": f"~sim.a.{number}", "snapshotGlobalId": f"sim.a.s{number}"}}

    def queries(self) -> list[str]:
        return [query for query, _body in self.calls]


class Cloud:
    """A simulator of one release; commands are called without HTTP and without a signature."""

    def __init__(
        self, version: str, monkeypatch: pytest.MonkeyPatch, local: LocalStorPool = LOCAL, **options: int
    ) -> None:
        self.storpool = StorPool()
        monkeypatch.setattr(api, "call", self.storpool.call)
        self.simulator = Simulator(Options(parse(version), "key", "secret", storpool=local, **options))
        self.switches = Switches(self.simulator.switches)
        self.simulator.reset(self.switches)
        self.loop = asyncio.new_event_loop()

    @property
    def state(self) -> Any:
        return self.simulator._current

    def call(self, command: str, via: str | None = None, **params: Any) -> dict[str, Any]:
        """The body of the answer; Failed for an error. A job has ended when this returns.

        `via` is the management server that forwards the call.
        """
        call = self.simulator.rival({"command": command, "body": params})
        call.detail = dataclasses.replace(call.detail, via=via)

        async def run() -> Any:
            answer = await self.simulator.perform(call).wait()
            if not self.switches["jobs_never_end"]:
                await asyncio.gather(*list(self.state.tasks))
            return answer

        answer = self.loop.run_until_complete(run())
        [(envelope, body)] = json.loads(answer.body).items()
        if answer.status != 200:
            raise Failed(answer.status, envelope, body)
        return body

    def job(self, command: str, **params: Any) -> dict[str, Any]:
        """The finished job's row."""
        return self.call("queryAsyncJobResult", jobid=self.call(command, **params)["jobid"])

    def admin(self, name: str, body: Any) -> Any:
        """POST to an admin path."""
        result = self.simulator.admin[name]("POST", {}, body)
        return self.loop.run_until_complete(result) if asyncio.iscoroutine(result) else result

    def zone(self) -> str:
        return self.state.zones[1].id

    def create(self, url: str | None = None, **params: Any) -> dict[str, Any]:
        """Registers a pool; the URL form is the newest of the release unless given."""
        default = URL_NEW if self.state.release.has("storpool_url_scheme") else URL_OLD
        if self.state.release.text.startswith("4.8"):
            default = "ssd"
        given = {
            "name": "pool1",
            "url": url or default,
            "zoneid": self.zone(),
            "scope": "zone",
            "hypervisor": "KVM",
            "provider": "StorPool",
            "capacitybytes": 1 << 40,
            **params,
        }
        return self.call("createStoragePool", **{key: value for key, value in given.items() if value is not None})[
            "storagepool"
        ]

    def pools(self, **params: Any) -> list[dict[str, Any]]:
        return self.call("listStoragePools", **params).get("storagepool", [])

    def close(self) -> None:
        """Ends what still runs; each test's fixture does it."""
        for task in list(self.state.tasks):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
