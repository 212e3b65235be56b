# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files that change places, or take only a free place, in one moment: renameat2(2), which Python does not have.

Where the kernel, the C library or the file system cannot do that, a look and a plain rename after it are the next best, with a moment in between.
"""

from __future__ import annotations

import ctypes
import errno
import os
import typing as t

NO_REPLACE, EXCHANGE = 1, 2
AT_FDCWD = -100
#: What says that it cannot be done here, and not that it went wrong: no such call, no such flag, or a filter of a container that allows neither.
UNABLE = (errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP)


def move(source: str, target: str) -> None:
    """Rename a file to a name that no file has. Raises :class:`FileExistsError` if one has it, and :class:`OSError`."""
    if not renameat2(source, target, NO_REPLACE):
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        os.rename(source, target)


def exchange(source: str, target: str) -> bool:
    """Have two files change names. ``False``: that cannot be done here, and nothing has changed. Raises :class:`OSError`."""
    return renameat2(source, target, EXCHANGE)


def renameat2(source: str, target: str, flags: int) -> bool:
    """The call of that name; ``False`` where it cannot be made. Raises :class:`OSError`."""
    function = _function()
    if function is None:
        return False
    if function(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNABLE:
        return False
    raise OSError(number, os.strerror(number), source, None, target)


def _function() -> t.Any:
    try:
        return ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # an older C library
        return None
