# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says that an execution environment needs, and the example of a whole one; ``make ee`` builds and runs it."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import yaml

from tools import ee
from tools.workspace import STAGE

BINDEP = re.compile(r"(?P<name>[a-z0-9+.-]+) \[platform:(?P<platform>rpm|dpkg)\](?: #.*)?")
#: What is imported of others' packages, and which package has it.
PACKAGES = {"cs": "cs", "requests": "requests", "urllib3": "requests"}


def needed() -> dict[str, str]:
    """The files that meta/execution-environment.yml names."""
    declared = yaml.safe_load((STAGE / "meta/execution-environment.yml").read_text(encoding="utf-8"))
    return {kind: (STAGE / name).read_text(encoding="utf-8") for kind, name in declared["dependencies"].items()}


def test_every_package_that_plugins_import_is_named():
    named = {re.split("[>=]", line)[0] for line in needed()["python"].splitlines() if not line.startswith("#")}
    imported = {name.partition(".")[0] for path in (STAGE / "plugins").rglob("*.py") for name in imports(path)}
    assert {PACKAGES[name] for name in imported & PACKAGES.keys()} == named
    assert imported - PACKAGES.keys() - {"ansible", "ansible_collections", "yaml"} <= sys.stdlib_module_names


def imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}


def test_what_the_system_has_to_have_is_named_for_both_kinds_of_packages():
    lines = [line for line in needed()["system"].splitlines() if not line.startswith("#")]
    platforms = {match["name"]: match["platform"] for match in map(BINDEP.fullmatch, lines)}
    assert platforms == {"qemu-img": "rpm", "qemu-utils": "dpkg"}


def test_the_example_is_built_as_it_is_but_for_its_base_and_where_the_collection_comes_from():
    example = yaml.safe_load(ee.DEFINITION.read_text(encoding="utf-8"))
    built = ee.definition(Path("/x/storpool-cloudstack-0.1.0.tar.gz"))
    assert built["dependencies"] == example["dependencies"]
    assert example["dependencies"]["galaxy"] == "requirements.yml"
    assert all(BINDEP.fullmatch(line) for line in example["dependencies"]["system"])
    assert built["images"]["base_image"]["name"] == ee.BASE
    assert "localhost" not in example["images"]["base_image"]["name"]
