# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what differs between the two ways; ``--runner``, an environment (``core-2.17``) and options of ansible-playbook may follow."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from . import differences

runner = sys.argv[1:2] == ["--runner"]
with tempfile.TemporaryDirectory() as top:
    print("\n".join(differences(Path(top) / "ways", *sys.argv[1 + runner :], runner=runner)))
