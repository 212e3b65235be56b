# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was there before a recording begins, and what was done in it that is not recorded."""

from __future__ import annotations

from collections.abc import Mapping

from contract.replay import RECORDED_STORPOOL, Replay, Step

TOKEN = "1234567890123456789"


def _url(template: str) -> str:
    return f"SP_API_HTTP={RECORDED_STORPOOL};SP_AUTH_TOKEN={TOKEN};SP_TEMPLATE={template}"


def _said(command: str, **params: str) -> Step:
    """A request that was made between two recorded ones."""

    def step(talk: Replay) -> None:
        talk.ask({"command": command, **params})

    return step


def registered(template: str, name: str, recorded: str | None = None, **params: str) -> Step:
    """A pool that was registered; `recorded` is its id in the recording."""

    def step(talk: Replay) -> None:
        zone = talk.objects("zones")[0]["id"]
        given = {"scope": "zone", "hypervisor": "KVM", "provider": "StorPool", "capacitybytes": str(10 << 40)}
        asked = {"command": "createStoragePool", "name": name, "zoneid": zone, "url": _url(template), **given, **params}
        _status, body = talk.ask(asked)
        if recorded:
            talk.know(recorded, body["createstoragepoolresponse"]["storagepool"]["id"])

    return step


def _offering(recorded: str, **params: str) -> Step:
    def step(talk: Replay) -> None:
        asked = {"command": "createDiskOffering", "name": "d1", "displaytext": "d one", **params}
        _status, body = talk.ask(asked)
        talk.know(recorded, body["creatediskofferingresponse"]["diskoffering"]["id"])

    return step


def _service(recorded: str, name: str) -> Step:
    def step(talk: Replay) -> None:
        asked = {"command": "createServiceOffering", "name": name, "displaytext": name, "cpunumber": "1"}
        _status, body = talk.ask({**asked, "cpuspeed": "100", "memory": "128"})
        talk.know(recorded, body["createserviceofferingresponse"]["serviceoffering"]["id"])

    return step


def _all(*steps: Step) -> Step:
    def step(talk: Replay) -> None:
        for one in steps:
            one(talk)

    return step


def _calls(
    cluster: str, server: str, host: str, pools: Mapping[str, str], offerings: Mapping[str, str]
) -> dict[str, Step]:
    """The requests that the long lists of single calls leave out; the ids are those of the recording."""
    first, tagged = pools["first"], pools["tagged"]
    edited = offerings["edited"]
    return {
        "046-updateConfiguration-no-value": _said("updateConfiguration", name="sp.bypass.secondary.storage", value=""),
        "053-listConfigurations-cluster-after": _said(
            "updateConfiguration", name="sp.cluster.id", value="sim.b", clusterid=cluster
        ),
        "099-listStoragePools-all": registered("t2", "p1"),
        "135-listStoragePools-after-tags": _said("updateStoragePool", id=first, tags="c,d"),
        "142-listStoragePools-disabled": _all(
            _said("updateStoragePool", id=first, url=_url("t1")),
            _said("updateStoragePool", id=first, enabled="false"),
        ),
        "159-enableStorageMaintenance-again": _said("enableStorageMaintenance", id=first),
        "173-enableStorageMaintenance-for-delete": _said("updateStoragePool", id=first, enabled="true"),
        "176-deleteStoragePool-again": _said("deleteStoragePool", id=first),
        "180-listStoragePools-tags": registered("t1", "p1", tagged, tags="x,y"),
        "191-createDiskOffering-no-displaytext": _offering(edited, disksize="5"),
        "195-createDiskOffering-details": _offering(offerings["customized"], customized="true"),
        "213-createDiskOffering-storpolicy": _offering(offerings["hidden"], disksize="5", displayoffering="false"),
        "225-updateDiskOffering-tags-empty": _all(
            _said("updateDiskOffering", id=edited, name="d1b", displaytext="two"),
            _said("updateDiskOffering", id=edited, tags="a"),
        ),
        "233-listDiskOfferings-hidden": _said("updateDiskOffering", id=edited, displayoffering="false"),
        "263-readyForShutdown-preparing": _said("prepareForShutdown", managementserverid=server),
        "270-cancelShutdown-again": _said("cancelShutdown", managementserverid=server),
        "289-queryAsyncJobResult-cancelHostMaintenance": _job(
            "efb9e527-e236-4576-ac65-90ab8a5700f6", "cancelHostMaintenance", id=host
        ),
    }


