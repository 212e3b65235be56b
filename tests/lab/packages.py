# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudStack's packages for Debian, with the real names, directories and files of a release and stand-ins as programs."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import standins

from . import jars, javac, services
from .places import AGENT, COMMON, MANAGEMENT, TOMCAT, Places, places

NAMES = ("cloudstack-common", "cloudstack-agent", "cloudstack-management")
#: What the packages of the community's repository have behind the version, for the release of Debian.
SUFFIX = "~bookworm"
SECONDS = 60
#: Sources whose change makes other packages.
_SOURCES = ("packages.py", "jars.py", "javac.py", "places.py", "services.py")

AGENT_PROPERTIES = """\
# What this host is, and which management servers it connects to.
host=localhost
port=8250
workers=5
zone=default
pod=default
cluster=default
"""
SERVER_PROPERTIES = """\
# How the management server listens.
http.port=8080
https.enable=false
https.port=8443
context.path=/client
"""
DB_PROPERTIES = """\
cluster.node.IP=127.0.0.1
cluster.servlet.port=9090
db.cloud.host=localhost
"""
ENABLE = """\
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable --quiet {service}
fi
"""
STOP = """\
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --quiet --now {service}
fi
"""
RELOAD = """\
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
"""
CLOUD_USER = """\
if [ "$1" = configure ]; then
    if ! getent passwd cloud >/dev/null; then
        useradd --system --user-group --no-create-home --home-dir /var/lib/cloudstack/management cloud
    fi
    chown cloud:cloud /var/log/cloudstack/management /var/lib/cloudstack/management
    chmod 0770 /var/log/cloudstack/management /var/lib/cloudstack/management
    chgrp cloud /etc/cloudstack/management/db.properties
    chmod 0640 /etc/cloudstack/management/db.properties
fi
"""
#: Up to 4.10 this was a link to a directory of Tomcat's, and dpkg would put jars there.
NO_TOMCAT = f"""\
#!/bin/sh
set -e
if [ -L {MANAGEMENT}/lib ]; then
    rm {MANAGEMENT}/lib
fi
"""


def package_version(version: str) -> str:
    """The version of the packages of a release: ``4.19.1.0~bookworm``."""
    return places(version).version + SUFFIX


def build(version: str, into: Path) -> list[Path]:
    """The three packages of a release, in a directory of ``into`` that is named for what they are made of.

    They are made once. ValueError for an unknown release, ``javac.CompilerError`` without a JDK, OSError and
    subprocess.CalledProcessError when dpkg-deb cannot do its part.
    """
    here = places(version)
    done = into / f"{here.version}-{_digest()}"
    files = [done / f"{name}_{here.version}{SUFFIX}_all.deb" for name in NAMES]
    if all(file.is_file() for file in files):
        return files
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".tmp-") as name:
        scratch = Path(name)
        result = scratch / "result"
        result.mkdir()
        for package, fill in zip(NAMES, (_common, _agent, _management), strict=True):
            tree = Tree(scratch / package)
            fill(tree, here)
            tree.pack(package, here, result / f"{package}_{here.version}{SUFFIX}_all.deb")
        shutil.rmtree(done, ignore_errors=True)
        result.rename(done)
    return files


def _digest() -> str:
    directory = Path(__file__).resolve().parent
    files = [directory / name for name in _SOURCES]
    files += sorted(javac.SOURCES.rglob("*.java")) + sorted(Path(standins.__file__).parent.glob("*.py"))
    return javac.digest([file.read_bytes() for file in files])


