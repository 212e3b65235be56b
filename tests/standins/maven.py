# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for Maven where a test is about what comes before and after a build: ``python -m standins.maven --projects A,B ... install``.

It makes the jars of the two plugins in the source tree that it runs in, or of the one plugin, without compiling: their classes are assembled. The KVM
plugin's answers what its source says. A file ``broken`` beside a pom.xml makes the build of that module fail with what is in it.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from . import kvm_plugin
from .assembler import assemble

PROVIDER = "org/apache/cloudstack/storage/datastore/provider/StorpoolPrimaryDataStoreProvider"
GIT = """{"git.commit.id.describe-short": "0d9b7f0", "git.build.time": "2024-02-27T10:00:00+0000", "git.build.version": "%s"}"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="standins.maven")
    parser.add_argument("--projects", default=".")
    arguments, _others = parser.parse_known_args()
    print(f"[INFO] with {os.environ.get('JAVA_HOME')}")
    for project in arguments.projects.split(","):
        if not project.startswith(":") and not build(Path(project)):
            return 1
    return 0


def build(module: Path) -> bool:
    """Make the jar of a module, and say whether that went well."""
    artifact, version = described(module)
    broken = module / "broken"
    if broken.exists():
        print(broken.read_text(encoding="utf-8"))
        return False
    path = module / "target" / f"{artifact}-{version}.jar"
    path.parent.mkdir(exist_ok=True)
    if artifact == "cloud-plugin-hypervisor-kvm":
        source = next(module.rglob("IscsiAdmStorageAdaptor.java")).read_text(encoding="utf-8")
        answer = "            return true;\n        }\n\n" in source
        path.write_bytes(kvm_plugin.jar(version, kvm_plugin.adaptor(answer)))
    else:
        path.write_bytes(storpool(version, (module / ".git").is_dir()))
    print(f"[INFO] Building jar: {path}")
    return True


def described(module: Path) -> tuple[str, str]:
    """The artifact and the version that a pom.xml names."""
    root = ElementTree.parse(module / "pom.xml").getroot()
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    artifact = root.findtext("m:artifactId", namespaces=names)
    version = root.findtext("m:parent/m:version", namespaces=names)
    return str(artifact), str(version)


def storpool(version: str, git: bool) -> bytes:
    """The StorPool plugin."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("META-INF/MANIFEST.MF", kvm_plugin.manifest(version))
        file.writestr(f"{PROVIDER}.class", assemble(PROVIDER, []))
        if git:
            file.writestr("git.properties", GIT % version)
    return buffer.getvalue()


def install(home: Path) -> Path:
    """Make a program that stands for Maven, ``bin/mvn`` below a directory."""
    tests = Path(__file__).resolve().parents[1]
    return _program(home / "bin" / "mvn", f'PYTHONPATH="{tests}" exec "{sys.executable}" -m standins.maven "$@"')


def javac(home: Path, version: str) -> Path:
    """Make a directory that looks like that of a JDK, with a compiler that says this version."""
    _program(home / "bin" / "javac", f"echo javac {version}")
    return home


def _program(path: Path, line: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


if __name__ == "__main__":
    sys.exit(main())
