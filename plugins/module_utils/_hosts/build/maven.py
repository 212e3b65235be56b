# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maven and the JDK that it uses, and what is wrong if Maven fails."""

from __future__ import annotations

import os
import re
import typing as t

from ..._common import secret_urls
from ..._common.errors import Failure, NotFound
from ..._common.words import listing
from ..errors import NotAccessible
from ..machine import commands

#: As the StorPool plugin's documentation says, and without questions and colours.
COMMAND = ("--batch-mode", "-Dstyle.color=never", "-Pdeveloper", "-DskipTests")
MOST_LOG_BYTES = 2**24  # of the end of Maven's output
MOST_SHOWN = 5
JAVAC_SECONDS = 60

VERSION = re.compile(r"^javac (?:1\.)?(\d+)(\S*)", re.MULTILINE)
#: A place in a file, as checkstyle and the compiler write it: PATH:12: words, PATH:12:5: words, PATH:[12,5] words.
PLACE = re.compile(
    r"(?P<level>\[ERROR\] )?(?P<path>[^\s:\[][^:\n]*\.\w+):"
    r"(?:\[(?P<line>\d+)(?:,(?P<column>\d+))?\]:?|(?P<line2>\d+)(?::(?P<column2>\d+))?:) (?P<words>.+)"
)
FAILED = re.compile(
    r"\[ERROR\] Failed to execute goal (?:\S*?(?P<plugin>[\w-]+)-maven-plugin|\S*?maven-(?P<own>[\w-]+)-plugin)?\S*(?P<rest>.*)"
)
PROJECT = re.compile(r" on project (?P<project>[\w.-]+): (?P<reason>.*)")


class BuildFailed(Failure):
    """Maven could not build what it was asked to."""

    kind = "build_failed"


class Jdk(t.NamedTuple):
    """A JDK: where it is, its release (8, 17 and the like), and its whole version."""

    home: str
    release: int
    version: str


class Complaint(t.NamedTuple):
    """What a tool says of a place in a source file."""

    file: str
    line: int
    column: t.Optional[int]
    message: str


def find_jdk(java_home: t.Optional[str]) -> Jdk:
    """The JDK in a directory; if none is given, that of the environment's JAVA_HOME, else of the javac on the path. Raises :class:`NotFound`."""
    home = java_home or os.environ.get("JAVA_HOME")
    if home:
        javac, told = os.path.join(os.path.expanduser(home), "bin", "javac"), f"{home} is no JDK: it has no bin/javac"
    else:
        javac, told = "javac", "There is no javac on the path"
    try:
        javac = os.path.realpath(commands.locate(javac))
    except NotFound:
        raise NotFound(
            f"{told}. Install a JDK, not only what runs Java, and name its directory with java_home."
        ) from None
    ran = commands.run([javac, "-version"], JAVAC_SECONDS)
    found = VERSION.search(f"{ran.output}\n{ran.errors}")
    if ran.status or not found:
        raise NotFound(f"{javac} does not say its version, so it cannot be used.")
    release = int(found.group(1))
    return Jdk(os.path.dirname(os.path.dirname(javac)), release, f"{release}{found.group(2)}")


def find_maven(name: str) -> str:
    """The path of Maven. Raises :class:`NotFound`."""
    try:
        return commands.locate(name)
    except NotFound:
        raise NotFound(f"There is no {name} on this machine. Install Maven, or say with maven where it is.") from None


def build(
    maven: str,
    arguments: t.Sequence[str],
    jdk: Jdk,
    directory: str,
    log: str,
    timeout: float,
    modules: t.Sequence[str] = (),
) -> None:
    """Run ``mvn install`` in a directory, for some modules and what they need, or for all.

    ``timeout`` is in seconds. All output goes to the end of the file ``log``. Raises :class:`BuildFailed` with what checkstyle or the compiler complains of.
    """
    chosen = ["--projects", ",".join(modules), "--also-make"] if modules else []
    argv = [maven, *COMMAND, *chosen, *arguments, "install"]
    start = os.path.getsize(log) if os.path.exists(log) else 0
    try:
        status = commands.run_logged(argv, timeout, log, directory, {"JAVA_HOME": jdk.home, "LC_ALL": "C.UTF-8"})
    finally:
        _scrub(log, start)
    if status:
        raise failure(_end_of(log, start), directory, log)


