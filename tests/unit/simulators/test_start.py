# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both simulators, started for a command by somebody who has mistyped an option."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SIMULATORS = Path(__file__).resolve().parents[2] / "simulators"


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--version", "4.99", "CloudStack 4.99 is not simulated, only 4.8 to 4.23"),
        ("--version", "new", "not a CloudStack version: 'new' (write it like 4.19.1)"),
        ("--clients", "1,two", "not ids of clients: '1,two' (write them like 1,2,3)"),
    ],
)
def test_what_cannot_be_simulated_is_said_in_a_line_and_the_command_does_not_run(option, value, says):
    ended = subprocess.run(
        [sys.executable, str(SIMULATORS), option, value, "echo", "it ran"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].endswith(f"argument {option}: {says}")
    assert len(ended.stderr.splitlines()) == 1
