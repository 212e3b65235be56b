# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source for Event-Driven Ansible: what becomes an event, with the real playbook against simulators."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from contract import documented
from simulators.client import Simulator, storpool_call
from tools.workspace import STAGE, environment

SECONDS = 120
_SPEC = importlib.util.spec_from_file_location("audit", STAGE / "extensions/eda/plugins/event_source/audit.py")
source = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(source)


def dangle(storpool: Simulator, cloudstack: Simulator) -> tuple[str, int]:
    """A VM's volume by its global id, and the client to which somebody has attached it although the VM does not run there."""
    documented.prepare("cloudstack_storpool_audit", storpool, cloudstack)
    cloudstack.admin("POST", "objects", {"pool": "sp-hybrid", "vms": 1})
    state = cloudstack.state()
    [root] = [row for row in state["volumes"] if row["type"] == "ROOT"]
    volume = "~" + root["path"].rpartition("/")[2]
    elsewhere = 2 if state["vms"][0]["host"] == 1 else 1
    attach(storpool, volume, rw=[elsewhere])
    return volume, elsewhere


def attach(storpool: Simulator, volume: str, **how: list[int]) -> None:
    answer = storpool_call(storpool, "VolumesReassign", [{"volume": volume, **how}]).json()
    assert "error" not in answer, answer


def variables(storpool: Simulator, cloudstack: Simulator) -> dict[str, Any]:
    return {
        "sp_api_http_host": storpool.host,
        "sp_api_http_port": storpool.port,
        "sp_auth_token": storpool.args["token"],
        "cloudstack_api_url": f"{cloudstack.url}/client/api",
        "cloudstack_api_key": cloudstack.args["api_key"],
        "cloudstack_api_secret": cloudstack.args["secret_key"],
        "audit_codes": ["dangling_attachment"],
        "audit_clients": {"host1": 1, "host2": 2, "host3": 3},
    }


@pytest.fixture(autouse=True)
def _ansible(monkeypatch):
    """The staged collection, and nothing of the user's own."""
    for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "SP_", "CLOUDSTACK_"))]:
        monkeypatch.delenv(name)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)


def listen(args: dict[str, Any], *after: Callable[[], None]) -> list[dict[str, Any]]:
    """The first events, one more than there are functions; each of these is called when one more has come."""

    async def events() -> list[dict[str, Any]]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        running = asyncio.ensure_future(source.main(queue, args))
        seen = []
        try:
            for function in (*after, None):
                seen.append(await asyncio.wait_for(queue.get(), SECONDS))
                if function:
                    function()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return seen

    return asyncio.run(events())


def test_a_finding_is_an_event_once_and_so_is_that_it_is_gone(storpool, cloudstack):
    volume, elsewhere = dangle(storpool, cloudstack)
    for simulator in (storpool, cloudstack):
        simulator.clear_journal()

    def mend() -> None:
        assert storpool.journal()["writes"] == cloudstack.journal()["effects"] == 0
        attach(storpool, volume, detach=[elsewhere])

    new, old = listen({"interval": 0.1, "variables": variables(storpool, cloudstack)}, mend)
    assert new["finding"]["code"] == "dangling_attachment"
    assert new["finding"]["repair"]
    assert old["gone"] == new["finding"]
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}Z", old["time"])


def test_an_audit_that_fails_says_why_and_shows_no_secret(storpool, cloudstack):
    wrong = {**variables(storpool, cloudstack), "sp_auth_token": "9999999999"}
    with pytest.raises(source.AuditFailed) as failed:
        asyncio.run(source.audit(wrong, SECONDS))
    assert "does not accept the token" in str(failed.value)
    assert "9999999999" not in str(failed.value)


def test_an_audit_has_its_time(storpool, cloudstack):
    with pytest.raises(source.AuditFailed, match=re.escape("longer than 0.2 s")):
        asyncio.run(source.audit(variables(storpool, cloudstack), 0.2))


def test_failures_are_told_once_in_a_row(monkeypatch):
    finding = {"code": "orphan_volume", "object": "volume a", "message": "{{ lookup('pipe', 'id') }} {% x %} {a}"}
    runs = iter([None, None, [finding], None, [finding], []])

    async def audit(_variables: Any, _timeout: float) -> dict[str, Any]:
        found = next(runs)
        if found is None:
            raise source.AuditFailed("away")
        return {"time": "now", "findings": found}

    monkeypatch.setattr(source, "audit", audit)
    events = listen({"interval": 0.001}, *[lambda: None] * 3)
    assert [event.get("failure", {}).get("message") for event in events] == ["away", None, "away", None]
    assert events[1]["finding"]["message"] == "{ { lookup('pipe', 'id') }} { % x %} {a}"
    assert events[3]["gone"]["object"] == "volume a"


@pytest.mark.parametrize(
    "args",
    [
        {"intervall": 1},
        {"interval": 0},
        {"interval": "soon"},
        {"timeout": float("nan")},
        {"variables": ["audit_zone"]},
        {"variables": {"audit_report": "x"}},
    ],
)
def test_what_cannot_be_meant_is_refused(args):
    with pytest.raises(ValueError, match=f"storpool.cloudstack.audit: .*{next(iter(args))}|audit_report"):
        source.options(args)
