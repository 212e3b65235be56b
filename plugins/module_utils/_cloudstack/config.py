# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where CloudStack's API is and with which keys: option, then environment, then the configuration file of the ``cs`` library."""

from __future__ import annotations

import configparser
import os
import typing as t
from urllib.parse import urlsplit

from .._common.errors import InvalidOption, NotConfigured

#: Option -> the word for it in the ``cs`` library's file.
_IN_FILE = {"api_url": "endpoint", "api_key": "key", "api_secret": "secret"}


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


def read_files(environ: t.Optional[t.Mapping[str, str]] = None) -> t.Dict[str, str]:
    """The values of the ``cs`` library's configuration files, as far as they are there.

    They are ``~/.cloudstack.ini``, ``cloudstack.ini`` in the working directory, and the file that CLOUDSTACK_CONFIG names; the later wins.
    CLOUDSTACK_REGION chooses the section, by default ``cloudstack``. Raises :class:`NotConfigured` for a file that cannot be read.
    """
    environ = os.environ if environ is None else environ
    paths = [os.path.expanduser("~/.cloudstack.ini"), os.path.abspath("cloudstack.ini")]
    if environ.get("CLOUDSTACK_CONFIG"):
        paths.append(os.path.expanduser(environ["CLOUDSTACK_CONFIG"]))
    parser = configparser.ConfigParser(interpolation=None)
    for path in (path for path in paths if os.path.isfile(path)):
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_file(file)
        except configparser.Error as error:
            # The error's own text quotes the line, and the line may hold a secret.
            raise NotConfigured(
                f"the CloudStack configuration file {path} is no ini file ({type(error).__name__}). Correct it, or give api_url, api_key and "
                "api_secret as options or in the environment."
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise NotConfigured(
                f"the CloudStack configuration file {path} cannot be read ({getattr(error, 'strerror', None) or type(error).__name__}). Give api_url, "
                "api_key and api_secret as options or in the environment, or run the task as a user who may read it."
            ) from error
    section = environ.get("CLOUDSTACK_REGION") or "cloudstack"
    return dict(parser[section]) if parser.has_section(section) else {}


def endpoint(params: t.Mapping[str, t.Any], files: t.Callable[[], t.Mapping[str, str]] = read_files) -> Endpoint:
    """The endpoint that the connection options describe; ``files`` is asked only for what they leave open.

    Raises :class:`NotConfigured` if a part is missing, :class:`InvalidOption` for one that cannot be right.
    """
    values = {option: params[option] for option in _IN_FILE}
    if not all(values.values()):
        found = files()
        values = {option: value or found.get(_IN_FILE[option]) for option, value in values.items()}
    missing = [option for option, value in values.items() if not value]
    if missing:
        raise NotConfigured(
            "There is no {0}: set the option, the environment variable {1}, or {2} in a cloudstack.ini.".format(
                missing[0], "CLOUDSTACK_" + _IN_FILE[missing[0]].upper(), _IN_FILE[missing[0]]
            )
        )
    return Endpoint(
        _url(str(values["api_url"])),
        str(values["api_key"]),
        str(values["api_secret"]),
        _timeout(params["api_timeout"]),
        _retries(params["api_retries"]),
        _verify(params),
    )


def _url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        legal = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        legal = False
    if not legal:
        raise InvalidOption("api_url is no address. It looks like 'https://cloud.example.com:8443/client/api'.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidOption(
            "api_url holds a user, a query or a fragment. Give the address alone, such as 'https://cloud.example.com:8443/client/api', and the keys as "
            "api_key and api_secret."
        )
    return url.strip()


def _timeout(seconds: float) -> float:
    if not 0 < seconds <= 86400:
        raise InvalidOption(f"api_timeout is {seconds:g}: give a number of seconds above 0, at most 86400.")
    return float(seconds)


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
