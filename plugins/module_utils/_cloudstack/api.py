# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to CloudStack's API through the ``cs`` library, always as POST, so that no secret is ever in an address or in an access log.

Reads are tried again while the API is unreachable; changes never are: :func:`.._common.plan.converge` looks again first.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import hashlib
import hmac
import json
import re
import sys
import time
import traceback
import typing as t
from urllib.parse import quote

from .._common.errors import (
    ApiError,
    BadAnswer,
    Failure,
    NotConfigured,
    Outdated,
    ReplyLost,
    TransientError,
    Unauthorized,
    Unreachable,
)
from .._common.plan import backoff
from .._common.time_left import TimeLeft
from .._common.transport import excerpt, never_sent, words
from .config import Endpoint


@contextlib.contextmanager
def _without(name: str) -> t.Iterator[None]:
    """While this lasts, a package that has not been imported yet seems not to be installed."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say so
    try:
        yield
    finally:
        del sys.modules[name]


try:
    import requests
    from requests import Session

    with _without("aiohttp"):  # for a client of cs that is not used here; it would be a third of the time of a task
        from cs import CloudStack
except ImportError:
    CloudStack = Session = object  # type: ignore[assignment, misc]
    CS_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
else:
    CS_IMPORT_ERROR = None

CONNECT_TIMEOUT = 10.0
#: A clock that is further away than this is mentioned when CloudStack refuses a signature (requests expire after 600 s).
CLOCK_SKEW = 120.0
#: What CloudStack says when an object is no longer as it was when the change was planned (StorageManagerImpl, StoragePoolAutomationImpl, the
#: StorPool driver's StorPoolPrimaryDataStoreLifeCycle, ManagementServerMaintenanceManagerImpl, ParamProcessWorker).
_OUTDATED = re.compile(
    r"entity does not exist|already in use by pool|duplicate uuid|not in Maintenance state|cannot be (dis|en)abled\. Storage pool state"
    r"|is not in the right state to|is not ready for migration, as the status is|is not ready to complete migration, as the status is"
    r"|Index 0 out of bounds for length 0",  # an offering that is no longer there (4.19)
    re.IGNORECASE,
)
_TOKENS = (re.compile(r"(SP_AUTH_TOKEN=)[^;&\s\"']*"), re.compile(r"(storpool://)[^@/\s\"']*(?=@)", re.IGNORECASE))


class Api:
    """A connection to one CloudStack API. ``secrets`` are texts that must not be in any error. No call outlives ``time_left`` for long."""

    def __init__(
        self,
        endpoint: Endpoint,
        secrets: t.Iterable[str] = (),
        sleep: t.Callable[[float], None] = time.sleep,
        time_left: t.Optional[TimeLeft] = None,
    ) -> None:
        self.endpoint = endpoint
        self.sleep = sleep
        self.time_left = time_left or TimeLeft()
        self._secrets: t.Tuple[str, ...] = ()
        self.hide((endpoint.key, endpoint.secret, *secrets))
        self._session = _Session()

    def hide(self, secrets: t.Iterable[str]) -> None:
        """From now on these texts are in no error. Shorter ones would make words unreadable rather than keep a secret; the module replaces those."""
        self._secrets = tuple(dict.fromkeys((*self._secrets, *(secret for secret in secrets if len(secret) > 3))))

    def hurried(self, seconds: float) -> Api:
        """The same connection for somebody who asks again anyway: nothing is tried again, and an answer has to come within ``seconds``."""
        place = self.endpoint._replace(retries=0, timeout=min(self.endpoint.timeout, seconds))
        return Api(place, self._secrets, self.sleep, self.time_left)

    def read(self, command: str, **params: t.Any) -> t.Dict[str, t.Any]:
        """The inner object of the answer to a command that changes nothing.

        Raises :class:`ApiError` and its kinds, :class:`Unreachable`, :class:`ReplyLost` and :class:`BadAnswer`; the passing ones of them only
        after as many retries as the endpoint allows.
        """
        waits = iter(backoff(self.endpoint.retries))
        while True:
            try:
                return self.change(command, params)
            except (Unreachable, TransientError, ReplyLost):
                pause = next(waits, None)
                if pause is None or not self.time_left.allows(pause):
                    raise
                self.sleep(pause)

    def rows(self, command: str, key: str, **params: t.Any) -> t.List[t.Dict[str, t.Any]]:
        """All objects of a list command. An empty list has neither ``count`` nor ``key`` in the answer.

        CloudStack answers with at most default.page.size objects and says how many there are; the rest is read in pages of that size, because
        asking for larger ones is an error.
        """
        answer = self.read(command, **params)
        found = list(answer.get(key) or [])
        size = len(found)
        while found and len(found) < int(answer.get("count", 0)):
            answer = self.read(command, page=len(found) // size + 1, pagesize=size, **params)
            more = answer.get(key) or []
            if not more:
                break
            found.extend(more)
        return found

    def change(
        self, command: str, params: t.Mapping[str, t.Any], timeout: t.Optional[float] = None
    ) -> t.Dict[str, t.Any]:
        """Send a command once, and wait at most ``timeout`` seconds (default: the endpoint's) for the inner object of its answer."""
        seconds = self.time_left.within(timeout or self.endpoint.timeout)
        try:
            return dict(getattr(self._client(seconds), command)(**params))
        except requests.exceptions.RequestException as error:
            failure = self._broken(error, seconds)
        except Failure as error:
            failure = error
        failure.call = f"POST {command}"
        failure.message = self.scrub(failure.message)
        if "descr" in failure.error:
            failure.error["descr"] = self.scrub(failure.error["descr"])
        raise failure from None

    def scrub(self, text: str) -> str:
        """The text without the keys and without StorPool tokens: CloudStack quotes parameters and pool ids, and both can hold one."""
        for secret in self._secrets:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
        for pattern in _TOKENS:
            text = pattern.sub(r"\g<1>***", text)
        return text

    def _client(self, seconds: float) -> CloudStack:
        client = _Client(
            endpoint=self.endpoint.url,
            key=self.endpoint.key,
            secret=self.endpoint.secret,
            method="post",
            verify=self.endpoint.verify if isinstance(self.endpoint.verify, str) else None,
            dangerous_no_tls_verify=self.endpoint.verify is False,
            session=self._session,
        )
        client.timeout = (min(CONNECT_TIMEOUT, seconds), seconds)  # type: ignore[assignment]  # as requests takes it
        return client

    def _broken(self, error: requests.exceptions.RequestException, seconds: float) -> Failure:
        where = f"the CloudStack API at {self.endpoint.url}"
        if isinstance(error, requests.exceptions.SSLError):
            return NotConfigured(
                f"{where} cannot be spoken to over TLS in a way that this host trusts ({words(error)}). Check that api_url has the right scheme, name and "
                "port, or name the file with the certificate of its authority in api_verify_ssl_cert."
            )
        if never_sent(error):
            return Unreachable(
                f"{where} cannot be reached from this host ({words(error)}). Check api_url, and that the management server runs."
            )
        if isinstance(error, requests.exceptions.ReadTimeout):
            return ReplyLost(f"{where} did not answer within {seconds:.3g} s; the call may still take effect.")
        return ReplyLost(
            f"the connection to {where} broke before its answer was complete ({words(error)}); the call may have taken effect. Run the task again: it "
            "reads first and does only what is left."
        )


def is_outdated(text: str) -> bool:
    """Whether an error says that the object is no longer as it was when the change was planned."""
    return bool(_OUTDATED.search(text))


def signature(params: t.Mapping[str, str], secret: str) -> str:
    """The signature of a request, as ApiServer.verifyRequest computes it from 4.8 to 4.23.

    Values are encoded as Java's URLEncoder does, but for the space: ``~`` is ``%7E``, which the ``cs`` library gets wrong.
    """
    text = "&".join(
        "{0}={1}".format(name, quote(str(value), safe="*").replace("~", "%7E"))
        for name, value in sorted(params.items())
    ).lower()
    digest = hmac.new(secret.encode("utf-8"), text.encode("utf-8"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


class _Client(CloudStack):
    def _sign(self, data: t.Dict[str, str]) -> None:
        data["signature"] = signature(data, self.secret or "")


class _Session(Session):
    """Lets an answer through to ``cs`` only if it is CloudStack's and no error; the library would take any JSON object with one key for one."""

    def send(self, request: requests.PreparedRequest, **kwargs: t.Any) -> requests.Response:
        kwargs["allow_redirects"] = False  # a redirected POST becomes a GET without its body
        response = super().send(request, **kwargs)
        answer = _envelope(response)
        if answer is None:
            raise _stranger(response)
        if response.status_code != 200 or "errorcode" in answer:
            raise _refusal(response, answer)
        return response


def _envelope(response: requests.Response) -> t.Optional[t.Dict[str, t.Any]]:
    """The object inside ``{"<command>response": {...}}``, or ``None`` if the answer does not look like that."""
    try:
        answer = json.loads(response.content)
    except ValueError:
        return None
    if not isinstance(answer, dict) or len(answer) != 1:
        return None
    [(key, inner)] = answer.items()
    is_json = response.headers.get("Content-Type", "").startswith(("application/json", "text/javascript"))
    return inner if key.endswith("response") and isinstance(inner, dict) and is_json else None


def _stranger(response: requests.Response) -> Failure:
    """What to say of an answer that is not CloudStack's."""
    where = f"the server at {response.url}"
    if response.is_redirect:
        return BadAnswer(
            "{0} redirects to {1!r} (HTTP {2}). Put the address of the API itself into api_url; it ends in /client/api.".format(
                where, response.headers.get("Location", ""), response.status_code
            )
        )
    told = f"{where} answered with HTTP {response.status_code} and {excerpt(response)}, not as CloudStack does."
    if response.status_code in (502, 504):
        return ReplyLost(
            f"{told} That is what a proxy in front of a management server says; the call may have taken effect. Run the task again: it reads first "
            "and does only what is left."
        )
    if response.status_code == 503:
        return BadAnswer(f"{told} The management server may still be starting; if it goes on, look at its log.")
    return BadAnswer(f"{told} Check that api_url is CloudStack's and not StorPool's; it ends in /client/api.")


def _refusal(response: requests.Response, answer: t.Mapping[str, t.Any]) -> ApiError:
    code = int(answer.get("errorcode") or response.status_code)
    text = str(answer.get("errortext") or "no description")
    told = {"name": str(code), "descr": text, "transient": code == 503, "status": response.status_code}
    if code == 401:
        return Unauthorized(
            f"CloudStack at {response.url} does not accept the request (HTTP 401: {text.rstrip('.')}). Check api_key and api_secret, and that this account "
            f"may call the command.{_clocks(response)}",
            error=told,
        )
    kind: t.Type[ApiError] = TransientError if code == 503 else Outdated if is_outdated(text) else ApiError
    return kind(f"CloudStack at {response.url} answered with {code}: {text}", error=told)


def _clocks(response: requests.Response) -> str:
    """What to say of this host's clock: a request carries the time until which it is valid, 10 minutes from when it was signed."""
    try:
        there = email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return (
            " Check the clock of this host as well: it may be at most 10 minutes behind that of the management server."
        )
    skew = time.time() - there
    if abs(skew) <= CLOCK_SKEW:
        return " The clock of this host agrees with that of the management server."
    way = "ahead of" if skew > 0 else "behind"
    return f" The clock of this host is {abs(skew):.0f} s {way} that of the management server, and signatures are valid for 10 minutes: set the clocks right."
