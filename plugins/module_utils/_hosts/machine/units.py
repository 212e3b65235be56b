# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of systemd: which command a service runs, and with which variables. Asked of systemd, or of an image read from files (systemd.unit(5))."""

from __future__ import annotations

import os
import re
import typing as t

from ..._common.errors import Failure
from . import files, shell_settings
from .paths import Root
from .shell_settings import Values

#: Where units are, those that count most first. Those of System V's scripts come last.
PLACES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
MOST_BYTES = 2**20
PROPERTIES = ("ExecStart", "Environment", "EnvironmentFiles")
ARGUMENTS = re.compile(r"argv\[\]=(.*?) ; (?:ignore_errors|start_time)=", re.DOTALL)


class Unit(t.NamedTuple):
    """What a unit runs: its command line, and the variables that it sets, or whose files it names."""

    command: str
    environment: t.Tuple[str, ...]
    environment_files: t.Tuple[str, ...]

    def variables(self, root: Root) -> Values:
        """The variables of the command. Later ones count more, and those of files most. A shell sees them without their quotes, and reads them again."""
        values: Values = {}
        for words in self.environment:
            values = shell_settings.assignments(words, values, exports=False)
        for path in self.environment_files:
            values = shell_settings.assignments(text(root, path), values, exports=False)
        return {name: value and value.replace(shell_settings.DOLLAR, "$") for name, value in values.items()}


def told(answer: str) -> t.Optional[Unit]:
    """The unit as ``systemctl show`` describes it; ``None`` if it runs nothing."""
    lines = [line.partition("=")[::2] for line in answer.splitlines()]
    commands = [found.group(1) for name, value in lines if name == "ExecStart" for found in ARGUMENTS.finditer(value)]
    environment = tuple(value for name, value in lines if name == "Environment" and value)
    paths = tuple(value.rpartition(" (")[0] or value for name, value in lines if name == "EnvironmentFiles" and value)
    return Unit(commands[-1], environment, paths) if commands else None


def read(root: Root, name: str) -> t.Optional[Unit]:
    """The unit of a service, from files; ``None`` if there is none, or it runs nothing."""
    service = f"{name}.service"
    main = next(
        (f"{place}/{service}" for place in PLACES if os.path.lexists(root.reach(f"{place}/{service}", follow=False))),
        None,
    )
    if main is None:
        return None
    extra: t.Dict[str, str] = {}
    for place in reversed(PLACES):
        directory = f"{place}/{service}.d"
        names = files.listing(root.reach(directory)) if os.path.isdir(root.reach(directory)) else []
        extra.update({each: f"{directory}/{each}" for each in names if each.endswith(".conf")})
    found: t.Dict[str, t.List[str]] = {"ExecStart": [], "Environment": [], "EnvironmentFile": []}
    for path in (main, *(extra[each] for each in sorted(extra))):
        for key, value in _settings(text(root, path)):
            if key in found:
                found[key] = [*found[key], value] if value else []
    if not found["ExecStart"]:
        return None
    paths = tuple(value.lstrip("-") for value in found["EnvironmentFile"])
    return Unit(found["ExecStart"][-1], tuple(found["Environment"]), paths)


def _settings(content: str) -> t.Iterator[t.Tuple[str, str]]:
    """What the section Service sets, in order."""
    section = ""
    lines = [line for line in content.splitlines() if not line.lstrip().startswith(("#", ";"))]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip().startswith("["):
            section = line.strip()
        elif section == "[Service]" and "=" in line:
            key, _sign, value = line.partition("=")
            yield key.strip(), value.strip()


def text(root: Root, path: str) -> str:
    """The content of a file; nothing if it cannot be read."""
    try:
        return files.read(root.reach(path), MOST_BYTES).content.decode("utf-8", "replace")
    except Failure:
        return ""
