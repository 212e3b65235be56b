# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for hosts, management servers, settings and disk offerings."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import Ids, Scenario, Steps

_GOLD: dict[str, Any] = {"name": "gold", "disk_size": "10GiB", "max_iops": 500, "tags": ["fast"], "wait_timeout": 30}


def _offered(world: Any) -> None:
    body = {"name": "gold", "disksize": 10, "customizediops": "false", "miniops": 1, "maxiops": 500, "tags": "fast"}
    world.do(("createDiskOffering", body))


def _draining(world: Any) -> None:
    world.do(("prepareForShutdown", {"managementserverid": world.server_id("ms2")}))


def _changed(world: Any) -> None:
    world.do(("updateConfiguration", {"name": "sp.bypass.secondary.storage", "value": "true"}))


def _on(label: str, parameter: str, command: str, **more: str) -> Any:
    """A rival's command for an object, if it is there."""

    def steps(ids: Ids) -> Steps:
        return ((command, {**more, parameter: ids[label]}),) if label in ids else ()

    return steps


_OFFERING = {
    "rival: gone": _on("disk_offering gold", "id", "deleteDiskOffering"),
    "rival: changed": _on("disk_offering gold", "id", "updateDiskOffering", tags="theirs"),
}
_SETTING = {"rival: changed": (("updateConfiguration", {"name": "sp.bypass.secondary.storage", "value": "true"}),)}


def _offering(state: str, options: dict[str, Any], **more: Any) -> Scenario:
    defaults = {"names": ("'gold'",), "subjects": ("disk_offering gold",), "prepare": _offered, "rivals": _OFFERING}
    return Scenario("cloudstack_disk_offering", state, {"name": "gold", **options}, **{**defaults, **more})


def _server(state: str, options: dict[str, Any], **more: Any) -> Scenario:
    options = {"name": "ms2", "wait_timeout": 30, **options}
    return Scenario("cloudstack_management_server", state, options, **{"names": ("'ms2'",), **more})


def _setting(state: str, options: dict[str, Any], **more: Any) -> Scenario:
    options = {"name": "sp.bypass.secondary.storage", **options}
    return Scenario("cloudstack_configuration", state, options, **{"names": ("'sp.bypass", "'sp.enable"), **more})


OPERATIONS = (
    _offering(
        "create",
        _GOLD,
        prepare=None,
        rivals={"rival: exists": (("createDiskOffering", {"name": "gold", "disksize": 10}),)},
    ),
    _offering("change", {"tags": ["new"], "display_text": "Gold", "zones": ["zone1"]}),
    _offering("remove", {"state": "absent"}),
    _server(
        "drain",
        {"state": "drained"},
        rivals={"rival: changed": _on("management_server ms2", "managementserverid", "prepareForShutdown")},
    ),
    _server(
        "bring up",
        {"state": "up"},
        prepare=_draining,
        rivals={"rival: changed": _on("management_server ms2", "managementserverid", "cancelShutdown")},
    ),
    _setting("set", {"value": True}, rivals=_SETTING),
    _setting("reset", {"state": "default"}, prepare=_changed),
    _setting(
        "set for a pool", {"name": "sp.enable.alternative.endpoint", "value": True, "storage_pool": "sp"}, prepare=made
    ),
)
INFO = (
    Scenario("cloudstack_disk_offering_info", "read", {"details": True, "zone": "zone1"}, names=(), prepare=_offered),
    Scenario("cloudstack_host_info", "read", {"pools": True}, names=(), prepare=made),
    Scenario(
        "cloudstack_host_info",
        "wait",
        {"name": ["host1"], "wait": True, "wait_timeout": 30, "wait_stable": 0},
        names=("host1",),
        prepare=made,
    ),
)