def _job(recorded: str, command: str, **params: str) -> Step:
    """A job that was started between two recorded requests, one of which asks about it."""

    def step(talk: Replay) -> None:
        _status, body = talk.ask({"command": command, **params})
        talk.know(recorded, next(iter(body.values()))["jobid"])

    return step


def _emptied(talk: Replay) -> None:
    """The virtual machines and volumes of the recording before are gone."""
    for vm in talk.objects("vms"):
        talk.ask({"command": "destroyVirtualMachine", "id": vm["id"], "expunge": "true"})
    for volume in talk.objects("volumes"):
        talk.ask({"command": "deleteVolume", "id": volume["id"]})


_SNAPSHOTS_OF_RUNNING_VMS = _said("updateConfiguration", name="kvm.snapshot.enabled", value="true")

#: What was not as the simulator has it by default, by the first recording of a world.
SWITCHES = {
    # However slow the machine is, the host is not back before it is looked at.
    "calls-4.19.0": {"reconnect_ms": 600_000},
    "life-4.19.0-a": {"secondary_storage_vm": False},
}

#: What there was in a zone before a recording of virtual machines begins.
BEFORE_ALL: dict[str, Step] = {
    "life-4.19.0-a": _all(
        _service("ff8a5378-411c-4b3a-8e10-881bb0328fa7", "tiny"),
        registered("t1", "sp1", "t1;734df583-34ca-43e4-ab9a-f3090a30d2a2", tags="sp1"),
    ),
    "life-4.19.0-b": _emptied,
    "life-4.19.0-c": _all(_emptied, _SNAPSHOTS_OF_RUNNING_VMS),
    "life-4.22.0": _SNAPSHOTS_OF_RUNNING_VMS,
}

#: The hosts that the recorded servers had called the location of their cluster so.
_LOCATED: dict[str, Step] = {
    "122-listConfigurations-pool-all": _said(
        "updateConfiguration",
        name="sp.cluster.location",
        value="loc1",
        storageid="t1;1c01d2d2-eebf-4a2c-b3b6-0b8c7e8fc233",
    )
}

#: What is left out, by the recorded request that comes next.
BETWEEN: dict[str, dict[str, Step]] = {
    "calls-4.19.0": _calls(
        "8f30fa97-9713-40ea-905a-f640fd1b83c9",
        "08cdb75e-0478-41de-9c8d-a0830307a953",
        "8d3af3ed-ab47-4182-9077-cf87a89a5a98",
        {"first": "t1;4aed4074-ddec-4ddb-b1d2-a451ed6e7e8a", "tagged": "t1;32502422-8b55-4522-884d-70becdcc7559"},
        {
            "edited": "d9f127c0-d806-4697-81df-1dab2a6c0da0",
            "customized": "35c7abc3-5fa7-4c65-a945-82653c9a2951",
            "hidden": "4d04d1d5-8e7b-4cd1-9494-cb3df4d39661",
        },
    ),
    "calls-4.22.0": _LOCATED
    | _calls(
        "f9a8b07f-10e2-4062-bd36-91b6b1646066",
        "b39e831f-1467-4bbd-a715-508e7ebdc8e5",
        "4144d29f-7fec-4f58-9338-4096545b4418",
        {"first": "t1;1c01d2d2-eebf-4a2c-b3b6-0b8c7e8fc233", "tagged": "t1;e7374d08-cb57-479f-ad58-bf84378a5c81"},
        {
            "edited": "cbdb4a47-59bb-47ee-b59e-9454c41015f8",
            "customized": "ef0dd5e5-1796-4fa1-8c63-c8e1a96e7f63",
            "hidden": "ed3be7b7-cfd2-4d34-b5a1-5c013da595f8",
        },
    ),
}
