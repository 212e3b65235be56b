# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which client a host is, as StorPool's configuration files say it."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import client_names
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import conf_files

MAIN = b"""\
SP_OURID = 9
[kvm1]
SP_OURID=1
[kvm2.example.com]
SP_OURID=2
[kvm3]
SP_OURID=none
[kvm4]
SP_OURID=4096
[storage1]
SP_CLUSTER_ID=a.b
"""


def test_sections_with_an_id_are_hosts():
    assert client_names.by_name(conf_files.parse(MAIN)) == {"kvm1": 1, "kvm2.example.com": 2}


def test_a_later_file_has_the_last_word(tmp_path):
    etc = tmp_path / "etc"
    (etc / "storpool.conf.d").mkdir(parents=True)
    (etc / "storpool.conf").write_bytes(MAIN)
    (etc / "storpool.conf.d" / "more.conf").write_bytes(b"[kvm1]\nSP_OURID=11\n[kvm5]\nSP_OURID=5\n")
    known = client_names.known_here(lambda path: str(tmp_path) + path)
    assert known == {"kvm1": 11, "kvm2.example.com": 2, "kvm5": 5}


def test_a_file_that_cannot_be_read_says_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(conf_files, "MAIN", str(tmp_path / "storpool.conf"))
    monkeypatch.setattr(conf_files, "MORE", str(tmp_path / "none"))
    (tmp_path / "storpool.conf").write_bytes(b"[broken\n")
    assert client_names.known_here() == {}
    (tmp_path / "storpool.conf").write_bytes(MAIN)
    assert client_names.known_here() == {"kvm1": 1, "kvm2.example.com": 2}
