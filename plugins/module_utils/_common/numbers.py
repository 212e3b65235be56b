# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are numbers, before Ansible looks at them: for a whole number it ends with a traceback over infinity, and not at all over ``1e999999999``.

Other numbers are times, whose bounds :mod:`.seconds` knows.
"""

from __future__ import annotations

import decimal
import os
import typing as t

from ansible.module_utils.basic import AnsibleFallbackNotFound

Params = t.Dict[str, t.Any]
#: Larger ones are numbers of nothing that a task can be about.
MOST_DIGITS = 18
WHOLE = "int"


def env_number(*names: str) -> str:
    """As ``env_fallback``, for an option that is a whole number; where it is none, Ansible's refusal names the variable."""
    for name in names:
        text = os.environ.get(name)
        if text:
            number = _number(text)
            plain = number is not None and not _is_boundless(number)
            return text if plain else f"{text} (the environment variable {name})"
    raise AnsibleFallbackNotFound


def env_seconds(*names: str) -> t.Union[str, float]:
    """As ``env_fallback``, for a time. What is no number becomes "not a number", which :mod:`.seconds` refuses with the name of the variable."""
    for name in names:
        text = os.environ.get(name)
        if text:
            return text if _number(text) is not None else float("nan")
    raise AnsibleFallbackNotFound


def bounded(spec: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]) -> Params:
    """The options of a specification, each number without bounds replaced by words, which Ansible will refuse with the name of the option."""
    checked = dict(params)
    for option, rule in spec.items():
        for name in (option, *rule.get("aliases", ())):
            if name in checked:
                checked[name] = _bounded(rule, checked[name])
    return checked


def _bounded(rule: t.Mapping[str, t.Any], value: t.Any) -> t.Any:
    inner = rule.get("options")
    if rule.get("type") in (WHOLE, "float") and isinstance(value, (list, tuple, dict)):
        return f"{value}, which is no number"  # Python's decimal numbers can be made of lists, and some of those have no bounds
    if isinstance(value, list):
        each = {"type": rule.get("elements"), "options": inner}
        return [_bounded(each, one) for one in value] if inner or each["type"] == WHOLE else value
    if isinstance(value, dict):
        return bounded(inner, value) if inner else value
    if rule.get("type") != WHOLE:
        return value
    return f"{_number(value)}, which is too much" if is_too_much(value) else value


def is_too_much(value: t.Any) -> bool:
    """Whether a value is a number, and larger than a whole number may be."""
    number = _number(value)
    return number is not None and _is_boundless(number)


def _number(value: t.Any) -> t.Optional[decimal.Decimal]:
    try:
        return decimal.Decimal(str(value))
    except (decimal.InvalidOperation, ValueError):
        return None


def _is_boundless(number: decimal.Decimal) -> bool:
    return not number.is_finite() or number.adjusted() >= MOST_DIGITS
