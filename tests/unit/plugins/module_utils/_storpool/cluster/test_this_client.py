# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine that runs the task: its client id and its device links, below a root of the test's own."""

from __future__ import annotations

import functools
import platform

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import NotConfigured, NotConverged
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import this_client
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import config


class Clock:
    """Time that passes by sleeping only; ``at`` does something when a time has come."""

    def __init__(self, at=None):
        self.now = 100.0
        self.at = at or {}

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert 0 < seconds <= 1
        self.now += seconds
        for when in [when for when in self.at if when <= self.now - 100.0]:
            self.at.pop(when)()


def link(root, path):
    """A link as StorPool makes them: to a device beside its directory."""
    (root / "dev" / "storpool").mkdir(parents=True, exist_ok=True)
    (root / "dev" / "sp-1").touch()
    (root / path.lstrip("/")).symlink_to("../sp-1")


def wait(root, links, seconds, clock):
    this_client.wait_for_links(links, seconds, root=str(root), clock=clock, sleep=clock.sleep)


def test_links_that_are_there_are_not_waited_for(tmp_path):
    clock = Clock()
    link(tmp_path, "/dev/storpool/db-1")
    wait(tmp_path, ["/dev/storpool/db-1"], 60, clock)
    wait(tmp_path, [], 60, clock)
    assert clock.now == 100.0


def test_links_that_come_later_are_waited_for(tmp_path):
    clock = Clock({5: lambda: link(tmp_path, "/dev/storpool/db-1"), 7: lambda: link(tmp_path, "/dev/storpool/db-2")})
    wait(tmp_path, ["/dev/storpool/db-1", "/dev/storpool/db-2"], 60, clock)
    assert 107.0 <= clock.now < 108.0


def test_the_wait_ends_and_says_what_is_missing(tmp_path):
    clock = Clock()
    link(tmp_path, "/dev/storpool/db-3")
    with pytest.raises(NotConverged, match="but /dev/storpool/db-1 did not appear within 3 s"):
        wait(tmp_path, ["/dev/storpool/db-1", "/dev/storpool/db-3"], 3, clock)
    assert 103.0 <= clock.now < 104.0


def test_a_link_to_nothing_is_no_device(tmp_path):
    link(tmp_path, "/dev/storpool/db-1")
    (tmp_path / "dev" / "sp-1").unlink()
    with pytest.raises(NotConverged, match="/dev/storpool/db-1"):
        wait(tmp_path, ["/dev/storpool/db-1"], 3, Clock())


def test_the_id_is_taken_from_the_environment_then_from_the_files():
    assert this_client.client_id(lambda: {"SP_OURID": "12"}, {"SP_OURID": "13"}) == 13
    assert this_client.client_id(lambda: {"SP_OURID": "12"}, {}) == 12
    assert this_client.client_id(dict, {}) is None


def test_the_id_may_stand_in_the_section_of_the_host(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "storpool.conf").write_text(
        f"SP_AUTH_TOKEN=1\n[other]\nSP_OURID=1\n[{platform.node()}]\nSP_OURID=7\n"
    )
    assert this_client.required_client_id(lambda: config.read_files(lambda path: f"{tmp_path}{path}"), {}) == 7


@pytest.mark.parametrize("value", ["0", "4096", "-1", "x", "1.5", " ", "٣", "²", "9" * 5000])
def test_an_id_that_cannot_be_one_is_refused(value):
    with pytest.raises(NotConfigured, match="cannot be the id of a StorPool client"):
        this_client.client_id(lambda: {"SP_OURID": value}, {})


def test_a_wrong_id_names_where_it_comes_from(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/storpool.conf").write_text(f"SP_OURID=1\n[{platform.node()}]\nSP_OURID=seven\n")
    files = functools.partial(config.read_files, lambda path: f"{tmp_path}{path}")
    with pytest.raises(NotConfigured, match=r"^On this host, SP_OURID in /etc/storpool\.conf, line 3 is 'seven'"):
        this_client.required_client_id(files, {})
    with pytest.raises(NotConfigured, match=r"^On this host, the environment variable SP_OURID is 'eight'"):
        this_client.required_client_id(files, {"SP_OURID": "eight"})


def test_a_machine_without_an_id_is_told_where_to_set_it():
    with pytest.raises(NotConfigured, match="Set SP_OURID in /etc/storpool"):
        this_client.required_client_id(dict, {})


def test_the_files_that_do_not_say_the_id_are_named(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/storpool.conf").write_text("[another]\nSP_OURID=1\n")
    with pytest.raises(NotConfigured, match=r"client id: SP_OURID is not in /etc/storpool\.conf\. Set SP_OURID"):
        this_client.required_client_id(lambda: config.read_files(lambda path: f"{tmp_path}{path}"), {})
