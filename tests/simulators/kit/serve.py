# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line and the server's life: listening, the line on standard output, a clean end."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from simulators.kit.pipeline import Pipeline
from simulators.kit.product import Product

SHUTDOWN_SECONDS = 0.2


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """``--host`` and ``--port``, the same for every simulator."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on, 0 for any free one (default)")


async def _serve(product: Product, host: str, port: int) -> None:
    pipeline = Pipeline(product)
    runner = web.ServerRunner(web.Server(pipeline.handle, access_log=None), shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        bound = runner.addresses[0]
        print(f"listening on {bound[0]}:{bound[1]}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def serve(product: Product, host: str, port: int) -> int:
    """Serves until SIGTERM or SIGINT; the first line on standard output is ``listening on HOST:PORT``.

    Gives the process's exit status: 0, or 1 if the address cannot be listened on.
    """
    try:
        asyncio.run(_serve(product, host, port))
    except OSError as problem:
        print(f"cannot listen on {host}:{port}: {problem.strerror or problem}", file=sys.stderr)
        return 1
    return 0
