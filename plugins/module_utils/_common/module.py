# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's module, with our words for what is wrong with its options."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from .given import RULES, as_meant, mistakes
from .words import listing

#: Of how many mistakes at once the sentence speaks.
MOST_TOLD = 5


class Module(AnsibleModule):
    """A module whose refusals name the option by its path, and which takes plain names in place of items of the lists that ``plain_names`` lists.

    ``spec`` is as for :class:`AnsibleModule`, and may have ``plain_names``: option -> the option of an item that a name stands for.
    """

    def __init__(self, spec: t.Mapping[str, t.Any]) -> None:
        self._plain_names = spec.get("plain_names", {})
        self._given: t.Dict[str, t.Any] = {}
        self._mistakes: t.List[str] = []
        self._is_checked = False
        rules = {rule: spec[rule] for rule in RULES if rule in spec}
        super().__init__(  # type: ignore[no-untyped-call]
            argument_spec=spec["argument_spec"], supports_check_mode=True, **rules
        )
        if self._mistakes:
            self.fail_json(msg="")
        self._is_checked = True

    def _load_params(self) -> None:
        """Called by Ansible before it checks the options, which it changes meanwhile."""
        super()._load_params()  # type: ignore[no-untyped-call]
        self.params = as_meant(self.params, {"argument_spec": self.argument_spec, "plain_names": self._plain_names})
        self._given = dict(self.params)
        self._mistakes = mistakes(self._given, {"argument_spec": self.argument_spec})

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """End the module. What Ansible says of the options gives way to what we say of them."""
        if not self._is_checked:
            told = self._mistakes or mistakes(self._given, {"argument_spec": self.argument_spec}, together=True)
            msg = listing(told, most=MOST_TOLD) if told else msg
            kwargs.setdefault("error", {"kind": "invalid_option"})
        super().fail_json(msg=msg, **kwargs)
