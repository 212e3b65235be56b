# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The blocks of the pages that people read, and running them as their reader would: in order, in one directory, against simulators.

A block of YAML or INI that begins with a comment of one word (``# zone.yml``) is the file of that name. One without is run as it stands if it is a play or
tasks. Commands are run; one that cannot be is marked in the source, in the line before its block, with the reason:
``<!-- not run: reason -->`` in Markdown, ``.. not run: reason`` in reStructuredText. What it says of playbooks and variables is then still looked up.
One that needs more than there is here, and that another test takes from the page and runs, says which: ``run by: the test's file``.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from contract import documented
from simulators.client import Simulator
from tools import variables
from tools.workspace import COLLECTION, ROOT, STAGE

#: Where all blocks are run or marked.
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "docs/*.md", "roles/*/README.md", "docs/docsite/rst/*.rst")
    for path in ROOT.glob(pattern)
)
#: Where guides say how the collection is used from something else than a shell.
CONTROLLERS = "docs/docsite/rst/controllers.rst"
SHELL = ("sh", "console")
LANGUAGES = (*SHELL, "yaml", "ini", "json", "text")
RUN = ("ansible-playbook", "ansible-doc", "ansible-inventory", "ansible", "cat")
SECONDS = 180
#: What pages say of addresses, and what stands for it.
STORPOOL_HOST, CLOUDSTACK_URL = "10.1.1.10", "https://cloud.example.com/client/api"
_MARK = r"(?:<!-- |\.\. )(?:not run: (?P<reason>[^\n]*?)|run by: (?P<by>[^\n]*?))(?: -->)?\n\s*?\n?"
_FENCE = re.compile(rf"(?ms)(?:^[ ]*{_MARK})?^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$")
_DIRECTIVE = re.compile(
    rf"(?m)(?:^[ ]*{_MARK})?^(?P<indent> *)\.\. code-block:: (?P<language>\w+)\n(?:(?P=indent) +:.*\n)*\n(?P<text>(?:(?:(?P=indent) +.*)?\n)+)"
)
_NAME = re.compile(r"# ([\w./-]+)(?:[;:,] .*)?\n")


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of a page; ``reason`` says why it is not run, if it is not, and ``by`` which file runs it, if that is another test's."""

    page: str
    line: int
    language: str
    text: str
    reason: str = ""
    by: str = ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The name of the file that it is, if it says one."""
        name = _NAME.match(self.text)
        return name[1] if name and self.language in ("yaml", "ini") else ""

    def commands(self) -> list[list[str]]:
        """The commands of a block of a shell, without their comments."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for match in (_FENCE if page.endswith(".md") else _DIRECTIVE).finditer(text):
        lines = match["text"].splitlines()
        depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        body = "\n".join(line[depth:] for line in lines).strip("\n") + "\n"
        found.append(
            Block(
                page,
                text.count("\n", 0, match.start("text")) + 1,
                match["language"],
                body,
                match["reason"] or "",
                match["by"] or "",
            )
        )
    return found


def command(page: str, program: str) -> list[str]:
    """The one command of a page that runs a program, for a test that does so in its own way."""
    [words] = [
        words for block in blocks(page) if block.language in SHELL for words in block.commands() if words[0] == program
    ]
    return words


def not_run() -> list[Block]:
    """The blocks of all pages that nothing runs."""
    return [block for page in PAGES for block in blocks(page) if block.reason]


def is_run_by(block: Block) -> bool:
    """Whether the file that a block names is there, and takes what it runs from that page (:func:`command`), or has each of its commands as they are."""
    path = ROOT / block.by
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    asks = "pages.command(" in text
    return block.page in text or (
        bool(text)
        and all(shlex.join(words) in text or (asks and f'"{words[0]}"' in text) for words in block.commands())
    )


@functools.lru_cache
def known_variables() -> frozenset[str]:
    """The variables of all playbooks and roles."""
    return frozenset(
        name for options in (*variables.playbooks().values(), *variables.roles().values()) for name in options
    )


def unknown(block: Block) -> list[str]:
    """What a block names and nothing has: variables of playbooks and roles, playbooks, targets of make."""
    if block.language in SHELL:
        return [sentence for command in block.commands() for sentence in _unknown_in_command(command)]
    if block.language == "json":
        json.loads(block.text)
    if block.language != "yaml" or block.file.startswith("."):  # a file of another program
        return []
    content = yaml.safe_load(block.text)
    if isinstance(content, dict):
        return [] if {"plugin", "collections"} & content.keys() else _no_variables(content)
    return [sentence for node in _mappings(content) for sentence in _no_variables(node.get("vars", {}))]


