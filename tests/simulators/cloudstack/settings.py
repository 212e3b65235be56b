# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings (configuration keys) of each release: a few of the core's, and those of the StorPool driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulators.cloudstack import rows
from simulators.cloudstack.plugin.url import EXT0, EXT2019, EXT2020, IN_TREE, driver_of
from simulators.cloudstack.server_reports import driver_known
from simulators.cloudstack.state import State

GLOBAL, ZONE, CLUSTER, POOL = "Global", "Zone", "Cluster", "StoragePool"


@dataclass(frozen=True)
class Setting:
    """A key. `scope` is where besides Global it may be set; `feature` and `drivers` say which releases have it."""

    name: str
    default: str | None
    kind: str
    description: str
    scope: str = GLOBAL
    dynamic: bool = True
    category: str = "Advanced"
    component: str = "management-server"
    feature: str | None = None
    drivers: tuple[str, ...] | None = None
    hidden: bool = False


_DRIVER = "StorPoolConfigurationManager"
_COLLECTOR = "StorPoolAbandonObjectsCollector"
_SINCE_2019 = (EXT2019, EXT2020, IN_TREE)
_SINCE_2020 = (EXT2020, IN_TREE)


def _driver(
    name: str,
    default: str | None,
    kind: str,
    text: str,
    scope: str = GLOBAL,
    dynamic: bool = True,
    feature: str | None = None,
    drivers: tuple[str, ...] = _SINCE_2020,
    component: str = _DRIVER,
    hidden: bool = False,
) -> Setting:
    return Setting(name, default, kind, text, scope, dynamic, "Advanced", component, feature, drivers, hidden)


SETTINGS: tuple[Setting, ...] = (
    Setting("default.page.size", "500", "Long", "Default page size for API list* commands"),
    Setting(
        "storage.overprovisioning.factor", "2", "Float", "Storage overprovisioning factor", ZONE, category="Storage"
    ),
    Setting(
        "storage.stats.interval",
        "60000",
        "Integer",
        "Interval in milliseconds of the storage statistics",
        GLOBAL,
        dynamic=False,
    ),
    Setting("storage.cleanup.enabled", "true", "Boolean", "Enables the storage cleanup thread", dynamic=False),
    Setting("storage.cleanup.interval", "86400", "Integer", "Seconds between storage cleanups", dynamic=False),
    Setting("storage.template.cleanup.enabled", "true", "Boolean", "Cleans up unused templates on primary storage"),
    Setting(
        "pool.storage.capacity.disablethreshold",
        "0.85",
        "Float",
        "Part of a pool's used capacity",
        ZONE,
        category="Alert",
    ),
    Setting(
        "pool.storage.allocated.capacity.disablethreshold",
        "0.85",
        "Float",
        "Part of a pool's allocated capacity",
        ZONE,
        category="Alert",
    ),
    Setting("kvm.ssh.to.agent", "true", "Boolean", "Restart an agent through SSH when maintenance is cancelled"),
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
        "For StorPool keep snapshots on StorPool only",
        drivers=_SINCE_2019,
    ),
    _driver("sp.cluster.id", "n/a", "String", "For StorPool multi cluster set up", CLUSTER),
    _driver("sp.enable.alternative.endpoint", "false", "Boolean", "Use the alternative endpoint", POOL),
    _driver("sp.alternative.endpoint", "", "String", "Alternative endpoint of the StorPool API", POOL),
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
        "Seconds between checks of volumes' tags",
        dynamic=False,
        component=_COLLECTOR,
    ),
    _driver(
        "storpool.snapshot.tags.checkup",
        "86400",
        "Integer",
        "Seconds between checks of snapshots' tags",
        dynamic=False,
        component=_COLLECTOR,
    ),
    _driver(
        "storpool.volumes.stats.interval",
        "3600",
        "Integer",
        "Seconds between volume statistics",
        dynamic=False,
        feature="storpool_stats",
    ),
    _driver(
        "storpool.storage.stats.interval",
        "3600",
        "Integer",
        "Seconds between storage statistics",
        dynamic=False,
        feature="storpool_stats",
    ),
    _driver(
        "storpool.delete.after.interval",
        "0",
        "Integer",
        "Seconds for which a deleted volume can be recovered",
        POOL,
        dynamic=False,
        feature="storpool_delay_delete",
    ),
    _driver(
        "storpool.list.snapshots.delete.after.interval",
        "360",
        "Integer",
        "Seconds between lists of such volumes",
        dynamic=False,
        feature="storpool_delay_delete",
    ),
    _driver("sp.cluster.location", None, "String", "Locations of StorPool clusters", POOL, feature="storpool_location"),
    _driver(
        "sp.cluster.endpoint", None, "String", "Endpoints of StorPool clusters", CLUSTER, feature="storpool_location"
    ),
    _driver(
        "storpool.snapshot.recovery.from.remote.check",
        "300",
        "Integer",
        "Seconds between recovery checks",
        dynamic=False,
        feature="storpool_location",
    ),
)


def known(state: State) -> Iterator[Setting]:
    """The settings that exist: those of the StorPool driver only while the management server has it."""
    driver = driver_of(state.release, state.switches)
    family = driver if driver in (EXT0, EXT2019, EXT2020) else IN_TREE
    for setting in SETTINGS:
        if setting.feature and not state.release.has(setting.feature):
            continue
        if setting.drivers and not (family in setting.drivers and driver_known(state)):
            continue
        yield setting


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
    return state.settings.get((GLOBAL, 0, setting.name), setting.default)


def value(state: State, name: str, scope: str = GLOBAL, db_id: int = 0) -> str | None:
    """The effective value by name; None for a setting that this release does not have."""
    setting = find(state, name)
    return effective(state, setting, scope, db_id) if setting else None


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
