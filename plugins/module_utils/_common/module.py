# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's module, with our words for what is wrong with its options, and with what may be shown of them in results, failures and the log of the system."""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from . import plain, secret_urls
from .given import RULES, as_meant, mistakes
from .numbers import bounded
from .words import shortened

Params = t.Mapping[str, t.Any]
#: What Ansible itself shows in place of a secret option.
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
#: Options that hold an address: one with a password or a token in it is refused, and is not shown either.
ADDRESSES = ("api_url", "sp_api_http_host")
#: Of how many mistakes at once the sentence speaks.
MOST_TOLD = 5
#: Texts of at most so many characters may be a part of any word.
SHORT = 3


#: How Ansible says that one option needs others.
_NEEDED = re.compile(r"(\w+) is (\S+) but (all|any) of the following are missing: ([^.]+)")


def _needed(found: t.Match[str]) -> str:
    option, value, how, others = found.groups()
    which = "" if "," not in others else "all of " if how == "all" else "one of "
    return f"{option} is {value.lower() if value in ('True', 'False') else value}, which needs {which}{others} as well."


class Module(AnsibleModule):
    """A module whose refusals name the option by its path, and which takes plain names in place of items of the lists that ``plain_names`` lists.

    ``spec`` is as for :class:`AnsibleModule`, and may have ``plain_names``: option -> the option of an item that a name stands for. ``params`` can be shown;
    ``given`` is what the task gave. The values of options that the module does not know are not shown: a secret may be behind a slip in its option's name.
    ``shown`` makes of what can be shown of the options what may be, and need not find them checked.
    """

    _given: t.Optional[Params] = None
    _kept: t.FrozenSet[str] = frozenset()

    def __init__(self, spec: Params, shown: t.Optional[t.Callable[[Params], t.Dict[str, t.Any]]] = None) -> None:
        self._plain_names = spec.get("plain_names", {})
        self._shown = shown or dict
        self._unchecked: t.Dict[str, t.Any] = {}
        self._mistakes: t.List[str] = []
        self._is_checked = False
        rules = {rule: spec[rule] for rule in RULES if rule in spec}
        super().__init__(  # type: ignore[no-untyped-call]
            argument_spec=spec["argument_spec"], supports_check_mode=True, **rules
        )
        if self._mistakes:
            self.fail_json(msg="")
        self._is_checked = True

    @property
    def given(self) -> Params:
        """The options as the task gave them."""
        return self.params if self._given is None else self._given

    def keep(self, texts: t.Iterable[str]) -> None:
        """From now on no failure shows these texts, however short they are."""
        self._kept |= frozenset(text for text in texts if text)

    def _load_params(self) -> None:
        """Called by Ansible before it checks the options, which it changes meanwhile."""
        super()._load_params()  # type: ignore[no-untyped-call]
        spec = {"argument_spec": self.argument_spec, "plain_names": self._plain_names}
        self._unchecked = as_meant(self.params, spec)
        self._mistakes = mistakes(self._unchecked, spec)
        self.params = bounded(self.argument_spec, self._unchecked)
        if self._mistakes:
            # Ansible breaks over some of them where an option has options of its own, and then forgets which options are secret.
            nested = {name for name, rule in self.argument_spec.items() if "options" in rule}
            self.params = {name: value for name, value in self.params.items() if name not in nested}

    def _hide(self) -> None:
        if self._given is None:
            known = {*self.argument_spec, *self.aliases}
            self._given = dict(self.params)
            self.params = self._shown({name: value if name in known else HIDDEN for name, value in self._given.items()})
            for name in ADDRESSES:
                if isinstance(self.params.get(name), str):
                    self.params[name] = secret_urls.redacted_address(self.params[name])

    def _log_invocation(self) -> None:
        self._hide()
        super()._log_invocation()  # type: ignore[no-untyped-call]

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        """As Ansible's."""
        self._hide()
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """End the module, without what is kept and what is secret in URLs, and of very long texts with what a person reads.

        What Ansible says of the options gives way to what we say of them.
        """
        self._hide()
        if not self._is_checked:
            spec = {"argument_spec": self.argument_spec}
            told = self._mistakes or mistakes(self._unchecked, spec, together=True)
            more = [f"{len(told) - MOST_TOLD} more."] if len(told) > MOST_TOLD else []
            msg = " ".join([*told[:MOST_TOLD], *more]) if told else _NEEDED.sub(_needed, str(msg))
            kwargs.setdefault("error", {"kind": "invalid_option"})
        msg = secret_urls.scrubbed(str(msg))
        super().fail_json(**plain.everything(dict(kwargs, msg=msg), lambda text: shortened(self._without(text))))

    def _without(self, told: str) -> str:
        for text in sorted(self._kept, key=len, reverse=True):
            # A short one is replaced only where it stands alone, lest words become unreadable.
            pattern = re.escape(text) if len(text) > SHORT else rf"(?<!\w){re.escape(text)}(?!\w)"
            told = re.sub(pattern, "***", told)
        return told
