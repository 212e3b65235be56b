# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to backups can be followed, in order, with two clusters that are connected; and once more without a change."""

from __future__ import annotations

import re

import yaml

from contract import documented, pages
from simulators.client import start, storpool_call


def test_the_guide_can_be_followed(tmp_path):
    tasks = [task for block in pages.blocks("docs/docsite/rst/backups.rst") for task in yaml.safe_load(block.text)]
    assert len(tasks) > 10
    with start("storpool", token="123") as storpool, start("cloudstack", version="4.19.1") as cloudstack:
        storpool.admin("POST", "clusters", {"id": "far.c", "name": "far-cluster", "location": "far-away"})
        storpool_call(storpool, "VolumeTemplateCreate", {"name": "hybrid", **documented.FIXTURES["hybrid"][1]})
        for again in range(2):
            directory = tmp_path / str(again)
            directory.mkdir()
            ended = documented.play(tasks, storpool, cloudstack, directory, STORPOOL_CLOUDSTACK_DIRECT="true")
            assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr
            journal = storpool.journal()["entries"]
            made = [entry["call"] for entry in journal if entry["call"] == "VolumesGroupBackup"]
            assert made == ["VolumesGroupBackup"]
        assert re.search(r"changed=0 ", ended.stdout), ended.stdout
