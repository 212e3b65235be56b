# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers without bounds: refused for every option of every module, by name, before anything is done."""

from __future__ import annotations

import importlib
import json
import math
import re
from pathlib import Path
from unittest import mock

import pytest
from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleFallbackNotFound
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.storpool.cloudstack.plugins.module_utils._common import address, numbers, seconds
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import items as bulk_items
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import volume

PACKAGE = "ansible_collections.storpool.cloudstack.plugins.modules"
MODULES = sorted(path.stem for path in (Path(__file__).parents[5] / "plugins/modules").glob("[!_]*.py"))
#: In Ansible's words about what was put in the place of such a number, or in ours.
REFUSED = "which is too much|is no whole number|is none of"
INFINITY, NAN = float("inf"), float("nan")
BOUNDLESS = [INFINITY, -INFINITY, NAN, "inf", "Infinity", "nan", "1e999999999", "-1e400", 1e300, 10**30]


def specification(name):
    """The specification that a module makes its ``AnsibleModule`` with."""

    def caught(self, argument_spec, **_more):
        raise Caught(argument_spec)

    with mock.patch.object(basic.AnsibleModule, "__init__", caught), pytest.raises(Caught) as call:
        importlib.import_module(f"{PACKAGE}.{name}").main()
    return call.value.spec


class Caught(Exception):
    def __init__(self, spec):
        super().__init__()
        self.spec = spec


def options(kind):
    """Module and name of each option of a type."""
    return [
        (name, option) for name in MODULES for option, rule in specification(name).items() if rule.get("type") == kind
    ]


def required(name):
    """Something for each option that a module cannot do without, which it asks for first."""
    things = {"str": "a", "path": "/a", "list": ["a"], "dict": {}, "bool": True, "int": 1}
    return {
        option: rule.get("choices", [things[rule["type"]]])[0]
        for option, rule in specification(name).items()
        if rule.get("required")
    }


def run(name, given, capsys):
    """What a module says that ends before it does anything."""
    arguments = to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
    with (
        mock.patch.object(basic, "_ANSIBLE_ARGS", arguments),
        mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True),
        pytest.raises(SystemExit),
    ):
        importlib.import_module(f"{PACKAGE}.{name}").main()
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("value", [INFINITY, "nan", "1e999999999"])
@pytest.mark.parametrize(("name", "option"), options("int"))
def test_a_number_without_bounds_is_refused_by_the_name_of_its_option(name, option, value, capsys):
    result = run(name, required(name) | {option: value}, capsys)
    assert result["failed"]
    assert option in result["msg"]
    assert re.search(REFUSED, result["msg"])


def test_there_are_such_options():
    found = options("int")
    assert ("storpool_volume", "sp_api_retries") in found
    assert ("cloudstack_driver_build", "timeout") in found
    assert ("cloudstack_management_server", "wait_timeout") in found
    # Whoever adds another that need not be whole has it checked by seconds.seconds, as these are.
    assert {option for _module, option in options("float")} == {"sp_api_timeout", "api_timeout", "copy_timeout"}


@pytest.mark.parametrize("value", BOUNDLESS)
def test_ansible_refuses_what_is_made_of_them(value):
    kind = "int"
    spec = {
        "wait_timeout": {"type": kind, "aliases": ["timeout"]},
        "many": {"type": "list", "elements": kind},
        "items": {"type": "list", "elements": "dict", "options": {"one": {"type": kind}}},
        "free": {"type": "raw"},
        "text": {"type": "str"},
        "seconds": {"type": "float"},
    }
    for given in ({"wait_timeout": value}, {"timeout": value}, {"many": [1, value]}, {"items": [{"one": value}]}):
        checked = ArgumentSpecValidator(spec).validate(numbers.bounded(spec, given))
        assert "which is too much" in checked.error_messages[0]
    for given in ({"free": value}, {"text": str(value)}, {"seconds": value}, {"unknown": value}):
        assert numbers.bounded(spec, given) == given


@pytest.mark.parametrize("value", [[2**63, None, None], (0, (1,), 10**9), {"a": 1}, []])
def test_what_is_no_number_at_all_is_refused_as_such(value):
    checked = ArgumentSpecValidator({"a": {"type": "int"}}).validate(
        numbers.bounded({"a": {"type": "int"}}, {"a": value})
    )
    assert "which is no number" in checked.error_messages[0]


@pytest.mark.parametrize("value", [0, -1, 5, "5", 1.5, "1e10", 10**17, None, True, "many"])
def test_what_has_bounds_is_left_to_others(value):
    assert numbers.bounded({"a": {"type": "int"}}, {"a": value}) == {"a": value}


def test_an_item_of_a_list_of_objects_is_no_exception():
    with pytest.raises(InvalidOption, match=r"^volumes\[0\].*wait_timeout.*" + f"({REFUSED})"):
        bulk_items.items("volumes", [{"name": "a", "wait_timeout": INFINITY}], volume.SPEC)


def test_a_variable_that_is_no_number_is_named(monkeypatch):
    for text in ("5", " 5 ", "1.5"):
        monkeypatch.setenv("SP_API_HTTP_PORT", text)
        assert numbers.env_number("SP_API_HTTP_PORT") == text
    for text in ("81x", "inf", "nan", "1e999999999"):
        monkeypatch.setenv("SP_API_HTTP_PORT", text)
        assert numbers.env_number("SP_API_HTTP_PORT") == f"{text} (the environment variable SP_API_HTTP_PORT)"
    monkeypatch.setenv("SP_API_HTTP_PORT", "")
    with pytest.raises(AnsibleFallbackNotFound):
        numbers.env_number("SP_API_HTTP_PORT")


def test_a_variable_that_is_no_time_is_named(monkeypatch):
    for text, value in (("60", "60"), ("nan", "nan"), ("inf", "inf")):
        monkeypatch.setenv("CLOUDSTACK_TIMEOUT", text)
        assert numbers.env_seconds("CLOUDSTACK_TIMEOUT") == value
    for text in ("soon", " "):
        monkeypatch.setenv("CLOUDSTACK_TIMEOUT", text)
        assert math.isnan(numbers.env_seconds("CLOUDSTACK_TIMEOUT"))
    monkeypatch.setenv("CLOUDSTACK_TIMEOUT", "soon")
    source = address.source("api_timeout", "CLOUDSTACK_TIMEOUT", numbers.env_seconds("CLOUDSTACK_TIMEOUT"))
    assert source == "api_timeout (the environment variable CLOUDSTACK_TIMEOUT)"
    monkeypatch.delenv("CLOUDSTACK_TIMEOUT")
    with pytest.raises(AnsibleFallbackNotFound):
        numbers.env_seconds("CLOUDSTACK_TIMEOUT")


@pytest.mark.parametrize("value", [0, -1, -0.001, NAN, INFINITY, -INFINITY, 86400.001, 1e10, 10**400])
def test_what_is_no_time_is_refused(value):
    with pytest.raises(InvalidOption, match=r"^api_timeout is .*: give a number of seconds above 0, at most 86400\.$"):
        seconds.seconds(value, "api_timeout")


@pytest.mark.parametrize("value", [1, 0.1, 86400])
def test_times(value):
    assert seconds.seconds(value, "api_timeout") == float(value)
