# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Ansible finds that a file of Python imports.

For each module that it packs, each run of ansible-playbook parses all of the module's utilities, a hundred files, only to see what else has to go with it. That
is most of what packing costs, and what a file imports is the same as long as the file is. All else about packing is Ansible's, each time: which file a name
stands for, and what is sent. Of versions of ansible-core that pack in another way nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import marshal
import os
import sys
import types
from typing import Any

from kept_code import OFF

PACKER = "ansible.executor.module_common"


def keep_in(directory: str) -> None:
    """Keep in this directory what files import, by their contents, their names and the version of Ansible, once Ansible's packer is imported."""
    if OFF not in os.environ:
        sys.meta_path.insert(0, _Finder(directory))


class _Finder:
    """Finds the packer as it would be found anyhow, and changes it once it is there."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != PACKER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                execute(module)
                _change(module, self._directory)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _change(packer: Any, directory: str) -> None:
    """Let the packer parse a file when somebody wants to know something else of it than its imports, or nobody knows those yet."""
    try:
        parse, finder, metadata = packer._compile_module_ast, packer.ModuleDepFinder, packer._get_module_metadata
    except AttributeError:
        return
    look = finder.__init__
    if look.__code__.co_varnames[:4] != ("self", "module_fqn", "tree", "is_pkg_init"):
        return

    def imports(self: Any, name: str, file: tuple[str, str | bytes], is_package: bool = False) -> None:
        source = file[1].encode() if isinstance(file[1], str) else bytes(file[1])
        digest = hashlib.sha256(f"{packer.__version__} {name} {is_package}\n".encode() + source).hexdigest()
        kept = os.path.join(directory, digest)
        try:
            with open(kept, "rb") as stream:
                self.submodules, self.optional_imports = marshal.load(stream)  # noqa: S302 - what was written below
            return
        except OSError:
            pass
        look(self, name, parse(*file), is_package)
        mine = f"{kept}.{os.getpid()}"
        with contextlib.suppress(OSError):  # whatever stands in the way of keeping it is no matter of the module
            os.makedirs(directory, exist_ok=True)
            with open(mine, "wb") as stream:
                marshal.dump((self.submodules, self.optional_imports), stream)
            os.replace(mine, kept)

    packer._compile_module_ast = lambda *file: file
    packer._get_module_metadata = lambda file: metadata(parse(*file))
    finder.__init__ = imports
