# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to the StorPool management API over HTTP: GET reads, POST changes, JSON both ways.

One connection is kept for all calls. Reads are tried again while the API is unreachable or says that an error is transient; changes never are:
:func:`.._common.plan.converge` looks again first.
"""

from __future__ import annotations

import json
import time
import typing as t
from urllib.parse import quote

from ..._common import answers
from ..._common.errors import ApiError, BadAnswer, Failure, ReplyLost, TransientError, Unauthorized, Unreachable
from ..._common.plan import Step, backoff
from ..._common.secrets import Secrets
from ..._common.time_left import TimeLeft
from ..._common.transport import excerpt, first_line, words
from ..._common.wire import Answer, Broken, Line
from . import clusters, shapes
from .config import Endpoint

#: Legal in StorPool names and in references (``~globalId``), and safe in a path. A ``#`` is legal as well and has to be quoted.
PATH_SAFE = "~:@*"

#: An answer that says that a call failed. Any part of the error may be missing; some answers have a text in its place.
_ERROR = answers.row(
    {
        "error": answers.either(
            answers.text, answers.row({}, {"name": answers.text, "descr": answers.text, "transient": answers.flag})
        )
    }
)


class Api:
    """A connection to one StorPool management API. No call outlives ``time_left`` for long.

    ``cluster`` is the one that the endpoint names, if that is known.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        sleep: t.Callable[[float], None] = time.sleep,
        time_left: t.Optional[TimeLeft] = None,
        cluster: t.Optional[clusters.Cluster] = None,
    ) -> None:
        self.endpoint = endpoint
        self._sleep = sleep
        self._time_left = time_left or TimeLeft()
        self._cluster = cluster
        self._homes: t.Dict[str, str] = {}  # by reference, the cluster where something was seen
        self._all_answer = False
        self._secrets = Secrets([endpoint.token])
        headers = {"Authorization": "Storpool v1:" + endpoint.token, "Content-Type": "application/json"}
        self._line = Line(endpoint.host, endpoint.port, endpoint.address, headers)

    def get(self, call: str, target: t.Optional[str] = None, timeout: t.Optional[float] = None) -> t.Any:
        """The ``data`` of a read. ``timeout`` in seconds, by default the endpoint's.

        Raises :class:`ApiError` and its kinds, :class:`Unreachable`, :class:`ReplyLost` and :class:`BadAnswer`; the passing ones of them only after
        as many retries as the endpoint allows. A read that was given its own ``timeout`` waits for something, and is not tried again.
        """
        return self._patiently(call, target, timeout, self._way(call, target))

    def _patiently(
        self, call: str, target: t.Optional[str] = None, timeout: t.Optional[float] = None, way: str = ""
    ) -> t.Any:
        waits = iter(() if timeout else backoff(self.endpoint.retries))
        while True:
            try:
                return self._read(call, target, timeout, way)
            except (Unreachable, TransientError, ReplyLost):
                pause = next(waits, None)
                if pause is None or not self._time_left.allows(pause):
                    raise
                self._sleep(pause)

    @property
    def cluster(self) -> t.Optional[clusters.Cluster]:
        """The cluster in which calls are done, if the task names one; asked for once. Raises :class:`NotFound` if there is no such cluster."""
        wanted = self.endpoint.cluster
        if wanted and self._cluster is None:
            known = clusters.registered(self._patiently("ClustersList"), self._patiently("LocationsList"))
            self._cluster = clusters.meant(wanted, known)
            if self._cluster is None:
                self._cluster = self._own(wanted, known)
        return self._cluster

    @property
    def place(self) -> str:
        """Where calls are done, for people, and to tell it from other places."""
        other = self._cluster and not self._cluster.is_here
        return self.endpoint.address + (f" (cluster {self._cluster})" if other else "")

    def find(self, call: str, target: t.Optional[str] = None) -> t.Any:
        """As :meth:`get`, but ``None`` where the object does not exist. It exists nowhere only if all clusters say so that are asked."""
        try:
            return self.get(call, target)
        except ApiError as error:
            if error.name != "objectDoesNotExist":
                raise
        if self.endpoint.multicluster and not self._all_answer:
            self.get(clusters.ROLL_CALL)
            self._all_answer = True
        return None

    def apply(self, step: Step) -> t.Any:
        """Carry out one step of a plan, once. Returns the ``data`` of the answer; raises as :meth:`get` does.

        A change that waits for something for up to ``step.timeout`` seconds may take its usual time after that.
        """
        if step.method == "GET":
            return self.get(step.call, step.target, step.timeout)
        timeout = step.timeout and step.timeout + self.endpoint.timeout
        return self._request("POST", step.call, step.target, step.body, timeout, self._way(step.call, step.target))

    def _own(self, wanted: str, others: t.Sequence[clusters.Cluster]) -> clusters.Cluster:
        """The cluster that is spoken to, if that is the one that is wanted: it is not registered with itself, but answers beside the others."""
        every = self._request("GET", clusters.ROLL_CALL, None, None, None, "MultiCluster/AllClusters/")
        known = [*others, *clusters.own(every, others, self.endpoint.address)]
        found = clusters.meant(wanted, known)
        if found is None:
            raise clusters.no_such(wanted, known, self.endpoint.address)
        return found

    def _way(self, call: str, target: t.Optional[str]) -> str:
        """What comes before a call, so that it is done where the task wants it."""
        if self.endpoint.multicluster:
            return clusters.way(call, self._homes.get(target or ""))
        return self.cluster.prefix if self.cluster else ""

    def _read(self, call: str, target: t.Optional[str], timeout: t.Optional[float], way: str) -> t.Any:
        """The data of a read, if it is of the right shape and about what was asked for."""
        data, name = self._request("GET", call, target, None, timeout, way), _name("GET", way + call, target)

        if way.endswith("AllClusters/"):
            return clusters.everywhere(data, lambda part: self._check(call, target, part, name), self.place, name)
        self._check(call, target, data, name)
        if self.endpoint.multicluster and target is not None:
            self._homes.update(clusters.homes(data))
        return clusters.here(call, data, self._cluster.id) if self._cluster and way else data

    def _check(self, call: str, target: t.Optional[str], data: t.Any, name: str) -> None:
        shapes.refuse_odd(call, data, self.place, name)
        shapes.refuse_other(call, target, data, self.place, name)

    def _request(
        self, method: str, call: str, target: t.Optional[str], body: t.Any, timeout: t.Optional[float], way: str
    ) -> t.Any:
        name = _name(method, way + call, target)
        path = way + (call if target is None else call + "/" + quote(target, safe=PATH_SAFE))
        sent = None if body is None else json.dumps(body).encode("ascii")
        seconds = self._time_left.within(timeout or self.endpoint.timeout)
        try:
            answer = self._line.ask(method, "/ctrl/1.0/" + path, sent, seconds)
            return self._data(answer, name, shapes.sparing(call))
        except Broken as broken:
            raise self._broken(broken, name, seconds) from broken
        except Failure as failure:
            failure.call = name
            failure.scrub(self._secrets.hide)
            raise

    def _broken(self, broken: Broken, name: str, seconds: float) -> Failure:
        where = f"the StorPool API at {self.place}"
        if not broken.sent:
            why = f"not within {round(seconds, 1):g} s" if broken.is_late else words(broken.error)
            return Unreachable(
                f"{where} cannot be reached from this host ({why}), and nothing was sent. Check sp_api_http_host and sp_api_http_port, and that the "
                "management service runs.",
                call=name,
            )
        if broken.is_late:
            return ReplyLost(
                f"{where} did not answer to the end within {round(seconds, 1):g} s; the call may still take effect.",
                call=name,
            )
        return ReplyLost(
            f"the connection to {where} broke before its answer was complete ({words(broken.error)}); the call may have taken effect. "
            "Look at the object before you repeat what cannot be repeated; other tasks can be run again, since they read first.",
            call=name,
        )

    def _data(
        self, response: Answer, name: str, spare: t.Optional[t.Callable[[answers.Row], answers.Row]] = None
    ) -> t.Any:
        try:
            answer = answers.decode(response.content, spare)
        except ValueError:
            answer = None
        if isinstance(answer, dict) and _ERROR(answer) is None:
            raise self._refusal(answer["error"], response.status_code, name)
        if response.status_code in (401, 403):
            raise self._refusal({}, response.status_code, name)
        if not isinstance(answer, dict) and response.status_code in (502, 503, 504):
            raise ReplyLost(
                f"{self.place} answered with HTTP {response.status_code} and {excerpt(response)}, as what stands in front of an API says that "
                "is not there; the call may have taken effect. Look at the state of the management service.",
                call=name,
            )
        if response.status_code != 200 or not isinstance(answer, dict) or "data" not in answer or "error" in answer:
            raise BadAnswer(
                f"{self.place} answered with HTTP {response.status_code} and {excerpt(response)}, "
                "not as a StorPool API does. Check that sp_api_http_host and sp_api_http_port are those of the "
                "StorPool management API; if they are, look at its state.",
                call=name,
            )
        return answer["data"]

    def _refusal(self, error: t.Any, status: int, name: str) -> ApiError:
        parts = error if isinstance(error, dict) else {"descr": error}
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
                self.place, name, told["name"], first_line(str(told["descr"]))
            ),
            call=name,
            error=told,
        )


def _name(method: str, call: str, target: t.Optional[str]) -> str:
    return "{0} {1}".format(method, "/".join(part for part in (call, target) if part))
