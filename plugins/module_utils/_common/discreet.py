# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that show of a task's options only what may be shown: in results, in failures, and in the log of the system."""

from __future__ import annotations

import re
import typing as t

from .numbers import Module

#: What Ansible itself shows in place of a secret option.
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
#: Texts of at most so many characters may be a part of any word.
SHORT = 3


class DiscreetModule(Module):
    """A module whose ``params`` can be shown; ``given`` is what the task gave.

    The values of options that the module does not know are not shown: a secret may be behind a slip in its option's name.
    """

    _given: t.Optional[t.Mapping[str, t.Any]] = None
    _kept: t.FrozenSet[str] = frozenset()

    def __init__(self, **spec: t.Any) -> None:
        super().__init__(**spec)  # type: ignore[no-untyped-call]

    @property
    def given(self) -> t.Mapping[str, t.Any]:
        """The options as the task gave them."""
        return self.params if self._given is None else self._given

    def shown(self, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """What may be shown of the options, which need not have been checked."""
        known = {*self.argument_spec, *self.aliases}
        return {name: value if name in known else HIDDEN for name, value in params.items()}

    def keep(self, texts: t.Iterable[str]) -> None:
        """From now on no failure shows these texts, however short they are."""
        self._kept |= frozenset(text for text in texts if text)

    def _hide(self) -> None:
        if self._given is None:
            self._given = dict(self.params)
            self.params = self.shown(self._given)

    def _log_invocation(self) -> None:
        self._hide()
        super()._log_invocation()  # type: ignore[no-untyped-call]

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        """As Ansible's."""
        self._hide()
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """As Ansible's, without what is kept."""
        self._hide()
        super().fail_json(self._without(msg), **{name: self._without(value) for name, value in kwargs.items()})

    def _without(self, thing: t.Any) -> t.Any:
        if isinstance(thing, dict):
            return {key: self._without(value) for key, value in thing.items()}
        if not isinstance(thing, str) or not self._kept:
            return thing
        for text in sorted(self._kept, key=len, reverse=True):
            # A short one is replaced only where it stands alone, lest words become unreadable.
            pattern = re.escape(text) if len(text) > SHORT else rf"(?<!\w){re.escape(text)}(?!\w)"
            thing = re.sub(pattern, "***", thing)
        return thing
