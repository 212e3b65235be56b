# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan for the jar of a plugin, and the module around it."""

from __future__ import annotations

import os
import typing as t

from ..._common.errors import Outdated
from ..._common.plan import Outcome, Step, converge
from ..._common.run import finish
from ..machine import files
from ..machine.paths import Root
from ..run import HostModule
from . import class_path
from . import jar as plugin_jar
from . import plan as plugin_jar_plan
from .jar import Current, Want
from .switch import switch


def run() -> None:
    """The body of the module."""
    module = HostModule(plugin_jar.SPEC)
    finish(module, lambda: work(module.params, module.check_mode, module._diff))


def work(params: t.Mapping[str, t.Any], check_mode: bool, diff: bool) -> t.Mapping[str, t.Any]:
    """The result of the task; ``needs_source`` alone, and nothing done, if the jar is still on the controller and is needed here.

    The action plugin may only ask that (``only_ask``), or have no way to bring the jar any more (``is_last``).
    """
    wanted = plugin_jar.want(params)
    first = [plugin_jar.look(wanted)]
    told = params["_source"] or {}
    needed = plugin_jar_plan.needs_source(plugin_jar_plan.plan(first[0], wanted))
    if told.get("only_ask"):
        return {"changed": False, "needs_source": needed and not check_mode}
    if needed and told.get("is_last") and not check_mode:
        raise Outdated("The jars were changed by something else while this task began. Run it again.")
    if needed and not check_mode:
        return {"changed": False, "needs_source": True}

    def look() -> Current:
        return first.pop() if first else plugin_jar.look(wanted)

    outcome = converge(
        look=look,
        plan=lambda current: plugin_jar_plan.plan(current, wanted),
        apply=lambda step: apply(wanted, step),
        check_mode=check_mode,
        pauses=(),
    )
    return _result(outcome, diff)


def _result(outcome: Outcome, diff: bool) -> t.Dict[str, t.Any]:
    after = outcome.after
    result = {key: after[key] for key in ("jar", "kept", "service", "cloudstack_version")}
    switched = _checksums(outcome.before) != _checksums(after)
    result.update(changed=outcome.changed, switched=switched, actions=list(outcome.actions))
    if diff:
        result["diff"] = {"before": _in_diff(outcome.before), "after": _in_diff(after)}
    return result


def _checksums(state: t.Mapping[str, t.Any]) -> t.Dict[str, str]:
    """The jars of the plugin on the class path, by their paths."""
    return {path: jar["sha256"] for path, jar in state["class_path"].items()}


def _in_diff(state: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    shown: t.Dict[str, t.Any] = {"class_path": state["class_path"]}
    return dict(shown, unfinished=True) if state["unfinished"] else shown


def apply(wanted: Want, step: Step) -> None:
    """Carry out a step. Raises :class:`Outdated` if a jar has changed since it was read, and otherwise as :mod:`.files` does."""
    carry_out = {"note": _note, "keep": _keep, "clear": _clear, "switch": _switch, "dress": _dress}[step.call]
    with wanted.root.telling():
        carry_out(wanted.root, str(step.target), step.body)


def _note(root: Root, target: str, body: t.Mapping[str, t.Any]) -> None:
    place = _home(root, target)
    files.write(place, body["content"], class_path.rightful_owner(root))


def _keep(root: Root, target: str, body: t.Mapping[str, t.Any]) -> None:
    jar = root.reach(body["place"], follow=False)
    files.expect(jar, body["sha256"])
    files.write(_home(root, target), body["content"], jar, body["modified"])


def _clear(root: Root, target: str, _body: t.Mapping[str, t.Any]) -> None:
    place = root.reach(target, follow=False)
    with files.told("removed", place):
        files.clear(place)


def _switch(root: Root, _target: str, body: t.Mapping[str, t.Any]) -> None:
    news = [new._replace(path=_home(root, new.path)) for new in body["news"]]
    gone = [root.reach(path, follow=False) for path in body["gone"]]
    switch(news, gone, {root.reach(path, follow=False): checksum for path, checksum in body["there"].items()})


def _dress(root: Root, target: str, body: t.Mapping[str, t.Any]) -> None:
    files.dress(root.reach(target, follow=False), body["owner"])


def _home(root: Root, path: str) -> str:
    """The place of a file on this machine, whose directory is made if it is not there."""
    place = root.reach(path, follow=False)
    files.make_directory(os.path.dirname(place))
    return place
