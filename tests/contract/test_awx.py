# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the example tells AWX, run as the guide says, through AWX's own modules, to a stand-in of AWX's API that keeps what it is told."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from contract import pages
from tools.workspace import STAGE, env_bin, environment

EXAMPLES = STAGE / "examples"
SECONDS = 240
SINGULAR = {"inventories": "inventory"}


class Awx(BaseHTTPRequestHandler):
    """Lists by fields, POST makes; what is made below an object belongs to that. Secrets never come back."""

    protocol_version = "HTTP/1.1"
    kept: ClassVar[dict[str, list[dict[str, Any]]]] = {}
    writes: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        words = url.path.strip("/").split("/")[2:]
        if len(words) == 2 and words[1].isdigit():
            [found] = [row for row in self.kept.get(words[0], []) if row["id"] == int(words[1])]
            return self._answer(200, self._shown(found))
        if words[-1] == "survey_spec":
            return self._answer(200, next(iter(self.kept.get("/".join(words), [])), {}))
        wanted = {name: value for name, value in parse_qsl(url.query) if name not in ("page_size", "order_by")}
        rows = [
            self._shown(row)
            for row in self.kept.get("/".join(words), [])
            if all(str(row.get(name)) == value for name, value in wanted.items())
        ]
        return self._answer(200, {"count": len(rows), "results": rows, "next": None})

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """An object as AWX shows it."""
        if row.get("type") != "credential":
            return row
        [fields] = [
            kind["inputs"]["fields"] for kind in self.kept["credential_types"] if kind["id"] == row["credential_type"]
        ]
        secret = {field["id"] for field in fields if field.get("secret")}
        return {
            **row,
            "inputs": {name: "$encrypted$" if name in secret else value for name, value in row["inputs"].items()},
        }

    def do_POST(self) -> None:
        self.writes.append(self.path)
        words = urlsplit(self.path).path.strip("/").split("/")[2:]
        rows = self.kept.setdefault("/".join(words), [])
        body = self._body()
        if len(words) == 3:
            rows.append(body)
            return self._answer(200 if words[2] == "survey_spec" else 204, {})
        number = len(rows) + 1
        base = f"/api/v2/{words[0]}/{number}/"
        names = ("survey_spec", "credentials", "labels", "instance_groups")
        row = {
            **body,
            "id": number,
            "type": SINGULAR.get(words[0], words[0].removesuffix("s")),
            "url": base,
            "related": {name: f"{base}{name}/" for name in names},
            "summary_fields": {},
            "scm_revision": "1",
        }
        rows.append(row)
        return self._answer(201, row)

    def _body(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = b"" if status == 204 else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_words: object) -> None:
        """Quiet."""


@pytest.fixture
def awx() -> Iterator[str]:
    """Where the stand-in is; the organization Default is there."""
    Awx.writes = []
    Awx.kept = {
        "organizations": [{"id": 1, "name": "Default", "type": "organization", "url": "/api/v2/organizations/1/"}]
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Awx) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def load(awx: str) -> subprocess.CompletedProcess[str]:
    """Run the example, which has to end well."""
    program, *arguments = pages.command(pages.CONTROLLERS, "ansible-playbook")
    _export, *variables = pages.command(pages.CONTROLLERS, "export")
    given = dict(variable.split("=", 1) for variable in variables)
    ended = subprocess.run(
        [env_bin() / program, *arguments],
        cwd=EXAMPLES,
        env={**environment(), **given, "CONTROLLER_HOST": awx},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def test_awx_gets_all_that_the_example_has_and_is_told_nothing_twice(awx):
    ended = load(awx)
    kept = Awx.kept
    types = {row["name"]: row for row in kept["credential_types"]}
    assert types["StorPool"]["injectors"]["extra_vars"]["sp_auth_token"] == "{{ token }}"
    assert types["CloudStack"]["injectors"]["env"]["CLOUDSTACK_SECRET"] == "{{ secret }}"
    for row in kept["credentials"]:
        [kind] = [kind for kind in types.values() if kind["id"] == row["credential_type"]]
        assert row["inputs"].keys() == {field["id"] for field in kind["inputs"]["fields"]}
    secrets = {row["name"]: row["inputs"] for row in kept["credentials"]}
    assert secrets["StorPool of zone1"]["token"] == "1234567890123456789"
    assert "1234567890123456789" not in ended.stdout + ended.stderr
    [[project], [image]] = kept["projects"], kept["execution_environments"]
    assert (project["scm_url"], image["image"]) == (
        "https://git.example.com/cloud.git",
        "registry.example.com/storpool-cloudstack-ee:latest",
    )
    [source] = kept["inventory_sources"]
    assert (EXAMPLES / source["source_path"]).is_file()
    for row in kept["job_templates"]:
        assert (EXAMPLES / row["playbook"]).is_file()
        assert row["ask_job_type_on_launch"] is True
        [survey] = kept[f"job_templates/{row['id']}/survey_spec"]
        assert survey["spec"]
        assert len(kept[f"job_templates/{row['id']}/credentials"]) == 2
    Awx.writes.clear()
    again = load(awx)
    assert Awx.writes == []
    assert "changed=0" in again.stdout


def test_a_survey_asks_for_variables_that_there_are():
    asked = yaml.safe_load((EXAMPLES / "awx/job_templates.yml").read_text(encoding="utf-8"))["job_templates"]
    known = yaml.safe_load((STAGE / "playbooks/vars/deployment.yml").read_text(encoding="utf-8"))["deployment_options"]
    driver = yaml.safe_load((STAGE / "roles/driver/meta/argument_specs.yml").read_text(encoding="utf-8"))
    for entry in driver["argument_specs"].values():
        known |= entry["options"]
    for question in [question for template in asked for question in template["survey"]]:
        option = known[question["variable"]]
        assert set(question.get("choices", [])) <= set(option.get("choices", question.get("choices", [])))
        assert (question["type"] == "integer") == (option["type"] == "int")
        assert (question["type"] == "multiselect") == (option["type"] == "list")
