# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cloud in memory for plans: it does to pools what the steps of a plan say, under CloudStack's rules for states."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Hosts
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool import pool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool.plan import Current

ZONE = {"id": "z-1", "name": "zone1"}
OPTIONS = {
    "state": "present",
    "name": "sp",
    "previous_name": None,
    "zone": "zone1",
    "template": None,
    "url_form": "auto",
    "verify_template": True,
    "capacity": None,
    "tags": None,
    "allocation_state": None,
    "connected_hosts": "report",
    "wait_timeout": 60,
    "stop_vms": False,
    "delete_volumes": False,
    "delete_snapshots": False,
    "expunge_destroyed_volumes": False,
    "allow_same_template_name": False,
    "sp_api_http_host": "10.1.2.3",
    "sp_api_http_port": None,
    "sp_auth_token": "123456",
}
NEW = {"template": "hybrid", "capacity": "1TiB"}
SETTLED = {"PrepareForMaintenance": "Maintenance", "Initialized": "Up"}


def want(**options):
    return pool.want({**OPTIONS, **options})


def row(**fields):
    return {
        "id": "hybrid;1",
        "name": "sp",
        "zoneid": "z-1",
        "zonename": "zone1",
        "state": "Up",
        "scope": "ZONE",
        "hypervisor": "KVM",
        "type": "StorPool",
        "provider": "StorPool",
        "ipaddress": "n/a",
        "path": "/dev/storpool-byid/",
        "disksizetotal": 1 << 40,
        "disksizeallocated": 0,
        "tags": "sp",
        "created": "2026-01-31T12:00:00+0000",
        **fields,
    }


def current(pool=None, version="4.19.1", **fields):
    return Current(
        parse(version), pool, **{"zone": ZONE, "providers": frozenset(["StorPool", "DefaultPrimary"]), **fields}
    )


class Cloud:
    """One pool, or none; ``apply`` raises AssertionError for what CloudStack would refuse."""

    def __init__(self, pool=None, version="4.19.1", hosts=None):
        self.pool, self.version, self.hosts = pool, version, hosts
        self.steps = []

    def current(self):
        return current(self.pool, self.version, hosts=Hosts((), self.hosts) if self.hosts else None)

    def apply(self, step):
        self.steps.append(step)
        getattr(self, "_" + step.call)(step.body)

    def _createStoragePool(self, body):  # noqa: N802
        assert self.pool is None
        self.pool = row(name=body["name"], zoneid=body["zoneid"], tags=body.get("tags") or body["name"])
        self.pool["disksizetotal"] = body["capacitybytes"]

    def _updateStoragePool(self, body):  # noqa: N802
        assert body["id"] == self.pool["id"]
        if "enabled" in body:
            assert set(body) == {"id", "enabled"}
            assert self.pool["state"] == ("Disabled" if body["enabled"] else "Up")
            self.pool["state"] = "Up" if body["enabled"] else "Disabled"
            return
        assert "tags" in body or parse(self.version) >= (4, 10), "before 4.10 this call would delete the tags"
        assert body.get("name", "x"), "a name"
        self.pool.update({key: value for key, value in body.items() if key in ("name", "tags")})

    def _enableStorageMaintenance(self, body):  # noqa: N802
        assert self.pool["state"] in ("Up", "ErrorInMaintenance")
        self.pool["state"] = "Maintenance"

    def _cancelStorageMaintenance(self, body):  # noqa: N802
        assert self.pool["state"] in ("Maintenance", "ErrorInMaintenance")
        self.pool["state"] = "Up"

    def _deleteStoragePool(self, body):  # noqa: N802
        assert self.pool["state"] == "Maintenance"
        self.pool = None

    def _listStoragePools(self, waiting):  # noqa: N802
        if hasattr(waiting, "hosts"):
            self.hosts = None
        else:
            self.pool["state"] = SETTLED[self.pool["state"]]
