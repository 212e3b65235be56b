# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request of the unit tests is shown to the vendor's types; here, that these do refuse what is wrong."""

from __future__ import annotations

import pytest
from storpool.spcatch import InvalidArgumentError

from unit.vendor_requests import check_request


def test_a_field_that_nobody_knows_is_told():
    with pytest.raises(AssertionError, match="VolumeCreate"):
        check_request("VolumeCreate", {"nmae": "db"})


def test_a_value_of_the_wrong_kind_is_told():
    with pytest.raises(InvalidArgumentError):
        check_request("VolumeUpdate", {"size": 1000})
