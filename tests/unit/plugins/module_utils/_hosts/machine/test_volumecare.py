# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VolumeCare's answer: given to a task, or that of the program on its host."""

from __future__ import annotations

import json

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._backups import volumecare as answers
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure, NotFound
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import volumecare

VM, VOLUME = "0c9e2f3a-1111-4222-8333-444455556666", "aaaaaaaa-1111-4222-8333-444455556666"
TEXT = (
    f'[{{"type": "vm", "id": {{"name": "cvm={VM}"}}, "history": [{{"create_ts": 1650637434, "id": {{"location": "abcd.n"}}, '
    f'"extra_info": {{"sp": {{"map": {{"~{VOLUME}": "~abcd.b.nqh"}}}}}}}}]}}]'
)


def params(**given):
    return {
        "source": "volumecare",
        "volumecare_status": None,
        "volumecare_multicluster": False,
        "volumecare_program": "none-such",
        **given,
    }


@pytest.fixture
def program(tmp_path):
    """A program that says what words it was given, and ends as it is told."""
    path = tmp_path / "storpool_vcctl"
    path.write_text('#!/bin/sh\necho "$@"\nif [ "$2" != -M ]; then echo "no such mode" >&2; exit 3; fi\n')
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    "given", [pytest.param(TEXT, id="text"), pytest.param(json.loads(TEXT), id="a list, as templates make of it")]
)
def test_an_answer_that_is_given_needs_no_program(given):
    [backup] = answers.parse(volumecare.teller(params(volumecare_status=given))())[VM]
    assert backup.id == "1650637434.abcd.n"
    assert [(disk.volume, disk.snapshot) for disk in backup.disks] == [(VOLUME, "abcd.b.nqh")]


def test_without_one_the_program_is_asked(program):
    tell = volumecare.teller(params(volumecare_program=program, volumecare_multicluster=True))
    assert tell() == "status -M --json\n"


def test_a_program_that_fails_is_told_with_what_to_do(program):
    with pytest.raises(Failure, match=r"ended with 3: no such mode\. Run the task on a host .*volumecare_status"):
        volumecare.teller(params(volumecare_program=program))()
    with pytest.raises(NotFound, match="none-such"):
        volumecare.teller(params())()
