# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Management servers: the way from each state to each goal by version, what is refused, and what is waited for."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.waiting import Worker
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.management import (
    server as management_server,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.management.server import Current, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.management.states import (
    Alive,
    Drained,
    JobsEnded,
    find,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    BadAnswer,
    InvalidOption,
    NotAllowed,
    NotConverged,
    NotFound,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step, converge
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

OPTIONS = {"name": "ms2", "state": "up", "provider": True, "allow_alone": False, "wait_timeout": 60}
BOTH = frozenset(["DefaultPrimary", "StorPool"])


def want(**options):
    return management_server.want({**OPTIONS, **options})


UP, DRAINED = want(), want(state="drained")


def server(number=2, state="Up", **fields):
    return {
        "id": f"m-{number}",
        "name": f"ms{number}",
        "state": state,
        "version": "x",
        "ipaddress": f"10.1.0.{number}",
        **fields,
    }


def current(state="Up", version="4.21.0", others=("Up",), **fields):
    rows = tuple(server(10 + number, other) for number, other in enumerate(others))
    return Current(parse(version), server(state=state), rows, **{"providers": BOTH, **fields})


def steps(planned):
    return [step.body if step.method == "GET" else step.call for step in planned.steps]


WAIT = Drained("m-2")


@pytest.mark.parametrize(
    ("version", "state", "fields", "expected"),
    [
        ("4.21.0", "Up", {}, ["prepareForMaintenance", WAIT]),
        ("4.21.0", "PreparingForMaintenance", {}, [WAIT]),
        ("4.21.0", "Maintenance", {}, []),
        ("4.21.0", "ReadyToShutDown", {"pending": 0}, []),
        ("4.21.0", "PreparingForShutDown", {"pending": 2}, [WAIT]),
        ("4.21.0", "PreparingForShutDown", {"pending": 0}, []),
        ("4.21.0", "ShuttingDown", {}, [WAIT]),
        ("4.21.0", "Down", {}, []),
        ("4.19.1", "Up", {}, ["prepareForShutdown", WAIT]),
        ("4.20.2", "Up", {}, ["prepareForShutdown", WAIT]),
        ("4.19.1", "PreparingForShutDown", {"pending": 1}, [WAIT]),
        ("4.19.1", "PreparingToShutDown", {"pending": 1}, [WAIT]),
        ("4.19.1", "PreparingToShutDown", {"pending": 0}, []),
        ("4.19.1", "ReadyToShutDown", {"pending": 0}, []),
        ("4.18.2", "Up", {"pending": 0}, []),
        ("4.18.2", "Up", {"pending": 3}, [JobsEnded()]),
        ("4.12.0", "Down", {"pending": 0}, []),
    ],
)
def test_the_way_to_drained(version, state, fields, expected):
    planned = plan(current(state, version, **fields), DRAINED)
    assert steps(planned) == expected
    if expected and version >= "4.19":
        goal = {"prepareForMaintenance": "Maintenance", "prepareForShutdown": "ReadyToShutDown"}.get(expected[0])
        assert planned.after["state"] == (goal or {"ShuttingDown": "Down"}.get(state) or planned.after["state"])
        assert planned.after["pending_jobs"] == 0


@pytest.mark.parametrize(
    ("version", "state", "expected"),
    [
        ("4.21.0", "Up", []),
        ("4.21.0", "Maintenance", ["cancelMaintenance"]),
        ("4.21.0", "PreparingForMaintenance", ["cancelMaintenance"]),
        ("4.21.0", "ReadyToShutDown", ["cancelShutdown"]),
        ("4.19.1", "PreparingForShutDown", ["cancelShutdown"]),
        ("4.19.1", "PreparingToShutDown", ["cancelShutdown"]),
        ("4.19.1", "ReadyToShutDown", ["cancelShutdown"]),
        ("4.21.0", "Down", [Alive("ms2", True, "Down")]),
        ("4.18.2", "Down", [Alive("ms2", True, "Down")]),
        ("4.19.1", "ShuttingDown", [Alive("ms2", True, "ShuttingDown")]),
        ("4.12.0", "Starting", [Alive("ms2", True, "Starting")]),
    ],
)
def test_the_way_up(version, state, expected):
    planned = plan(current(state, version), UP)
    assert steps(planned) == expected
    assert planned.after["state"] == "Up"
    assert all(step.body == {"managementserverid": "m-2"} for step in planned.steps if step.method == "POST")


def test_a_driver_that_is_not_loaded_is_waited_for_if_it_shall_be():
    bare = frozenset(["DefaultPrimary"])
    planned = plan(current(providers=bare), UP)
    assert steps(planned) == [Alive("ms2", True, "Up")]
    assert planned.steps[0].action == "wait until management server 'ms2' has loaded the storage provider 'StorPool'"
    assert plan(current(providers=None), want(provider=False)).steps == ()
    back = plan(current("Maintenance", providers=bare), UP)
    assert (steps(back), len(back.later)) == (["cancelMaintenance"], 1)


def test_before_4_12_the_name_plays_no_role():
    old = Current(parse("4.11.3"), providers=BOTH)
    planned = plan(old, UP)
    assert planned.steps == ()
    assert (planned.after["id"], planned.after["name"], planned.after["version"]) == (None, "ms2", "4.11.3")
    assert steps(plan(old._replace(pending=2), DRAINED)) == [JobsEnded()]
    assert steps(plan(old._replace(providers=frozenset()), UP)) == [Alive("ms2", True, "None", False)]


@pytest.mark.parametrize("others", [(), ("Down",), ("Maintenance", "Down")])
@pytest.mark.parametrize("version", ["4.19.1", "4.21.0"])
def test_the_only_one_that_is_up_is_not_drained(version, others):
    alone = current(version=version, others=others, pending=1)
    with pytest.raises(NotAllowed, match=r"no other management server is Up.*allow_alone"):
        plan(alone, DRAINED)
    assert steps(plan(alone, want(state="drained", allow_alone=True))) == [JobsEnded()]
    assert plan(alone._replace(pending=0), want(state="drained", allow_alone=True)).steps == ()


def test_before_4_19_nothing_is_taken_away_and_so_nothing_refused():
    assert steps(plan(current(version="4.18.2", others=(), pending=1), DRAINED)) == [JobsEnded()]


def test_one_is_prepared_at_a_time():
    with pytest.raises(NotAllowed, match="ms11 is preparing for maintenance"):
        plan(current(others=("Up", "PreparingForMaintenance")), DRAINED)


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (None, True),
        (["10.1.0.2", "10.1.0.10"], True),
        (["cloud.example.com"], True),
        ([], False),
        (["10.1.0.2"], False),
        (["10.1.0.2", "10.1.0.11"], False),
    ],
)
def test_agents_need_another_address(addresses, allowed):
    now = current(others=("Up", "Down"), addresses=None if addresses is None else frozenset(addresses))
    if allowed:
        assert steps(plan(now, DRAINED))[0] == "prepareForMaintenance"
    else:
        with pytest.raises(NotAllowed, match="setting host"):
            plan(now, DRAINED)


