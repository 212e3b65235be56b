# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of every module that talks to StorPool, and how modules put their own beside them."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

from ..._common.numbers import env_number

CONNECTION: t.Dict[str, t.Any] = {
    "sp_api_http_host": {"type": "str", "fallback": (env_fallback, ["SP_API_HTTP_HOST"])},
    "sp_api_http_port": {"type": "int", "fallback": (env_number, ["SP_API_HTTP_PORT"])},
    "sp_auth_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["SP_AUTH_TOKEN"])},
    "sp_api_timeout": {"type": "float", "default": 300},
    "sp_api_retries": {"type": "int", "default": 5},
}

#: In which of the clusters that a cluster knows its calls are done. Each is for modules whose calls StorPool takes in this way.
CLUSTER: t.Dict[str, t.Any] = {"sp_cluster": {"type": "str"}}
MULTICLUSTER: t.Dict[str, t.Any] = {"sp_multicluster": {"type": "bool", "default": False}}

#: What any object may be given of StorPool's policy: where its copies are and how fast it may be. Option -> StorPool's field.
POLICY_FIELDS = {
    "replication": "replication",
    "place_all": "placeAll",
    "place_tail": "placeTail",
    "place_head": "placeHead",
    "reuse_server": "reuseServer",
    "iops": "iops",
    "bw": "bw",
    "limit_type": "limitType",
}

POLICY: t.Dict[str, t.Any] = {
    "replication": {"type": "int", "choices": [1, 2, 3]},
    "place_all": {"type": "str"},
    "place_tail": {"type": "str"},
    "place_head": {"type": "str"},
    "reuse_server": {"type": "bool"},
    "iops": {"type": "str"},
    "bw": {"type": "str"},
    "limit_type": {"type": "str", "choices": ["total", "perGiB"]},
}

TAGS: t.Dict[str, t.Any] = {
    "tags": {"type": "dict"},
    "purge_tags": {"type": "bool", "default": False},
}
