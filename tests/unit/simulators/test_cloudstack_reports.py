# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents and management servers that report: states of hosts, connections of pools, and where the provider is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulators.kit import AdminError
from unit.simulators.cloudstack_cloud import Cloud, Failed

Make = Callable[..., Cloud]
SECONDS = 60
#: What is reported without a pause counts as reported even where the machine is busy.
QUICK = {"agent_silence_seconds": 30, "agent_retry_seconds": 0.1, "server_silence_seconds": 30}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a cloud of a release, with short times."""
    with contextlib.ExitStack() as stack:

        def make(version: str, **options: Any) -> Cloud:
            made = Cloud(version, monkeypatch, **options)
            made.switches.set(QUICK)
            stack.callback(made.close)
            stack.callback(end_tasks, made)
            return made

        yield make


def end_tasks(here: Cloud) -> None:
    async def end() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    here.state.close()
    here.loop.run_until_complete(end())


class Agent:
    """Reports as an agent does while the cloud's loop runs. `error` is what it answers, `mute`: it answers nothing."""

    def __init__(self, cloud: Cloud, name: str, boot: str = "1", error: str | None = None, **facts: Any) -> None:
        self.cloud, self.name, self.boot, self.error, self.mute = cloud, name, boot, error, False
        self.facts = {"plugin_loaded": True, "client_id": 7, "storpool_cluster_id": "sim.a", **facts}
        self.work: list[dict[str, Any]] = []
        self._task = cloud.loop.create_task(self._run())

    async def report(self, **more: Any) -> dict[str, Any]:
        body = {"name": self.name, "boot": self.boot, **self.facts, **more}
        return await self.cloud.simulator.admin["agents"]("POST", {}, body)

    async def _run(self) -> None:
        answers: list[dict[str, Any]] = []
        while True:
            reply = await self.report(answers=answers, wait=0.02)
            new = [work for work in reply["work"] if work["id"] not in [known["id"] for known in self.work]]
            self.work += new
            answers = [] if self.mute else [{"id": work["id"], "error": self.error} for work in reply["work"]]
            await asyncio.sleep(0.005)

    def stop(self, goodbye: bool = True) -> None:
        """The process ends, or is killed."""
        self._task.cancel()
        if goodbye:
            self.cloud.loop.run_until_complete(self.report(goodbye=True))
        else:
            pass_time(self.cloud, 0.01)


def pass_time(here: Cloud, seconds: float) -> None:
    here.loop.run_until_complete(asyncio.sleep(seconds))


def host(here: Cloud, name: str) -> dict[str, Any]:
    return next(row for row in here.call("listHosts", name=name)["host"] if row["name"] == name)