def _scrub(log: str, start: int) -> None:
    """Take secrets of URLs out of what Maven has written from ``start`` on: it names repositories as its settings do."""
    try:
        with open(log, "r+b") as file:
            file.seek(start)
            pieces = [secret_urls.scrubbed(line.decode("utf-8", "surrogateescape")) for line in file]
            file.seek(start)
            file.write("".join(pieces).encode("utf-8", "surrogateescape"))
            file.truncate()
    except OSError as error:
        raise NotAccessible(f"{log} cannot be written: {error.strerror}.") from None


def _end_of(log: str, start: int) -> str:
    """What was written to a file from ``start`` on, the end of it if that is much."""
    try:
        with open(log, "rb") as file:
            file.seek(max(start, os.fstat(file.fileno()).st_size - MOST_LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError as error:
        raise NotAccessible(f"{log} cannot be read: {error.strerror}.") from None


def failure(output: str, directory: str, log: str) -> BuildFailed:
    """The failure that Maven's output tells of. Paths in it are made relative to ``directory``, where Maven ran."""
    tool, project, reason = _reason(output)
    found = complaints(output, directory) if tool in ("checkstyle", "compiler") else []
    where = f"Maven's whole output is in {log}."
    if not found:
        told = reason.rstrip(".") or "it does not say why"
        return BuildFailed(f"{f'{project}: ' if project else ''}{told}. {where}", error={"log": log, "complaints": []})
    places = [_told(complaint) for complaint in found]
    who = "checkstyle" if tool == "checkstyle" else "the compiler"
    told = f"in {project}, {who} refuses {listing(places, MOST_SHOWN)}"
    return BuildFailed(
        f"{told}. Correct the source. {where}",
        error={"log": log, "complaints": [complaint._asdict() for complaint in found]},
    )


def _told(complaint: Complaint) -> str:
    return f"{complaint.file}, line {complaint.line} ({complaint.message.rstrip('.')})"


def _reason(output: str) -> t.Tuple[str, str, str]:
    """The tool that failed (checkstyle, compiler...), the project that it failed on, and the first of Maven's reasons."""
    errors = [line[len("[ERROR] ") :] for line in output.splitlines() if line.startswith("[ERROR] ")]
    for line in output.splitlines():
        found = FAILED.match(line)
        if found:
            tail = PROJECT.search(line)
            reason = tail.group("reason") if tail else found.group("rest")
            reason = re.sub(r"\s*-> \[Help \d+\]$", "", reason).strip()
            return found.group("own") or found.group("plugin") or "", tail.group("project") if tail else "", reason
    told = [line for line in errors if line.strip() and not line.startswith("[")]
    return "", "", re.sub(r"\s*-> \[Help \d+\]$", "", told[0]).strip() if told else ""


def complaints(output: str, directory: str) -> t.List[Complaint]:
    """What checkstyle and the compiler say of places in files, in order, each once."""
    found: t.List[Complaint] = []
    for line in output.splitlines():
        match = PLACE.match(line)
        if not match:
            continue
        words = re.sub(r"^error: ", "", match.group("words")).strip()
        if words.lower().startswith(("warning:", "warn:")):
            continue
        number, column = match.group("line") or match.group("line2"), match.group("column") or match.group("column2")
        words = re.sub(r"^\(\w+\) \w+: ", "", re.sub(r"\s+\[\w+\]$", "", words))  # the name of the rule
        complaint = Complaint(
            _relative(match.group("path"), directory), int(number), int(column) if column else None, words
        )
        if complaint not in found:
            found.append(complaint)
    return found


def _relative(path: str, directory: str) -> str:
    prefix = os.path.join(os.path.realpath(directory), "")
    return path[len(prefix) :] if path.startswith(prefix) else path
