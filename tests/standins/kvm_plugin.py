# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes jars that look like CloudStack's KVM plugin: ``python -m standins.kvm_plugin PATH [options]``.

The class has the documented name, method and behaviour: it answers true for a path with ``-iscsi-`` in it, and for any other what it is told to.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from .assembler import Instruction, Method, assemble

CLASS = "com/cloud/hypervisor/kvm/storage/IscsiAdmStorageAdaptor"
METHOD = "disconnectPhysicalDiskByPath"
DESCRIPTOR = "(Ljava/lang/String;)Z"
WHEN = (2016, 9, 16, 12, 30, 2)

INDEX_OF = ("invokevirtual", "java/lang/String", "indexOf", "(Ljava/lang/String;)I")
CONTAINS = ("invokevirtual", "java/lang/String", "contains", "(Ljava/lang/CharSequence;)Z")
STRINGS: list[Instruction] = [
    ("ldc", "/dev/disk/by-path/ip-"),
    ("bytes", b"\x4d"),  # astore_2
    ("ldc", ":"),
    ("bytes", b"\x4e"),
    ("ldc", "-iscsi-"),
    ("astore", 4),
    ("ldc", "-lun-"),
    ("astore", 5),
]
LOADED: list[Instruction] = [("aload_1",), ("aload", 4)]
ITS_OWN: list[Instruction] = ["far", ("iconst_1",), ("ireturn",)]
#: How compilers write the beginning of the method, up to the answer.
SHAPES: dict[str, list[Instruction]] = {
    "index_of": [*STRINGS, *LOADED, INDEX_OF, ("iconst_m1",), ("if_icmpne", "far")],
    "negative": [*STRINGS, *LOADED, INDEX_OF, ("ifge", "far")],
    "contains": [*STRINGS, *LOADED, CONTAINS, ("ifne", "far")],
    "constant": [*STRINGS, ("aload_1",), ("ldc", "-iscsi-"), INDEX_OF, ("iconst_m1",), ("if_icmpne", "far")],
    "bare": [("aload_1",), ("ldc", "-iscsi-"), CONTAINS, ("ifne", "far")],
    "wide": [("ldc_w", "-iscsi-"), ("bytes", b"\xc4\x3a\x00\x04"), *LOADED, CONTAINS, ("ifne", "far")],
}


def adaptor(answer: bool = True, shape: str = "index_of", padding: int = 0) -> bytes:
    """The class, in one of the shapes."""
    return adaptor_of([*SHAPES[shape], ("iconst_1" if answer else "iconst_0",), ("ireturn",), *ITS_OWN], padding)


def adaptor_of(code: Sequence[Instruction], padding: int = 0) -> bytes:
    """The class, with this code in the method."""
    other = Method("disconnectPhysicalDisk", DESCRIPTOR, [("iconst_1",), ("ireturn",)])
    return assemble(CLASS, [other, Method(METHOD, DESCRIPTOR, code)], padding)


def manifest(version: str | None) -> bytes:
    """A manifest, with the version of the plugin."""
    lines = ["Manifest-Version: 1.0", "Created-By: Apache Maven"]
    lines += [f"Implementation-Version: {version}"] if version else []
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def jar(
    version: str | None = "4.9.3.0", class_file: bytes | None = None, more: dict[str, bytes] | None = None
) -> bytes:
    """A jar with the class (another one if given; none if empty) between other entries, and ``more`` entries at its end."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.comment = b"made for tests"
        _add(file, "META-INF/", b"")
        _add(file, "META-INF/MANIFEST.MF", manifest(version), extra=b"\xfe\xca\x00\x00")
        _add(file, "com/cloud/hypervisor/kvm/storage/Before.class", assemble("Before", []))
        content = adaptor() if class_file is None else class_file
        if content:
            _add(file, f"{CLASS}.class", content, comment=b"a class", extra=b"\x99\x99\x02\x00ab")
        _add(file, "scripts/after.sh", b"#!/bin/sh\n" * 20, mode=0o100755)
        _add(file, "stored.bin", bytes(range(256)), method=zipfile.ZIP_STORED)
        for name, data in (more or {}).items():
            _add(file, name, data)
    return buffer.getvalue()


def _add(
    file: zipfile.ZipFile,
    name: str,
    content: bytes,
    method: int = zipfile.ZIP_DEFLATED,
    mode: int = 0o100644,
    comment: bytes = b"",
    extra: bytes = b"",
) -> None:
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type, info.external_attr, info.comment, info.extra = method, mode << 16, comment, extra
    file.writestr(info, content)


def main() -> None:
    parser = argparse.ArgumentParser(prog="standins.kvm_plugin", description=__doc__.splitlines()[0])
    parser.add_argument(
        "path", type=Path, help="the jar to make; its name should be cloud-plugin-hypervisor-kvm-VERSION.jar"
    )
    parser.add_argument("--version", default="", help="Implementation-Version in the manifest; none if empty")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="index_of", help="how the method begins")
    parser.add_argument("--patched", action="store_true", help="answer false")
    parser.add_argument(
        "--unknown", action="store_true", help="let the method begin with an instruction that does nothing"
    )
    parser.add_argument("--without-class", action="store_true", help="leave the class out")
    parser.add_argument("--signed", action="store_true", help="add what a signed jar has")
    arguments = parser.parse_args()
    class_file = adaptor(not arguments.patched, arguments.shape)
    if arguments.unknown:
        class_file = adaptor_of([("nop",), *SHAPES[arguments.shape], ("iconst_1",), ("ireturn",), *ITS_OWN])
    if arguments.without_class:
        class_file = b""
    more = {"META-INF/BUILD.SF": b"Signature-Version: 1.0\r\n\r\n"} if arguments.signed else {}
    arguments.path.parent.mkdir(parents=True, exist_ok=True)
    arguments.path.write_bytes(jar(arguments.version or None, class_file, more))


if __name__ == "__main__":
    main()
