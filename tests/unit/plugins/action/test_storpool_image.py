# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module says into a file while it runs is said once each time that it is new."""

from __future__ import annotations

import threading
from pathlib import Path

from ansible_collections.storpool.cloudstack.plugins.action.storpool_image import watched


def test_what_is_new_is_said_once(tmp_path: Path) -> None:
    path, said, heard = tmp_path / "progress", [], threading.Event()

    def say(words: str) -> None:
        said.append(words)
        heard.set()

    with watched(str(path), say, pause=0.01):
        for words in ("copying", "copying 10 %", "\x1b[2J", "comparing"):
            heard.clear()
            path.with_suffix(".new").write_text(words)
            path.with_suffix(".new").rename(path)
            assert heard.wait(5) or words == "\x1b[2J"
    assert said == ["copying", "copying 10 %", "comparing"]


def test_nothing_is_said_where_nothing_is_written(tmp_path: Path) -> None:
    with watched(str(tmp_path / "none"), unheard, pause=0.01):
        threading.Event().wait(0.05)


def unheard(words: str) -> None:
    raise AssertionError(words)
