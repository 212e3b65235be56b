# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a CloudStack module runs: options in, an :class:`Api` in between, a result or one sentence out."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._common.numbers import Bounded, Module
from .._common.plan import Managed
from .._common.run import finish, manage
from . import api as http
from . import library
from .config import endpoint, read_files
from .options import CONNECTION
from .reader import Reader, StorPool
from .waiting import Worker

Params = t.Mapping[str, t.Any]
Result = t.Mapping[str, t.Any]
#: Makes the functions that ask StorPool, given a module that has the options for it.
AskStorPool = t.Callable[[AnsibleModule], StorPool]
#: The texts among the options that nobody may see, although their options are not ``no_log``. Options may not have been checked yet.
Secrets = t.Callable[[Params], t.Iterable[str]]


def run_managed(
    kind: Managed,
    more_options: t.Optional[t.Mapping[str, t.Any]] = None,
    ask_storpool: t.Optional[AskStorPool] = None,
    secrets: t.Optional[Secrets] = None,
) -> None:
    """The body of a module that manages one object.

    ``more_options`` and ``ask_storpool`` are for a module that knows StorPool, too, which this side does not.
    """
    module = _module(kind.spec, more_options or {}, secrets)

    def connect() -> t.Tuple[t.Any, ...]:
        api = _connect(module, secrets)
        reader = Reader(api, ask_storpool(module) if ask_storpool else None)
        return reader, Worker(api, reader).apply, api.endpoint.retries

    manage(module, kind, connect)


def run_info(spec: t.Mapping[str, t.Any], read: t.Callable[[Reader, Params], Result]) -> None:
    """The body of a module that only reads; ``read`` gets a reader and the options and returns the result without ``changed``."""
    module = _module(spec, {}, None)
    finish(module, lambda: dict(read(Reader(_connect(module, None)), module.params), changed=False))


def _module(
    spec: t.Mapping[str, t.Any], more_options: t.Mapping[str, t.Any], secrets: t.Optional[Secrets]
) -> AnsibleModule:
    options = dict(spec["argument_spec"], **dict(CONNECTION, **more_options))
    kind = _discreet(secrets) if secrets else Module
    return kind(**dict(spec, argument_spec=options), supports_check_mode=True)


def _discreet(secrets: Secrets) -> t.Type[AnsibleModule]:
    """A module that keeps secrets whose options are not ``no_log``: from the log of the system, and from what failures show of the options."""

    class Discreet(Bounded):
        def _log_invocation(self) -> None:
            self.no_log_values.update(secrets(self.params))
            super()._log_invocation()  # type: ignore[no-untyped-call]

        def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
            self.no_log_values.update(secrets(self.params))
            super().fail_json(msg, **kwargs)

    return Discreet


def _connect(module: AnsibleModule, secrets: t.Optional[Secrets]) -> http.Api:
    if http.CS_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("cs"), exception=http.CS_IMPORT_ERROR)
    too_old = library.problem(http.CloudStack)  # type: ignore[attr-defined]  # the one that it uses
    if too_old:
        module.fail_json(msg=too_old)
    place = endpoint(module.params, read_files)
    module.no_log_values.update(
        [place.key, place.secret]
    )  # they may come from a file, which AnsibleModule knows nothing of
    token = module.params.get("sp_auth_token")
    return http.Api(place, [*([token] if token else []), *(secrets(module.params) if secrets else [])])
