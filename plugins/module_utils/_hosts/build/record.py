# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was built, and is kept: jars that were looked into, and a record of them, all of it or nothing."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
import typing as t

from ..._common.errors import Failure
from ..errors import NotAccessible, Unusable
from ..formats import jar
from ..kvm import plugin as kvm_plugin
from .project import NAMES

RECORD = "record.json"
#: What the StorPool plugin takes from its git.properties when it is loaded; it does not load without one of them.
GIT_KEYS = ("git.commit.id.describe-short", "git.build.time", "git.build.version")
CLASS_MAGIC = b"\xca\xfe\xba\xbe"
FIRST_CLASS_VERSION = 44  # of Java 1.0; Java 8 has 52, 17 has 61


class BadBuild(Failure):
    """Maven has built something, and it is not what it should be."""

    kind = "bad_build"


class Record(t.NamedTuple):
    """What was built: the version of CloudStack, that of the JDK, and of each plugin ``path``, ``version`` and ``sha256`` (``None`` while it is foretold)."""

    version: str
    java: t.Optional[str]
    jars: t.Mapping[str, t.Mapping[str, t.Any]]


class Made(t.NamedTuple):
    """A jar as Maven has made it, and whether it needs ``git.properties``."""

    path: str
    needs_git: bool


def directory(dest: str, key: str) -> str:
    """Where what was built is kept."""
    return os.path.join(dest, key)


def log(dest: str, key: str) -> str:
    """The file with Maven's output."""
    return os.path.join(dest, f"{key}.log")


def start_log(path: str) -> None:
    """Make an empty log. Nobody else can read it while Maven writes to it, for it may name repositories with their passwords."""
    with _accessible(path), open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o600)


def read(dest: str, key: str) -> t.Optional[Record]:
    """The record of a key, if there is one and its jars are as they were made."""
    home = directory(dest, key)
    try:
        with open(os.path.join(home, RECORD), encoding="utf-8") as file:
            content = json.load(file)
        jars = {}
        for name, made in content["jars"].items():
            path = os.path.join(home, made["file"])
            if _sha256(path) != made["sha256"]:
                return None
            jars[name] = {"path": path, "version": content["version"], "sha256": made["sha256"]}
        return Record(content["version"], content["java"], jars)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None  # never built, or damaged: it is built again
    except OSError as error:
        raise NotAccessible(f"{error.filename} cannot be read: {error.strerror}.") from None


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


@contextlib.contextmanager
def alone(dest: str, timeout: float) -> t.Iterator[None]:
    """Have ``dest`` for this task alone, after at most ``timeout`` seconds. What tasks that were killed have left there is removed."""
    with _accessible(dest):
        os.makedirs(dest, mode=0o755, exist_ok=True)
        handle = os.open(os.path.join(dest, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + timeout
        while not _locked(handle):
            if time.monotonic() > end:
                raise NotAccessible(f"Another task has been building in {dest} for more than {timeout:g} seconds.")
            time.sleep(1)
        for name in os.listdir(dest):
            if name.startswith(".work-"):
                shutil.rmtree(os.path.join(dest, name), ignore_errors=True)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def work(dest: str, key: str) -> t.Iterator[str]:
    """An empty directory to build in, which is removed afterwards."""
    top = os.path.join(dest, f".work-{key}")
    with _accessible(top):
        os.mkdir(top, 0o755)
    try:
        yield top
    finally:
        shutil.rmtree(top, ignore_errors=True)


@contextlib.contextmanager
def _accessible(path: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotAccessible(f"{error.filename or path} cannot be written: {error.strerror}.") from None


def keep(dest: str, key: str, version: str, java: str, level: int, made: t.Mapping[str, Made]) -> Record:
    """Look into what Maven has made, and keep it. Raises :class:`BadBuild` if it is not what it should be.

    ``level`` is the newest Java that classes may need.
    """
    contents = {name: _checked(name, one, level) for name, one in made.items()}
    work_home = os.path.join(dest, f".work-{key}", "kept")
    home = directory(dest, key)
    files = {name: os.path.basename(one.path) for name, one in made.items()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    record = {
        "version": version,
        "java": java,
        "jars": {name: {"file": files[name], "sha256": sums[name]} for name in made},
    }
    with _accessible(home):
        os.mkdir(work_home, 0o755)
        for name, content in contents.items():
            _write(os.path.join(work_home, files[name]), content)
        _write(os.path.join(work_home, RECORD), json.dumps(record, indent=2).encode() + b"\n")
        if os.path.isdir(home):  # of jars that were damaged
            shutil.rmtree(home)
        os.rename(work_home, home)
    jars = {name: {"path": os.path.join(home, files[name]), "version": version, "sha256": sums[name]} for name in made}
    return Record(version, java, jars)


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _checked(name: str, made: Made, level: int) -> bytes:
    """The content of a jar, if it is what it should be."""
    try:
        with open(made.path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise BadBuild(f"Maven ended well, and has not made {made.path}: {error.strerror}.") from None
    try:
        parsed = jar.parse(content)
        jar.check(parsed)
        _check_level(parsed, level)
        if name == "kvm":
            _check_patched(os.path.basename(made.path), content)
        elif made.needs_git:
            _check_git_properties(parsed)
    except Failure as failure:
        raise BadBuild(f"The jar of {NAMES[name]} was built, and is not used: {failure.message}") from None
    return content


def _check_level(parsed: jar.Jar, level: int) -> None:
    for entry in parsed.entries:
        if not entry.name.endswith(b".class") or entry.name.startswith(b"META-INF/versions/"):
            continue
        start = jar.read(parsed, entry, kvm_plugin.MOST_ENTRY_BYTES)[:8]
        needed = int.from_bytes(start[6:8], "big") - FIRST_CLASS_VERSION
        if start[:4] != CLASS_MAGIC or needed > level:
            shown = entry.name.decode("utf-8", "replace")
            raise Unusable(f"{shown} is for Java {needed}, and this version of CloudStack is for Java {level}")


def _check_patched(name: str, content: bytes) -> None:
    if not kvm_plugin.read(name, content).patched:
        raise Unusable("its iSCSI adaptor still answers true for a path that is not iSCSI")


def _check_git_properties(parsed: jar.Jar) -> None:
    entry = parsed.find("git.properties")
    if entry is None:
        raise Unusable(
            "it has no git.properties, without which the management server does not load it. Its pom.xml has to run git-commit-id-plugin"
        )
    try:
        content = json.loads(jar.read(parsed, entry, kvm_plugin.MOST_ENTRY_BYTES))
    except (ValueError, RecursionError):
        raise Unusable("its git.properties is not JSON, as which the management server reads it") from None
    missing = [key for key in GIT_KEYS if not isinstance(content, dict) or not isinstance(content.get(key), str)]
    if missing:
        raise Unusable(f"its git.properties has no {missing[0]}, without which the management server does not load it")
