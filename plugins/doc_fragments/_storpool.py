# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that several StorPool modules share."""

    # How to reach the API
    DOCUMENTATION = r"""
notes:
  - What the connection options leave open is taken from the environment, then from C(/etc/storpool.conf) and C(/etc/storpool.conf.d/*.conf) on the
    host that runs the task, read as StorPool's own tools read them (the section that is named like the host included). What those refuse is refused.
  - Do not give E(SP_AUTH_TOKEN) by the C(environment) keyword of a task or play. Ansible itself writes what that says onto the command line of the shell
    that starts the module, and of C(ssh), where every user of the machine can read it while the task runs. Options and files are safe from that.
  - The API is on the storage network, so no proxy that the environment names is used, and C(.netrc) is not looked at. It is spoken to without TLS.
  - An answer that is no answer of StorPool's, or is about something else than what was asked for, is an error (C(bad_answer)), and nothing is planned on it.
    Answers are read up to 128 MiB.
options:
  sp_api_http_host:
    description:
      - Host name or IP address of the StorPool management API, without a port. An IPv6 address may be in brackets.
      - Without the option, E(SP_API_HTTP_HOST) or the configuration files say it, else it is V(127.0.0.1).
    type: str
  sp_api_http_port:
    description:
      - Port of the StorPool management API.
      - Without the option, E(SP_API_HTTP_PORT) or the configuration files say it, else it is V(81).
    type: int
  sp_auth_token:
    description:
      - The token for the StorPool management API.
      - Without the option, E(SP_AUTH_TOKEN) or the configuration files have to say it.
    type: str
  sp_api_timeout:
    description:
      - How many seconds a call may take as a whole, from looking up the name to the last byte of the answer, at most V(86400).
      - Each try of a call has this time anew. What waits for clients has its own time in addition.
    type: float
    default: 300
  sp_api_retries:
    description:
      - How often to try again when the API cannot be reached or says that an error is transient, after 1, 2, 4, 8, 16, 16, ... seconds.
      - A change whose answer was lost is never sent again blindly. The module reads first, and does only what is left.
    type: int
    default: 5
"""

    # In which cluster calls are done
    CLUSTER = r"""
options:
  sp_cluster:
    description:
      - The cluster in which everything is done, as the cluster whose API is spoken to knows it, by its name or its id (V(~LOCATION.CLUSTER), such as
        V(~abcd.c)). That cluster's API passes the calls on (StorPool's C(RemoteCommand)), so no address and no token of the other one is needed.
      - Names, StorPool templates, placement groups and clients are those of that cluster. Errors say which one it is, and results have its C(cluster_id).
      - M(storpool.cloudstack.storpool_location_info) shows which clusters there are. An unknown one is refused with their names.
      - Without the option, it is the cluster whose API is spoken to.
    type: str
"""

    # Objects in any cluster of a multicluster
    MULTICLUSTER = r"""
options:
  sp_multicluster:
    description:
      - Look for volumes and snapshots in all clusters of the multicluster, and change what is found where it is (StorPool's C(MultiCluster)). Results have
        the C(cluster_id) of each. What is new is made in the cluster whose API is spoken to.
      - Of a name that several clusters have, the cluster whose API is spoken to comes first. Global ids are never ambiguous.
      - If one of the clusters does not answer, nothing is taken for missing, and the task is refused.
      - Attaching a volume that another cluster has moves it to the cluster of the client, as StorPool does by itself.
      - Cannot be used together with O(sp_cluster).
    type: bool
    default: false
"""

    # Where copies are kept, and limits
    POLICY = r"""
options:
  replication:
    description:
      - How many copies of the data are kept.
    type: int
    choices: [1, 2, 3]
  place_all:
    description:
      - Placement group with the disks for all copies but the last.
    type: str
  place_tail:
    description:
      - Placement group with the disks for the last copy, the one that is read from.
      - If it is not said anywhere, it is that of O(place_all).
    type: str
  place_head:
    description:
      - Placement group with the disks for the first copy.
      - If it is not said anywhere, it is that of O(place_all).
    type: str
  reuse_server:
    description:
      - Whether several copies may be on disks of one server.
    type: bool
  iops:
    description:
      - Limit of operations per second, a whole number or V(unlimited). V(0) is no limit either, as for StorPool and CloudStack, so it does not stop a volume.
      - Volumes with a C(qc) tag are governed by C(storpool_qos) where that service runs; it sets their limits anew about once a minute.
    type: str
  bw:
    description:
      - Limit of the bandwidth, a whole number in the unit in which the API of the cluster shows it, or V(unlimited).
      - StorPool's Python client says that the unit is KB/s. Set a limit once with the C(storpool) command and read it with the info module to
        be sure of the unit on your cluster.
    type: str
  limit_type:
    description:
      - Whether O(iops) and O(bw) are for the whole volume (V(total)) or for each GiB of it (V(perGiB)).
    type: str
    choices: [total, perGiB]
"""

    # Tags
    TAGS = r"""
options:
  tags:
    description:
      - Tags that the object shall have, in addition to those that it has already.
      - Names and values may have letters, digits, C(_), C(-), C(.) and C(:), nothing else. A tag with an empty value is removed.
      - Without the option, tags are left alone.
    type: dict
  purge_tags:
    description:
      - Remove the tags that O(tags) does not name. Other software keeps its own tags on volumes, so think before setting it. Those by which it knows what is
        its own stay, unless O(allow_foreign) is set, and without it the task is refused.
    type: bool
    default: false
"""

    # What belongs to another system
    FOREIGN = r"""
options:
  allow_foreign:
    description:
      - Change, attach, detach or delete what belongs to another system, too. That system is not told, so its own books will be wrong.
      - What belongs to others is known by their tags. C(cs) and C(cvm) are CloudStack's, C(nvm) and C(nloc) OpenNebula's, C(pve) and all that begin with
        C(pve-) those of Proxmox VE, C(csi_name) is that of Kubernetes, and C(osvm) that of OpenStack. C(virt) names the system.
      - Without it such a task is refused, in check mode as well, and the error says whose it is, what it is called there, and which module or system does it
        right. Tags that the system does not set itself may be added and removed, and what is taken of it, such as a snapshot, is not the system's.
      - A snapshot that has the tags of a volume of CloudStack's, because they were copied, is not CloudStack's.
    type: bool
    default: false
"""

    # How to reach the API, for modules that talk to CloudStack first of all
    BESIDE = r"""
options:
  sp_api_http_host:
    description:
      - Host name or address of the StorPool management API, for what only StorPool knows.
      - Without the option, E(SP_API_HTTP_HOST) or the configuration files of the host that runs the task say it, else it is V(127.0.0.1).
    type: str
  sp_api_http_port:
    description:
      - Port of the StorPool management API.
      - Without the option, E(SP_API_HTTP_PORT) or the configuration files say it, else it is V(81).
    type: int
  sp_auth_token:
    description:
      - The token for the StorPool management API.
      - Without the option, E(SP_AUTH_TOKEN) or the configuration files say it. If nothing does, StorPool is not asked.
    type: str
  sp_api_timeout:
    description:
      - How many seconds StorPool may take to answer.
    type: float
    default: 300
  sp_api_retries:
    description:
      - How often to try again when StorPool cannot be reached.
    type: int
    default: 5
"""

    # How VolumeCare is asked
    VOLUMECARE = r"""
options:
  volumecare_status:
    description:
      - With O(source=volumecare), what C(storpool_vcctl status --json) has answered on a host of the StorPool cluster with VolumeCare, as text or as a list.
      - Without the option the task runs that program itself, so it has to run on such a host, as root, and needs the Python library C(cs) there.
    type: raw
  volumecare_multicluster:
    description:
      - With O(source=volumecare), ask for the backups of all clusters of a multicluster. Needless with O(volumecare_status).
    type: bool
    default: false
  volumecare_program:
    description:
      - With O(source=volumecare), the program that tells of the backups. Needless with O(volumecare_status).
    type: path
    default: storpool_vcctl
"""

    # What is made regularly, and what of it stays
    SERIES = r"""
options:
  series:
    description:
      - What the series is called, such as V(nightly). It is a tag, and what does not have it is never deleted.
    type: str
    required: true
  name:
    description:
      - What this point of the series is called, such as the date or the hour. A second run with the same name finds what the first has made, and makes no
        more.
    type: str
    required: true
  match_tags:
    description:
      - Only volumes that carry all these tags; without O(volumes), all that do. The disks of a virtual machine of CloudStack's have its UUID in the tag C(cvm).
    type: dict
  keep:
    description:
      - What of the series stays, counted in its points. Everything else of it goes. Without the option everything stays.
      - The rules add up. What one of them keeps stays. Hours, days and weeks are those of UTC, weeks begin on Monday, and only those count in which there is
        something. Of each the last one stays.
      - What is dated after now, because a clock was ahead, stays and stands for no other until its time comes.
      - The check mode of a task with another O(keep) shows what that would remove.
    type: dict
    suboptions:
      last:
        description: So many of the last ones.
        type: int
        default: 0
      hourly:
        description: The last one of so many hours.
        type: int
        default: 0
      daily:
        description: The last one of so many days.
        type: int
        default: 0
      weekly:
        description: The last one of so many weeks.
        type: int
        default: 0
  keep_at_least:
    description:
      - Never leave fewer than so many, whatever O(keep) says. The newest and the one that this task makes always stay.
    type: int
    default: 1
"""
