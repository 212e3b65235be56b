# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of the CloudStack API simulator."""

from __future__ import annotations

import argparse
import sys
from urllib.parse import urlsplit

from simulators.cloudstack.server import Simulator
from simulators.cloudstack.state import LocalStorPool, Options
from simulators.cloudstack.versions import Release, parse
from simulators.kit import add_common_arguments, serve


def _release(text: str) -> Release:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _storpool(url: str | None, token: str | None) -> LocalStorPool:
    """What storpool_confget answers on the management server."""
    if url is None:
        return LocalStorPool()
    parts = urlsplit(url if "//" in url else f"//{url}")
    if not parts.hostname:
        raise SystemExit("--storpool-url must look like http://127.0.0.1:81")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return LocalStorPool(host, parts.port or 81, token)


def main(argv: list[str] | None = None) -> int:
    """Serves until it is told to end."""
    parser = argparse.ArgumentParser(prog="simulators.cloudstack", description="CloudStack API simulator")
    add_common_arguments(parser)
    parser.add_argument("--api-key", required=True, help="API key of the root administrator")
    parser.add_argument("--secret-key", required=True, help="secret key of the root administrator")
    parser.add_argument("--version", type=_release, default=parse("4.19.1"), help="CloudStack 4.8 ... 4.23")
    parser.add_argument("--storpool-url", help="StorPool API that storpool_confget names on the management server")
    parser.add_argument("--storpool-token", help="token that storpool_confget names on the management server")
    parser.add_argument("--hosts", type=_count, default=3, help="KVM hosts (default: 3), their client ids from 1")
    parser.add_argument("--zones", type=_positive, default=1, help="zones with one pod and cluster each (default: 1)")
    parser.add_argument("--management-servers", type=_count, default=2, help="management servers (default: 2)")
    given = parser.parse_args(argv)
    options = Options(
        release=given.version,
        api_key=given.api_key,
        secret_key=given.secret_key,
        hosts=given.hosts,
        zones=given.zones,
        management_servers=given.management_servers,
        storpool=_storpool(given.storpool_url, given.storpool_token),
    )
    return serve(Simulator(options), given.host, given.port)


if __name__ == "__main__":
    sys.exit(main())
