# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps: commands once, jobs to their end, waiting until a deadline."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.waiting import (
    Connected,
    Settled,
    Worker,
    until,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    BadAnswer,
    NotConverged,
    Outdated,
    ReplyLost,
    TransientError,
    Unauthorized,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft

MAINTAIN = Step("enableStorageMaintenance", None, {"id": "p"}, "put it into maintenance", timeout=10)


class Server:
    """An Api and a Reader whose time is that of the pauses; ``answers`` are those of queryAsyncJobResult in turn, the last for ever."""

    def __init__(self, *answers, accepted=None, pools=(), connected=()):
        self.answers, self.accepted = list(answers), accepted if accepted is not None else {"jobid": "j-1"}
        self.pools, self.connected = list(pools), list(connected)
        self.now, self.sent, self.reads = 0.0, [], []

    def sleep(self, seconds):
        assert 0 < seconds <= 2
        self.now += seconds

    def hurried(self, seconds):
        assert seconds == 5
        return self

    def change(self, command, params, timeout=None):
        self.sent.append((command, params, timeout))
        return self.accepted

    def read(self, command, **params):
        self.reads.append((command, params))
        return self._next(self.answers)

    def scrub(self, text):
        return text.replace("canary", "***")

    def pool(self, pool_id):
        state = self._next(self.pools)
        return state and {"id": pool_id, "state": state}

    def has_connected(self, host_id, pool_id):
        return host_id in self._next(self.connected)

    @staticmethod
    def _next(values):
        value = values.pop(0) if len(values) > 1 else values[0]
        if isinstance(value, Exception):
            raise value
        return value

    def worker(self):
        return Worker(self, self, clock=lambda: self.now)


RUNNING, DONE = {"jobstatus": 0}, {"jobstatus": 1, "jobresult": {"storagepool": {}}}


def test_a_job_is_asked_about_until_it_has_succeeded():
    server = Server(RUNNING, RUNNING, DONE)
    server.worker().apply(MAINTAIN)
    assert server.sent == [("enableStorageMaintenance", {"id": "p"}, None)]
    assert server.reads == [("queryAsyncJobResult", {"jobid": "j-1"})] * 3


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            {"jobstatus": 2, "jobresultcode": 530, "jobresult": {"errorcode": 530, "errortext": "no canary"}},
            ApiError,
            "530: no [*]{3}",
        ),
        (
            {
                "jobstatus": 2,
                "jobresultcode": 431,
                "jobresult": {"errorcode": 431, "errortext": "entity does not exist"},
            },
            Outdated,
            "431",
        ),
        ({"jobstatus": 2, "jobresultcode": 533, "jobresult": "odd"}, ApiError, "533: odd"),
        ({"jobstatus": 3}, ApiError, "failed"),
    ],
)
def test_a_job_that_fails_is_the_command_that_fails(answer, kind, words):
    with pytest.raises(kind, match=words) as failure:
        Server(RUNNING, answer).worker().apply(MAINTAIN)
    assert failure.type is kind
    assert failure.value.call == "POST enableStorageMaintenance"


def test_a_job_that_never_ends_is_left_at_the_deadline():
    server = Server(RUNNING)
    with pytest.raises(NotConverged, match="10 s"):
        server.worker().apply(MAINTAIN)
    assert server.now == pytest.approx(10)
    assert len(server.reads) < 20


def test_a_job_without_a_number_is_no_answer():
    with pytest.raises(BadAnswer, match="job"):
        Server(DONE, accepted={"success": True}).worker().apply(MAINTAIN)


def test_ordinary_commands_get_the_time_of_their_step():
    server = Server(accepted={"storagepool": {"id": "p"}})
    server.worker().apply(Step("createStoragePool", None, {"name": "p"}, "create it", timeout=900))
    assert (server.sent, server.reads) == ([("createStoragePool", {"name": "p"}, 900)], [])


def step(body):
    return Step("listStoragePools", None, body, "wait for it", method="GET", timeout=5)


@pytest.mark.parametrize("last", ["Maintenance", "ErrorInMaintenance", "Up", None])
def test_a_state_that_passes_is_waited_for(last):
    server = Server(pools=["PrepareForMaintenance", "PrepareForMaintenance", last])
    server.worker().apply(step(Settled("p")))
    assert len(server.pools) == 1
    assert server.sent == []


