# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where CloudStack's API is and with which keys: option, then environment, then the configuration file of the ``cs`` library."""

from __future__ import annotations

import configparser
import os
import typing as t

from ..._common import address
from ..._common.errors import InvalidOption, NotConfigured
from ..._common.seconds import seconds
from ..._common.words import decoded

#: Option -> the word for it in the ``cs`` library's file.
_IN_FILE = {"api_url": "endpoint", "api_key": "key", "api_secret": "secret"}
ADVICE = "It looks like 'https://cloud.example.com:8443/client/api', and the keys are given as api_key and api_secret."


class Endpoint(t.NamedTuple):
    """The address of a CloudStack API, the keys for it, and how patient to be with it (seconds).

    ``verify`` is whether to check certificates, or the file with those to trust.
    """

    url: str
    key: str
    secret: str
    timeout: float
    retries: int
    verify: t.Union[bool, str]


class Values(t.Dict[str, str]):
    """The values of the section that counts, by name; ``places`` says of each in which section of which file it is."""

    def __init__(self, values: t.Mapping[str, str], places: t.Mapping[str, str]) -> None:
        super().__init__(values)
        self.places = places


def read_files(environ: t.Optional[t.Mapping[str, str]] = None) -> Values:
    """The values of the ``cs`` library's configuration files, as far as they are there.

    They are ``~/.cloudstack.ini``, ``cloudstack.ini`` in the working directory, and the file that CLOUDSTACK_CONFIG names; the later wins.
    CLOUDSTACK_REGION chooses the section, by default ``cloudstack``. Raises :class:`NotConfigured` for a file that cannot be read.
    """
    environ = os.environ if environ is None else environ
    paths = [os.path.expanduser("~/.cloudstack.ini"), os.path.abspath("cloudstack.ini")]
    if environ.get("CLOUDSTACK_CONFIG"):
        paths.append(os.path.expanduser(environ["CLOUDSTACK_CONFIG"]))
    section = environ.get("CLOUDSTACK_REGION") or "cloudstack"
    together = configparser.ConfigParser(interpolation=None)
    places: t.Dict[str, str] = {}
    for path in (path for path in paths if os.path.isfile(path)):
        content = _content(path)
        own = configparser.ConfigParser(interpolation=None)
        for parser in (together, own):
            _parse(parser, content, path)
        if own.has_section(section):
            places.update({name: f"{name} in the section [{section}] of {path}" for name in own.options(section)})
    return Values(dict(together[section]) if together.has_section(section) else {}, places)


def _content(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return "\n".join(decoded(line) for line in file.read().splitlines())
    except OSError as error:
        raise NotConfigured(
            f"the CloudStack configuration file {path} cannot be read ({error.strerror}). Give api_url, api_key and api_secret as options or in the "
            "environment, or run the task as a user who may read it."
        ) from error


def _parse(parser: configparser.ConfigParser, content: str, path: str) -> None:
    try:
        parser.read_string(content, path)
    except configparser.Error as error:
        # The error's own text quotes the line, and the line may hold a secret.
        line = getattr(error, "lineno", None) or next((number for number, _line in getattr(error, "errors", ())), 0)
        where = f" in line {line}" if line else ""
        raise NotConfigured(
            f"the CloudStack configuration file {path} is no ini file{where} ({type(error).__name__}). Correct it, or give api_url, api_key and "
            "api_secret as options or in the environment."
        ) from error


def endpoint(params: t.Mapping[str, t.Any], files: t.Callable[[], t.Mapping[str, str]] = read_files) -> Endpoint:
    """The endpoint that the connection options describe; ``files`` is asked only for what they leave open.

    Raises :class:`NotConfigured` if a part is missing, :class:`InvalidOption` for one that cannot be right.
    """
    values = {option: params[option] for option in _IN_FILE}
    source = address.source("api_url", "CLOUDSTACK_ENDPOINT", values["api_url"])
    if not all(values.values()):
        found = files()
        if not values["api_url"]:
            source = found.places["endpoint"] if isinstance(found, Values) and "endpoint" in found else "api_url"
        values = {option: value or found.get(_IN_FILE[option]) for option, value in values.items()}
    missing = [option for option, value in values.items() if not value]
    if missing:
        raise NotConfigured(
            "There is no {0}: set the option, the environment variable {1}, or {2} in a cloudstack.ini.".format(
                missing[0], "CLOUDSTACK_" + _IN_FILE[missing[0]].upper(), _IN_FILE[missing[0]]
            )
        )
    return Endpoint(
        address.url(str(values["api_url"]), source, ADVICE),
        str(values["api_key"]),
        str(values["api_secret"]),
        seconds(params["api_timeout"], address.source("api_timeout", "CLOUDSTACK_TIMEOUT", params["api_timeout"])),
        _retries(params["api_retries"]),
        _verify(params),
    )


def _retries(retries: int) -> int:
    if not 0 <= retries <= 100:
        raise InvalidOption(f"api_retries is {retries}: give a number from 0 to 100.")
    return retries


def _verify(params: t.Mapping[str, t.Any]) -> t.Union[bool, str]:
    path = params["api_verify_ssl_cert"]
    if not params["validate_certs"]:
        return False
    if path and not os.path.exists(path):
        raise InvalidOption(f"api_verify_ssl_cert: there is no file {path!r} on the host that runs the task.")
    return path or True
