# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts as clients, from the sections of StorPool's configuration files below a root of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import steer as bulk
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.hosts import Hosts
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import conf_files
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import attachments as attach_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import volumes as info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import attach_want
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.attach import ATTACHMENTS
from unit.plugins.module_utils._storpool.in_process import Cluster, options

CONF = """\
SP_OURID=4000
SP_AUTH_TOKEN=secret
[kvm1]
SP_OURID=1
[kvm2.dc1.example.com]
SP_OURID = 2
[storage1]
SP_NODE_NON_VOTING=1
[kvm3]
SP_OURID=three
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Where the files are, for all that reads them."""
    monkeypatch.setattr(conf_files, "MAIN", str(tmp_path / "storpool.conf"))
    monkeypatch.setattr(conf_files, "MORE", str(tmp_path / "storpool.conf.d"))
    monkeypatch.delenv("SP_OURID", raising=False)
    (tmp_path / "storpool.conf.d").mkdir()
    (tmp_path / "storpool.conf").write_text(CONF)
    return tmp_path


def test_a_host_is_the_client_that_its_section_says(root):
    hosts = Hosts()
    assert [hosts.client(name, "clients") for name in ("kvm1", " kvm2.dc1.example.com ", "17", "4095")] == [
        1,
        2,
        17,
        4095,
    ]
    (root / "storpool.conf.d/10.conf").write_text("SP_OURID=9\n[kvm1]\nSP_OURID=11\n")
    (root / "storpool.conf.d/20.conf").write_text("[kvm1]\nSP_OURID=21\n[kvm4]\nSP_OURID=4\n")
    assert Hosts().client("kvm1", "clients") == 21
    assert Hosts().client("kvm4", "clients") == 4
    assert hosts.client("kvm1", "clients") == 1  # read once


def test_numbers_need_no_files(root):
    def unreadable():
        raise AssertionError

    assert Hosts(unreadable).client("7", "clients") == 7
    for number in ("0", "4096", "99999999999999999999"):
        with pytest.raises(
            InvalidOption, match=f"clients: '{number}' is no client. The ids are numbers from 1 to 4095"
        ):
            Hosts(unreadable).client(number, "clients")
    with pytest.raises(InvalidOption, match="client is empty"):
        Hosts(unreadable).client(" ", "client")


def test_an_unknown_name_is_told_with_those_that_are_known_the_nearest_first(root):
    with pytest.raises(InvalidOption) as refused:
        Hosts().client("KVM-1", "clients")
    assert refused.value.message == (
        "clients: 'KVM-1' is no client. StorPool's configuration files on the host that runs the task name kvm1, kvm3 and kvm2.dc1.example.com. "
        "Numbers and 'here' are taken, too."
    )
    sections = {f"kvm{number:03}": (str(number), "") for number in range(1, 201)}
    with pytest.raises(InvalidOption, match=r"name kvm017, (kvm[0-9]{3}, ){8}kvm[0-9]{3} and 190 more\. Numbers"):
        Hosts(lambda: sections).client("kvm17", "clients")
    with pytest.raises(
        InvalidOption, match=r"'kvm17' is no client\. Give numbers .* sections with SP_OURID .*, and there is none"
    ):
        Hosts(dict).client("kvm17", "clients")


def test_a_section_that_says_no_id_is_named_with_its_place(root):
    with pytest.raises(
        NotConfigured, match=r"clients: SP_OURID in .*/storpool.conf, line 10, is 'three', which cannot be the id"
    ):
        Hosts().client("kvm3", "clients")


def test_files_that_are_wrong_are_named(root):
    (root / "storpool.conf").write_text("[kvm1] # rack 2\n")
    with pytest.raises(
        NotConfigured, match=r"clients: 'kvm1' is no number, .* StorPool's configuration file .* is wrong in line 1"
    ):
        Hosts().client("kvm1", "clients")


@given(st.dictionaries(st.sampled_from(["kvm1", "kvm2", "a-b.c", "x"]), st.integers(1, 4095), min_size=1))
def test_every_section_is_found(ids):
    hosts = Hosts(lambda: {name: (str(number), "") for name, number in ids.items()})
    assert {name: hosts.client(name, "clients") for name in ids} == ids


def test_modules_take_names(root):
    cluster = Cluster()
    cluster.post("VolumeTemplateCreate", {"name": "hybrid", "placeAll": "hdd", "replication": 3})
    for name in ("a", "b"):
        cluster.create(name, template="hybrid")
    assert cluster.settled(ATTACHMENTS, volume="a", clients=["kvm1", "2"]).changed
    assert cluster.writes[0][2]["reassign"][0]["rw"] == [1, 2]
    assert not cluster.settled(ATTACHMENTS, volume="a", clients=["kvm2.dc1.example.com", "1"], exclusive=True).changed
    item = {"volume": "b", "clients": ["kvm1"]}
    rows, _warnings = bulk.run(cluster, lambda: cluster.apply, 0, options(bulk.SPEC, {"attachments": [item]}))
    assert [(row["client"], row["rights"]) for row in rows[0]["after"]] == [(1, "rw")]
    found = attach_info.read(Reader(cluster), options(attach_info.SPEC, {"client": "kvm2.dc1.example.com"}))
    assert [(row["name"], row["client"]) for row in found["attachments"]] == [("a", 2)]
    found = info.volumes(Reader(cluster), options(info.SPEC_VOLUMES, {"client": "kvm1"}))
    assert [row["name"] for row in found["volumes"]] == ["a", "b"]
    cluster.forget()
    for task in ({"volume": "a", "clients": ["kvm9"]}, {"attachments": [{"volume": "a", "clients": ["kvm9"]}]}):
        with pytest.raises(InvalidOption, match="clients: 'kvm9' is no client"):
            attach_want.want(options(ATTACHMENTS.spec, task))
    with pytest.raises(InvalidOption, match=r"attachments\[0\]\.clients: 'kvm9' is no client"):
        bulk.run(
            cluster,
            lambda: cluster.apply,
            0,
            options(bulk.SPEC, {"attachments": [{"volume": "a", "clients": ["kvm9"]}]}),
        )
    assert cluster.writes == []


def test_here_may_have_blanks_around_it(root):
    assert attach_want.want(options(ATTACHMENTS.spec, {"volume": "a", "clients": [" here "]})).items[0].clients == (
        4000,
    )
