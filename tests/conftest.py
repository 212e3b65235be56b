# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes ``ansible_collections.storpool.cloudstack`` importable, from the checkout as it is now."""

from __future__ import annotations

import os

import pytest
from ansible.plugins.loader import init_plugin_loader
from hypothesis import HealthCheck, settings

from tools.stage import stage
from tools.workspace import BUILD

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(BUILD / "hypothesis"))
# A busy machine is not a reason to fail.
settings.register_profile("search", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeat", settings.get_profile("search"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "search"))

# Ansible's own loader serves the name ansible_collections, and puts this directory before those on sys.path, where the
# package "ansible" keeps its collections. It has to be there before the first import of that name.
if "PYTEST_XDIST_WORKER" not in os.environ:
    stage()
init_plugin_loader([str(BUILD)])


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Files in parameters go by the name of the argument: their content is no name, and the times in it differ from process to process."""
    return argname if isinstance(val, bytes) and len(val) > 40 else None
