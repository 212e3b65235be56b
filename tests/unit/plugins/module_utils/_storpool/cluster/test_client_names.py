# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which clients hosts are, by StorPool's configuration files: what each host itself would see, and nothing that only could be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.client_names import by_name, known
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import conf_files


def written(root, **files):
    """Below ``root``, the main file (``main``) and others of the directory beside it; what reads them."""
    (root / "etc/storpool.conf.d").mkdir(parents=True)
    for name, text in files.items():
        path = "etc/storpool.conf" if name == "main" else f"etc/storpool.conf.d/{name}.conf"
        (root / path).write_text(text)
    return lambda: conf_files.every_section(lambda path: str(root) + path)


def test_every_section_with_an_id_is_a_host(tmp_path):
    read = written(
        tmp_path,
        main="SP_AUTH_TOKEN=1\n[kvm1]\nSP_OURID=1\n[kvm2]\nSP_OURID = 2\n[no-client]\nSP_NODE=1\n",
        more="[kvm3]\nSP_OURID=3\n[kvm2]\nSP_OURID=22\n",
    )
    assert by_name(read()) == {"kvm1": 1, "kvm2": 22, "kvm3": 3}


def test_an_id_above_all_sections_is_of_nobody_who_is_named(tmp_path):
    assert by_name(written(tmp_path, main="SP_OURID=7\n[kvm1]\nSP_NODE=1\n")()) == {}


def test_there_may_be_no_files(tmp_path):
    assert by_name(written(tmp_path)()) == {}


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["", "a", "b"]), st.one_of(st.none(), st.integers(1, 9)), max_size=3),
        max_size=3,
    )
)
def test_it_is_what_the_host_itself_sees(files):
    conf = [
        (
            f"file {number}",
            {
                name: {} if value is None else {"SP_OURID": conf_files.Value(str(value), 1)}
                for name, value in sections.items()
            },
        )
        for number, sections in enumerate(files)
    ]
    seen = {}
    for _path, sections in conf:
        for host in ("a", "b"):
            for name in ("", host):
                if "SP_OURID" in sections.get(name, {}):
                    seen[host] = int(sections[name]["SP_OURID"].text)
    own = {host for _path, sections in conf for host in ("a", "b") if sections.get(host)}
    assert by_name(conf) == {host: seen[host] for host in own}


@pytest.mark.parametrize("number", ["0", "4096", "x", "-1", "1.5", ""])
def test_an_id_that_cannot_be_one_is_told_with_its_place(tmp_path, number):
    read = written(tmp_path, main=f"[kvm1]\n\nSP_OURID={number}\n")
    with pytest.raises(NotConfigured, match=r"SP_OURID in /etc/storpool.conf, line 3 .* 'kvm1'"):
        by_name(read())


def test_what_is_given_comes_before_the_files(tmp_path):
    read = written(tmp_path, main="[kvm1]\nSP_OURID=1\n[kvm2]\nSP_OURID=2\n")
    assert known({"kvm2": "12", "id-3": 3}, "storpool_clients", pytest.fail, read) == {"kvm1": 1, "kvm2": 12, "id-3": 3}
    assert known(None, "storpool_clients", pytest.fail, read) == {"kvm1": 1, "kvm2": 2}


@pytest.mark.parametrize("content", ["[kvm1\n", "[kvm1]\nSP_OURID=none\n"])
def test_files_that_are_wrong_are_told_of_and_no_failure(tmp_path, content):
    told = []
    assert known({"kvm1": 1}, "storpool_clients", told.append, written(tmp_path, main=content)) == {"kvm1": 1}
    assert len(told) == 1
    assert "/etc/storpool.conf" in told[0]


@pytest.mark.parametrize("value", [0, 4096, "x", True, None, [1]])
def test_a_given_id_that_cannot_be_one_is_refused(value):
    with pytest.raises(InvalidOption, match=r"storpool_clients\.kvm1"):
        known({"kvm1": value}, "storpool_clients", pytest.fail, list)
