# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent's iSCSI adaptor answers, in its source, when it is asked to disconnect a disk that is not its own.

:mod:`.iscsi_answer` says why that matters, and does the same to a class file. In source, the method begins so (CloudStack 4.8 to 4.11)::

    public boolean disconnectPhysicalDiskByPath(String localPath) {
        String search3 = "-iscsi-";                    (several such variables)
        if (localPath.indexOf(search3) == -1) {
            return true;
        }

``indexOf(...) < 0`` and ``!localPath.contains(...)`` mean the same, and so does the mark itself in place of the variable. Nothing else is taken for it.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import NotRecognised

CLASS = "IscsiAdmStorageAdaptor"
METHOD = "disconnectPhysicalDiskByPath"
MARK = '"-iscsi-"'

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<word>[A-Za-z_$][\w$]*|\d[\w.]*)
    |(?P<sign>==|!=|<=|>=|&&|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(t.NamedTuple):
    """A word, literal or sign of Java, and the offset where it begins. White space and comments are none."""

    text: str
    at: int


def answering_false(source: str) -> str:
    """The source with ``false`` as the answer for a path that is not iSCSI; the same text if it says so already.

    One word changes, nothing else. Raises :class:`NotRecognised` if the method is not exactly as it is known.
    """
    answer = find(source)
    return source[: answer.at] + "false" + source[answer.at + len(answer.text) :]


def find(source: str) -> Token:
    """The word ``true`` or ``false`` that is answered for a path that is not iSCSI. Raises :class:`NotRecognised`."""
    tokens = [Token(found.group(), found.start()) for found in TOKEN.finditer(source) if found.lastgroup != "skip"]
    words = [token.text for token in tokens]
    if not _find(words, ["class", CLASS]):
        raise NotRecognised(f"it does not declare the class {CLASS}")
    starts = [at for at in _find(words, ["boolean", METHOD, "("]) if words[at + 3 : at + 4] != [")"]]
    if len(starts) != 1:
        raise NotRecognised(f"it has {len(starts) or 'no'} methods boolean {METHOD}(String), and one is known")
    at = _answer(words, starts[0] + 3)
    if at is None:
        raise NotRecognised(f"its method {METHOD} does not begin with the known check for {MARK} and a constant answer")
    return tokens[at]


def _find(words: t.Sequence[str], wanted: t.Sequence[str]) -> t.List[int]:
    return [at for at in range(len(words)) if list(words[at : at + len(wanted)]) == list(wanted)]


def _answer(words: t.Sequence[str], at: int) -> t.Optional[int]:
    """The index of the constant, of a method whose parameters begin at ``at``."""
    at = _past(words, at, "final")
    if list(words[at : at + 1]) != ["String"] or list(words[at + 2 : at + 4]) != [")", "{"]:
        return None
    path, at = words[at + 1], at + 4
    marks = {MARK}
    while True:
        start = _past(words, at, "final")
        declared = words[start : start + 5]
        if (
            len(declared) < 5
            or (declared[0], declared[2], declared[4]) != ("String", "=", ";")
            or declared[3][0] != '"'
        ):
            break
        if declared[1] == path:
            return None
        if declared[3] == MARK:
            marks.add(declared[1])
        at = start + 5
    for mark in marks:
        for test in _tests(path, mark):
            for opening, closing in (["{"], ["}"]), ([], []):
                before = ["if", "(", *test, ")", *opening, "return"]
                answer = at + len(before)
                after = words[answer + 1 : answer + 2 + len(closing)]
                if (
                    list(words[at:answer]) == before
                    and words[answer] in ("true", "false")
                    and list(after) == [";", *closing]
                ):
                    return answer
    return None


def _past(words: t.Sequence[str], at: int, word: str) -> int:
    return at + 1 if list(words[at : at + 1]) == [word] else at


def _tests(path: str, mark: str) -> t.List[t.List[str]]:
    """How the method may ask whether the path is without the mark."""
    index = [path, ".", "indexOf", "(", mark, ")"]
    return [[*index, "==", "-", "1"], [*index, "<", "0"], ["!", path, ".", "contains", "(", mark, ")"]]
