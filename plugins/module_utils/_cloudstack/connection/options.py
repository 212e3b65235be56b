# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of every module that talks to CloudStack: the names and variables of ngine_io.cloudstack and of the ``cs`` library."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleFallbackNotFound, env_fallback

from ..._common.numbers import env_number, env_seconds

#: What the ``cs`` library takes for "yes" in CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY, and for "no".
_YES = ("y", "yes", "t", "true", "on", "1")
_NO = ("n", "no", "f", "false", "off", "0")


def not_env_fallback(*names: str) -> bool:
    """As ``env_fallback``, for a variable that says the opposite of the option."""
    for name in names:
        text = os.environ.get(name, "").strip().lower()
        if text in _YES + _NO:
            return text in _NO
    raise AnsibleFallbackNotFound


CONNECTION: t.Dict[str, t.Any] = {
    "api_url": {"type": "str", "fallback": (env_fallback, ["CLOUDSTACK_ENDPOINT"])},
    "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["CLOUDSTACK_KEY"])},
    "api_secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["CLOUDSTACK_SECRET"])},
    "api_timeout": {"type": "float", "default": 60, "fallback": (env_seconds, ["CLOUDSTACK_TIMEOUT"])},
    "api_retries": {"type": "int", "default": 5, "fallback": (env_number, ["CLOUDSTACK_RETRY"])},
    "api_verify_ssl_cert": {"type": "path", "fallback": (env_fallback, ["CLOUDSTACK_VERIFY"])},
    "validate_certs": {
        "type": "bool",
        "default": True,
        "fallback": (not_env_fallback, ["CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY"]),
    },
}
