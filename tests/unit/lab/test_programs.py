# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services of the packages, run as their units say, against the simulators."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cs import CloudStack

from lab import jars
from lab.places import places
from simulators.client import Simulator, start, storpool_call
from unit.lab.hosts_in_a_directory import Host, unpack, wait

TOKEN = "1234567890123456789"
OLD, NEW = "4.11.3", "4.19.1"


@pytest.fixture(scope="module")
def storpool() -> Iterator[Simulator]:
    with start("storpool", token=TOKEN) as simulator:
        template = {"name": "ssd", "placeAll": "ssd", "placeTail": "ssd", "placeHead": "ssd", "replication": 3}
        storpool_call(simulator, "VolumeTemplateCreate", template).raise_for_status()
        yield simulator


@pytest.fixture(params=[OLD, NEW])
def cloudstack(request: pytest.FixtureRequest, storpool: Simulator) -> Iterator[Simulator]:
    """A cloud of an old and of a new release, which nobody is part of yet."""
    with start("cloudstack", version=request.param, hosts=0, management_servers=0) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


def version_of(simulator: Simulator) -> str:
    return str(simulator.args["version"])


def row(simulator: Simulator, kind: str, name: str) -> dict[str, Any]:
    """A host or a management server as the simulator knows it; empty if it does not."""
    return next((found for found in simulator.admin("GET", kind) if found["name"] == name), {})


def wait_state(simulator: Simulator, kind: str, name: str, state: str) -> dict[str, Any]:
    wait(lambda: row(simulator, kind, name).get("state") == state, f"{name} is {state}")
    return row(simulator, kind, name)


def driver(host: Host, version: str, broken: str | None = None, number: str = "") -> Path:
    """Puts a driver where it belongs on a host."""
    here = places(version)
    name = jars.file_name(jars.DRIVER_NAME, here.version)
    if host.component == "management":
        directory = here.management_lib
    else:
        directory = "/usr/share/cloudstack-agent/" + ("lib" if here.packaged else "plugins")
    spelling = jars.IN_TREE if here.packaged else jars.EXTERNAL
    return jars.make_driver(
        number or here.version, host.path(f"{directory}/{name}"), broken=broken, release=here.java, classes=spelling
    )


def create_pool(storpool: Simulator, url: str) -> None:
    api = CloudStack(f"{url}/client/api", "simulator-api-key", "simulator-secret-key", method="post")
    [zone] = api.listZones()["zone"]
    where = f"{storpool.host}:{storpool.port}"
    old = api.listCapabilities()["capability"]["cloudstackversion"].startswith("4.11")
    form = f"SP_API_HTTP={where};SP_AUTH_TOKEN={TOKEN};SP_TEMPLATE=ssd" if old else f"storpool://{TOKEN}@{where}/ssd"
    api.createStoragePool(
        name="pool1",
        url=form,
        zoneid=zone["id"],
        scope="zone",
        hypervisor="KVM",
        provider="StorPool",
        capacitybytes=1 << 40,
    )


def test_from_packages_to_a_connected_pool(
    tmp_path: Path, cache: Path, storpool: Simulator, cloudstack: Simulator
) -> None:
    version = version_of(cloudstack)
    with (
        Host(unpack(version, tmp_path / "m", cache), "management", "mgmt1", cloudstack) as server,
        Host(unpack(version, tmp_path / "a", cache), "agent", "agent1", cloudstack, client_id=2) as agent,
    ):
        server.start()
        agent.start()
        first = wait_state(cloudstack, "hosts", "agent1", "Up")
        assert (first["plugin_loaded"], first["report"]["iscsi_answer"]) == (version == NEW, version == OLD)
        assert (first["client_id"], first["storpool_cluster_id"]) == (2, "sim.b")
        wait(lambda: server.get("/client/") == 200, "the management server answers")
        assert (server.get("/"), server.get("/client"), server.get("/nothing")) == (301, 200, 404)
        assert wait_state(cloudstack, "managementservers", "mgmt1", "Up")["version"] == places(version).version

        for host in (server, agent):
            placed = driver(host, version, number="4.99.1")
            host.stop()
            host.start()
            kind = "managementservers" if host is server else "hosts"
            report = wait_state(cloudstack, kind, host.name, "Up")["report"]
            assert (report["driver_version"], report["driver_jar"]) == ("4.99.1", str(placed))

        wait(lambda: server.get("/client/") == 200, "the management server answers")
        create_pool(storpool, f"http://127.0.0.1:{server.port}")
        assert row(cloudstack, "hosts", "agent1")["connected"] == ["pool1"]
        attached = agent.calls.read_text().splitlines()[-1]
        assert "storpool -M -j attach volume ~sim.b." in attached
        assert attached.endswith(" here onRemoteAttached export")

        cloudstack.switch(agent_retry_seconds=0.2, agent_silence_seconds=2)
        agent.tool("storpool", """echo '{"error": {"name": "invalidParam", "descr": "no"}}'; exit 1""")
        agent.stop()
        assert row(cloudstack, "hosts", "agent1")["state"] == "Disconnected"
        agent.start()
        wait_state(cloudstack, "hosts", "agent1", "Alert")
        agent.tool("storpool", "echo '{}'")
        assert wait_state(cloudstack, "hosts", "agent1", "Up")["connected"] == ["pool1"]
        agent.stop(signal.SIGKILL)
        wait_state(cloudstack, "hosts", "agent1", "Alert")
        server.stop()
        assert row(cloudstack, "managementservers", "mgmt1")["state"] == "Down"