def test_a_state_that_does_not_pass_is_told():
    with pytest.raises(NotConverged, match="5 s"):
        Server(pools=["Initialized"]).worker().apply(step(Settled("p")))


def test_hosts_are_waited_for_and_those_that_did_not_come_are_named():
    hosts = (("h-1", "host1"), ("h-2", "host2"))
    Server(connected=[(), (), ("h-1",), (), ("h-2",)]).worker().apply(step(Connected("p", hosts)))
    with pytest.raises(NotConverged, match="not connected: host2"):
        Server(connected=[("h-1",)]).worker().apply(step(Connected("p", hosts)))


@pytest.mark.parametrize("kind", [BadAnswer, ReplyLost, TransientError, Unreachable])
def test_a_wait_puts_up_with_an_api_that_is_away(kind):
    server = Server(pools=[kind("it is away"), kind("it is away"), "Up"])
    server.worker().apply(step(Settled("p")))
    with pytest.raises(NotConverged, match=r"5 s .* were not enough: it is away. Run"):
        Server(pools=[kind("it is away.")]).worker().apply(step(Settled("p")))


@pytest.mark.parametrize("kind", [ApiError, Unauthorized])
def test_a_wait_does_not_put_up_with_other_errors(kind):
    server = Server(pools=["PrepareForMaintenance", kind("no")])
    with pytest.raises(kind):
        server.worker().apply(step(Settled("p")))
    assert server.now < 1


class Answers:
    """What is missing at each time, and a clock: ``{from_second: words}``."""

    def __init__(self, **times):
        self.times = {int(key[1:]): words for key, words in times.items()}
        self.now = 0.0

    def sleep(self, seconds):
        assert 0 < seconds <= 2
        self.now += seconds

    def missing(self):
        return next(words for time, words in sorted(self.times.items(), reverse=True) if time <= self.now)

    def until(self, seconds, stable=0.0):
        return until(self.missing, seconds, self.sleep, lambda: self.now, stable)


def test_what_is_there_at_once_takes_no_time():
    answers = Answers(t0=None)
    assert answers.until(10) is None
    assert answers.now == 0


def test_what_has_to_stay_is_watched():
    answers = Answers(t0="a", t3=None)
    assert answers.until(10, stable=4) is None
    assert 7 <= answers.now < 10


def test_what_does_not_stay_is_missing():
    answers = Answers(t0=None, t9="b")
    assert answers.until(10, stable=20) == "b"
    assert 10 <= answers.now < 12


def test_what_comes_in_the_last_moment_gets_its_time():
    answers = Answers(t0="a", t9=None)
    assert answers.until(10, stable=5) is None
    assert 14 <= answers.now < 17


class Timed(Server):
    """A server whose answers take time, and a worker that has ``seconds`` for the whole task."""

    def __init__(self, *answers, seconds, each=0.0, **more):
        super().__init__(*answers, **more)
        self.each = each
        self.time_left = TimeLeft(seconds, clock=lambda: self.now)

    def change(self, command, params, timeout=None):
        self.now += self.each
        return super().change(command, params, timeout)

    def hurried(self, seconds):
        return self

    def worker(self):
        return Worker(self, self, clock=lambda: self.now, time_left=self.time_left)


def test_a_job_gets_what_the_task_has_left():
    server = Timed(RUNNING, seconds=10, each=4)
    worker = server.worker()
    with pytest.raises(NotConverged, match=r"10 s .wait_timeout. were not enough: CloudStack's job"):
        worker.apply(MAINTAIN)
    assert server.now == pytest.approx(10)
    with pytest.raises(NotConverged, match="no time left to begin"):
        worker.apply(MAINTAIN)
    assert len(server.sent) == 1


def test_several_waits_of_a_task_share_its_time():
    server = Timed(seconds=7, pools=["PrepareForMaintenance"])
    worker = server.worker()
    for _wait in range(2):
        with pytest.raises(NotConverged, match=r"7 s .wait_timeout. were not enough: it still is"):
            worker.apply(step(Settled("p")))
    assert server.now == pytest.approx(7)


def test_what_is_there_already_is_seen_when_the_time_is_over():
    server = Timed(seconds=0, pools=["Up"])
    server.worker().apply(step(Settled("p")))
