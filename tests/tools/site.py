# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the documentation a site, and fails if Sphinx warns or a link leads nowhere: ``make docs``."""

from __future__ import annotations

import html.parser
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import yaml

from .stage import stage
from .workspace import BUILD, COLLECTION, ROOT, env_bin, environment

SITE = BUILD / "docs"
SOURCE = ROOT / "docs" / "docsite"
REPOSITORY = "https://github.com/storpool/ansible-collection-cloudstack/blob/main"
SECONDS = 500  # for each of the two programs, on a machine that does much else
#: sphinx-build that seldom looks for garbage, of which it makes none to speak of: that is a third of what it does.
SPHINX = "import gc, sys; from sphinx.cmd.build import main; gc.set_threshold(100_000, 50, 100); sys.exit(main())"
CAPTIONS = {"Role Index": "Roles", "Filter Plugins": "Filters", "Inventory Plugins": "Inventory"}
#: The row of an option whose name begins with an underscore, as antsibull-docs writes it.
_INTERNAL = re.compile(
    r'(?ms)^  \* - \.\. raw:: html\n\n +<div class="ansible-option-cell">\n'
    r' +<div class="ansibleOptionAnchor" id="parameter-_.*?(?=^  \* - |^\S|\Z)'
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def main() -> int:
    stage()
    shutil.rmtree(SITE, ignore_errors=True)
    pages = SITE / "rst"
    pages.mkdir(parents=True, mode=0o755)
    pages.chmod(0o755)
    docs: list[str | Path] = [
        env_bin("lint") / "antsibull-docs",
        "--config-file",
        SOURCE / "antsibull-docs.cfg",
        "collection",
        "--cleanup",
        "everything",
        "--use-current",
        "--fail-on-error",
    ]
    if not _run([*docs, "--squash-hierarchy", "--dest-dir", pages, COLLECTION]):
        return 1
    hide_internal_options(pages)
    arrange(pages / "index.rst")
    say_its_name(pages / "changelog.rst")
    include_markdown(pages / "docsite")
    output = SITE / "build" / "html"
    sphinx: list[str | Path] = [
        env_bin("lint") / "python",
        "-c",
        SPHINX,
        "--fail-on-warning",
        "--keep-going",
        "--quiet",
        "-j",
        "auto",
        "-b",
        "html",
    ]
    if not _run([*sphinx, "-c", SOURCE, "-d", SITE / "build" / "doctrees", pages, output]):
        return 1
    broken = list(broken_links(output))
    for sentence in broken:
        print(sentence)
    print(
        f"{len(list(output.rglob('*.html')))} pages, {len(broken)} broken links: {(output / 'index.html').relative_to(ROOT)}"
    )
    return 1 if broken else 0


def hide_internal_options(pages: Path) -> None:
    """Take the options that are not for playbooks out of the pages of modules."""
    for path in pages.glob("*_module.rst"):
        text = path.read_text(encoding="utf-8")
        shown = _INTERNAL.sub("", text)
        if shown != text:
            path.write_text(shown, encoding="utf-8")


def say_its_name(page: Path) -> None:
    """Have the collection called as it is: antsibull-docs writes its name as a title."""
    page.write_text(page.read_text(encoding="utf-8").replace(COLLECTION.title(), COLLECTION), encoding="utf-8")


def arrange(index: Path) -> None:
    """Have the guides first, a heading for each list in the side bar, and names there that are short enough to be read."""
    say_its_name(index)
    text = index.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^\.\. toctree::\n    :maxdepth: 1\n\n(?=\.\. _changelog)", "", text)
    changelog = re.search(r"(?ms)^\.\. _changelog_section.*?^    changelog\n\n", text)
    if not changelog:
        raise SystemExit("antsibull-docs writes another index than it did")
    text = text.replace(changelog[0], "") + "\n" + changelog[0]
    text = re.sub(
        r"(?m)^(\* :ansplugin:`(\w+) role <.*` --) ?$", lambda role: f"{role[1]} {_first_words(role[2])}", text
    )
    caption, lines = "", []
    for line, following in zip(text.splitlines(), [*text.splitlines()[1:], ""], strict=True):
        page = re.fullmatch(r"    (\w+)_(module|filter|inventory|role)", line)
        if re.fullmatch(r"[-~]{3,}", following):
            caption = line
        lines.append(f"    {page[1]} <{page[1]}_{page[2]}>" if page else line)
        if line == ".. toctree::":
            lines.append(f"    :caption: {CAPTIONS.get(caption, caption)}")
    index.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _first_words(role: str) -> str:
    """What a role without an entry point ``main`` says of its first one."""
    specification = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return str(next(iter(specification["argument_specs"].values()))["short_description"])


def include_markdown(pages: Path) -> None:
    """Put what is written in Markdown in the place of the pages that only say so, since antsibull-docs takes none."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        page = pages / f"{path.stem}.rst"
        if page.exists():
            (SITE / path.name).write_text(with_links_of_the_site(path), encoding="utf-8")
            label = page.read_text(encoding="utf-8").splitlines()[0]
            included = f".. include:: ../../{path.name}\n   :parser: myst_parser.sphinx_\n"
            page.write_text(f"{label}\n\n{included}", encoding="utf-8")


def with_links_of_the_site(path: Path) -> str:
    """A page in Markdown whose links to other files of the checkout lead to their pages, or to the repository."""

    def moved(link: re.Match[str]) -> str:
        place, hash_, anchor = link[1].partition("#")
        if not place or ":" in place:
            return link[0]
        name = Path(os.path.normpath(path.parent / place)).relative_to(ROOT).as_posix()
        if not (ROOT / name).exists():
            raise SystemExit(f"{path.relative_to(ROOT)}: there is no {name}, which it links to")
        role, page = (
            re.fullmatch(r"roles/(\w+)/README\.md", name),
            re.fullmatch(r"docs/(?:docsite/rst/)?(\w+)\.(?:md|rst)", name),
        )
        if role:
            return f"](../{role[1]}_role.rst)"
        if page and (SOURCE / "rst" / f"{page[1]}.rst").exists():
            return f"]({page[1]}.rst{hash_}{anchor})"
        return f"]({REPOSITORY}/{name}{hash_}{anchor})"

    return _LINK.sub(moved, path.read_text(encoding="utf-8"))


class _Page(html.parser.HTMLParser):
    """The links of a page, and the places on it that a link can lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.places |= {place for place in (given.get("id"), given.get("name")) if place}
        if tag == "a" and given.get("href"):
            self.links.add(given["href"] or "")


def broken_links(output: Path) -> Iterator[str]:
    """A sentence for each link within the site, or to a file of the repository, that leads nowhere."""
    pages = {path: _Page(path) for path in sorted(output.rglob("*.html"))}
    for path, page in pages.items():
        for link in sorted(page.links):
            place, _hash, anchor = urllib.parse.unquote(link).partition("#")
            name = path.relative_to(output)
            if place.startswith(f"{REPOSITORY}/"):
                if not (ROOT / place.removeprefix(f"{REPOSITORY}/")).exists():
                    yield f"{name}: {link} is no file of the repository"
            elif not re.match(r"[a-z]+:", place):
                target = Path(os.path.normpath(path.parent / place)) if place else path
                if not target.exists():
                    yield f"{name}: there is no page {link}"
                elif anchor and target in pages and anchor not in pages[target].places:
                    yield f"{name}: there is no place {link}"


def _run(command: list[str | Path]) -> bool:
    ended = subprocess.run(
        command, cwd=SITE, env=environment("lint"), text=True, capture_output=True, timeout=SECONDS, check=False
    )
    if ended.returncode:
        print(f"{ended.stdout}{ended.stderr}".strip())
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
