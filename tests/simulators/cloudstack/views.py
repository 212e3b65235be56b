# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of answers: a storage pool, and the infrastructure. `members` says what of them a release has."""

from __future__ import annotations

import uuid
from typing import Any

from simulators.cloudstack import jobs, rows, settings
from simulators.cloudstack.envelopes import date
from simulators.cloudstack.members import shown
from simulators.cloudstack.plugin.driver import is_storpool
from simulators.cloudstack.state import State

CAPABILITIES = {
    "CAN_COPY_SNAPSHOT_BETWEEN_ZONES_AND_SAME_POOL_TYPE": "true",
    "CAN_CREATE_TEMPLATE_FROM_SNAPSHOT": "true",
}
#: What `listHosts` may be asked for in `details`.
HOST_DETAILS = ("all", "capacity", "events", "stats", "min")


def pool_tags(state: State, pool: rows.Pool) -> list[str]:
    """A pool's storage tags. Up to 4.9 they are its details of value "true", whoever stored them."""
    if state.release.has("storage_pool_tags_table"):
        return pool.tags
    return [name for name, detail in pool.details.items() if detail.value == "true"]


def set_pool_tags(state: State, pool: rows.Pool, tags: list[str]) -> None:
    """Replaces a pool's tags, where this release keeps them."""
    unique = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if state.release.has("storage_pool_tags_table"):
        pool.tags = unique
        return
    kept = {name: detail for name, detail in pool.details.items() if detail.value != "true"}
    pool.details = {**{tag: rows.Detail("true") for tag in unique}, **kept}
    pool.tags = []


def allocated_bytes(state: State, pool: rows.Pool) -> int:
    """The sum of the sizes of a pool's volumes and cached templates."""
    volumes = sum(volume.size for volume in state.volumes if volume.pool == pool.db_id)
    return volumes + sum(state.templates[template].size for template in pool.cached_templates)


def pool(state: State, row: rows.Pool, *, listing: bool = True, suitable: bool | None = None) -> dict[str, Any]:
    """A pool as this release shows it.

    Answers to a change differ from listings: in the details that admins see, and they say nothing of capabilities.
    """
    zone, pod, cluster = state.zones[row.zone], state.pods.get(row.pod), state.clusters.get(row.cluster)
    job = jobs.pending_of(state, "StoragePool", row.id)
    values = {
        "id": row.id,
        "zoneid": zone.id,
        "zonename": zone.name,
        "podid": pod.id if pod else None,
        "podname": pod.name if pod else None,
        "clusterid": cluster.id if cluster else None,
        "clustername": cluster.name if cluster else None,
        "name": row.name,
        "ipaddress": row.ip_address,
        "path": row.path,
        "created": date(row.created),
        "type": row.type,
        "capacitybytes": row.capacity_bytes,
        "disksizetotal": row.capacity_bytes,
        "disksizeallocated": allocated_bytes(state, row),
        "disksizeused": _used(state, row),
        "capacityiops": row.capacity_iops,
        "usediops": 0 if row.managed else None,
        "tags": ",".join(pool_tags(state, row)) or None,
        "istagarule": row.is_tag_a_rule,
        "state": row.state,
        "scope": row.scope,
        "overprovisionfactor": _overprovisioning(state, row),
        "hypervisor": row.hypervisor,
        "suitableformigration": suitable,
        "provider": row.provider,
        "storagecapabilities": CAPABILITIES if listing and is_storpool(row) else None,
        "managed": row.managed,
        "details": _details(state, row, listing),
        "storageaccessgroups": row.access_groups,
        "hasannotations": False,
        "jobid": job.id if job else None,
        "jobstatus": job.status if job else None,
    }
    return shown(state.release, "storagepool", values)


def _used(state: State, row: rows.Pool) -> int | None:
    """What is used is null until it was collected; from 4.22 on it is 0 until then."""
    return 0 if row.used_bytes is None and state.release.has("pool_used_is_never_null") else row.used_bytes


