# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters make of hosts, of texts that are not ours, of many problems, and of names that nothing asks for."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.filter.as_variables import as_variables
from ansible_collections.storpool.cloudstack.plugins.filter.plain_text import plain_text
from ansible_collections.storpool.cloudstack.plugins.filter.problem_lines import problem_lines
from ansible_collections.storpool.cloudstack.plugins.filter.reason_lines import reason_lines
from ansible_collections.storpool.cloudstack.plugins.filter.unknown_variables import unknown_variables
from ansible_collections.storpool.cloudstack.plugins.filter.url_host import url_host

KNOWN = ["driver_src", "driver_any_version", "driver_url", "primary_storage_capacity", "verify_strict"]
OWN = ["primary_storage_"]


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("fd00::10", "[fd00::10]"),
        ("::1", "[::1]"),
        ("fe80::1%eth0", "[fe80::1%25eth0]"),
        ("::ffff:10.0.0.1", "[::ffff:10.0.0.1]"),
        ("[fd00::10]", "[fd00::10]"),
        ("10.0.0.1", "10.0.0.1"),
        ("mgmt1.example.com", "mgmt1.example.com"),
        ("mgmt1", "mgmt1"),
    ],
)
def test_a_host_in_a_url(host, written):
    assert url_host(host) == written


@given(st.ip_addresses(v=6))
def test_every_address_of_version_6_is_in_brackets(address):
    assert url_host(address) == f"[{address}]" == url_host(url_host(address))


def test_what_a_terminal_would_obey_is_replaced():
    assert plain_text("a\x1b[32mok\x9b\u202e\ud800") == "a?[32mok???"
    assert plain_text("one\r\nok: [localhost]\u2028") == "one  ok: [localhost] "
    assert plain_text({"k\x07": ["\x00", 5, None, True, ("ü", "ż")]}) == {"k?": ["?", 5, None, True, ["ü", "ż"]]}


@given(st.text())
def test_nothing_unseen_is_left_of_any_text(text):
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(character) for character in plain_text(text)}
    assert len(plain_text(text)) == len(text)


def test_a_problem_of_many_hosts_is_one_line():
    none = {"code": "no_driver", "message": "There is\nno driver."}
    assert problem_lines({"a": [none], "b": ["Other.", none], "c": ["There is no driver."]}) == [
        "a, b and c: There is no driver. [no_driver]",
        "b: Other.",
    ]
    assert problem_lines({"a": [none]}, named=False) == ["There is no driver. [no_driver]"]
    many = {f"h{number}": ["x\x1by"] for number in range(40)}
    assert problem_lines(many) == ["h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 and 30 more: x?y"]


def test_many_that_failed_are_one_line_for_each_reason():
    rows = [{"name": f"db-{n}", "msg": f"VM 'db-{n}' has no backup."} for n in range(5)]
    rows += [
        {"name": "up", "msg": None},
        {"item": {"name": "web"}, "msg": "No room."},
        {"item": "sp", "msg": "No room."},
    ]
    assert reason_lines(rows) == [
        "db-0, db-1, db-2 and 2 more alike: VM 'db-0' has no backup.",
        "web and sp: No room.",
    ]
    assert reason_lines(rows, most=1)[1:] == ["and 2 more for other reasons."]


def test_nothing_is_shown_of_what_a_loop_was_over_but_its_name():
    rows = [
        {"item": {"sp_api_http_host": "10.1.1.1", "sp_auth_token": "secret"}, "msg": "No room."},
        {"item": {"name": "db", "token": "secret"}, "msg": "No way."},
        {"item": "sp", "msg": "No room."},
        {"item": None, "msg": "x" * 9_000},
    ]
    told = reason_lines(rows)
    assert told[:2] == ["sp: No room.", "db: No way."]
    assert "secret" not in str(told)
    assert len(told[2]) < 700


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Set stop_vm to let it.", "Set restore_vm_stop to let it."),
        ("It is too old (stop_vm, max_age).", "It is too old (restore_vm_stop, restore_vm_max_age)."),
        ("Set stop_vm.", "Set restore_vm_stop."),
        ("onto: CloudStack has no VM 'x'.", "restore_vm_onto: CloudStack has no VM 'x'."),
        ("disks[0].from: no disk.", "restore_vm_disks[0].from: no disk."),
        ("Go onto the VM 'stop_vm-1' and 'max_age'.", "Go onto the VM 'stop_vm-1' and 'max_age'."),
        ("stop_vm-1: restore_vm_stop, my.stop_vm, stop_vm.x", "stop_vm-1: restore_vm_stop, my.stop_vm, stop_vm.x"),
    ],
)
def test_options_of_a_module_become_variables_of_a_playbook(said, told):
    names = {
        "stop_vm": "restore_vm_stop",
        "max_age": "restore_vm_max_age",
        "onto": "restore_vm_onto",
        "disks": "restore_vm_disks",
    }
    assert as_variables(said, names) == told
    assert as_variables(told, names) == told
    assert as_variables(said, {}) == said


def test_of_many_reasons_those_are_one_that_differ_in_quoted_names():
    rows = [{"name": f"db-{n}", "msg": f"It lacks StorPool's {word!r}."} for n, word in enumerate("abcdefghijkl")]
    assert reason_lines(rows) == ["db-0, db-1, db-2 and 9 more alike: It lacks StorPool's 'a'."]
    assert len(reason_lines(rows[:3])) == 3


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("driver_scr", "driver_src"),
        ("driver_ulr", "driver_url"),
        ("verify_strct", "verify_strict"),
        ("primary_storge_capacity", "primary_storage_capacity"),
        ("primary_storage_capcity", "primary_storage_capacity"),
    ],
)
def test_a_misspelt_variable_is_told_with_what_was_meant(name, meant):
    assert unknown_variables([name, *KNOWN], KNOWN, OWN) == [
        {"code": "unknown_variable", "message": f"There is no variable {name}. Did you mean {meant}?"}
    ]


def test_a_variable_of_somebody_else_is_left_alone():
    assert unknown_variables(["driver_version", "verify_ssl", "primary_zone", *KNOWN], KNOWN, OWN) == []


def test_a_name_that_only_we_can_mean_is_told_whatever_it_is():
    told = unknown_variables(["primary_storage_size"], KNOWN, OWN)
    assert told[0]["message"] == "There is no variable primary_storage_size. Nothing asks for it."
