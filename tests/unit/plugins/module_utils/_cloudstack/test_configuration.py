# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings: the exact name, values as what they mean, the scope, and secrets that nobody sees."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack import configuration
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import setting_values
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.configuration import Current, look, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    InvalidOption,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import predicted
from ansible_collections.storpool.cloudstack.plugins.modules import cloudstack_configuration
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

TOKEN = "canary0123456789"
URL = f"storpool://{TOKEN}@10.1.2.3:81/hybrid"
OPTIONS = {
    "name": "a.setting",
    "value": None,
    "state": "present",
    "zone": None,
    "cluster": None,
    "storage_pool": None,
}


def want(**options):
    return configuration.want({**OPTIONS, **options})


def row(value, kind=None, name="a.setting", **fields):
    return {
        "name": name,
        "value": value,
        "isdynamic": True,
        "category": "Advanced",
        **({"type": kind} if kind else {}),
        **fields,
    }


def current(value, kind=None, version="4.19.1", everywhere=None, scope_id=None, **fields):
    return Current(parse(version), row(value, kind, **fields), everywhere, scope_id=scope_id)


@pytest.mark.parametrize(
    ("one", "other", "kind", "expected"),
    [
        ("true", "True", "Boolean", True),
        ("true", "false", "Boolean", False),
        ("600", "600.0", "Number", True),
        ("0.85", "0.850", "Decimal", True),
        ("1000", "1e3", "Decimal", True),
        ("0.85", "0.86", "Decimal", False),
        ("0.9", "0.900", "Range", True),
        ("0.9", "0.91", "Range", False),
        ("1-10", "1-9", "Range", False),
        ("1.10", "1.1", "String", False),
        ("true", "True", "String", False),
        ("a,b", "b,a", "CSV", False),
        (None, "", "String", True),
        (None, "0", "Number", False),
        ("TRUE", "true", None, True),
        ("86400", "86400.0", None, True),
        ("abc", "ABC", None, False),
        ("nan", "NaN", None, False),
        ("true", "1", None, False),
    ],
)
def test_values_are_compared_as_what_they_mean(one, other, kind, expected):
    assert setting_values.same(one, other, kind) is expected
    assert setting_values.same(other, one, kind) is expected


@given(st.text(), st.sampled_from([None, "Boolean", "Number", "Decimal", "String"]))
def test_a_value_is_the_same_as_itself(text, kind):
    assert setting_values.same(text, text, kind)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (600, "600"), (0.85, "0.85"), (1e-7, "0.0000001"), ("True", "True"), ("", "")],
)
def test_values_become_texts(value, text):
    assert want(value=value).value == text


@pytest.mark.parametrize("value", [["a"], {"a": 1}])
def test_lists_are_no_values(value):
    with pytest.raises(InvalidOption, match="texts with commas"):
        want(value=value)


@pytest.mark.parametrize(
    ("options", "has", "sent", "dynamic"),
    [
        ({"value": True}, ("false", "Boolean"), "true", True),
        ({"value": "TRUE"}, ("false", "Boolean"), "true", True),
        ({"value": "TRUE"}, ("false", None), "true", True),
        ({"value": "600.0"}, ("3600", "Number"), "600", False),
        ({"value": "ms1,ms2"}, (None, "String"), "ms1,ms2", True),
        ({"value": ""}, ("ms1", "String"), "", True),
        ({"value": ""}, ("3600", "Number"), "", True),
    ],
)
def test_a_value_is_sent(options, has, sent, dynamic):
    planned = plan(current(*has, isdynamic=dynamic), want(**options))
    [step] = planned.steps
    assert (step.call, step.body) == ("updateConfiguration", {"name": "a.setting", "value": sent})
    assert planned.after["value"] == (sent or None)
    assert ("restarted" in step.action) is not dynamic
    shown = configuration.show(predicted(planned))
    assert (shown["restart_needed"], shown["configuration"]["restart_needed"]) == (not dynamic, not dynamic)


