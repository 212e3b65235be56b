# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes jars that look like the StorPool driver: ``python -m standins.storpool_driver PATH [options]``.

They have the driver's entries with the documented names, and no code; the same options make the same bytes.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

from .assembler import assemble
from .kvm_plugin import manifest

ADAPTOR = "com/cloud/hypervisor/kvm/storage/{0}StorageAdaptor"
PROVIDER = "org/apache/cloudstack/storage/datastore/provider/{0}PrimaryDataStoreProvider"
DESCRIPTOR = "META-INF/cloudstack/storage-volume-storpool/module.properties"
#: The spelling in the driver that is part of CloudStack, and in the one that StorPool kept outside it.
IN_TREE, EXTERNAL = "StorPool", "Storpool"
WHEN = (2021, 2, 3, 4, 5, 6)


def name(version: str) -> str:
    """How CloudStack's build calls the jar."""
    return f"cloud-plugin-storage-volume-storpool-{version}.jar"


def class_file(path: str, java: int) -> bytes:
    """An empty class for a release of Java."""
    content = assemble(path, [])
    return content[:6] + (44 + java).to_bytes(2, "big") + content[8:]


def jar(
    version: str | None = "4.19.1.0",
    java: int = 8,
    spelling: str = IN_TREE,
    parts: tuple[str, ...] = (ADAPTOR, PROVIDER),
    build: str = "",
) -> bytes:
    """A jar of the driver; ``build`` is a text that makes it another than others of its version."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        entries = {"META-INF/MANIFEST.MF": manifest(version), DESCRIPTOR: b"name=storage-volume-storpool\n"}
        entries |= {f"{part.format(spelling)}.class": class_file(part.format(spelling), java) for part in parts}
        entries["META-INF/versions/21/Newer.class"] = class_file("Newer", 21)
        if build:
            entries["build.txt"] = build.encode()
        for entry, content in entries.items():
            info = zipfile.ZipInfo(entry, WHEN)
            info.external_attr = 0o100644 << 16
            file.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(prog="standins.storpool_driver", description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="the jar to make")
    parser.add_argument("--version", default="", help="Implementation-Version in the manifest; none if empty")
    parser.add_argument("--java", type=int, default=8, help="the release of Java that the classes are for")
    parser.add_argument("--external", action="store_true", help="spell the classes as the external driver does")
    parser.add_argument("--build", default="", help="a text that makes it another than others of its version")
    parser.add_argument("--cut", type=int, default=0, help="leave so many bytes out at the end")
    arguments = parser.parse_args()
    spelling = EXTERNAL if arguments.external else IN_TREE
    content = jar(arguments.version or None, arguments.java, spelling, build=arguments.build)
    arguments.path.parent.mkdir(parents=True, exist_ok=True)
    arguments.path.write_bytes(content[: len(content) - arguments.cut])


if __name__ == "__main__":
    main()