def test_an_api_that_is_away_is_waited_for_by_up_alone():
    api = FakeApi()
    api.away = Unreachable("it cannot be reached.")
    seen = management_server.look(api.reader(), UP)
    assert seen == Current(away="it cannot be reached")
    planned = plan(seen, UP)
    assert steps(planned) == [Alive("ms2", True, "away")]
    assert (planned.before, planned.after) == (None, None)
    with pytest.raises(Unreachable):
        management_server.look(api.reader(), DRAINED)


SERVERS = [server(1), server(2), server(3, "Down", name="ms2")]


def test_of_two_with_one_name_the_one_that_is_down_does_not_count():
    assert find(SERVERS, "ms2")["id"] == "m-2"
    assert find(SERVERS, "m-3")["id"] == "m-3"
    with pytest.raises(Ambiguous, match=r"2 management servers have the name 'ms2'.*m-2 and m-4"):
        find([*SERVERS, server(4, name="ms2")], "ms2")
    with pytest.raises(NotFound, match=r"no management server 'ms'.*CloudStack has ms1 and ms2"):
        find(SERVERS, "ms")


@pytest.mark.parametrize(
    ("version", "wanted", "row", "reads"),
    [
        ("4.11.3", UP, server(), ["listStorageProviders"]),
        ("4.11.3", DRAINED, server(), ["listAsyncJobs"]),
        ("4.18.2", DRAINED, server(), ["listManagementServers", "listAsyncJobs"]),
        ("4.19.1", DRAINED, server(), ["listManagementServers"]),
        ("4.19.1", DRAINED, server(state="PreparingForShutDown"), ["listManagementServers", "readyForShutdown"]),
        ("4.21.0", DRAINED, server(), ["listManagementServers"]),
        ("4.21.0", DRAINED, server(agentscount=2), ["listManagementServers", "listConfigurations"]),
        ("4.21.0", UP, server(), ["listManagementServers", "listStorageProviders"]),
        ("4.21.0", want(provider=False), server(), ["listManagementServers"]),
    ],
)
def test_what_is_read(version, wanted, row, reads):
    api = cloud([server(1), row], version)
    management_server.look(api.reader(), wanted)
    assert api.calls == ["listCapabilities", *reads]


def cloud(rows, version="4.21.0", jobs=(), pending=0, providers=("StorPool",), settings=(), events=()):
    return FakeApi(
        version,
        {"listManagementServers": rows, "listAsyncJobs": lambda _params: jobs, "listConfigurations": list(settings)},
        {
            "readyForShutdown": lambda _params: {
                "readyforshutdown": {"pendingjobscount": pending() if callable(pending) else pending}
            },
            "listStorageProviders": lambda _params: {"dataStoreProvider": [{"name": name} for name in providers]},
        },
        events,
    )


