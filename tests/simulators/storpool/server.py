# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as the kit wants it: authentication, envelopes, HTTP statuses, waiting, the model's clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulators.kit import AdminError, Answer, Call, Request, json_answer
from simulators.kit.faults import LONGEST, is_seconds
from simulators.storpool import admin, attachments, dispatch, lifecycle, paths, services
from simulators.storpool.calls import CALLS
from simulators.storpool.devices import Devices
from simulators.storpool.errors import DOES_NOT_EXIST, RESOURCES, ApiFailure
from simulators.storpool.files import Abandoned
from simulators.storpool.state import Cluster, Context, World, build_cluster
from simulators.storpool.store import Store, Work
from simulators.storpool.switches import SWITCHES
from simulators.storpool.waiting import verdict

POLL_SECONDS = 0.01
HEADERS = {"Cache-Control": "private"}
WAS_RESET = ApiFailure("clusterNotOperational", "The simulator was reset", transient=True)
DEFAULTS = {switch.name: switch.default for switch in SWITCHES}


@dataclass(frozen=True)
class Options:
    """How a simulator was started. ``clients`` and ``disks`` are those of the local cluster."""

    token: str
    cluster_id: str
    cluster_name: str
    clients: tuple[int, ...]
    disks: int


@dataclass(frozen=True)
class Detail:
    """What the kit need not know of a call; ``problem`` is why its body could not be read, ``asked`` the cluster whose token it has."""

    path: paths.Path
    authorized: bool
    body: Any = None
    problem: ApiFailure | None = None
    asked: Cluster | None = None


