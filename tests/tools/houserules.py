# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of this house that no common linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from . import variables
from .workspace import COLLECTION, ROOT, STAGE

HEADER = """\
# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
LONGEST_UTILITY = 400  # lines
UTILITIES = STAGE / "plugins" / "module_utils"
PICTURE = "docs/architecture.md"
_ROW = re.compile(r"(?m)^\| `(_\w+(?:/\w+)?)` \|[^|]*\|([^|]*)\|$")


def complaints() -> list[str]:
    """A sentence for each breach of a rule in the staged collection."""
    return [*_headers(), *_lengths(), *_directions(), *_action_groups(), *_changelog(), *variables.complaints()]


def _sources(below: str = "") -> Iterator[Path]:
    return iter(sorted(path for path in (STAGE / below).rglob("*.py") if "output" not in path.relative_to(STAGE).parts))


def _name(path: Path) -> str:
    return path.relative_to(STAGE).as_posix()


def _headers() -> Iterator[str]:
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        if text and not text.startswith(HEADER):
            yield f"{_name(path)}: does not begin with the copyright header"


def _lengths() -> Iterator[str]:
    for path in _sources("plugins/module_utils"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > LONGEST_UTILITY:
            yield f"{_name(path)}: {lines} lines; a utility has at most {LONGEST_UTILITY}"


def _directions() -> Iterator[str]:
    """Nobody in plugins knows the simulators, and utilities import along the arrows of the table in docs/architecture.md, which has no others."""
    rooms = _rooms()
    unused = {(room, used) for room, row in rooms.items() for used in row}
    for path in _sources("plugins"):
        room = (
            _room(path.relative_to(UTILITIES).with_suffix("").as_posix(), rooms)
            if path.is_relative_to(UTILITIES)
            else None
        )
        if path.is_relative_to(UTILITIES) and room is None:
            yield f"{_name(path)}: is in no room of the table in {PICTURE}"
        told: set[str] = set()
        for name in _imports(path):
            if "simulators" in name.split("."):
                yield f"{_name(path)}: imports {name}; plugins do not know that there are simulators"
            other = _room(name.partition(".module_utils.")[2].replace(".", "/"), rooms)
            if room is None or other is None or other in {room, "_common"} | told:
                continue
            unused.discard((room, other))
            if other not in rooms[room]:
                told.add(other)
                yield f"{_name(path)}: imports {name}; the table in {PICTURE} has no arrow from {room} to {other}"
    for room, used in sorted(unused):
        yield f"{PICTURE}: the table has an arrow from {room} to {used}, which nothing needs"


def _rooms() -> dict[str, list[str]]:
    """The rooms of module_utils and which others each may import, from the table in docs/architecture.md. Arrows go up in it, so there is no circle."""
    rooms: dict[str, list[str]] = {}
    for room, uses in _ROW.findall((STAGE / PICTURE).read_text(encoding="utf-8")):
        side = room.partition("/")[0]
        rooms[room] = [f"{side}/{used}" for used in re.findall(r"`(\w+)`", uses)]
        for used in rooms[room]:
            if used not in list(rooms)[:-1]:
                raise ValueError(f"{PICTURE}: {room} uses {used}, which is no row above it")
    return rooms


def _room(path: str, rooms: Iterable[str]) -> str | None:
    """The room that a path below module_utils is in."""
    return next((room for room in rooms if f"{path}/".startswith(f"{room}/")), None)


def _imports(path: Path) -> Iterator[str]:
    """Absolute names of the modules that a file imports."""
    package = ["ansible_collections", *STAGE.parts[-2:], *path.relative_to(STAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _action_groups() -> Iterator[str]:
    """A module that shares a product's connection options is in that product's group, and groups name real modules."""
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    paths = {path.stem: path for path in _sources("plugins/modules")}
    for group, members in runtime["action_groups"].items():
        fragment = re.compile(rf"(?m)^\s*- {re.escape(COLLECTION)}\._{group}(\.\w+)?$")
        for module, path in paths.items():
            if module not in members and fragment.search(path.read_text(encoding="utf-8")):
                yield f"meta/runtime.yml: {module} is not in the action group {group}, whose options it has"
        for module in members:
            if module not in paths:
                yield f"meta/runtime.yml: the action group {group} names {module}, and there is no such module"


def _changelog() -> Iterator[str]:
    """The changelog knows every module and role, and every playbook, which nothing finds by itself: it is written before a release, and easily forgotten."""
    releases = STAGE / "changelogs" / "changelog.yaml"
    if not releases.exists():
        yield "changelogs/changelog.yaml is not there: run make changelog"
        return
    known = yaml.safe_load(releases.read_text(encoding="utf-8"))["releases"].values()
    listed = {module["name"] for release in known for module in release.get("modules", [])}
    for path in _sources("plugins/modules"):
        if path.stem not in listed:
            yield f"changelogs/changelog.yaml does not list {path.stem}: run make changelog"
    objects = [release.get("objects", {}) for release in known]
    for path in (STAGE / "changelogs" / "fragments").glob("*.yml"):
        added = yaml.safe_load(path.read_text(encoding="utf-8"))
        objects.append({kind: added.get(f"add object.{kind}", []) for kind in ("role", "playbook")})
    there = {"role": (STAGE / "roles").iterdir(), "playbook": (STAGE / "playbooks").glob("*.yml")}
    for kind, paths in there.items():
        named = {thing["name"] for each in objects for thing in each.get(kind, [])}
        for name in sorted({path.stem for path in paths} - named):
            yield f"the changelog does not name the {kind} {name}: add it to a fragment in changelogs/fragments, under 'add object.{kind}'"
