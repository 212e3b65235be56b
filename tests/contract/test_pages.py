# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What guides, README and the like tell people to do is done, and what they name is there."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
from collections import Counter

import pytest

from contract import documented, pages
from simulators.client import start, storpool_call
from tools import pytests
from tools.workspace import ROOT, STAGE

#: What there is in the cloud before a page begins: its pools, by name, each with its StorPool template; and a VM on the first.
POOLS = {"sp-hybrid": "hybrid", "sp-ssd": "ssd", "sp-old": "old"}
WITH_POOLS = {f"docs/docsite/rst/{page}.rst" for page in ("adopt", "day_2", "images", "operate_volumes", "errors")} | {
    "docs/audit.md",
    "docs/deploying.md",
}
TEMPLATES = {"roles/primary_storage/README.md": ["cloudstack"]}
#: Of the error's kinds: a page says each, and no other.
KIND = re.compile(r'^    kind = "(\w+)"$', re.MULTILINE)


@pytest.fixture(scope="module")
def simulators():
    """Both simulators, with enough clients for all that pages name."""
    with (
        start("storpool", token="1234567890123456789", cluster_id="abc.b", clients="1,2,3,12", disks=9) as storpool,
        start(
            "cloudstack",
            api_key="the-key",
            secret_key="the-secret",
            version="4.19.1",
            storpool_url=storpool.url,
            storpool_token=storpool.args["token"],
        ) as cloudstack,
    ):
        yield storpool, cloudstack


@pytest.mark.parametrize(
    "page", [page for page in pages.PAGES if any(not (block.reason or block.by) for block in pages.blocks(page))]
)
def test_what_a_page_says_can_be_done(page, simulators, tmp_path):
    storpool, cloudstack = simulators
    for simulator in simulators:
        simulator.reset()
    directory = tmp_path / "work"
    directory.mkdir()
    for template in TEMPLATES.get(page, sorted(set(POOLS.values())) if page in WITH_POOLS else ()):
        storpool_call(storpool, "VolumeTemplateCreate", {"name": template, **documented.FIXTURES["hybrid"][1]})
    if page in WITH_POOLS:
        first, *others = [documented.pool(storpool, template, name) for name, template in POOLS.items()]
        vm = {"zoneid": "1", "serviceofferingid": "1", "templateid": "1", "name": "db-1"}
        offering = {"name": "custom", "displaytext": "custom", "customized": "true"}
        commands = ("createDiskOffering", offering), ("deployVirtualMachine", vm)
        documented.by_others(cloudstack, first, *commands, *others)
    pages.Reader(storpool, cloudstack, directory).follow(page)


@pytest.mark.parametrize("page", pages.PAGES)
def test_what_a_page_names_is_there(page):
    for block in pages.blocks(page):
        assert block.language in pages.LANGUAGES, f"{block.where}: nobody would run {block.language}"
        assert not pages.unknown(block), block.where
        assert not block.by or pages.is_run_by(block), f"{block.where}: {block.by} does not run it"
    there = {path.stem for kind in ("plugins/*", "playbooks") for path in STAGE.glob(f"{kind}/*.*")}
    there |= {path.name for path in STAGE.glob("roles/*")} | {"storpool", "cloudstack"}
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w.])storpool\.cloudstack\.([a-z]\w*)(?![\w.])", text))
    assert named <= there | {"docsite"}


def test_a_command_that_its_file_does_not_run_is_found_out():
    every = [block for page in pages.PAGES for block in pages.blocks(page) if block.by and block.commands()]
    assert every
    for block in every:
        word = block.commands()[-1][-1]
        other = dataclasses.replace(block, text=block.text.replace(word, f"{word}-or-so"))
        assert not pages.is_run_by(other), block.where


def test_a_command_of_your_own_finds_the_staged_collection():
    """The block of "Contributing" about the checkout, done there."""
    [_test, stage] = pages.of_program("docs/contributing.md", "make")
    show = pages.command("docs/contributing.md", "ANSIBLE_COLLECTIONS_PATH=.build")
    for words in (stage, show):
        ended = subprocess.run(
            ["env", *words], cwd=ROOT, capture_output=True, text=True, timeout=pages.SECONDS, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "storpool_volume" in ended.stdout


def test_what_is_not_run_says_why():
    """The stage's line lists how much of the pages is not run, and why."""
    every = [block for page in pages.PAGES for block in pages.blocks(page)]
    reasons = Counter(block.reason for block in every if block.reason)
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    apart = Counter(pages.APART[block.by] for block in every if block.by in pages.APART)
    told += "".join(f"; {count} only by {target}" for target, count in apart.items())
    note = pytests.noted("contract")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{reasons.total()} of {len(every)} blocks of the pages are not run: {told}", encoding="utf-8")
    assert all(len(reason) > 8 for reason in reasons)


def test_each_kind_of_error_is_on_its_page_and_no_other():
    told = set(re.findall(r"(?m)^``(\w+)``\n~+$", (ROOT / "docs/docsite/rst/errors.rst").read_text(encoding="utf-8")))
    there = {kind for path in STAGE.glob("plugins/module_utils/**/*.py") for kind in KIND.findall(path.read_text())}
    assert told == there


def test_the_examples_of_errors_are_what_the_code_says():
    """Each example has a part, of some words, of what stands in the code; so a sentence that is changed there is changed here."""
    text = (ROOT / "docs/docsite/rst/errors.rst").read_text(encoding="utf-8")
    examples = re.findall(r"(?m)^\.\. code-block:: text\n\n   (.*)$", text)
    parts = {
        part.strip()
        for path in STAGE.glob("plugins/module_utils/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for part in re.split(r"\{\d?\}", node.value)
        if part.count(" ") >= 3
    }
    assert examples
    unlike = [example for example in examples if not any(part in example for part in parts)]
    assert [example for example in unlike if " answered " not in example] == []  # that is all in the API's own words
