# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudStack's answers mean, and what it means if something else answers."""

from __future__ import annotations

import email.utils
import re
import time
import typing as t

from ..._common import answers
from ..._common.errors import ApiError, BadAnswer, Failure, Outdated, ReplyLost, TransientError, Unauthorized
from ..._common.transport import excerpt, first_line
from . import proxies, shapes

if t.TYPE_CHECKING:
    import requests

#: A clock that is further away than this is mentioned when CloudStack refuses a signature (requests expire after 600 s).
CLOCK_SKEW = 120.0
#: What CloudStack says when an object is no longer as it was when the change was planned (StorageManagerImpl, StoragePoolAutomationImpl, the
#: StorPool driver's StorPoolPrimaryDataStoreLifeCycle, ManagementServerMaintenanceManagerImpl, ParamProcessWorker).
_OUTDATED = re.compile(
    r"entity does not exist|already in use by pool|duplicate uuid|not in Maintenance state|cannot be (dis|en)abled\. Storage pool state"
    r"|is not in the right state to|is not ready for migration, as the status is|is not ready to complete migration, as the status is"
    r"|unable to find (a|the vm) snapshot with id|snapshot with id: \S+ is already destroyed"  # it is still known by its id when it is gone
    r"|tag \S+ already on \S+ with id"  # somebody else has set one meanwhile
    r"|Index 0 out of bounds for length 0",  # an offering that is no longer there (4.19)
    re.IGNORECASE,
)
#: A server that is being drained, or that starts or stops, says so in this way (4.19 to 4.20.2 with code 530, 4.21 and newer with 503).
_PASSES = re.compile(r"can ?not accept new jobs", re.IGNORECASE)

_JSON = ("application/json", "text/javascript")


def accepted(response: requests.Response, command: str) -> t.Dict[str, t.Any]:
    """The inner object of the answer to a command. Raises :class:`Failure` for a refusal, and for what is no answer of CloudStack's to it."""
    answer = _envelope(response, command)
    if answer is None:
        raise _stranger(response)
    if response.status_code != 200 or "errorcode" in answer:
        raise _refusal(response, answer)
    return answer


def kind_of(code: str, text: str) -> t.Type[ApiError]:
    """The kind of an error, of a call or of a job, by its code and its text."""
    if code == "503" or _PASSES.search(text):
        return TransientError
    return Outdated if _OUTDATED.search(text) else ApiError


def _envelope(response: requests.Response, command: str) -> t.Optional[t.Dict[str, t.Any]]:
    """The object inside ``{"<command>response": {...}}``, or ``None`` if the answer does not look like that.

    Those to some changes and to all that is refused are called otherwise; those to what reads are not.
    """
    try:
        answer = answers.decode(response.content)
    except ValueError:
        return None
    if (
        not isinstance(answer, dict)
        or len(answer) != 1
        or not response.headers.get("Content-Type", "").startswith(_JSON)
    ):
        return None
    [(key, inner)] = answer.items()
    if not key.endswith("response") or not isinstance(inner, dict) or shapes.REFUSAL(inner):
        return None
    reads = command.startswith(("list", "query", "ready")) and response.status_code == 200 and "errorcode" not in inner
    return None if reads and key.lower() != f"{command}response".lower() else inner


def _stranger(response: requests.Response) -> Failure:
    """What to say of an answer that is not CloudStack's."""
    where = f"the server at {response.url}"
    if response.is_redirect:
        return BadAnswer(
            "{0} redirects to {1!r} (HTTP {2}). Put the address of the API itself into api_url; it ends in /client/api.".format(
                where, response.headers.get("Location", ""), response.status_code
            )
        )
    proxy = proxies.used_for(str(response.url))
    through = f", through {proxy}" if proxy else ""
    told = (
        f"{where}{through} answered with HTTP {response.status_code} and {excerpt(response)}, not as CloudStack does."
    )
    if response.status_code == 407 and proxy:
        return BadAnswer(
            f"{told} The proxy wants a user and a password that it accepts, or put the host of api_url into no_proxy."
        )
    if response.status_code in (502, 503, 504):
        return ReplyLost(
            f"{told} That is what a proxy in front of a management server says, or a management server that is still starting; the call may have taken "
            "effect. Run the task again: it reads first and does only what is left."
        )
    return BadAnswer(f"{told} Check that api_url is CloudStack's and not StorPool's; it ends in /client/api.")


def _refusal(response: requests.Response, answer: t.Mapping[str, t.Any]) -> ApiError:
    code = int(answer.get("errorcode") or response.status_code)
    every = str(answer.get("errortext") or "no description")
    kind, text = kind_of(str(code), every), first_line(every)
    told = {"name": str(code), "descr": text, "transient": kind is TransientError, "status": response.status_code}
    if code == 401:
        return Unauthorized(
            f"CloudStack at {response.url} does not accept the request (HTTP 401: {text.rstrip('.')}). Check api_key and api_secret, and that this account "
            f"may call the command.{_clocks(response)}",
            error=told,
        )
    return kind(f"CloudStack at {response.url} answered with {code}: {text}", error=told)


def _clocks(response: requests.Response) -> str:
    """What to say of this host's clock: a request carries the time until which it is valid, 10 minutes from when it was signed."""
    try:
        there = email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return (
            " Check the clock of this host as well: it may be at most 10 minutes behind that of the management server."
        )
    skew = time.time() - there
    if abs(skew) <= CLOCK_SKEW:
        return " The clock of this host agrees with that of the management server."
    way = "ahead of" if skew > 0 else "behind"
    return f" The clock of this host is {abs(skew):.0f} s {way} that of the management server, and signatures are valid for 10 minutes: set the clocks right."