class Simulator:
    """A StorPool management service."""

    switches = SWITCHES

    def __init__(self, options: Options, store: Store | None = None, devices: Devices | None = None) -> None:
        self._options = options
        self._store = store
        self._devices = devices
        self._catching_up: asyncio.Task[None] | None = None
        self._switches: Mapping[str, Any] = DEFAULTS
        self._offset = 0.0
        self._world = self._new_world()
        self.admin: dict[str, Callable[[str, Mapping[str, str], Any], Any]] = {
            "open": self._on_model(admin.set_open),
            "clients": self._on_model(admin.clients),
            "disks": self._on_model(admin.set_disk),
            "write": self._on_model(admin.write),
            "clusters": self._on_model(admin.clusters),
            "now": self._clock,
            "data": self._data,
            "devices": self._describe_devices,
        }

    def _new_world(self) -> World:
        options = self._options
        local = build_cluster(
            options.cluster_id, options.cluster_name, list(options.clients), options.disks, int(self._now())
        )
        world = World(local, {local.id: local})
        if self._devices is not None:
            world.in_use = self._devices.in_use
        return world

    def _now(self) -> float:
        return time.time() + self._offset

    def reset(self, switches: Mapping[str, Any]) -> None:
        """A fresh state; calls that still wait are refused."""
        self._switches = switches
        self._offset = 0.0
        self._world = self._new_world()
        if self._store is not None:
            self._store.wipe()
        if self._devices is not None:
            self._catch_up()

    def close(self) -> None:
        """Ends what a server with data has beside its answers: devices, and work that is not done yet."""
        if self._devices is not None:
            self._devices.close()
        if self._store is not None:
            self._store.close()

    def _context(self, switches: Mapping[str, Any]) -> Context:
        context = Context(self._world, self._world.local, switches, self._now())
        lifecycle.advance(replace(context, switches=self._switches))
        self._begin_steps()
        return context

    def _begin_steps(self) -> Work | None:
        """What is to be done to the bytes is begun with."""
        steps, self._world.steps = self._world.steps, []
        return self._store.submit(steps) if self._store is not None else None

    async def _follow(self) -> None:
        """The devices are as the attachments are, but for clients that lag: their devices come when they do."""
        if self._devices is not None and not await self._devices.follow(lambda: self._context(self._switches)):
            self._catch_up()

    def _catch_up(self) -> None:
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.get_running_loop().create_task(self._until_followed())

    async def _until_followed(self) -> None:
        while not await self._devices.follow(lambda: self._context(self._switches)):
            await asyncio.sleep(POLL_SECONDS)

    def state(self) -> dict[str, Any]:
        """Everything, whatever the switches for listings say."""
        return admin.dump(self._context(DEFAULTS))

    def _on_model(self, function: Callable[[Context, str, Any], Any]) -> Callable[[str, Mapping[str, str], Any], Any]:
        """An admin path's function; a change is over when the devices have followed."""

        def answer(method: str, query: Mapping[str, str], body: Any) -> Any:
            value = function(self._context(self._switches), method, body)
            return value if self._devices is None or method == "GET" else self._followed(value)

        return answer

    async def _followed(self, value: Any) -> Any:
        await self._follow()
        return value

    async def _data(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: where the bytes of each object are, once what is being done to them is done; nothing without --data."""
        if self._store is None:
            return {}
        self._context(self._switches)
        await self._store.settled()
        return admin.data(self._context(self._switches), query.get("cluster"), self._store.root)

    async def _describe_devices(self, method: str, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        """GET: the devices that clients have."""
        return self._devices.describe() if self._devices is not None else {"kind": None, "devices": []}

    def _clock(self, method: str, query: Mapping[str, str], body: Any) -> dict[str, float]:
        """GET: the model's time. POST ``{"seconds": N}``: N seconds pass at once."""
        if method == "POST":
            seconds = body.get("seconds") if isinstance(body, dict) else None
            if not is_seconds(seconds) or self._offset + seconds > LONGEST:
                raise AdminError(f"seconds is a number from 0, and all together at most {LONGEST}")
            self._offset += seconds
        return {"now": self._context(self._switches).now}

    def parse(self, request: Request) -> Call:
        """The call that a request is; what is wrong with it is refused when it is performed."""
        path = paths.parse(request.path)
        asked = self._cluster_of(request.header("Authorization"))
        body, problem = None, None
        try:
            body = dispatch.read_json(request.body if request.method == "POST" else path.json)
        except ApiFailure as failure:
            problem = failure
        return Call(
            request.method,
            path.name,
            request.path,
            "/".join(path.targets) or None,
            body,
            write=request.method == "POST",
            detail=Detail(path, asked is not None, body, problem, asked),
        )

    def _cluster_of(self, authorization: str | None) -> Cluster | None:
        """The cluster whose token it is."""
        tokens = {self._world.local.id: self._options.token}
        return next(
            (
                each
                for each in self._world.clusters.values()
                if authorization == f"Storpool v1:{tokens.get(each.id, each.token)}"
            ),
            None,
        )

    def rival(self, spec: Mapping[str, Any]) -> Call:
        """``{"path" or "call": "VolumeUpdate/db-1", "target"?, "method"?: "POST", "body"?}``; never journaled as ours."""
        name = spec.get("path") or spec.get("call") if isinstance(spec, dict) else None
        if not isinstance(name, str):
            raise AdminError('a rival\'s request has a path, like "VolumeUpdate/db-1"')
        if not isinstance(spec.get("target"), (str, type(None))) or not isinstance(spec.get("method", "POST"), str):
            raise AdminError("the target and the method of a rival's request are texts")
        if spec.get("target"):
            name = f"{name}/{spec['target']}"
        raw = name if name.startswith(paths.PREFIX) else paths.PREFIX + name.lstrip("/")
        path = paths.parse(raw)
        method = spec.get("method", "POST")
        if (method, path.name) not in CALLS:
            raise AdminError(f"there is no call {method} {path.name}")
        body = spec.get("body")
        target = "/".join(path.targets) or None
        return Call(method, path.name, raw, target, body, method == "POST", Detail(path, authorized=True, body=body))

    def perform(self, call: Call) -> Answer:
        """Carries the call out; one that waits for clients has had its effect before it waits."""
        detail: Detail = call.detail
        try:
            if not detail.authorized:
                raise ApiFailure(
                    self._switches["error_bad_token"], "Invalid token", status=self._switches["token_status"]
                )
            if detail.problem is not None:
                raise detail.problem
            done = dispatch.execute(
                self._world, self._switches, self._now(), call.method, detail.path, detail.body, detail.asked
            )
        except ApiFailure as failure:
            self._begin_steps()
            return self._failed(failure)
        work = self._begin_steps()
        if self._store is not None and (call.write or done.pending is not None):
            return Answer(b"", effect=done.context.changed, wait=lambda: self._with_data(done, self._world, work))
        if done.pending is not None:
            answer = self._when_ready(done)
            if answer is not None:
                return answer
            return Answer(b"", effect=done.context.changed, wait=lambda: self._wait(done, self._world))
        return _succeeded(done)

    def fault_answer(self, call: Call, fault: Mapping[str, Any]) -> Answer:
        """An error of the API, as a fault orders it."""
        name, descr = fault.get("name", "unknownError"), fault.get("descr", "Injected error")
        answer = self._failed(ApiFailure(name, descr, transient=bool(fault.get("transient", False))))
        return replace(answer, outcome="fault:api_error")

    def _failed(self, failure: ApiFailure) -> Answer:
        body: dict[str, Any] = {"error": {"name": failure.name, "descr": failure.descr, "transient": failure.transient}}
        if self._switches["generation_in_errors"]:
            body["generation"] = self._world.local.generation
        status = 200
        if failure.status is not None:
            status = failure.status
        elif self._switches["error_status"] == "mapped":
            status = 404 if failure.name == DOES_NOT_EXIST else 500
        return replace(json_answer(body, status, f"error:{failure.name}"), headers=HEADERS)

    def _when_ready(self, done: dispatch.Done) -> Answer | None:
        """The answer of a call that waits, if it need not wait any more."""
        now = self._now()
        ready = verdict(done, now)
        if ready is False:
            return None
        if isinstance(ready, ApiFailure):
            return replace(self._failed(ready), effect=done.context.changed)
        if isinstance(done.pending, services.ClientWait):
            context = replace(done.context, now=now)
            envelope = {"generation": context.cluster.generation, "data": done.pending.result(context)}
            done = replace(done, envelope=envelope)
        return _succeeded(done)

    async def _with_data(self, done: dispatch.Done, world: World, work: Work | None) -> Answer:
        """The answer once bytes and devices are as it says."""
        if work is not None:
            await asyncio.wait({work})
            failure = work.exception()
            if isinstance(failure, Abandoned) or world is not self._world:
                return self._failed(WAS_RESET)
            if failure is not None:
                failed = self._failed(ApiFailure(RESOURCES, f"The data could not be kept: {failure}"))
                return replace(failed, effect=done.context.changed)
        if isinstance(done.pending, attachments.Reassigned):
            for volume in done.pending.volumes:
                await self._store.settled(volume.file)
        answer = _succeeded(done) if done.pending is None else await self._wait(done, world)
        await self._follow()
        return answer

    async def _wait(self, done: dispatch.Done, world: World) -> Answer:
        while world is self._world:
            answer = self._when_ready(done)
            if answer is not None:
                return answer
            await asyncio.sleep(POLL_SECONDS)
        return self._failed(WAS_RESET)


def _succeeded(done: dispatch.Done) -> Answer:
    return replace(json_answer(done.envelope, effect=done.context.changed), headers=HEADERS)