def _overprovisioning(state: State, row: rows.Pool) -> str:
    factor = settings.value(state, "storage.overprovisioning.factor", settings.POOL, row.db_id)
    return str(float(factor or 1))


def _details(state: State, row: rows.Pool, listing: bool) -> dict[str, str] | None:
    if not listing and not state.release.has("pool_details_shown_to_admin_on_change"):
        return None
    return {name: detail.value for name, detail in row.details.items() if detail.display or not listing} or None


def zone(state: State, row: rows.Zone) -> dict[str, Any]:
    values = {
        "id": row.id,
        "name": row.name,
        "dns1": "10.1.1.1",
        "internaldns1": "10.1.1.1",
        "guestcidraddress": "10.9.0.0/16",
        "networktype": row.network_type,
        "securitygroupsenabled": False,
        "gputotal": 0,
        "gpuused": 0,
        "allocationstate": row.allocation_state,
        "zonetoken": str(uuid.uuid3(uuid.NAMESPACE_OID, row.id)),
        "dhcpprovider": "VirtualRouter",
        "localstorageenabled": False,
        "tags": [],
        "allowuserspecifyvrmtu": False,
        "routerprivateinterfacemaxmtu": 1500,
        "routerpublicinterfacemaxmtu": 1500,
        "type": "Core",
        "isnsxenabled": False,
        "ismultiarch": False,
        "asnrange": "",
        "routedmodeenabled": True,
        "hasannotations": False,
    }
    return shown(state.release, "zone", values)


def pod(state: State, row: rows.Pod) -> dict[str, Any]:
    owner = state.zones[row.zone]
    first, last = "10.1.0.10", "10.1.0.200"
    ranges = {"startip": first, "endip": last, "forsystemvms": "0", "vlanid": "untagged"}
    values = {
        "id": row.id,
        "name": row.name,
        "zoneid": owner.id,
        "zonename": owner.name,
        "gateway": "10.1.0.254",
        "netmask": "255.255.0.0",
        "startip": [first],
        "endip": [last],
        "forsystemvms": ["0"],
        "vlanid": ["untagged"],
        "ipranges": [ranges],
        "allocationstate": "Enabled",
        "hasannotations": False,
    }
    return shown(state.release, "pod", values)


def cluster(state: State, row: rows.Cluster) -> dict[str, Any]:
    owner, parent = state.zones[row.zone], state.pods[row.pod]
    values = {
        "id": row.id,
        "name": row.name,
        "podid": parent.id,
        "podname": parent.name,
        "zoneid": owner.id,
        "zonename": owner.name,
        "hypervisortype": row.hypervisor,
        "clustertype": "CloudManaged",
        "allocationstate": row.allocation_state,
        "managedstate": row.managed_state,
        "cpuovercommitratio": "1.0",
        "memoryovercommitratio": "1.0",
        "resourcedetails": {"cpuOvercommitRatio": "1.0", "memoryOvercommitRatio": "1.0", **_scoped(state, row)},
        "arch": "x86_64",
        "hasannotations": False,
    }
    return shown(state.release, "cluster", values)


def _scoped(state: State, row: rows.Cluster) -> dict[str, str]:
    """The settings of a cluster, which are details of it."""
    own = {name: value for (scope, db_id, name), value in state.settings.items() if (scope, db_id) == _key(row)}
    return {name: value or "" for name, value in own.items()}


def _key(row: rows.Cluster) -> tuple[str, int]:
    return settings.CLUSTER, row.db_id


