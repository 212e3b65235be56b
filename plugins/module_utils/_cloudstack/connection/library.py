# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions of the ``cs`` library will do."""

from __future__ import annotations

import sys
import typing as t

#: The first that takes a session, with which :mod:`.api` keeps what is no answer of CloudStack's from it.
LOWEST = "2.7.1"


def problem(client: type) -> t.Optional[str]:
    """Why the library that has this client will not do, in a sentence; ``None`` if it will."""
    code = getattr(client.__init__, "__code__", None)  # type: ignore[misc]
    if code is not None and "session" in code.co_varnames:
        return None
    return (
        f"The Python library cs on this host is too old: version {LOWEST} or newer is needed, for the Python {sys.executable}. Install it, for instance "
        f"with: {sys.executable} -m pip install 'cs>={LOWEST}'."
    )
