# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that Ansible's own process runs is the same as one that a new Python runs: every result, warning, error and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import both_ways
from contract.documented import modules
from tools.workspace import STAGE

#: What is done on a host's own files goes there the usual way.
ON_HOSTS = {
    *("cloudstack_deployment_info", "cloudstack_driver_build", "cloudstack_kvm_patch", "cloudstack_plugin_jar"),
    *("cloudstack_vm_backup_info", "cloudstack_vm_failover", "cloudstack_vm_restore", "cloudstack_volume_restore"),
    "cloudstack_volume_download",
    "storpool_image",
}


@pytest.mark.parametrize("options", [(), ("--check", "--diff")], ids=["run", "check"])
def test_nothing_differs_but_the_time(options: tuple[str, ...], tmp_path: Path):
    assert both_ways.differences(tmp_path / "ways", "", *options) == []


def test_nothing_differs_through_ansible_runner(tmp_path: Path):
    assert both_ways.differences(tmp_path / "ways", "", "-vvv", runner=True) == []


def test_ctrl_c_ends_it_the_same_way(tmp_path: Path):
    assert both_ways.differences(tmp_path / "ways", interrupted=True) == []


def test_a_library_that_is_missing_is_the_usual_error(tmp_path: Path):
    assert both_ways.differences(tmp_path / "ways", "", "--check", "--tags", "few", missing=True) == []


def test_every_module_that_only_talks_to_apis_runs_directly_and_says_so():
    direct = {name for name, data in modules().items() if "action" in data["doc"]["attributes"]}
    actions = {path.stem for path in (STAGE / "plugins" / "action").glob("*.py")}
    assert direct == set(modules()) - ON_HOSTS
    assert direct <= actions


def test_no_redirect_takes_the_connection_from_a_group():
    """A redirect of an action gives the task another name, and module_defaults would no longer find the groups it is in."""
    runtime = yaml.safe_load((STAGE / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert "plugin_routing" not in runtime
