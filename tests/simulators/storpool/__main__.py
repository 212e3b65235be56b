# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m simulators.storpool``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from simulators.kit import add_common_arguments, serve
from simulators.storpool.devices import FILE, LOOP, Devices
from simulators.storpool.server import Options, Simulator
from simulators.storpool.store import DataError, Store

MAX_CLIENT = 4095
MAX_DISKS = 900


def _clients(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(dict.fromkeys(int(part) for part in text.split(",") if part))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not ids of clients: {text!r} (write them like 1,2,3)") from error
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


def _devices(text: str) -> tuple[tuple[str, int], Path]:
    """The cluster ("" for the local one) and the id of a client, and its directory."""
    client, equals, path = text.partition("=")
    cluster, _colon, number = client.rpartition(":")
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= MAX_CLIENT and equals and path):
        raise argparse.ArgumentTypeError(f"[CLUSTER:]CLIENT=PATH, with the id of a client from 1 to {MAX_CLIENT}")
    return (cluster and _cluster_id(cluster), int(number)), Path(path).resolve()


def main() -> int:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="python -m simulators.storpool", description="A simulated StorPool cluster.")
    add_common_arguments(parser)
    parser.add_argument("--token", required=True, help="the token that clients must send")
    parser.add_argument("--cluster-id", type=_cluster_id, default="sim.b", help="id, loc.sub (default: %(default)s)")
    parser.add_argument("--cluster-name", default="simulated", help="name of the cluster (default: %(default)s)")
    parser.add_argument("--clients", type=_clients, default=(1, 2, 3), help="client ids (default: 1,2,3)")
    parser.add_argument("--disks", type=_disks, default=9, help="number of disks (default: %(default)s)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep the bytes of volumes and snapshots in files there"
    )
    parser.add_argument(
        "--devices",
        type=_devices,
        action="append",
        default=[],
        metavar="[CLUSTER:]CLIENT=PATH",
        help="keep the links to a client's devices in PATH/storpool and PATH/storpool-byid; may be repeated; needs --data",
    )
    parser.add_argument(
        "--device-kind", choices=(LOOP, FILE), help="block devices or files (default: loop where that is possible)"
    )
    args = parser.parse_args()
    if args.devices and args.data is None:
        parser.error("--devices needs --data")
    if len({path for _number, path in args.devices}) < len(args.devices) or len(dict(args.devices)) < len(args.devices):
        parser.error("--devices: each client has one directory, of its own")
    options = Options(args.token, args.cluster_id, args.cluster_name, args.clients, args.disks)
    try:
        store = Store(args.data.resolve()) if args.data else None
        paths = {(cluster or args.cluster_id, number): path for (cluster, number), path in args.devices}
        devices = Devices(store, paths, args.device_kind) if store and paths else None
    except DataError as problem:
        print(problem, file=sys.stderr)
        return 1
    simulator = Simulator(options, store, devices)
    try:
        return serve(simulator, args.host, args.port)
    finally:
        simulator.close()


if __name__ == "__main__":
    sys.exit(main())
