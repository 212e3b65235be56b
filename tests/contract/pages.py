# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The blocks of the pages that people read, and running them as their reader would: in order, in one directory, against simulators.

A block of YAML or INI that begins with a comment of one word (``# zone.yml``) is the file of that name. One without is run as it stands if it is a play or
tasks. Commands are run; one that cannot be is marked in the source, in the line before its block, with the reason:
``<!-- not run: reason -->`` in Markdown, ``.. not run: reason`` in reStructuredText. What it says of playbooks and variables is then still looked up.
One that needs more than there is here, and that other tests take from the page and run, says which: ``run by: the test's file``, or several. What of the page
they run is worked out from them (:func:`is_run_by`).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import os
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
from tools.workspace import BUILD, COLLECTION, ROOT, STAGE

#: Where all blocks are run or marked.
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "docs/*.md", "roles/*/README.md", "docs/docsite/rst/*.rst")
    for path in ROOT.glob(pattern)
)
#: Where guides say how the collection is used from something else than a shell.
CONTROLLERS = "docs/docsite/rst/controllers.rst"
GITLAB = ".gitlab-ci.yml"
SHELL = ("sh", "console")
LANGUAGES = (*SHELL, "yaml", "ini", "json", "text")
RUN = ("ansible-playbook", "ansible-doc", "ansible-inventory", "ansible", "cat", "python3")
SECONDS = 180
#: Files that run blocks and are no part of ``make test``.
APART = {"tests/tools/ee.py": "make ee", "tests/contract/rulebook.py": "make eda"}
#: What pages say of addresses, and what stands for it.
STORPOOL_HOST, CLOUDSTACK_URL = "10.1.1.10", "https://cloud.example.com/client/api"
_MARK = r"(?:<!-- |\.\. )(?:not run: (?P<reason>[^\n]*?)|run by: (?P<by>[^\n]*?))(?: -->)?\n\s*?\n?"
_FENCE = re.compile(rf"(?ms)(?:^[ ]*{_MARK})?^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$")
_DIRECTIVE = re.compile(
    rf"(?m)(?:^[ ]*{_MARK})?^(?P<indent> *)\.\. code-block:: (?P<language>\w+)\n(?:(?P=indent) +:.*\n)*\n(?P<text>(?:(?:(?P=indent) +.*)?\n)+)"
)
_NAME = re.compile(r"# ([\w./-]+)(?:[;:,] .*)?\n")


class _Loader(yaml.SafeLoader):
    """YAML with tags of Ansible's, which say nothing here."""


_Loader.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_scalar(node))


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
        return name[1] if name and self.language in ("yaml", "ini", "sh") else ""

    def commands(self) -> list[list[str]]:
        """The commands of a block of a shell, without their comments, or of the jobs of a file for GitLab."""
        if self.file == GITLAB:
            jobs = yaml.safe_load(self.text).values()
            return [shlex.split(line) for job in jobs for line in job["script"]]
        lines = self.text.replace("\\\n", " ").splitlines() if self.language in SHELL else []
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
    [words] = of_program(page, program)
    return words


def of_program(page: str, program: str) -> list[list[str]]:
    """The commands of a page that begin with a word."""
    shells = [block for block in blocks(page) if block.language in SHELL]
    return [words for block in shells for words in block.commands() if words[0] == program]


def is_run_by(block: Block) -> bool:
    """Whether the files that a block names are there, and run what it says: they have its commands as they are, or take it from that page."""
    files = [ROOT / name for name in block.by.split(", ")]
    if not all(path.is_file() for path in files):
        return False
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    run = [words for path in files for words in _run_by(path)]
    if commands := block.commands():
        return all(words in run or shlex.join(words) in text for words in commands)
    asks = block.page in text or (block.page == CONTROLLERS and "pages.CONTROLLERS" in text)
    return asks and (not block.file or block.file in text or "pages.blocks(" in text)


def _run_by(path: Path) -> list[list[str]]:
    """The commands that a file takes from pages and runs."""
    if path.suffix == ".py":
        return [words for page, program in _asked(path) for words in of_program(page, program)]
    return _played(path) if path.is_relative_to(ROOT / "extensions/molecule") else _taken(path)


def _asked(path: Path) -> Iterator[tuple[str, str]]:
    """The pages and programs that a test in Python asks :func:`command` for, by constants or by name."""
    text = path.read_text(encoding="utf-8")
    called = re.findall(r"pages\.(?:command|of_program)\((?:pages\.)?([\w./\"]+), (?:\"([^\"]+)\"|\w+)\)", text)
    for page, program in called:
        where = {"CONTROLLERS": CONTROLLERS}.get(page, page.strip('"'))
        yield from ((where, name) for name in ([program] if program else re.findall(r'"([\w-]+)"', text)))


