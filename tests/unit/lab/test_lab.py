# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose lab it is: there is one on a machine, and a run that was killed leaves one."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import containers, image, lab, podman, simulators, state
from lab.layout import LABEL, OWNER, LabError

OTHER = "/srv/other"


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Where nobody else has a simulator: neither the lab of this machine nor a test that runs beside this one."""
    return str(tmp_path)


@pytest.fixture
def removed(address: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with a container of another checkout and one of this one; the names of those that were removed."""
    rows: dict[str, Any] = {
        name: {"Names": [name], "Image": "debian", "State": "running", "Labels": {LABEL: checkout}}
        for name, checkout in (("sp-mgmt1", OTHER), ("sp-agent1", OWNER))
    }
    gone: list[str] = []

    def remove(*words: str, timeout: float = 0) -> str:
        assert words[:2] == ("rm", "--force")
        for name in words[4:]:
            gone.append(name)
            del rows[name]
        return ""

    monkeypatch.setattr(podman, "require", lambda programs: None)
    monkeypatch.setattr(image, "tag", lambda: "debian")
    monkeypatch.setattr(state, "alone", contextlib.nullcontext)
    monkeypatch.setattr(state, "try_load", lambda: None)
    monkeypatch.setattr(simulators, "SERVICES", {"storpool": address})
    monkeypatch.setattr(lab, "_change", lambda *change: None)
    monkeypatch.setattr(containers, "listed", lambda *words: list(rows.values()))
    monkeypatch.setattr(containers, "podman", remove)
    return gone


@pytest.fixture
def simulator(address: str) -> Iterator[dict[str, Any]]:
    """A process with the command line of a simulator of a lab."""
    words = ["timeout", "30", "sh", "-c", "echo runs; sleep 30; :", "simulators.storpool", address]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()  # from now on it has its command line
        yield {"kind": "storpool", "host": address, "pid": process.pid}
        process.terminate()


def test_a_lab_that_others_work_with_is_left_alone(removed: list[str], simulator: dict[str, Any]) -> None:
    assert simulators.running() == [simulator]
    with pytest.raises(LabError, match=f"The lab of {OTHER} is up"):
        lab.up()
    assert not removed


def test_a_lab_of_a_run_that_was_killed_makes_room(removed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert [host.name for host in lab.up(agents=1, management=1)] == ["mgmt1", "agent1"]
    assert removed == ["sp-mgmt1"]
    assert f"the lab of {OTHER}" in capsys.readouterr().out
