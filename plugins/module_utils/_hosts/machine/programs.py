# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own small programs that answer a question."""

from __future__ import annotations

import os
import shutil
import typing as t

from . import commands

#: Where programs are: systemd's default for services. A task's own PATH can be shorter.
PLACES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
SECONDS = 30


def answer(arguments: t.Sequence[str], seconds: float = SECONDS) -> t.Optional[str]:
    """What a program prints; ``None`` if there is no such program, or it fails. Raises :class:`.commands.TimedOut`."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *PLACES])
    program = shutil.which(arguments[0], path=search)
    if program is None:
        return None
    ran = commands.run([program, *arguments[1:]], seconds, environment={"LC_ALL": "C"})
    return ran.output if ran.status == 0 else None
