# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Source trees that Maven makes plugins of which the lab's services load."""

from __future__ import annotations

from pathlib import Path

from standins import cloudstack_source

from . import jars


def make(directory: Path | str, version: str) -> None:
    """CloudStack before 4.17 in ``cloudstack`` below a directory, and in ``storpool`` the driver that StorPool kept outside it."""
    driver = {f"src/{path}": text for path, text in jars.driver_sources(external=True).items()}
    cloudstack_source.write(Path(directory, "cloudstack"), cloudstack_source.tree(version))
    cloudstack_source.write(Path(directory, "storpool"), cloudstack_source.plugin(version) | driver)
