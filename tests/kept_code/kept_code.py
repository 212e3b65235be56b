# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Python compiles of a zip file, as it does of any other file.

Ansible sends a module as a zip file of sources, which are compiled at each task: half of what a task costs a processor, and the tests run thousands of them. A
``.pth`` file of a Python that runs modules for the tests calls :func:`keep_in`. It also lets a process end without looking through all of its objects for those
that only refer to each other, which Python does three times: a fifth of what a small module costs. Nothing else of a task is different with it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib.util
import marshal
import os
import types
import zipimport
from _imp import _fix_co_filename  # type: ignore[import-not-found]

#: In the environment: compile each time, as everybody's Python does, since times are measured.
OFF = "KEEP_NO_CODE"


def keep_in(directory: str) -> None:
    """Keep code in this directory, by the contents of its source and the version of Python, and end at once."""
    if OFF in os.environ:
        return
    atexit.register(gc.freeze)  # the first that is registered is the last that is called
    compile_source = zipimport._compile_source  # type: ignore[attr-defined]

    def kept(path: str, source: bytes) -> types.CodeType:
        digest = importlib.util.source_hash(importlib.util.MAGIC_NUMBER + source).hex()
        name = os.path.join(directory, f"{digest}-{len(source)}")
        try:
            with open(name, "rb") as file:
                code: types.CodeType = marshal.load(file)  # noqa: S302 - what was written below
            _fix_co_filename(code, path)  # a traceback names the file that this process has
            return code
        except OSError:
            pass
        code = compile_source(path, source)
        mine = f"{name}.{os.getpid()}"
        with contextlib.suppress(OSError):  # whatever stands in the way of keeping it is no matter of the module
            os.makedirs(directory, exist_ok=True)
            with open(mine, "wb") as file:
                marshal.dump(code, file)
            os.replace(mine, name)
        return code

    zipimport._compile_source = kept  # type: ignore[attr-defined]