def test_what_means_the_same_is_left():
    planned = plan(current("0.850", "Decimal", isdynamic=False), want(value=0.85))
    assert planned.steps == ()
    assert planned.after["value"] == "0.850"
    assert configuration.show(predicted(planned))["restart_needed"] is False


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("Boolean", "maybe", "either true or false"),
        ("Boolean", 1, "either true"),
        ("Number", "1.5", "whole number"),
        ("Decimal", "x", "number"),
    ],
)
def test_another_type_is_refused(kind, value, words):
    with pytest.raises(InvalidOption, match=words):
        plan(current("1", kind), want(value=value))


def test_the_default():
    planned = plan(current("600", "Number", defaultvalue="3600"), want(state="default"))
    assert [(step.call, step.body) for step in planned.steps] == [("resetConfiguration", {"name": "a.setting"})]
    assert planned.after["value"] == "3600"
    assert plan(current("3600.0", "Number", defaultvalue="3600"), want(state="default")).steps == ()
    assert plan(current(None, "String"), want(state="default")).steps == ()
    with pytest.raises(InvalidOption, match=r"4\.17\.2 does not tell.*4\.18\.0\. Give the value"):
        plan(current("600", version="4.17.2"), want(state="default"))


def test_the_default_in_a_scope_is_the_value_of_the_whole_cloud():
    wanted = want(state="default", cluster="c")
    there = {"everywhere": row("5"), "scope_id": "c-1", "scope": "cluster"}
    [step] = plan(current("7", "Number", **there), wanted).steps
    assert step.body == {"name": "a.setting", "clusterid": "c-1"}
    assert plan(current("5", "Number", **there), wanted).steps == ()


@pytest.mark.parametrize(
    ("option", "parameter"), [("zone", "zoneid"), ("cluster", "clusterid"), ("storage_pool", "storageid")]
)
def test_a_scope_goes_with_the_call(option, parameter):
    planned = plan(current("1", scope_id="i-1"), want(value="2", **{option: "it"}))
    assert planned.steps[0].body == {"name": "a.setting", "value": "2", parameter: "i-1"}
    assert (planned.after["scope"], planned.after["scope_name"]) == (option, "it")
    assert "'it'" in planned.steps[0].action


@pytest.mark.parametrize("scope", [None, "storagepool", "StoragePool", "zone, storagepool"])
def test_newer_versions_list_several_scopes(scope):
    fields = {"scope": scope} if scope else {}
    assert plan(current("1", scope_id="p", **fields), want(value="2", storage_pool="sp")).steps


def test_a_value_that_would_be_set_somewhere_else_is_not_set():
    with pytest.raises(InvalidOption, match="it would be set there"):
        plan(current("1", scope_id="p", scope="global"), want(value="2", storage_pool="sp"))


POOLS = [{"id": "hybrid;1", "name": "sp"}, {"id": "ssd;2", "name": "twice"}, {"id": "ssd;3", "name": "twice"}]


def cloud(*rows, scoped=()):
    def settings(params):
        known = scoped if set(params) - {"name"} else rows
        return [each for each in known if params["name"] in each["name"]]

    return FakeApi(
        lists={"listConfigurations": settings, "listStoragePools": POOLS, "listZones": [{"id": "z-1", "name": "zone1"}]}
    )


def test_a_name_is_matched_whole():
    api = cloud(row("1", name="host"), row("2", name="ping.host"), row("3", name="host.stats"))
    seen = look(api.reader(), want(name="host", value="x"))
    assert seen.row["value"] == "1"
    assert api.calls == ["listCapabilities", "listConfigurations"]
    with pytest.raises(
        NotFound, match=r"has no setting 'stats'\. Did you mean 'host\.stats'\? CloudStack has host\.stats\."
    ):
        plan(look(api.reader(), want(name="stats", value="x")), want(name="stats", value="x"))
    with pytest.raises(NotFound, match=r"no setting 'HOST'\. Settings of the StorPool driver"):
        plan(look(api.reader(), want(name="HOST", value="x")), want(name="HOST", value="x"))


