# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small assembler for Java classes, so that tests can have classes without a compiler.

Code is a list of instructions, each a tuple of a mnemonic and its operands; a string alone is a label. Classes are of version 49, the last whose
branches need no StackMapTable; any Java runs them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

VERSION = 49
PUBLIC = 1

PLAIN = {
    "nop": 0x00,
    "iconst_m1": 0x02,
    "iconst_0": 0x03,
    "iconst_1": 0x04,
    "iconst_2": 0x05,
    "aload_0": 0x2A,
    "aload_1": 0x2B,
    "pop": 0x57,
    "ireturn": 0xAC,
    "return": 0xB1,
}
BRANCHES = {
    "ifeq": 0x99,
    "ifne": 0x9A,
    "iflt": 0x9B,
    "ifge": 0x9C,
    "ifgt": 0x9D,
    "if_icmpeq": 0x9F,
    "if_icmpne": 0xA0,
    "goto": 0xA7,
}
VARIABLES = {"aload": 0x19, "istore": 0x36, "astore": 0x3A}
STRINGS = {"ldc": 0x12, "ldc_w": 0x13}
CALLS = {"invokevirtual": 0xB6, "invokespecial": 0xB7}

Instruction = tuple[object, ...] | str


class Method(NamedTuple):
    """A method. ``handlers`` are labels: where an exception handler's instructions begin and end, and where it is; it catches everything."""

    name: str
    descriptor: str
    code: Sequence[Instruction] | None
    flags: int = PUBLIC
    handlers: Sequence[tuple[str, str, str]] = ()


class Pool:
    """The constants of a class; each is there once."""

    def __init__(self) -> None:
        self._indices: dict[bytes, int] = {}
        self._next = 1

    def _add(self, constant: bytes, slots: int = 1) -> int:
        if constant not in self._indices:
            self._indices[constant] = self._next
            self._next += slots
        return self._indices[constant]

    def text(self, text: str) -> int:
        encoded = text.encode()
        return self._add(struct.pack(">BH", 1, len(encoded)) + encoded)

    def long(self, number: int) -> int:
        return self._add(struct.pack(">Bq", 5, number), slots=2)

    def named(self, name: str) -> int:
        return self._add(struct.pack(">BH", 7, self.text(name)))

    def string(self, text: str) -> int:
        return self._add(struct.pack(">BH", 8, self.text(text)))

    def method(self, owner: str, name: str, descriptor: str) -> int:
        name_and_type = self._add(struct.pack(">BHH", 12, self.text(name), self.text(descriptor)))
        return self._add(struct.pack(">BHH", 10, self.named(owner), name_and_type))

    def packed(self) -> bytes:
        return struct.pack(">H", self._next) + b"".join(self._indices)


def assemble(name: str, methods: Sequence[Method], padding: int = 0) -> bytes:
    """A public class, with a constructor. ``padding`` strings come first among its constants, so that indices can need two bytes."""
    pool = Pool()
    pool.long(2**40)
    for number in range(padding):
        pool.string(f"padding {number}")
    construct = [("aload_0",), ("invokespecial", "java/lang/Object", "<init>", "()V"), ("return",)]
    bodies = [_method(pool, method) for method in (Method("<init>", "()V", construct), *methods)]
    head = struct.pack(">HHHH", PUBLIC | 0x20, pool.named(name), pool.named("java/lang/Object"), 0)
    field = struct.pack(">HHHH", 0x18, pool.text("limit"), pool.text("J"), 1)
    field += struct.pack(">HI", pool.text("Note"), 3) + b"abc"
    source = struct.pack(">HIH", pool.text("SourceFile"), 2, pool.text("StandIn.java"))
    return (
        struct.pack(">IHH", 0xCAFEBABE, 0, VERSION)
        + pool.packed()
        + head
        + struct.pack(">H", 1)
        + field
        + struct.pack(">H", len(bodies))
        + b"".join(bodies)
        + struct.pack(">H", 1)
        + source
    )


def _method(pool: Pool, method: Method) -> bytes:
    head = struct.pack(">HHH", method.flags, pool.text(method.name), pool.text(method.descriptor))
    if method.code is None:
        return head + struct.pack(">H", 0)
    labels = _labels(method.code)
    code = b"".join(_encoded(pool, instruction, at, labels) for instruction, at in _placed(method.code))
    handlers = b"".join(struct.pack(">HHHH", *(labels[label] for label in handler), 0) for handler in method.handlers)
    body = struct.pack(">HHI", 4, 10, len(code)) + code + struct.pack(">H", len(method.handlers)) + handlers
    body += struct.pack(">H", 0)
    return head + struct.pack(">HHI", 1, pool.text("Code"), len(body)) + body


def _placed(code: Sequence[Instruction]) -> list[tuple[tuple, int]]:
    placed, at = [], 0
    for instruction in code:
        if not isinstance(instruction, str):
            placed.append((instruction, at))
            at += _length(instruction)
    return placed


def _labels(code: Sequence[Instruction]) -> dict[str, int]:
    labels, at = {}, 0
    for instruction in code:
        if isinstance(instruction, str):
            labels[instruction] = at
        else:
            at += _length(instruction)
    return labels


def _length(instruction: tuple) -> int:
    mnemonic = instruction[0]
    if mnemonic == "bytes":
        return len(instruction[1])
    if mnemonic in PLAIN:
        return 1
    return 2 if mnemonic in VARIABLES or mnemonic == "ldc" else 3


def _encoded(pool: Pool, instruction: tuple, at: int, labels: dict[str, int]) -> bytes:
    mnemonic, *operands = instruction
    if mnemonic == "bytes":
        return operands[0]
    if mnemonic in PLAIN:
        return bytes([PLAIN[mnemonic]])
    if mnemonic in BRANCHES:
        return struct.pack(">Bh", BRANCHES[mnemonic], labels[operands[0]] - at)
    if mnemonic in VARIABLES:
        return struct.pack(">BB", VARIABLES[mnemonic], operands[0])
    if mnemonic in STRINGS:
        return struct.pack(">BB" if mnemonic == "ldc" else ">BH", STRINGS[mnemonic], pool.string(operands[0]))
    return struct.pack(">BH", CALLS[mnemonic], pool.method(*operands))
