# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of answers: a storage pool by release, and the infrastructure."""

from __future__ import annotations

import hashlib
from typing import Any

from simulators.cloudstack import jobs, rows, settings
from simulators.cloudstack.envelopes import date, present
from simulators.cloudstack.plugin.driver import is_storpool
from simulators.cloudstack.state import State

CAPABILITIES = {
    "CAN_COPY_SNAPSHOT_BETWEEN_ZONES_AND_SAME_POOL_TYPE": "true",
    "CAN_CREATE_TEMPLATE_FROM_SNAPSHOT": "true",
}


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
    """A pool as this release shows it. Answers to a change differ from listings in the details that admins see."""
    has = state.release.has
    zone, pod, cluster = state.zones[row.zone], state.pods.get(row.pod), state.clusters.get(row.cluster)
    job = jobs.pending_of(state, "StoragePool", row.id) if listing and has("pool_field_provider") else None
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
        "capacitybytes": row.capacity_bytes if has("pool_field_capacitybytes") else None,
        "disksizetotal": row.capacity_bytes,
        "disksizeallocated": allocated_bytes(state, row),
        "disksizeused": row.used_bytes,
        "capacityiops": row.capacity_iops,
        "usediops": 0 if has("pool_field_usediops") and row.managed else None,
        "tags": ",".join(pool_tags(state, row)) or None,
        "istagarule": row.is_tag_a_rule if has("pool_field_istagarule") else None,
        "state": row.state,
        "scope": row.scope,
        "overprovisionfactor": _overprovisioning(state, row),
        "hypervisor": row.hypervisor,
        "suitableformigration": suitable,
        "provider": row.provider if has("pool_field_provider") else None,
        "storagecapabilities": CAPABILITIES if has("storpool_capabilities") and is_storpool(row) else None,
        "managed": row.managed if has("pool_field_managed") else None,
        "details": _details(state, row, listing),
        "storageaccessgroups": row.access_groups if has("storage_access_groups") else None,
        "hasannotations": False if has("pool_field_hasannotations") else None,
        "jobid": job.id if job else None,
        "jobstatus": job.status if job else None,
    }
    return present(values)


def _overprovisioning(state: State, row: rows.Pool) -> str:
    factor = settings.value(state, "storage.overprovisioning.factor", settings.ZONE, row.zone)
    return str(float(factor or 1))


def _details(state: State, row: rows.Pool, listing: bool) -> dict[str, str] | None:
    if not state.release.has("pool_field_details"):
        return None
    if not listing and not state.release.has("pool_details_shown_to_admin_on_change"):
        return None
    return {name: detail.value for name, detail in row.details.items() if detail.display or not listing} or None


def zone(state: State, row: rows.Zone) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "allocationstate": row.allocation_state,
        "networktype": row.network_type,
        "securitygroupsenabled": False,
        "localstorageenabled": False,
        "dhcpprovider": "VirtualRouter",
        "zonetoken": hashlib.sha256(row.id.encode()).hexdigest()[:32],
        "tags": [],
    }


def pod(state: State, row: rows.Pod) -> dict[str, Any]:
    owner = state.zones[row.zone]
    return {
        "id": row.id,
        "name": row.name,
        "zoneid": owner.id,
        "zonename": owner.name,
        "allocationstate": "Enabled",
        "gateway": "10.1.0.254",
        "netmask": "255.255.0.0",
    }


def cluster(state: State, row: rows.Cluster) -> dict[str, Any]:
    owner, parent = state.zones[row.zone], state.pods[row.pod]
    return {
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
    }


def host(state: State, row: rows.Host, brief: bool = False) -> dict[str, Any]:
    """A host; `brief` is `details=min`."""
    server = state.management_servers.get(row.management_server)
    owner, parent, group = state.zones[row.zone], state.pods[row.pod], state.clusters[row.cluster]
    values: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "resourcestate": row.resource_state,
        "type": row.type,
        "ipaddress": row.ip_address,
        "zoneid": owner.id,
        "zonename": owner.name,
        "podid": parent.id,
        "podname": parent.name,
        "clusterid": group.id,
        "clustername": group.name,
        "hypervisor": row.hypervisor,
        "version": row.version,
        "created": date(row.created),
        "managementserverid": server.id if server and row.state == "Up" else None,
        "disconnected": date(row.disconnected),
        "lastpinged": date(row.last_pinged),
    }
    if not brief:
        values |= {
            "clustertype": "CloudManaged",
            "events": "AgentConnected; Ping; ShutdownRequested; AgentDisconnected; ManagementServerDown",
            "cpunumber": 32,
            "cpuspeed": 2400,
            "memorytotal": 256 << 30,
            "encryptionsupported": True if state.release.has("encryption") else None,
            "details": {
                "Host.OS": "Debian GNU/Linux",
                "com.cloud.network.Networks.RouterPrivateIpStrategy": "HostLocal",
            },
        }
    return present(values)


def management_server(state: State, row: rows.ManagementServer) -> dict[str, Any]:
    has = state.release.has
    agents = [host.id for host in state.hosts if host.management_server == row.db_id and host.state == "Up"]
    values: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "version": row.version,
        "javadistribution": "OpenJDK Runtime Environment",
        "javaversion": "17.0.9" if has("storpool_qos_class") else "11.0.21",
        "osdistribution": "Debian GNU/Linux 12",
        "kernelversion": "6.1.0-18-amd64",
        "lastserverstart": date(row.started),
        "lastboottime": date(row.started),
        "serviceip": row.ip_address,
        "ipaddress": row.ip_address if has("management_server_peers") else None,
    }
    if has("management_server_agents"):
        values |= {
            "lastagents": [],
            "agents": agents,
            "agentscount": len(agents),
            "pendingjobscount": pending_jobs(state, row),
        }
    return present(values)


def pending_jobs(state: State, row: rows.ManagementServer) -> int:
    """The jobs in progress on a management server."""
    return sum(job.status == jobs.IN_PROGRESS and job.management_server == row.db_id for job in jobs.live(state))
