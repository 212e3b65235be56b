# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as the kit serves it: one call from its parameters to the bytes that go back."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import orjson

from simulators.cloudstack import calls, commands, dispatch, signature
from simulators.cloudstack.admin import Admin
from simulators.cloudstack.commands import extraction
from simulators.cloudstack.envelopes import ERROR_ENVELOPE, error_body, error_envelope, json_content_type, xml
from simulators.cloudstack.errors import BAD_REQUEST, UNAUTHORIZED, UNSUPPORTED_ACTION, ApiError
from simulators.cloudstack.plugin import reporting
from simulators.cloudstack.registry import Command
from simulators.cloudstack.state import Options, State
from simulators.cloudstack.switches import SWITCHES
from simulators.kit import Answer, Call, Request

UNVERIFIED = "unable to verify user credentials and/or request signature"
_POST_EXEMPT = ("isaccountallowedtocreateofferingswithtags", "readyforshutdown")
_POST_EXEMPT_PREFIXES = ("get", "list", "query", "find")


class Simulator:
    """The product that the kit serves."""

    switches = SWITCHES

    def __init__(self, options: Options) -> None:
        self._options = options
        self._state: State | None = None
        self.admin = Admin(lambda: self._current).paths()

    @property
    def _current(self) -> State:
        if self._state is None:
            raise RuntimeError("the simulator has not been reset yet")
        return self._state

    def reset(self, switches: Mapping[str, Any]) -> None:
        """A cloud as at the start, of the present release; the jobs of the old one are dropped."""
        options = self._options
        if self._state is not None:
            self._state.close()
            options = self._state.options
        self._state = State(options, switches)

    async def keep(self) -> bytes:
        """Tables, settings and clock, once what is under way has ended."""
        return await self._current.keep()

    def restore(self, kept: bytes, switches: Mapping[str, Any]) -> None:
        """The state as it was kept; the jobs of the present one are dropped."""
        self._current.close()
        self._state = State.of(kept, switches)

    def state(self) -> dict[str, Any]:
        reporting.settle(self._current)
        return self._current.dump()

    def parse(self, request: Request) -> Call:
        return calls.parse(request)

    def rival(self, spec: Mapping[str, Any]) -> Call:
        return calls.rival(spec)

    def fault_answer(self, call: Call, fault: Mapping[str, Any]) -> Answer:
        """The answer of an `api_error` fault: its `errorcode` and `errortext`."""
        error = ApiError(int(fault.get("errorcode", 530)), str(fault.get("errortext", "injected error")))
        return self._failed(call.detail, commands.find(call.name, self._current.release), error)

    def perform(self, call: Call) -> Answer:
        """All work is asynchronous: the StorPool API is asked on the way."""
        received: calls.Received = call.detail
        if received.path.startswith(calls.DIRECTORY):
            header = received.header
            return extraction.handed_out(self._current, call.method, received.path, header("Range"), header("If-Range"))
        if received.path.rstrip("/") != calls.API_PATH:
            return _web(received.path)

        async def answer() -> Answer:
            return await self._answer(received)

        return Answer(b"", wait=answer)

    async def _answer(self, received: calls.Received) -> Answer:
        state = self._current
        reporting.settle(state)
        state.address = received.header("Host") or state.address
        name = next((value for key, value in received.params.items() if key.lower() == "command"), "")
        command = commands.find(name, state.release)
        try:
            admitted = self._admit(state, received, name, command)
            body, effect = await dispatch.run(state, admitted, received.params, received.via)
        except ApiError as error:
            return self._failed(received, command, error)
        return self._encoded(received, admitted.envelope, body, 200, "ok", effect)

    def _admit(self, state: State, received: calls.Received, name: str, command: Command | None) -> Command:
        """The command, after everything that is checked before it is looked at; raises ApiError."""
        if not name:
            raise ApiError(UNSUPPORTED_ACTION, "Invalid request, no command sent")
        if command is None:
            raise self._unknown(state)
        enforced = state.release.has("enforce_post") and (
            state.switches["enforce_post"]
            or state.settings.get(("Global", 0, "enforce.post.requests.and.timestamps")) == "true"
        )
        if enforced and not received.post and not received.trusted and _changes(name, received.params):
            raise ApiError(BAD_REQUEST, f"State changing command {name} needs to be sent using POST request")
        if not received.trusted and signature.rejection(
            received.params, self._options.api_key, self._options.secret_key, state.clock.now(), enforced
        ):
            raise ApiError(UNAUTHORIZED, UNVERIFIED, None)
        return command

    def _unknown(self, state: State) -> ApiError:
        choice = state.switches["unknown_command"]
        unauthorized = choice == "401" or (choice == "auto" and state.release.has("permission_errors_are_401"))
        if unauthorized:
            return ApiError(UNAUTHORIZED, UNVERIFIED, None)
        return ApiError(UNSUPPORTED_ACTION, "The given command does not exist or it is not available for user")

    def _failed(self, received: calls.Received, command: Command | None, error: ApiError) -> Answer:
        envelope = error_envelope(error, command.envelope if command else None)
        answer = self._encoded(received, envelope, error_body(error), error.status, f"error:{error.status}", False)
        text = error.text.replace("\r", " ").replace("\n", " ")
        answer.headers = {**answer.headers, "X-Description": text.encode("ascii", "replace").decode()}
        return answer

    def _encoded(
        self, received: calls.Received, envelope: str, body: dict[str, Any], status: int, outcome: str, effect: bool
    ) -> Answer:
        release = self._current.release
        wanted = next((value for key, value in received.params.items() if key.lower() == "response"), "xml")
        if wanted.lower() == "json":
            answer = Answer(orjson.dumps({envelope: body}), status, outcome, effect, json_content_type(release))
        else:
            text = xml(envelope or ERROR_ENVELOPE, body, release)
            answer = Answer(text.encode(), status, outcome, effect, "text/xml; charset=UTF-8")
        answer.headers = {"Date": formatdate(self._current.clock.now(), usegmt=True)}
        return answer


def _changes(name: str, params: Mapping[str, str]) -> bool:
    """Whether a command must be sent with POST when that is enforced; the setting that enforces it is exempt."""
    lowered = name.lower()
    if lowered.startswith(_POST_EXEMPT_PREFIXES) or lowered in _POST_EXEMPT:
        return False
    return not (lowered == "updateconfiguration" and params.get("name") == "enforce.post.requests.and.timestamps")


def _web(path: str) -> Answer:
    """What the web server answers outside the API: the user interface, for probes that wait until it is there."""
    if path == "/":
        answer = Answer(b"", 301, content_type="text/html")
        answer.headers = {"Location": "/client"}
        return answer
    if path.rstrip("/") == "/client":
        return Answer(b"<!DOCTYPE html><title>Apache CloudStack</title>", 200, content_type="text/html")
    return Answer(
        b"<html><body><h2>HTTP ERROR 404 Not Found</h2></body></html>", 404, "error:404", content_type="text/html"
    )
