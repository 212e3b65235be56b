# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that people make in tasks, made in every place of valid ones: the option is named by its path, nothing is sent, and there is no traceback."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.wire import Broken
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.backup import backup, rotation
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import kinds as bulk_kinds
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import steer as bulk
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import attachments as attach_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import volumes as info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import (
    attach_want,
    placement_group,
    revert,
    snapshot,
    template,
    volume,
)
from faults import runner

SPECS: dict[str, Any] = {
    "storpool_volume": volume.SPEC,
    "storpool_snapshot": snapshot.SPEC,
    "storpool_attach": attach_want.SPEC,
    "storpool_template": template.SPEC,
    "storpool_placement_group": placement_group.SPEC,
    "storpool_volume_revert": revert.SPEC,
    "storpool_volume_info": info.SPEC_VOLUMES,
    "storpool_snapshot_info": info.SPEC_SNAPSHOTS,
    "storpool_attach_info": attach_info.SPEC,
    "storpool_objects": bulk.SPEC,
    "storpool_backup": backup.SPEC,
    "storpool_snapshot_rotation": rotation.SPEC,
}
ITEMS = {kind.option: kind.spec for kind in bulk_kinds.KINDS}
POLICY = {
    "replication": 3,
    "place_all": "hdd",
    "place_tail": "ssd",
    "reuse_server": True,
    "iops": "500",
    "bw": "unlimited",
    "limit_type": "total",
}
VOLUME = {
    "name": "db-1",
    "previous_name": "db-0",
    "size": "10GiB",
    "template": "hybrid",
    "parent": "gold",
    "tags": {"a": "b"},
    "allow_shrink": False,
    "wait_timeout": 5,
    "state": "present",
    "on_attached": "fail",
    **POLICY,
}
SNAPSHOT = {
    "name": "db-1-a",
    "volume": "db-1",
    "bind": True,
    "delete_after": "7d",
    "template": "hybrid",
    "tags": {"a": "b"},
    "copy_volume_tags": False,
    "iops": "7",
}
MEMBERS = [{"volume": f"db-{n}", "name": f"db-{n}-m", "tags": {"n": "1"}} for n in range(3)]
ATTACHMENT = {"volume": "db-1", "clients": ["1", "2"], "rights": "rw", "state": "present", "exclusive": True}
TEMPLATE = {
    "name": "hybrid",
    "previous_name": "old",
    "size": "10GiB",
    "parent": "gold",
    "propagate": True,
    "for_cloudstack": False,
    **POLICY,
}
SERIES = {"series": "s", "name": "1", "volumes": ["db-*"], "match_tags": {"a": "b"}, "tags": {"a": "b"}}
KEEP = {"keep": {"last": 1, "weekly": 2}, "keep_at_least": 1}
#: Valid tasks, with as many options as go together.
TASKS: list[tuple[str, dict[str, Any]]] = [
    ("storpool_volume", VOLUME),
    ("storpool_snapshot", SNAPSHOT),
    ("storpool_snapshot", {"global_id": "a.b.1", "delete_at": "2100-01-01", "on_attached": "detach"}),
    ("storpool_snapshot", {"volumes": MEMBERS, "delete_after": "7d", "tags": {"a": "b"}}),
    ("storpool_snapshot", {"volumes": [*MEMBERS, {"volume": "x"}], "name": "{volume}-n"}),
    ("storpool_attach", {**ATTACHMENT, "attach_timeout": 3, "force": False, "wait": False}),
    (
        "storpool_attach",
        {"attachments": [ATTACHMENT, {"snapshot": "s", "clients": ["3"], "rights": "ro"}], "wait_timeout": 4},
    ),
    ("storpool_template", TEMPLATE),
    (
        "storpool_placement_group",
        {"name": "hdd", "previous_name": "old", "disks": [101, 102], "remove_disks": [103], "purge_disks": True},
    ),
    (
        "storpool_volume_revert",
        {
            "name": "db-1",
            "snapshot": "db-1-a",
            "safety_snapshot": "safe",
            "safety_delete_after": "1d",
            "revert_size": True,
        },
    ),
    ("storpool_backup", {**SERIES, **KEEP, "location": "far-away", "wait": True, "delete_after": "1d"}),
    ("storpool_snapshot_rotation", {**SERIES, **KEEP, "group": True}),
    (
        "storpool_volume_info",
        {
            "name": ["db-*", "log"],
            "global_id": ["a.b.1"],
            "tags": {"a": "b"},
            "template": "hybrid",
            "client": 1,
            "chain": True,
        },
    ),
    ("storpool_snapshot_info", {"volume": "db-1", "space": True}),
    ("storpool_attach_info", {"volume": "db-1", "clients": ["1", "2"]}),
    (
        "storpool_objects",
        {
            "set": "shop",
            "prune": True,
            "prune_max": 3,
            "concurrency": 1,
            "templates": [TEMPLATE],
            "volumes": [{"name": f"v-{n}", "size": "1GiB", "template": "hybrid"} for n in range(3)] + [VOLUME],
            "snapshots": [SNAPSHOT, {"volumes": MEMBERS, "bind": True}],
            "attachments": [ATTACHMENT, {"volume": "v-1", "clients": ["3"]}],
        },
    ),
]
IDS = [f"{module}-{number}" for number, (module, _task) in enumerate(TASKS)]
#: What stands in the place of a value, by the type that its option has. None of it is any value of that type.
WRONG: dict[str, list[Any]] = {
    "str": [["x", "y"], {"a": 1}, []],
    "int": ["many", "1.5", ["x"], {"a": 1}, ""],
    "bool": ["maybe", 7, ["x"], {"a": 1}, ""],
    "float": ["long", ["x"], ""],
    "dict": ["text", ["x"], 5, ""],
    "list": [{"a": 1}, True, "", [None], [""]],
}
#: Said of a template's options in a sentence of their own: there is no way to take them away.
SAYS_OTHERWISE = {"size", "parent"}