def test_a_driver_that_does_not_load_ends_the_agent(tmp_path: Path, cache: Path, cloudstack: Simulator) -> None:
    version = version_of(cloudstack)
    with Host(unpack(version, tmp_path / "a", cache), "agent", "agent1", cloudstack) as agent:
        for broken, reason in {
            "static_init": "IllegalStateException: this driver was made not to load",
            "static_init_on:agent1": "this driver was made not to load on agent1",
            "missing_class": "NoClassDefFoundError",
            "truncated": "cannot read the jar",
        }.items():
            driver(agent, version, broken)
            agent.start()
            assert (broken, agent.ended()) == (broken, 1)
            assert reason in agent.said().splitlines()[-1]
        assert cloudstack.admin("GET", "agents") == []
        driver(agent, version, "static_init_on:agent2")
        agent.start()
        # It runs; there is no management server for it.
        wait_state(cloudstack, "hosts", "agent1", "Disconnected")


def test_a_driver_that_does_not_load_leaves_a_server_that_answers_503(
    tmp_path: Path, cache: Path, cloudstack: Simulator
) -> None:
    version = version_of(cloudstack)
    with Host(unpack(version, tmp_path / "m", cache), "management", "mgmt1", cloudstack) as server:
        for broken in ("static_init", "missing_class", *(["no_build_properties"] if version == OLD else [])):
            driver(server, version, broken)
            server.start()
            wait(lambda: server.get("/client/") == 503, f"503 with {broken}")
            assert server.get("/client/api?command=listZones") == 503
            assert "Error starting the module storage-volume-storpool" in server.said().splitlines()[-1]
            server.stop()
        assert cloudstack.admin("GET", "managementservers") == []
        driver(server, version, "truncated")
        server.start()
        assert server.ended() == 1
        assert "cannot read the jar" in server.said().splitlines()[-1]


def test_two_copies_of_the_driver_are_said_and_one_answers(tmp_path: Path, cache: Path, cloudstack: Simulator) -> None:
    version = version_of(cloudstack)
    with (
        Host(unpack(version, tmp_path / "m", cache), "management", "mgmt1", cloudstack) as server,
        Host(unpack(version, tmp_path / "a", cache), "agent", "agent1", cloudstack) as agent,
    ):
        driver(agent, version)
        jars.make_driver(
            "4.1.0", agent.path("/usr/share/cloudstack-agent/plugins/storpool-old.jar"), classes="Storpool"
        )
        server.start()
        agent.start()
        report = wait_state(cloudstack, "hosts", "agent1", "Up")["report"]
        assert "Duplicate StorageAdaptor" in agent.said()
        assert report["driver_jar"] in agent.said()


def test_an_unpatched_agent_detaches_nothing(tmp_path: Path, cache: Path, storpool: Simulator) -> None:
    """Up to 4.11 the iSCSI adaptor claims every path: the volume stays attached, and nobody is told."""
    version = "4.11.3"
    here = places(version)
    with (
        start("cloudstack", version=version, hosts=0) as cloudstack,
        Host(unpack(version, tmp_path / "a", cache), "agent", "agent1", cloudstack) as agent,
    ):
        driver(agent, version)
        agent.start()
        wait_state(cloudstack, "hosts", "agent1", "Up")
        create_pool(storpool, cloudstack.url)
        api = CloudStack(
            f"{cloudstack.url}/client/api", "simulator-api-key", "simulator-secret-key", poll_interval=0.05
        )
        [zone] = api.listZones()["zone"]
        vm = api.deployVirtualMachine(
            zoneid=zone["id"],
            serviceofferingid=api.listServiceOfferings()["serviceoffering"][0]["id"],
            templateid=api.listTemplates(templatefilter="all")["template"][0]["id"],
            fetch_result=True,
        )["virtualmachine"]
        detached = [line for line in agent.calls.read_text().splitlines() if " detach " in line]
        api.stopVirtualMachine(id=vm["id"], fetch_result=True)
        assert detached == [line for line in agent.calls.read_text().splitlines() if " detach " in line] == []

        kvm = f"/usr/share/cloudstack-agent/lib/{jars.file_name(jars.KVM_NAME, here.version)}"
        jars.make_kvm(here.version, agent.path(kvm), patched=True)
        agent.stop()
        agent.start()
        wait(lambda: (row(cloudstack, "hosts", "agent1").get("report") or {}).get("iscsi_answer") is False, "patched")
        wait_state(cloudstack, "hosts", "agent1", "Up")
        api.startVirtualMachine(id=vm["id"], fetch_result=True)
        api.stopVirtualMachine(id=vm["id"], fetch_result=True)
        [line] = [line for line in agent.calls.read_text().splitlines() if " detach " in line]
        assert "storpool -M -j detach volume ~sim.b." in line
