# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent's iSCSI adaptor answers when it is asked to disconnect a disk that is not its own.

CloudStack's KVMStoragePoolManager asks one adaptor after the other to disconnect a path, until one answers true. The iSCSI adaptor is asked before the
one that serves StorPool. Up to CloudStack 4.11 it answers true for any path without ``-iscsi-`` in it, although it does nothing, so StorPool's is never
asked, and every VM that stops or migrates leaves its volumes attached. Since 4.12 it answers false.

The method begins so (javac from any of the releases 4.8 to 4.11)::

    ldc "/dev/disk/by-path/ip-"; astore ...     (several such pairs)
    aload localPath; aload or ldc "-iscsi-"; invokevirtual String.indexOf; iconst_m1; if_icmpne far
    iconst_1; ireturn
    far: ...

``String.contains`` with ``ifne``, and ``indexOf`` with ``ifge``, mean the same. Nothing else is taken for it: a method that begins so does nothing
for a path without ``-iscsi-`` but answer that constant, whatever follows.
"""

from __future__ import annotations

import typing as t

from ..errors import NotRecognised
from ..formats import bytecode as bc
from ..formats.bytecode import Instruction
from ..formats.classfile import ClassFile, Method, parse

CLASS = "com/cloud/hypervisor/kvm/storage/IscsiAdmStorageAdaptor"
METHOD = "disconnectPhysicalDiskByPath"
DESCRIPTOR = b"(Ljava/lang/String;)Z"
MARK = b"-iscsi-"

#: How the method looks for the mark, and the instructions that then jump past the answer.
SEARCHES = {
    (b"indexOf", b"(Ljava/lang/String;)I"): ((bc.ICONST_M1, bc.IF_ICMPNE), (bc.IFGE,)),
    (b"contains", b"(Ljava/lang/CharSequence;)Z"): ((bc.IFNE,),),
}


class Answer(t.NamedTuple):
    """The constant that is answered for a path that is not iSCSI: its value, and the offset in the class file of the instruction that loads it."""

    value: bool
    offset: int


def find(data: bytes) -> Answer:
    """Find the answer in the class file.

    Raises :class:`.errors.Unusable` if it is no sound class file, and :class:`.errors.NotRecognised` if it is another class, or the method is not
    exactly as it is known.
    """
    read = parse(data)
    if read.name != CLASS.encode():
        raise NotRecognised("it holds the class {0} instead".format(read.name.decode(errors="replace")))
    methods = [method for method in read.methods if (method.name, method.descriptor) == (METHOD.encode(), DESCRIPTOR)]
    if len(methods) != 1 or methods[0].code is None:
        raise NotRecognised(f"it has no method boolean {METHOD}(String), or none with code")
    code = bc.instructions(methods[0].code)
    at = _answer(read, code)
    if at is None or not _is_closed(methods[0], code, code[at + 1].end):
        raise NotRecognised(
            f"its method {METHOD} does not begin with the known check for {MARK.decode()} and a constant answer"
        )
    return Answer(code[at].opcode == bc.ICONST_1, methods[0].offset + code[at].at)


def answering(data: bytes, value: bool) -> bytes:
    """The class file with this answer; all other bytes as they are. Raises as :func:`find` does."""
    offset = find(data).offset
    return data[:offset] + bytes([bc.ICONST_1 if value else bc.ICONST_0]) + data[offset + 1 :]


def _answer(read: ClassFile, code: t.Sequence[Instruction]) -> t.Optional[int]:
    """The index of the instruction that loads the answer, if the code begins as it should."""
    marks, at = _stored_marks(read, code)
    tail = code[at : at + 3]
    if len(tail) < 3 or tail[0].local(bc.ALOAD_0) != 1:
        return None
    if tail[1].local(bc.ALOAD_0) not in marks and _string(read, tail[1]) != MARK:
        return None
    if tail[2].opcode != bc.INVOKEVIRTUAL:
        return None
    owner, name, descriptor = read.method(tail[2].constant())
    for test in SEARCHES.get((name, descriptor), ()) if owner == b"java/lang/String" else ():
        answer = at + 3 + len(test)
        rest = code[at + 3 : answer + 2]
        if (
            tuple(instruction.opcode for instruction in rest[: len(test)]) == test
            and len(rest) == len(test) + 2
            and rest[-2].opcode in (bc.ICONST_0, bc.ICONST_1)
            and rest[-1].opcode == bc.IRETURN
            and rest[-3].targets() == [rest[-1].end]
        ):
            return answer
    return None


def _stored_marks(read: ClassFile, code: t.Sequence[Instruction]) -> t.Tuple[t.Set[int], int]:
    """The local variables that hold the mark after the strings at the beginning were stored, and the index of what comes then."""
    marks: t.Set[int] = set()
    at = 0
    while at + 1 < len(code):
        text, variable = _string(read, code[at]), code[at + 1].local(bc.ASTORE_0)
        if text is None or variable is None or variable < 2:  # 0 is this, 1 is the path
            break
        marks.discard(variable)
        if text == MARK:
            marks.add(variable)
        at += 2
    return marks, at


def _string(read: ClassFile, instruction: Instruction) -> t.Optional[bytes]:
    if instruction.opcode == bc.LDC:
        return read.string(instruction.operands[0])
    return read.string(instruction.constant()) if instruction.opcode == bc.LDC_W else None


def _is_closed(method: Method, code: t.Sequence[Instruction], end: int) -> bool:
    """Whether the beginning of a method, up to ``end``, is only ever run from its first instruction to its last."""
    jumps = [target for instruction in code for target in instruction.targets()]
    handled = any(handler.start < end or handler.target < end for handler in method.handlers)
    return not handled and all(target >= end for target in jumps)
