# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Items of a list as a module would get them: checked against the specification of the module that they are for, ranges written out.

Ansible's check of ten thousand items takes many seconds. What it says depends on which options an item has and on the values of those that are not free
text, so items that are alike in this are checked once.
"""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._common.errors import InvalidOption
from .._common.numbers import bounded
from .._common.words import listing

Params = t.Dict[str, t.Any]
Spec = t.Mapping[str, t.Any]

#: How many objects one item may stand for.
LONGEST_RANGE = 100_000
_RANGE = re.compile(r"\{([0-9]{1,18})\.\.([0-9]{1,18})\}")
_MAY_COUNT = frozenset([str, dict, list])
_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


class Item(t.NamedTuple):
    """One object of a list. ``where`` is "volumes[3]"; several have the same if they are of one range. ``params`` are those of a module."""

    where: str
    params: Params


def items(option: str, given: t.Optional[t.Iterable[t.Mapping[str, t.Any]]], spec: Spec) -> t.List[Item]:
    """The items of the list ``option``, for the module with this specification. Raises :class:`InvalidOption` with all that is wrong."""
    check = _Check(spec)
    found: t.List[Item] = []
    wrong: t.List[str] = []
    for index, item in enumerate(given or ()):
        where = f"{option}[{index}]"
        try:
            params = check(item)
            found.extend([Item(where, each) for each in written_out(params)])
        except InvalidOption as failure:
            wrong.append(f"{where}: {failure.message}")
    refuse(wrong)
    return found


def refuse(wrong: t.Sequence[str]) -> None:
    """Raise :class:`InvalidOption` if something is wrong."""
    if wrong:
        raise InvalidOption(listing((sentence.rstrip(".") for sentence in wrong), most=5) + ".")


def written_out(params: Params) -> t.List[Params]:
    """The items that an item with ranges stands for: ``{0001..1000}`` counts in every text of it. Without a range, the item itself.

    Numbers are as wide as the widest that is written with a leading zero. Raises :class:`InvalidOption` for ranges that do not fit together.
    """
    with_range = [option for option, value in params.items() if type(value) in _MAY_COUNT and any(_ranges(value))]
    if not with_range:
        return [params]
    ranges = [each for option in with_range for each in _ranges(params[option])]
    lengths = {max(0, last - first + 1) for first, last, _width in ranges}
    if len(lengths) > 1 or not 1 <= min(lengths) <= LONGEST_RANGE:
        raise InvalidOption(
            f"the ranges in {listing(with_range)} are of {listing(sorted(lengths))} numbers. All ranges of an item must be equally long, count upwards, and "
            f"have at most {LONGEST_RANGE} numbers."
        )
    return [
        dict(params, **{option: _nth(params[option], number) for option in with_range})
        for number in range(lengths.pop())
    ]


def _ranges(value: t.Any) -> t.Iterator[t.Tuple[int, int, int]]:
    """The first, the last, and the width of each range in all texts of a value."""
    if isinstance(value, str):
        if "{" in value:
            for first, last in _RANGE.findall(value):
                padded = any(number != str(int(number)) for number in (first, last))
                yield int(first), int(last), max(len(first), len(last)) if padded else 0
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _ranges(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ranges(inner)


def _nth(value: t.Any, number: int) -> t.Any:
    """A value with each of its ranges replaced by its member of that number."""
    if isinstance(value, str):
        parts = _RANGE.split(value)  # text, first, last, text, first, last, text
        for index in range(1, len(parts), 3):
            [(first, _last, width)] = _ranges("{{{0}..{1}}}".format(*parts[index : index + 2]))
            parts[index : index + 2] = [str(first + number).zfill(width), ""]
        return "".join(parts)
    if isinstance(value, dict):
        return {key: _nth(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_nth(inner, number) for inner in value]
    return value


class _Check:
    """Ansible's check of a module's options, remembered for items that are alike."""

    def __init__(self, spec: Spec) -> None:
        rules = {rule: spec[rule] for rule in _RULES if rule in spec}
        self._spec = dict(spec["argument_spec"])
        self._validator = ArgumentSpecValidator(dict(self._spec), **rules)
        self._free: t.Dict[str, t.Any] = {
            option: {"str": str, "dict": dict}[rule["type"]]
            for option, rule in spec["argument_spec"].items()
            if rule["type"] in ("str", "dict") and not rule.keys() & {"choices", "options", "aliases"}
        }
        self._seen: t.Dict[t.Tuple[t.Any, ...], Params] = {}

    def __call__(self, item: t.Mapping[str, t.Any]) -> Params:
        """The item's parameters, with defaults. Raises :class:`InvalidOption` in Ansible's words."""
        free = {option: value for option, value in item.items() if isinstance(value, self._free.get(option, ()))}
        likeness = tuple((option, None if option in free else repr(value)) for option, value in item.items())
        if likeness not in self._seen:
            checked = self._validator.validate(bounded(self._spec, item))
            if checked.error_messages:
                raise InvalidOption("; ".join(checked.error_messages))
            self._seen[likeness] = checked.validated_parameters
        return dict(self._seen[likeness], **free)
