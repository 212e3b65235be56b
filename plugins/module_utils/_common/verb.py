# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that are done, such as a revert, rather than kept, such as a size.

What is there does not always show whether a thing has been done. So the plan of a verb also gets a memory of this run. It is carried out by the same
loop as any plan: look, plan, apply, until there is nothing left to do.
"""

from __future__ import annotations

import typing as t

from .errors import Failure
from .plan import Managed, Outcome, Plan, Step
from .run import manage
from .time_left import TimeLeft

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class History(t.NamedTuple):
    """This run so far: what the first look saw, and the steps that the API has accepted. A step whose answer was lost is not among them."""

    first: t.Any
    done: t.Tuple[Step, ...]


class Verb(t.NamedTuple):
    """What it takes to do something: as for :class:`.plan.Managed`, but the plan gets the history of the run as well.

    The plan leaves out what has been done, and puts right what the deed has changed and should not have. ``at_stake``, given the history and the step
    that failed (``None`` for a look), says in a sentence what a person has to put right if the task ends there and no later run can. ``pin``, given what
    is wanted and what the first look saw, says what is looked for from then on, where the deed changes what the task knows its object by.
    """

    key: str
    spec: t.Mapping[str, t.Any]
    want: t.Callable[[t.Mapping[str, t.Any]], t.Any]
    look: t.Callable[[t.Any, t.Any], t.Any]
    plan: t.Callable[[t.Any, t.Any, History], Plan]
    show: t.Callable[[Outcome], t.Mapping[str, t.Any]]
    at_stake: t.Optional[t.Callable[[History, t.Optional[Step]], t.Optional[str]]] = None
    pin: t.Optional[t.Callable[[t.Any, t.Any], t.Any]] = None
    imagine: t.Optional[t.Callable[[t.Any, t.Any, Plan], None]] = None


def perform(
    module: AnsibleModule,
    verb: Verb,
    connect: t.Callable[[], t.Tuple[t.Any, t.Callable[[Step], t.Any], int]],
    time_left: t.Optional[TimeLeft] = None,
) -> None:
    """Do what the module's options describe, and exit. ``connect``, ``time_left`` and the result are as for :func:`.run.manage`."""
    look, plan, remember = with_memory(verb)

    def connect_and_remember() -> t.Tuple[t.Any, t.Callable[[Step], t.Any], int]:
        reader, apply, retries = connect()
        return reader, remember(apply), retries

    manage(
        module,
        Managed(verb.key, verb.spec, verb.want, look, plan, show=verb.show, imagine=verb.imagine),
        connect_and_remember,
        time_left,
    )


Apply = t.Callable[[Step], t.Any]
Look = t.Callable[[t.Any, t.Any], t.Any]


def with_memory(verb: Verb) -> t.Tuple[Look, t.Callable[[t.Any, t.Any], Plan], t.Callable[[Apply], Apply]]:
    """The verb's look and plan for one run, with a memory; and what makes a function that applies steps fill that memory."""
    seen: t.List[t.Any] = []
    done: t.List[Step] = []

    def tell(failure: Failure, step: t.Optional[Step]) -> Failure:
        words = verb.at_stake(History(seen[0], tuple(done)), step) if verb.at_stake and seen else None
        if words:
            failure.message = "{0}. {1}".format(failure.message.rstrip("."), words)
        return failure

    def look(reader: t.Any, wanted: t.Any) -> t.Any:
        try:
            return verb.look(reader, verb.pin(wanted, seen[0]) if verb.pin and seen else wanted)
        except Failure as failure:
            raise tell(failure, None) from None

    def plan(current: t.Any, wanted: t.Any) -> Plan:
        if not seen:
            seen.append(current)
        return verb.plan(current, wanted, History(seen[0], tuple(done)))

    def remember(apply: Apply) -> Apply:
        def apply_and_remember(step: Step) -> t.Any:
            try:
                answer = apply(step)
            except Failure as failure:
                raise tell(failure, step) from None
            done.append(step)
            return answer

        return apply_and_remember

    return look, plan, remember
