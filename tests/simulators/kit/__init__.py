# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What both simulators share: journal, switches, faults, admin interface, command line, HTTP pipeline.

A simulator is a class with the members of :class:`simulators.kit.product.Product`; the kit does the rest::

    from simulators.kit import Answer, Call, Switch, add_common_arguments, json_answer, serve


    class Simulator:
        switches = (Switch("error_status", 200, (200, 404), "HTTP status of errors"),)
        admin = {}  # {"open": function(method, query, body) -> object}, for /_sim/open (may be async)

        def reset(self, switches): ...  # fresh state; `switches` is a live mapping name -> value
        def state(self): ...  # a JSON object: everything, for GET /_sim/state
        async def keep(self): ...  # what restore() needs to bring back the state as it is now; AdminError if it cannot
        def restore(self, kept, switches): ...  # that state, however often
        def parse(self, request): ...  # kit.Request -> Call; never raises, keep what is wrong in Call.detail
        def rival(self, spec): ...  # one item of a fault's `requests` -> Call; ValueError(sentence) if bad
        def perform(self, call): ...  # Call -> Answer; the effect on the state happens here, at once
        def fault_answer(self, call, fault): ...  # the answer of an `api_error` fault


    def main():
        parser = argparse.ArgumentParser()
        add_common_arguments(parser)  # --host, --port
        args = parser.parse_args()
        return serve(Simulator(...), args.host, args.port)

``perform`` is an ordinary function, so a call's effect is atomic. If the answer comes later (it waits for a client, or
asks another server first), return ``Answer(..., wait=coroutine_function)``: the kit journals the effect so far, awaits
``wait()`` and sends the :class:`Answer` that this gives (its ``effect`` counts too).

Everything under ``/_sim/`` is the kit's (see :mod:`simulators.kit.admin`); all other paths go
``parse -> faults -> perform -> faults -> answer`` (:mod:`simulators.kit.pipeline`), with one journal entry a call.
"""

from __future__ import annotations

from simulators.kit.product import AdminError, Answer, Call, Product, Request, json_answer
from simulators.kit.serve import add_common_arguments, serve
from simulators.kit.switches import Switch, Switches

__all__ = [
    "AdminError",
    "Answer",
    "Call",
    "Product",
    "Request",
    "Switch",
    "Switches",
    "add_common_arguments",
    "json_answer",
    "serve",
]
