# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts both simulators in the background, for playbooks, and prints where they are as JSON::

    python -m simulators.background --version 4.19.1
    {"storpool": {"url": ..., "host": ..., "port": ..., "token": ..., "pid": ...},
     "cloudstack": {"url": ..., "api_key": ..., "secret_key": ..., "pid": ...}}

They end when the processes with these ids get SIGTERM, and by themselves after the lifetime.
"""

from __future__ import annotations

import argparse
import json

from simulators.client import Simulator, start


def describe(simulator: Simulator, *names: str) -> dict[str, object]:
    """Where a simulator is, with these of the arguments it was started with."""
    where = {"url": simulator.url, "host": simulator.host, "port": simulator.port, "pid": simulator.pid}
    return where | {name: simulator.args[name] for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description="Start the StorPool and the CloudStack simulator in the background.")
    parser.add_argument("--version", default="4.19.1", help="CloudStack version (default: %(default)s)")
    parser.add_argument("--lifetime", type=int, default=900, help="seconds after which they end (default: %(default)s)")
    parser.add_argument("--token", default="1234567890123456789", help="token of the StorPool API")
    parser.add_argument("--data", help="directory in which the StorPool simulator keeps the bytes of volumes")
    parser.add_argument("--devices", action="append", metavar="CLIENT=PATH", help="where a client has its devices")
    options = parser.parse_args()
    bytes_too = {"data": options.data, "devices": options.devices or []} if options.data else {}
    storpool = start("storpool", lifetime=options.lifetime, token=options.token, **bytes_too)
    cloudstack = start(
        "cloudstack",
        lifetime=options.lifetime,
        version=options.version,
        storpool_url=storpool.url,
        storpool_token=options.token,
    )
    print(
        json.dumps(
            {
                "storpool": describe(storpool, "token"),
                "cloudstack": describe(cloudstack, "api_key", "secret_key", "version"),
            }
        )
    )


if __name__ == "__main__":
    main()