def _unknown_in_command(words: list[str]) -> Iterator[str]:
    if words[0] == "make":
        text = (ROOT / "Makefile").read_text(encoding="utf-8")
        yield from (
            f"there is no target {word}"
            for word in words[1:]
            if "=" not in word and not re.search(rf"(?m)^{re.escape(word)}:", text)
        )
    for word in words:
        name = re.fullmatch(rf"{re.escape(COLLECTION)}\.(\w+)", word)
        if name and words[0] == "ansible-playbook" and not (STAGE / "playbooks" / f"{name[1]}.yml").exists():
            yield f"there is no playbook {word}"
    of_examples = {name for word in words for name in _variables_of_example(word)}
    for word, value in itertools.pairwise(words):
        if word in ("-e", "--extra-vars") and not value.startswith("@"):
            given = (
                json.loads(value) if value.startswith("{") else dict(part.split("=", 1) for part in shlex.split(value))
            )
            yield from _no_variables(given.keys() - of_examples)


def _variables_of_example(word: str) -> Iterator[str]:
    path = STAGE / "examples" / word
    if path.suffix == ".yml" and path.is_file():
        for node in _mappings(yaml.safe_load(path.read_text(encoding="utf-8"))):
            yield from node.get("vars", {}) if "hosts" in node else ()


def _no_variables(given: Iterable[str]) -> list[str]:
    return [f"there is no variable {name}" for name in given if name not in known_variables()]


def _mappings(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _mappings(child)


@dataclasses.dataclass
class Reader:
    """Somebody who does what a page says, in a directory of their own."""

    storpool: Simulator
    cloudstack: Simulator
    directory: Path

    def __post_init__(self) -> None:
        vault = {"vault_storpool_token": self.storpool.args["token"]} | {
            f"vault_cloudstack_{name}": self.cloudstack.args[argument]
            for name, argument in (("key", "api_key"), ("secret", "secret_key"))
        }
        self._outside = self.directory.with_name(f"{self.directory.name}.of-the-test")
        self._outside.mkdir()
        (self._outside / "vault.yml").write_text(yaml.safe_dump(vault))

    def follow(self, page: str) -> int:
        """Do what the blocks of a page say, and return how many there were to do."""
        return sum(self._do(block) for block in blocks(page) if not block.reason and not block.by)

    def _do(self, block: Block) -> bool:
        if block.file:
            path = self.directory / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._here(block.text))
        if block.language in SHELL:
            for words in block.commands():
                assert words[0] in RUN, f"{block.where}: {words[0]} is neither run nor marked as not run"
                self._run(words, block)
            return True
        if block.language != "yaml":
            return False
        content = yaml.safe_load(block.text)
        if isinstance(content, dict) and content.get("plugin") == f"{COLLECTION}.cloudstack_hosts":
            self._run(["ansible-inventory", "-i", block.file, "--list"], block)
            return True
        if isinstance(content, dict) or block.file:
            return False
        if not any("hosts" in play for play in content):
            content = [{"hosts": "localhost", "gather_facts": False, "tasks": content}]
        path = self.directory / f"line-{block.line}.yml"
        path.write_text(self._here(yaml.safe_dump(content, sort_keys=False)))
        self._run(["ansible-playbook", path.name], block)
        return True

    def _here(self, text: str) -> str:
        return text.replace(STORPOOL_HOST, self.storpool.host).replace(
            CLOUDSTACK_URL, f"{self.cloudstack.url}/client/api"
        )

    def _run(self, words: list[str], block: Block) -> None:
        program, *arguments = words
        if program == "ansible-playbook":
            arguments = ["-e", f"@{self._outside / 'vault.yml'}", *arguments]
        ended = subprocess.run(
            ["cat" if program == "cat" else documented.programs(program), *map(self._here, arguments)],
            cwd=self.directory,
            env=documented.environment(self._outside) | self._connections(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, (
            f"{block.where}: {shlex.join(words)}\n{ended.stdout[-4000:]}{ended.stderr[-2000:]}"
        )
        assert "no hosts matched" not in ended.stdout + ended.stderr, f"{block.where}: runs on no host"

    def _connections(self) -> dict[str, str]:
        return {
            "PWD": str(self.directory),
            "SP_API_HTTP_HOST": self.storpool.host,
            "SP_API_HTTP_PORT": str(self.storpool.port),
            "SP_AUTH_TOKEN": self.storpool.args["token"],
            "CLOUDSTACK_ENDPOINT": f"{self.cloudstack.url}/client/api",
            "CLOUDSTACK_KEY": self.cloudstack.args["api_key"],
            "CLOUDSTACK_SECRET": self.cloudstack.args["secret_key"],
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "ANSIBLE_ACTION_PLUGINS": "",
            "STORPOOL_CLOUDSTACK_DIRECT": "true",
        }
