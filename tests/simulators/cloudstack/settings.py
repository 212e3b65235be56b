# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings (configuration keys) of each release: a few of the core's, and those of the StorPool driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from simulators.cloudstack import rows
from simulators.cloudstack.plugin.url import EXT0, EXT2019, EXT2020, IN_TREE, driver_of
from simulators.cloudstack.server_reports import driver_known
from simulators.cloudstack.state import State

GLOBAL, ZONE, CLUSTER, POOL = "Global", "Zone", "Cluster", "StoragePool"


@dataclass(frozen=True)
class Setting:
    """A key. `scopes` are where besides Global it may be set; `feature` and `drivers` say which releases have it.

    `initial` is the value that a new database has, where it is not written as the default is. Of two settings of one
    name the later one is the newer release's.
    """

    name: str
    default: str | None
    kind: str
    description: str
    scopes: tuple[str, ...] = ()
    dynamic: bool = True
    category: str = "Advanced"
    component: str = "management-server"
    feature: str | None = None
    drivers: tuple[str, ...] | None = None
    hidden: bool = False
    group: tuple[str, str] = ("Miscellaneous", "Others")
    initial: str | None = None


_DRIVER = "StorPoolConfigurationManager"
_COLLECTOR = "StorPoolAbandonObjectsCollector"
_CAPACITY, _STORAGE, _VOLUMES = "CapacityManager", "StorageManager", "VolumeApiService"
_ORCHESTRATION = "VolumeOrchestrationService"
#: How the settings begin that say how small and how large users may choose volumes, in GiB.
CUSTOM_SIZE = "custom.diskoffering.size."
_SINCE_2019 = (EXT2019, EXT2020, IN_TREE)
_SINCE_2020 = (EXT2020, IN_TREE)
_PRIMARY = ("Infrastructure", "Primary Storage")
_LIMITS = ("Management Server", "Limits")


def _driver(
    name: str,
    default: str | None,
    kind: str,
    text: str,
    scope: str | None = None,
    dynamic: bool = True,
    feature: str | None = None,
    drivers: tuple[str, ...] = _SINCE_2020,
    component: str = _DRIVER,
    hidden: bool = False,
) -> Setting:
    """A key of the StorPool driver, in the group that CloudStack makes of its name."""
    group = _LIMITS if name.startswith("storpool.") else ("Miscellaneous", "Others")
    if "secondary.storage" in name:
        group = ("System VMs", "SecStorageVM")
    scopes = (scope,) if scope else ()
    return Setting(name, default, kind, text, scopes, dynamic, "Advanced", component, feature, drivers, hidden, group)


_ALLOCATED = Setting(
    "pool.storage.allocated.capacity.disablethreshold",
    "0.85",
    "Float",
    "Percentage (as a value between 0 and 1) of allocated storage utilization above which allocators will disable "
    "using the pool for low allocated storage available.",
    (ZONE,),
    component=_CAPACITY,
    group=_PRIMARY,
)
_CAPACITY_THRESHOLD = replace(
    _ALLOCATED,
    name="pool.storage.capacity.disablethreshold",
    description="Percentage (as a value between 0 and 1) of storage utilization above which allocators will disable "
    "using the pool for low storage available.",
)
_CLIENT = replace(
    _ALLOCATED,
    name="storage.pool.client.timeout",
    default="60",
    kind="Integer",
    description="Timeout (in secs) for the storage pool client connection timeout (for managed pools). Currently only "
    "supported for PowerFlex.",
    scopes=(POOL,),
    dynamic=False,
    category="Storage",
    component=_STORAGE,
    feature="managed_pool_settings",
)
_UPLOAD = Setting(
    "use.https.to.upload",
    "true",
    "Boolean",
    "Determines the protocol (HTTPS or HTTP) ACS will use to generate links to upload ISOs, volumes, and templates. "
    "When set as 'true', ACS will use protocol HTTPS, otherwise, it will use protocol HTTP. Default value is 'true'.",
    (POOL,),
    component=_VOLUMES,
    feature="use_https_to_upload",
)


