# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the rooms in docs/architecture.md holds for the imports, and has no arrow too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import houserules

TABLE = """
| room | what is there | uses, beside `_common` |
|---|---|---|
| `_common` | all | |
| `_side/low` | a | |
| `_side/high` | b | `low` |
| `_other/alone` | c | |
"""


@pytest.fixture(name="house")
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A collection in which the files that are given import what they are given with."""
    stage = tmp_path / "ansible_collections/storpool/cloudstack"
    monkeypatch.setattr(houserules, "STAGE", stage)
    monkeypatch.setattr(houserules, "UTILITIES", stage / "plugins/module_utils")

    def build(files: dict[str, str], table: str = TABLE) -> list[str]:
        for name, text in {"module_utils/_side/high/user.py": "from ..low import thing\n", **files}.items():
            path = stage / "plugins" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (stage / "docs").mkdir(exist_ok=True)
        (stage / "docs/architecture.md").write_text(table)
        return list(houserules._directions())

    return build


def test_arrows_of_the_picture_are_allowed(house):
    common = "from ..._common.errors import Failure\nfrom .user import thing\nimport json\n"
    assert (
        house(
            {"module_utils/_side/high/more.py": common, "modules/a.py": "from ..module_utils._side.high import user\n"}
        )
        == []
    )


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("module_utils/_side/low/bad.py", "from ..high import user\n", "no arrow from _side/low to _side/high"),
        (
            "module_utils/_side/low/bad.py",
            "def f():\n    from ..high.user import thing\n",
            "no arrow from _side/low to _side/high",
        ),
        ("module_utils/_side/low/bad.py", "from ..._other.alone import x\n", "no arrow from _side/low to _other/alone"),
        ("module_utils/_common/bad.py", "from .._side.low import x\n", "no arrow from _common to _side/low"),
        ("module_utils/_side/new/bad.py", "", "_side/new/bad.py: is in no room"),
        ("modules/bad.py", "import simulators.client\n", "do not know that there are simulators"),
    ],
)
def test_others_are_told(house, file, text, says):
    [complaint] = house({file: text})
    assert says in complaint


def test_an_arrow_that_nothing_needs_is_told(house):
    [complaint] = house({"module_utils/_side/high/user.py": ""})
    assert complaint == "docs/architecture.md: the table has an arrow from _side/high to _side/low, which nothing needs"


def test_a_circle_cannot_be_drawn(house):
    circle = TABLE.replace("| `_side/low` | a | |", "| `_side/low` | a | `high` |")
    with pytest.raises(ValueError, match="_side/low uses _side/high, which is no row above it"):
        house({}, circle)


def test_a_playbook_and_a_role_that_the_changelog_does_not_name_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(houserules, "STAGE", tmp_path)
    for name in ("changelogs/fragments", "plugins/modules", "roles/driver", "playbooks/tasks", "roles/build"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "changelogs/changelog.yaml").write_text("releases: {1.0.0: {objects: {role: [{name: driver}]}}}\n")
    (tmp_path / "changelogs/fragments/a.yml").write_text("add object.playbook: [{name: audit, description: x}]\n")
    for name in ("audit", "verify"):
        (tmp_path / f"playbooks/{name}.yml").touch()
    said = list(houserules._changelog())
    assert [sentence.partition(": add")[0] for sentence in said] == [
        "the changelog does not name the role build",
        "the changelog does not name the playbook verify",
    ]