def places(value: Any, spec: Any, path: str = "", keys: tuple[Any, ...] = ()) -> Any:
    """Each option in a task: its path, the keys that lead to it, and its rule."""
    for option, each in value.items():
        rule = spec["argument_spec"].get(option) or spec["argument_spec"]["clients"]
        here = f"{path}.{option}" if path else option
        yield here, (*keys, option), rule
        inner = (
            dict(rule, argument_spec=rule["options"]) if "options" in rule else ITEMS.get(option) if not path else None
        )
        if inner and isinstance(each, dict):
            yield from places(each, inner, here, (*keys, option))
        for index, item in enumerate(each if inner and isinstance(each, list) else []):
            if isinstance(item, dict):
                yield from places(item, inner, f"{here}[{index}]", (*keys, option, index))


def changed(task: dict[str, Any], keys: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The task with another value at the end of the keys."""
    new = copy.deepcopy(task)
    inner = new
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return new


def misspelt(task: dict[str, Any], keys: tuple[Any, ...], name: str) -> dict[str, Any]:
    """The task with another name for the option that the keys lead to."""
    new = copy.deepcopy(task)
    inner = new
    for key in keys[:-1]:
        inner = inner[key]
    inner[name] = inner.pop(keys[-1])
    return new


class Nobody:
    """A wire on which nothing gets through. What was to be written is noted."""

    def __init__(self) -> None:
        self.writes: list[str] = []

    def send(self, _real: Any, _adapter: Any, request: Any, **_options: Any) -> Any:
        if request.method != "GET":
            self.writes.append(request.url)
        raise requests.exceptions.ConnectionError("nobody")

    def ask(self, _real: Any, line: Any, method: str, path: str, _body: Any, _seconds: float) -> Any:
        if method != "GET":
            self.writes.append(line.address + path)
        raise Broken(ConnectionError("nobody"), sent=True)


def run(module: str, task: dict[str, Any]) -> runner.Ended:
    wire = Nobody()
    connection = {
        "sp_api_http_host": "127.0.0.1",
        "sp_api_http_port": 1,
        "sp_auth_token": "t0ken-that-is-not-shown",
        "sp_api_retries": 0,
    }
    ended = runner.run(module, {**task, **connection}, wire)
    assert ended.escaped == ""
    assert "Traceback" not in ended.output
    assert "t0ken" not in ended.output
    assert wire.writes == []
    return ended


def refusal(module: str, task: dict[str, Any]) -> str:
    """The sentence with which a task is refused that is wrong in itself."""
    ended = run(module, task)
    assert ended.failed
    assert ended.result["error"]["kind"] == "invalid_option", ended.result["msg"]
    assert len(ended.result["msg"]) < 2500
    return str(ended.result["msg"])


@pytest.mark.parametrize(("module", "task"), TASKS, ids=IDS)
def test_the_tasks_are_valid(module, task):
    assert run(module, task).result["error"]["kind"] in ("reply_lost", "unreachable")


@pytest.mark.parametrize(("module", "task"), TASKS, ids=IDS)
def test_a_misspelt_option_is_named_with_the_one_that_is_meant(module, task):
    for path, keys, _rule in places(task, SPECS[module]):
        name = keys[-1]
        typo = name[:1] + name[2:] + name[1] if len(name) > 3 else name + "s"
        where = path[: -len(name)] + typo
        said = refusal(module, misspelt(task, keys, typo))
        assert f"{where}: there is no such option; " in said, said
        assert f"did you mean {name}?" in said or typo in ("bws",), said


@pytest.mark.parametrize(("module", "task"), TASKS, ids=IDS)
def test_a_value_of_a_wrong_type_is_told_with_its_path(module, task):
    for path, keys, rule in places(task, SPECS[module]):
        # Ansible takes a number for a list of one, and where that should be a dictionary it shows all options, the secret ones, too.
        numbers = (0, 1.5) if rule.get("elements") == "dict" else ()
        for wrong in (*WRONG[rule.get("type", "str")], *numbers):
            said = refusal(module, changed(task, keys, wrong))
            assert path in said, (wrong, said)


@pytest.mark.parametrize(("module", "task"), TASKS, ids=IDS)
@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_a_value_that_is_empty_is_called_empty(module, task, empty):
    for path, keys, rule in places(task, SPECS[module]):
        said = refusal(module, changed(task, keys, empty))
        if keys[-1] in SAYS_OTHERWISE and (module == "storpool_template" or keys[0] == "templates"):
            assert path in said
            assert "no way to take the" in said
        else:
            assert f"{path} is empty: the variable it comes from is empty or undefined" in said, (rule, said)


@pytest.mark.parametrize(("module", "task"), TASKS, ids=IDS)
def test_a_choice_that_is_none_is_told_with_its_path(module, task):
    for path, keys, rule in places(task, SPECS[module]):
        if "choices" in rule:
            for wrong in ("9", "presnt", "RO"):
                said = refusal(module, changed(task, keys, wrong))
                assert f"{path}: '{wrong}' is none of " in said


@pytest.mark.parametrize(("module", "task"), TASKS, ids=IDS)
def test_what_is_null_is_not_given(module, task):
    for _path, keys, _rule in places(task, SPECS[module]):
        ended = run(module, changed(task, keys, None))
        assert ended.failed
        assert ended.result["error"]["kind"] in ("invalid_option", "reply_lost", "unreachable")


ANY = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 10**20),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(
            [
                "1,2",
                "a,b",
                "{1..5}",
                "{5..1}",
                "x-{1..3}",
                "{volume}",
                "here",
                "all",
                "~a.b.1",
                "..",
                "10",
                "10GB",
                "\u00b2",
                "9" * 5000,
                "a=b",
                "{}",
                "[]",
                "0x10",
                "1e3",
                "never",
                "2030-13-01",
            ]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["name", "volume", "size"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize(("module", "task"), TASKS, ids=IDS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_given_there_is_no_traceback_and_a_refusal_names_an_option(module, task, data):
    path, keys, _rule = data.draw(st.sampled_from(list(places(task, SPECS[module]))))
    value = data.draw(ANY)
    ended = run(module, changed(task, keys, value))
    if not ended.failed:  # an empty list of attachments is nothing to do
        assert ended.result["actions"] == []
        return
    assert ended.result["error"]["kind"] in ("invalid_option", "reply_lost", "unreachable"), ended.result["msg"]
    if ended.result["error"]["kind"] == "invalid_option":
        options = {str(key) for key in keys} | {"name", "volume", "clients", "size", "tags", "snapshot"}
        assert any(option in ended.result["msg"] for option in options), (path, ended.result["msg"])
        assert len(ended.result["msg"]) < 2500
    json.dumps(ended.result)


@pytest.mark.parametrize(
    ("module", "task", "says"),
    [
        ("storpool_volume", {"name": "db", "sise": "1GiB"}, "sise: there is no such option; did you mean size?"),
        ("storpool_volume", {"name": "db", "size": 10}, "size: 10 without a unit is 10 bytes. Did you mean 10GiB?"),
        (
            "storpool_volume",
            {"name": "..", "state": "absent"},
            "name: '..' cannot be the name of a volume: calls carry names in their path",
        ),
        ("storpool_volume", {"name": "~a.b.1"}, "For its global id there is the option global_id."),
        ("storpool_volume", {"name": "web-{1..3}", "size": "1GiB"}, "only storpool_objects takes it"),
        (
            "storpool_snapshot",
            {"volumes": ["app-db", "app-log"]},
            "volumes[0]: nothing says what the snapshot of volume 'app-db' is called. Set name to a pattern",
        ),
        (
            "storpool_snapshot",
            {"volumes": ["app-db"], "name": "nightly"},
            "name: 'nightly' cannot be the name of all snapshots of the group. Write {volume} where",
        ),
        (
            "storpool_snapshot",
            {"volumes": ["~a.b.1"], "name": "{volume}-n"},
            "volumes[0]: volume ~a.b.1 has no name to call its snapshot by",
        ),
        (
            "storpool_attach",
            {"attachments": ["db-1", "db 2"], "client": 1},
            "attachments[1].volume: 'db 2' cannot be the name of a volume",
        ),
        ("storpool_attach", {"volume": "db-1", "state": "absent", "force": True}, "say clients: all if that is meant"),
        ("storpool_attach", {"volume": "db-1", "client": []}, "clients is empty"),
        (
            "storpool_attach",
            {"attachments": [{"volume": "a", "clients": [1]}, {"volume": "b", "snapshot": "c", "clients": [1]}]},
            "attachments[1]: parameters are mutually exclusive",
        ),
        ("storpool_volume", {"match_tags": {}}, "match_tags: it must name at least one tag"),
        ("storpool_volume_info", {"tags": {}}, "tags: it must name at least one tag"),
        ("storpool_objects", {"volumes": {"name": "x"}}, "volumes: it is a dictionary, and a list is meant"),
        ("storpool_objects", {"attachments": ["db-1"]}, "attachments[0]: it is 'db-1', and a dictionary is meant"),
        (
            "storpool_backup",
            {"series": "s", "name": "1", "keep": 3, "tags": 4},
            "keep: it is 3, and a dictionary is meant, such as {last: ...}. tags: it is 4, and",
        ),
        (
            "storpool_backup",
            {**SERIES, "keep": {"last": 10**30}},
            "keep.last: 1000000000000000000000000000000 is too much.",
        ),
        ("storpool_backup", {**SERIES, "keep": {"last": None}, "location": "x"}, "keep: it says of nothing how many"),
        (
            "storpool_objects",
            {"snapshots": [{"volumes": ["a"]}]},
            "snapshots[0].volumes[0]: nothing says what the snapshot of volume 'a' is called",
        ),
        (
            "storpool_objects",
            {"snapshots": [{"volumes": [{"volume": "a", "naem": "x"}]}]},
            "snapshots[0].volumes[0].naem: there is no such option; did you mean name? The item is 'a'.",
        ),
        (
            "storpool_objects",
            {"volumes": [{"name": "v-{5..1}"}]},
            "volumes[0].name: the range {5..1} counts down, and ranges count upwards. Write {1..5}.",
        ),
        (
            "storpool_objects",
            {"volumes": [{"size": "{1..4}GiB", "name": "v-{1..5}"}]},
            "size has {1..4} (4 numbers) and name has {1..5} (5 numbers). All ranges",
        ),
    ],
)
def test_each_mistake_has_its_sentence(module, task, says):
    assert says in refusal(module, task)


def test_a_name_stands_for_an_item():
    for task in (
        ("storpool_snapshot", {"volumes": ["app-db", "app-log"], "name": "{volume}-n"}),
        ("storpool_snapshot", {"volumes": "app-db, app-log", "name": "{volume}-n"}),
        ("storpool_attach", {"attachments": ["db-1", "db-2"], "client": 1}),
        (
            "storpool_objects",
            {
                "volumes": ["db-1", 17],
                "snapshots": ["s", {"volumes": ["a"], "name": "{volume}-n"}],
                "templates": "hybrid",
            },
        ),
    ):
        assert run(*task).result["error"]["kind"] in ("reply_lost", "unreachable")
