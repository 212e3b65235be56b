# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to CloudStack's API through the ``cs`` library, always as POST, so that no secret is ever in an address or in an access log.

Reads are tried again while the API is unreachable; changes never are: :func:`.._common.plan.converge` looks again first.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import re
import sys
import time
import traceback
import typing as t
from urllib.parse import parse_qsl, quote

from ..._common.errors import Failure, NotConfigured, ReplyLost, TransientError, Unreachable
from ..._common.plan import backoff
from ..._common.secrets import Secrets
from ..._common.session import Session, within
from ..._common.time_left import TimeLeft
from ..._common.transport import words
from ..._common.wire import CONNECT_TIMEOUT, Broken, OutOfTime
from . import proxies, refusals, shapes
from .config import Endpoint
from .paging import WHOLE, Pages


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

    with _without("aiohttp"):  # for a client of cs that is not used here; it would be a third of the time of a task
        from cs import CloudStack
except ImportError:
    CloudStack = object  # type: ignore[assignment, misc]
    CS_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
else:
    CS_IMPORT_ERROR = None


def _sign(sign: str) -> str:
    """A pattern for a sign as it is, or escaped for an address or for HTML."""
    return r"(?:{0}|%(?:25)*{1:02x}|&#{1};|&#x{1:x};)".format(sign, ord(sign))


#: Conditions of lists of which not many objects meet one: a name, or what they belong to.
_NARROW = frozenset(["name", "keyword", "resourceid", "virtualmachineid", "volumeid"])
#: StorPool's tokens in the addresses of pools, also of pools that the task knows nothing of.
_TOKENS = (
    re.compile(r"(SP_AUTH_TOKEN{0})(?:(?!%(?:25)*(?:3b|26))[^;&\s\"'])*".format(_sign("=")), re.IGNORECASE),
    re.compile(r"(storpool{0}{1}{1})[^@/\s\"']*?(?={2})".format(_sign(":"), _sign("/"), _sign("@")), re.IGNORECASE),
)


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
        self._texts: t.Tuple[str, ...] = ()
        self.hide((endpoint.key, endpoint.secret, *secrets))
        self._session = _Session()
        self._pages = Pages()

    def hide(self, secrets: t.Iterable[str]) -> None:
        """From now on these texts are in no error."""
        self._texts += tuple(secrets)
        self._secrets = Secrets(self._texts)

    def hurried(self, seconds: float) -> Api:
        """The same connection for somebody who asks again anyway: nothing is tried again, and an answer has to come within ``seconds``."""
        place = self.endpoint._replace(retries=0, timeout=min(self.endpoint.timeout, seconds))
        hurried = Api(place, self._texts, self.sleep, self.time_left)
        hurried._pages = self._pages
        return hurried

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
        """All objects of a list command (:mod:`paging`). An empty list has neither ``count`` nor ``key`` in the answer."""

        def read(page: t.Optional[int], size: t.Optional[int]) -> t.Tuple[t.List[t.Dict[str, t.Any]], t.Any]:
            asked = dict(params, page=page, pagesize=size)
            answer = self.change(command, asked) if size == WHOLE else self.read(command, **asked)
            with self._speaking_of(command):
                return shapes.rows_of(command, key, answer, params, self.endpoint.url), answer.get("count")

        with self._speaking_of(command):
            return self._pages.every(read, one="id" in params, few=not _NARROW.isdisjoint(params))

    def change(
        self, command: str, params: t.Mapping[str, t.Any], timeout: t.Optional[float] = None
    ) -> t.Dict[str, t.Any]:
        """Send a command once, and wait at most ``timeout`` seconds (default: the endpoint's) for the inner object of its answer."""
        seconds = self.time_left.within(timeout or self.endpoint.timeout)
        session, client = self._session, self._client(seconds)
        with self._speaking_of(command):
            try:
                within(seconds, lambda: getattr(client, command)(**params))
            except Broken as broken:
                if isinstance(broken.error, OutOfTime):
                    self._session = _Session()
                raise self._broken(broken, seconds) from None
            answer = session.answer
            shapes.refuse_odd(command, answer, self.endpoint.url)
            shapes.refuse_other(command, params, answer, self.endpoint.url)
            return answer

    @contextlib.contextmanager
    def _speaking_of(self, command: str) -> t.Iterator[None]:
        """Failures say which call they are of, and hold no secret."""
        try:
            yield
        except Failure as failure:
            failure.call = f"POST {command}"
            failure.scrub(self.scrub)
            raise failure from None

    def scrub(self, text: str) -> str:
        """The text without the keys and without StorPool tokens: CloudStack quotes parameters and pool ids, and both can hold one."""
        text = self._secrets.hide(text)
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

    def _broken(self, broken: Broken, seconds: float) -> Failure:
        where = f"the CloudStack API at {self.endpoint.url}"
        proxy = proxies.used_for(self.endpoint.url)
        why = f"not within {round(seconds, 1):g} s" if broken.is_late else words(broken.error)
        if isinstance(broken.error, requests.exceptions.ProxyError) or (
            proxy and not broken.sent and not is_about_tls(broken)
        ):
            return Unreachable(proxies.in_the_way(proxy, where, why))
        if is_about_tls(broken):
            return NotConfigured(
                f"{where} cannot be spoken to over TLS in a way that this host trusts ({words(broken.error)}). Check that api_url has the right scheme, name "
                "and port, or name the file with the certificate of its authority in api_verify_ssl_cert."
            )
        if not broken.sent:
            return Unreachable(
                f"{where} cannot be reached from this host ({why}), and nothing was sent. Check api_url, and that the management server runs."
            )
        if broken.is_late:
            return ReplyLost(
                f"{where} did not answer to the end within {round(seconds, 1):g} s; the call may still take effect."
            )
        return ReplyLost(
            f"the connection to {where} broke before its answer was complete ({words(broken.error)}); the call may have taken effect. Run the task again: "
            "it reads first and does only what is left."
        )


def is_about_tls(broken: Broken) -> bool:
    """Whether a call failed because TLS did, and not the connection below it."""
    return isinstance(broken.error, requests.exceptions.SSLError) or (
        isinstance(broken.error, OSError) and "TLS" in str(broken.error) and not broken.sent
    )


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
    """Lets an answer through to ``cs`` only if it is CloudStack's and no error; the library would take any JSON object with one key for one.

    ``answer`` is the inner object of the last answer. The library gets one that it cannot stumble over.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answer: t.Dict[str, t.Any] = {}

    def send(self, request: requests.PreparedRequest, **kwargs: t.Any) -> requests.Response:
        kwargs["proxies"] = proxies.of_environment(str(request.url))
        response: requests.Response = super().send(request, **kwargs)
        body = request.body.decode("ascii") if isinstance(request.body, bytes) else str(request.body)
        self.answer = refusals.accepted(response, dict(parse_qsl(body)).get("command", ""))
        response._content = b'{"response": {}}'
        response.headers["Content-Type"] = "application/json"
        return response