def _taken(path: Path) -> list[list[str]]:
    """The commands that an integration target takes from its page, by a regular expression and their number there."""
    text = path.read_text(encoding="utf-8")
    page = re.search(r"/(docs/[\w/.]+)'", text)
    expression = re.search(r"commands: .*regex_findall\('(.*?)'\)", text)
    if not page or not expression:
        return []
    told = re.findall(expression[1], (ROOT / page[1]).read_text(encoding="utf-8"))
    tasks = "\n".join(other.read_text(encoding="utf-8") for other in path.parent.glob("*.yml"))
    used = {int(number) for number in re.findall(r"commands\[(\d+)\]", tasks)}
    return [["ansible-playbook", *shlex.split(line)] for number, line in enumerate(told) if number in used]


def _played(path: Path) -> list[list[str]]:
    """The commands that a story on hosts takes from pages: those of a playbook there, by their number (``shared/tasks/play.yml``)."""
    found = []
    for task in _mappings(yaml.load(path.read_text(encoding="utf-8"), _Loader)):  # noqa: S506 - a safe one
        if "play_page" not in (given := task.get("vars") or {}):
            continue
        for item in task.get("loop") or [{}]:
            page, name, number = (
                _said(str(given.get(key, default)), item)
                for key, default in (("play_page", ""), ("play_name", ""), ("play_line", 0))
            )
            if page:
                text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
                start = f"-i inventory {COLLECTION}.{name}"
                told = re.findall(rf"{re.escape(start)}(?: (.*))?\n", text)
                found.append(shlex.split(f"ansible-playbook {start} {told[int(number)]}"))
    return found


def _said(value: str, item: dict[str, Any]) -> str:
    """What a variable of a task is for an item of its loop; of a template, its member of the item or the last text in it."""
    member = re.fullmatch(r"{{ \w+\.(\w+)(?: \| default\((.*)\))? }}", value)
    if member:
        return str(item.get(member[1], member[2]))
    return re.findall(r"'([^']*)'", value)[-1] if "{{" in value else value


@functools.lru_cache
def known_variables() -> frozenset[str]:
    """The variables of all playbooks and roles."""
    return frozenset(
        name for options in (*variables.playbooks().values(), *variables.roles().values()) for name in options
    )


def unknown(block: Block) -> list[str]:
    """What a block names and nothing has: variables of playbooks and roles, playbooks, targets of make."""
    if block.language in SHELL or block.file == GITLAB:
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
    """A person's own, in a vault, begin with ``vault_``."""
    return [
        f"there is no variable {name}"
        for name in given
        if name not in known_variables() and not name.startswith("vault_")
    ]


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
        (self._outside / ".ansible").mkdir(parents=True)
        (self._outside / ".ansible/collections").symlink_to(BUILD)
        for directory in (self._outside, self.directory):
            (directory / "vault.yml").write_text(yaml.safe_dump(vault))
        self._exported: dict[str, str] = {}

    def follow(self, page: str) -> int:
        """Do what the blocks of a page say, and return how many there were to do."""
        return sum(self._do(block) for block in blocks(page) if not block.reason and not block.by)

    def _do(self, block: Block) -> bool:
        if block.file:
            path = self.directory / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._here(block.text))
            if block.language in SHELL:
                return False
        if block.language in SHELL:
            for words in block.commands():
                if words[0] == "export":
                    self._exported |= {
                        name: self._here(value) for name, value in (word.split("=", 1) for word in words[1:])
                    }
                    continue
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

    def _typed(self, word: str) -> str:
        return self._here(re.sub(r"^~(?=/)", str(self._outside), word))

    def _here(self, text: str) -> str:
        return text.replace(STORPOOL_HOST, self.storpool.host).replace(
            CLOUDSTACK_URL, f"{self.cloudstack.url}/client/api"
        )

    def _run(self, words: list[str], block: Block) -> None:
        program, *arguments = words
        if program == "ansible-playbook":
            arguments = ["-e", f"@{self._outside / 'vault.yml'}", *arguments]
        ended = subprocess.run(
            ["cat" if program == "cat" else documented.programs(program), *map(self._typed, arguments)],
            cwd=self.directory,
            env=documented.environment(self._outside) | self._connections() | self._exported,
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
            "PATH": f"{documented.programs('')}{os.pathsep}{os.environ['PATH']}",
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
