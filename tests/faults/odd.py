# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers as no server should give them: what a real one answered, made odd in one way. The change that was asked for has taken effect."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import requests

#: What may stand in the place of any value. The texts of the last are what no terminal may be sent.
VALUES: tuple[Any, ...] = (
    None,
    5,
    -1,
    10**30,
    10**14,
    1.5,
    float("nan"),
    True,
    "",
    "abc",
    "9" * 30,
    [],
    {},
    [{}],
    {"a": {"b": [1]}},
    [[]],
    "\x1b[2J\r\nok: [localhost] => (item=all)\u202e\x9b31m\udc80",
)
Path = tuple[Any, ...]


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Where there is something in a JSON value, the first entries of lists standing for the others."""
    yield at
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*at, key))
    elif isinstance(value, list):
        for index, each in enumerate(value[:2]):
            yield from paths(each, (*at, index))


def with_value(value: Any, at: Path, new: Any) -> Any:
    """The value with something else in one place."""
    if not at:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = new
    return changed


def without(value: Any, at: Path) -> Any:
    """The value with nothing in one place."""
    changed = copy.deepcopy(value)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    del inner[at[-1]]
    return changed


Odd = Callable[[bytes], bytes]


def _json(change: Callable[[Any], Any]) -> Odd:
    return lambda body: json.dumps(change(json.loads(body))).encode()


def _inner(change: Callable[[Any], Any]) -> Odd:
    """Change what is inside the envelope: StorPool's ``data``, CloudStack's ``...response``."""

    def changed(answer: Any) -> Any:
        key = "data" if "data" in answer else next(iter(answer))
        return {**answer, key: change(answer[key])}

    return _json(changed)


def _rows(change: Callable[[list[Any]], Any]) -> Odd:
    """Change the first list of objects that there is, if there is one."""

    def changed(inner: Any) -> Any:
        place = next((at for at in paths(inner) if _is_list(_at(inner, at))), None)
        return inner if place is None else with_value(inner, place, change(_at(inner, place)))

    return _inner(changed)


def _at(value: Any, at: Path) -> Any:
    for step in at:
        value = value[step]
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    """Another object of the same kind."""
    other = {"name": "another", "id": "another", "globalId": "zzz.z.9", "jobid": "another"}
    return {key: other.get(key, value) if isinstance(value, str) else value for key, value in row.items()}


ODD: dict[str, Odd] = {
    "nothing": lambda _body: b"",
    "null": lambda _body: b"null",
    "a number": lambda _body: b"5",
    "a list": lambda body: b"[" + body + b"]",
    "half": lambda body: body[: len(body) // 2],
    "twice": lambda body: body + body,
    "BOM": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "UTF-16 without BOM": lambda body: body.decode().encode("utf-16-le"),
    "Latin-1": lambda body: body[:-1] + b',"x":"\xe4"}',
    "deep": lambda _body: b'{"data":' * 5000 + b"1" + b"}" * 5000,
    "deep inside": lambda body: body[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NaN": _inner(lambda _inner: float("nan")),
    "a number without end": lambda body: body[:-1] + b',"x":' + b"9" * 100_000 + b"}",
    "data 5": _inner(lambda _inner: 5),
    "data null": _inner(lambda _inner: None),
    "data of another kind": _inner(lambda inner: [inner] if isinstance(inner, dict) else {"0": inner}),
    "data [{}]": _inner(lambda _inner: [{}]),
    "rows {}": _rows(lambda rows: [{} for _row in rows]),
    "rows null": _rows(lambda rows: [None, *rows]),
    "rows as texts": _rows(lambda rows: [json.dumps(row) for row in rows]),
    "another object": _rows(lambda rows: [_renamed(rows[0])]),
    "each row twice": _rows(lambda rows: rows + rows),
    "error 5": _json(
        lambda answer: (
            {"error": 5} if "data" in answer else {next(iter(answer)): {"errorcode": "abc", "errortext": "no"}}
        )
    ),
    "error null": _json(
        lambda answer: (
            {"error": None} if "data" in answer else {next(iter(answer)): {"errorcode": None, "errortext": 5}}
        )
    ),
    "error of nothing": _json(
        lambda answer: {"error": {}} if "data" in answer else {next(iter(answer)): {"errorcode": 530}}
    ),
    "error with lists": _json(
        lambda answer: (
            {"error": {"name": [], "descr": {}}}
            if "data" in answer
            else {next(iter(answer)): {"errorcode": [530], "errortext": ["a"]}}
        )
    ),
    "error with terminal commands": _json(
        lambda answer: (
            {"error": {"name": "busy", "descr": VALUES[-1]}}
            if "data" in answer
            else {next(iter(answer)): {"errorcode": 530, "errortext": VALUES[-1]}}
        )
    ),
}


def odd_answer(real: Any, change: Odd) -> Any:
    """An answer that came over a ``Line``, with its body changed."""
    return real._replace(content=_changed(bytes(real.content), change))


def odd_response(real: requests.Response, change: Odd) -> requests.Response:
    """An answer that came over ``requests``, with its body changed."""
    answer = requests.Response()
    answer.status_code, answer.url, answer.request = real.status_code, real.url, real.request
    answer.headers.update({key: value for key, value in real.headers.items() if key.lower() != "content-length"})
    answer._content = _changed(real.raw.read(decode_content=True), change)
    return answer


def _changed(body: bytes, change: Odd) -> bytes:
    try:
        return change(body)
    except (ValueError, LookupError, TypeError, AttributeError):
        return body  # it has no such part
