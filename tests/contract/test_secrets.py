# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret gets out: every module, succeeding and failing, with all of Ansible's verbosity, log and diffs on."""

from __future__ import annotations

import base64
import threading
import urllib.parse
from pathlib import Path

import pytest

from contract import documented
from simulators.client import start

TOKEN = "7718281828459045235"
KEY = "canary-api-key-0123456789abcdef"
SECRET = "canary-secret-key+/fedcba9876543210"
WRONG = "canary-wrong-token-31415926535"


@pytest.fixture(scope="module")
def simulators():
    """Both simulators, with secrets that stand nowhere else."""
    with (
        start("storpool", token=TOKEN) as storpool,
        start("cloudstack", api_key=KEY, secret_key=SECRET, storpool_url=storpool.url, storpool_token=TOKEN) as cloud,
    ):
        yield storpool, cloud


class ProcessList(threading.Thread):
    """Collects every command line that it sees while it runs, but those of the simulators, which are given their secrets."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = set()
        self._stop_asked = threading.Event()

    def run(self):
        while not self._stop_asked.wait(0.01):
            lines = {command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline")}
            self.seen |= {line for line in lines if " -m simulators." not in line}

    def stop(self):
        self._stop_asked.set()
        self.join(10)


def command_line(path):
    """A command line; empty if the process has ended."""
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def spellings(secret):
    """A secret as it is, and as it would look in a URL or in an encoded payload."""
    return {secret, urllib.parse.quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]}


def failing(task, name):
    """The task with a wrong secret, with nobody at the address, and with its own secret under a wrong name."""
    module = f"{documented.COLLECTION}.{name}"
    options = task[module] or {}
    secret, variable, address = (
        ("sp_auth_token", "token", {"sp_api_http_port": 1, "sp_api_retries": 0})
        if name.startswith("storpool")
        else ("api_secret", "api_secret", {"api_url": "http://127.0.0.1:1/client/api"})
    )
    for change in ({secret: "{{ wrong }}"}, address, {"no_such_option": f"{{{{ {variable} }}}}"}):
        yield {"name": "Fails", module: options | change, "ignore_errors": True}


def around(text, spelling):
    """Where a secret stands, for whoever has to find out how it got there."""
    start = text.index(spelling)
    return text[max(0, start - 200) : start + 100]


@pytest.mark.parametrize("name", sorted(filter(documented.has_connection, documented.modules())))
def test_no_secret_is_shown(name, simulators, tmp_path):
    storpool, cloudstack = simulators
    storpool.reset()
    cloudstack.reset()
    tasks = documented.start_of(name)
    for example in documented.examples(name):
        tasks += [{**example, "check_mode": True, "diff": True}, {**example, "diff": True}]
    tasks += failing(next(task for task in documented.examples(name) if documented.module_of(task) == name), name)
    log, processes = tmp_path / "ansible.log", ProcessList()
    processes.start()
    ended = documented.play(
        tasks, storpool, cloudstack, tmp_path, "-vvvv", more_secrets={"wrong": WRONG}, ANSIBLE_LOG_PATH=str(log)
    )
    processes.stop()
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr
    assert "does not accept" in ended.stdout  # the wrong secret was really tried
    assert any(name in line for line in processes.seen)  # and the process list was really seen
    places = {"output": ended.stdout + ended.stderr, "log": log.read_text(), "process list": "\n".join(processes.seen)}
    for secret in (TOKEN, SECRET, WRONG):
        for spelling in spellings(secret):
            assert {place: around(text, spelling) for place, text in places.items() if spelling in text} == {}