SETTINGS: tuple[Setting, ...] = (
    Setting(CUSTOM_SIZE + "min", "1", "Long", "Minimum size in GB for custom disk offering.", component=_ORCHESTRATION),
    Setting(
        CUSTOM_SIZE + "max", "1024", "Long", "Maximum size in GB for custom disk offering.", component=_ORCHESTRATION
    ),
    Setting("default.page.size", "500", "Long", "Default page size for API list* commands", group=_LIMITS),
    Setting(
        "storage.overprovisioning.factor",
        "2",
        "Float",
        "Used for storage overprovisioning calculation; available storage will be (actualStorageSize * "
        "storage.overprovisioning.factor)",
        (POOL,),
        category="Storage",
        component=_CAPACITY,
        group=_PRIMARY,
        initial="2.0",
    ),
    Setting(
        "storage.stats.interval",
        "60000",
        "Integer",
        "Interval in milliseconds of the storage statistics",
        dynamic=False,
    ),
    Setting("storage.cleanup.enabled", "true", "Boolean", "Enables the storage cleanup thread", dynamic=False),
    Setting("storage.cleanup.interval", "86400", "Integer", "Seconds between storage cleanups", dynamic=False),
    Setting("storage.template.cleanup.enabled", "true", "Boolean", "Cleans up unused templates on primary storage"),
    _ALLOCATED,
    _CAPACITY_THRESHOLD,
    replace(_ALLOCATED, scopes=(POOL, ZONE), feature="settings_have_scopes"),
    replace(_CAPACITY_THRESHOLD, scopes=(POOL, ZONE), feature="settings_have_scopes"),
    replace(
        _ALLOCATED,
        name="pool.storage.allocated.resize.capacity.disablethreshold",
        default="0.90",
        description="Percentage (as a value between 0 and 1) of allocated storage utilization above which allocators "
        "will disable using the pool for volume resize. This is applicable only when "
        "volume.resize.allowed.beyond.allocation is set to true.",
        category="Alert",
        scopes=(POOL, ZONE),
        feature="settings_have_scopes",
    ),
    Setting(
        "kvm.storage.pool.io.policy",
        None,
        "String",
        "IO driver policy - 'threads', 'native' or 'io_uring'. If the IO policy is set for a specific storage and "
        "enabled in the VM settings this option will override be overridden from the VM's setting",
        (POOL,),
        dynamic=False,
        category="Storage",
        component=_STORAGE,
        feature="kvm_io_policy",
        group=("Hypervisor", "KVM"),
    ),
    _CLIENT,
    replace(
        _CLIENT,
        name="storage.pool.client.max.connections",
        default="100",
        description="Maximum connections for the storage pool client (for managed pools). Currently only supported "
        "for PowerFlex.",
    ),
    replace(
        _CLIENT,
        name="storage.pool.disk.wait",
        description="Timeout (in secs) for the storage pool disk (of managed pool) to become available in the host. "
        "Currently only supported for PowerFlex.",
        dynamic=True,
    ),
    replace(
        _CLIENT,
        description="Timeout (in secs) for the API client connection timeout of storage pool (for managed pools). "
        "Currently supported for PowerFlex only.",
        feature="settings_have_scopes",
    ),
    replace(
        _CLIENT,
        name="storage.pool.client.max.connections",
        default="100",
        description="Maximum connections for the API client of storage pool (for managed pools). Currently supported for "
        "PowerFlex only.",
        feature="settings_have_scopes",
    ),
    replace(
        _CLIENT,
        name="storage.pool.disk.wait",
        description="Timeout (in secs) for the storage pool disk (of managed pool) to become available in the host. "
        "Currently supported for PowerFlex only.",
        dynamic=True,
        feature="settings_have_scopes",
    ),
    replace(
        _CLIENT,
        name="storage.pool.connected.clients.limit",
        default="-1",
        description="Maximum connected storage pool clients supported for the storage (for managed pools), <= 0 for "
        "unlimited (default: -1). Currently supported for PowerFlex only.",
        dynamic=True,
        feature="settings_have_scopes",
    ),
    _UPLOAD,
    replace(
        _UPLOAD,
        name="volume.check.and.repair.leaks.before.use",
        default="false",
        description="To check and repair the volume if it has any leaks before performing volume attach or VM start "
        "operations",
        feature="change_storage_pool_scope",
        group=("Storage", "Volume"),
    ),
    replace(
        _UPLOAD,
        name="volume.resize.allowed.beyond.allocation",
        default="false",
        description="Determines whether volume size can exceed the pool capacity allocation disable threshold "
        "(pool.storage.allocated.capacity.disablethreshold) when resize a volume upto resize capacity disable "
        "threshold (pool.storage.allocated.resize.capacity.disablethreshold)",
        component=_STORAGE,
        feature="settings_have_scopes",
        group=("Storage", "Volume"),
    ),
    replace(
        _UPLOAD,
        name="use.storage.replication",
        default="false",
        description="For snapshot copy to another primary storage in a different zone. Supports only StorPool storage "
        "for now",
        category="Snapshots",
        component="SnapshotManager",
        feature="storpool_location",
        group=_PRIMARY,
    ),
    replace(
        _UPLOAD,
        name="vmware.create.full.clone",
        default="false",
        description="If set to true, creates VMs as full clones on ESX hypervisor",
        component=_STORAGE,
        feature=None,
        group=("Hypervisor", "VMware"),
        initial="true",
    ),
    Setting("kvm.ssh.to.agent", "true", "Boolean", "Restart an agent through SSH when maintenance is cancelled"),
    Setting("kvm.snapshot.enabled", "false", "Boolean", "Whether volume snapshot is enabled on running instances"),
    Setting("host", None, "String", "Addresses of the management servers for the agents", category="Network"),
    Setting("indirect.agent.lb.algorithm", "static", "String", "How agents choose a management server"),
    Setting("integration.api.port", "0", "Integer", "Port of the unauthenticated API, 0 for none", dynamic=False),
    Setting("job.expire.minutes", "1440", "Integer", "Minutes for which finished jobs are kept"),
    Setting(
        "snapshot.backup.to.secondary",
        "true",
        "Boolean",
        "Whether snapshots are copied to secondary storage",
        category="Snapshots",
        feature="storpool_bypass_secondary_dead",
    ),
    Setting(
        "enforce.post.requests.and.timestamps",
        "false",
        "Boolean",
        "POST for every change, expiring requests",
        feature="enforce_post",
    ),
    _driver(
        "sp.bypass.secondary.storage",
        "false",
        "Boolean",
        "For StorPool Managed storage backup to secondary",
        drivers=_SINCE_2019,
    ),
    _driver("sp.cluster.id", "n/a", "String", "For StorPool multi cluster authorization", CLUSTER),
    _driver(
        "sp.enable.alternative.endpoint",
        "false",
        "Boolean",
        "Used for StorPool primary storage, definse if there is a need to be used alternative endpoint",
        POOL,
    ),
    _driver(
        "sp.alternative.endpoint",
        "",
        "String",
        "Used for StorPool primary storage for an alternative endpoint. Structure of the endpoint is - "
        "SP_API_HTTP=address:port;SP_AUTH_TOKEN=token;SP_TEMPLATE=template_name",
        POOL,
    ),
    _driver(
        "sp.migration.to.global.ids.completed",
        "false",
        "Boolean",
        "Objects are named by global ids",
        drivers=(EXT2020,),
        hidden=True,
    ),
    _driver(
        "storpool.volume.tags.checkup",
        "86400",
        "Integer",
        "Minimal interval (in seconds) to check and report if StorPool volume exists in CloudStack volumes database",
        dynamic=False,
        component=_COLLECTOR,
    ),
    _driver(
        "storpool.snapshot.tags.checkup",
        "86400",
        "Integer",
        "Minimal interval (in seconds) to check and report if StorPool snapshot exists in CloudStack snapshots "
        "database",
        dynamic=False,
        component=_COLLECTOR,
    ),
    _driver(
        "storpool.volumes.stats.interval",
        "3600",
        "Integer",
        "The interval in seconds to get StorPool volumes statistics",
        dynamic=False,
        feature="storpool_stats",
    ),
    _driver(
        "storpool.storage.stats.interval",
        "3600",
        "Integer",
        "The interval in seconds to get StorPool template statistics",
        dynamic=False,
        feature="storpool_stats",
    ),
    _driver(
        "storpool.delete.after.interval",
        "0",
        "Integer",
        "The interval (in seconds) after the StorPool snapshot will be deleted",
        POOL,
        dynamic=False,
        feature="storpool_delay_delete",
    ),
    _driver(
        "storpool.list.snapshots.delete.after.interval",
        "360",
        "Integer",
        "The interval (in seconds) to fetch the StorPool snapshots with deleteAfter flag",
        dynamic=False,
        feature="storpool_delay_delete",
    ),
    _driver("sp.cluster.location", None, "String", "StorPool cluster location", POOL, feature="storpool_location"),
    _driver(
        "sp.cluster.endpoint", None, "String", "StorPool sub-cluster endpoint", CLUSTER, feature="storpool_location"
    ),
    _driver(
        "storpool.snapshot.recovery.from.remote.check",
        "300",
        "Integer",
        "Minimal interval (in seconds) to check and recover StorPool snapshot from remote",
        dynamic=False,
        feature="storpool_location",
    ),
)


