# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every documented example is run, every module is held to what its documentation promises, and no secret gets out."""

from __future__ import annotations

import pytest

from contract import documented, secrets
from simulators.client import start

NAMES = sorted(documented.modules())
TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "dict": dict, "list": list, "raw": object}
#: What Ansible itself puts into results.
OF_ANY_TASK = {"changed", "failed", "diff", "warnings", "invocation", "attempts"}


@pytest.fixture(scope="module")
def simulators(tmp_path_factory):
    """Both simulators, with secrets that stand nowhere else. The machine that runs the tests has devices."""
    data, devices = (tmp_path_factory.mktemp(name) for name in ("data", "devices"))
    with (
        start(
            "storpool",
            token=secrets.TOKEN,
            cluster_id="abc.b",
            clients="1,2,3",
            disks=9,
            data=data,
            devices=[f"{documented.THIS_CLIENT}={devices}"],
        ) as storpool,
        start(
            "cloudstack",
            api_key=secrets.KEY,
            secret_key=secrets.SECRET,
            version="4.19.1",
            storpool_url=storpool.url,
            storpool_token=secrets.TOKEN,
        ) as cloudstack,
    ):
        yield storpool, cloudstack


# The examples of a module run once: all tests that look at them are given to one worker.
@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in NAMES])
def ran(request, simulators, tmp_path_factory):
    """What the examples of a module did."""
    for simulator in simulators:
        simulator.reset()
    return documented.run_examples(request.param, *simulators, tmp_path_factory.mktemp("play"))


def test_there_are_examples(ran):
    assert ran.own()


def test_check_mode_writes_nothing_and_tells_what_apply_does(ran):
    assert documented.promises(ran.module, "check_mode")
    for example in ran.own():
        assert example["check"]["writes"] == []
        assert example["check"]["result"]["changed"] == example["apply"]["result"]["changed"], example["task"]
        assert example["check"]["result"].get("actions") == example["apply"]["result"].get("actions")


def test_check_mode_predicts_the_object(ran):
    for example in ran.own():
        assert_predicted(example["check"]["result"], example["apply"]["result"], example["task"]["name"])


def assert_predicted(predicted, actual, where):
    """What was predicted is what came; ``None`` stands for what only the API can know."""
    if isinstance(predicted, dict) and isinstance(actual, dict):
        # Whether a revert gives a volume another id is for the API alone to say; and what is there is older a moment later, and a copy complete.
        assert predicted.keys() - {"current_global_id"} == actual.keys() - {"current_global_id"}, where
        moments = {"current_global_id", "age", "complete", "recovering_from_remote"}
        for key in predicted.keys() - {"diff", "invocation"} - moments:
            assert_predicted(predicted[key], actual[key], f"{where}: {key}")
    elif isinstance(predicted, list) and isinstance(actual, list):
        assert len(predicted) == len(actual), where
        for left, right in zip(predicted, actual, strict=True):
            assert_predicted(left, right, where)
    elif predicted is not None:
        assert predicted == actual, where


def test_what_is_changed_is_written_and_the_rest_is_not(ran):
    for example in ran.own():
        assert bool(example["apply"]["writes"]) == example["apply"]["result"]["changed"], example["task"]


def test_the_second_run_changes_and_writes_nothing(ran):
    if documented.promises(ran.module, "idempotent"):
        for example in ran.own():
            assert example["again"]["writes"] == [], example["task"]
            assert example["again"]["result"]["changed"] is False


def test_the_diff_shows_the_change(ran):
    if documented.promises(ran.module, "diff_mode"):
        for example in ran.own():
            for run in ("check", "apply", "again"):
                diff = example[run]["result"]["diff"]
                assert (diff["before"] != diff["after"]) == example[run]["result"]["changed"], example["task"]


def test_what_is_returned_is_what_is_documented(ran):
    documentation = documented.modules()[ran.module]["return"]
    for example in ran.own():
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


def test_no_secret_is_shown(ran):
    if documented.has_connection(ran.module):
        assert "does not accept" in ran.shown["output"]  # the wrong secret was really tried
        assert f"AnsiballZ_{ran.module}" in ran.shown["process list"]  # and the process list was really seen
    assert secrets.leaks(ran.shown) == {}
