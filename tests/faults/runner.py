# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module's ``main()`` in this process, as a task would, with its real transport and without its pauses."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import io
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import requests
from ansible.module_utils.testing import patch_module_args

from faults.odd import Odd, odd_answer, odd_response

PLUGINS = "ansible_collections.storpool.cloudstack.plugins"
#: What a pause of any length really takes, so that the simulators can go on meanwhile.
PAUSE_SECONDS = 0.002
#: How long a module waits for an answer that does not come, in seconds, and how long a server may take until it hangs.
PATIENCE = 0.1
SLOWEST = 60
#: What comes before a call of StorPool's that is done in another cluster.
_WAY = re.compile(r"^(RemoteCommand/[^/]+/)?(MultiCluster/)?(AllClusters/)?")


@dataclass(frozen=True)
class Request:
    """A request that a module made. ``skip`` is how many it had made before with the same server, method and call."""

    port: int
    method: str
    call: str
    skip: int


@dataclass
class Wire:
    """What lies between modules and servers.

    From request number ``refuse_from`` (from 0) on, ``refusals`` requests (None: all) go to a port where nobody listens. To ``unanswered`` no answer
    comes: the module waits :data:`PATIENCE` seconds for it, whatever it was told, and goes on when ``hangs`` says that the server has had the request. The
    process gets the signal ``kill_with`` at request ``kill_at``, before it is sent or, with ``kill_after``, when the answer has come and nobody has read
    it. The answer to request ``odd_at`` is made ``odd``. Both may be numbers, too, where no job is waited for: which number a request has depends on how
    often was asked for jobs before it. ``requests`` are those made so far.
    """

    refuse_from: int | None = None
    refusals: int | None = None
    unanswered: Request | None = None
    hangs: Callable[[], bool] = lambda: True
    kill_with: int | None = None
    kill_at: int | Request = 0
    kill_after: bool = False
    odd: Odd | None = None
    odd_at: int | Request = 0
    requests: list[Request] = field(default_factory=list)
    _one_at_a_time: Any = field(default_factory=threading.Lock, repr=False)

    def send(self, real: Callable[..., Any], adapter: Any, request: Any, **options: Any) -> Any:
        """In place of ``requests.adapters.HTTPAdapter.send``, over which calls to CloudStack go."""
        number = self._count(request.url, request.method, request.body)
        if self._refuses(number):
            parts = urlsplit(request.url)
            request = request.copy()
            request.url = parts._replace(netloc=f"127.0.0.1:{closed_port()}").geturl()
        if self._is_unanswered(number):
            options["timeout"] = (PATIENCE, PATIENCE)
        answer = self._between(number, lambda: real(adapter, request, **options))
        return odd_response(answer, self.odd) if self.odd and self._is(self.odd_at, number) else answer

    def ask(self, real: Callable[..., Any], line: Any, method: str, path: str, body: Any, seconds: float) -> Any:
        """In place of ``Line.ask``, over which calls to StorPool go."""
        number = self._count(f"http://{line.address}{path}", method, body)
        if self._refuses(number):
            line = type(line)("127.0.0.1", closed_port(), line.address, {})
        if self._is_unanswered(number):
            answer = self._between(
                number, lambda: self._in_vain(lambda patience: real(line, method, path, body, patience))
            )
        else:
            answer = self._between(number, lambda: real(line, method, path, body, seconds))
        return odd_answer(answer, self.odd) if self.odd and self._is(self.odd_at, number) else answer

    def _in_vain(self, ask: Callable[[float], Any]) -> Any:
        """Ask, with so much patience that the request is sent, however busy this machine is."""
        patience = PATIENCE
        while True:
            try:
                return ask(patience)
            except importlib.import_module(f"{PLUGINS}.module_utils._common.wire").Broken as error:
                if error.sent or not error.is_late or patience > SLOWEST:
                    raise
            patience *= 4

    def _count(self, url: str, method: str, body: Any) -> int:
        """The number of a request. Modules make requests side by side, too."""
        with self._one_at_a_time:
            self.requests.append(self._seen(url, method, body))
            return len(self.requests) - 1

    def _between(self, number: int, send: Callable[[], Any]) -> Any:
        if not self.kill_after:
            self._die(number)
        try:
            answer = send()
        finally:
            if self._is_unanswered(number):
                self._wait_until_it_hangs()
        self._die(number)
        return answer

    def _is(self, place: int | Request, number: int) -> bool:
        return place in (number, self.requests[number])

    def _is_unanswered(self, number: int) -> bool:
        return self.unanswered is not None and self.requests[number] == self.unanswered

    def _wait_until_it_hangs(self) -> None:
        """A server that is slow may have the effect only after the module has given up; it is not this that is tried here."""
        deadline = time.monotonic() + SLOWEST
        while not self.hangs():
            assert time.monotonic() < deadline, f"{self.unanswered} never came to the server"
            time.sleep(PAUSE_SECONDS)

    def _die(self, number: int) -> None:
        if self.kill_with is not None and self._is(self.kill_at, number):
            os.kill(os.getpid(), self.kill_with)

    def _seen(self, url: str, method: str, body: Any) -> Request:
        parts = urlsplit(url)
        call = _WAY.sub("", parts.path.removeprefix("/ctrl/1.0/")).split("/")[0]
        if parts.path.startswith("/userdata/"):
            call = "userdata"
        if parts.path.endswith("/client/api"):
            [call] = parse_qs(body if isinstance(body, str) else body.decode())["command"]
        same = (parts.port or 80, method, call)
        return Request(*same, skip=sum((each.port, each.method, each.call) == same for each in self.requests))

    def _refuses(self, number: int) -> bool:
        if self.refuse_from is None or number < self.refuse_from:
            return False
        return self.refusals is None or number < self.refuse_from + self.refusals


