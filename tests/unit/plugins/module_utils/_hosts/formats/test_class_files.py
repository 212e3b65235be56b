# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Class files and instructions: read to the byte, and damaged ones refused in words."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import NotRecognised, Unusable
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.formats import bytecode, classfile
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.kvm import iscsi_answer
from standins import kvm_plugin as standin
from standins.assembler import Method, assemble

ANSWER = [("iconst_1",), ("ireturn",)]


def starts(code):
    return [instruction.at for instruction in bytecode.instructions(code)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (bytes([0x10, 0xAA, 0x11, 0xAA, 0xAB, 0x57]), [0, 2, 5]),  # bipush and sipush of what look like switches
        (b"\xc4\x84\x01\x00\x01\x00\xc4\x15\x01\x00\x57", [0, 6, 10]),  # wide iinc, wide iload
        (b"\xaa\0\0\0" + struct.pack(">5i", 20, 1, 2, 24, 24) + b"\x03\xac", [0, 24, 25]),
        (b"\x03\xaa\0\0" + struct.pack(">4i", 19, 7, 7, 19) + b"\x03\xac", [0, 1, 20, 21]),
        (b"\x03\x03\xab\0" + struct.pack(">4i", 18, 1, -5, 18) + b"\x03\xac", [0, 1, 2, 20, 21]),
        (b"\x00\x00\x00\xab" + struct.pack(">2i", 0, 0), [0, 1, 2, 3]),  # a lookupswitch without cases, at the end
        (b"\xba\0\1\0\0\xb9\0\1\1\0\xc5\0\1\2\xc8\0\0\0\0", [0, 5, 10, 14]),
    ],
)
def test_instructions_are_walked_by_their_length(code, expected):
    assert starts(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (b"\x00\xa7\xff\xff", [0]),
        (b"\xc8\x00\x01\x00\x00", [65536]),
        (b"\x00\xc6\x00\x03", [4]),
        (b"\xaa\0\0\0" + struct.pack(">5i", 100, 1, 2, 24, 28), [100, 24, 28]),
        (b"\x03\x03\xab\0" + struct.pack(">6i", 30, 2, -5, 40, 9, 50), [32, 42, 52]),
        (b"\xb6\x00\x01", []),
    ],
)
def test_the_targets_of_jumps(code, expected):
    assert bytecode.instructions(code)[-1].targets() == expected


@pytest.mark.parametrize(
    "code",
    [
        b"\x10",
        b"\xb6\x00",
        b"\xc4",
        b"\xc4\x84\x00",
        b"\xca",
        b"\xaa",
        b"\xab\0\0\0" + bytes(7),
        b"\xaa\0\0\0" + struct.pack(">3i", 0, 9, 1),
        b"\xaa\0\0\0" + struct.pack(">3i", 0, -(2**31), 2**31 - 1),
        b"\xab\0\0\0" + struct.pack(">2i", 0, -1),
    ],
)
def test_code_that_ends_within_an_instruction_is_refused(code):
    with pytest.raises(Unusable):
        bytecode.instructions(code)


@given(st.binary(max_size=80))
def test_instructions_cover_the_code(code):
    try:
        found = bytecode.instructions(code)
    except Unusable:
        return
    assert b"".join(bytes([one.opcode]) + one.operands for one in found) == code
    assert [one.at for one in found[1:]] == [one.end for one in found[:-1]]


def test_a_class_is_read():
    read = classfile.parse(standin.adaptor())
    assert read.name.decode() == standin.CLASS
    assert [method.name for method in read.methods] == [b"<init>", b"disconnectPhysicalDisk", standin.METHOD.encode()]
    method = read.methods[-1]
    assert standin.adaptor()[method.offset : method.offset + len(method.code)] == method.code
    call = next(one for one in bytecode.instructions(method.code) if one.opcode == bytecode.INVOKEVIRTUAL)
    assert read.method(call.constant()) == (b"java/lang/String", b"indexOf", b"(Ljava/lang/String;)I")


def test_a_class_that_is_cut_off_is_refused():
    for length in range(len(standin.adaptor())):
        with pytest.raises(Unusable):
            classfile.parse(standin.adaptor()[:length])


def test_a_class_with_more_behind_it_is_refused():
    with pytest.raises(Unusable, match="where it should end"):
        classfile.parse(standin.adaptor() + b"\0")


@given(st.data())
def test_a_damaged_class_is_an_error_in_words_or_still_sound(data):
    damaged = bytearray(standin.adaptor())
    for _byte in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        answer = iscsi_answer.find(bytes(damaged))
    except Failure:
        return
    assert damaged[answer.offset] == (4 if answer.value else 3)


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("shape", sorted(standin.SHAPES))
def test_the_answer_is_found_and_changed(shape, value):
    data = standin.adaptor(value, shape)
    assert iscsi_answer.find(data).value is value
    changed = iscsi_answer.answering(data, not value)
    assert changed == standin.adaptor(not value, shape)
    assert [index for index, pair in enumerate(zip(data, changed, strict=True)) if pair[0] != pair[1]] == [
        iscsi_answer.find(data).offset
    ]
    assert iscsi_answer.answering(data, value) == data