def wait(here: Cloud, condition: Callable[[], bool]) -> None:
    """Lets the loop run until the condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to this"
        pass_time(here, 0.01)


def wait_state(here: Cloud, name: str, state: str) -> None:
    wait(here, lambda: here.state.hosts.by_name(name) is not None and host(here, name)["state"] == state)


def connected(here: Cloud, name: str) -> list[str]:
    row = here.state.hosts.by_name(name)
    return [pool.name for pool in here.state.pools if row.db_id in pool.connected_hosts]


def test_an_agent_that_is_not_known_becomes_a_host_of_the_first_zone(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0, zones=2)
    assert here.call("listHosts") == {}
    Agent(here, "agent1", version="4.19.0.0", address="10.9.8.7")
    wait_state(here, "agent1", "Up")
    row = host(here, "agent1")
    assert (row["zonename"], row["clustername"], row["version"]) == ("zone1", "cluster1", "4.19.0.0")
    assert (row["ipaddress"], row["resourcestate"]) == ("10.9.8.7", "Enabled")
    assert row["managementserverid"] == here.state.management_servers[1].id


def test_pools_are_connected_by_the_agent_before_the_host_is_up(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    here.create()
    agent = Agent(here, "agent1")
    agent.mute = True
    wait(here, lambda: bool(agent.work))
    assert host(here, "agent1")["state"] == "Connecting"
    assert "managementserverid" not in host(here, "agent1")
    [work] = agent.work
    assert (work["do"], work["pool"]) == ("connect", "pool1")
    assert work["volume"].startswith("~sim.a.")
    assert connected(here, "agent1") == []
    agent.mute = False
    wait_state(here, "agent1", "Up")
    assert connected(here, "agent1") == ["pool1"]
    assert host(here, "agent1")["managementserverid"]
    assert "VolumesReassignWait" not in str(here.storpool.queries())


@pytest.mark.parametrize(
    ("version", "state", "pools"), [("4.9.3", "Alert", []), ("4.19.1", "Alert", []), ("4.9.2", "Up", [])]
)
def test_a_refused_connection_by_release(cloud: Make, version: str, state: str, pools: list[str]) -> None:
    here = cloud(version, hosts=0)
    here.create("ssd" if version.startswith("4.9") else None)
    agent = Agent(here, "agent1", error="timeout")
    wait_state(here, "agent1", state)
    assert connected(here, "agent1") == pools
    asked = len(agent.work)
    if state == "Alert":
        wait(here, lambda: len(agent.work) > asked)
        agent.error = None
        wait_state(here, "agent1", "Up")
        assert connected(here, "agent1") == ["pool1"]
    else:
        pass_time(here, 0.2)
        assert len(agent.work) == asked


def test_a_host_without_storpool_is_up_without_pools(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    here.create()
    Agent(here, "agent1", error="spNotFound")
    wait_state(here, "agent1", "Up")
    assert connected(here, "agent1") == []
    assert any("VolumeDelete" in query for query in here.storpool.queries())


def test_an_agent_that_stops_is_disconnected_and_later_in_alert(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    agent = Agent(here, "agent1")
    wait_state(here, "agent1", "Up")
    agent.stop()
    assert host(here, "agent1")["state"] == "Disconnected"
    assert host(here, "agent1")["disconnected"]
    here.loop.run_until_complete(agent.report())
    assert host(here, "agent1")["state"] == "Disconnected", "a report that was on its way says nothing"
    pass_time(here, 0.5)
    assert host(here, "agent1")["state"] == "Disconnected"
    here.switches.set({"alert_wait_seconds": 0.1})
    assert host(here, "agent1")["state"] == "Alert"
    Agent(here, "agent1", boot="2")
    wait_state(here, "agent1", "Up")


def test_a_silent_agent_is_in_alert_until_it_is_heard_again(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    Agent(here, "agent1").stop(goodbye=False)
    agent = Agent(here, "agent1")
    wait_state(here, "agent1", "Up")
    agent.stop(goodbye=False)
    here.switches.set({"agent_silence_seconds": 0.3})
    wait_state(here, "agent1", "Alert")
    here.switches.set(QUICK)
    Agent(here, "agent1")
    wait_state(here, "agent1", "Up")


def test_a_goodbye_of_an_old_process_does_not_end_the_new_one(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    Agent(here, "agent1", boot="2")
    wait_state(here, "agent1", "Up")
    here.admin("agents", {"name": "agent1", "boot": "1", "goodbye": True})
    assert host(here, "agent1")["state"] == "Up"


def test_a_new_pool_is_connected_by_the_agents_and_one_that_does_not_answer_holds_nothing_up(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    here.switches.set({"agent_answer_seconds": 2.0})
    good, mute, bad = Agent(here, "good"), Agent(here, "mute"), Agent(here, "bad", error="Unsupported command issued")
    mute.mute = True
    for agent in (good, mute, bad):
        wait_state(here, agent.name, "Up")
    begun = time.monotonic()
    assert here.create()["state"] == "Up"
    assert 2.0 <= time.monotonic() - begun < SECONDS
    assert [connected(here, agent.name) for agent in (good, mute, bad)] == [["pool1"], [], []]
    assert len(good.work) == len(mute.work) == len(bad.work) == 1


def test_work_is_lost_when_the_agent_goes(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    agent = Agent(here, "agent1")
    agent.mute = True
    wait_state(here, "agent1", "Up")

    async def leave() -> None:
        while not agent.work:
            await asyncio.sleep(0.01)
        await agent.report(goodbye=True)

    leaving = here.loop.create_task(leave())
    assert here.create()["state"] == "Up"
    here.loop.run_until_complete(leaving)
    assert connected(here, "agent1") == []
    assert host(here, "agent1")["state"] == "Disconnected"


def test_the_first_driver_asks_for_no_attachment(cloud: Make) -> None:
    here = cloud("4.8", hosts=0)
    agent, without = Agent(here, "agent1"), Agent(here, "agent2", plugin_loaded=False)
    for one in (agent, without):
        wait_state(here, one.name, "Up")
    here.create()
    assert [(work["do"], work["volume"]) for work in agent.work] == [("connect", None)]
    assert (connected(here, "agent1"), connected(here, "agent2"), without.work) == (["pool1"], [], [])


def test_disks_of_vms_are_attached_and_detached_by_the_agent(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0)
    agent = Agent(here, "agent1")
    wait_state(here, "agent1", "Up")
    here.create()
    offering = here.call("listDiskOfferings", name="Small")["diskoffering"][0]["id"]
    deployed = here.job(
        "deployVirtualMachine",
        zoneid=here.zone(),
        serviceofferingid=here.call("listServiceOfferings")["serviceoffering"][0]["id"],
        templateid=here.call("listTemplates", templatefilter="all")["template"][0]["id"],
    )
    vm = deployed["jobresult"]["virtualmachine"]
    volume = here.job("createVolume", name="data", zoneid=here.zone(), diskofferingid=offering)["jobresult"]["volume"]
    assert here.job("attachVolume", id=volume["id"], virtualmachineid=vm["id"])["jobstatus"] == 1
    assert here.job("detachVolume", id=volume["id"])["jobstatus"] == 1
    kinds = [work["do"] for work in agent.work]
    assert kinds == ["connect", "attach", "attach", "detach"]
    attached, detached = agent.work[-2:]
    assert attached["volume"] == detached["volume"] == "~" + detached["path"].removeprefix("/dev/storpool-byid/")
    assert not any("Reassign" in query for query in here.storpool.queries())
    agent.error = "busy"
    failed = here.job("attachVolume", id=volume["id"], virtualmachineid=vm["id"])
    assert failed["jobstatus"] == 2
    assert "busy" in failed["jobresult"]["errortext"]


def server(here: Cloud, name: str, boot: str = "1", **facts: Any) -> dict[str, Any]:
    """One report of a management server; by default it has the driver."""
    return here.admin("managementservers", {"name": name, "boot": boot, "provider_loaded": True, **facts})


def state_of(here: Cloud, name: str) -> str:
    [row] = here.call("listManagementServers", name=name)["managementserver"]
    return str(row["state"])


def has_provider(here: Cloud, via: str | None = None) -> bool:
    found = here.call("listStorageProviders", type="PRIMARY", via=via)["dataStoreProvider"]
    return "StorPool" in [row["name"] for row in found]


def test_the_provider_is_where_the_driver_is(cloud: Make) -> None:
    here = cloud("4.16.1", hosts=0, management_servers=0)
    assert has_provider(here)
    server(here, "mgmt1", provider_loaded=False, version="4.16.1.0")
    assert not has_provider(here)
    server(here, "mgmt2", provider_loaded=True)
    assert (has_provider(here, "mgmt1"), has_provider(here, "mgmt2"), has_provider(here)) == (False, True, False)
    assert here.call("createStoragePool", via="mgmt2", **pool(here, "here"))["storagepool"]["provider"] == "StorPool"
    with pytest.raises(Failed, match="is not a valid uri"):
        here.call("createStoragePool", via="mgmt1", **pool(here, "there"))
    server(here, "mgmt1", boot="2", provider_loaded=True)
    assert has_provider(here)
    here.admin("managementservers", {"name": "mgmt2", "boot": "1", "goodbye": True})
    here.admin("managementservers", {"name": "mgmt1", "boot": "2", "goodbye": True})
    assert not has_provider(here)


def pool(here: Cloud, name: str) -> dict[str, Any]:
    url = "SP_API_HTTP=127.0.0.1:81;SP_AUTH_TOKEN=77;SP_TEMPLATE=ssd"
    return {
        "name": name,
        "url": url,
        "zoneid": here.zone(),
        "scope": "zone",
        "hypervisor": "KVM",
        "provider": "StorPool",
        "capacitybytes": 1 << 40,
    }


def test_a_server_is_up_while_it_reports(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0, management_servers=0)
    assert server(here, "mgmt1", version="4.19.1.3", address="10.9.9.9") == {"exit": False}
    [row] = here.call("listManagementServers")["managementserver"]
    assert (row["name"], row["state"], row["version"], row["serviceip"]) == ("mgmt1", "Up", "4.19.1.3", "10.9.9.9")
    here.switches.set({"server_silence_seconds": 0.1})
    pass_time(here, 0.2)
    assert state_of(here, "mgmt1") == "Down"
    here.switches.set(QUICK)
    server(here, "mgmt1")
    assert state_of(here, "mgmt1") == "Up"
    here.admin("managementservers", {"name": "mgmt1", "boot": "1", "goodbye": True})
    assert state_of(here, "mgmt1") == "Down"
    server(here, "mgmt1")
    assert state_of(here, "mgmt1") == "Down", "a report that was on its way says nothing"
    server(here, "mgmt1", boot="2")
    assert state_of(here, "mgmt1") == "Up"


@pytest.mark.parametrize(
    ("version", "command", "before", "stopped", "after"),
    [
        ("4.19.1", "prepareForShutdown", "ReadyToShutDown", "Down", "Up"),
        ("4.22", "prepareForMaintenance", "Maintenance", "Maintenance", "Maintenance"),
    ],
)
def test_what_a_drained_server_is_over_a_restart(
    cloud: Make, version: str, command: str, before: str, stopped: str, after: str
) -> None:
    here = cloud(version, hosts=0, management_servers=0)
    for name in ("mgmt1", "mgmt2"):
        server(here, name)
    row = here.state.management_servers.by_name("mgmt1")
    here.call(command, managementserverid=row.id)
    assert state_of(here, "mgmt1") == before
    server(here, "mgmt1")
    assert state_of(here, "mgmt1") == before, "the same process reports on"
    here.admin("managementservers", {"name": "mgmt1", "boot": "1", "goodbye": True})
    assert state_of(here, "mgmt1") == stopped
    server(here, "mgmt1", boot="2")
    assert state_of(here, "mgmt1") == after
    if after == "Maintenance":
        here.call("cancelMaintenance", managementserverid=row.id)
        assert state_of(here, "mgmt1") == "Up"


def test_a_server_that_was_shut_down_is_told_to_end(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0, management_servers=0)
    server(here, "mgmt1")
    here.call("triggerShutdown", managementserverid=here.state.management_servers.by_name("mgmt1").id)
    assert server(here, "mgmt1") == {"exit": True}
    assert server(here, "mgmt1", boot="2") == {"exit": False}
    assert state_of(here, "mgmt1") == "Up"


def test_a_draining_server_takes_no_jobs_and_another_does(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0, management_servers=0)
    Agent(here, "agent1")
    for name in ("mgmt1", "mgmt2"):
        server(here, name)
    wait_state(here, "agent1", "Up")
    here.call("prepareForShutdown", managementserverid=here.state.management_servers.by_name("mgmt1").id)
    with pytest.raises(Failed) as refused:
        here.call("reconnectHost", via="mgmt1", id=host(here, "agent1")["id"])
    assert (refused.value.status, refused.value.body["cserrorcode"]) == (530, 4250)
    accepted = here.call("reconnectHost", via="mgmt2", id=host(here, "agent1")["id"])
    [job] = [one for one in here.state.jobs if one.id == accepted["jobid"]]
    assert job.management_server == here.state.management_servers.by_name("mgmt2").db_id


def test_agents_go_to_another_server_when_theirs_goes(cloud: Make) -> None:
    here = cloud("4.19.1", hosts=0, management_servers=0)
    agent = Agent(here, "agent1")
    wait(here, lambda: here.state.hosts.by_name("agent1") is not None)
    assert host(here, "agent1")["state"] == "Disconnected"
    for name in ("mgmt1", "mgmt2"):
        server(here, name)
    wait_state(here, "agent1", "Up")
    first = here.state.management_servers.by_name("mgmt1")
    assert host(here, "agent1")["managementserverid"] == first.id
    agent.stop(goodbye=False)
    here.admin("managementservers", {"name": "mgmt1", "boot": "1", "goodbye": True})
    assert host(here, "agent1")["state"] == "Disconnected"
    Agent(here, "agent1")
    wait_state(here, "agent1", "Up")
    assert host(here, "agent1")["managementserverid"] != first.id


def test_reports_do_not_touch_hosts_and_servers_that_never_reported(cloud: Make) -> None:
    here = cloud("4.19.1")
    Agent(here, "host2", client_id=22)
    server(here, "ms2", provider_loaded=False)
    wait_state(here, "host2", "Up")
    here.switches.set({"server_silence_seconds": 0.1})
    pass_time(here, 0.2)
    assert [host(here, name)["state"] for name in ("host1", "host3")] == ["Up", "Up"]
    assert (state_of(here, "ms1"), state_of(here, "ms2")) == ("Up", "Down")
    clients = {row["name"]: row["client_id"] for row in here.simulator.admin["hosts"]("GET", {}, None)}
    assert clients == {"host1": 1, "host2": 22, "host3": 3}


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("agents", [], "the report of an agent is an object"),
        ("agents", {"boot": "1"}, "names its name"),
        ("agents", {"name": "a"}, "names its boot"),
        ("agents", {"name": "a", "boot": "1", "client": 1}, "has no client"),
        ("agents", {"name": "a", "boot": "1", "client_id": True}, "no client_id with the value True"),
        ("agents", {"name": "a", "boot": "1", "answers": [{}]}, "the id of the work"),
        ("agents", {"name": "a", "boot": "1", "answers": [{"id": "1", "error": 5}]}, "a text, or null"),
        ("managementservers", {"boot": "1"}, "names its name"),
        ("managementservers", {"name": "m", "boot": 1}, "no boot with the value 1"),
    ],
)
def test_wrong_reports(cloud: Make, path: str, body: Any, sentence: str) -> None:
    here = cloud("4.19.1")
    with pytest.raises(AdminError, match=sentence):
        here.admin(path, body)