def test_what_a_setting_is_for_is_found_by_name_or_id():
    wanted = want(value="1", storage_pool="sp")
    seen = look(cloud(scoped=[row("0")]).reader(), wanted)
    assert (seen.scope_id, seen.row["value"]) == ("hybrid;1", "0")
    assert look(cloud(scoped=[row("0")]).reader(), want(value="1", storage_pool="ssd;3")).scope_id == "ssd;3"
    with pytest.raises(Ambiguous, match=r"2 have the name 'twice'.*ssd;2 and ssd;3"):
        look(cloud().reader(), want(value="1", storage_pool="twice"))
    with pytest.raises(NotFound, match=r"zone: there is no zone 'nope' with that name or id\. CloudStack has "):
        look(cloud().reader(), want(value="1", zone="nope"))


def test_a_setting_without_that_scope_is_told():
    wanted = want(value="1", zone="zone1")
    with pytest.raises(InvalidOption, match="cannot be given for a zone"):
        plan(look(cloud(row("0")).reader(), wanted), wanted)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sp.alternative.endpoint", "", True),
        ("sp.cluster.endpoint", "x", True),
        ("ldap.bind.password", "x", True),
        ("secstorage.session.key", "x", True),
        ("any.name", f"SP_API_HTTP=h:81;SP_AUTH_TOKEN={TOKEN};SP_TEMPLATE=x", True),
        ("any.name", URL, True),
        ("integration.apikey", "x", True),
        ("integration.apiToken.text", "x", True),
        ("ca.keys", "x", True),
        ("secstorage.proxy", "http://user:word@10.1.1.1:3128", True),
        ("secstorage.proxy", "http://10.1.1.1:3128/a@b", False),
        ("sp.cluster.id", "a.b", False),
        ("keyboard.layout", "de", False),
        ("storpool.volumes.stats.interval", "600", False),
    ],
)
def test_what_is_a_secret(name, value, expected):
    assert setting_values.holds_secret(name, value) is expected


def test_secrets_are_not_shown():
    name = "sp.alternative.endpoint"
    old = URL.replace(TOKEN, "oldcanary987654")
    planned = plan(current(old, "String", name=name), want(name=name, value=URL))
    shown = json.dumps([planned.before, planned.after, planned.steps[0].action])
    assert "canary" not in shown
    assert planned.before != planned.after
    assert planned.steps[0].body["value"] == URL
    assert plan(current(URL, "String", name=name), want(name=name, value=URL)).after["value"] == "***"
    cleared = plan(current(URL, "String", name=name), want(name=name, value=""))
    assert (cleared.after["value"], cleared.steps[0].action) == (None, f"clear setting {name!r}")


def test_the_texts_of_a_secret():
    assert set(setting_values.secrets_in(URL)) == {URL, TOKEN}
    assert set(setting_values.secrets_in("-----BEGIN\nAbC=\n", None, "")) == {
        "-----BEGIN\nAbC=\n",
        "-----BEGIN",
        "AbC=",
    }
    assert setting_values.secrets_in("true", "False", None) == []
    assert setting_values.without_token(f"x;SP_AUTH_TOKEN={TOKEN};y") == "x;SP_AUTH_TOKEN=***;y"


@pytest.mark.parametrize("wrong", [{}, {"no_such_option": 1}, {"api_url": "nowhere"}])
def test_a_module_neither_logs_nor_returns_a_secret(wrong, monkeypatch, capsys):
    logged = []
    monkeypatch.setattr(AnsibleModule, "log", lambda self, msg, log_args=None: logged.append((msg, log_args)))
    options = {
        "name": "sp.alternative.endpoint",
        "value": URL,
        "api_url": "http://127.0.0.1:1/",
        "api_key": "k",
        "api_secret": "s",
    }
    with patch_module_args({**options, "api_retries": 0, **wrong}), pytest.raises(SystemExit):
        cloudstack_configuration.main()
    printed = capsys.readouterr().out
    assert json.loads(printed)["failed"]
    assert "storage_pool" in printed  # what the task was, too, is in it
    assert TOKEN not in printed + repr(logged)
    assert logged or "no_such_option" in wrong


@pytest.mark.parametrize("options", [{"state": "default", "value": "1"}, {"value": "1", "name": " a"}])
def test_options_are_checked(options):
    with pytest.raises(InvalidOption):
        want(**options)
