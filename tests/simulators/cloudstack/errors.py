# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors as the API reports them: the HTTP status, the text, and the code of the exception class behind them."""

from __future__ import annotations

BAD_REQUEST = 400
UNAUTHORIZED = 401
MALFORMED_PARAMETER = 430
PARAM_ERROR = 431
UNSUPPORTED_ACTION = 432
SERVICE_UNAVAILABLE = 503
INTERNAL_ERROR = 530
PERMISSION_DENIED = 531
INSUFFICIENT_CAPACITY = 533
RESOURCE_ALLOCATION = 535

#: cserrorcode of the exception classes (CloudStack CSExceptionErrorCode).
SERVER_API_EXCEPTION = 9999
INVALID_PARAMETER_VALUE = 4350
CLOUD_RUNTIME = 4250


class ApiError(Exception):
    """An error answer. `cs_code` None leaves `cserrorcode` out; `status` is also the HTTP status."""

    def __init__(self, status: int, text: str, cs_code: int | None = SERVER_API_EXCEPTION) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.cs_code = cs_code


class DriverError(Exception):
    """What the StorPool driver throws inside the management server; its text is a part of the API's error text."""


def invalid(text: str) -> ApiError:
    """InvalidParameterValueException: HTTP 431."""
    return ApiError(PARAM_ERROR, text, INVALID_PARAMETER_VALUE)


def internal(text: str) -> ApiError:
    """CloudRuntimeException: HTTP 530."""
    return ApiError(INTERNAL_ERROR, text, CLOUD_RUNTIME)


def wrapped(text: str) -> ApiError:
    """A command's own catch-all: HTTP 530 with the plain code of an API exception."""
    return ApiError(INTERNAL_ERROR, text)
