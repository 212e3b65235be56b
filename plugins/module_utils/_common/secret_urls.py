# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs and arguments of programs with a password, a token or the like in them: found, and shown without it. Pure functions.

Options with such a value are refused where a program would show it to everybody. But Ansible shows and logs options before a module can look at them, so
what is shown is replaced first, and can still be told to have been a secret.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote

HIDDEN = "********"
#: Of these, the part before the @ is the name of a user, unless there is a colon in it.
SSH = re.compile(r"(?:^|\W)(?:ssh|git\+ssh|ssh\+git|sftp)$", re.IGNORECASE)
FILE = re.compile(r"(?:^|\W)file$", re.IGNORECASE)
PORT = re.compile(r"(?:\[[^\]]*\]|[^:]*)(?::\d*)?")
SSH_PLACE = re.compile(r"[\w.-]+@[\w.-]+:[^@]*")
ENCODED = re.compile(r"%(?:25)*3a(?:%(?:25)*2f){2}", re.IGNORECASE)
MOST_ROUNDS = 5  # how often something may be escaped
#: Names of settings whose value nobody else is to see.
NAMES = r"[\w.-]*(?:passw|passphrase|passwd|pwd|token|secret|credential|api[._-]?key|access[._-]?key|private[._-]?key|authorization)[\w.-]*"
SETTING = re.compile(
    rf"(?P<name>(?:^|[\s\"']|-D|--?){NAMES})=(?!(?:true|false)$)(?P<value>.+)", re.IGNORECASE | re.DOTALL
)
#: Options of Maven that are followed by a password.
PASSWORDS = ("-ep", "--encrypt-password", "-emp", "--encrypt-master-password")

QUERY = re.compile(r"(\b\w[\w+.-]*://[^\s?'\"<>]*)\?[^\s'\"<>]+")
USER = re.compile(r"(\b\w[\w+.-]*)://([^\s'\"<>]*)@")
ESCAPED_USER = re.compile(
    r"(https?(?::|%(?:25)*3a|&#(?:x3a|58);|&colon;)(?:/|%(?:25)*2f|&#(?:x2f|47);|&sol;){2})[^\s'\"<>]*?(@|%(?:25)*40|&#(?:x40|64);|&commat;)",
    re.IGNORECASE,
)
HEADER = re.compile(
    r"\b((?:Authorization|Private-Token|Job-Token|X-\w+-Token)\s*[:=]\s*(?:\w+\s+)?)[^\s'\"<>]+", re.IGNORECASE
)
PARAMETER = re.compile(rf"((?:^|[\s?&;,\"'-]){NAMES}=)[^\s&;'\"<>]+", re.IGNORECASE)


def redacted(value: str) -> str:
    """What an option holds, without what is secret if it is a URL."""
    if "://" not in value and ENCODED.search(value):
        for _round in range(MOST_ROUNDS):
            value = unquote(value)
    before, mark, rest = value.partition("://")
    if not mark or FILE.search(before):
        return value
    authority = re.split(r"[/?#]", rest)[0]
    user, at, _host = authority.rpartition("@")
    if at and SSH.search(before) and re.fullmatch(r"[\w.-]+", user):
        pass
    elif (
        at or "%40" in authority or (not PORT.fullmatch(authority) and "@" in rest)
    ):  # a slash in a password ends the authority
        rest = _without(rest, "@" if "@" in rest else "%40")
    if not SSH.search(before):
        rest = re.sub(r"([?#]).+", rf"\1{HIDDEN}", rest, count=1, flags=re.DOTALL)
    return before + mark + rest


def redacted_address(value: str) -> str:
    """What an option for the address of an API holds, a URL or a host alone, without what is secret."""
    scheme = "" if "://" in value else "any://"
    return redacted(scheme + value)[len(scheme) :]


def _without(text: str, mark: str) -> str:
    return HIDDEN + mark + text.rpartition(mark)[2]


def redacted_source(value: str) -> str:
    """The same for a directory, or a place that git knows, which can be without a scheme (``git@example.com:project.git``)."""
    shown = redacted(value)
    if "://" in shown or shown.startswith(("/", "~")) or "@" not in shown or SSH_PLACE.fullmatch(shown):
        return shown
    return _without(shown, "@")


def redacted_arguments(values: t.Sequence[str]) -> t.List[str]:
    """The same for the arguments of a program."""
    shown = [SETTING.sub(rf"\g<name>={HIDDEN}", redacted(value)) for value in values]
    follows = [False, *(value in PASSWORDS for value in values)]
    return [HIDDEN if is_secret else value for value, is_secret in zip(shown, follows)]


def is_secret(value: str, show: t.Callable[[str], str] = redacted) -> bool:
    """Whether there is something to hide in a value, or was before it was hidden."""
    return HIDDEN in value or show(value) != value


def scrubbed(text: str) -> str:
    """What a program has written, without the secrets of URLs and of headers in it, escaped ones as well."""
    text = QUERY.sub(rf"\1?{HIDDEN}", text)
    text = USER.sub(_user, text)
    text = ESCAPED_USER.sub(
        lambda found: found.group() if _is_url(found) else found.group(1) + HIDDEN + found.group(2), text
    )
    text = HEADER.sub(rf"\1{HIDDEN}", text)
    return PARAMETER.sub(rf"\1{HIDDEN}", text)


def _is_url(found: t.Match[str]) -> bool:
    """Whether nothing of it is escaped."""
    return found.group(1).endswith("://") and found.group(2) == "@"


def _user(found: t.Match[str]) -> str:
    scheme, user = found.groups()
    host, slash, _path = user.partition("/")
    plain = (slash and PORT.fullmatch(host)) or (SSH.search(scheme) and re.fullmatch(r"[\w.-]+", user))
    return found.group() if plain else f"{scheme}://{HIDDEN}@"