def test_the_addresses_that_agents_know_are_those_of_one_setting():
    settings = [{"name": "cluster.host", "value": "x"}, {"name": "host", "value": "10.1.0.1, 10.1.0.2,"}]
    api = cloud([server(1), server(agentscount=1)], settings=settings)
    assert management_server.look(api.reader(), DRAINED).addresses == {"10.1.0.1", "10.1.0.2"}


def wait(api, body, seconds=30):
    reader = api.reader()
    Worker(api, reader, api.clock).apply(
        Step("listManagementServers", None, body, "wait", method="GET", timeout=seconds)
    )


def test_maintenance_is_waited_for():
    row = server(state="PreparingForMaintenance", pendingjobscount=2, agentscount=1)
    wait(cloud([row], events=[(10, lambda: row.update(state="Maintenance"))]), WAIT)
    row["state"] = "PreparingForMaintenance"
    with pytest.raises(NotConverged, match=r"30 s .*2 jobs in progress and 1 agents.*state up brings it back"):
        wait(cloud([row]), WAIT)


def test_jobs_are_waited_for_before_a_shutdown():
    left = [3]
    api = cloud([server(state="PreparingForShutDown")], "4.19.1", pending=lambda: left[0])
    with pytest.raises(NotConverged, match="3 jobs in progress"):
        wait(api, WAIT)
    left[0] = 0
    wait(api, WAIT)


def test_what_cloudstack_gives_up_is_not_waited_for():
    row = server(state="PreparingForMaintenance")
    api = cloud([row], events=[(5, lambda: row.update(state="Up"))])
    with pytest.raises(NotConverged, match=r"back into state Up.*maintenance\.timeout"):
        wait(api, WAIT, 600)
    assert api.now < 10


def test_the_jobs_of_the_whole_cloud():
    jobs = [{"jobstatus": 0}, {"jobstatus": 1}, {"jobstatus": 0}]
    with pytest.raises(NotConverged, match="2 jobs are in progress"):
        wait(cloud([], jobs=jobs), JobsEnded())
    wait(cloud([], jobs=[{"jobstatus": 2}]), JobsEnded())


def test_a_server_that_starts_is_waited_for_through_all_that_it_answers():
    row, providers = server(state="Down"), []
    api = cloud([row], providers=providers)
    api.away = Unreachable("refused")
    api.events = [
        (5, lambda: setattr(api, "away", BadAnswer("HTTP 503"))),
        (10, lambda: setattr(api, "away", None)),
        (15, lambda: row.update(state="Up")),
        (20, lambda: providers.append("StorPool")),
    ]
    wait(api, Alive("ms2", True, "away"))
    assert 20 <= api.now < 23


@pytest.mark.parametrize(
    ("rows", "providers", "away", "words"),
    [
        ([server(state="Down")], ["StorPool"], None, "its state is Down. Start cloudstack-management there"),
        (
            [server()],
            ["DefaultPrimary"],
            None,
            "has no storage provider 'StorPool' .it has DefaultPrimary.*management-server.log",
        ),
        (
            [server()],
            [],
            Unreachable("http://x cannot be reached"),
            "not enough: http://x cannot be reached. Run the task again",
        ),
    ],
)
def test_what_does_not_come_up_is_told(rows, providers, away, words):
    api = cloud(rows, providers=providers)
    api.away = away
    with pytest.raises(NotConverged, match=words):
        wait(api, Alive("ms2", True, "away"))
    assert 30 <= api.now < 33


def test_a_server_that_comes_up_in_maintenance_is_left_to_the_plan():
    wait(cloud([server(state="Maintenance")], providers=[]), Alive("ms2", True, "away"))


def test_up_from_an_api_that_is_away_through_maintenance():
    """The whole way after a restart on 4.21: refused, then in maintenance, then up, then the driver."""
    row, providers = server(state="Maintenance"), []
    api = cloud([row], providers=providers)
    api.away = Unreachable("refused")
    api.events = [(8, lambda: setattr(api, "away", None)), (20, lambda: providers.append("StorPool"))]
    api.change = lambda command, params, timeout=None: row.update(state="Up")
    reader = api.reader()
    outcome = converge(
        look=lambda: management_server.look(reader, UP),
        plan=lambda seen: plan(seen, UP),
        apply=Worker(api, reader, api.clock).apply,
        sleep=api.sleep,
    )
    assert outcome.changed
    assert outcome.after["state"] == "Up"
    assert outcome.actions == (
        "wait until management server 'ms2' is up",
        "take management server 'ms2' out of maintenance",
        "wait until management server 'ms2' has loaded the storage provider 'StorPool'",
    )


@pytest.mark.parametrize("options", [{"wait_timeout": 0}, {"name": " "}])
def test_options_are_checked(options):
    with pytest.raises(InvalidOption, match=next(iter(options))):
        want(**options)
