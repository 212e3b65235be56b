# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to end (Ctrl-C, SIGTERM, SIGHUP): they become :class:`KeyboardInterrupt`, where what was begun can be put away."""

from __future__ import annotations

import contextlib
import signal
import threading
import typing as t

_ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def _stop(_number: int, _frame: t.Any) -> None:
    raise KeyboardInterrupt


def told_to_end() -> t.ContextManager[None]:
    """A request to end is one that things are put away after, as after Ctrl-C."""
    return _handling({signal.SIGTERM: _stop, signal.SIGHUP: _stop})


def undisturbed() -> t.ContextManager[None]:
    """Nothing but a kill keeps things from being put away."""
    return _handling(dict.fromkeys(_ENDINGS, signal.SIG_IGN))


@contextlib.contextmanager
def to_its_end() -> t.Iterator[None]:
    """A request to end is heard when this is over, lest its effect be missed by who puts things away; one that is repeated at once."""
    asked: t.List[int] = []

    def note(number: int, _frame: t.Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        yield
        return
    try:
        with _handling(dict.fromkeys(_ENDINGS, note)):
            yield
    finally:
        if asked:
            raise KeyboardInterrupt


@contextlib.contextmanager
def _handling(handlers: t.Mapping[int, t.Any]) -> t.Iterator[None]:
    """Other handlers of signals, where this is the thread that gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
