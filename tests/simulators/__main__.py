# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command with both simulators in the place of StorPool and CloudStack; from an installed collection, too::

    python3 ~/.ansible/collections/ansible_collections/storpool/cloudstack/tests/simulators ansible-playbook site.yml

The command gets their addresses and keys in the environment variables that the modules read where a task gives no connection. They end with it, and
its exit status is ours. Without a command they run until Ctrl-C, and the variables are printed for a shell to take.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

# Started as a directory, its own modules are on the path, under names of other packages; its parent should be.
HERE = Path(__file__).resolve().parent
sys.path[:] = [str(HERE.parent), *(path for path in sys.path if path != str(HERE))]
NEEDED = ("aiohttp", "orjson", "requests")
OLDEST = (3, 11)
#: Where Ansible looks for collections if nothing says otherwise.
ELSEWHERE = ("~/.ansible/collections", "/usr/share/ansible/collections")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="simulators", description="Run a command with simulators of StorPool and CloudStack in their place."
    )
    parser.add_argument("--version", default="4.19.1", help="CloudStack version (default: %(default)s)")
    parser.add_argument("--clients", default="1,2,3", help="ids of StorPool's clients (default: %(default)s)")
    parser.add_argument("--token", default="1234567890123456789", help="token of the StorPool API")
    parser.add_argument("--api-key", default="simulator-api-key", help="key of the CloudStack API")
    parser.add_argument("--secret-key", default="simulator-secret-key", help="secret key of the CloudStack API")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run, for instance ansible-playbook site.yml")
    options = parser.parse_args()
    if complaint := _complaint():
        print(complaint, file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    with ExitStack() as running:
        variables, refused = _start(options, running)
        if refused:
            print(refused, file=sys.stderr)
            return 2
        if options.command:
            return _run(options.command, {**variables, **_checkout(running)})
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        print("# The simulators run until Ctrl-C.", flush=True)
        signal.pause()
    return 0


def _complaint() -> str:
    """Why the simulators cannot run with this Python; nothing if they can."""
    if sys.version_info < OLDEST:
        return f"The simulators need Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}."
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    wanted = shlex.join([sys.executable, "-m", "pip", "install", "-r", str(HERE / "requirements.txt")])
    return f"The simulators need {', '.join(missing)}: {wanted}" if missing else ""


def _start(options: argparse.Namespace, running: ExitStack) -> tuple[dict[str, str], str]:
    """Start both; the environment variables by which modules and people find them, and why one of them did not start."""
    from simulators.client import SimulatorError, start  # noqa: PLC0415 - it needs what the complaint would be about

    try:
        storpool = running.enter_context(start("storpool", token=options.token, clients=options.clients))
        cloudstack = running.enter_context(
            start(
                "cloudstack",
                version=options.version,
                api_key=options.api_key,
                secret_key=options.secret_key,
                storpool_url=storpool.url,
                storpool_token=options.token,
            )
        )
    except SimulatorError as error:
        return {}, str(error).strip().splitlines()[-1]  # after the usage of a server that nobody sees
    variables = {
        "SP_API_HTTP_HOST": storpool.host,
        "SP_API_HTTP_PORT": str(storpool.port),
        "SP_AUTH_TOKEN": options.token,
        "CLOUDSTACK_ENDPOINT": f"{cloudstack.url}/client/api",
        "CLOUDSTACK_KEY": options.api_key,
        "CLOUDSTACK_SECRET": options.secret_key,
        "STORPOOL_SIMULATOR": f"{storpool.url}/_sim",
        "CLOUDSTACK_SIMULATOR": f"{cloudstack.url}/_sim",
    }
    return variables, ""


def _checkout(running: ExitStack) -> dict[str, str]:
    """What lets Ansible find the collection of a checkout in which the command runs: that is not where collections are looked for."""
    root = HERE.parents[1]
    installed = root.parts[-3:] == ("ansible_collections", "storpool", "cloudstack")
    if installed or "ANSIBLE_COLLECTIONS_PATH" in os.environ or not Path.cwd().is_relative_to(root):
        return {}
    path = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="storpool-cloudstack-")))
    (path / "ansible_collections" / "storpool").mkdir(parents=True)
    (path / "ansible_collections" / "storpool" / "cloudstack").symlink_to(root)
    return {"ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(path), *ELSEWHERE])}


def _run(command: list[str], variables: dict[str, str]) -> int:
    """Run the command to its end; what a shell would say of how it ended. A Ctrl-C is for the command to obey, and to end by."""
    words = command[1:] if command[0] == "--" else command
    try:
        process = subprocess.Popen(words, env={**os.environ, **variables})
    except (FileNotFoundError, PermissionError) as error:
        print(f"{words[0]} cannot be run: {error.strerror}.", file=sys.stderr)
        return 127
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise
    return status if status >= 0 else 128 - status


def _end(number: int, _frame: FrameType | None) -> None:
    """Leave, and let nothing disturb that."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
