# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the file system of a host with CloudStack installed: ``python -m standins.cloudstack_host ROOT --version VERSION [options]``.

There are the directories, jars and dpkg's data of the packages, Java's files and, if wanted, StorPool's, as far as a program that looks at them can
tell; nothing of it runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from . import kvm_plugin, storpool_driver

COMPONENTS = ("agent", "management")
SHARE = "usr/share/cloudstack-"
WEBAPP_LIB = "usr/share/cloudstack-management/webapps/client/WEB-INF/lib"
STORPOOL_CONF = (
    "SP_API_HTTP_HOST=10.1.1.1\nSP_API_HTTP_PORT=81\nSP_AUTH_TOKEN=1234567890\nSP_CLUSTER_ID=abcd.b\nSP_OURID=7\n"
)


def make(
    root: Path, version: str, components: Sequence[str] = COMPONENTS, java: int | None = 17, package: str | None = None
) -> Path:
    """A host with packages of a version. ``package`` is the version that dpkg has, if it is more than CloudStack's; "" leaves dpkg's data out."""
    root.mkdir(parents=True, exist_ok=True)
    release = tuple(int(part) for part in version.split(".")[:2])
    for component in components:
        {"agent": _agent, "management": _management}[component](root, version, release)
    if package != "":
        install(root, package or version, components)
    if java:
        make_java(root, java)
    return root


def install(
    root: Path, version: str, components: Sequence[str] = COMPONENTS, status: str = "install ok installed"
) -> None:
    """What dpkg says is installed, instead of what it said before."""
    (root / "var/lib/dpkg/info").mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/updates").mkdir(exist_ok=True)
    paragraphs = [
        f"Package: cloudstack-{component}\nStatus: {status}\nArchitecture: all\nMaintainer: nobody\nVersion: {version}\nDescription: a stand-in\n"
        for component in components
    ]
    (root / "var/lib/dpkg/status").write_text("\n".join(paragraphs))


def _agent(root: Path, version: str, release: tuple[int, ...]) -> None:
    home = root / f"{SHARE}agent"
    (home / "plugins").mkdir(parents=True)
    _put(home / f"lib/cloud-agent-{version}.jar", b"not read")
    _put(home / f"lib/cloud-plugin-hypervisor-kvm-{version}.jar", kvm_plugin.jar(version))
    if release >= (4, 17):
        _put(home / f"lib/{storpool_driver.name(version)}", storpool_driver.jar(version, build="package"))


def _management(root: Path, version: str, release: tuple[int, ...]) -> None:
    lib = root / f"{SHARE}management/lib"
    if release < (4, 11):
        _put(root / WEBAPP_LIB / f"cloud-server-{version}.jar", b"not read")
        _put(root / "usr/share/tomcat/lib/catalina.jar", b"not read")
        lib.symlink_to("/usr/share/tomcat/lib")
        return
    _put(lib / f"cloudstack-{version}.jar", b"not read")
    if release >= (4, 17):
        _put(lib / storpool_driver.name(version), storpool_driver.jar(version, build="package"))


def make_java(root: Path, release: int) -> None:
    """Java, as Debian has it: by way of two symbolic links."""
    home = f"usr/lib/jvm/java-{release}-openjdk-amd64"
    version = f"1.{release}.0_402" if release < 9 else f"{release}.0.9"
    _put(root / home / "bin/java", b"not run").chmod(0o755)
    _put(root / home / "release", f'IMPLEMENTOR="nobody"\nJAVA_VERSION="{version}"\n'.encode())
    for link, target in (("usr/bin/java", "/etc/alternatives/java"), ("etc/alternatives/java", f"/{home}/bin/java")):
        (root / link).parent.mkdir(parents=True, exist_ok=True)
        (root / link).unlink(missing_ok=True)
        (root / link).symlink_to(target)


def make_storpool(root: Path, conf: str = STORPOOL_CONF) -> None:
    """StorPool's configuration, and the programs of its client."""
    _put(root / "etc/storpool.conf", conf.encode())
    for program in ("storpool", "storpool_confget"):
        _put(root / "usr/sbin" / program, b"not run").chmod(0o755)


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o644)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="standins.cloudstack_host", description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="the directory that stands for the host's root")
    parser.add_argument("--version", required=True, help="the version of CloudStack")
    parser.add_argument("--component", action="append", choices=COMPONENTS, help="what is installed; both if not given")
    parser.add_argument("--package", help="the version that dpkg has, if it is another; none at all if empty")
    parser.add_argument("--java", type=int, default=17, help="the release of Java; 0 is none")
    parser.add_argument("--storpool", action="store_true", help="with the StorPool client")
    parser.add_argument("--only-dpkg", action="store_true", help="change nothing but what dpkg says")
    arguments = parser.parse_args()
    components = tuple(arguments.component or COMPONENTS)
    if arguments.only_dpkg:
        install(arguments.root, arguments.package or arguments.version, components)
        return
    make(arguments.root, arguments.version, components, arguments.java, arguments.package)
    if arguments.storpool:
        make_storpool(arguments.root)


if __name__ == "__main__":
    main()
