# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksums as tasks give them, and as CloudStack takes and shows them."""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import InvalidOption

#: How CloudStack spells an algorithm (DigestHelper) -> how many hexadecimal digits its checksums have.
_LENGTHS = {"MD5": 32, "SHA-1": 40, "SHA-224": 56, "SHA-256": 64, "SHA-384": 96, "SHA-512": 128}
_FORM = re.compile(r"(?:\{(?P<braced>[^{}]+)\}|(?P<plain>[A-Za-z0-9-]+):)?(?P<digest>[0-9A-Fa-f]+)")
ADVICE = "Give it as 'sha256:' and 64 hexadecimal digits, or with another of md5, sha1, sha224, sha384 and sha512"


class Checksum(t.NamedTuple):
    """A checksum: the algorithm as CloudStack spells it, and the digits in lower case."""

    name: str
    digest: str

    @property
    def sent(self) -> str:
        """As CloudStack takes it. Without an algorithm it is MD5 for every release."""
        return self.digest if self.name == "MD5" else f"{{{self.name}}}{self.digest}"

    def contradicts(self, shown: t.Any) -> bool:
        """Whether CloudStack shows that the image is another one. It may show a checksum of another algorithm, of which this says nothing."""
        digits = str(shown or "").rpartition("}")[2].lower()
        return len(digits) == len(self.digest) and digits != self.digest


def parse(value: t.Optional[str], option: str = "checksum") -> t.Optional[Checksum]:
    """The checksum in an option: ``sha256:<digits>``, ``{SHA-256}<digits>``, or digits whose number tells the algorithm. Raises :class:`InvalidOption`."""
    if value is None:
        return None
    match = _FORM.fullmatch(value.strip())
    names = {len_: name for name, len_ in _LENGTHS.items()}
    if match:
        digest = match.group("digest").lower()
        said = (match.group("braced") or match.group("plain") or "").upper().replace("-", "")
        name = names.get(len(digest))
        if name and said in ("", name.replace("-", "")):
            return Checksum(name, digest)
    raise InvalidOption(f"{option} is {value[:150]!r}, which is no checksum. {ADVICE}.")
