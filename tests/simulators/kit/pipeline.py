# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an HTTP request to its answer: parse, faults, effect, journal, faults, answer."""

from __future__ import annotations

import asyncio
import inspect
import socket
import struct
from typing import Any

import orjson
from aiohttp import web

from simulators.kit.admin import PREFIX, Admin
from simulators.kit.faults import Faults
from simulators.kit.journal import Journal
from simulators.kit.product import Answer, Call, Product, Request
from simulators.kit.switches import COMMON, Switches

POLL_SECONDS = 0.05
HTML = b"<html><head><title>%d</title></head><body><center><h1>%d Internal Error</h1></center></body></html>\n"
GARBAGE = b"\x00\x01<<< this is not JSON >>>"
BEFORE = ("reset_before", "hang_before", "http_error", "api_error")


class Pipeline:
    """Serves one simulator: :meth:`handle` is the handler of an :class:`aiohttp.web.Server`."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._switches = Switches((*COMMON, *product.switches))
        self._journal = Journal()
        self._faults = Faults()
        self._admin = Admin(product, self._switches, self._journal, self._faults)
        product.reset(self._switches)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers a request, to ``/_sim/`` or to the API."""
        path = request.raw_path
        body = await request.content.read() if request.body_exists else b""
        if path.startswith(PREFIX):
            status, value = self._admin.handle(request.method, path, body)
            if inspect.isawaitable(value):
                try:
                    value = await value
                except ValueError as problem:
                    status, value = 400, {"error": str(problem)}
            text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
            return web.Response(body=text, status=status, headers={"Content-Type": "application/json"})
        call = self._product.parse(Request(request.method, path, body, request.headers.get))
        fault = self._faults.take(call)
        if fault is not None and fault["kind"] == "rival":
            for spec in fault["requests"]:
                rival = self._product.rival(spec)
                await self._perform(rival, self._journal.open(rival, rival=True))
        entry = self._journal.open(call)
        answer = await (self._perform(call, entry) if fault is None else self._faulty(request, call, entry, fault))
        if self._switches["delay_ms"]:
            await asyncio.sleep(self._switches["delay_ms"] / 1000)
        if answer is None:
            return _drop(request)
        response = web.Response(
            body=answer.body, status=answer.status, headers={"Content-Type": answer.content_type, **answer.headers}
        )
        if self._switches["connection"] == "close":
            response.force_close()
        return response

    async def _perform(self, call: Call, entry: dict[str, Any]) -> Answer:
        """The call's effect and answer, noted in its journal entry."""
        answer = self._product.perform(call)
        if answer.wait is not None:
            entry["effect"] = answer.effect
            answer = await answer.wait()
        entry["effect"] = entry["effect"] or answer.effect
        entry["outcome"] = answer.outcome
        return answer

    async def _faulty(
        self, request: web.BaseRequest, call: Call, entry: dict[str, Any], fault: dict[str, Any]
    ) -> Answer | None:
        """The answer of a call that a fault strikes; None if the connection is to be dropped without one."""
        kind = fault["kind"]
        if kind == "rival":
            return await self._perform(call, entry)
        without_effect = kind in BEFORE or (kind == "garbage" and not fault["after"])
        answer = None if without_effect else await self._perform(call, entry)
        entry["outcome"] = f"fault:{kind}"
        if kind == "delay":
            await asyncio.sleep(fault["seconds"])
            return answer
        if kind in ("hang_before", "hang_after"):
            await self._hang(request, fault["seconds"])
            return None
        if kind == "http_error":
            status = fault["status"]
            if fault["html"]:
                return Answer(HTML % (status, status), status, content_type="text/html")
            return Answer(b"internal error %d\n" % status, status, content_type="text/plain")
        if kind == "garbage":
            return Answer(GARBAGE)
        if kind == "api_error":
            return self._product.fault_answer(call, fault)
        return None

    async def _hang(self, request: web.BaseRequest, seconds: float) -> None:
        """Returns when the client has closed the connection, or somebody has removed all faults, at the latest after ``seconds``."""
        loop = asyncio.get_running_loop()
        end, cleared = loop.time() + seconds, self._faults.cleared
        while loop.time() < end and self._faults.cleared == cleared:
            if request.transport is None or request.transport.is_closing():
                break
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, end - loop.time())))


def _drop(request: web.BaseRequest) -> web.Response:
    """Resets the connection: the client sees it broken, not an empty answer."""
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    response = web.Response()
    response.force_close()
    return response
