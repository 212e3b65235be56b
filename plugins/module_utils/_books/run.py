# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that look at both books: their options, and what they do."""

from __future__ import annotations

import typing as t

from .._common import answers
from .._common.errors import Failure, InvalidOption, NotAllowed
from .._common.plan import Plan, Step, backoff, converge
from .._common.words import listing, there_is
from .audit import audit
from .finding import CODES, REPAIRABLE, SEVERITIES, Finding
from .reading import Ask, Reading, Sides, names_of, sizes

Params = t.Mapping[str, t.Any]
Result = t.Dict[str, t.Any]
#: Seconds from a duration as people write it, for an option. A third argument is how its errors go on when they say what can be given.
Duration = t.Callable[..., t.Optional[int]]

_BOTH: t.Dict[str, t.Any] = {
    "zone": {"type": "str"},
    "pools": {"type": "list", "elements": "str"},
    "clients": {"type": "dict", "default": {}},
    "min_age": {"type": "str", "default": "1h"},
}
AUDIT: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        _BOTH,
        codes={"type": "list", "elements": "str", "choices": list(CODES)},
        severity={"type": "str", "choices": list(SEVERITIES), "default": "info"},
    )
}
REPAIR: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        _BOTH,
        codes={"type": "list", "elements": "str", "default": [], "choices": list(REPAIRABLE)},
        at_most={"type": "int", "default": 10},
        only={"type": "list", "elements": "str"},
    )
}
_LAST_CLIENT = 4095


def ask(params: Params, duration: Duration) -> Ask:
    """What the options ask for. Raises :class:`InvalidOption`."""
    codes = params["codes"]
    return Ask(
        zone=params["zone"],
        pools=None if params["pools"] is None else tuple(params["pools"]),
        clients={str(host): _client(client, host) for host, client in params["clients"].items()},
        codes=None if codes is None else frozenset(codes),
        min_age=duration(params["min_age"], "min_age", "") or 0,
    )


def _client(value: t.Any, host: str) -> int:
    text = str(value)
    if isinstance(value, bool) or answers.number(text) is not None or not 1 <= int(text) <= _LAST_CLIENT:
        raise InvalidOption(
            f"clients.{host}: {value!r} is no id of a StorPool client. Give a number from 1 to {_LAST_CLIENT}."
        )
    return int(text)


def look(sides: Sides, params: Params, duration: Duration) -> Result:
    """What the audit module returns."""
    reading = Reading(sides, ask(params, duration))
    books, found = reading.findings(reading.first())
    worst = SEVERITIES[: SEVERITIES.index(params["severity"]) + 1]
    shown = [finding.shown() for finding in found if finding.severity in worst]
    return {"findings": shown, "counts": counts(shown), "books": sizes(books)}


def counts(findings: t.Sequence[t.Mapping[str, t.Any]]) -> Result:
    """How many findings there are, by severity and by code."""
    by_code = {code: sum(each["code"] == code for each in findings) for code in CODES}
    return {
        "total": len(findings),
        "by_severity": {word: sum(each["severity"] == word for each in findings) for word in SEVERITIES},
        "by_code": {code: number for code, number in by_code.items() if number},
    }


def repair(
    sides: Sides,
    params: Params,
    duration: Duration,
    apply: t.Callable[[Step], t.Any],
    retries: int,
    check_mode: bool,
) -> Result:
    """Repair what the options name, one finding after the other, and return what was done.

    Raises :class:`InvalidOption` for an ``only`` that nothing answers to, :class:`NotAllowed` for more than ``at_most``, both before anything is done. A repair
    that fails does not keep others from being done; the failure at the end tells of all.
    """
    wanted = ask(params, duration)
    if not wanted.codes:
        return {"changed": False, "repaired": [], "left": [], "actions": []}
    if params["at_most"] < 0:
        raise InvalidOption("at_most is {0}: give 0 or more.".format(params["at_most"]))
    reading = Reading(sides, wanted)
    books, found = reading.findings(reading.first())
    chosen = _chosen(found, params["only"])
    todo = [finding for finding in chosen if finding.steps]
    left = [dict(finding.shown(), result="no repair is offered") for finding in chosen if not finding.steps]
    if len(todo) > params["at_most"]:
        raise NotAllowed(
            f"{len(todo)} findings would be repaired, more than at_most allows ({params['at_most']}), so nothing was. See them with "
            "cloudstack_storpool_audit; raise at_most, or name some with only."
        )
    done: t.List[t.Tuple[Finding, t.Tuple[str, ...]]] = []
    failed: t.List[t.Tuple[Finding, Failure]] = []
    for finding in todo:
        try:
            actions = _mend(reading, books, finding, apply, retries, check_mode)
        except Failure as error:
            failed.append((finding, error))
            continue
        if actions:
            done.append((finding, actions))
        else:
            left.append(dict(finding.shown(), result="is no longer so"))
    result = {
        "changed": bool(done),
        "repaired": [dict(finding.shown(), actions=list(actions)) for finding, actions in done],
        "left": left,
        "actions": [action for _finding, actions in done for action in actions],
    }
    if failed:
        first = failed[0][1]
        told = listing(f"{finding.code} of {finding.object}" for finding, _error in failed[1:])
        first.message = "{0}{1}{2}".format(
            first.message.rstrip(".") + ".",
            f" These could not be repaired either: {told}." if told else "",
            f" {len(done)} others were repaired." if done else "",
        )
        first.error = dict(
            first.error,
            repaired=result["actions"],
            failed=[{"code": each.code, "object": each.object, "msg": str(error)} for each, error in failed],
        )
        raise first
    return result


def _chosen(found: t.Sequence[Finding], only: t.Optional[t.Sequence[str]]) -> t.List[Finding]:
    if only is None:
        return list(found)
    known = {name for finding in found for name in names_of(finding)}
    for name in only:
        if name not in known:
            found_there = there_is("The audit", known, name, verb="found")
            raise InvalidOption(
                f"only: no finding with these codes is about {name!r}. {found_there} Nothing was repaired."
            )
    return [finding for finding in found if names_of(finding) & set(only)]


def _mend(
    reading: Reading, books: t.Any, finding: Finding, apply: t.Callable[[Step], t.Any], retries: int, check_mode: bool
) -> t.Tuple[str, ...]:
    """What was done to repair a finding, after another look at its object on both sides; nothing if it is no longer so, or not as it was."""

    def plan(now: t.Any) -> Plan:
        same = [each for each in audit(now, frozenset([finding.code])) if each.key == finding.key]
        steps = tuple(step for each in same for step in each.steps)
        return Plan(steps, same[0].shown() if same else None, None)

    outcome = converge(
        look=lambda: reading.again(books, finding),
        plan=plan,
        apply=apply,
        check_mode=check_mode,
        pauses=backoff(retries),
    )
    return outcome.actions
