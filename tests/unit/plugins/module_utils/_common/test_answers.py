# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON that is JSON, and rows that have what they have to have."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import shapes as cloudstack
from ansible_collections.storpool.cloudstack.plugins.module_utils._common import answers
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import BadAnswer
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import shapes as storpool

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
)


@given(VALUES)
def test_what_is_json_is_read_as_it_was_written(value):
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        return
    body = text.encode()
    assert answers.decode(body) == value
    assert answers.decode(b"\xef\xbb\xbf" + body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"[1, Infinity]",
        b'{"a": -Infinity}',
        b"\xff\xfe{\x00}\x00",
        b"{\x00}\x00",
        b'"\xe4"',
        b"[" * 100_000,
        b"[" * 50_000 + b"]" * 50_000,
        b"9" * 100_000,
        b"-" + b"1" * 5000,
        b'{"a":' * 2000 + b'"\\ud800"' + b"}" * 2000,
    ],
)
def test_all_else_is_refused(body):
    with pytest.raises(ValueError, match=r"\S"):
        answers.decode(body)


def test_an_answer_of_more_parts_than_memory_has_room_for_is_refused(monkeypatch):
    monkeypatch.setattr(answers, "MOST_PARTS", 1000)
    assert len(answers.decode(b"[" + b"1," * 900 + b"1]")) == 901
    for body in (b"[" + b"1," * 1000 + b"1]", b"[" * 600 + b"]" * 600 + b"," * 500):
        with pytest.raises(ValueError, match="parts"):
            answers.decode(body)


def test_halves_of_characters_are_replaced():
    assert answers.decode(b'{"a\\uD800": ["\\udfff", "\\ud83d\\ude00"]}') == {"a\ufffd": ["\ufffd", "\U0001f600"]}


UTILITIES = Path(storpool.__file__).parents[2]


@pytest.mark.parametrize(
    ("product", "pattern", "known"),
    [
        ("_storpool", r"_api\.(?:get|find)\(\s*\"(\w+)\"", storpool.SHAPES),
        ("_cloudstack", r"(?:\.rows|_of_everyone)\(\s*\"(\w+)\"", cloudstack.ROWS),
        ("_cloudstack", r"_api\.read\(\s*\"(\w+)\"", cloudstack.OBJECTS),
    ],
)
def test_every_call_that_reads_has_a_shape(product, pattern, known):
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((UTILITIES / product).rglob("*.py")))
    calls = set(re.findall(pattern, code))
    assert len(calls) > 3
    assert not calls - set(known)


def refused(check, *args):
    """The failure of a check; ``None`` if it accepts."""
    try:
        check(*args)
    except BadAnswer as error:
        return error
    return None


@given(st.sampled_from(sorted(storpool.SHAPES)), VALUES)
def test_any_value_is_data_of_a_call_or_a_bad_answer(call, value):
    failure = refused(storpool.refuse_odd, call, value, "10.1.1.1:81", f"GET {call}")
    assert failure is None or (failure.call == f"GET {call}" and "10.1.1.1:81" in failure.message)


@given(
    st.sampled_from(sorted(cloudstack.ROWS)),
    VALUES,
    st.dictionaries(st.sampled_from(["id", "zoneid"]), st.text(max_size=3)),
)
def test_any_value_is_rows_of_a_command_or_a_bad_answer(command, value, params):
    failure = refused(cloudstack.rows_of, command, "key", {"key": value}, params, "http://cloud/client/api")
    assert failure is None or "http://cloud/client/api" in failure.message


VOLUME = {"name": "db-1", "globalId": "a.b.1", "size": 512}
REVERTED = {"name": "db-1", "globalId": "a.b.7", "preservedGlobalId": "a.b.1", "size": 512}
UNNAMED = {"name": "~a.b.1", "globalId": "a.b.7", "size": 512}
SNAPSHOT = {"name": "*~a.b.1", "globalId": "a.b.1", "size": 512, "deleted": True}


@pytest.mark.parametrize(
    ("call", "target", "row"),
    [
        ("Volume", "db-1", VOLUME),
        ("Volume", "~a.b.1", VOLUME),
        ("Volume", "~a.b.1", REVERTED),
        ("Volume", "~a.b.7", REVERTED),
        ("Volume", "db-1", REVERTED),
        ("Volume", "~a.b.1", UNNAMED),
        ("Volume", "~a.b.7", UNNAMED),
        ("Snapshot", "~a.b.1", SNAPSHOT),
        ("Snapshot", "old", {**SNAPSHOT, "name": "*old"}),
        ("Snapshot", "db-1@7", {**VOLUME, "name": "db-1@7"}),
    ],
)
def test_what_was_asked_for_is_accepted_by_each_of_its_names(call, target, row):
    storpool.refuse_odd(call, [row], "h:81", f"GET {call}/{target}")
    storpool.refuse_other(call, target, [row], "h:81", f"GET {call}/{target}")


