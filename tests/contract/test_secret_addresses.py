# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses with a token in them: in nothing that Ansible shows or logs, and in no process list, whether they work, fail or are refused."""

from __future__ import annotations

import functools
import hashlib
import http.server
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract import documented, secrets
from standins import storpool_driver

TOKEN = "glpat-canary-27182818284590"
NAME = storpool_driver.name("4.16.1.0")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a jar can be fetched from."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / NAME).write_bytes(storpool_driver.jar("4.16.1.0"))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def fetch(url: str, checksum: str) -> dict[str, Any]:
    role = {"name": "storpool.cloudstack.driver", "tasks_from": "fetch"}
    return {"ansible.builtin.include_role": role, "vars": {"driver_url": url, "driver_checksum": checksum}}


def image(url: str) -> dict[str, Any]:
    nobody = {"sp_api_http_host": "127.0.0.1", "sp_api_http_port": 1, "sp_api_retries": 0, "sp_auth_token": "1"}
    return {**nobody, "name": "x", "src": url, "checksum": "0" * 64, "template": "hybrid", "device_dir": "/dev/none"}


def test_a_token_in_an_address_is_shown_nowhere(tmp_path: Path, address: str) -> None:
    checksum = hashlib.sha256((tmp_path / "served" / NAME).read_bytes()).hexdigest()
    url, query = f"http://{TOKEN}@{address}/{NAME}", f"http://{address}/{NAME}?private_token={TOKEN}"
    module = "storpool.cloudstack.cloudstack_"
    tasks: list[dict[str, Any]] = [
        {f"{module}driver_build": {"source": url, "ref": "main"}},
        {f"{module}driver_build": {"source": "/x", "storpool_source": query, "storpool_ref": "main"}},
        {f"{module}driver_build": {"source": "/x", "maven_args": [f"-Drepo.password={TOKEN}"]}},
        {f"{module}plugin_jar": {"component": "agent", "src": url}},
        {f"{module}plugin_jar": {"component": "agent", "src": query, "remote_src": True}},
        {"storpool.cloudstack.storpool_image": image(query)},
        {"storpool.cloudstack.storpool_image": image(url)},
        fetch(url, "0" * 64),
        fetch(f"{query}&none", "0" * 64),
        fetch(f"http://{address}/none?private_token={TOKEN}", checksum),
        fetch(f"http://me:{TOKEN}@127.0.0.1:1/{NAME}", checksum),
        fetch(query, checksum),
    ]
    blocks = [{"block": [task], "rescue": [{"debug": {"msg": "refused"}}]} for task in tasks[:-1]]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [*blocks, tasks[-1]]}
    play["vars"] = {"driver_cache_dir": str(tmp_path / "cache")}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    log = tmp_path / "ansible.log"
    watch = secrets.ProcessList()
    watch.start()
    ran = subprocess.run(
        [documented.programs("ansible-playbook"), "-vvv", str(tmp_path / "play.yml")],
        capture_output=True,
        text=True,
        env=documented.environment(tmp_path) | {"ANSIBLE_LOG_PATH": str(log)},
        timeout=documented.PLAY_SECONDS,
        check=False,
    )
    watch.stop()
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert ran.stdout.count("refused") >= len(blocks)
    assert ran.stdout.count(f"cannot be fetched from http://********@{address}") >= 1
    assert (tmp_path / "cache" / checksum / NAME).read_bytes() == (tmp_path / "served" / NAME).read_bytes()
    for text in (ran.stdout, ran.stderr, log.read_text(), "\n".join(watch.seen)):
        assert TOKEN not in text
