# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where a module ends: well, with a result, or with one sentence."""

from __future__ import annotations

import typing as t

from . import foreseen, plain
from .errors import Failure, NotFound
from .plan import Managed, Plan, Step, backoff, converge
from .secrets import Secrets
from .time_left import TimeLeft

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def finish(module: AnsibleModule, work: t.Callable[[], t.Mapping[str, t.Any]]) -> None:
    """Do the work and exit with what it returns; a :class:`Failure` becomes the module's failure.

    What others have said is plain text from here on, and without the secrets of the task in whatever form they have echoed them.
    """
    try:
        result = work()
    except Failure as failure:
        if module.check_mode and isinstance(failure, NotFound) and foreseen.told():
            failure.message = f"{failure.message} {foreseen.HINT}"
        module.fail_json(**_fit_to_be_seen(module, failure.result()))
    module.exit_json(**_fit_to_be_seen(module, result))


def _fit_to_be_seen(module: AnsibleModule, result: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    if module.check_mode:
        result = foreseen.known(result)
    secrets = Secrets(module.no_log_values)
    shown: t.Dict[str, t.Any] = plain.everything(dict(result), lambda text: secrets.hide(plain.text(text)))
    return shown


def aside(module: AnsibleModule, result: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    """A result without its ``warnings``, which Ansible is given, and without its ``diff`` if nobody has asked for one."""
    for words in result.pop("warnings"):
        module.warn(plain.line(words))
    if not module._diff:
        del result["diff"]
    return result


def manage(
    module: AnsibleModule,
    kind: Managed,
    connect: t.Callable[[], t.Tuple[t.Any, t.Callable[[Step], t.Any], int]],
    time_left: t.Optional[TimeLeft] = None,
) -> None:
    """Bring one object into the state that the module's options describe, and exit.

    ``connect`` returns a reader, the function that applies a step, and how often to retry while the API is away. It is called after the options
    have been checked. The result has ``changed``, the object under the kind's key (or what the kind shows), ``actions`` in words, and the diff if one
    is wanted. What is lost for good by it, and what may not do what one expects, is a warning as well.
    """

    def work() -> t.Mapping[str, t.Any]:
        wanted = kind.want(module.params)
        reader, apply, retries = connect()
        seen: t.List[t.Any] = []

        def plan(current: t.Any) -> Plan:
            seen[:] = [current, kind.plan(current, wanted)]
            return t.cast(Plan, seen[1])

        outcome = converge(
            look=lambda: kind.look(reader, wanted),
            plan=plan,
            apply=apply,
            check_mode=module.check_mode,
            pauses=backoff(retries),
            time_left=time_left,
        )
        if kind.settle and not module.check_mode:
            kind.settle(wanted, outcome.after)
        if kind.imagine and module.check_mode and reader.foresees and seen[1].steps:
            kind.imagine(reader, *seen)
            reader.remember()
        result: t.Dict[str, t.Any] = dict(kind.show(outcome) if kind.show else {kind.key: outcome.after})
        result.update(changed=outcome.changed, actions=list(outcome.actions))
        for words in outcome.losses + outcome.cautions:
            module.warn(plain.line(words))
        if module._diff:
            # What came about while the task only waited is no change of its own.
            before = outcome.before if outcome.changed else outcome.after
            result["diff"] = {
                "before": _shown(before, kind.key),
                "after": _shown(outcome.after, kind.key),
            }
        return result

    finish(module, work)


def _shown(thing: t.Any, key: str) -> t.Mapping[str, t.Any]:
    """One side of a diff, which Ansible shows only if it is a mapping."""
    return {key: thing} if isinstance(thing, list) else thing or {}
