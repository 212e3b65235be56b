# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event for each finding of an audit that was not there before, for Event-Driven Ansible."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import typing as t

DOCUMENTATION = r"""
---
short_description: Where CloudStack and StorPool begin to differ
description:
  - Runs the playbook C(storpool.cloudstack.audit) again and again, which changes nothing. A finding that the audit before did not have is an event, and so is
    one that is gone, and an audit that fails where the one before did not.
  - After a start, all that is found is new.
  - C(event.finding) is a finding as M(storpool.cloudstack.cloudstack_storpool_audit) returns it, C(event.gone) one that is no longer so,
    C(event.failure.message) why an audit failed.
  - Braces in names that would make a template of them have a space between them, since playbooks get events as variables.
options:
  interval:
    description:
      - Seconds between the end of an audit and the beginning of the next.
    type: float
    default: 300
  timeout:
    description:
      - Seconds that an audit may take.
    type: float
    default: 900
  variables:
    description:
      - Variables of the playbook, for instance C(audit_zone), C(audit_codes) and C(audit_clients), and of both connections (C(sp_api_http_host),
        C(sp_auth_token), C(cloudstack_api_url) and the like). Secrets come from the vault of ansible-rulebook.
      - What is not given is found as the playbook finds it, in the environment or in files.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- storpool.cloudstack.audit:
    interval: 600
    variables:
      audit_codes: [dangling_attachment, double_attachment]
      audit_clients: {kvm1: 1, kvm2: 2}
"""

PLAYBOOK = "storpool.cloudstack.audit"
OPTIONS = ("interval", "timeout", "variables")
#: Where the playbook is told to write, so nobody else may say so.
OWN = ("audit_report", "audit_textfile", "audit_fail_on")
#: Characters of what a failed run had to say.
MOST = 2000
_LOG = logging.getLogger(__name__)

Event = t.Dict[str, t.Any]
Finding = t.Mapping[str, t.Any]
Known = t.Dict[t.Tuple[str, str], Finding]


class AuditFailed(Exception):
    """Why an audit has no result."""


async def main(queue: asyncio.Queue[Event], args: t.Dict[str, t.Any]) -> None:
    """Audit for ever; events go to the queue."""
    interval, timeout, variables = options(args)
    known: Known = {}
    failed = False
    while True:
        try:
            report = await audit(variables, timeout)
        except AuditFailed as error:
            _LOG.warning("The audit failed: %s", error)
            if not failed:
                await queue.put({"failure": {"message": str(error)}})
            failed = True
        else:
            failed = False
            known, events = changes(known, report)
            for event in events:
                await queue.put(event)
        await asyncio.sleep(interval)


def options(args: t.Mapping[str, t.Any]) -> t.Tuple[float, float, t.Dict[str, t.Any]]:
    """The options, checked. Raises :class:`ValueError`, with which ansible-rulebook ends."""
    for name in args:
        if name not in OPTIONS:
            raise ValueError(f"{PLAYBOOK}: there is no option {name}; there are {', '.join(OPTIONS)}.")
    times = []
    for name, default in (("interval", 300), ("timeout", 900)):
        try:
            seconds = float(args.get(name, default))
        except (TypeError, ValueError):
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise ValueError(f"{PLAYBOOK}: {name} is {args[name]!r}: give a number of seconds above 0.")
        times.append(seconds)
    variables = args.get("variables") or {}
    if not isinstance(variables, dict):
        raise ValueError(f"{PLAYBOOK}: variables has to be a mapping of names to values.")
    for name in OWN:
        if name in variables:
            raise ValueError(f"{PLAYBOOK}: {name} cannot be given here: the findings become events.")
    return times[0], times[1], variables


def changes(known: Known, report: t.Mapping[str, t.Any]) -> t.Tuple[Known, t.List[Event]]:
    """The findings of a report by code and object, and an event for each that is new or gone since ``known``."""
    now = {(finding["code"], finding["object"]): finding for finding in report["findings"]}
    events: t.List[Event] = [{"finding": finding} for key, finding in now.items() if key not in known]
    events += [{"gone": finding} for key, finding in known.items() if key not in now]
    return now, [dict(_inert(event), time=report["time"]) for event in events]


def _inert(thing: t.Any) -> t.Any:
    """Without what Ansible takes for a template: a playbook gets events as variables, and anybody may call a VM anything."""
    if isinstance(thing, dict):
        return {_inert(name): _inert(value) for name, value in thing.items()}
    if isinstance(thing, list):
        return [_inert(each) for each in thing]
    return re.sub(r"\{(?=[{%#])", "{ ", thing) if isinstance(thing, str) else thing


async def audit(variables: t.Mapping[str, t.Any], timeout: float) -> t.Dict[str, t.Any]:
    """What a run of the playbook has written to its report. Raises :class:`AuditFailed`."""
    with tempfile.TemporaryDirectory(prefix="storpool-audit-") as directory:
        given = os.path.join(directory, "variables.json")
        with open(os.open(given, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(dict(variables, audit_report=os.path.join(directory, "audit")), file)
        told = await _play([_program(), PLAYBOOK, "--extra-vars", f"@{given}"], timeout)
        try:
            with open(os.path.join(directory, "audit.json"), encoding="utf-8") as file:
                return t.cast(t.Dict[str, t.Any], json.load(file))
        except FileNotFoundError:
            raise AuditFailed(told or f"{PLAYBOOK} has written no report.") from None


def _program() -> str:
    """The ansible-playbook that is installed with ansible-rulebook, else the first of the PATH."""
    beside = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    found = shutil.which(beside) or shutil.which("ansible-playbook")
    if found is None:
        raise AuditFailed("There is no program ansible-playbook: install ansible-core where ansible-rulebook is.")
    return found


async def _play(command: t.Sequence[str], timeout: float) -> str:
    """Run the playbook to its end; why it failed, if it did. It ends with us."""
    settings = {
        "ANSIBLE_DISPLAY_FAILED_STDERR": "true",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _nothing, errors = await asyncio.wait_for(process.communicate(), timeout)
    except asyncio.TimeoutError:
        raise AuditFailed(f"It took longer than {timeout:g} s.") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return _reason(errors.decode("utf-8", "replace")) if process.returncode else ""


def _reason(text: str) -> str:
    """What a failed run says of the cause: the message of the task, else all of it, as one line."""
    messages = re.findall(r'"msg": ("(?:[^"\\]|\\.)*")', text)
    words = t.cast(str, json.loads(messages[-1])) if messages else text
    return " ".join(words.split())[:MOST]
