# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same play twice, as modules usually run and directly, and what differs."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulators.client import Simulator, start
from tools.workspace import NAME, NAMESPACE, STAGE, env_bin, environment

from . import through_runner

HERE = Path(__file__).resolve().parent
SECONDS = 600
DELAY = 3  # seconds that StorPool takes for what is interrupted
TOKEN = "1556129910218014736"
PASSWORD = "both ways"
HAVE_ACTIONS_OF_THEIR_OWN = {"storpool_objects", "cloudstack_plugin_jar"}
RUN_USUALLY = {"Without an own Python"}
LAST_TASK = "The last, which fails"
#: What no two runs have in common.
_PASSING = (
    (re.compile(r'("?creation_timestamp"?: )\d+'), r"\1TIME"),
    (re.compile(r"\bj\d+\.\d+"), "JOB"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r'("?(?:sp_api_http_port|port)"?: )\d+'), r"\1PORT"),
    (re.compile(r"0x[0-9a-f]{6,}"), "OBJECT"),
    (re.compile(r'"in_ansible": \w+'), '"in_ansible": WAY'),
    # Where the files of a traceback are: in a zip of a temporary directory, or where they are installed.
    (re.compile(r"/[^\s\"\\]*(?:_payload\.zip|/collections|/site-packages)/(?=ansible(?:_collections)?/)"), "FILES/"),
    (re.compile(r"Interrupted at <frame [^>]*>"), "Interrupted at FRAME"),
    (re.compile(r'("?(?:started|delta|end|start|seconds)"?: )"?[\d:. -]+"?'), r"\1TIME"),
)
#: What -vvv says of the way itself.
_WAY = re.compile(r"<\S+> (EXEC|PUT|ESTABLISH LOCAL CONNECTION|Run )|Pipelining is enabled\.|Using module file ")


class _Run(NamedTuple):
    """How the play is run. ``core`` is an environment, the main one if empty."""

    core: str
    options: tuple[str, ...]
    runner: bool
    missing: bool
    interrupted: bool


def differences(
    directory: Path,
    core: str = "",
    *options: str,
    runner: bool = False,
    missing: bool = False,
    interrupted: bool = False,
) -> list[str]:
    """Lines that differ between the two ways, run with the environment of ``core`` (the main one if empty) in a new directory.

    With ``runner`` it is ansible-runner that runs them, and its artifacts are compared as well. Where libraries are ``missing``, those of the modules cannot be
    imported. What is ``interrupted`` is a loop, by Ctrl-C. Raises RuntimeError if a run ended where it should not, or if nothing, or what should not have been,
    was run directly.
    """
    run = _Run(core, ("--tags", "interrupted", *options) if interrupted else options, runner, missing, interrupted)
    directory.mkdir(parents=True)
    told: dict[bool, list[str]] = {}
    for directly in (True, False):
        told[directly] = list(_told(directory / str(directly), run, directly))
    return list(difflib.unified_diff(told[False], told[True], "usual", "direct", lineterm="", n=1))


def _told(directory: Path, run: _Run, directly: bool) -> Iterator[str]:
    """All that a run tells: its output on the terminal, its exit code, each result with its invocation, and what StorPool was asked."""
    _prepare(directory, run.core, directly)
    with (
        start("storpool", token=TOKEN, clients="1,2,3") as storpool,
        start("cloudstack", version="4.19.1", storpool_url=storpool.url, storpool_token=TOKEN) as cloudstack,
    ):
        connections = {
            "storpool_connection": {
                "sp_api_http_host": storpool.host,
                "sp_api_http_port": storpool.port,
                "sp_auth_token": TOKEN,
            },
            "cloudstack_connection": {
                "api_url": f"{cloudstack.url}/client/api",
                "api_key": cloudstack.args["api_key"],
                "api_secret": cloudstack.args["secret_key"],
            },
        }
        (directory / "connections.json").write_text(json.dumps(connections))
        with _started(directory, run, directly) as process:
            if run.interrupted:
                _interrupt(process, storpool)
            shown = "".join(process.communicate(timeout=SECONDS))
        if (LAST_TASK in shown) == run.interrupted:
            raise RuntimeError(f"the play came to an end that is not its own:\n{shown}")
        results = [json.loads(line) for line in (directory / "told").read_text(encoding="utf-8").splitlines()]
        if run.runner:
            shown, events = through_runner.artifacts(directory)
            results += events
        yield from (line for line in _same_for_all(shown).splitlines() if not _WAY.match(line))
        yield f"exit code {process.returncode}"
        for result in results:
            if result.get("task") not in RUN_USUALLY and not _ways(result) <= {directly}:
                raise RuntimeError(f"not run {'directly' if directly else 'as usual'}: {result}")
        for result in sorted(_same_for_all(json.dumps(result, indent=1, sort_keys=True)) for result in results):
            yield from result.splitlines()
        entries = storpool.journal()["entries"]
        yield from (f"{entry['method']} {entry['call']} {entry['target']} {entry['body']}" for entry in entries)


