# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every documented example is run, and every module is held to what its documentation promises."""

from __future__ import annotations

import pytest

from contract import documented

NAMES = sorted(documented.modules())
TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "dict": dict, "list": list, "raw": object}
#: What Ansible itself puts into results.
OF_ANY_TASK = {"changed", "failed", "diff", "warnings", "invocation", "attempts"}


# The examples of a module run once: all tests that look at them are given to one worker.
@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in NAMES])
def ran(request, storpool_process, cloudstack_process, tmp_path_factory):
    """The module's name, and what its examples did."""
    storpool_process.reset()
    cloudstack_process.reset()
    directory = tmp_path_factory.mktemp("play")
    return request.param, documented.run_examples(request.param, storpool_process, cloudstack_process, directory)


def own(ran):
    """The examples that call the module itself."""
    name, examples = ran
    return [example for example in examples if documented.module_of(example["task"]) == name]


def test_there_are_examples(ran):
    assert own(ran)


def test_check_mode_writes_nothing_and_tells_what_apply_does(ran):
    assert documented.promises(ran[0], "check_mode")
    for example in own(ran):
        assert example["check"]["writes"] == []
        assert example["check"]["result"]["changed"] == example["apply"]["result"]["changed"], example["task"]
        assert example["check"]["result"].get("actions") == example["apply"]["result"].get("actions")


def test_check_mode_predicts_the_object(ran):
    for example in own(ran):
        assert_predicted(example["check"]["result"], example["apply"]["result"], example["task"]["name"])


def assert_predicted(predicted, actual, where):
    """What was predicted is what came; ``None`` stands for what only the API can know."""
    if isinstance(predicted, dict) and isinstance(actual, dict):
        assert predicted.keys() == actual.keys(), where
        for key in predicted.keys() - {"diff", "invocation"}:
            assert_predicted(predicted[key], actual[key], f"{where}: {key}")
    elif isinstance(predicted, list) and isinstance(actual, list):
        assert len(predicted) == len(actual), where
        for left, right in zip(predicted, actual, strict=True):
            assert_predicted(left, right, where)
    elif predicted is not None:
        assert predicted == actual, where


def test_what_is_changed_is_written_and_the_rest_is_not(ran):
    for example in own(ran):
        assert bool(example["apply"]["writes"]) == example["apply"]["result"]["changed"], example["task"]


def test_the_second_run_changes_and_writes_nothing(ran):
    if documented.promises(ran[0], "idempotent"):
        for example in own(ran):
            assert example["again"]["writes"] == [], example["task"]
            assert example["again"]["result"]["changed"] is False


def test_the_diff_shows_the_change(ran):
    if documented.promises(ran[0], "diff_mode"):
        for example in own(ran):
            for run in ("check", "apply", "again"):
                diff = example[run]["result"]["diff"]
                assert (diff["before"] != diff["after"]) == example[run]["result"]["changed"], example["task"]


def test_what_is_returned_is_what_is_documented(ran):
    documentation = documented.modules()[ran[0]]["return"]
    for example in own(ran):
        result = example["apply"]["result"]
        returned = {key: result[key] for key in result.keys() - OF_ANY_TASK}
        assert_documented(returned, documentation, example["task"]["name"])


def assert_documented(value, documentation, where):
    """Each key is documented with the type that it has, and each that is documented as returned always is there."""
    assert value.keys() <= documentation.keys(), where
    for key, described in documentation.items():
        here = f"{where}: {key}"
        if key not in value:
            assert described["returned"] != "success", here
            continue
        if value[key] is None:
            continue
        assert isinstance(value[key], TYPES[described["type"]]), here
        items = value[key] if described["type"] == "list" else [value[key]]
        if "contains" in described:
            for item in items:
                if item is not None:
                    assert_documented(item, described["contains"], here)
