# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VolumeCare says of its backups: the answer of ``storpool_vcctl status --json``.

An entry that is not as it should be is a backup that cannot be restored, and says why: the others are as good as before.
"""

from __future__ import annotations

import json
import re
import typing as t

from .._common.answers import LAST_MOMENT
from .._common.errors import BadAnswer
from .._common.words import listing
from .backup import GLOBAL_ID, UUID, Backup, Disk

#: Who knows of backups, and how a module comes to VolumeCare's answer: the one that it was given, or that of the program on the host that it runs on.
OPTIONS: t.Dict[str, t.Any] = {
    "source": {"type": "str", "choices": ["volumecare", "tags"]},
    "volumecare_status": {"type": "raw"},
    "volumecare_multicluster": {"type": "bool", "default": False},
    "volumecare_program": {"type": "path", "default": "storpool_vcctl"},
}
#: Entries of VMs are called so, with the id of the VM.
_OF_VM = re.compile(r"cvm=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_ODD = "VolumeCare's entry of it is not as it should be: {0}"
_OLD = (
    "it is in VolumeCare's old format, whose entries name volumes by StorPool's ids ({0}), which tell no volume of CloudStack's. With id_tag=uuid in "
    "VolumeCare's configuration new backups are not"
)


def parse(text: str) -> t.Dict[str, t.List[Backup]]:
    """The backups of each VM (id), as they are told. Raises :class:`BadAnswer` for a text that is no status at all."""
    try:
        status = json.loads(text)
    except (ValueError, RecursionError):
        status = None
    if not isinstance(status, list):
        raise BadAnswer(
            "storpool_vcctl answered with something else than the list of what VolumeCare knows. Run 'storpool_vcctl status --json' on the host, and see what "
            "it says."
        )
    found: t.Dict[str, t.List[Backup]] = {}
    for entry in status:
        vm = _vm_of(entry)
        if vm is None:
            continue
        history = entry.get("history")
        backups = [_backup(vm, each) for each in history] if isinstance(history, list) else []
        found.setdefault(vm, []).extend(backup for backup in backups if backup is not None)
    return found


def _vm_of(entry: t.Any) -> t.Optional[str]:
    if not isinstance(entry, dict) or entry.get("type") != "vm":
        return None
    match = _OF_VM.fullmatch(str(_member(entry, "id", "name")).lower())
    return match.group(1) if match else None


def _member(thing: t.Any, *path: str) -> t.Any:
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def _backup(vm: str, entry: t.Any) -> t.Optional[Backup]:
    """One backup; ``None`` for an entry without a moment, which no task could name."""
    created, place = _member(entry, "create_ts"), _member(entry, "id", "location")
    if isinstance(created, bool) or not isinstance(created, (int, float)) or not 0 < created <= LAST_MOMENT:
        return None
    backup = Backup(vm, int(created), place if isinstance(place, str) and place else "unknown")
    whose = _vm_of({"type": "vm", "id": _member(entry, "entity_id")}) if "entity_id" in entry else vm
    disks = _member(entry, "extra_info", "sp", "map")
    if whose != vm:
        return backup._replace(problem=_ODD.format("it is about something else"))
    if not isinstance(disks, dict) or not disks:
        return backup._replace(problem=_ODD.format("it names no snapshots"))
    names = {str(volume).lstrip("~").lower(): snapshot for volume, snapshot in disks.items()}
    old = sorted(name for name in names if not UUID.fullmatch(name))
    if old:
        return backup._replace(problem=_OLD.format(listing(old)))
    pairs = {
        volume: snapshot.lstrip("~") if isinstance(snapshot, str) else "" for volume, snapshot in sorted(names.items())
    }
    odd = [volume for volume, snapshot in pairs.items() if not GLOBAL_ID.fullmatch(snapshot)]
    if odd:
        return backup._replace(problem=_ODD.format(f"no snapshot is told of volume {listing(odd)}"))
    if len(set(pairs.values())) < len(pairs) or len(names) < len(disks):
        return backup._replace(problem=_ODD.format("a volume or a snapshot is in it twice"))
    return backup._replace(disks=tuple(Disk(volume, snapshot) for volume, snapshot in pairs.items()))
