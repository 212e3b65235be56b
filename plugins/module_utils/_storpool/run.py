# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a StorPool module runs: options in, an :class:`Api` in between, a result or one sentence out."""

from __future__ import annotations

import typing as t

from .._common.foreseen import Notes
from .._common.module import Module
from .._common.plan import Managed
from .._common.run import finish, manage
from .._common.time_left import TimeLeft
from .._common.verb import Verb, perform
from .cluster.predicted import Predicted
from .cluster.reader import Reader
from .cluster.waiting import patient
from .connection import api as http
from .connection.config import endpoint, read_files
from .connection.options import CLUSTER, CONNECTION

Result = t.Mapping[str, t.Any]


def run_managed(kind: Managed, more: t.Optional[Result] = None) -> None:
    """The body of a module that manages one object. ``more`` are connection options that not every module has."""
    module = _module(kind.spec, more)
    manage(module, kind, lambda: _reader_and_writer(module))


def run_verb(verb: Verb, more: t.Optional[Result] = None) -> None:
    """The body of a module that does something, rather than keep something as it is wanted. ``more`` as for :func:`run_managed`."""
    module = _module(verb.spec, more)
    perform(module, verb, lambda: _reader_and_writer(module))


def run_info(
    spec: t.Mapping[str, t.Any],
    read: t.Callable[[Reader, t.Mapping[str, t.Any]], Result],
    more: t.Optional[Result] = None,
) -> None:
    """The body of a module that only reads; ``read`` gets a reader and the options and returns the result without ``changed``.

    ``more`` as for :func:`run_managed`.
    """
    module = _module(spec, more)
    finish(module, lambda: dict(read(reader_of(module, connect(module)), module.params), changed=False))


def reader_of(module: Module, api: http.Api) -> Reader:
    """Reads what the API has, one object at a time; in check mode with what earlier tasks of the run would have changed."""
    return t.cast(Reader, Predicted(Reader(api), notes_of(api))) if module.check_mode else Reader(api)


def notes_of(api: http.Api) -> Notes:
    """What tasks of this run foresee of the cluster in which the API's calls are done. Asks which one that is, if the task names one."""
    return Notes("StorPool at " + (api.place if api.cluster else api.endpoint.address))


def _module(spec: t.Mapping[str, t.Any], more: t.Optional[Result]) -> Module:
    connection = dict(CONNECTION, **dict(CLUSTER, **(more or {})))
    return Module(dict(spec, argument_spec=dict(spec["argument_spec"], **connection)))


def _reader_and_writer(module: Module) -> t.Tuple[t.Any, ...]:
    api = connect(module)
    return reader_of(module, api), patient(Reader(api), api.apply), api.endpoint.retries


def connect(
    module: Module,
    params: t.Optional[t.Mapping[str, t.Any]] = None,
    time_left: t.Optional[TimeLeft] = None,
) -> http.Api:
    """The API that the module's options describe (or ``params`` in their place). No call outlives ``time_left`` for long.

    Raises as :func:`.config.endpoint` does.
    """
    place = endpoint(module.given if params is None else params, read_files)
    module.no_log_values.add(place.token)  # it may come from a file, which Module knows nothing of
    return http.Api(place, time_left=time_left)
