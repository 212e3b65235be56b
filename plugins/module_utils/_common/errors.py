# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failures that a task can end with. Each is one sentence for a person plus machine-readable parts."""

from __future__ import annotations

import typing as t

from . import plain
from .words import sentence


class Failure(Exception):
    """A task cannot do what it was asked to.

    ``kind`` is a stable word for playbooks to branch on. ``call`` is the API call that failed, if one did.
    ``error`` holds the API's own words: ``name``, ``descr`` and ``transient``, as far as there are any.
    ``seconds`` is how long the step took that ended with it.
    """

    kind = "failed"
    seconds = 0.0

    def __init__(
        self, message: str, call: t.Optional[str] = None, error: t.Optional[t.Mapping[str, t.Any]] = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.call = call
        self.error = dict(error or {})

    def __str__(self) -> str:
        return self.message

    def while_doing(self, what: str) -> Failure:
        """The same failure, its sentence now beginning with what was being done (``what`` is an infinitive)."""
        self.message = f"Could not {what}: {self.message}"
        return self

    def advise(self, advice: t.Iterable[t.Tuple[str, str]]) -> Failure:
        """The same failure, with the first sentence whose text is the name of the API's error or a part of its description."""
        told = str(self.error.get("name", "")), str(self.error.get("descr", ""))
        for text, words in advice:
            if text == told[0] or text in told[1]:
                self.message = "{0}. {1}".format(self.message.rstrip("."), words)
                break
        return self

    def scrub(self, hide: t.Callable[[str], str]) -> None:
        """Take out of all that it says what nobody may see."""
        self.message, self.error = hide(self.message), plain.everything(self.error, hide)

    def result(self) -> t.Dict[str, t.Any]:
        """The arguments of ``fail_json``: ``msg``, ``error`` (always with ``kind``) and, after an API call, ``call``.

        Words of servers and programs are among them, so nothing is left in them that is more than text; each is one line.
        """
        told = plain.line(self.message)
        told = told if told.endswith((".", "!", "?")) else told + "."
        result: t.Dict[str, t.Any] = {
            "msg": sentence(told),
            "error": plain.everything(dict(self.error, kind=self.kind)),
        }
        if self.call:
            result["call"] = plain.line(self.call)
        return result


class InvalidOption(Failure):
    """The task itself is wrong; nothing was sent that could change anything."""

    kind = "invalid_option"


class NotConfigured(Failure):
    """An address or a secret is missing, or a file that should hold it cannot be read."""

    kind = "not_configured"


class NotFound(Failure):
    """Something that the task refers to does not exist."""

    kind = "not_found"


class NameTaken(Failure):
    """The wanted name belongs to another object."""

    kind = "name_taken"


class Ambiguous(Failure):
    """More than one object answers to the description."""

    kind = "ambiguous"


class NotAllowed(Failure):
    """The change can destroy something, and the task does not say that it may. The sentence names the option."""

    kind = "not_allowed"


class Incomplete(Failure):
    """A part of what belongs together is there, and the rest cannot be added to it."""

    kind = "incomplete"


class NotConverged(Failure):
    """The API accepted a change, and the object still does not look as wanted."""

    kind = "not_converged"


class ApiError(Failure):
    """The API answered with an error of its own."""

    kind = "api_error"

    @property
    def name(self) -> str:
        """The API's name (StorPool) or code (CloudStack) of the error."""
        return str(self.error.get("name", ""))


class Outdated(ApiError):
    """The API refuses a change because its object is no longer as it was when the change was planned."""


class TransientError(ApiError):
    """The API says of its error that it will pass."""

    kind = "transient"


class Unauthorized(ApiError):
    """The API does not accept the credentials."""

    kind = "unauthorized"


class BadAnswer(Failure):
    """Something answered that does not speak the API: not JSON, or JSON of another shape."""

    kind = "bad_answer"


class Unreachable(Failure):
    """No connection could be made, so nothing was sent."""

    kind = "unreachable"


class ReplyLost(Failure):
    """The connection broke, or time ran out, after the request was sent: it may or may not have taken effect."""

    kind = "reply_lost"


class PartlyFailed(Failure):
    """Some of many objects could not be brought to where they are wanted; ``more`` is what the result has besides."""

    kind = "partly_failed"

    def __init__(self, message: str, more: t.Mapping[str, t.Any]) -> None:
        super().__init__(message)
        self.more = dict(more)

    def result(self) -> t.Dict[str, t.Any]:
        return dict(self.more, **super().result())
