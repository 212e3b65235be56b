# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a CloudStack module runs: options in, an :class:`Api` in between, a result or one sentence out."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._common.plan import Managed
from .._common.run import finish, manage
from . import api as http
from .config import endpoint, read_files
from .options import CONNECTION
from .reader import Reader, StorPool
from .waiting import Worker

Result = t.Mapping[str, t.Any]
#: Makes the functions that ask StorPool, given a module that has the options for it.
AskStorPool = t.Callable[[AnsibleModule], StorPool]


def run_managed(kind: Managed, more_options: t.Mapping[str, t.Any], ask_storpool: AskStorPool) -> None:
    """The body of a module that manages one object. ``more_options`` are those of the StorPool side, which this side does not know."""
    module = _module(kind.spec, more_options)

    def connect() -> t.Tuple[t.Any, ...]:
        api = _connect(module)
        reader = Reader(api, ask_storpool(module))
        return reader, Worker(api, reader).apply, api.endpoint.retries

    manage(module, kind, connect)


def run_info(spec: t.Mapping[str, t.Any], read: t.Callable[[Reader, t.Mapping[str, t.Any]], Result]) -> None:
    """The body of a module that only reads; ``read`` gets a reader and the options and returns the result without ``changed``."""
    module = _module(spec, {})
    finish(module, lambda: dict(read(Reader(_connect(module)), module.params), changed=False))


def _module(spec: t.Mapping[str, t.Any], more_options: t.Mapping[str, t.Any]) -> AnsibleModule:
    options = dict(spec["argument_spec"], **dict(CONNECTION, **more_options))
    return AnsibleModule(**dict(spec, argument_spec=options), supports_check_mode=True)


def _connect(module: AnsibleModule) -> http.Api:
    if http.CS_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("cs"), exception=http.CS_IMPORT_ERROR)
    place = endpoint(module.params, read_files)
    module.no_log_values.update(
        [place.key, place.secret]
    )  # they may come from a file, which AnsibleModule knows nothing of
    token = module.params.get("sp_auth_token")
    return http.Api(place, [token] if token else [])
