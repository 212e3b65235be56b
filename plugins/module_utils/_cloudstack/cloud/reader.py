# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudStack holds, read with list commands only. Objects are the API's own; see :mod:`results` for what modules return."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ..._common.errors import Outdated
from ..connection.api import Api
from . import versions
from .versions import Version

Raw = t.Dict[str, t.Any]

#: ``projectid`` for "those of all projects", which ``listall`` leaves out.
ALL_PROJECTS = "-1"
#: CloudStack's ids of all but StorPool pools.
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Hosts(t.NamedTuple):
    """The hosts that could run VMs now, as (id, name), by whether they have connected the pool."""

    connected: t.Tuple[t.Tuple[str, str], ...] = ()
    missing: t.Tuple[t.Tuple[str, str], ...] = ()

    def names(self) -> t.Dict[str, t.List[str]]:
        """The names, as results show them."""
        return {
            "connected": [name for _id, name in self.connected],
            "not_connected": [name for _id, name in self.missing],
        }


def _nowhere(_template_id: str, _storpool_template: str) -> None:
    """For who has no need to know."""


def _none_of(_ids: t.Iterable[str]) -> t.Dict[str, Raw]:
    """As above, of many."""
    return {}


class StorPool(t.NamedTuple):
    """What only StorPool knows of its templates; CloudStack shows nothing of it before there is a pool.

    ``capacity`` gives the capacity of a template in bytes, ``None`` for one that check mode foresees. ``problem`` says why StorPool would not let a pool use a
    template (it does not exist, or the token is wrong), as far as this host can reach StorPool; else ``None``. ``copy`` gives the snapshot that holds a
    CloudStack template (id) on a StorPool template (name), as ``{"name": ..., "global_id": ...}``. ``snapshots`` gives those of CloudStack's volume snapshots
    (ids) that StorPool has, by id, in the same form. ``volumes`` gives StorPool's own objects of volumes, by what :mod:`other_half` calls them.
    """

    capacity: t.Callable[[str], t.Optional[int]]
    problem: t.Callable[[str], t.Optional[str]]
    copy: t.Callable[[str, str], t.Optional[Raw]] = _nowhere
    snapshots: t.Callable[[t.Iterable[str]], t.Dict[str, Raw]] = _none_of
    volumes: t.Callable[[t.Iterable[str]], t.Dict[str, Raw]] = _none_of


