# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of the simulated database, one dataclass a table.

`db_id` is the internal number, `id` the uuid that the API shows. A removed row stays in its table, as in CloudStack.
Sizes are bytes, times are seconds since the epoch.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """What every table has; `Table.add` gives the numbers."""

    db_id: int = 0
    id: str = ""
    name: str = ""
    created: float = 0.0
    removed: bool = False


@dataclass
class Owned(Row):
    """What belongs to an account in a domain, or to a project in it; domain and project are internal numbers."""

    account: str = "admin"
    domain: int = 1
    project: int | None = None


@dataclass
class Domain(Row):
    path: str = ""


@dataclass
class Project(Row):
    domain: int = 1


@dataclass
class Zone(Row):
    network_type: str = "Advanced"
    allocation_state: str = "Enabled"


@dataclass
class Pod(Row):
    zone: int = 0


@dataclass
class Cluster(Row):
    zone: int = 0
    pod: int = 0
    hypervisor: str = "KVM"
    allocation_state: str = "Enabled"
    managed_state: str = "Managed"


@dataclass
class AgentReport:
    """What an agent says of itself: the process, and the jars that answer there for the driver and for iSCSI.

    `iscsi_answer` is what the iSCSI adaptor says of a path that is not iSCSI's: true without the patch.
    """

    boot: str
    driver_jar: str | None = None
    driver_version: str | None = None
    iscsi_answer: bool | None = None
    iscsi_jar: str | None = None


@dataclass
class HostAgent:
    """What the agent on a host would do when it is told to connect a StorPool pool.

    The answers are settings, unless there is a `report`: then a process on the host reports, these are what it said,
    and it is asked itself.

    `answer` None means: really attach the check volume through the StorPool API; another text is the agent's failure
    ("spNotFound", "objectDoesNotExist", anything else), and "none" is no answer at all. `storpool_cluster_id` "auto" is
    the cluster that the host really reaches, None a host without StorPool's configuration.
    """

    client_id: int = 0
    plugin_loaded: bool = True
    storpool_cluster_id: str | None = "auto"
    answer: str | None = None
    report: AgentReport | None = None


@dataclass
class Host(Row):
    zone: int = 0
    pod: int = 0
    cluster: int = 0
    type: str = "Routing"
    hypervisor: str = "KVM"
    ip_address: str = ""
    state: str = "Up"
    resource_state: str = "Enabled"
    version: str = ""
    management_server: int | None = None
    parent: str | None = None
    last_pinged: float = 0.0
    disconnected: float | None = None
    agent: HostAgent = field(default_factory=HostAgent)


@dataclass
class ServerReport:
    """What a management server says of itself: the process, and the jar that answers for the StorPool provider."""

    boot: str
    provider_loaded: bool = False
    driver_jar: str | None = None
    driver_version: str | None = None


@dataclass
class ManagementServer(Row):
    state: str = "Up"
    version: str = ""
    ip_address: str = ""
    started: float = 0.0
    report: ServerReport | None = None


@dataclass
class Detail:
    """A row of storage_pool_details; only those with `display` are shown in listings."""

    value: str
    display: bool = True


@dataclass
class Pool(Row):
    zone: int = 0
    pod: int | None = None
    cluster: int | None = None
    scope: str = "ZONE"
    hypervisor: str | None = None
    provider: str = ""
    type: str = ""
    ip_address: str = ""
    path: str = ""
    state: str = "Initialized"
    capacity_bytes: int = 0
    used_bytes: int | None = None
    capacity_iops: int | None = None
    managed: bool = False
    tags: list[str] = field(default_factory=list)
    is_tag_a_rule: bool = False
    access_groups: str | None = None
    details: dict[str, Detail] = field(default_factory=dict)
    #: storage_pool_host_ref: the internal ids of the hosts that connected the pool.
    connected_hosts: set[int] = field(default_factory=set)
    #: template_spool_ref: CloudStack template (internal id) to the path of its StorPool snapshot.
    cached_templates: dict[int, str] = field(default_factory=dict)
    #: VMs that the maintenance of this pool has stopped, to be started again when it ends.
    stopped_vms: set[int] = field(default_factory=set)