class Before(Wire):
    """Does something just before the first request of a call, and ends it before that is sent."""

    def __init__(self, call: str, act: Callable[[], Any]) -> None:
        super().__init__()
        self.call, self.act = call, act

    def _between(self, number: int, send: Callable[[], Any]) -> Any:
        if self.requests[number].call == self.call and not self.requests[number].skip:
            self.act()
        return super()._between(number, send)


@functools.cache
def _bound_socket() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def closed_port() -> int:
    """A port where connections are refused: it is taken, but nobody listens."""
    return int(_bound_socket().getsockname()[1])


class Clock:
    """Time in which pauses pass at once."""

    def __init__(self) -> None:
        self._slept = 0.0

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        time.sleep(min(seconds, PAUSE_SECONDS))

    def monotonic(self) -> float:
        return time.monotonic() + self._slept


@functools.cache
def _clock() -> Clock:
    return Clock()


def without_pauses() -> None:
    """Give every function of the collection that takes a clock or a way to sleep by default those of one :class:`Clock`."""
    clock = _clock()
    ours: dict[Any, Any] = {time.sleep: clock.sleep, time.monotonic: clock.monotonic}
    for name, module in list(sys.modules.items()):
        if not name.startswith(PLUGINS) or module is None:
            continue
        for thing in list(vars(module).values()):
            for function in vars(thing).values() if inspect.isclass(thing) else (thing,):
                if inspect.isfunction(function) and function.__defaults__:
                    function.__defaults__ = tuple(
                        ours.get(value, value) if callable(value) else value for value in function.__defaults__
                    )


@dataclass(frozen=True)
class Ended:
    """How a module ended: its result (empty if it printed none), all that it printed, and the exception that it let through."""

    result: dict[str, Any]
    output: str
    escaped: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed")) or not self.result

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@functools.cache
def load(module: str) -> Callable[[], None]:
    """The ``main`` of a module, without pauses."""
    main: Callable[[], None] = importlib.import_module(f"{PLUGINS}.modules.{module}").main
    without_pauses()
    return main


def run(
    module: str, options: dict[str, Any], wire: Wire | None = None, *, check: bool = False, diff: bool = False
) -> Ended:
    """Run a module with these options to its end."""
    main = load(module)
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_module_name": module}
    printed, escaped = io.StringIO(), ""
    with patch_module_args(arguments), _on(wire or Wire()), contextlib.redirect_stdout(printed):
        try:
            main()
        except SystemExit:
            pass
        except Exception as error:  # noqa: BLE001  # whatever gets out of a module is what a user would see as a traceback
            escaped = f"{type(error).__name__}: {error}"
    output = printed.getvalue()
    lines = [line for line in output.splitlines() if line.startswith("{")]
    return Ended(json.loads(lines[-1]) if lines else {}, output, escaped)


@contextlib.contextmanager
def _on(wire: Wire) -> Iterator[None]:
    line = importlib.import_module(f"{PLUGINS}.module_utils._common.wire").Line
    real_send, real_ask = requests.adapters.HTTPAdapter.send, line.ask

    def send(adapter: Any, request: Any, **options: Any) -> Any:
        return wire.send(real_send, adapter, request, **options)

    def ask(self: Any, *request: Any) -> Any:
        return wire.ask(real_ask, self, *request)

    with mock.patch.object(requests.adapters.HTTPAdapter, "send", send), mock.patch.object(line, "ask", ask):
        yield
