# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which clients hosts are: those that a task is given, and those that StorPool's configuration files on this machine name."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.hosts import by_section, known
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import conf_files


def written(root, **files):
    """Below ``root``, the main file (``main``) and others of the directory beside it; what reads them."""
    (root / "etc/storpool.conf.d").mkdir(parents=True)
    for name, text in files.items():
        path = "etc/storpool.conf" if name == "main" else f"etc/storpool.conf.d/{name}.conf"
        (root / path).write_text(text)
    return lambda: by_section(lambda: conf_files.every_section(lambda path: str(root) + path))


def test_every_section_with_an_id_is_a_host_and_the_later_one_counts(tmp_path):
    read = written(
        tmp_path,
        main="SP_AUTH_TOKEN=1\n[kvm1]\nSP_OURID=1\n[kvm2]\nSP_OURID = 2\n[no-client]\nSP_NODE=1\n",
        more="SP_OURID=7\n[kvm3]\nSP_OURID=3\n[kvm2]\nSP_OURID=22\n",
    )
    assert known(None, "storpool_clients", pytest.fail, read) == {"kvm1": 1, "kvm2": 22, "kvm3": 3}


def test_there_may_be_no_files(tmp_path):
    assert known(None, "storpool_clients", pytest.fail, written(tmp_path)) == {}


@pytest.mark.parametrize("number", ["0", "4096", "x", "-1", "1.5", ""])
def test_an_id_that_cannot_be_one_is_told_with_its_place_and_the_others_are_known(tmp_path, number):
    told = []
    read = written(tmp_path, main=f"[kvm1]\n\nSP_OURID={number}\n[kvm2]\nSP_OURID=2\n")
    assert known(None, "storpool_clients", told.append, read) == {"kvm2": 2}
    assert len(told) == 1
    assert "SP_OURID in /etc/storpool.conf, line 3" in told[0]
    assert "'kvm1'" in told[0]


def test_what_is_given_comes_before_the_files(tmp_path):
    read = written(tmp_path, main="[kvm1]\nSP_OURID=1\n[kvm2]\nSP_OURID=2\n")
    assert known({"kvm2": "12", "id-3": 3}, "storpool_clients", pytest.fail, read) == {"kvm1": 1, "kvm2": 12, "id-3": 3}
    assert known(None, "storpool_clients", pytest.fail, read) == {"kvm1": 1, "kvm2": 2}


@pytest.mark.parametrize("content", ["[kvm1\n", "[kvm2]\nSP_OURID=none\n"])
def test_files_that_are_wrong_are_told_of_and_no_failure(tmp_path, content):
    told = []
    assert known({"kvm1": 1}, "storpool_clients", told.append, written(tmp_path, main=content)) == {"kvm1": 1}
    assert len(told) == 1
    assert "/etc/storpool.conf" in told[0]


@pytest.mark.parametrize("value", [0, 4096, "x", True, None, [1]])
def test_a_given_id_that_cannot_be_one_is_refused(value):
    with pytest.raises(InvalidOption, match=r"storpool_clients\.kvm1"):
        known({"kvm1": value}, "storpool_clients", pytest.fail, dict)
