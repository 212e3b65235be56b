# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jars as CloudStack and StorPool's driver have them, with classes of our own; the same request makes the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from standins import kvm_plugin

from . import javac

DRIVER_NAME = "cloud-plugin-storage-volume-storpool"
KVM_NAME = "cloud-plugin-hypervisor-kvm"
#: The spelling in the names of classes: of the driver in CloudStack, and of the one that StorPool kept outside it.
IN_TREE, EXTERNAL = "StorPool", "Storpool"
#: Classes whose names differ in that; the others are StorPool* in both.
SPELLED = ("StorageAdaptor", "StoragePool", "PrimaryDataStoreProvider", "Util")
MODULE = "META-INF/cloudstack/storage-volume-storpool"
BROKEN = ("static_init", "static_init_on:HOST", "missing_class", "no_build_properties", "truncated")
_LEFT_OUT = "org/apache/cloudstack/storage/datastore/util/LeftOut"
_WHEN = (2024, 1, 2, 3, 4, 6)


def file_name(artifact: str, version: str) -> str:
    """How a jar is called: ``cloud-plugin-storage-volume-storpool-4.19.1.0.jar``."""
    return f"{artifact}-{version}.jar"


def make_driver(
    version: str, path: Path | str, broken: str | None = None, release: int = 8, classes: str = IN_TREE
) -> Path:
    """A jar of the StorPool driver; ``version`` is what its manifest says, ``release`` the Java release of its classes.

    ``classes``: "StorPool" for the driver in CloudStack, "Storpool" for the external one. ``broken``: see
    :data:`BROKEN`. Classes fail to load in their static initialisers (on every host, or on one); need a class that
    is not there; the external driver lacks ``git.properties``, which only a management server minds; the file is
    cut off. ValueError for what cannot be made.
    """
    external = _external(classes)
    entries: dict[str, bytes] = {}
    texts = driver_sources(external, broken)
    entries |= {
        name: content for name, content in javac.compiled(texts, release).items() if not name.startswith(_LEFT_OUT)
    }
    entries[f"{MODULE}/module.properties"] = b"name=storage-volume-storpool\nparent=storage\n"
    entries[f"{MODULE}/spring-storage-volume-storpool-context.xml"] = _spring(classes)
    if external and broken != "no_build_properties":
        build = {"git.build.version": version, "git.build.time": "2024-01-02T03:04:05+0000"}
        entries["git.properties"] = json.dumps(build | {"git.commit.id.describe-short": "release"}).encode()
    content = archive(entries, version, "Apache CloudStack Plugin - Storage Volume StorPool provider")
    if broken == "truncated":
        content = content[: len(content) * 2 // 3]
    return _written(path, content)


def make_kvm(version: str, path: Path | str, patched: bool = False) -> Path:
    """A jar of the KVM plugin: without the patch its iSCSI adaptor claims every path."""
    return _written(path, kvm_plugin.jar(version, kvm_plugin.adaptor(answer=not patched)))


def make_program(version: str, path: Path | str, release: int) -> Path:
    """The jar with the stand-ins of the agent and of the management server."""
    return _written(path, archive(javac.compiled(javac.sources("program"), release), version, "Apache CloudStack"))


def archive(entries: Mapping[str, bytes], version: str, title: str) -> bytes:
    """A jar with a manifest and these entries."""
    manifest = [
        "Manifest-Version: 1.0",
        "Created-By: Apache Maven",
        f"Implementation-Title: {title}",
        f"Implementation-Version: {version}",
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as jar:
        _add(jar, "META-INF/MANIFEST.MF", "".join(f"{line}\r\n" for line in [*manifest, ""]).encode())
        for name in sorted(entries):
            _add(jar, name, entries[name])
    return buffer.getvalue()


def _add(jar: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _WHEN)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
    jar.writestr(info, content)


def _external(classes: str) -> bool:
    if classes not in (IN_TREE, EXTERNAL):
        raise ValueError(f"classes are spelled {IN_TREE} or {EXTERNAL}, not {classes!r}")
    return classes == EXTERNAL


def driver_sources(external: bool, broken: str | None = None) -> dict[str, str]:
    """The Java sources of the driver, by path; the ``external`` one is that which StorPool kept outside CloudStack. ``broken`` as above."""
    how, _colon, host = (broken or "").partition(":")
    if how == "static_init" or (how == "static_init_on" and host):
        breakage = f'org.apache.cloudstack.storage.datastore.util.Breakage.strike("{host}");'
    elif how == "missing_class":
        breakage = "org.apache.cloudstack.storage.datastore.util.LeftOut.use();"
    elif how in ("", "truncated") or (how == "no_build_properties" and external):
        breakage = ""
    else:
        raise ValueError(f"a driver is not broken like {broken!r}, but like one of {', '.join(BROKEN)}")
    texts = javac.sources("driver") | (javac.sources("broken") if breakage else {})
    result = {}
    for name, text in texts.items():
        changed = text.replace("// BREAKAGE", breakage) if breakage else text
        changed = changed.replace('"NEEDED"', f'"{str(external).lower()}"')
        for suffix in SPELLED if external else ():
            changed = changed.replace(f"{IN_TREE}{suffix}", f"{EXTERNAL}{suffix}")
        result[_renamed(name) if external else name] = changed
    return result


def _renamed(path: str) -> str:
    directory, _slash, name = path.rpartition("/")
    if name.removeprefix(IN_TREE).removesuffix(".java") in SPELLED:
        name = name.replace(IN_TREE, EXTERNAL)
    return f"{directory}/{name}"


def _spring(classes: str) -> bytes:
    provider = f"org.apache.cloudstack.storage.datastore.provider.{classes}PrimaryDataStoreProvider"
    return (
        '<beans xmlns="http://www.springframework.org/schema/beans">\n'
        f'  <bean id="storpoolPrimaryDataStoreProvider" class="{provider}"/>\n'
        "</beans>\n"
    ).encode()


def _written(path: Path | str, content: bytes) -> Path:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target
