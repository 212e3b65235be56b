# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is the same for volumes and snapshots: how a task says which one it means, and how it is called in sentences and in calls."""

from __future__ import annotations

import typing as t

from ..._common.errors import Ambiguous, InvalidOption
from ..._common.words import listing
from ..cluster import names
from ..cluster.reader import Raw, Reader
from . import policy

#: The options with which a task says which object it means, and the rules between them.
IDENTITY: t.Dict[str, t.Any] = {
    "name": {"type": "str"},
    "previous_name": {"type": "str"},
    "global_id": {"type": "str"},
    "match_tags": {"type": "dict"},
}
IDENTITY_EXCLUSIVE = [["global_id", "match_tags"], ["previous_name", "global_id"], ["previous_name", "match_tags"]]
IDENTITY_REQUIRED_BY = {"previous_name": ["name"]}


class Which(t.NamedTuple):
    """The object that a task means. ``what`` is "volume" or "snapshot"; ids are without ``~``."""

    what: str
    name: t.Optional[str]
    previous_name: t.Optional[str]
    global_id: t.Optional[str]
    match_tags: t.Optional[t.Dict[str, str]]

    def __str__(self) -> str:
        if self.name:
            return f"{self.what} {self.name!r}"
        if self.global_id:
            return f"{self.what} ~{self.global_id}"
        tags = listing(f"{key}={value}" for key, value in sorted((self.match_tags or {}).items()))
        return f"the {self.what} with the tags {tags}"


def which(what: str, params: t.Mapping[str, t.Any]) -> Which:
    """The object that the options of :data:`IDENTITY` mean. Raises :class:`InvalidOption`."""
    previous = params["previous_name"]
    if previous is not None and params["state"] == "absent":
        raise InvalidOption("previous_name is for a rename; with state absent, give the name that the object has.")
    if previous is not None and previous == params["name"]:
        raise InvalidOption(
            f"name and previous_name are both {previous!r}; previous_name is for an object that still has its old name."
        )
    return Which(
        what,
        name=_new_name(what, params),
        previous_name=checked(params, "previous_name", names.name, what),
        global_id=checked(params, "global_id", names.global_id),
        match_tags=policy.match_tags(params["match_tags"]),
    )


def _new_name(what: str, params: t.Mapping[str, t.Any]) -> t.Optional[str]:
    if what == "snapshot":
        return checked(params, "name", names.new_snapshot_name)
    return checked(params, "name", names.name, what)


def find(
    wanted: Which,
    one: t.Callable[[str], t.Optional[Raw]],
    tagged: t.Callable[[t.Mapping[str, str]], t.Sequence[Raw]],
) -> t.Optional[Raw]:
    """The object that is meant: by global id, else by tags, else by name or previous name; ``None`` if there is none.

    ``one`` reads an object by reference, ``tagged`` all that carry some tags.
    Raises :class:`Ambiguous` if several objects answer to the description.
    """
    if wanted.global_id:
        return one("~" + wanted.global_id)
    if wanted.match_tags:
        found = tagged(wanted.match_tags)
        if len(found) > 1:
            raise Ambiguous(
                f"{len(found)} {wanted.what}s match match_tags: {listing(sorted(label(wanted.what, raw) for raw in found))}. "
                "Add a tag that only one of them has, or use global_id."
            )
        return found[0] if found else None
    # In this order, a rename by somebody else between the two reads hides the object from neither; it may show it to both.
    previous = one(wanted.previous_name) if wanted.previous_name else None
    named = one(t.cast(str, wanted.name))
    if named and previous and named["globalId"] != previous["globalId"]:
        raise Ambiguous(
            f"There is a {wanted.what} {wanted.name!r} (~{named['globalId']}) and a {wanted.what} {wanted.previous_name!r} "
            f"(~{previous['globalId']}), so it is not clear which one is meant. Delete or rename one of them, or leave "
            "out previous_name."
        )
    return named or previous


def holder(reader: Reader, wanted: Which, found: t.Optional[Raw]) -> t.Optional[str]:
    """What has the wanted name: "volume", "snapshot" or nothing. The two share one name space.

    It is asked after :func:`find`, which found ``found``. What the description means and has come to have the name since then is not in the way.
    """
    name = t.cast(str, wanted.name)
    for what, one in (("volume", reader.volume), ("snapshot", reader.snapshot)):
        if what == wanted.what and not (wanted.global_id or wanted.match_tags):
            continue  # there was none, or it would have been found
        raw = one(name)
        if raw and not (what == wanted.what and _is_meant(raw, wanted, found)):
            return what
    return None


def _is_meant(raw: Raw, wanted: Which, found: t.Optional[Raw]) -> bool:
    tags = raw.get("tags") or {}
    if wanted.match_tags and all(tags.get(key) == value for key, value in wanted.match_tags.items()):
        return True
    return bool(found and found.get("globalId") and found["globalId"] == raw.get("globalId"))


def reference(raw: Raw) -> str:
    """The global id that stays: what was looked at is then what is changed, even if someone swaps names or reverts it meanwhile."""
    return "~" + str(raw["globalId"])


def label(what: str, raw: Raw) -> str:
    """``volume 'db-1'``, or by global id if it has no name."""
    name = str(raw["name"])
    return f"{what} {name if name.startswith('~') else repr(name)}"


def client_list(clients: t.Sequence[int]) -> str:
    """``client 1``, ``clients 1, 2 and 3``."""
    return f"client{'' if len(clients) == 1 else 's'} {listing(clients)}"


def checked(params: t.Mapping[str, t.Any], option: str, check: t.Callable[..., str], *what: str) -> t.Optional[str]:
    """An option after one of the checks of :mod:`names`; ``None`` if it is not given."""
    return None if params[option] is None else check(params[option], option, *what)
