# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable of every playbook and role on one page, written from their argument specifications: ``python -m tools.variables``.

The page is part of the checkout, so that it can be read there; ``make lint`` says when it is not what this would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from .workspace import COLLECTION, ROOT

PAGE = ROOT / "docs" / "docsite" / "rst" / "variables.rst"
WORDS = ROOT / "docs" / "docsite" / "variables.yml"
PLAYBOOKS = ROOT / "playbooks"
#: Set by one playbook for another, and by nobody else.
INTERNAL = frozenset({"deploy_agents_name", "deploy_agents_group", "verify_made"})
HEAD = f"""\
.. Written by tests/tools/variables.py from the argument specifications (make docs). Changes belong there.

.. _ansible_collections.{COLLECTION}.docsite.variables:

Variables
=========

Every variable of every playbook and role. A playbook takes the variables of the roles that it runs, too. A name that begins like one of these and is none
of them is refused before anything is changed, so that a misspelt one is not passed over.

.. contents::
   :local:
   :depth: 1
"""
TITLES = {"connections": "All playbooks: connections"}


def page() -> str:
    """The text of the page."""
    parts = [HEAD]
    for name, options in playbooks().items():
        parts.append(_section(TITLES.get(name, f"Playbook {name}"), options))
    for name, options in roles().items():
        parts.append(_section(f"Role {name}", options))
    return "\n".join(parts)


def playbooks() -> dict[str, dict[str, dict[str, Any]]]:
    """Each playbook's own variables: what its specification says of them, and what they mean."""
    words = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    known = specifications()
    return {
        name: {option: {**known.get(option, {}), **said} for option, said in options.items()}
        for name, options in words.items()
    }


def specifications() -> dict[str, dict[str, Any]]:
    """What the playbooks themselves say of their variables, by name."""
    found = dict(
        yaml.safe_load((PLAYBOOKS / "vars" / "deployment.yml").read_text(encoding="utf-8"))["deployment_options"]
    )
    for path in sorted(PLAYBOOKS.rglob("*.yml")):
        for node in _mappings(yaml.safe_load(path.read_text(encoding="utf-8"))):
            found |= node.get("own_options", {})
    return {name: said for name, said in found.items() if name not in INTERNAL}


def roles() -> dict[str, dict[str, dict[str, Any]]]:
    """The variables of each role, of all its entry points."""
    found = {}
    for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values()
        found[path.parents[1].name] = {name: said for entry in entries for name, said in entry["options"].items()}
    return found


def undescribed() -> list[str]:
    """A sentence for each variable that one side knows and the other does not."""
    told = {option for options in playbooks().values() for option in options}
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(PLAYBOOKS.rglob("*.yml")))
    where = WORDS.relative_to(ROOT)
    return [
        *(
            f"{where}: {name}: {', '.join(cut)!r} is no part of its description; put the description in quotes"
            for name, cut in _cut_off()
        ),
        *(
            f"{where}: says nothing of {name}, which a playbook takes"
            for name in sorted(specifications().keys() - told)
        ),
        *(f"{where}: no playbook takes {name}" for name in sorted(told) if not re.search(rf"\b{name}\b", text)),
    ]


def _cut_off() -> Iterator[tuple[str, list[str]]]:
    """Variables whose description ends for YAML at a comma, with what is behind it."""
    for options in yaml.safe_load(WORDS.read_text(encoding="utf-8")).values():
        for name, said in options.items():
            if cut := [key for key, value in said.items() if value is None]:
                yield name, cut


def complaints() -> Iterator[str]:
    """What is wrong with the page of the checkout."""
    yield from undescribed()
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        yield f"{PAGE.relative_to(ROOT)}: is not what the argument specifications say; make docs writes it"


def _mappings(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _mappings(child)


def _section(title: str, options: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        title,
        "-" * len(title),
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 32 12 20 36",
        "   :class: variables",
        "",
    ]
    lines += _row("variable", "type", "default", "meaning")
    for name, said in _flat(options):
        lines += _row(f"``{name}``", _type(said), _default(said), _meaning(said))
    return "\n".join(lines) + "\n"


def _flat(options: Mapping[str, Mapping[str, Any]], before: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Options, each followed by those of its items."""
    for name, said in options.items():
        yield before + name, said
        if "options" in said:
            yield from _flat(said["options"], f"{before}{name}{'[]' if said.get('type') == 'list' else ''}.")


def _row(*cells: str) -> list[str]:
    return [f"   {'* -' if number == 0 else '  -'} {cell}".rstrip() for number, cell in enumerate(cells)]


def _type(said: Mapping[str, Any]) -> str:
    return (
        f"list of {said['elements']}"
        if said.get("type") == "list" and "elements" in said
        else str(said.get("type", "str"))
    )


def _default(said: Mapping[str, Any]) -> str:
    if said.get("required"):
        return "**required**"
    value = said.get("default")
    if value is None:
        return ""
    if isinstance(value, str) and ("`" in value or (" " in value and "{{" not in value)):
        return _markup(value)
    return f"``{str(value).lower() if isinstance(value, bool) else value}``" if value != "" else "empty"


def _meaning(said: Mapping[str, Any]) -> str:
    text = said["description"]
    text = " ".join([text] if isinstance(text, str) else text)
    choices = [f"``{choice}``" for choice in said.get("choices", ())]
    return _markup(text) + (f" One of {', '.join(choices)}." if choices else "")


def _markup(text: str) -> str:
    """Ansible's markup, and code as Markdown has it, as reStructuredText."""
    text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", text)
    text = re.sub(r"\b[MP]\((?:[a-z]+\.)*(\w+)(?:#\w+)?\)", r"``\1``", text)
    text = re.sub(
        r"\b[CVOE]\(((?:\\.|[^)\\])+)\)",
        lambda found: f"``{re.sub(chr(92) * 2 + '(.)', chr(92) + '1', found[1])}``",
        text,
    )
    return re.sub(r"\bB\(([^)]+)\)", r"**\1**", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