def known(state: State) -> Iterator[Setting]:
    """The settings that exist: those of the StorPool driver only while the management server has it."""
    driver = driver_of(state.release, state.switches)
    family = driver if driver in (EXT0, EXT2019, EXT2020) else IN_TREE
    found: dict[str, Setting] = {}
    for setting in SETTINGS:
        if setting.feature and not state.release.has(setting.feature):
            continue
        if setting.drivers and not (family in setting.drivers and driver_known(state)):
            continue
        found[setting.name] = setting
    return iter(found.values())


def find(state: State, name: str) -> Setting | None:
    """The setting of exactly that name."""
    return next((setting for setting in known(state) if setting.name == name), None)


def effective(state: State, setting: Setting, scope: str = GLOBAL, db_id: int = 0) -> str | None:
    """The value in a scope: its own, else the global one, else the default."""
    if setting.name == "enforce.post.requests.and.timestamps" and state.switches["enforce_post"]:
        return "true"
    if scope == POOL:
        pool = state.pools.get(db_id)
        if pool and setting.name in pool.details:
            return pool.details[setting.name].value
    elif scope != GLOBAL and (scope, db_id, setting.name) in state.settings:
        return state.settings[scope, db_id, setting.name]
    first = setting.default if setting.initial is None else setting.initial
    return state.settings.get((GLOBAL, 0, setting.name), first)


def value(state: State, name: str, scope: str = GLOBAL, db_id: int = 0) -> str | None:
    """The effective value by name; None for a setting that this release does not have."""
    setting = find(state, name)
    return effective(state, setting, scope, db_id) if setting else None


def is_on(state: State, name: str, scope: str = GLOBAL, db_id: int = 0) -> bool:
    """Whether a Boolean is true, however its value is written."""
    return (value(state, name, scope, db_id) or "").lower() == "true"


def store(state: State, setting: Setting, new: str | None, scope: str, db_id: int) -> None:
    """Sets a value: a pool's settings are rows of its details, shown in listings."""
    if scope == POOL:
        state.pools[db_id].details[setting.name] = rows.Detail(new or "", True)
    else:
        state.settings[scope, db_id, setting.name] = new


def clear(state: State, setting: Setting, scope: str, db_id: int) -> None:
    """Back to the default."""
    if scope == POOL:
        state.pools[db_id].details.pop(setting.name, None)
    else:
        state.settings.pop((scope, db_id, setting.name), None)


CHECKS: dict[str, Callable[[str], object]] = {"Integer": int, "Long": int, "Float": float}
