# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to the StorPool management API over HTTP: GET reads, POST changes, JSON both ways.

One session keeps its connection alive. Reads are tried again while the API is unreachable or says that an error is transient; changes never are:
:func:`.._common.plan.converge` looks again first.
"""

from __future__ import annotations

import json
import time
import traceback
import typing as t
from urllib.parse import quote

from .._common.errors import (
    ApiError,
    BadAnswer,
    Failure,
    ReplyLost,
    TransientError,
    Unauthorized,
    Unreachable,
)
from .._common.plan import Step, backoff
from .._common.transport import excerpt, never_sent, words
from .config import Endpoint

try:
    import requests
except ImportError:
    requests = None  # type: ignore[assignment]
    REQUESTS_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

CONNECT_TIMEOUT = 10.0
#: Legal in StorPool names and in references (``~globalId``), and safe in a path. A ``#`` is legal as well and has to be quoted.
PATH_SAFE = "~:@*"


class Api:
    """A connection to one StorPool management API."""

    def __init__(self, endpoint: Endpoint, sleep: t.Callable[[float], None] = time.sleep) -> None:
        self.endpoint = endpoint
        self._sleep = sleep
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no .netrc that would replace the token
        self._session.headers.update(
            {"Authorization": "Storpool v1:" + endpoint.token, "Content-Type": "application/json"}
        )

    def get(self, call: str, target: t.Optional[str] = None, timeout: t.Optional[float] = None) -> t.Any:
        """The ``data`` of a read. ``timeout`` in seconds, by default the endpoint's.

        Raises :class:`ApiError` and its kinds, :class:`Unreachable`, :class:`ReplyLost` and :class:`BadAnswer`; the passing ones of them only after
        as many retries as the endpoint allows. A read that was given its own ``timeout`` waits for something, and is not tried again.
        """
        waits = iter(() if timeout else backoff(self.endpoint.retries))
        while True:
            try:
                return self._request("GET", call, target, None, timeout)
            except (Unreachable, TransientError, ReplyLost):
                pause = next(waits, None)
                if pause is None:
                    raise
                self._sleep(pause)

    def find(self, call: str, target: t.Optional[str] = None) -> t.Any:
        """As :meth:`get`, but ``None`` where the object does not exist."""
        try:
            return self.get(call, target)
        except ApiError as error:
            if error.name == "objectDoesNotExist":
                return None
            raise

    def apply(self, step: Step) -> t.Any:
        """Carry out one step of a plan, once. Returns the ``data`` of the answer; raises as :meth:`get` does.

        A change that waits for something for up to ``step.timeout`` seconds may take its usual time after that.
        """
        if step.method == "GET":
            return self.get(step.call, step.target, step.timeout)
        timeout = step.timeout and step.timeout + self.endpoint.timeout
        return self._request("POST", step.call, step.target, step.body, timeout)

    def _request(
        self, method: str, call: str, target: t.Optional[str], body: t.Any, timeout: t.Optional[float]
    ) -> t.Any:
        name = "{0} {1}".format(method, "/".join(part for part in (call, target) if part))
        path = call if target is None else call + "/" + quote(target, safe=PATH_SAFE)
        seconds = timeout or self.endpoint.timeout
        try:
            response = self._session.request(
                method,
                f"http://{self.endpoint.address}/ctrl/1.0/{path}",
                data=None if body is None else json.dumps(body),
                timeout=(min(CONNECT_TIMEOUT, seconds), seconds),
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            raise self._broken(error, name, seconds) from error
        return self._data(response, name)

    def _broken(self, error: requests.exceptions.RequestException, name: str, seconds: float) -> Failure:
        where = f"the StorPool API at {self.endpoint.address}"
        if never_sent(error):
            return Unreachable(
                f"{where} cannot be reached from this host ({words(error)}). Check sp_api_http_host and sp_api_http_port, and that the management service "
                "runs.",
                call=name,
            )
        if isinstance(error, requests.exceptions.ReadTimeout):
            return ReplyLost(f"{where} did not answer within {seconds:g} s; the call may still take effect.", call=name)
        return ReplyLost(
            f"the connection to {where} broke before its answer was complete ({words(error)}); the call may have taken effect. "
            "Look at the object before you repeat what cannot be repeated; other tasks can be run again, since they read first.",
            call=name,
        )

    def _data(self, response: requests.Response, name: str) -> t.Any:
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = None
        if isinstance(answer, dict) and "error" in answer:
            raise self._refusal(answer["error"], response.status_code, name)
        if response.status_code in (401, 403):
            raise self._refusal({}, response.status_code, name)
        if response.status_code != 200 or not isinstance(answer, dict) or "data" not in answer:
            raise BadAnswer(
                f"{self.endpoint.address} answered with HTTP {response.status_code} and {excerpt(response)}, "
                "not as a StorPool API does. Check that sp_api_http_host and sp_api_http_port are those of the "
                "StorPool management API; if they are, look at its state.",
                call=name,
            )
        return answer["data"]

    def _refusal(self, error: t.Any, status: int, name: str) -> ApiError:
        parts = error if isinstance(error, dict) else {"descr": str(error)}
        told = {
            "name": str(parts.get("name") or "unknown"),
            "descr": str(parts.get("descr") or "no description"),
            "transient": parts.get("transient") is True,
            "status": status,
        }
        if status in (401, 403):
            return Unauthorized(
                f"the StorPool API at {self.endpoint.address} does not accept the token (HTTP {status}). "
                f"Check {self.endpoint.told_by}.",
                call=name,
                error=told,
            )
        kind = TransientError if told["transient"] else ApiError
        return kind(
            "StorPool at {0} answered {1} with {2}: {3}".format(
                self.endpoint.address, name, told["name"], told["descr"]
            ),
            call=name,
            error=told,
        )
