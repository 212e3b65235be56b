# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts by name, as StorPool's clients: the sections of StorPool's configuration files are named like hosts, and say the id of each.

The API knows no names. The files are those of the machine that runs the task; many clusters have the same on all of theirs.
"""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import Failure, InvalidOption, NotConfigured
from ..._common.given import refuse_empty
from ..._common.words import listing, nearest_first, quoted
from ..connection import conf_files
from . import names

#: The word for the host that runs the task.
HERE = "here"
#: How many of the known hosts an error names.
MOST_NAMED = 10
_VARIABLE = "SP_OURID"
_NUMBER = re.compile("[0-9]+")

#: What each host's section says of its id, and where.
Sections = t.Mapping[str, t.Tuple[str, str]]


class Hosts:
    """The hosts that the files name. They are read when the first is asked for, and once."""

    def __init__(self, read: t.Optional[t.Callable[[], Sections]] = None) -> None:
        self._read = read or by_section
        self._sections: t.Optional[Sections] = None
        self._told: t.Dict[t.Tuple[str, str], t.Union[int, Failure]] = {}

    def client(self, given: str, option: str) -> int:
        """The client that a number or the name of a host means.

        Raises :class:`InvalidOption` for what is neither, with the hosts that are known, and :class:`NotConfigured` if the files cannot be read, or say of
        this host what cannot be its id.
        """
        text = given.strip()
        if (option, text) not in self._told:
            try:
                self._told[option, text] = self._find(text, option)
            except (InvalidOption, NotConfigured) as failure:
                self._told[option, text] = failure
        found = self._told[option, text]
        if isinstance(found, Failure):
            raise found
        return found

    def _find(self, text: str, option: str) -> int:
        refuse_empty(text, option)
        if is_id(text):
            return int(text)
        if _NUMBER.fullmatch(text):
            raise InvalidOption(
                f"{option}: {quoted(text)} is no client. The ids are numbers from 1 to {names.LAST_CLIENT}."
            )
        if self._sections is None:
            self._sections = self._files(text, option)
        if text not in self._sections:
            raise InvalidOption(f"{option}: {quoted(text)} is no client. {self._known(text)}")
        value, place = self._sections[text]
        if not is_id(value):
            raise NotConfigured(
                f"{option}: {place}, is {quoted(value)}, which cannot be the id of a StorPool client (1 to {names.LAST_CLIENT})."
            )
        return int(value)

    def _files(self, text: str, option: str) -> Sections:
        try:
            return self._read()
        except NotConfigured as failure:
            failure.message = f"{option}: {quoted(text)} is no number, and whether it is a host's name only StorPool's files can say. {failure.message}"
            raise

    def _known(self, text: str) -> str:
        others = nearest_first(text, self._sections or ())
        if not others:
            return (
                f"Give numbers from 1 to {names.LAST_CLIENT}, or '{HERE}' for the host that runs the task. Names of hosts are those of the sections with "
                f"{_VARIABLE} in {conf_files.MAIN} on the host that runs the task, and there is none."
            )
        known = listing(others, most=MOST_NAMED)
        return f"StorPool's configuration files on the host that runs the task name {known}. Numbers and '{HERE}' are taken, too."


def by_section(
    read: t.Callable[[], t.Sequence[t.Tuple[str, conf_files.Sections]]] = conf_files.every_section,
) -> Sections:
    """What each section of the files says. Such a section is named like a host, and is for no other. Raises as :func:`.conf_files.read`.

    An id above all sections is of whichever host reads the file, so it says nothing of others.
    """
    return {
        section: (values[_VARIABLE].text, f"{_VARIABLE} in {path}, line {values[_VARIABLE].line}")
        for path, sections in read()
        for section, values in sections.items()
        if section and _VARIABLE in values
    }


def known(
    given: t.Optional[t.Mapping[str, t.Any]],
    option: str,
    tell: t.Callable[[str], None],
    read: t.Callable[[], Sections] = by_section,
) -> t.Dict[str, int]:
    """The ids of clients by host that a task is given (``option``), and those of StorPool's files on this machine.

    Nobody needs the files, so what is wrong with them is told and no failure. Raises :class:`InvalidOption` for a given id that cannot be a client's.
    """
    ids: t.Dict[str, int] = {}
    for host, value in (given or {}).items():
        if not is_id(str(value)):
            raise InvalidOption(
                f"{option}.{host}: {quoted(value)} cannot be the id of a StorPool client. The ids are from 1 to {names.LAST_CLIENT}."
            )
        ids[str(host)] = int(value)
    try:
        sections = read()
    except NotConfigured as failure:
        tell(f"It is not known which StorPool clients hosts are, but for those in {option}: {failure.message}")
        return ids
    for host, (value, place) in sections.items():
        if host in ids:
            continue
        if is_id(value):
            ids[host] = int(value)
        else:
            tell(
                f"{place}, is {quoted(value)}, which cannot be the id of a StorPool client, so it is not known which one {quoted(host)} is."
            )
    return ids


def is_id(text: str) -> bool:
    """Whether a text is the id of a client."""
    return bool(re.fullmatch("[0-9]{1,9}", text)) and 1 <= int(text) <= names.LAST_CLIENT
