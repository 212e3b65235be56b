# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that files such as /etc/default/cloudstack-agent set, which shells and systemd read. Nothing is run.

A value that only running the file could tell, a command's output or one that depends on a condition, is ``None``: not known.
"""

from __future__ import annotations

import re
import typing as t

Values = t.Dict[str, t.Optional[str]]

NAME = re.compile(r"[A-Za-z_]\w*")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
DEFAULT = re.compile(r"\$\{([A-Za-z_]\w*)(:?)=(.*)\}", re.DOTALL)
VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?)[-=]([^${}]*))?\})")
DECLARING = ("export", "declare", "typeset", "readonly", "local")
OPENING, CLOSING = ("if", "case", "for", "while", "until", "select", "{"), ("fi", "esac", "done", "}")
BETWEEN = ("then", "else", "elif", "do")
UNKNOWN = "\x00"  # stands for what a command would print
DOLLAR = "\x01"  # a dollar that is one: quoted or escaped
MOST_ROUNDS = 5  # how often values refer to others


class Command(t.NamedTuple):
    """Words, with their quotes taken away, and whether it is carried out whatever commands before it do."""

    words: t.Tuple[str, ...]
    always: bool


def assignments(text: str, known: t.Optional[Values] = None, exports: bool = True) -> Values:
    """The variables after a file was read. ``exports``: it may say ``export``, which systemd does not know, and ignores such lines."""
    values = dict(known or {})
    depth = 0
    for command in commands(text):
        words = list(command.words)
        while words and words[0] in (*OPENING, *CLOSING, *BETWEEN):
            depth += (words[0] in OPENING) - (words[0] in CLOSING)
            del words[0]
        if words and words[-1] == "{":  # of a function
            depth += 1
            continue
        if words and words[0] in DECLARING:
            words = [word for word in words[1:] if not word.startswith("-")] if exports else []
        if words and words[0] == ":":
            _set_defaults(words[1:], values)
            continue
        found = [ASSIGNMENT.fullmatch(word) for word in words]
        for assignment in found if all(found) else ():
            name, value = assignment.groups()  # type: ignore[union-attr]
            told = _value(value, values)
            values[name] = told if (command.always and depth <= 0) or values.get(name) == told else None
    return values


def _set_defaults(words: t.Iterable[str], values: Values) -> None:
    for word in words:
        found = DEFAULT.fullmatch(word)
        if found and (found.group(1) not in values or (found.group(2) and values[found.group(1)] == "")):
            values[found.group(1)] = _value(found.group(3), values)


def _value(text: str, values: Values) -> t.Optional[str]:
    """A value with the variables in it that are known by now; the others stay, to be known later."""
    told = VARIABLE.sub(lambda found: _replaced(found, values), text)
    return None if UNKNOWN in told else told


def _replaced(found: t.Match[str], values: t.Mapping[str, t.Optional[str]]) -> str:
    name = found.group(1) or found.group(2)
    colon, default = found.group(3), found.group(4)
    if name in values and not (colon and values[name] == ""):
        value = values[name]
        return UNKNOWN if value is None else value
    return found.group() if default is None else str(default)


def expanded(text: str, values: Values) -> t.Optional[str]:
    """A text with all variables in it; ``None`` if one is not known."""
    for _round in range(MOST_ROUNDS):
        text = VARIABLE.sub(lambda found: _replaced(found, values), text)
    return None if UNKNOWN in text or "$" in text else text.replace(DOLLAR, "$")


def commands(text: str) -> t.Iterator[Command]:
    """The simple commands of a shell script, in order, with their quotes taken away; what is in comments is left out."""
    word: t.Optional[str] = None
    words: t.List[str] = []
    always, at = True, 0
    text = text.replace("\r\n", "\n").replace("\\\n", "") + "\n"
    while at < len(text):
        char = text[at]
        if char == "#" and word is None:
            at = text.index("\n", at)
            continue
        if char in " \t\n;&|":
            if word is not None:
                words.append(word)
                word = None
            if char in "\n;&|":
                if words:
                    yield Command(tuple(words), always)
                words = []
                depends = text[at : at + 2] in ("&&", "||")
                always = True if char == "\n" else not depends and always
                at += depends
            at += 1
            continue
        piece, at = _piece(text, at)
        word = (word or "") + piece


def _piece(text: str, at: int) -> t.Tuple[str, int]:
    """A piece of a word that begins at a place: quoted, escaped, a command, or one character; and where it ends."""
    char = text[at]
    if char == "'":
        end = _find(text, "'", at + 1)
        return text[at + 1 : end].replace("$", DOLLAR), end + 1
    if char == '"':
        return _quoted(text, at + 1)
    if char == "\\":
        return text[at + 1 : at + 2].replace("$", DOLLAR), at + 2
    if char == "`":
        return UNKNOWN, _find(text, "`", at + 1) + 1
    if text.startswith("$(", at):
        return UNKNOWN, _closing(text, at + 2)
    if text.startswith("${", at):
        end = _find(text, "}", at)
        return text[at : end + 1].replace('"', "").replace("'", ""), end + 1
    return char, at + 1


def _quoted(text: str, at: int) -> t.Tuple[str, int]:
    done = ""
    while at < len(text) and text[at] != '"':
        if text[at] == "'":
            done, at = done + "'", at + 1
        elif text[at] == "\\" and text[at + 1 : at + 2] not in ("$", '"', "\\", "`"):
            done, at = done + "\\", at + 1
        else:
            piece, at = _piece(text, at)
            done += piece
    return done, at + 1


def _find(text: str, what: str, start: int) -> int:
    found = text.find(what, start)
    return len(text) if found < 0 else found


def _closing(text: str, at: int) -> int:
    """Where a command's output ends that has begun before this place."""
    depth = 1
    while at < len(text) and depth:
        depth += (text[at] == "(") - (text[at] == ")")
        at += 1
    return at
