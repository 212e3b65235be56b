# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the bulk module runs and ends."""

from __future__ import annotations

import gc
import typing as t

from ..._common import plain
from ..._common.errors import PartlyFailed
from ..._common.module import Module
from ..._common.run import finish
from ..connection.api import Api
from ..connection.options import CLUSTER, CONNECTION, MULTICLUSTER
from ..run import connect, notes_of
from . import steer as bulk
from .show import report

#: Of longer lists, ``invocation`` in the result says no more than how long they are.
MOST_ECHOED = 100


def run_bulk() -> None:
    """The body of the module."""
    collect_seldom()
    connection = dict(CONNECTION, **dict(CLUSTER, **MULTICLUSTER))
    module = Module(dict(bulk.SPEC, argument_spec=dict(bulk.SPEC["argument_spec"], **connection)))
    finish(module, lambda: _work(module))


def _work(module: Module) -> t.Mapping[str, t.Any]:
    params, part = module.params, module.params["_slice"]
    invocation = {"module_args": {option: _short(value) for option, value in params.items() if option != "_slice"}}
    api = connect(module)
    rows, warnings = bulk.run(
        api,
        lambda: Api(api.endpoint, cluster=api.cluster).apply,
        api.endpoint.retries,
        params,
        module.check_mode,
        _slice(part),
        notes_of(api),
        in_full=module._diff or params["return_objects"],
    )
    for warning in warnings:
        module.warn(plain.line(warning))
    left_out = frozenset(["waiting"] if params["return_objects"] else ["waiting", "unchanged"])
    shown = [row for row in rows if row["result"] not in left_out]
    if part:
        return {
            "changed": any(row["changed"] for row in rows),
            "rows": shown,
            "total": len(rows),
            "waiting": sum(1 for row in rows if row["result"] == "waiting"),
            "with_objects": params["return_objects"],
            "invocation": invocation,
        }
    try:
        result = report(shown, len(rows) - len(shown), module._diff, params["return_objects"])
    except PartlyFailed as failure:
        failure.more["invocation"] = invocation
        raise
    return dict(result, invocation=invocation)


def collect_seldom() -> None:
    """What a task reads and plans lives until its end. Python's collector of reference cycles would go through all of it again and again, which takes
    a third of the time with ten thousand objects.
    """
    gc.set_threshold(200_000, 50, 100)


def _slice(part: t.Optional[t.Mapping[str, t.Any]]) -> bulk.Slice:
    if not part:
        return bulk.WHOLE
    return bulk.Slice(float(part["seconds"]), frozenset(tuple(key) for key in part["failed"]))


def _short(value: t.Any) -> t.Any:
    return f"{len(value)} items" if isinstance(value, list) and len(value) > MOST_ECHOED else value