class Tree:
    """The files of one package below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.conffiles: list[str] = []
        self.directory("/DEBIAN")

    def path(self, name: str) -> Path:
        """Where a file of the host is in the tree."""
        return self.root / name.lstrip("/")

    def directory(self, *names: str) -> None:
        for name in names:
            self.path(name).mkdir(parents=True, exist_ok=True)

    def file(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def conffile(self, name: str, text: str | None) -> None:
        """A file that an administrator may change; none if there is no text."""
        if text is not None:
            self.file(name, text)
            self.conffiles.append(name)

    def script(self, name: str, text: str) -> None:
        """A script of the package itself: postinst and the like."""
        self.file(f"/DEBIAN/{name}", text, 0o755)

    def pack(self, package: str, here: Places, target: Path) -> None:
        """Makes the package."""
        self.file("/DEBIAN/control", "".join(f"{line}\n" for line in _control(package, here)))
        if self.conffiles:
            self.file("/DEBIAN/conffiles", "".join(f"{name}\n" for name in self.conffiles))
        for path in self.root.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        self.root.chmod(0o755)
        command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(self.root), str(target)]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)


def _control(package: str, here: Places) -> Iterable[str]:
    version = here.version + SUFFIX
    yield f"Package: {package}"
    yield f"Version: {version}"
    yield "Architecture: all"
    yield "Section: misc"
    yield "Priority: optional"
    yield "Maintainer: StorPool CloudStack collection contributors <nobody@localhost>"
    if package != "cloudstack-common":
        java = f"openjdk-{here.runtime}-jre-headless | java{here.runtime}-runtime-headless"
        yield f"Depends: cloudstack-common (= {version}), {java}"
    yield f"Description: stand-in for {package}, for tests"


def _common(tree: Tree, here: Places) -> None:
    tree.directory(f"{COMMON}/scripts", f"{COMMON}/setup", "/var/log/cloudstack", "/etc/cloudstack")
    tree.file("/usr/bin/cloudstack-sccs", f"#!/bin/sh\necho {javac.digest(here.version)}\n", 0o755)


def _agent(tree: Tree, here: Places) -> None:
    lib = f"{AGENT}/lib"
    tree.directory(lib, f"{AGENT}/plugins", "/var/log/cloudstack/agent")
    jars.make_program(here.version, tree.path(f"{lib}/cloud-agent-{here.version}.jar"), here.java)
    jars.make_kvm(here.version, tree.path(f"{lib}/{jars.file_name(jars.KVM_NAME, here.version)}"), here.patched)
    _packaged_driver(tree, here, lib)
    tree.conffile("/etc/cloudstack/agent/agent.properties", AGENT_PROPERTIES)
    tree.conffile("/etc/default/cloudstack-agent", services.agent_defaults(here))
    _service(tree, "cloudstack-agent", services.agent_unit(here))


def _management(tree: Tree, here: Places) -> None:
    lib = here.management_lib
    tree.directory(lib, "/var/log/cloudstack/management", "/var/lib/cloudstack/management")
    if here.tomcat:
        tree.directory(TOMCAT)
        tree.path(f"{MANAGEMENT}/lib").symlink_to(TOMCAT)
        jars.make_kvm(here.version, tree.path(f"{lib}/{jars.file_name(jars.KVM_NAME, here.version)}"), here.patched)
    else:
        tree.script("preinst", NO_TOMCAT)
    program = "cloud-server" if here.tomcat else "cloudstack"
    jars.make_program(here.version, tree.path(f"{lib}/{program}-{here.version}.jar"), here.java)
    _packaged_driver(tree, here, lib)
    tree.conffile("/etc/cloudstack/management/server.properties", SERVER_PROPERTIES)
    tree.conffile("/etc/cloudstack/management/db.properties", DB_PROPERTIES)
    tree.conffile("/etc/default/cloudstack-management", services.management_defaults(here))
    _service(tree, "cloudstack-management", services.management_unit(here), CLOUD_USER)


def _packaged_driver(tree: Tree, here: Places, lib: str) -> None:
    if here.packaged:
        jars.make_driver(
            here.version, tree.path(f"{lib}/{jars.file_name(jars.DRIVER_NAME, here.version)}"), release=here.java
        )


def _service(tree: Tree, service: str, unit: str, configure: str = "") -> None:
    """The unit, enabled when the package is installed, and not started: its configuration is not there yet."""
    tree.file(f"/lib/systemd/system/{service}.service", unit)
    tree.script("postinst", ENABLE.format(service=service) + configure)
    tree.script("prerm", STOP.format(service=service))
    tree.script("postrm", RELOAD)
