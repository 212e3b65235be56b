# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call of every module answered in a way that no server should: it is never a traceback, and after the next run all is as it should be."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults import matrix, odd, runner
from faults.matrix import Lost
from faults.runner import Wire
from faults.test_matrix import ON_CLOUDSTACK as EVERY
from faults.test_matrix import ON_STORPOOL

#: A long one makes the same calls as shorter ones, and takes long.
ON_CLOUDSTACK = [scenario for scenario in EVERY if not scenario.long]

#: What no terminal may be sent by a module.
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


#: What is answered with a file has no shape to look at: whoever wants to know whether it is the right one gives its checksum.
FILES = frozenset(["userdata"])
#: Where clusters are only this list says, and servers do in their own what names none that they know: a list of others is believed.
BELIEVED = frozenset([("LocationsList", "another object")])


@pytest.mark.parametrize("module", dict.fromkeys(scenario.module for scenario in ON_CLOUDSTACK))
def test_cloudstack(module, cloudstack):
    survives(cloudstack, [scenario for scenario in ON_CLOUDSTACK if scenario.module == module])


@pytest.mark.parametrize("module", dict.fromkeys(scenario.module for scenario in ON_STORPOOL))
def test_storpool(module, storpool):
    survives(storpool, [scenario for scenario in ON_STORPOOL if scenario.module == module])


def survives(world, scenarios):
    """The states of a module make the same calls, and each is tried in the first that makes it."""
    tried, lost = set(FILES), []
    for scenario in scenarios:
        clean = matrix.clean_run(world, scenario)
        for request in clean.requests:
            if request.call in tried:
                continue
            tried.add(request.call)
            for name, change in odd.ODD.items():
                if (request.call, name) in BELIEVED:
                    continue
                try:
                    outcome = one(world, scenario, clean, request, change)
                except Lost as error:
                    outcome = f"lost: {error}"
                if outcome.startswith("lost"):
                    lost.append(f"{scenario}, {request.method} {request.call}, {name}: {outcome}")
    assert not lost, f"{len(lost)} lost\n" + "\n".join(lost)


def one(world, scenario, clean, request, change):
    """What becomes of a task of whose calls ``request`` is answered oddly, and of the same task again."""
    world.begin(scenario)
    before = world.identities(world.state())
    task = matrix._task(world, scenario, before)
    ended = runner.run(scenario.module, task, Wire(odd=change, odd_at=request))
    check(world, scenario, ended)
    again = runner.run(scenario.module, task)
    check(world, scenario, again)
    return matrix._judge(world, scenario, clean, matrix.STORPOOL[0], before, task, ended, again)


def check(world, scenario, ended):
    # That there is no zone1 is what a list of other zones says.
    matrix._check_words(world, dataclasses.replace(scenario, names=("",)), ended)
    printed = json.dumps(ended.result, ensure_ascii=False)
    found = COMMANDS.search("".join(map(str, strings(ended.result))))
    if found:
        raise Lost(f"{found.group()!r} is shown: {printed!r}")


def strings(value):
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("scenario", ON_STORPOOL, ids=str)
def test_any_value_in_any_place_storpool(data, scenario, storpool):
    anything(storpool, scenario, data)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("scenario", ON_CLOUDSTACK, ids=str)
def test_any_value_in_any_place_cloudstack(data, scenario, cloudstack):
    anything(cloudstack, scenario, data)


def anything(world, scenario, data):
    """Somewhere in one of the answers is something else."""
    world.begin(scenario)
    task = matrix._task(world, scenario, world.identities(world.state()))
    index = data.draw(st.integers(0, 8))
    # Drawn before the answer is known: how often a job was asked for, and so which answer it is, differs from run to run.
    number, value = data.draw(st.integers(0, 999)), data.draw(st.sampled_from((*odd.VALUES, KeyError)))

    def change(body):
        answer = json.loads(body)
        places = list(odd.paths(answer))
        place = places[number % len(places)]
        if value is KeyError:
            return json.dumps(odd.without(answer, place)).encode() if place else b"{}"
        return json.dumps(odd.with_value(answer, place, value)).encode()

    ended = runner.run(scenario.module, task, Wire(odd=change, odd_at=index))
    if ended.escaped or not ended.result:
        raise AssertionError(ended.escaped or ended.output)
    check(world, scenario, ended)
