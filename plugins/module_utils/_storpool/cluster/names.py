# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StorPool's rules for names, references, tags, sizes and limits, checked before anything is sent.

The rules are those of the vendor's Python client (PyPI ``storpool``, ``sptypes``), its patterns anchored at the very end of the text. Every function returns
the value as the API wants it, or raises :class:`InvalidOption` naming the option.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ..._common import sizes
from ..._common.errors import InvalidOption
from ..._common.foreseen import is_made_up
from ..._common.given import refuse_empty
from ..._common.words import quoted

SECTOR = 512
UNLIMITED = "-"
human = sizes.human
LAST_CLIENT = 4095
LAST_DISK = 4095

_RULES = {
    # what: (pattern, longest, reserved, in words)
    "volume": (r"#?[A-Za-z0-9_\-.:]+", 199, ("list", "status"), "letters, digits, '_', '-', '.' and ':'"),
    "snapshot": (r"\*?[A-Za-z0-9_\-.:@]+", 199, ("list", "status"), "letters, digits, '_', '-', '.', ':' and '@'"),
    "new snapshot": (r"[A-Za-z0-9_\-.:]+", 199, ("list", "status"), "letters, digits, '_', '-', '.' and ':'"),
    "template": (r"[A-Za-z0-9_\-]+", 199, ("list",), "letters, digits, '_' and '-'"),
    "placement group": (r"[A-Za-z0-9_\-]+", 127, ("list",), "letters, digits, '_' and '-'"),
    "tag": (r"[A-Za-z0-9_\-.:]+", 199, (), "letters, digits, '_', '-', '.' and ':'"),
    # The vendor's client has no "~" here, but CloudStack gives volumes tags such as "uuid=~abcd.b.12".
    "tag value": (r"[A-Za-z0-9_\-.:~]*", 199, (), "letters, digits, '_', '-', '.', ':' and '~'"),
}
#: Legal as names, but in the path of a URL they mean the directory and the one above it, however they are quoted. Such calls would reach something else.
_NOT_IN_A_PATH = frozenset([".", ".."])
#: What becomes of a global id that is null, when it is put behind a ``~``.
_NO_ID = ("", "None", "null")
_GLOBAL_ID = re.compile(r"[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+")


def name(value: str, option: str, what: str = "volume") -> str:
    """A name that an object of this kind may be given or found by. ``what`` is "volume", "snapshot", "template" or "placement group"."""
    pattern, longest, reserved, words = _RULES[what]
    refuse_empty(value, option)
    if not re.fullmatch(pattern, value) or len(value) > longest:
        raise InvalidOption(
            f"{option}: {quoted(value)} cannot be the name of a {what}. StorPool allows {words}, at most {longest} characters.{_hint(value)}"
        )
    if value in _NOT_IN_A_PATH:
        raise InvalidOption(
            f"{option}: {value!r} cannot be the name of a {what}: calls carry names in their path, where it means something else. To change a {what} that is "
            "called so all the same, refer to it by its global id."
        )
    if value in reserved:
        raise InvalidOption(
            f"{option}: {value!r} is a word that StorPool keeps for itself and cannot be the name of a {what}."
        )
    return value


def _hint(value: str) -> str:
    """What somebody may have meant who gives this for a name."""
    if value.startswith("~"):
        return " For its global id there is the option global_id."
    if "{" in value:
        return " A range is written as in web-{1..5}, and only storpool_objects takes it."
    if value.strip() != value:
        return " There is white space around it."
    return ""


def new_snapshot_name(value: str, option: str) -> str:
    """A name for a new or renamed snapshot: as for volumes, since '@' and '*' appear only in names that StorPool makes itself."""
    if "@" in value or value.startswith("*"):
        raise InvalidOption(
            f"{option}: names like {value!r} are those that StorPool gives to snapshots without a name. They change: use global_id for such a snapshot."
        )
    return name(value, option, "new snapshot")


def reference(value: str, option: str, what: str) -> str:
    """A name, or ``~`` and a global id, that refers to an existing volume or snapshot."""
    if value.startswith("~"):
        return "~" + global_id(value, option)
    return name(value, option, what)


def global_id(value: str, option: str) -> str:
    """A global id such as ``abcd.b.12``, given with or without its ``~``; returned without."""
    refuse_empty(value, option)
    bare = value[1:] if value.startswith("~") else value
    if bare in _NO_ID:
        raise InvalidOption(
            f"{option}: {value!r} says no global id. If it is that of something which an earlier task makes: StorPool gives it out, so in check mode this is "
            "not known before that is there. Refer to it by its name, or leave this task out in check mode (when: not ansible_check_mode)."
        )
    if not _GLOBAL_ID.fullmatch(bare) and not is_made_up(bare):
        raise InvalidOption(
            f"{option}: {quoted(value)} is no global id. It looks like 'abcd.b.12', as the info modules show it."
        )
    return bare


def tags(value: t.Optional[t.Mapping[t.Any, t.Any]], option: str) -> t.Optional[t.Dict[str, str]]:
    """Tags as StorPool takes them. An empty value means that the tag shall not be there, as it does in the API."""
    if value is None:
        return None
    return {_tag_part(str(key), option, "tag"): _tag_value(key, item, option) for key, item in value.items()}


def size(value: t.Optional[str], option: str) -> t.Optional[int]:
    """Bytes from ``10GiB``, ``512MiB``, ``1.5T`` or a plain number of bytes; units are powers of 1024. A positive multiple of 512."""
    return sizes.size(value, option, SECTOR, "StorPool")


def limit(value: t.Optional[str], option: str) -> t.Any:
    """A limit as the API takes it: a number, or ``-`` for ``unlimited`` (which 0 means as well). ``None`` leaves it alone."""
    if value is None:
        return None
    refuse_empty(value, option)
    text = str(value).strip()
    if text in ("unlimited", "-", "0"):
        return UNLIMITED
    if not re.fullmatch("[0-9]{1,18}", text):
        raise InvalidOption(f"{option}: {quoted(value)} is no limit. Give a whole number, or 'unlimited'.")
    return int(text)


@functools.lru_cache(maxsize=10_000)
def _tag_part(text: str, option: str, what: str) -> str:
    pattern, longest, _reserved, words = _RULES[what]
    if what == "tag":
        refuse_empty(text, f"{option}: the name of a tag")
    if not re.fullmatch(pattern, text) or len(text) > longest:
        raise InvalidOption(
            f"{option}: {quoted(text)} cannot be a {what}. StorPool allows {words}, at most {longest} characters."
        )
    return text


def _tag_value(key: t.Any, value: t.Any, option: str) -> str:
    if isinstance(value, bool) or not (value is None or isinstance(value, (str, int))):
        raise InvalidOption(
            f"{option}: the value of {quoted(key)} is {quoted(value)}; put it in quotes to say exactly which text is meant."
        )
    return _tag_part("" if value is None else str(value), option, "tag value")