@pytest.mark.parametrize(
    ("call", "target", "data"),
    [
        ("Volume", "db-1", [{**VOLUME, "name": "db-2"}]),
        ("Volume", "db", [VOLUME]),
        ("Volume", "~a.b.2", [VOLUME]),
        ("Volume", "~a.b.3", [REVERTED]),
        ("Volume", "a.b.1", [VOLUME]),
        ("Volume", "db-1", [VOLUME, VOLUME]),
        ("Volume", "db-1", [{**VOLUME, "name": "*db-1"}]),
        ("Snapshot", "s", [{**SNAPSHOT, "name": "t"}]),
        ("VolumeTemplateDescribe", "hybrid", {"name": "ssd"}),
    ],
)
def test_another_object_than_the_one_that_was_asked_for_is_a_bad_answer(call, target, data):
    storpool.refuse_odd(call, data, "h:81", f"GET {call}/{target}")
    with pytest.raises(BadAnswer, match="something else than what was asked for") as failure:
        storpool.refuse_other(call, target, data, "h:81", f"GET {call}/{target}")
    assert failure.value.call == f"GET {call}/{target}"


ROW = {"id": "v-1", "name": "data", "storageid": "p-1", "zoneid": "z-1"}


@pytest.mark.parametrize(
    ("command", "params", "row"),
    [
        ("listVolumes", {"storageid": "p-2"}, ROW),
        ("listSnapshots", {"zoneid": "z-2"}, ROW),
        ("listHosts", {"zoneid": "z-2"}, ROW),
        ("listStoragePools", {"id": "p-2"}, {**ROW, "state": "Up"}),
        ("listResourceDetails", {"resourceid": "o-2"}, {"key": "a", "resourceid": "o-1"}),
    ],
)
def test_rows_of_something_else_are_a_bad_answer(command, params, row):
    with pytest.raises(BadAnswer, match="something else than what was asked for"):
        cloudstack.rows_of(command, "key", {"key": [row]}, params, "u")
    own = {parameter: row[parameter] for parameter in params}
    assert cloudstack.rows_of(command, "key", {"key": [row]}, own, "u") == [row]


def test_the_end_of_another_job_is_a_bad_answer():
    done = {"jobid": "j-1", "jobstatus": 1, "jobresult": {"storagepool": {"id": "p-1"}}}
    cloudstack.refuse_other_job("enableStorageMaintenance", {"id": "p-1"}, "j-1", done)
    for params, job in (({"id": "p-1"}, "j-2"), ({"id": "p-2"}, "j-1")):
        with pytest.raises(BadAnswer):
            cloudstack.refuse_other_job("enableStorageMaintenance", params, job, done)


def test_of_a_body_that_is_read_its_beginning_is_left():
    body = bytearray(json.dumps(["x" * 5000]).encode())
    begun = bytes(body[: answers.MOST_LEFT])
    assert answers.decode(body) == ["x" * 5000]
    assert bytes(body) == begun


@given(st.lists(st.dictionaries(st.sampled_from(["globalId", "name", "tags", "placeAll", "flags", "iops"]), VALUES)))
def test_rows_that_are_made_smaller_say_the_same(rows):
    try:
        body = json.dumps({"data": rows}, allow_nan=False).encode()
    except ValueError:
        return
    smaller = answers.decode(body, storpool.sparing("VolumesList"))["data"]
    plain = answers.decode(body)["data"]
    for row in plain:
        if "globalId" in row:
            row.pop("flags", None)
    assert repr(smaller) == repr(plain)
    assert storpool.sparing("Volume") is None


def test_what_is_equal_in_many_rows_is_there_once():
    rows = [{"globalId": f"a.b.{number}", "placeAll": "hdd" * 9, "tags": {"a": "b"}} for number in range(3)]
    one, two, three = answers.decode(json.dumps(rows).encode(), storpool.sparing("SnapshotsList"))
    assert one["tags"] is two["tags"] is three["tags"]
    assert one["placeAll"] is two["placeAll"] is three["placeAll"]
