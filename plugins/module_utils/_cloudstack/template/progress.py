# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a template is in a zone, and whether it is on a pool: pure functions of a row of listTemplates."""

from __future__ import annotations

import re
import typing as t

from ..cloud.reader import Raw

READY, UNDER_WAY, FAILED = "ready", "under way", "failed"
#: States of a copy on secondary storage that do not pass by themselves (VMTemplateStorageResourceAssoc.Status).
_LOST = frozenset(["DOWNLOAD_ERROR", "UPLOAD_ERROR", "ABANDONED"])
#: What the status of a template says on its way; before 4.13 that is all there is, and each other text is an error (TemplateJoinDaoImpl).
_ON_ITS_WAY = re.compile(
    r"\d+% Downloaded|Installing Template|Processing|Download Complete|Active|Inactive|NotUploaded|UploadInProgress|"
)


class Progress(t.NamedTuple):
    """One of the three states above, and CloudStack's words for it."""

    state: str
    words: str


def progress(row: Raw) -> Progress:
    """How far the template of a row is. One in no zone is still being made of a volume or a snapshot."""
    words = str(row.get("status") or "").strip()
    if row.get("isready"):
        return Progress(READY, words)
    copies = [each for each in row.get("downloaddetails") or [] if each.get("datastoreRole", "Image") != "Primary"]
    states = [str(each.get("downloadState") or "") for each in copies]
    lost = all(state in _LOST for state in states) if states else not _ON_ITS_WAY.fullmatch(words)
    if lost:
        return Progress(FAILED, words or "no reason is told")
    return Progress(UNDER_WAY, words or "CloudStack does not say how far it is")


def is_in_the_making(row: Raw) -> bool:
    """Whether a template is still being made of a volume or a snapshot: it is in no zone as long as that lasts."""
    return not row.get("zoneid") and not row.get("isready")


def is_told_cached(row: Raw, pool: Raw) -> bool:
    """Whether CloudStack itself says that a template is on a pool. That it does not says nothing: no release lists all pools."""
    return any(
        each.get("datastoreRole") == "Primary"
        and each.get("datastoreId") == pool["id"]
        and each.get("downloadState") == "DOWNLOADED"
        for each in row.get("downloaddetails") or []
    )
