# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every switch of this simulator: what the facts leave open, and what a test wants to choose."""

from __future__ import annotations

from simulators.kit import Switch

SWITCHES = (
    Switch("job_delay_ms", 0, None, "an asynchronous job starts its work that many milliseconds after it was accepted"),
    Switch("jobs_never_end", False, (False, True), "asynchronous jobs stay in progress until this is false again"),
    Switch("job_expire_ms", 0, None, "a finished job is forgotten (431) that many milliseconds later; 0 keeps it"),
    Switch(
        "job_error_uuid_list",
        False,
        (False, True),
        "whether the jobresult of a failed job also has an empty uuidList (the serialized class has one)",
    ),
    Switch("default_page_size", 500, None, "the setting default.page.size", whole=True),
    Switch(
        "enforce_post",
        False,
        (False, True),
        "CloudStack 4.21: the setting enforce.post.requests.and.timestamps; ignored for older versions",
    ),
    Switch(
        "unknown_command",
        "auto",
        ("auto", "401", "432"),
        "answer to a command that does not exist: auto is 432 up to 4.16 and 401 from 4.17",
    ),
    Switch("host_name_match", "auto", ("auto", "exact", "like"), "listHosts name: auto is like up to 4.19, then exact"),
    Switch("storpool_plugin_loaded", True, (False, True), "whether the management server has the StorPool driver"),
    Switch(
        "storpool_plugin",
        "auto",
        ("auto", "ext0", "ext2019", "ext2020"),
        "the external StorPool driver of CloudStack up to 4.16: the one of 4.8.0 (ext0), of December 2019 (ext2019), "
        "of November 2020 (ext2020); auto is ext0 up to 4.10, then ext2020; ignored from 4.17",
    ),
    Switch(
        "capacity_drift",
        "never",
        ("never", "on_read"),
        "CloudStack 4.18.1: when StorPool's template status replaces a pool's capacity: never (the collectors have not "
        "run), or before every listStoragePools; POST /_sim/stats does it once",
    ),
    Switch(
        "secondary_storage_vm",
        True,
        (True, False),
        "whether a secondary storage VM can make templates; without one createTemplate fails up to 4.20, unless "
        "snapshots are kept on StorPool",
    ),
    Switch(
        "template_download_ms", 100, None, "the download of a template that is registered takes that many milliseconds"
    ),
    Switch(
        "template_download_error",
        "",
        None,
        "when not empty, downloads of templates that are registered then end with this text as their status",
    ),
    Switch("template_prepare_ms", 0, None, "prepareTemplate begins its copy to a pool that many milliseconds later"),
    Switch(
        "host_statistics",
        "auto",
        ("auto", "collected", "none"),
        "whether the statistics of hosts (cpuused, memoryused and the like) have been collected: auto is as on the "
        "servers that were recorded, so they are there up to 4.21",
    ),
    Switch(
        "reconnect_ms",
        1000,
        None,
        "a host is Disconnected for that many milliseconds after reconnectHost; hosts whose agents report come as they do",
    ),
    Switch("host_connect_delay_ms", 0, None, "time that each host takes to connect a pool"),
    Switch("agent_silence_seconds", 5.0, None, "an agent that reports is in Alert once it has been silent for so long"),
    Switch("agent_retry_seconds", 5.0, None, "an agent that was refused connects again after so long"),
    Switch("agent_answer_seconds", 300.0, None, "an agent that reports has so long to answer to what it is told to do"),
    Switch(
        "alert_wait_seconds",
        1800.0,
        None,
        "a host that is Disconnected since its agent stopped is in Alert after so long",
    ),
    Switch(
        "server_silence_seconds",
        5.0,
        None,
        "a management server that reports is Down once it has been silent for so long",
    ),
    Switch(
        "maintenance_error",
        "",
        None,
        "when not empty, enableStorageMaintenance fails with this text and the pool is left in ErrorInMaintenance",
    ),
    Switch(
        "host_maintenance",
        "immediate",
        ("immediate", "manual"),
        "prepareHostForMaintenance: the host reaches Maintenance at once, or stays in PrepareForMaintenance until told",
    ),
    Switch(
        "empty_tags_clear",
        True,
        (True, False),
        "updateStoragePool with tags= (an empty text): clears the tags, or is treated as not given",
    ),
    Switch(
        "bare_uuid_since_filter",
        "dropped",
        ("dropped", "rejected"),
        "a parameter introduced after 3.0 that is given an id which is no UUID (StorPool pools): silently dropped, "
        "or refused with 431",
    ),
)
