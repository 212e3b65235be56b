# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which StorPool client a host is, by the host's name: StorPool's configuration files have a section for each host, with its ``SP_OURID``."""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import InvalidOption, NotConfigured
from ..._common.words import quoted
from ..connection import conf_files
from . import names

_ID = "SP_OURID"
_NUMBER = re.compile("[0-9]{1,9}")


def by_name(conf: t.Sequence[t.Tuple[str, conf_files.Sections]]) -> t.Dict[str, int]:
    """The ids of the clients by the names of their hosts: of each section that has one, the id that the host of that name sees.

    ``conf`` is what :func:`.conf_files.every_section` returns. An id above all sections is of a host whose name the files do not tell.
    Raises :class:`NotConfigured` for one that cannot be a client's.
    """
    hosts = dict.fromkeys(host for _path, sections in conf for host, own in sections.items() if host and _ID in own)
    return {host: _seen_by(host, conf) for host in hosts}


def _seen_by(host: str, conf: t.Sequence[t.Tuple[str, conf_files.Sections]]) -> int:
    seen = conf_files.Variables()
    for path, sections in conf:
        for name in ("", host):
            seen.add(path, sections.get(name, {}))
    number = _number(seen[_ID])
    if number is None:
        raise NotConfigured(
            f"{conf_files.place(seen, _ID)} is {quoted(seen[_ID])} for the host {quoted(host)}, which cannot be the id of a StorPool client (1 to "
            f"{names.LAST_CLIENT})."
        )
    return number


def known(
    given: t.Optional[t.Mapping[str, t.Any]],
    option: str,
    tell: t.Callable[[str], None],
    read: t.Callable[[], t.Sequence[t.Tuple[str, conf_files.Sections]]] = conf_files.every_section,
) -> t.Dict[str, int]:
    """The ids of clients by host that a task is given (``option``), and those of StorPool's files on this machine.

    Nobody needs the files, so what is wrong with them is told and no failure. Raises :class:`InvalidOption` for a given id that cannot be a client's.
    """
    ids: t.Dict[str, int] = {}
    for host, value in (given or {}).items():
        number = _number(str(value))
        if number is None:
            raise InvalidOption(
                f"{option}.{host}: {quoted(value)} cannot be the id of a StorPool client. The ids are from 1 to {names.LAST_CLIENT}."
            )
        ids[str(host)] = number
    try:
        return {**by_name(read()), **ids}
    except NotConfigured as failure:
        tell(f"It is not known which StorPool clients hosts are, but for those in {option}: {failure.message}")
        return ids


def _number(text: str) -> t.Optional[int]:
    return int(text) if _NUMBER.fullmatch(text) and 1 <= int(text) <= names.LAST_CLIENT else None
