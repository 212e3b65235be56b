# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator's model in place of an API, so that a module's functions run on it without a server or a process."""

from __future__ import annotations

import copy
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import ApiError, TransientError
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.given import as_meant
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Managed, Outcome, Plan, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from simulators.storpool.errors import ApiFailure
from unit.simulators.model import Model
from unit.vendor_requests import check_request


def options(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A module's parameters as Ansible makes them of the options ``given``; what Ansible itself refuses is a defect of the test."""
    given = as_meant(given, spec)
    rules = {rule: spec[rule] for rule in ("mutually_exclusive", "required_one_of", "required_by") if rule in spec}
    result = ArgumentSpecValidator({**spec["argument_spec"], **CONNECTION}, **rules).validate(copy.deepcopy(given))
    assert not result.error_messages, result.error_messages
    return result.validated_parameters


class Cluster(Model):
    """A cluster that is called as :class:`Api` is. ``reads`` and ``writes`` are the calls in order, the latter with target and body."""

    def __init__(self, **switches: Any) -> None:
        super().__init__(**switches)
        self.reads: list[str] = []
        self.writes: list[tuple[str, str | None, Any]] = []

    def get(self, call: str, target: str | None = None, timeout: float | None = None) -> Any:
        self.reads.append(call)
        return self._call("GET", call, target, None)

    def find(self, call: str, target: str | None = None) -> Any:
        try:
            return self.get(call, target)
        except ApiError as error:
            if error.name == "objectDoesNotExist":
                return None
            raise

    def apply(self, step: Any) -> Any:
        if step.method == "GET":
            return self.get(step.call, step.target)
        check_request(step.call, step.body)
        self.writes.append((step.call, step.target, step.body))
        return self._call("POST", step.call, step.target, step.body)

    def _call(self, method: str, call: str, target: str | None, body: Any) -> Any:
        query = call if target is None else f"{call}/{target}"
        try:
            return copy.deepcopy(self.done(query, body, method).envelope.get("data"))
        except ApiFailure as failure:
            kind = TransientError if failure.transient else ApiError
            raise kind(
                str(failure), call=f"{method} {query}", error={"name": failure.name, "descr": str(failure)}
            ) from None

    def plan(self, kind: Managed, **given: Any) -> Plan:
        """What a module would do, which must not read what it does not need twice, nor write."""
        wanted = kind.want(options(kind.spec, given))
        return kind.plan(kind.look(Reader(self), wanted), wanted)

    def run(self, kind: Managed, **given: Any) -> Outcome:
        """What a module does."""
        wanted = kind.want(options(kind.spec, given))
        return converge(
            lambda: kind.look(Reader(self), wanted), lambda current: kind.plan(current, wanted), self.apply, pauses=()
        )

    def settled(self, kind: Managed, **given: Any) -> Outcome:
        """What a module does; check mode has foretold it, and a second run does nothing."""
        foretold = self.plan(kind, **given)
        outcome = self.run(kind, **given)
        assert outcome.after == foretold.after
        assert outcome.changed == bool(foretold.steps)
        assert self.plan(kind, **given).steps == ()
        return outcome

    def forget(self) -> None:
        """Start the lists of calls anew."""
        self.reads.clear()
        self.writes.clear()
