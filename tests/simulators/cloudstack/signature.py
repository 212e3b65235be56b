# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request signing as the management server does it (CloudStack ApiServer.verifyRequest, the same from 4.8 to 4.23)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

EXPIRES_FORMAT = "%Y-%m-%dT%H:%M:%S%z"
#: Requests may not expire later than this when timestamps are enforced (CloudStack 4.21), in seconds.
FURTHEST_EXPIRY = 15 * 60


def java_encode(text: str) -> str:
    """Java's URLEncoder in UTF-8 with "+" written as "%20": only A-Z a-z 0-9 - _ . * stay as they are."""
    return quote(text, safe="*").replace("~", "%7E")


def string_to_sign(params: Mapping[str, str]) -> str:
    """All parameters but the signature, sorted by their names as sent, values encoded, in lower case."""
    pairs = sorted((name, value) for name, value in params.items() if name.lower() != "signature")
    return "&".join(f"{name}={java_encode(value)}" for name, value in pairs).lower()


def sign(params: Mapping[str, str], secret_key: str) -> str:
    """The Base64 signature of a request's parameters."""
    digest = hmac.new(secret_key.encode(), string_to_sign(params).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def rejection(
    params: Mapping[str, str], api_key: str, secret_key: str, now: float, timestamps_enforced: bool = False
) -> str | None:
    """Why the server refuses the request, or None when the signature is right.

    `now` is in seconds since the epoch. The client is never told the reason, only that it was refused; the text is
    for the journal.
    """
    lowered = {name.lower(): value for name, value in params.items()}
    signature, sent_key = lowered.get("signature"), lowered.get("apikey")
    if signature is None or sent_key is None:
        return "missing signature or api key"
    version3 = lowered.get("signatureversion") == "3"
    if timestamps_enforced and not version3:
        return "signature version 3 is required"
    if version3:
        reason = _expiry_rejection(lowered.get("expires"), now, timestamps_enforced)
        if reason:
            return reason
    if sent_key != api_key:
        return "unknown api key"
    if not hmac.compare_digest(sign(params, secret_key).encode(), signature.encode()):
        return "wrong signature"
    return None


def _expiry_rejection(expires: str | None, now: float, timestamps_enforced: bool) -> str | None:
    if expires is None:
        return "missing expires"
    try:
        moment = datetime.strptime(expires, EXPIRES_FORMAT).astimezone(UTC).timestamp()
    except ValueError:
        return "expires has the wrong format"
    if moment < now:
        return "request has expired"
    if timestamps_enforced and moment > now + FURTHEST_EXPIRY:
        return "expires is too far ahead"
    return None
