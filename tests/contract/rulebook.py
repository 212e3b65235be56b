# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's ansible-rulebook with the example's rulebook, against simulators: a volume dangles; what a repair would do about it is told, and not done."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contract import pages
from contract.test_event_source import attach, dangle
from simulators.client import Simulator, start
from tools import report
from tools.stage import stage
from tools.workspace import BUILD, STAGE, environment

LOG = BUILD / "logs" / "eda.log"
VARIABLES = BUILD / "eda.yml"
SECONDS = 240
STOP_SECONDS = 30
PAUSE = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(prog="rulebook", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="where ansible-rulebook is")
    programs = parser.parse_args().programs.absolute()
    watch = report.Stopwatch()
    stage()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    VARIABLES.write_text("audit_interval: 1\n", encoding="utf-8")
    with (
        start("storpool") as storpool,
        start("cloudstack", storpool_url=storpool.url, storpool_token=storpool.args["token"]) as cloudstack,
    ):
        volume, elsewhere = dangle(storpool, cloudstack)
        storpool.clear_journal()
        with rulebook(programs, storpool, cloudstack):
            told = wait_for(rf'"detach volume .* from client {elsewhere}"')
            written = storpool.journal()["writes"]
            attach(storpool, volume, detach=[elsewhere])
            gone = told and wait_for("Gone: Volume .* is attached to client")
    wrong = [
        *([] if told else ["no repair was told"]),
        *([] if gone else ["it was not told that the finding is gone"]),
        *([f"{written} writes to StorPool"] if written else []),
    ]
    if wrong:
        print(LOG.read_text(encoding="utf-8", errors="replace"))
    return report.finish(
        report.Result("eda", "events", 2 - len(wrong), len(wrong), 0, watch.seconds(), ", ".join(wrong))
    )


@contextmanager
def rulebook(programs: Path, storpool: Simulator, cloudstack: Simulator) -> Iterator[None]:
    """The example's rulebook, at work; what it says is in the log."""
    env = {
        **environment(),
        "SP_API_HTTP_HOST": storpool.host,
        "SP_API_HTTP_PORT": str(storpool.port),
        "SP_AUTH_TOKEN": storpool.args["token"],
        "CLOUDSTACK_ENDPOINT": f"{cloudstack.url}/client/api",
        "CLOUDSTACK_KEY": cloudstack.args["api_key"],
        "CLOUDSTACK_SECRET": cloudstack.args["secret_key"],
        "ANSIBLE_NOCOLOR": "true",
    }
    env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
    program, *files = pages.command(pages.CONTROLLERS, "ansible-rulebook")
    with LOG.open("wb") as log:
        process = subprocess.Popen(
            [str(programs / program), *files, "--vars", str(VARIABLES)],
            cwd=STAGE / "examples",
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(pattern: str) -> bool:
    """Whether the log has it, in time."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if re.search(pattern, LOG.read_text(encoding="utf-8", errors="replace")):
            return True
        time.sleep(PAUSE)
    return False


if __name__ == "__main__":
    sys.exit(main())
