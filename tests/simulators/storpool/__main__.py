# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m simulators.storpool``."""

from __future__ import annotations

import argparse
import re
import sys

from simulators.kit import add_common_arguments, serve
from simulators.storpool.server import Options, Simulator

MAX_CLIENT = 4095
MAX_DISKS = 900


def _clients(text: str) -> tuple[int, ...]:
    numbers = tuple(dict.fromkeys(int(part) for part in text.split(",") if part))
    if not all(1 <= number <= MAX_CLIENT for number in numbers):
        raise argparse.ArgumentTypeError(f"client ids are from 1 to {MAX_CLIENT}")
    return numbers


def _disks(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_DISKS:
        raise argparse.ArgumentTypeError(f"the number of disks is from 1 to {MAX_DISKS}")
    return number


def _cluster_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+\.[a-z0-9]+", text):
        raise argparse.ArgumentTypeError("a cluster id has two parts of small letters and digits, like abc.b")
    return text


def main() -> int:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="python -m simulators.storpool", description="A simulated StorPool cluster.")
    add_common_arguments(parser)
    parser.add_argument("--token", required=True, help="the token that clients must send")
    parser.add_argument("--cluster-id", type=_cluster_id, default="sim.b", help="id, loc.sub (default: %(default)s)")
    parser.add_argument("--cluster-name", default="simulated", help="name of the cluster (default: %(default)s)")
    parser.add_argument("--clients", type=_clients, default=(1, 2, 3), help="client ids (default: 1,2,3)")
    parser.add_argument("--disks", type=_disks, default=9, help="number of disks (default: %(default)s)")
    args = parser.parse_args()
    options = Options(args.token, args.cluster_id, args.cluster_name, args.clients, args.disks)
    return serve(Simulator(options), args.host, args.port)


if __name__ == "__main__":
    sys.exit(main())
