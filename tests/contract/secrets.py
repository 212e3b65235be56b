# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that stand nowhere else, and the places where they could be shown."""

from __future__ import annotations

import base64
import os
import threading
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOKEN = "7718281828459045235"
KEY = "canary-api-key-0123456789abcdef"
SECRET = "canary-secret-key+/fedcba9876543210"
WRONG = "canary-wrong-token-31415926535"  # in the variable ``wrong``; no simulator accepts it


class ProcessList(threading.Thread):
    """Collects the command lines of processes that begin while it runs, but those of simulators, which are given their secrets."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self._before = processes()
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.wait(0.05):  # a module runs for some tenths of a second
            lines = {command_line(process) for process in processes() - self._before}
            self.seen |= {line for line in lines if " -m simulators." not in line}

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(10)


def processes() -> set[str]:
    """The numbers of the machine's processes."""
    return {name for name in os.listdir("/proc") if name.isdigit()}


def command_line(process: str) -> str:
    """A command line; empty if the process has ended."""
    try:
        return Path("/proc", process, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def failing(module: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """A task with a wrong secret, with nobody at the address, and with its own secret under a wrong name."""
    secret, variable, address = (
        ("sp_auth_token", "token", {"sp_api_http_port": 1, "sp_api_retries": 0})
        if module.rpartition(".")[2].startswith("storpool")
        else ("api_secret", "api_secret", {"api_url": "http://127.0.0.1:1/client/api", "api_retries": 0})
    )
    changes: tuple[dict[str, Any], ...] = (
        {secret: "{{ wrong }}"},
        address,
        {"no_such_option": f"{{{{ {variable} }}}}"},
    )
    return [{"name": "Fails", module: options | change, "ignore_errors": True} for change in changes]


def leaks(places: Mapping[str, str]) -> dict[str, str]:
    """Of the texts, those that show a secret: what stands around it, so that one can find out how it got there."""
    spellings = [spelling for secret in (TOKEN, SECRET, WRONG) for spelling in _spellings(secret)]
    return {
        place: text[max(0, text.index(spelling) - 200) : text.index(spelling) + 100]
        for place, text in places.items()
        for spelling in spellings
        if spelling in text
    }


def _spellings(secret: str) -> set[str]:
    """A secret as it is, and as it would look in a URL or in an encoded payload."""
    return {secret, urllib.parse.quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]}
