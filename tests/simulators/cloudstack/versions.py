# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases of CloudStack and what each of them has, as data.

A feature names the first release that contains it. A feature that was back-ported has one entry a release line: it
is there in the named line from the named release on, and in everything from the last entry on.
"""

from __future__ import annotations

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
        entries = FEATURES[feature]
        *lines, newest = [parse(version) for version in entries]
        if self[:3] >= newest[:3]:
            return True
        return any(self[:2] == line[:2] and self[:3] >= line[:3] for line in lines)


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
    "pool_field_provider": ("4.11",),
    "update_pool_name": ("4.15",),
    "update_storage_capabilities": ("4.16",),
    "pool_field_hasannotations": ("4.17",),
    "pool_custom_stats": ("4.18.1",),
    "update_pool_details": ("4.19",),
    "pool_filter_hostid": ("4.19",),
    "pool_filter_status": ("4.19",),
    "pool_field_istagarule": ("4.19",),
    "change_storage_pool_scope": ("4.19.1",),
    "pool_field_managed": ("4.19.3",),
    "pool_field_usediops": ("4.20.1",),
    "pool_field_details": ("4.21",),
    "storage_access_groups": ("4.21",),
    "pool_field_capacitybytes": ("4.22",),
    "pool_details_shown_to_admin_on_change": ("4.22",),
    "secret_details_hidden": ("4.22",),
    # core: everything else
    "disk_offering_zone": ("4.13",),
    "destroy_volume": ("4.14",),
    "disk_offering_details": ("4.16",),
    "reset_configuration": ("4.17",),
    "change_offering_for_volume": ("4.17",),
    "disk_offering_filter_storageid": ("4.17",),
    "configuration_groups": ("4.18",),
    "encryption": ("4.18",),
    "list_system_volumes": ("4.18",),
    "job_field_managementserverid": ("4.19",),
    "job_field_managementservername": ("4.21",),
    "list_management_servers": ("4.12",),
    "management_server_shutdown": ("4.19",),
    "management_server_maintenance": ("4.21",),
    "management_server_peers": ("4.20.1",),
    "management_server_agents": ("4.21",),
    "auto_migrate_on_resize": ("4.20.1",),
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
    "storpool_tags_cleared_on_detach": ("4.19.1",),
    "storpool_host_parent": ("4.19",),
    "storpool_qos_class": ("4.20",),
    "storpool_no_freeze": ("4.20.1",),
    "storpool_bypass_secondary_dead": ("4.21",),
    "storpool_capabilities": ("4.21",),
    "storpool_location": ("4.21",),
    "storpool_device_tag": ("4.21",),
    "storpool_keeps_check_volume": ("4.17",),
}
