# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases of CloudStack and what each of them has, as data.

A feature names the first release that contains it. A feature that was back-ported has one entry a release line: it
is there in the named line from the named release on, and in everything from the last entry on.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

OLDEST = (4, 8)
NEWEST = (4, 23)

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:\.(\d+))?(-SNAPSHOT)?")


class Release(NamedTuple):
    """A CloudStack release; `text` is how the server itself spells it."""

    major: int
    minor: int
    patch: int
    security: int
    text: str

    def at_least(self, version: str) -> bool:
        """True when this release is `version` ("4.19.1") or newer."""
        return self[:3] >= parse(version)[:3]

    def has(self, feature: str) -> bool:
        """True when this release contains the feature; an unknown feature name is a KeyError."""
        return contains(self, FEATURES[feature])


def contains(release: Release, entries: tuple[str, ...]) -> bool:
    """Whether a release contains what first was in `entries`: one a release line, the last for all that follow."""
    *lines, newest = [_numbers(version) for version in entries]
    own = release[:3]
    return own >= newest or any(own[:2] == line[:2] and own >= line for line in lines)


@functools.cache
def _numbers(text: str) -> tuple[int, int, int]:
    """The numbers of a version as the tables have it, which may be older than any that is simulated."""
    major, minor, patch = ([int(part) for part in text.split(".")] + [0])[:3]
    return major, minor, patch


def parse(text: str) -> Release:
    """A release from its number: "4.8", "4.19.1", "4.20.1.0", "4.23.0.0-SNAPSHOT".

    Raises ValueError for anything else and for releases outside 4.8 ... 4.23.
    """
    match = _VERSION.fullmatch(text)
    if not match:
        raise ValueError(f"not a CloudStack version: {text!r} (write it like 4.19.1)")
    major, minor, patch, security = (int(part or 0) for part in match.groups()[:4])
    if not OLDEST <= (major, minor) <= NEWEST:
        raise ValueError(f"CloudStack {text} is not simulated, only 4.8 to 4.23")
    # Three numbers up to 4.9.2, four from then on.
    short = (major, minor, patch) < (4, 9, 3)
    full = f"{major}.{minor}.{patch}" if short else f"{major}.{minor}.{patch}.{security}"
    return Release(major, minor, patch, security, full + (match.group(5) or ""))


FEATURES: dict[str, tuple[str, ...]] = {
    # core: storage pools
    "host_connect_is_strict": ("4.9.3",),
    "storage_pool_tags_table": ("4.10",),
    "update_pool_name": ("4.15",),
    "update_storage_capabilities": ("4.16",),
    "pool_custom_stats": ("4.18.1",),
    "update_pool_details": ("4.19",),
    "pool_filter_hostid": ("4.19",),
    "pool_filter_status": ("4.19",),
    "pool_field_istagarule": ("4.19",),
    "change_storage_pool_scope": ("4.19.1",),
    "pool_field_details": ("4.21",),
    "storage_access_groups": ("4.21",),
    "pool_details_shown_to_admin_on_change": ("4.22",),
    "pool_used_is_never_null": ("4.22",),
    "connection_details_hidden": ("4.22",),
    "texts_show_objects": ("4.20.1",),
    "any_url_is_taken_apart": ("4.17",),
    "delete_pool_logs_volumes": ("4.20",),
    "rules_need_permission": ("4.22",),
    "update_pool_wants_a_change": ("4.22",),
    # core: everything else
    "disk_offering_zone": ("4.13",),
    "start_vm_in_cluster": ("4.13",),
    "async_backup": ("4.11",),
    "destroy_volume": ("4.14",),
    "disk_offering_details": ("4.16",),
    "disk_offering_state": ("4.19",),
    "deleted_offerings_are_inactive": ("4.20",),
    "cache_mode_of_the_hypervisor": ("4.20",),
    "update_volume_name": ("4.16",),
    "reset_configuration": ("4.17",),
    "change_offering_for_volume": ("4.17",),
    "disk_offering_filter_storageid": ("4.17",),
    "configuration_groups": ("4.18",),
    "kvm_io_policy": ("4.18",),
    "managed_pool_settings": ("4.16",),
    "use_https_to_upload": ("4.17",),
    "settings_have_scopes": ("4.21",),
    "booleans_in_any_case": ("4.20",),
    "encryption": ("4.18",),
    "list_system_volumes": ("4.18",),
    "list_management_servers": ("4.12",),
    "management_server_shutdown": ("4.19",),
    "draining_is_unavailable": ("4.21",),
    "management_server_maintenance": ("4.21",),
    "management_server_peers": ("4.20.1",),
    "management_server_agents": ("4.21",),
    "auto_migrate_on_resize": ("4.20.1",),
    "migration_looks_at_tags": ("4.20",),
    "shrinks_nothing_by_offering": ("4.20",),
    "snapshots_by_store": ("4.19",),
    "deleted_snapshots_vanish": ("4.20.1",),
    "templates_in_use_stay": ("4.10",),
    "template_stores_have_roles": ("4.21",),
    "migration_names_its_volume": ("4.20",),
    "vm_ratios_hidden": ("4.20",),
    "expunged_vm_has_a_name": ("4.20",),
    "enforce_post": ("4.21",),
    "permission_errors_are_401": ("4.17",),
    "json_content_type_is_application": ("4.9.3",),
    # the StorPool driver
    "storpool_in_tree": ("4.17",),
    "storpool_pool_type": ("4.17.1",),
    "storpool_live_migration": ("4.18",),
    "storpool_stats": ("4.18.1",),
    "storpool_url_scheme": ("4.19.1",),
    "storpool_delay_delete": ("4.19.1",),
    "storpool_tags_cleared_on_detach": ("4.19",),
    "storpool_policy_always_tagged": ("4.19",),
    "storpool_resize_sets_limit": ("4.18",),
    "storpool_updates_snapshots": ("4.21",),
    "storpool_detaches_before_start": ("4.21",),
    "storpool_host_parent": ("4.19",),
    "storpool_qos_class": ("4.20",),
    "storpool_offering_template": ("4.20",),
    "storpool_no_freeze": ("4.20.1",),
    "storpool_bypass_secondary_dead": ("4.21",),
    "storpool_location": ("4.21",),
    "storpool_device_tag": ("4.21",),
    "storpool_keeps_check_volume": ("4.17",),
}
