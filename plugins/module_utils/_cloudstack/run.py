# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a CloudStack module runs: options in, an :class:`Api` in between, a result or one sentence out."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import missing_required_lib

from .._common.foreseen import Notes
from .._common.module import Module
from .._common.plan import Managed, Step
from .._common.run import finish, manage
from .._common.time_left import TimeLeft
from .._common.verb import Verb, perform
from .cloud.predicted import Predicted
from .cloud.reader import Reader, StorPool
from .cloud.waiting import Worker
from .connection import api as http
from .connection import library
from .connection.config import endpoint, read_files
from .connection.options import CONNECTION

Params = t.Mapping[str, t.Any]
Result = t.Mapping[str, t.Any]
#: Makes the functions that ask StorPool, given a module that has the options for it, and the time that is left for the task.
AskStorPool = t.Callable[[Module, TimeLeft], StorPool]

#: Makes what a module that only reads asks others than CloudStack, given the module and the time that is left for the task.
Ask = t.Callable[[Module, TimeLeft], t.Callable[..., t.Any]]

#: Makes what carries out the steps of a plan, given the connection and what carries out calls to CloudStack.
Carry = t.Callable[[http.Api, Worker], t.Callable[[Step], t.Any]]


class Secrets(t.NamedTuple):
    """How a module keeps secrets that are in options which are not ``no_log``.

    ``shown`` gives what may be shown of the options, which need not have been checked. ``texts``, given what was read and the desired state, gives the
    texts that may be shown nowhere.
    """

    shown: t.Callable[[Params], t.Dict[str, t.Any]]
    texts: t.Callable[[t.Any, t.Any], t.Iterable[str]]


def run_managed(
    kind: Managed,
    more_options: t.Optional[t.Mapping[str, t.Any]] = None,
    ask_storpool: t.Optional[AskStorPool] = None,
    secrets: t.Optional[Secrets] = None,
    carry: t.Optional[Carry] = None,
) -> None:
    """The body of a module that manages one object.

    ``more_options`` and ``ask_storpool`` are for a module that knows StorPool, too, which this side does not. ``carry`` is for one whose steps are not
    only calls to CloudStack.
    """
    module = _module(kind.spec, more_options or {}, secrets)
    time_left = TimeLeft(module.params.get("wait_timeout"))
    apis: t.List[http.Api] = []

    def connect() -> t.Tuple[t.Any, ...]:
        api = open_api(module, time_left)
        apis.append(api)
        reader = _reader_of(module, api, ask_storpool(module, time_left) if ask_storpool else None)
        worker = Worker(api, reader, time_left=time_left)
        return reader, carry(api, worker) if carry else worker.apply, api.endpoint.retries

    def look(reader: t.Any, wanted: t.Any) -> t.Any:
        current = kind.look(reader, wanted)
        texts = list(secrets.texts(current, wanted)) if secrets else []
        module.keep(texts)
        for api in apis:
            api.hide(texts)
        return current

    manage(
        module,
        kind._replace(want=lambda _params: kind.want(module.given), look=look),
        connect,
        time_left,
    )


def run_verb(
    verb: Verb,
    more_options: t.Optional[t.Mapping[str, t.Any]] = None,
    ask_storpool: t.Optional[AskStorPool] = None,
) -> None:
    """The body of a module that does something, rather than keep something as it is wanted; else as :func:`run_managed`."""
    module = _module(verb.spec, more_options or {}, None)
    time_left = TimeLeft(module.params.get("wait_timeout"))

    def connect() -> t.Tuple[t.Any, ...]:
        api = open_api(module, time_left)
        reader = _reader_of(module, api, ask_storpool(module, time_left) if ask_storpool else None)
        return reader, Worker(api, reader, time_left=time_left).apply, api.endpoint.retries

    perform(module, verb, connect, time_left)


def run_info(
    spec: t.Mapping[str, t.Any],
    read: t.Callable[..., Result],
    more_options: t.Optional[t.Mapping[str, t.Any]] = None,
    ask: t.Optional[Ask] = None,
) -> None:
    """The body of a module that only reads; ``read`` gets a reader and the options and returns the result without ``changed``.

    ``more_options`` and ``ask`` are for a module that knows more than CloudStack: what ``ask`` makes is given to ``read``, too.
    """
    module = _module(spec, more_options or {}, None)
    time_left = TimeLeft(_seconds_to_wait(module.params))

    def work() -> Result:
        more = [ask(module, time_left)] if ask else []
        return dict(read(_reader_of(module, open_api(module, time_left)), module.params, *more), changed=False)

    finish(module, work)


def run_many(
    spec: t.Mapping[str, t.Any],
    work: t.Callable[[Module, Reader, t.Callable[[], t.Tuple[Reader, t.Callable[[Step], t.Any]]], int], Result],
) -> None:
    """The body of a module that changes many objects side by side.

    ``work`` gets the module, a reader, what makes a connection (another reader, and what applies steps over it), and how often to retry while the API is away.
    """
    module = _module(spec, {}, None)

    def begin() -> Result:
        api = open_api(module, TimeLeft())

        def connect() -> t.Tuple[Reader, t.Callable[[Step], t.Any]]:
            own = http.Api(api.endpoint)
            reader = Reader(own)
            return reader, Worker(own, reader).apply

        return work(module, _reader_of(module, api), connect, api.endpoint.retries)

    finish(module, begin)


def _reader_of(module: Module, api: http.Api, storpool: t.Optional[StorPool] = None) -> Reader:
    """Reads what CloudStack has; in check mode with what earlier tasks of the run would have changed."""
    reader = Reader(api, storpool)
    return t.cast(Reader, Predicted(reader, Notes(api.endpoint.url))) if module.check_mode else reader


def _seconds_to_wait(params: Params) -> t.Optional[float]:
    """How long a module that reads may take, if it was asked to wait for something; else every call has its own time only."""
    return float(params["wait_timeout"] + params["wait_stable"]) if params.get("wait") else None


def _module(spec: t.Mapping[str, t.Any], more_options: t.Mapping[str, t.Any], secrets: t.Optional[Secrets]) -> Module:
    options = dict(spec["argument_spec"], **dict(CONNECTION, **more_options))
    return Module(dict(spec, argument_spec=options), secrets.shown if secrets else None)


def open_api(module: Module, time_left: TimeLeft) -> http.Api:
    """The API that the module's options describe. Raises as :func:`.config.endpoint` does."""
    if http.CS_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("cs"), exception=http.CS_IMPORT_ERROR)
    too_old = library.problem(http.CloudStack)  # type: ignore[attr-defined]  # the one that it uses
    if too_old:
        module.fail_json(msg=too_old)
    place = endpoint(module.given, read_files)
    module.no_log_values.update(
        [place.key, place.secret]
    )  # they may come from a file, which AnsibleModule knows nothing of
    token = module.params.get("sp_auth_token")
    return http.Api(place, [token] if token else [], time_left=time_left)
