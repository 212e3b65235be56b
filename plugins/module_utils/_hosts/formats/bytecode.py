# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instructions of a method (Java Virtual Machine Specification, chapter 6)."""

from __future__ import annotations

import struct
import typing as t

from ..errors import Unusable

ICONST_M1, ICONST_0, ICONST_1 = 0x02, 0x03, 0x04
LDC, LDC_W, ALOAD, ALOAD_0, ASTORE, ASTORE_0 = 0x12, 0x13, 0x19, 0x2A, 0x3A, 0x4B
IFNE, IFGE, IF_ICMPNE, IRETURN, INVOKEVIRTUAL = 0x9A, 0x9C, 0xA0, 0xAC, 0xB6
TABLESWITCH, LOOKUPSWITCH, WIDE, IINC = 0xAA, 0xAB, 0xC4, 0x84

#: Bytes of an instruction, by opcode from 0 (nop) to 201 (jsr_w). 0: the instruction itself says how many.
LENGTHS = (
    [1] * 16  # nop ... dconst_1
    + [2, 3, 2, 3, 3]  # bipush, sipush, ldc, ldc_w, ldc2_w
    + [2] * 5  # iload ... aload
    + [1] * 28  # iload_0 ... saload
    + [2] * 5  # istore ... astore
    + [1] * 73  # istore_0 ... lxor
    + [3]  # iinc
    + [1] * 20  # i2l ... dcmpg
    + [3] * 16  # ifeq ... jsr
    + [2, 0, 0]  # ret, tableswitch, lookupswitch
    + [1] * 6  # ireturn ... return
    + [3] * 7  # getstatic ... invokestatic
    + [5, 5, 3, 2, 3]  # invokeinterface, invokedynamic, new, newarray, anewarray
    + [1, 1, 3, 3, 1, 1]  # arraylength, athrow, checkcast, instanceof, monitorenter, monitorexit
    + [0, 4, 3, 3, 5, 5]  # wide, multianewarray, ifnull, ifnonnull, goto_w, jsr_w
)
#: ifeq ... jsr, ifnull, ifnonnull: a signed offset of two bytes
BRANCHES = frozenset(range(0x99, 0xA9)) | frozenset([0xC6, 0xC7])
#: goto_w, jsr_w: of four
WIDE_BRANCHES = frozenset([0xC8, 0xC9])


class Instruction(t.NamedTuple):
    """An instruction; ``at`` is where it begins in the method's code, and ``operands`` all that follows its opcode."""

    at: int
    opcode: int
    operands: bytes

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.at + 1 + len(self.operands)

    def constant(self) -> int:
        """The index of the constant that it loads or calls."""
        return int.from_bytes(self.operands[:2], "big")

    def local(self, first: int) -> t.Optional[int]:
        """The local variable that it loads or stores, if it is ``first`` (``ALOAD_0``, ``ASTORE_0``) or of its family; else ``None``."""
        general = {ALOAD_0: ALOAD, ASTORE_0: ASTORE}[first]
        if self.opcode == general:
            return self.operands[0]
        if self.opcode == WIDE and self.operands[0] == general:
            return int.from_bytes(self.operands[1:], "big")
        return self.opcode - first if first <= self.opcode < first + 4 else None

    def targets(self) -> t.List[int]:
        """Where it can jump to."""
        if self.opcode in BRANCHES:
            return [self.at + int(struct.unpack(">h", self.operands)[0])]
        if self.opcode in WIDE_BRANCHES:
            return [self.at + int(struct.unpack(">i", self.operands)[0])]
        if self.opcode not in (TABLESWITCH, LOOKUPSWITCH):
            return []
        words = struct.unpack(f">{(len(self.operands) - _padding(self.at)) // 4}i", self.operands[_padding(self.at) :])
        offsets = words[3:] if self.opcode == TABLESWITCH else words[3::2]
        return [self.at + offset for offset in (words[0], *offsets)]


def instructions(code: bytes) -> t.List[Instruction]:
    """All instructions of a method, in order. Raises :class:`Unusable` if the code is none, or does not end with an instruction."""
    found = []
    at = 0
    while at < len(code):
        opcode = code[at]
        length = _length(code, at, opcode)
        if at + length > len(code):
            raise _cut_off()
        found.append(Instruction(at, opcode, code[at + 1 : at + length]))
        at += length
    return found


def _length(code: bytes, at: int, opcode: int) -> int:
    if opcode >= len(LENGTHS):
        raise Unusable(f"one of its methods has the unknown opcode {opcode}")
    if opcode == WIDE:
        return 6 if code[at + 1 : at + 2] == bytes([IINC]) else 4
    if opcode not in (TABLESWITCH, LOOKUPSWITCH):
        return LENGTHS[opcode]
    head = 1 + _padding(at)
    fixed = 12 if opcode == TABLESWITCH else 8
    words = code[at + head : at + head + fixed]
    if len(words) < fixed:
        raise _cut_off()
    if opcode == TABLESWITCH:
        _default, low, high = struct.unpack(">iii", words)
        entries = high - low + 1
    else:
        _default, pairs = struct.unpack(">ii", words)
        entries = 2 * pairs
    if entries < 0:
        raise _cut_off()
    return head + fixed + 4 * int(entries)


def _padding(at: int) -> int:
    """Bytes between the opcode of a switch and its operands, which begin at a multiple of four."""
    return -(at + 1) % 4


def _cut_off() -> Unusable:
    return Unusable("the code of one of its methods is cut off")