def host(state: State, row: rows.Host, details: tuple[str, ...] = ("all",)) -> dict[str, Any]:
    """A host with what `details` asks for: min is a few members, and no name of what it is in."""
    server = state.management_servers.get(row.management_server)
    owned = server if row.state == "Up" else None
    job = jobs.pending_of(state, "Host", row.id)
    owner, parent, group = state.zones[row.zone], state.pods[row.pod], state.clusters[row.cluster]
    values: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "disconnected": date(row.disconnected),
        "type": row.type,
        "ipaddress": row.ip_address,
        "zoneid": owner.id,
        "podid": parent.id,
        "version": row.version,
        "hypervisor": row.hypervisor,
        "cpunumber": 32,
        "cpuspeed": 2400,
        "memoryallocated": 0,
        "capabilities": "hvm,snapshot",
        "lastpinged": date(row.last_pinged),
        "managementserverid": owned.id if owned else None,
        "managementservername": owned.name if owned else None,
        "clusterid": group.id,
        "islocalstorageactive": False,
        "created": date(row.created),
        "hostha": {"haenable": False, "hastate": "Disabled"},
        "outofbandmanagement": {"powerstate": "Disabled", "enabled": False},
        "resourcestate": row.resource_state,
        "ueficapability": False,
        "hasannotations": False,
        "jobid": job.id if job else None,
        "jobstatus": job.status if job else None,
    }
    wanted = set(details)
    if wanted & {"all", "capacity", "stats", "events"}:
        values |= {"zonename": owner.name, "podname": parent.name}
        values |= {"clustername": group.name, "clustertype": "CloudManaged"}
    if wanted & {"all", "capacity"}:
        values |= _host_capacity(state, row)
    if wanted & {"all", "stats"} and _has_statistics(state):
        values |= {"cpuused": "0%", "cpuloadaverage": 0.0, "networkkbsread": 0, "networkkbswrite": 0, "memoryused": 0}
    if wanted & {"all", "events"}:
        values["events"] = "AgentConnected; Ping; ShutdownRequested; AgentDisconnected; ManagementServerDown"
    if "all" in wanted:
        values |= {
            "encryptionsupported": True,
            "instanceconversionsupported": False,
            "arch": "x86_64",
            "details": {"com.cloud.network.Networks.RouterPrivateIpStrategy": "DcGlobal"},
        }
    return shown(state.release, "host", values)


def _host_capacity(state: State, row: rows.Host) -> dict[str, Any]:
    """What of a host is allocated, and so its tags and its hypervisor's version."""
    share = "0.00%" if state.release.at_least("4.21") else "0%"
    return {
        "cpuallocated": share,
        "cpuallocatedvalue": 0,
        "cpuallocatedpercentage": share,
        "cpuallocatedwithoverprovisioning": share,
        "cpuwithoverprovisioning": str(32 * 2400),
        "memorytotal": 256 << 30,
        "memorywithoverprovisioning": str(256 << 30),
        "memoryallocatedpercentage": share,
        "memoryallocatedbytes": 0,
        "hypervisorversion": row.version,
        "hahost": False,
    }


def _has_statistics(state: State) -> bool:
    choice = state.switches["host_statistics"]
    return choice == "collected" or (choice == "auto" and not state.release.at_least("4.22"))


def management_server(state: State, row: rows.ManagementServer) -> dict[str, Any]:
    agents = [host.id for host in state.hosts if host.management_server == row.db_id and host.state == "Up"]
    values: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "version": row.version,
        "javadistribution": "Debian",
        "javaversion": "17.0.9" if state.release.has("storpool_qos_class") else "11.0.21",
        "osdistribution": "Debian GNU/Linux 12 (bookworm)",
        "lastserverstart": date(row.started),
        "lastboottime": date(row.started),
        "serviceip": row.ip_address,
        "ipaddress": row.ip_address,
        "lastagents": [],
        "agents": agents,
        "agentscount": len(agents),
        "pendingjobscount": pending_jobs(state, row),
    }
    return shown(state.release, "managementserver", values)


def pending_jobs(state: State, row: rows.ManagementServer) -> int:
    """The jobs in progress on a management server."""
    return sum(job.status == jobs.IN_PROGRESS and job.management_server == row.db_id for job in jobs.live(state))
