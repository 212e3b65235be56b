# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StorPool's configuration files, read as StorPool's own Python client reads them (PyPI ``storpool``, ``spconfig``).

That is ``/etc/storpool.conf``, then each ``/etc/storpool.conf.d/*.conf`` in the order of their names; in each file first the variables above all
sections, then those of the section that is named like the host. The later value wins. The dialect is that of PyPI ``confget`` 5, which is strict: what
it refuses is refused here, too, because a line that is passed over can be the one that says whose the next lines are. Two things differ: bytes that are
no UTF-8 are taken, since comments have them, and a refusal names the file and the line, never its text, which can be a secret.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import typing as t

from ..._common.errors import NotConfigured
from ..._common.words import decoded

MAIN = "/etc/storpool.conf"
MORE = "/etc/storpool.conf.d"
#: A file of StorPool's has some kB.
MOST_BYTES = 2**24

_BLANK = " \t"
_HEADER = re.compile(r"\[[ \t]*([^\] \t][^\]]*)\][ \t]*")
_NAME = re.compile(r"([^ \t\[#;=]+)[ \t]*=[ \t]*")

#: The path by which this machine reaches a path of the host whose files are read.
Reach = t.Callable[[str], str]


class Value(t.NamedTuple):
    """The value of a variable, and the line of the file that gives it."""

    text: str
    line: int


Sections = t.Dict[str, t.Dict[str, Value]]


class Wrong(Exception):
    """Why a file is refused, and at which line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class Variables(t.Dict[str, str]):
    """The variables by name, as a host sees them; ``places`` says of each where it comes from, and ``files`` are those that were read."""

    def __init__(self) -> None:
        super().__init__()
        self.places: t.Dict[str, str] = {}
        self.files: t.List[str] = []

    def add(self, path: str, section: t.Mapping[str, Value]) -> None:
        """The variables of a section, in place of those that were there before."""
        for name, value in section.items():
            self[name] = value.text
            self.places[name] = f"{name} in {path}, line {value.line}"


def place(variables: t.Mapping[str, str], name: str) -> str:
    """Where the value of a variable comes from, in words."""
    return variables.places[name] if isinstance(variables, Variables) and name in variables.places else name


def read(section: str, reach: Reach = str) -> Variables:
    """What the files say to the host of this name. Files that are not there count as empty.

    Raises :class:`NotConfigured` if one is there and cannot be read, or is no configuration of StorPool's.
    """
    found = Variables()
    for path, sections in every_section(reach):
        found.files.append(path)
        for name in dict.fromkeys(("", section)):
            found.add(path, sections.get(name, {}))
    return found


def every_section(reach: Reach = str) -> t.List[t.Tuple[str, Sections]]:
    """What the files say to hosts of all names: the path of each file, and its sections. Raises as :func:`read` does."""
    found: t.List[t.Tuple[str, Sections]] = []
    for path in paths(reach):
        try:
            found.append((path, parse(_content(path, reach))))
        except Wrong as wrong:
            raise NotConfigured(
                f"StorPool's configuration file {path} is wrong in line {wrong.line}: {wrong.reason}. StorPool's own tools refuse it, too. Correct it, "
                "or give sp_api_http_host, sp_api_http_port and sp_auth_token as options or in the environment."
            ) from None
    return found


def paths(reach: Reach = str) -> t.List[str]:
    """The files that there are, in the order in which they are read; by the paths that the host knows them by. Raises :class:`NotConfigured`."""
    more: t.List[str] = []
    with _told(MORE):
        if os.path.isdir(reach(MORE)):
            more = sorted(os.listdir(reach(MORE)))
    found = [MAIN, *(f"{MORE}/{name}" for name in more if name.endswith(".conf") and not name.startswith("."))]
    return [path for path in found if _is_there(path, reach)]


def parse(content: bytes) -> Sections:
    """The sections of a file; the one of what is above all headers is ``""``. Raises :class:`Wrong`."""
    sections: Sections = {"": {}}
    current = sections[""]
    lines = _Lines(content)
    for line in iter(lines.next, None):
        text = line.lstrip(_BLANK)
        if not text:
            continue
        lines.expect_end()
        if text[0] in "#;":
            continue
        if text[0] == "[":
            header = _HEADER.fullmatch(text)
            if not header:
                raise Wrong(lines.number, "a header is [NAME] and nothing else, not even a comment after it")
            current = sections.setdefault(header.group(1).rstrip(), {})
            continue
        given = _NAME.match(text)
        if not given:
            raise Wrong(lines.number, "it is neither NAME=VALUE, nor [NAME], nor a comment")
        number = lines.number
        current[given.group(1)] = Value(_value(text[given.end() :], lines), number)
    return sections


class _Lines:
    """The lines of a file, each ended by LF, CR or both, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self.number = 0

    def next(self) -> t.Optional[str]:
        """The next line without its end; ``None`` if there is none."""
        if self.number >= len(self._lines) or (self.number == len(self._lines) - 1 and not self._lines[-1]):
            return None
        line = self._lines[self.number]
        self.number += 1
        return decoded(line)

    def expect_end(self) -> None:
        """Raise :class:`Wrong` if the file ends before this line does; for ``confget`` such a line is not complete."""
        if self.number == len(self._lines):
            raise Wrong(self.number, "the last line of the file has no line end")


def _value(text: str, lines: _Lines) -> str:
    """A value, and as many more lines as it has because a backslash is the last of each. Blanks at the beginning of those are a part of it."""
    value = ""
    while True:
        lines.expect_end()
        if "\\\\" in text:
            raise Wrong(lines.number, "a value cannot have two backslashes side by side")
        if not text.endswith("\\"):
            rest = text.lstrip(_BLANK)
            return value + text[: len(text) - len(rest)] + rest.rstrip()
        value += text[:-1]
        more = lines.next()
        if more is None:
            raise Wrong(lines.number, "the value goes on in the next line, and there is none")
        text = more


def _content(path: str, reach: Reach) -> bytes:
    with _told(path), open(reach(path), "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Wrong(1, f"the file has more than {MOST_BYTES} bytes")
    return content


def _is_there(path: str, reach: Reach) -> bool:
    with _told(path):
        try:
            return stat.S_ISREG(os.stat(reach(path)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False


@contextlib.contextmanager
def _told(path: str) -> t.Iterator[None]:
    """Turns an error of the operating system into a sentence."""
    try:
        yield
    except OSError as error:
        raise NotConfigured(
            f"StorPool's configuration file {path} cannot be read: {error.strerror}. Give sp_api_http_host, sp_api_http_port and sp_auth_token as "
            "options or in the environment, or run the task as a user who may read it."
        ) from error
