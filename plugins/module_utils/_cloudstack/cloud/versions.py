# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack's version, and what changes with it."""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import BadAnswer


class Version(t.NamedTuple):
    """A release such as 4.19.1. Compares as its numbers do, also with plain tuples."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return ".".join(str(number) for number in self)


#: First release in which ``listStoragePools`` says who provides a pool.
SHOWS_PROVIDER = Version(4, 11)
#: First release that takes checksums of other algorithms than MD5.
CHECKSUMS_WITH_NAMES = Version(4, 11)
#: First release that copies a snapshot to secondary storage after its job has ended, if it is told to.
BACKS_UP_LATER = Version(4, 11)
#: First release with ``listManagementServers``.
LISTS_MANAGEMENT_SERVERS = Version(4, 12)
#: First release whose disk offerings can be for some zones only.
OFFERINGS_OF_ZONES = Version(4, 13)
#: First release in which ``startVirtualMachine`` takes the cluster.
STARTS_IN_CLUSTERS = Version(4, 13)
#: First release in which ``updateStoragePool`` renames.
RENAMES = Version(4, 15)
#: First release in which ``updateDiskOffering`` changes tags.
CHANGES_OFFERING_TAGS = Version(4, 15)
#: First release in which a volume that is destroyed can be recovered for a while (``destroyVolume``, ``recoverVolume``).
DESTROYS_VOLUMES = Version(4, 14)
#: First release in which ``updateVolume`` renames.
RENAMES_VOLUMES = Version(4, 16)
#: First release with ``changeOfferingForVolume``, and in which a volume may outgrow an offering with one size.
CHANGES_OFFERINGS = Version(4, 17)
#: First release whose StorPool driver moves volumes of VMs that run, from one StorPool pool to another.
MOVES_LIVE = Version(4, 18)
#: First release in which ``changeOfferingForVolume`` shrinks a volume if it is told to (measured: 4.19.0 does not, 4.22.0 does).
SHRINKS_BY_OFFERING = Version(4, 20)
#: First release whose StorPool driver tells guests of new sizes reliably.
TELLS_GUESTS_OF_SIZES = Version(4, 20, 1)
#: First release in which ``createDiskOffering`` takes details.
CREATES_WITH_DETAILS = Version(4, 16)
#: First release whose StorPool pools have a type of their own.
OWN_TYPE = Version(4, 17, 1)
#: First release whose lists of offerings have their details.
LISTS_OFFERING_DETAILS = Version(4, 17)
#: First release that carries the StorPool driver itself, with devices by global id.
IN_TREE = Version(4, 17)
#: First release in which ``listVolumes`` shows the volumes of system VMs.
SHOWS_SYSTEM_VOLUMES = Version(4, 18)
#: First release that tells the default of a setting, which ``resetConfiguration`` (4.17) brings back.
SHOWS_DEFAULTS = Version(4, 18)
#: First release in which ``listStoragePools`` tells the pools that a host has connected.
SHOWS_CONNECTED_HOSTS = Version(4, 19)
#: First release with ``prepareForShutdown`` of a management server.
PREPARES_SHUTDOWN = Version(4, 19)
#: First release whose driver takes ``storpool://`` addresses, and no longer a template's name alone.
URI_FORM = Version(4, 19, 1)
#: First release whose driver knows ``SP_QOSCLASS``.
QOS_CLASSES = Version(4, 20)
#: First release whose own driver reads ``SP_TEMPLATE`` of an offering; the ones before ignore it in silence (measured: 4.19.0 and 4.22.0).
READS_OFFERING_TEMPLATE = Version(4, 20)
#: From the first of these releases until the second, snapshots that were deleted stay listed as before (measured: 4.19.0; #9855).
LISTS_DELETED_SNAPSHOTS, LISTS_THEM_NO_MORE = Version(4, 19), Version(4, 20, 1)
#: First release whose snapshots stay on StorPool alone by a setting of CloudStack's own, in place of the driver's.
OWN_BACKUP_SETTING = Version(4, 21)
#: First release for which a StorPool driver that takes snapshots of whole VMs was ever published.
GROUP_SNAPSHOTS = Version(4, 11)
#: First release with ``prepareForMaintenance`` of a management server.
PREPARES_MAINTENANCE = Version(4, 21)
#: First release for which a driver that takes ``SP_API_HTTP=...`` was ever published; the one before takes a template's name.
PAIRS_FORM = Version(4, 11)


def parse(text: str) -> Version:
    """The version in ``listCapabilities``: "4.8.0", "4.19.1.0", "4.23.0.0-SNAPSHOT". Raises :class:`BadAnswer`."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not match:
        raise BadAnswer(
            f"CloudStack says that its version is {text[:40]!r}, which is no version.", call="POST listCapabilities"
        )
    return Version(*(int(number or 0) for number in match.groups()))
