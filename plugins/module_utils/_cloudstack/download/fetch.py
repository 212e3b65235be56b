# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a file from where CloudStack hands it out to the disk, whatever happens to connections meanwhile."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote, urlsplit

from ..._common import download
from ..._common.errors import BadAnswer, Failure, InvalidOption, NotConfigured, NotConverged
from ..._common.sizes import human
from ..._common.time_left import LONGEST
from ..._common.transport import words
from ..._common.wire import Broken, announced
from ..cloud.waiting import pause
from ..connection import proxies
from ..connection.api import Api, is_about_tls

#: A file may be larger than its volume by what describes it: tables of QCOW2 take less than a thousandth.
_TABLES_PART, _TABLES_LEAST = 100, 16 << 20
#: What a QCOW2 image begins with: what a proxy or a portal says in its place does not.
_QCOW2 = b"QFI\xfb"
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


def most_bytes(volume_size: t.Optional[int]) -> t.Optional[int]:
    """How large the file of a volume of this size can be; ``None`` if CloudStack does not tell the size."""
    return None if volume_size is None else volume_size + volume_size // _TABLES_PART + _TABLES_LEAST


def address(told: t.Any) -> str:
    """The address in CloudStack's answer, which some releases escape. Raises :class:`BadAnswer`."""
    url = told if isinstance(told, str) else ""
    url = url if "://" in url else unquote(url)
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise BadAnswer(
            "CloudStack copied the volume, and gave no address of it that can be downloaded from. Look at the secondary storage VM of the zone, and at the "
            "log of the management server.",
            call="POST extractVolume",
        )
    return url


class Fetch:
    """One download. What was written stays when a connection breaks, and the rest is asked for, as long as it is the rest of the same file.

    ``out`` is a file that is being made: ``size`` of what is in it, ``restart()`` and ``add(piece)``. ``is_checked``: a checksum tells a part from the whole.
    """

    def __init__(
        self, api: Api, url: str, out: t.Any, most: t.Optional[int], free: t.Callable[[], int], is_checked: bool
    ) -> None:
        parts = urlsplit(url)
        self._api = api
        self._url = url
        self._out = out
        self._most = most
        self._free = free
        self._is_checked = is_checked
        self._is_qcow2 = parts.path.endswith(".qcow2")
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._tag: t.Optional[str] = None
        self._total: t.Optional[int] = None
        self._refused: t.Optional[str] = None
        api.hide([url, parts.path, *([parts.query] if parts.query else [])])

    def run(self) -> None:
        """Download it to its end. Raises a :class:`Failure`, after which nothing of it is of use."""
        try:
            self._run()
        except Failure as failure:
            failure.call = f"GET {self._where}"
            failure.scrub(self._api.scrub)
            raise failure from None

    def _run(self) -> None:
        failures = 0
        while True:
            before = self._out.size
            told = self._attempt()
            if told is None:
                if self._is_qcow2 and not self._out.size:
                    raise self._no_image()
                return
            came = f"{human(self._out.size)} of {human(self._total) if self._total is not None else 'a file of unknown size'} came"
            if self._api.time_left.is_over():
                raise NotConverged(
                    f"{self._api.time_left} were not enough to download the volume from {self._where}: {came}. Give the task more time."
                )
            failures = 0 if self._out.size > before else failures + 1
            seconds = pause(failures)
            if failures > self._api.endpoint.retries or not self._api.time_left.allows(seconds):
                raise NotConverged(
                    f"the volume cannot be downloaded from {self._where} ({told}); {came}. That is the secondary storage of the zone: check that this host can "
                    "reach it, and run the task again."
                )
            self._api.sleep(seconds)

    def _attempt(self) -> t.Optional[str]:
        """Get what is missing: ``None`` if nothing is any more, or why not."""
        headers = {}
        if self._out.size and self._tag:
            headers = {"Range": f"bytes={self._out.size}-", "If-Range": self._tag}
        self._refused = None
        place = self._api.endpoint
        seconds = self._api.time_left.within(float(LONGEST))
        try:
            download.fetch(
                self._url,
                headers,
                self._opened,
                seconds,
                place.timeout,
                place.verify,
                proxies.of_environment(self._url),
            )
        except Broken as broken:
            if is_about_tls(broken):
                raise NotConfigured(
                    f"{self._where} cannot be spoken to over TLS in a way that this host trusts ({words(broken.error)}). Name the file with the certificate of "
                    "its authority in api_verify_ssl_cert."
                ) from None
            return f"nothing came within {place.timeout:g} s" if broken.is_late else words(broken.error)
        return self._refused

    def _opened(self, status: int, headers: t.Mapping[str, str]) -> t.Optional[download.Sink]:
        """What takes the body of an answer. Called, like that, by the thread that downloads."""
        if status >= 500 or status in (408, 429):
            self._refused = f"it answered with HTTP {status}"
            return None
        goes_on = status == 206 and self._goes_on(headers)
        if status == 416 or (status == 206 and not goes_on):
            self._out.restart()
            self._tag = None
            self._refused = "it has another file there by now"
            return None
        if status not in (200, 206):
            raise NotConverged(
                f"{self._where} answered with HTTP {status}, not with the volume. CloudStack removes its copy after some hours "
                "(extract.url.expiration.interval); run the task again, and look at the secondary storage VM of the zone if that does not help."
            )
        if headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise BadAnswer(f"{self._where} packs the volume in a way that was not asked for.")
        if not goes_on and self._out.size:
            self._out.restart()
        tag = headers.get("ETag") or headers.get("Last-Modified")
        self._tag = tag if tag and not tag.startswith("W/") else None
        length = announced(headers)
        self._total = None if length is None else self._out.size + length
        if self._total is None and not headers.get("Transfer-Encoding") and not self._is_checked:
            raise BadAnswer(
                f"{self._where} does not say how large the volume is, so nobody could tell a part of it from the whole. Give its checksum, or look at what "
                "lies between there and this host."
            )
        self._check(self._total or 0)
        missing = (self._total or 0) - self._out.size
        free = self._free()
        if missing > free:
            raise InvalidOption(
                f"dest: the file has {human(self._total or 0)}, and there is room for {human(free)} more where it is to be. Give a place with more room."
            )
        return self._add

    def _goes_on(self, headers: t.Mapping[str, str]) -> bool:
        """Whether what comes is the rest of what is there."""
        match = _RANGE.fullmatch(headers.get("Content-Range", ""))
        return bool(match and int(match.group(1)) == self._out.size)

    def _add(self, piece: bytes) -> None:
        self._check(self._out.size + len(piece))
        if self._is_qcow2 and not self._out.size and piece[:4] != _QCOW2[: len(piece)]:
            raise self._no_image()
        self._out.add(piece)

    def _no_image(self) -> Failure:
        return BadAnswer(
            f"{self._where} sends something that is no QCOW2 image. Look at what answers there, and at what lies between it and this host."
        )

    def _check(self, size: int) -> None:
        if self._most is not None and size > self._most:
            raise BadAnswer(
                f"{self._where} sends more than {human(self._most)}, which is more than a file of this volume can have. Look at what answers there."
            )
