# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the checkout to where Ansible looks for a collection called ``storpool.cloudstack``.

``ansible-test``, ``ansible-playbook`` and the others find a collection by its directory
``ansible_collections/storpool/cloudstack``, which a checkout seldom has. Only what changed is copied, what is gone is
removed, and what git ignores never gets there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .workspace import BUILD, NAME, NAMESPACE, ROOT

# Made inside the copy by ansible-test, and its own to remove.
KEPT = ("tests/output/", "tests/integration/inventory")
# Without git: the names of .gitignore that a checkout is likely to have.
SKIPPED_DIRECTORIES = frozenset(
    (".git", ".build", ".venv", ".ansible", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__")
)


def stage(top: Path = BUILD) -> Path:
    """Bring ``top/ansible_collections/storpool/cloudstack`` up to date with the checkout, and return it."""
    target = top / "ansible_collections" / NAMESPACE / NAME
    target.mkdir(parents=True, exist_ok=True)
    with _alone(top / "stage.lock"):
        wanted = set(_files())
        for name in wanted:
            _copy(ROOT / name, target / name)
        _prune(target, wanted)
    return target


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time: pytest's workers and several stages may want the copy at once."""
    with lock.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _files() -> list[str]:
    """What belongs to the project, relative to its root: tracked, or new and not ignored."""
    names = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard") if _is_git_checkout() else _walk()
    return [name for name in names if name and os.path.lexists(ROOT / name)]


def _is_git_checkout() -> bool:
    return (ROOT / ".git").exists() and shutil.which("git") is not None


def _git(*arguments: str) -> list[str]:
    # A checkout of another user (a container's mount, say) is still the one that we were started in.
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return answer.stdout.split("\0")


def _walk() -> Iterator[str]:
    for directory, subdirectories, files in os.walk(ROOT):
        here = os.path.relpath(directory, ROOT)
        subdirectories[:] = [
            name
            for name in subdirectories
            if name not in SKIPPED_DIRECTORIES and not f"{here}/{name}/".endswith("tests/output/")
        ]
        yield from (
            os.path.normpath(os.path.join(here, name)) for name in files if not name.endswith((".pyc", ".tar.gz"))
        )


def _copy(source: Path, target: Path) -> None:
    """Copy unless size and time of change say that the copy is good. Readers never see half a file."""
    new = source.lstat()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        old = target.lstat()
        if (old.st_size, old.st_mtime_ns, old.st_mode) == (new.st_size, new.st_mtime_ns, new.st_mode):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent)
    os.close(handle)
    if source.is_symlink():
        os.unlink(scratch)
    shutil.copy2(source, scratch, follow_symlinks=False)
    os.replace(scratch, target)


def _prune(target: Path, wanted: set[str]) -> None:
    """Remove from the copy what the checkout no longer has, and the directories that this empties."""
    for directory, subdirectories, files in os.walk(target, topdown=False):
        here = Path(directory)
        for name in [*files, *(name for name in subdirectories if (here / name).is_symlink())]:
            relative = (here / name).relative_to(target).as_posix()
            if relative not in wanted and not relative.startswith(KEPT) and here.name != "__pycache__":
                (here / name).unlink()
        left = {entry.name for entry in here.iterdir()}
        if left <= {"__pycache__"} and here != target and not f"{here.relative_to(target)}/".startswith(KEPT):
            shutil.rmtree(here)


if __name__ == "__main__":
    print(stage(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else BUILD))