def _ways(thing: Any) -> set[bool]:
    """Whether the modules that say so in a result ran directly; it is taken out of the result."""
    if isinstance(thing, list):
        return {way for part in thing for way in _ways(part)}
    if not isinstance(thing, dict):
        return set()
    own = {thing.pop("in_ansible")} if "in_ansible" in thing else set()
    return own | {way for part in thing.values() for way in _ways(part)}


def _prepare(directory: Path, core: str, directly: bool) -> None:
    """The collection with the faulty module, and the play. Without the actions, modules run as those of other collections do."""
    collection = directory / "collections" / "ansible_collections" / NAMESPACE / NAME
    for part in ("plugins", "meta"):
        shutil.copytree(STAGE / part, collection / part)
    shutil.copy(STAGE / "galaxy.yml", collection)
    shutil.copytree(HERE / "plugins", collection / "plugins", dirs_exist_ok=True)
    if not directly:
        for action in (collection / "plugins" / "action").glob("*.py"):
            if action.stem not in HAVE_ACTIONS_OF_THEIR_OWN:
                action.unlink()
    (directory / "password").write_text(PASSWORD)
    vault = subprocess.run(
        [env_bin(core) / "ansible-vault", "encrypt_string", "--vault-password-file", "password", "wrong-token"],
        cwd=directory,
        env=environment(core, directory / "collections"),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    lines = [line.strip() for line in vault.splitlines()]
    secret = "\n".join("      " + line for line in lines[lines.index("$ANSIBLE_VAULT;1.1;AES256") + 1 :] if line)
    play = (HERE / "play.yml.in").read_text(encoding="utf-8")
    (directory / "play.yml").write_text(play.replace("      VAULTED", secret), encoding="utf-8")
    python = env_bin(core) / "python"
    (directory / "inventory").write_text(
        f"localhost ansible_connection=local\nother ansible_connection=local\n[several]\nh1\nh2\nh3\n"
        f"[all:vars]\nansible_python_interpreter={python}\n"
    )


def _interrupt(process: subprocess.Popen[str], storpool: Simulator) -> None:
    """Ctrl-C, while the second item of the loop waits for its answer; and wait for what might go on after it."""
    storpool.fault({"call": "VolumeCreate", "skip": 1, "kind": "delay", "seconds": DELAY})
    deadline = time.monotonic() + SECONDS
    while storpool.journal()["writes"] < 2:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("there was nothing to interrupt")
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(SECONDS)
    time.sleep(DELAY)


@contextlib.contextmanager
def _started(directory: Path, run: _Run, directly: bool) -> Iterator[subprocess.Popen[str]]:
    """The play, in a process group of its own, as on a terminal; nothing of it is left at the end."""
    variables = environment(run.core, directory / "collections") | {
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "told",
        "ANSIBLE_VAULT_PASSWORD_FILE": "password",
        "ANSIBLE_ASYNC_DIR": str(directory / "async"),
        "ANSIBLE_FORKS": "5",
        "ANSIBLE_NOCOLOR": "1",
        "TOLD_IN": str(directory / "told"),
        "STORPOOL_CLOUDSTACK_DIRECT": str(directly).lower(),
        "STORPOOL_CLOUDSTACK_FORESEE": "false",  # what only tasks that run directly do
        "COLUMNS": "200",
    }
    if run.missing:
        variables["PYTHONPATH"] = str(HERE / "missing")
    options = "-e", "@connections.json", *run.options
    plainly = [env_bin(run.core) / "ansible-playbook", "-i", "inventory", "play.yml", *options]
    process = subprocess.Popen(
        through_runner.command(directory, options) if run.runner else plainly,
        cwd=directory,
        env=variables,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _same_for_all(text: str) -> str:
    for pattern, word in _PASSING:
        text = pattern.sub(word, text)
    # Ansible's own steps to a module's first line differ; in JSON the lines end with two characters.
    text = re.sub(r"Traceback \(most recent call last\):(?:\\n  [^\n]*?)*\\n(?=\w)", "TRACEBACK ", text)
    text = re.sub(r"Traceback \(most recent call last\):(?:\r?\n  [^\n]*)*\n(?=\w)", "TRACEBACK ", text)
    return re.sub(r"/(True|False)\b", "/WAY", text)
