# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Java class files, as far as it takes to find the code of a method (Java Virtual Machine Specification, chapter 4)."""

from __future__ import annotations

import struct
import typing as t

from ..errors import Unusable

MAGIC = 0xCAFEBABE

UTF8, LONG, DOUBLE, CLASS, STRING = 1, 5, 6, 7, 8
METHOD, NAME_AND_TYPE = 10, 12
#: How many bytes follow the tag of a constant. Those of UTF8 say themselves how many.
SIZES = {3: 4, 4: 4, LONG: 8, DOUBLE: 8, CLASS: 2, STRING: 2, 9: 4, METHOD: 4, 11: 4, NAME_AND_TYPE: 4}
SIZES.update({15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2})


class Constant(t.NamedTuple):
    """A constant: its tag, and what follows the tag (of UTF8: the text alone)."""

    tag: int
    body: bytes


class Handler(t.NamedTuple):
    """An exception handler, at ``target``, for the instructions from ``start`` up to but not including ``end``."""

    start: int
    end: int
    target: int


class Method(t.NamedTuple):
    """A method. ``code`` are its instructions, and ``offset`` is where in the class file they begin; ``None`` if it has none."""

    name: bytes
    descriptor: bytes
    code: t.Optional[bytes]
    offset: int
    handlers: t.Tuple[Handler, ...]


class ClassFile(t.NamedTuple):
    """A class. Names are as the file has them: bytes, with ``/`` between packages."""

    name: bytes
    constants: t.Mapping[int, Constant]
    methods: t.Tuple[Method, ...]

    def text(self, index: int) -> bytes:
        """The UTF8 constant of an index. Raises :class:`Unusable` if it is something else, as the others below do."""
        return self._constant(index, UTF8).body

    def string(self, index: int) -> t.Optional[bytes]:
        """The text of a string constant; ``None`` if the constant is of another type."""
        constant = self.constants.get(index)
        return self.text(_number(constant.body)) if constant and constant.tag == STRING else None

    def method(self, index: int) -> t.Tuple[bytes, bytes, bytes]:
        """Class, name and descriptor of a method constant."""
        owner, name_and_type = struct.unpack(">HH", self._constant(index, METHOD).body)
        name, descriptor = struct.unpack(">HH", self._constant(name_and_type, NAME_AND_TYPE).body)
        return self.text(_number(self._constant(owner, CLASS).body)), self.text(name), self.text(descriptor)

    def _constant(self, index: int, tag: int) -> Constant:
        return _constant(self.constants, index, tag)


def _constant(constants: t.Mapping[int, Constant], index: int, tag: int) -> Constant:
    constant = constants.get(index)
    if constant is None or constant.tag != tag:
        raise Unusable(f"its constant {index} is not there, or of another type than it should be")
    return constant


def _number(two_bytes: bytes) -> int:
    return int.from_bytes(two_bytes, "big")


class _Cursor:
    """Takes bytes from the front, and never more than there are."""

    def __init__(self, data: bytes, offset: int = 0, end: t.Optional[int] = None) -> None:
        self.data = data
        self.offset = offset
        self.end = len(data) if end is None else end

    def take(self, count: int) -> bytes:
        start, self.offset = self.offset, self.offset + count
        if self.offset > self.end:
            raise Unusable("it is cut off, or its lengths are wrong")
        return self.data[start : self.offset]

    def u1(self) -> int:
        return self.take(1)[0]

    def u2(self) -> int:
        return _number(self.take(2))

    def u4(self) -> int:
        return _number(self.take(4))

    def finish(self) -> None:
        if self.offset != self.end:
            raise Unusable("something stands in it where it should end")


def parse(data: bytes) -> ClassFile:
    """Read a class file. Raises :class:`Unusable` if it is none, or damaged."""
    cursor = _Cursor(data)
    if len(data) < 4 or cursor.u4() != MAGIC:
        raise Unusable("it is no class file")
    cursor.take(4)  # versions
    constants = _constants(cursor)
    cursor.take(2)  # access flags
    name = _constant(constants, _number(_constant(constants, cursor.u2(), CLASS).body), UTF8).body
    cursor.take(2)  # superclass
    cursor.take(2 * cursor.u2())  # interfaces
    for _field in range(cursor.u2()):
        cursor.take(6)
        _skip_attributes(cursor)
    methods = tuple([_method(cursor, constants) for _number_ in range(cursor.u2())])
    _skip_attributes(cursor)
    cursor.finish()
    return ClassFile(name, constants, methods)


def _constants(cursor: _Cursor) -> t.Dict[int, Constant]:
    constants = {}
    count, index = cursor.u2(), 1
    while index < count:
        tag = cursor.u1()
        if tag == UTF8:
            constants[index] = Constant(tag, cursor.take(cursor.u2()))
        elif tag in SIZES:
            constants[index] = Constant(tag, cursor.take(SIZES[tag]))
        else:
            raise Unusable(f"it has a constant of the unknown type {tag}")
        index += 2 if tag in (LONG, DOUBLE) else 1
    return constants


def _skip_attributes(cursor: _Cursor) -> None:
    for _attribute in range(cursor.u2()):
        cursor.take(2)
        cursor.take(cursor.u4())


def _method(cursor: _Cursor, constants: t.Mapping[int, Constant]) -> Method:
    cursor.take(2)  # access flags
    name = _constant(constants, cursor.u2(), UTF8).body
    descriptor = _constant(constants, cursor.u2(), UTF8).body
    found = []
    for _attribute in range(cursor.u2()):
        attribute = _constant(constants, cursor.u2(), UTF8).body
        length = cursor.u4()
        start = cursor.offset
        cursor.take(length)
        if attribute == b"Code":
            found.append(_code(_Cursor(cursor.data, start, cursor.offset)))
    if len(found) > 1:
        raise Unusable("one of its methods has several codes")
    code, offset, handlers = found[0] if found else (None, 0, ())
    return Method(name, descriptor, code, offset, handlers)


def _code(cursor: _Cursor) -> t.Tuple[bytes, int, t.Tuple[Handler, ...]]:
    cursor.take(4)  # sizes of the stack and of the local variables
    length = cursor.u4()
    offset = cursor.offset
    code = cursor.take(length)
    handlers = []
    for _handler in range(cursor.u2()):
        handlers.append(Handler(cursor.u2(), cursor.u2(), cursor.u2()))
        cursor.take(2)  # type
    _skip_attributes(cursor)
    cursor.finish()
    return code, offset, tuple(handlers)
