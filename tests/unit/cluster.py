# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A StorPool cluster without a network, for tests of the StorPool side: the simulator's model behind the collection's own Api."""

from __future__ import annotations

from typing import Any

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import ApiError, TransientError
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Managed, Outcome, Step, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from simulators.storpool.errors import ApiFailure
from unit.simulators.model import Model
from unit.vendor_requests import check_request


class Cluster:
    """Clients 1, 2 and 3; templates ``hybrid`` and ``ssd``. ``written`` are the calls of the last task, as (call, target, body)."""

    def __init__(self, **switches: Any) -> None:
        self.model = Model(**switches)
        self.reader = Reader(self)
        self.written: list[tuple[str, str | None, Any]] = []
        for name, places in (("hybrid", ("hdd", "ssd", "hdd")), ("ssd", ("ssd", "ssd", "ssd"))):
            fields = dict(zip(("placeAll", "placeTail", "placeHead"), places, strict=True))
            self.model.post("VolumeTemplateCreate", {"name": name, "replication": 3, **fields})

    def get(self, call: str, target: str | None = None, timeout: float | None = None) -> Any:
        """A read, as the collection's Api does it."""
        return self._answer("GET", call, target, None)

    def find(self, call: str, target: str | None = None) -> Any:
        """A read; None where the object does not exist."""
        try:
            return self.get(call, target)
        except ApiError as error:
            if error.name == "objectDoesNotExist":
                return None
            raise

    def apply(self, step: Step) -> Any:
        """One step of a plan."""
        if step.method == "POST":
            check_request(step.call, step.body)
            self.written.append((step.call, step.target, step.body))
        return self._answer(step.method, step.call, step.target, step.body)

    def run(self, kind: Managed, check_mode: bool = False, **options: Any) -> Outcome:
        """A task with these options of the kind's module."""
        self.written = []
        wanted = kind.want(with_defaults(kind, options))
        return converge(
            lambda: kind.look(self.reader, wanted),
            lambda current: kind.plan(current, wanted),
            self.apply,
            check_mode=check_mode,
            pauses=(),
        )

    def _answer(self, method: str, call: str, target: str | None, body: Any) -> Any:
        try:
            return self.model.done(f"{call}/{target}" if target else call, body, method).envelope.get("data")
        except ApiFailure as failure:
            kind = TransientError if failure.transient else ApiError
            told = {"name": failure.name, "descr": failure.descr, "transient": failure.transient}
            raise kind(f"{failure.name}: {failure.descr}", call=f"{method} {call}", error=told) from failure


def with_defaults(kind: Managed, options: dict[str, Any]) -> dict[str, Any]:
    """The options as a module would get them: those that are not given with their default."""
    known = kind.spec["argument_spec"]
    assert options.keys() <= known.keys()
    return {name: options.get(name, rule.get("default")) for name, rule in known.items()}
