# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task gives its options, and in which words a mistake in it is told: always with the option's path, such as ``volumes[3].size``.

Ansible finds the same mistakes, but does not say in which item of a list one is, and makes a text of a list where a text is wanted.
"""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.parsing.convert_bool import BOOLEANS

from .errors import InvalidOption
from .numbers import WHOLE, is_too_much
from .words import listing, nearest, quoted

Spec = t.Mapping[str, t.Any]

RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
_NAMES = ("name", "volume", "snapshot", "global_id")
_OPTION_FIRST = re.compile(r"([a-z_]+)(?=[:.\[]| is empty:| is \S+:)")


def refuse_empty(value: t.Any, option: str) -> None:
    """Raise :class:`InvalidOption` for a text with nothing in it. Few people write one; it is what a template makes of a variable that is empty."""
    if is_empty(value):
        raise InvalidOption(empty(option))


def is_empty(value: t.Any) -> bool:
    """Whether a value is a text with nothing in it."""
    return isinstance(value, str) and not value.strip()


def empty(option: str) -> str:
    """What to say of an option that is empty."""
    return f"{option} is empty: the variable it comes from is empty or undefined. Give it a value, or leave the option out."


def located(where: str, message: str, options: t.Container[str]) -> str:
    """A sentence about an item, with the path of the option that it begins with: ``volumes[3].size: ...``; else ``volumes[3]: ...``."""
    match = _OPTION_FIRST.match(message)
    return f"{where}.{message}" if match and match.group(1) in options else f"{where}: {message}"


def as_meant(given: t.Mapping[str, t.Any], spec: Spec) -> t.Dict[str, t.Any]:
    """The options as they are meant, in the same way for items of lists, and for options of options.

    What is null is not given; Ansible counts it where one of several options is required, or no two may be given. Options that there are not stay, to be
    told. Plain names in place of items are
    written as items where the ``plain_names`` of the specification says of which option: ``[db-1]`` as ``[{name: db-1}]``.
    """
    plain = spec.get("plain_names", {})
    known = {
        *spec["argument_spec"],
        *(alias for rule in spec["argument_spec"].values() for alias in rule.get("aliases", ())),
    }
    meant = {
        option: _items(value, plain.get(option))
        for option, value in given.items()
        if value is not None or option not in known
    }
    for option, value in meant.items():
        inner = spec["argument_spec"].get(option, {}).get("options")
        if inner and isinstance(value, list):
            meant[option] = [
                as_meant(each, {"argument_spec": inner}) if isinstance(each, dict) else each for each in value
            ]
        elif inner and isinstance(value, dict):
            meant[option] = as_meant(value, {"argument_spec": inner})
    return meant


def mistakes(given: t.Mapping[str, t.Any], spec: Spec, where: str = "", together: bool = False) -> t.List[str]:
    """What is wrong with these options, each mistake in a sentence. ``where`` is the item that they are of; without it, they are a module's.

    What options have to be given together, or not together, is Ansible's to say. It is repeated with the place only for items, and if ``together``.
    """
    options = spec["argument_spec"]
    aliases = {alias: option for option, rule in options.items() for alias in rule.get("aliases", ())}
    told: t.List[str] = []
    for option, value in given.items():
        path = f"{where}.{option}" if where else str(option)
        if str(option).startswith("_ansible_") and not where:
            continue
        name = aliases.get(option, option)
        if name not in options:
            told.append(_unknown(str(option), path, options, _called(given) if where else ""))
        elif value is not None:
            told += _wrong(value, options[name], path, together)
    if where and together and not told:
        checked = ArgumentSpecValidator(dict(options), **{rule: spec[rule] for rule in RULES if rule in spec}).validate(
            dict(given)
        )
        told += [located(where, message, ()) for message in checked.error_messages]
    return told


def _unknown(option: str, path: str, options: Spec, called: str) -> str:
    close = nearest(option, [name for name in options if not name.startswith("_")])
    every = sorted(name for name in options if not name.startswith("_"))
    which = f"did you mean {close}?" if close else f"there are {listing(every, most=100)}."
    return f"{path}: there is no such option; {which}{called}"


def _called(item: t.Mapping[str, t.Any]) -> str:
    """By which name an item that is spoken of can be found in the task."""
    name = next((item[key] for key in _NAMES if isinstance(item.get(key), str)), None)
    return f" The item is {quoted(name)}." if name else ""


def _wrong(value: t.Any, rule: Spec, path: str, together: bool) -> t.List[str]:
    kind = rule.get("type", "str")
    if kind == "raw":
        return []  # anything, for the module to look at
    if is_empty(value) and (kind != "str" or "choices" in rule):
        return [empty(path)]
    if kind == "list":
        return _wrong_list(value, rule, path, together)
    if kind == "dict":
        return _wrong_dict(value, rule, path, together)
    shown = "what is given" if rule.get("no_log") else quoted(value)
    if isinstance(value, (list, tuple, dict, set)):
        what = "a dictionary" if isinstance(value, dict) else "a list"
        return [f"{path}: {shown} is {what}, and one value is meant."]
    if kind == "bool" and not (value in BOOLEANS or str(value).strip().lower() in BOOLEANS):
        return [f"{path}: {shown} is neither true nor false."]
    choices = [str(choice) for choice in rule.get("choices", ())]
    if kind in ("int", "float") and not choices and not _is_number(value, kind):
        return [f"{path}: {shown} is no {'whole ' if kind == 'int' else ''}number."]
    if kind == WHOLE and not choices and is_too_much(value):
        return [f"{path}: {shown} is too much."]
    if choices and (str(int(float(value))) if kind == "int" and _is_number(value, kind) else str(value)) not in choices:
        close = nearest(str(value), choices)
        return [f"{path}: {shown} is none of {listing(choices)}.{f' Did you mean {close}?' if close else ''}"]
    return []


def _wrong_list(value: t.Any, rule: Spec, path: str, together: bool) -> t.List[str]:
    if isinstance(value, dict):
        return [f"{path}: it is a dictionary, and a list is meant. Begin each of its items with a dash."]
    if isinstance(value, bool):
        return [f"{path}: {value!r} is no list."]
    if not isinstance(value, (list, tuple)):  # one value, or several with commas, which Ansible takes apart
        parts: t.Sequence[t.Any] = value.split(",") if isinstance(value, str) else [value]
        parts = parts if rule.get("elements") == "dict" else ()
        return next((told for told in (_wrong_dict(part, rule, path, together) for part in parts) if told), [])
    element = {
        "type": rule.get("elements", "raw"),
        **{key: rule[key] for key in ("options", "no_log", *RULES) if key in rule},
    }
    told: t.List[str] = []
    for index, each in enumerate(value):
        if each is None or is_empty(each):
            told.append(empty(f"{path}[{index}]"))
        elif element["type"] != "raw" and not (
            element["type"] == "dict" and isinstance(each, dict) and "options" not in element
        ):
            told += _wrong(each, element, f"{path}[{index}]", together)
    return told


def _wrong_dict(value: t.Any, rule: Spec, path: str, together: bool) -> t.List[str]:
    if isinstance(value, dict):
        return mistakes(value, dict(rule, argument_spec=rule["options"]), path, together) if "options" in rule else []
    if isinstance(value, str) and ("=" in value or value.strip().startswith("{")) and _is_short_form(value):
        return []
    what = "a list" if isinstance(value, (list, tuple)) else ("what is given" if rule.get("no_log") else quoted(value))
    return [f"{path}: it is {what}, and a dictionary is meant, such as {{{_example(rule)}: ...}}."]


def _is_short_form(value: str) -> bool:
    """Whether Ansible makes a dictionary of a text."""
    try:
        check_type_dict(value)
    except (TypeError, ValueError, SyntaxError):
        return False
    return True


def _example(rule: Spec) -> str:
    options = rule.get("options", {})
    return next((name for name in (*_NAMES, *options) if name in options), "name")


def _is_number(value: t.Any, kind: str) -> bool:
    try:
        number = float(str(value))
    except ValueError:
        return False
    return not isinstance(value, bool) and (kind == "float" or number == number // 1)


def _items(value: t.Any, key: t.Optional[str]) -> t.Any:
    """The value of a list of items, with names in it written as items that have the name as ``key``."""
    if key is None:
        return value
    if isinstance(value, str) and _is_name(value):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, (list, tuple)):
        return value
    return [{key: str(each)} if _is_name(each) else each for each in value]


def _is_name(value: t.Any) -> bool:
    """Whether something in place of an item is a name, and none of the short forms in which Ansible takes a dictionary."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    text = str(value).strip()
    return bool(text) and "=" not in text and not text.startswith(("{", "["))
