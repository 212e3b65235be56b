# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs podman and its helpers, each call with a bound on its time, and says in one sentence why it cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from .layout import LabError, Unavailable

#: Programs that the lab needs, and the Debian packages that have them.
PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "javac": "default-jdk-headless",
    "dpkg-deb": "dpkg",
}
BUILDERS = {"mmdebstrap": "mmdebstrap"}


def require(programs: dict[str, str]) -> None:
    """:class:`Unavailable` unless we are root and all of ``programs`` (with their packages) are installed."""
    if os.geteuid() != 0:
        raise Unavailable("The lab's containers need root: run it as root.")
    missing = sorted(name for name in programs if _which(name) is None)
    if missing:
        packages = " ".join(sorted({programs[name] for name in missing}))
        raise Unavailable(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed: "
            f"run apt-get install --no-install-recommends {packages}."
        )


def _which(name: str) -> str | None:
    """runc is in /usr/sbin, which is not on everybody's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def execute(
    command: Sequence[str], *, timeout: float = 60, given: bytes | None = None, check: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end; :class:`LabError` if it takes longer than ``timeout`` seconds or, with ``check``, fails."""
    words = " ".join(command[:3])
    try:
        ended = subprocess.run(command, input=given or b"", capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{words} did not end within {timeout:g} s.") from error
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not installed.") from error
    if check and ended.returncode != 0:
        raise LabError(f"{words} failed: {last_words(ended)}")
    return ended


def last_words(ended: subprocess.CompletedProcess[bytes]) -> str:
    """The last lines of what a command that failed had to say."""
    text = (ended.stderr.strip() or ended.stdout.strip()).decode(errors="replace")
    return " | ".join(text.splitlines()[-5:]) or f"exit status {ended.returncode}"


def podman(*arguments: str, timeout: float = 60, given: bytes | None = None, check: bool = True) -> str:
    """What podman prints."""
    return execute(["podman", *arguments], timeout=timeout, given=given, check=check).stdout.decode(errors="replace")


def listed(*arguments: str) -> list[dict[str, Any]]:
    """What podman prints with ``--format json``."""
    return json.loads(podman(*arguments, "--format", "json") or "[]") or []
