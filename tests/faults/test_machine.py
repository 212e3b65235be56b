# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any tasks of any modules in any order, on one cluster: every promise is kept at every step.

The cluster is the simulator's model without its server, behind the collection's own functions.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Managed, Outcome, Plan, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.verb import with_memory
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.attach import ATTACHMENTS
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.placement_group import (
    PLACEMENT_GROUP,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.revert import REVERT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.template import TEMPLATE
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from faults.tasks import tasks
from unit.cluster import Cluster

#: REVERT is a verb: its plan remembers, and every run may do it again.
KINDS = {
    "volume": VOLUME,
    "snapshot": SNAPSHOT,
    "attachments": ATTACHMENTS,
    "template": TEMPLATE,
    "placement_group": PLACEMENT_GROUP,
    "revert": REVERT,
}
SWITCHES = {
    "revert_limits": ["kept", "restored"],
    "revert_tags": ["kept", "restored"],
    "revert_global_id": ["new", "kept"],
    "attachment_global_id": ["listed", "absent"],
    "attachment_id": ["present", "original"],
    "created_from_id": ["original", "present", "then"],
    "unnamed_of_unnamed": ["id", "volume"],
    "template_change_limits": ["taken", "kept"],
    "multiple_children": ["merged", "blocked"],
}


class Machine(RuleBasedStateMachine):
    """One cluster, and tasks on it."""

    @initialize(switches=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in SWITCHES.items()}))
    def begin(self, switches: dict[str, Any]) -> None:
        self.cluster = Cluster(**switches)
        for name in "abc":
            self.cluster.run(VOLUME, name=name, size="1GiB", template="hybrid", tags={"x": "1"})
        self.cluster.run(SNAPSHOT, name="p", volume="a")
        self.cluster.run(SNAPSHOT, name="q", volume="b", tags={"y": "2"})
        self.cluster.run(ATTACHMENTS, volume="a", clients=["1"])

    @rule(data=st.data(), module=st.sampled_from(sorted(KINDS)))
    def task(self, data: st.DataObject, module: str) -> None:
        """Check mode, the run, and one more run of any task."""
        kind = KINDS[module]
        given = data.draw(tasks(module, kind.spec), label=f"{module} with")
        options = checked(kind.spec, given)
        if options is None:
            return
        before = self.state()
        try:
            wanted = kind.want(options)
            foretold = self.plan(kind, wanted)
        except Failure as refusal:
            self.is_refused(kind, options, refusal, before)
            return
        assert self.state() == before, "check mode has changed something"
        self.cluster.written = []
        outcome, failure = self.outcome(kind, wanted)
        if failure is not None:
            assert is_sentence(failure), failure
            self.came_as_foretold(foretold, complete=False)
            return
        self.came_as_foretold(foretold, complete=True)
        assert outcome.changed == bool(self.cluster.written or foretold.later)
        if module != "revert":
            assert self.plan(kind, kind.want(options)).steps == (), "one more run would change something"
            assert outcome.after == self.plan(kind, kind.want(options)).before or not options_present(options)

    def outcome(self, kind: Any, wanted: Any) -> tuple[Outcome, None] | tuple[None, Failure]:
        """What a run did, or why it failed half-way: the API refuses what only it can know, such as a device that is open."""
        try:
            return self.run(kind, wanted), None
        except Failure as failure:
            return None, failure

    def is_refused(self, kind: Any, options: dict[str, Any], refusal: Failure, before: Any) -> None:
        """What check mode refuses, a run refuses as well, in a sentence and before it has written anything."""
        assert is_sentence(refusal), refusal
        self.cluster.written = []
        with pytest.raises(type(refusal)):
            self.run(kind, kind.want(options))
        assert self.cluster.written == []
        assert self.state() == before

    def came_as_foretold(self, foretold: Plan, complete: bool) -> None:
        """The calls that check mode foretells are those of the run, in that order; ``later`` are those for which an id was missing."""
        planned = [(step.call, step.target, step.body) for step in foretold.steps if step.method == "POST"]
        made = self.cluster.written
        if not complete:
            assert made[: len(planned)] == planned[: len(made)]
            return
        assert made[: len(planned)] == planned
        more = made[len(planned) :]
        # Whether a revert changes limits and tags, so that they have to be given back, is known only after it.
        puts_right = len(more) == 1 and more[0][0] == "VolumeUpdate" and planned[-1][0] == "VolumeRevert"
        assert not more or foretold.later or puts_right

    def plan(self, kind: Any, wanted: Any) -> Plan:
        look, plan, _remember = functions(kind)
        return plan(look(self.cluster.reader, wanted), wanted)

    def run(self, kind: Any, wanted: Any) -> Any:
        look, plan, remember = functions(kind)
        return converge(
            lambda: look(self.cluster.reader, wanted),
            lambda current: plan(current, wanted),
            remember(self.cluster.apply),
            pauses=(),
        )

    def state(self) -> Any:
        return self.cluster.model.dump()


def functions(kind: Any) -> Any:
    """Look, plan and what remembers steps, of one run."""
    return (kind.look, kind.plan, lambda apply: apply) if isinstance(kind, Managed) else with_memory(kind)


def checked(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any] | None:
    """The options as a module gets them; None if Ansible refuses them."""
    rules = {key: spec[key] for key in ("mutually_exclusive", "required_one_of", "required_by") if key in spec}
    result = ArgumentSpecValidator(spec["argument_spec"], **rules).validate(given)
    return None if result.error_messages else result.validated_parameters


def is_sentence(failure: Failure) -> bool:
    """Whether a person can read it: one line, with an end."""
    text = failure.result()["msg"]
    return text.endswith((".", "?", "!")) and "\n" not in text and "Traceback" not in text


def options_present(options: dict[str, Any]) -> bool:
    return options.get("state", "present") == "present"


#: Explaining a failure takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=20, phases=PHASES)
