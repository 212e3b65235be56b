# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths on the host that is worked on, which may be another than the one that works: an image that is being built, or a mounted disk.

All paths that people give and get are those of that host. Its symbolic links are followed as it would follow them, never out of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from ..._common.errors import Failure, InvalidOption
from ..errors import NotAccessible

#: As many symbolic links as Linux follows for one path.
MOST_LINKS = 40


class Root(t.NamedTuple):
    """The root of a host's file system, as it is reached from here; ``/`` is this host itself."""

    prefix: str

    @property
    def is_here(self) -> bool:
        """Whether it is this host, so that its processes can be looked at, too."""
        return self.prefix == "/"

    def resolve(self, path: str, follow: bool = True) -> str:
        """The host's own path without symbolic links; the last part of it is only followed with ``follow``. Raises :class:`NotAccessible`."""
        done = "/"
        rest = list(reversed(path.split("/")))
        links = 0
        while rest:
            name = rest.pop()
            if name in ("", ".", ".."):
                if self._is_no_directory(done, name == ".."):  # for the host, too, such a path leads nowhere
                    return "/".join([done, name, *reversed(rest)])
                done = os.path.dirname(done) if name == ".." else done
                continue
            here = os.path.join(done, name)
            target = self._link(here) if rest or follow else None
            if target is None:
                done = here
                continue
            links += 1
            if links > MOST_LINKS:
                raise NotAccessible(f"{path} leads through more than {MOST_LINKS} symbolic links.")
            if target.startswith("/"):
                done = "/"
            rest.extend(reversed(target.split("/")))
        return done

    def _is_no_directory(self, path: str, or_nothing: bool) -> bool:
        place = self.here(path)
        return path != "/" and not os.path.isdir(place) and (or_nothing or os.path.lexists(place))

    def _link(self, path: str) -> t.Optional[str]:
        try:
            return os.readlink(self.here(path))
        except OSError:
            return None

    def here(self, path: str) -> str:
        """The path by which this machine reaches a path of the host that has no symbolic links in it."""
        return path if self.is_here else self.prefix + path

    def inner(self, text: str) -> str:
        """A text with the host's own paths in place of those by which this machine reaches them."""
        return text if self.is_here else re.sub(re.escape(self.prefix) + r"(/|(?![\w.-]))", "/", text)

    @contextlib.contextmanager
    def telling(self) -> t.Iterator[None]:
        """While this lasts, a failure speaks of the host's own paths."""
        try:
            yield
        except Failure as failure:
            failure.message = self.inner(failure.message)
            raise

    def reach(self, path: str, follow: bool = True) -> str:
        """The path by which this machine reaches any path of the host."""
        return self.here(self.resolve(path, follow))


def root(prefix: str) -> Root:
    """The root that an option names. Raises :class:`InvalidOption`."""
    if not os.path.isabs(prefix):
        raise InvalidOption(f"prefix: {prefix} is no absolute path.")
    found = os.path.realpath(prefix)
    if not os.path.isdir(found):
        raise InvalidOption(f"prefix: {prefix} is not a directory.")
    return Root(found)


def absolute(option: str, path: str) -> str:
    """An absolute path that an option holds, normalised. Raises :class:`InvalidOption`."""
    if not os.path.isabs(path):
        raise InvalidOption(f"{option}: {path} is no absolute path.")
    return os.path.normpath("/" + path.lstrip("/"))