@dataclass
class DiskOffering(Row):
    display_text: str = ""
    disk_size: int = 0
    customized: bool = False
    customized_iops: bool | None = None
    min_iops: int | None = None
    max_iops: int | None = None
    tags: str | None = None
    storage_type: str = "shared"
    provisioning_type: str = "thin"
    rates: dict[str, int] = field(default_factory=dict)
    cache_mode: str | None = None
    display_offering: bool = True
    state: str = "Active"
    encrypt: bool = False
    zone_ids: list[int] = field(default_factory=list)
    size_strictness: bool = False
    details: dict[str, str] = field(default_factory=dict)


@dataclass
class ServiceOffering(Row):
    display_text: str = ""
    cpu_number: int = 1
    cpu_speed: int = 1000
    memory: int = 512
    tags: str | None = None
    host_tags: str | None = None
    storage_type: str = "shared"
    customized_iops: bool | None = None
    min_iops: int | None = None
    max_iops: int | None = None
    root_disk_size: int = 0
    disk_offering: int | None = None
    #: The id of the disk offering that comes with it, unless it names one.
    own_disk_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    offer_ha: bool = False
    encrypt_root: bool = False
    details: dict[str, str] = field(default_factory=dict)


@dataclass
class Volume(Owned):
    type: str = "DATADISK"
    state: str = "Allocated"
    #: The state that it shows as long as a job works on it.
    passing: str = ""
    size: int = 0
    path: str = ""
    pool: int | None = None
    zone: int = 0
    vm: int | None = None
    device_id: int | None = None
    disk_offering: int | None = None
    service_offering: int | None = None
    template: int | None = None
    snapshot: int | None = None
    min_iops: int | None = None
    max_iops: int | None = None
    attached: float | None = None
    #: The path of its copy on secondary storage, and until when it is there.
    extract: str | None = None
    extract_until: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Snapshot(Row):
    volume: int = 0
    volume_size: int = 0
    zone: int = 0
    state: str = "Allocated"
    #: Details spStoragePoolId and snapshotGlobalId: the pool (internal id) and the path on StorPool.
    pool: int | None = None
    path: str = ""
    on_secondary: bool = False
    #: It was deleted, and is listed all the same.
    lingers: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class OsType(Row):
    """A kind of guest system; the name is what answers call its description."""

    category: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Template(Row):
    display_text: str = ""
    zone: int = 0
    size: int = 0
    public: bool = True
    featured: bool = False
    extractable: bool = True
    password_enabled: bool = False
    ssh_key_enabled: bool = False
    dynamically_scalable: bool = False
    format: str = "QCOW2"
    os_type: int = 1
    url: str | None = None
    checksum: str | None = None
    details: dict[str, str] = field(default_factory=dict)
    #: It is being made of a volume or a snapshot: it is in no zone yet.
    in_the_making: bool = False
    #: When its download began, how many seconds it takes, and what it ends with if it fails.
    download_begun: float | None = None
    download_seconds: float = 0.0
    download_error: str = ""
    #: Detail spStoragePoolId: the template is a StorPool snapshot of that pool (internal id).
    pool: int | None = None
    path: str = ""
    #: The template of the volume that it was made of.
    source: int | None = None


@dataclass
class VMSnapshot(Row):
    display_name: str = ""
    state: str = "Creating"
    zone: int = 0
    vm: int = 0
    pool: int | None = None
    description: str | None = None
    current: bool = True
    #: The internal number of the one that was current before it.
    parent: int | None = None
    #: Internal numbers of volumes, as texts, to the paths of their snapshots.
    paths: dict[str, str] = field(default_factory=dict)


@dataclass
class VirtualMachine(Owned):
    display_name: str = ""
    state: str = "Stopped"
    updated: float = 0.0
    was_stopped: bool = False
    zone: int = 0
    host: int | None = None
    service_offering: int = 0
    template: int = 0
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Job(Row):
    command: str = ""
    command_class: str = ""
    status: int = 0
    result_code: int = 0
    result: dict[str, Any] | None = None
    instance_type: str | None = None
    instance_id: str | None = None
    completed: float | None = None
    management_server: int | None = None
