# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulators' kit: switches, faults and journal, without a server."""

from __future__ import annotations

import pytest

from simulators.kit import Call, Switch, Switches
from simulators.kit.faults import Faults, normalized
from simulators.kit.journal import Journal

SWITCHES = (
    Switch("mode", "a", ("a", "b"), "one of two"),
    Switch("code", 401, (401, 200), "a number of two"),
    Switch("seconds", 1.0, None, "any number"),
    Switch("flag", True, (True, False), "yes or no"),
)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"mode": "c"}, "switch mode: 'c' is not one of 'a', 'b'"),
        ({"flag": 1}, "switch flag: 1 is not one of True, False"),
        ({"code": True}, "switch code: True is not one of 401, 200"),
        ({"seconds": "1"}, "switch seconds: '1' is not of type float"),
        ({"seconds": -1}, "switch seconds: -1 is negative"),
        ({"mode": "b", "nope": 1}, "there is no switch 'nope'; there are code, flag, mode, seconds"),
    ],
)
def test_bad_switches_set_nothing(values, sentence):
    switches = Switches(SWITCHES)
    with pytest.raises(ValueError, match="^" + sentence):
        switches.set(values)
    assert dict(switches) == {"mode": "a", "code": 401, "seconds": 1.0, "flag": True}


def test_switches_are_set_described_and_reset():
    switches = Switches(SWITCHES)
    switches.set({"mode": "b", "seconds": 3})
    assert switches.describe()["mode"] == {"value": "b", "default": "a", "choices": ["a", "b"], "help": "one of two"}
    switches.reset()
    assert (switches["mode"], switches["seconds"]) == ("a", 1.0)


def call(name="VolumeCreate", target=None, method="POST"):
    return Call(method, name, f"/ctrl/1.0/{name}", target, write=method == "POST")


def fault(**given):
    return normalized({"call": "*", "kind": "delay", **given}, lambda spec: spec)


def test_a_fault_skips_strikes_and_is_gone():
    faults = Faults()
    faults.add([fault(call="VolumeCreate", skip=1, times=2)])
    assert [faults.take(call()) is not None for _time in range(4)] == [False, True, True, False]
    assert faults.describe() == []


@pytest.mark.parametrize(
    ("given", "strikes"),
    [
        ({"call": "VolumeCreate"}, True),
        ({"call": "VolumeUpdate"}, False),
        ({"method": "GET"}, False),
        ({"target": "a"}, True),
        ({"target": "b"}, False),
    ],
)
def test_a_fault_strikes_what_it_names(given, strikes):
    faults = Faults()
    faults.add([fault(**given)])
    assert (faults.take(call(target="a")) is not None) is strikes


def test_the_first_fault_that_does_not_skip_strikes_and_null_is_for_ever():
    faults = Faults()
    faults.add([fault(skip=1, seconds=1), fault(seconds=2, times=None)])
    assert [faults.take(call())["seconds"] for _time in range(4)] == [2, 1, 2, 2]


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "explode"},
        {"call": None},
        {"method": "PUT"},
        {"skip": -1},
        {"times": 0},
        {"kind": "delay", "seconds": -1},
        {"kind": "http_error", "status": 200},
        {"kind": "rival"},
        {"kind": "rival", "requests": []},
    ],
)
def test_senseless_faults_are_refused(given):
    with pytest.raises(ValueError, match=r"\w+ "):
        fault(**given)


def test_defaults_of_faults_are_filled_in():
    assert fault(kind="http_error") == {
        "call": "*",
        "kind": "http_error",
        "method": None,
        "target": None,
        "skip": 0,
        "times": 1,
        "status": 500,
        "html": True,
    }


def test_the_journal_counts_what_it_returns():
    journal = Journal()
    for name, method, effect in (("VolumesList", "GET", False), ("VolumeCreate", "POST", True)):
        journal.open(call(name, method=method)).update(outcome="ok", effect=effect)
    journal.open(call("VolumeDelete"), rival=True)
    report = journal.report()
    assert [report[key] for key in ("calls", "writes", "effects")] == [3, 2, 1]
    assert [entry["n"] for entry in report["entries"]] == [1, 2, 3]
    assert (report["entries"][2]["rival"], report["entries"][2]["outcome"]) == (True, "pending")
    assert journal.report(since=2)["calls"] == 1
    journal.clear()
    journal.open(call())
    assert [entry["n"] for entry in journal.report()["entries"]] == [4]
    journal.reset()
    journal.open(call())
    assert [entry["n"] for entry in journal.report()["entries"]] == [1]