class Reader:
    """Reads the cloud behind an :class:`Api`, and StorPool's templates. Errors are those of :meth:`Api.read`.

    ``foresees`` is whether a reader can be told what plans would change (:mod:`predicted`).
    """

    foresees = False

    def __init__(self, api: Api, storpool: t.Optional[StorPool] = None) -> None:
        self._api = api
        self._version: t.Optional[Version] = None
        self._places: t.Dict[str, Raw] = {}  # clusters by id
        self._os_types: t.Optional[t.List[Raw]] = None
        self._storpool = storpool

    @property
    def sleep(self) -> t.Callable[[float], None]:
        """How whoever waits pauses."""
        return self._api.sleep

    def hurried(self, seconds: float) -> Reader:
        """The same reader for somebody who waits, and asks again anyway (:meth:`Api.hurried`)."""
        hurried = Reader(self._api.hurried(seconds), self._storpool)
        hurried._version, hurried._places = self._version, self._places
        return hurried

    def template_capacity(self, template: str) -> t.Optional[int]:
        """The capacity of a StorPool template in bytes; ``None`` for one that does not exist yet (check mode)."""
        return t.cast(StorPool, self._storpool).capacity(template)

    def template_problem(self, template: str) -> t.Optional[str]:
        """Why a pool cannot use a StorPool template, if that can be found out from here."""
        return t.cast(StorPool, self._storpool).problem(template)

    def version(self) -> Version:
        """The version of the management server, asked once."""
        if self._version is None:
            answer = self._api.read("listCapabilities")
            self._version = versions.parse(str(answer.get("capability", {}).get("cloudstackversion", "")))
        return self._version

    def cached_copy(self, template_id: str, storpool_template: str) -> t.Optional[Raw]:
        """StorPool's snapshot with a CloudStack template, as far as this host can ask StorPool."""
        return t.cast(StorPool, self._storpool).copy(template_id, storpool_template)

    def snapshots_on_storpool(self, ids: t.Iterable[str]) -> t.Dict[str, Raw]:
        """StorPool's halves of volume snapshots, by CloudStack's id; those that StorPool does not have are left out."""
        return t.cast(StorPool, self._storpool).snapshots(ids)

    def volumes_on_storpool(self, references: t.Iterable[str]) -> t.Dict[str, Raw]:
        """StorPool's halves of volumes, by what StorPool calls them; those that it does not have are left out."""
        return t.cast(StorPool, self._storpool).volumes(references)

    def zone(self, name_or_id: str) -> t.Optional[Raw]:
        """The zone with this name or id. Up to some release ``name`` matches parts of names, so all zones are read."""
        zones = self.zones()
        return next((zone for key in ("id", "name") for zone in zones if zone[key] == name_or_id), None)

    def zones(self) -> t.List[Raw]:
        """All zones."""
        return self._api.rows("listZones", "zone")

    def clusters(self) -> t.List[Raw]:
        """All clusters of hosts, of every zone."""
        return self._api.rows("listClusters", "cluster")

    def pools(self) -> t.List[Raw]:
        """All primary storage pools, of every provider and zone."""
        return self._api.rows("listStoragePools", "storagepool")

    def pool(self, pool_id: str) -> t.Optional[Raw]:
        """The primary storage pool with this id."""
        return next((pool for pool in self.pools() if pool["id"] == pool_id), None)

    def providers(self) -> t.FrozenSet[str]:
        """The names of the providers of primary storage that the management server has loaded."""
        answer = self._api.read("listStorageProviders", type="primary")
        return frozenset(str(provider["name"]) for provider in answer.get("dataStoreProvider") or [])

    def hosts(self, zone_id: str) -> t.List[Raw]:
        """The KVM hosts of a zone that can run VMs now, in the order of their names: CloudStack connects a new pool on these."""
        hosts = self.every_host(zoneid=zone_id)
        usable = [host for host in hosts if (host.get("state"), host.get("resourcestate")) == ("Up", "Enabled")]
        return sorted(usable, key=lambda host: str(host["name"]))

    def placed_hosts(self) -> t.List[Raw]:
        """Every KVM host with the names of its zone, pod and cluster.

        The cheap listHosts has their ids only (measured: 4.19.0, 4.22.0; source: 4.10 to 4.23), and listClusters has all three names; one call, once.
        """
        rows = self.every_host()
        if any("clustername" not in row and row.get("clusterid") not in self._places for row in rows):
            self._places.update((str(cluster["id"]), cluster) for cluster in self.clusters())
        return [{**self._names_of_place(row), **row} for row in rows]

    def _names_of_place(self, host: Raw) -> Raw:
        cluster = self._places.get(str(host.get("clusterid")), {})
        return {
            "zonename": cluster.get("zonename"),
            "podname": cluster.get("podname"),
            "clustername": cluster.get("name"),
        }

    def every_host(self, **params: t.Any) -> t.List[Raw]:
        """The KVM hosts, in whatever state; those of system VMs and of storage are no hosts here."""
        return self._api.rows("listHosts", "host", type="Routing", hypervisor="KVM", details="min", **params)

    def pools_connected_by(self, host_id: str) -> t.FrozenSet[str]:
        """The ids of the pools that a host has connected; only from :data:`versions.SHOWS_CONNECTED_HOSTS` on."""
        rows = self._api.rows("listStoragePools", "storagepool", hostid=host_id)
        return frozenset(str(row["id"]) for row in rows)

    def connections(self, pool: Raw) -> Hosts:
        """Which of the hosts that could use a pool have connected it: one call for all hosts, and one for each."""
        asked = [
            (self.has_connected(host["id"], pool["id"]), (str(host["id"]), str(host["name"])))
            for host in self.hosts(pool["zoneid"])
        ]
        return Hosts(
            tuple(host for has, host in asked if has),
            tuple(host for has, host in asked if not has),
        )

    def has_connected(self, host_id: str, pool_id: str) -> bool:
        """Whether a host has connected a pool; only from :data:`versions.SHOWS_CONNECTED_HOSTS` on."""
        return any(
            pool["id"] == pool_id
            for pool in self._api.rows("listStoragePools", "storagepool", id=pool_id, hostid=host_id)
        )

    def volumes_on(self, pool_id: str) -> t.List[Raw]:
        """The volumes of all accounts and projects on a pool, those in state Destroy included."""
        states: t.Tuple[t.Dict[str, t.Any], ...] = ({}, {"state": "Destroy"})
        return _unique(
            row for state in states for row in self._of_everyone("listVolumes", "volume", storageid=pool_id, **state)
        )

    def system_volumes_on(self, pool_id: str) -> t.List[Raw]:
        """The volumes of system VMs on a pool; none before :data:`versions.SHOWS_SYSTEM_VOLUMES`, where the API does not show them."""
        if self.version() < versions.SHOWS_SYSTEM_VOLUMES:
            return []
        others = {row["id"] for row in self._api.rows("listVolumes", "volume", storageid=pool_id, listall=True)}
        rows = self._api.rows("listVolumes", "volume", storageid=pool_id, listall=True, listsystemvms=True)
        return [row for row in rows if row["id"] not in others]

    def volumes(self, **where: t.Any) -> t.List[Raw]:
        """The volumes of all accounts and projects that meet conditions of listVolumes (``zoneid``, ...); destroyed ones only if asked for.

        As for VMs and snapshots, ``of_projects=False`` leaves out the call for what projects have, for who knows that there are none.
        """
        return _unique(self._of_everyone("listVolumes", "volume", **where))

    def volume(self, volume_id: str) -> t.Optional[Raw]:
        """The volume with this id, of whatever owner, also if it was destroyed and not expunged yet."""
        with contextlib.suppress(Outdated):
            return next(iter(self.volumes(id=volume_id)), None)
        return None

    def vms(self, **where: t.Any) -> t.List[Raw]:
        """The VMs of all accounts and projects that are not expunged and meet conditions of listVirtualMachines; unless ``details`` says more, without
        what CloudStack has to compute."""
        return _unique(self._of_everyone("listVirtualMachines", "virtualmachine", **{"details": "min", **where}))

    def hosts_for(self, vm_id: str) -> t.List[Raw]:
        """The other hosts that CloudStack looks at for a VM that runs, each with whether it is suitable."""
        return self._api.rows("findHostsForMigration", "host", virtualmachineid=vm_id)

    def volumes_of_vm(self, vm: Raw) -> t.List[Raw]:
        """The volumes that are attached to a VM, with one call: they are its owner's, as it is."""
        project = {"projectid": vm["projectid"]} if vm.get("projectid") else {}
        return self._api.rows("listVolumes", "volume", virtualmachineid=vm["id"], listall=True, **project)

    def volume_snapshots(self, **where: t.Any) -> t.List[Raw]:
        """The volume snapshots of all accounts and projects that meet conditions of listSnapshots (``zoneid``, ``volumeid``, ...)."""
        return _unique(self._of_everyone("listSnapshots", "snapshot", **where))

    def vm_snapshots(self, **where: t.Any) -> t.List[Raw]:
        """The VM snapshots of all accounts and projects that meet conditions of listVMSnapshot (``virtualmachineid``, ``vmsnapshotid``, ...)."""
        return _unique(self._of_everyone("listVMSnapshot", "vmSnapshot", **where))

    def vms_called(self, name_or_id: str, zone_id: t.Optional[str]) -> t.List[Raw]:
        """The VMs with this id; if there is none with it, with this name or display name, of all accounts and projects."""
        return self._called("listVirtualMachines", "virtualmachine", name_or_id, zone_id, ("name", "displayname"))

    def management_servers(self) -> t.List[Raw]:
        """All management servers; only from :data:`versions.LISTS_MANAGEMENT_SERVERS` on."""
        return self._api.rows("listManagementServers", "managementserver")

    def shutdown_status(self, server_id: str) -> Raw:
        """How far a management server is with its preparation; only from :data:`versions.PREPARES_SHUTDOWN` on."""
        answer = self._api.read("readyForShutdown", managementserverid=server_id)
        return dict(answer.get("readyforshutdown") or {})

    def jobs_in_progress(self) -> int:
        """How many asynchronous jobs are in progress, of all accounts and management servers."""
        rows = self._api.rows("listAsyncJobs", "asyncjobs", listall=True)
        return sum(row.get("jobstatus") == 0 for row in rows)

    def settings_like(self, name: str, **scope: str) -> t.List[Raw]:
        """The settings that have ``name`` somewhere in their names: CloudStack knows no other match.

        ``scope`` is the id of what they are for: ``zoneid``, ``clusterid`` or ``storageid``. Settings that cannot be given there are left out then.
        """
        return self._api.rows("listConfigurations", "configuration", name=name, **scope)

    def templates(self, name: str, zone_id: t.Optional[str] = None) -> t.List[Raw]:
        """The templates of all accounts with exactly this name, in a zone; without one, those that are in no zone as well."""
        where = {"zoneid": zone_id} if zone_id else {}
        rows = self._api.rows("listTemplates", "template", templatefilter="all", name=name, listall=True, **where)
        return [row for row in rows if row["name"] == name]

    def template(self, template_id: str, zone_id: str) -> t.Optional[Raw]:
        """The template with this id in a zone, or in none as long as it is being made. One that is gone is unknown to CloudStack."""
        try:
            rows = self._api.rows("listTemplates", "template", id=template_id, templatefilter="all", listall=True)
        except Outdated:
            return None
        return next((row for row in rows if row.get("zoneid") in (None, zone_id)), None)

    def os_types(self) -> t.List[Raw]:
        """The kinds of guest systems that CloudStack knows, several hundred, asked once."""
        if self._os_types is None:
            self._os_types = self._api.rows("listOsTypes", "ostype")
        return self._os_types

    def volumes_called(self, name_or_id: str, zone_id: t.Optional[str]) -> t.List[Raw]:
        """The volumes with this id; if there is none with it, with this name, of all accounts and projects."""
        return self._called("listVolumes", "volume", name_or_id, zone_id)

    def snapshots_called(self, name_or_id: str, zone_id: t.Optional[str]) -> t.List[Raw]:
        """The volume snapshots with this id; if there is none with it, with this name, of all accounts and projects."""
        return self._called("listSnapshots", "snapshot", name_or_id, zone_id)

    def disk_offerings(self, name: str) -> t.List[Raw]:
        """The active disk offerings with exactly this name, of all domains."""
        rows = self._api.rows("listDiskOfferings", "diskoffering", name=name, listall=True)
        return [row for row in rows if row["name"] == name and row.get("state", "Active") == "Active"]

    def every_disk_offering(self) -> t.List[Raw]:
        """The active disk offerings of all domains."""
        rows = self._api.rows("listDiskOfferings", "diskoffering", listall=True)
        return [row for row in rows if row.get("state", "Active") == "Active"]

    def domains(self) -> t.List[Raw]:
        """The domains of the cloud, each with its path: ``ROOT/sales``."""
        return self._api.rows("listDomains", "domain", listall=True)

    def projects(self) -> t.List[Raw]:
        """The projects of all domains, without what they use, which CloudStack would have to add up."""
        return self._api.rows("listProjects", "project", listall=True, details="min")

    def service_offerings(self) -> t.List[Raw]:
        """The service offerings that can be used, of all domains; with their details from 4.17 on."""
        return self._api.rows("listServiceOfferings", "serviceoffering", listall=True)

    def every_template(self) -> t.List[Raw]:
        """The templates of all accounts, one row for each zone of each."""
        return self._api.rows("listTemplates", "template", templatefilter="all", listall=True)

    def offering_details(self, offering_id: str) -> t.Dict[str, str]:
        """The details of a disk offering, by key."""
        rows = self._api.rows(
            "listResourceDetails", "resourcedetail", resourcetype="DiskOffering", resourceid=offering_id
        )
        return {str(row["key"]): str(row.get("value", "")) for row in rows}

    def _called(
        self, command: str, key: str, name_or_id: str, zone_id: t.Optional[str], members: t.Sequence[str] = ("name",)
    ) -> t.List[Raw]:
        """What there is with this id, of whatever account; else with this name. CloudStack refuses to list an id that it does not know.

        ``members`` are those of a row that are names. ``keyword`` finds parts of all of them, ``name`` parts of the first or the whole, by command and release.
        """
        where: t.Dict[str, t.Any] = {"zoneid": zone_id} if zone_id else {}
        if is_uuid(name_or_id):
            with contextlib.suppress(Outdated):
                found = next(self._of_everyone(command, key, id=name_or_id.lower(), **where), None)
                if found is not None:  # nothing else has its id
                    return [found]
        where["name" if len(members) == 1 else "keyword"] = name_or_id
        named = _unique(self._of_everyone(command, key, **where))
        return [row for row in named if name_or_id in [row.get(member) for member in members]]

    def _of_everyone(self, command: str, key: str, of_projects: bool = True, **params: t.Any) -> t.Iterator[Raw]:
        yield from self._api.rows(command, key, listall=True, **params)
        if of_projects:
            yield from self._api.rows(command, key, listall=True, projectid=ALL_PROJECTS, **params)


def is_uuid(text: str) -> bool:
    """Whether a text is an id as CloudStack gives them to all but StorPool pools."""
    return bool(_UUID.fullmatch(text))


def _unique(rows: t.Iterable[Raw]) -> t.List[Raw]:
    return list({str(row["id"]): row for row in rows}.values())