def test_indices_of_two_bytes():
    data = standin.adaptor(shape="wide", padding=300)
    assert iscsi_answer.answering(data, False) == standin.adaptor(False, "wide", padding=300)


STRINGS, LOADED, OWN = standin.STRINGS, standin.LOADED, standin.ITS_OWN
TEST = [*LOADED, standin.INDEX_OF, ("iconst_m1",), ("if_icmpne", "far")]
UNKNOWN = {
    "no check": [("iconst_1",), ("ireturn",)],
    "turned round": [*LOADED[:1], ("ldc", "-iscsi-"), standin.CONTAINS, ("ifeq", "far"), *ANSWER, *OWN],
    "equals": [*STRINGS, *LOADED, standin.INDEX_OF, ("iconst_m1",), ("if_icmpeq", "far"), *ANSWER, *OWN],
    "at the start only": [*STRINGS, *LOADED, standin.INDEX_OF, ("ifgt", "far"), *ANSWER, *OWN],
    "another mark": [("ldc", "-fc-"), ("astore", 4), *TEST, *ANSWER, *OWN],
    "another variable": [*STRINGS, ("aload_1",), ("aload", 5), *TEST[2:], *ANSWER, *OWN],
    "a mark overwritten": [*STRINGS, ("ldc", ":"), ("astore", 4), *TEST, *ANSWER, *OWN],
    "the path overwritten": [*STRINGS, ("ldc", ":"), ("astore", 1), *TEST, *ANSWER, *OWN],
    "another object": [*STRINGS, ("aload_0",), *TEST[1:], *ANSWER, *OWN],
    "another method": [
        *STRINGS,
        *LOADED,
        ("invokevirtual", "java/lang/String", "lastIndexOf", "(Ljava/lang/String;)I"),
        *TEST[3:],
        *ANSWER,
        *OWN,
    ],
    "another class": [
        *STRINGS,
        *LOADED,
        ("invokevirtual", "java/lang/StringBuffer", "indexOf", "(Ljava/lang/String;)I"),
        *TEST[3:],
        *ANSWER,
        *OWN,
    ],
    "another call": [*STRINGS, *LOADED, ("invokespecial", *standin.INDEX_OF[1:]), *TEST[3:], *ANSWER, *OWN],
    "another number": [*STRINGS, *LOADED, standin.INDEX_OF, ("iconst_0",), ("if_icmpne", "far"), *ANSWER, *OWN],
    "another answer": [*STRINGS, *TEST, ("iconst_2",), ("ireturn",), *OWN],
    "more before the answer": [*STRINGS, *TEST, ("nop",), *ANSWER, *OWN],
    "more before it all": [("nop",), *STRINGS, *TEST, *ANSWER, *OWN],
    "farther": [*STRINGS, *TEST, *ANSWER, ("nop",), *OWN],
    "nothing after the answer": [*OWN, *STRINGS, *TEST, *ANSWER],
    "a loop": [*STRINGS, "again", *TEST, *ANSWER, "far", ("goto", "again")],
    "a jump to the answer": [*STRINGS, *TEST, "answer", *ANSWER, "far", ("goto", "answer")],
    "cut off": [*STRINGS, *LOADED],
}


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_a_method_that_is_not_exactly_as_known_is_refused(name):
    with pytest.raises(NotRecognised, match="does not begin with the known check"):
        iscsi_answer.find(standin.adaptor_of(UNKNOWN[name]))


@pytest.mark.parametrize("handler", [("start", "far", "far"), ("far", "end", "start")])
def test_a_beginning_with_an_exception_handler_is_refused(handler):
    code = ["start", *STRINGS, *TEST, *ANSWER, *OWN, "end"]
    data = assemble(standin.CLASS, [Method(standin.METHOD, standin.DESCRIPTOR, code, handlers=[handler])])
    with pytest.raises(NotRecognised):
        iscsi_answer.find(data)


def test_a_handler_further_on_does_not_matter():
    code = ["start", *STRINGS, *TEST, *ANSWER, *OWN, "handler", *ANSWER]
    method = Method(standin.METHOD, standin.DESCRIPTOR, code, handlers=[("far", "handler", "handler")])
    assert iscsi_answer.find(assemble(standin.CLASS, [method])).value is True


@pytest.mark.parametrize(
    "methods",
    [
        [],
        [Method(standin.METHOD, "()Z", ANSWER)],
        [Method("disconnect", standin.DESCRIPTOR, ANSWER)],
        [Method(standin.METHOD, standin.DESCRIPTOR, None, flags=0x101)],
        [Method(standin.METHOD, standin.DESCRIPTOR, [*standin.SHAPES["bare"], *ANSWER, *OWN])] * 2,
    ],
)
def test_a_class_without_the_method_or_with_two_is_refused(methods):
    with pytest.raises(NotRecognised, match="has no method boolean disconnectPhysicalDiskByPath"):
        iscsi_answer.find(assemble(standin.CLASS, methods))


def test_another_class_is_refused():
    with pytest.raises(NotRecognised, match="it holds the class com/cloud/Other instead"):
        iscsi_answer.find(assemble("com/cloud/Other", []))
