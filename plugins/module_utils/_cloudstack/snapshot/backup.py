# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether CloudStack copies snapshots of StorPool's volumes to secondary storage, which is not said with a snapshot, but by a setting."""

from __future__ import annotations

import typing as t

from ..cloud import versions
from ..cloud.reader import Raw, Reader
from ..cloud.versions import Version


class Backup(t.NamedTuple):
    """Whether snapshots are copied, and what says so, in words; ``None`` where there is no setting for it."""

    is_made: bool
    setting: t.Optional[str] = None

    @property
    def fate(self) -> str:
        """What becomes of snapshots."""
        return "copied to secondary storage" if self.is_made else "kept on StorPool only"

    def told(self) -> str:
        """The same, with the reason."""
        return f"{self.fate} ({self.setting})" if self.setting else self.fate


def setting_of(version: Version) -> t.Tuple[str, bool]:
    """The setting that decides, and the value of it that has snapshots copied. The one of before 4.21 can still be set afterwards, and nothing reads it."""
    if version >= versions.OWN_BACKUP_SETTING:
        return "snapshot.backup.to.secondary", True
    return "sp.bypass.secondary.storage", False


def decided(version: Version, of_all: t.Iterable[Raw], of_zone: t.Iterable[Raw]) -> Backup:
    """What the settings say, as they were listed for all and for the zone. One that is not there has nothing to say: snapshots are copied."""
    name, copies = setting_of(version)
    for rows, is_of_zone in ((of_zone, True), (of_all, False)):
        for row in rows:
            if row["name"] == name:
                value = str(row.get("value") or str(copies)).strip().lower()
                return Backup((value == "true") == copies, f"{name} is {value}{' for the zone' if is_of_zone else ''}")
    return Backup(True)


def read(reader: Reader, zone_id: t.Optional[str]) -> Backup:
    """What the settings of the cloud say."""
    name, _copies = setting_of(reader.version())
    return decided(
        reader.version(), reader.settings_like(name), reader.settings_like(name, zoneid=zone_id) if zone_id else ()
    )
