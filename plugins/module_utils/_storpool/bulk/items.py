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

from ..._common.errors import InvalidOption
from ..._common.given import RULES, as_meant, located, mistakes
from ..._common.numbers import bounded
from ..._common.words import listing

Params = t.Dict[str, t.Any]
Spec = t.Mapping[str, t.Any]

#: How many objects one item may stand for.
LONGEST_RANGE = 100_000
_RANGE = re.compile(r"\{([0-9]{1,18})\.\.([0-9]{1,18})\}")
_OWN = re.compile(r"\[[0-9]+\]|'[^']*'")
_MAY_COUNT = frozenset([str, dict, list])


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
        params: Params = {}
        try:
            params = check(item, where)
            found.extend([Item(where, each) for each in written_out(params)])
        except InvalidOption as failure:
            wrong.append(
                failure.message if failure.message.startswith(where) else located(where, failure.message, params)
            )
    refuse(wrong)
    return found


def refuse(wrong: t.Sequence[str]) -> None:
    """Raise :class:`InvalidOption` if something is wrong. Of sentences that differ only in the item and in what is quoted, the first stands for all."""
    alike: t.Dict[str, t.List[str]] = {}
    for sentence in wrong:
        alike.setdefault(_OWN.sub("", sentence), []).append(sentence)
    if alike:
        told = [
            some[0].rstrip(".") + (f" (and {len(some) - 1:,} more like this)" if len(some) > 1 else "")
            for some in alike.values()
        ]
        raise InvalidOption(listing(told, most=5) + ".")


def written_out(params: Params) -> t.List[Params]:
    """The items that an item with ranges stands for: ``{0001..1000}`` counts in every text of it. Without a range, the item itself.

    Numbers are as wide as the widest that is written with a leading zero. Raises :class:`InvalidOption` for ranges that do not fit together.
    """
    ranges = {option: list(_ranges(value)) for option, value in params.items() if type(value) in _MAY_COUNT}
    with_range = [option for option in params if ranges.get(option)]
    if not with_range:
        return [params]
    every = [(option, each) for option in with_range for each in ranges[option]]
    for option, each in every:
        _refuse_range(option, each)
    lengths = {each.length for _option, each in every}
    if len(lengths) > 1:
        different = listing(f"{option} has {each} ({each.length:,} numbers)" for option, each in every)
        raise InvalidOption(f"{different}. All ranges of an item count together, so they must be equally long.")
    return [
        dict(params, **{option: _nth(params[option], number) for option in with_range})
        for number in range(lengths.pop())
    ]


class Range(t.NamedTuple):
    """A range in a text, as it is written and what it means. ``width`` is 0 if numbers are as long as they are."""

    written: str
    first: int
    last: int
    width: int

    def __str__(self) -> str:
        return self.written

    @property
    def length(self) -> int:
        """How many numbers it has; if it counts down, as many as if it counted up."""
        return abs(self.last - self.first) + 1


def _refuse_range(option: str, each: Range) -> None:
    if each.last < each.first:
        first, last = each.written[1:-1].split("..")
        raise InvalidOption(
            f"{option}: the range {each} counts down, and ranges count upwards. Write {{{last}..{first}}}."
        )
    if each.length > LONGEST_RANGE:
        raise InvalidOption(
            f"{option}: the range {each} is of {each.length:,} numbers. At most {LONGEST_RANGE:,} are taken."
        )


def _ranges(value: t.Any) -> t.Iterator[Range]:
    """Each range in all texts of a value."""
    if isinstance(value, str):
        if "{" in value:
            for match in _RANGE.finditer(value):
                padded = any(number != str(int(number)) for number in match.groups())
                yield Range(
                    match.group(),
                    int(match.group(1)),
                    int(match.group(2)),
                    max(map(len, match.groups())) if padded else 0,
                )
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
            [each] = _ranges("{{{0}..{1}}}".format(*parts[index : index + 2]))
            parts[index : index + 2] = [str(each.first + number).zfill(each.width), ""]
        return "".join(parts)
    if isinstance(value, dict):
        return {key: _nth(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_nth(inner, number) for inner in value]
    return value


class _Check:
    """Ansible's check of a module's options, remembered for items that are alike."""

    def __init__(self, spec: Spec) -> None:
        rules = {rule: spec[rule] for rule in RULES if rule in spec}
        self._spec = spec
        self._validator = ArgumentSpecValidator(dict(spec["argument_spec"]), **rules)
        self._free: t.Dict[str, t.Any] = {
            option: {"str": str, "dict": dict}[rule["type"]]
            for option, rule in spec["argument_spec"].items()
            if rule["type"] in ("str", "dict") and not rule.keys() & {"choices", "options", "aliases"}
        }
        self._seen: t.Dict[t.Tuple[t.Any, ...], Params] = {}

    def __call__(self, item: t.Mapping[str, t.Any], where: str = "item") -> Params:
        """The item's parameters, with defaults. Raises :class:`InvalidOption` that says where the mistake is."""
        item = as_meant(item, self._spec)
        free = {option: value for option, value in item.items() if isinstance(value, self._free.get(option, ()))}
        likeness = tuple((option, None if option in free else repr(value)) for option, value in item.items())
        if likeness not in self._seen:
            told = mistakes(item, self._spec, where)
            checked = self._validator.validate(bounded(self._spec["argument_spec"], item))
            if told or checked.error_messages:
                told = told or mistakes(item, self._spec, where, together=True)
                raise InvalidOption("; ".join(told or [f"{where}: {message}" for message in checked.error_messages]))
            self._seen[likeness] = checked.validated_parameters
        return dict(self._seen[likeness], **free)
