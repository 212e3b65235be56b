# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths of another root, installed versions, Java, and services."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import class_path
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import NotAccessible
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import (
    java,
    packages,
    paths,
    programs,
    service,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine.commands import TimedOut
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine.service import (
    JarFile,
    OpenJar,
    Service,
)
from standins import cloudstack_host, kvm_plugin

LIB = "/usr/share/cloudstack-agent/lib"


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Makes a program on PATH out of lines for a shell; no other program is found but the shell's own."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr(programs, "PLACES", ())

    def make(name, *lines):
        path = directory / name
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(0o755)

    return make


class TestPaths:
    def test_links_are_followed_within_the_root(self, tmp_path):
        (tmp_path / "a/b").mkdir(parents=True)
        (tmp_path / "absolute").symlink_to("/a/b")
        (tmp_path / "a/relative").symlink_to("../a/b")
        (tmp_path / "out").symlink_to("../../../..")
        (tmp_path / "a/b/last").symlink_to("/nowhere")
        root = paths.root(str(tmp_path))
        assert root.resolve("/absolute/x") == "/a/b/x"
        assert root.resolve("/a/relative/./x") == "/a/b/x"
        assert root.resolve("/out/etc/passwd") == "/etc/passwd"
        assert root.reach("/out/etc/passwd") == f"{root.prefix}/etc/passwd"
        assert root.resolve("/a/b/last") == "/nowhere"
        assert root.resolve("/a/b/last", follow=False) == "/a/b/last"
        assert root.resolve("/../..") == "/"
        assert not root.is_here

    def test_a_link_to_itself(self, tmp_path):
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(NotAccessible, match="more than 40 symbolic links"):
            paths.root(str(tmp_path)).resolve("/loop/x")

    def test_this_host(self, tmp_path):
        root = paths.root("/")
        assert root.is_here
        assert root.reach(str(tmp_path)) == os.path.realpath(tmp_path)

    @pytest.mark.parametrize("prefix", ["relative", "/not/there", "/etc/passwd"])
    def test_no_root(self, prefix):
        with pytest.raises(InvalidOption, match="prefix: "):
            paths.root(prefix)


class TestInstalled:
    def root(self, tmp_path, version="4.11.3.0", **options):
        return paths.root(str(cloudstack_host.make(tmp_path / "root", version, **options)))

    def test_by_dpkg(self, program):
        program("dpkg-query", 'echo "$1 $4" >&2', 'echo "install ok installed:1:4.11.3.0~bionic"')
        found = packages.installed(paths.root("/"), "agent")
        assert found == packages.Installed("cloudstack-agent", "1:4.11.3.0~bionic", "4.11.3.0")
        assert found.release == (4, 11, 3)

    @pytest.mark.parametrize(
        "line",
        [
            "deinstall ok config-files:4.19.0.0",
            "install reinstreq half-installed:4.19.0.0",
            "unknown ok not-installed:",
            "",
        ],
    )
    def test_a_package_that_has_been_removed_is_not_there(self, tmp_path, program, line):
        program("dpkg-query", f'echo "{line}"')
        assert packages.installed(paths.root("/"), "agent") == packages.Installed(None, None, None)
        root = self.root(tmp_path)
        status, _colon, version = line.partition(":")
        (tmp_path / "root/var/lib/dpkg/status").write_text(
            f"Package: cloudstack-agent\nStatus: {status}\nVersion: {version}\n\nPackage: b\nStatus: install ok installed\nVersion: 1\n"
        )
        assert packages.installed(root, "agent") == packages.Installed(None, None, "4.11.3.0")

    def test_by_the_list_of_an_image(self, tmp_path, program):
        program("dpkg-query", "echo install ok installed:1.0")  # that of this machine, which is not asked
        root = self.root(tmp_path, package="4.11.3.0~bionic", components=("agent",))
        assert packages.installed(root, "agent") == packages.Installed(
            "cloudstack-agent", "4.11.3.0~bionic", "4.11.3.0"
        )
        assert packages.installed(root, "management") == packages.Installed(None, None, None)

    def test_by_rpm(self, tmp_path, program):
        root = self.root(tmp_path, package="")
        (tmp_path / "root/var/lib/rpm").mkdir(parents=True)
        program("rpm", f'[ "$1 $2 $3 $4" = "--root {root.prefix} --dbpath /var/lib/rpm" ] && echo 4.19.1.0-1.el8')
        assert packages.installed(root, "agent") == packages.Installed("cloudstack-agent", "4.19.1.0-1.el8", "4.19.1.0")
        program("rpm", "exit 1")
        assert packages.installed(root, "agent").package is None

    def test_a_package_of_something_else(self, tmp_path, program):
        program("dpkg-query", 'echo "install ok installed:snapshot"')
        assert packages.installed(paths.root("/"), "agent") == packages.Installed("cloudstack-agent", "snapshot", None)

    @pytest.mark.parametrize(
        ("version", "component"), [("4.9.3.0", "agent"), ("4.9.3.0", "management"), ("4.16.1.0", "management")]
    )
    def test_by_the_names_of_jars(self, tmp_path, version, component):
        root = self.root(tmp_path, version, package="")
        assert packages.installed(root, component) == packages.Installed(None, None, version)

    def test_by_a_manifest(self, tmp_path):
        root = self.root(tmp_path, package="", components=())
        jar = tmp_path / "root" / LIB.lstrip("/") / "cloud-agent.jar"
        jar.parent.mkdir(parents=True)
        jar.write_bytes(b"no jar")
        assert packages.installed(root, "agent").version is None
        with zipfile.ZipFile(jar, "w") as file:
            file.writestr("other", b"")
        assert packages.installed(root, "agent").version is None
        jar.write_bytes(kvm_plugin.jar("4.10.0.0"))
        assert packages.installed(root, "agent").version == "4.10.0.0"

    def test_jars_of_two_versions(self, tmp_path):
        root = self.root(tmp_path, package="")
        (tmp_path / "root" / LIB.lstrip("/") / "cloud-agent-4.9.0.jar").write_bytes(b"")
        with pytest.raises(
            InvalidOption, match=r"jars of CloudStack 4\.11\.3\.0 and 4\.9\.0\. Remove those that are left over"
        ):
            packages.installed(root, "agent")

    def test_a_program_that_does_not_end(self, program):
        program("dpkg-query", "while true; do :; done")
        with pytest.raises(TimedOut, match="did not end within"):
            programs.answer(["dpkg-query"], 0.2)


class TestJava:
    @pytest.mark.parametrize(("release", "version"), [(8, "1.8.0_402"), (11, "11.0.9"), (17, "17.0.9")])
    def test_is_read_from_its_own_file(self, tmp_path, release, version):
        cloudstack_host.make_java(tmp_path, release)
        assert java.find(paths.root(str(tmp_path)), "agent") == java.Java("/usr/bin/java", version, release)

    def test_is_not_there(self, tmp_path):
        assert java.find(paths.root(str(tmp_path)), "agent") is None
        (tmp_path / "usr/bin").mkdir(parents=True)
        (tmp_path / "usr/bin/java").symlink_to("/nowhere")
        assert java.find(paths.root(str(tmp_path)), "agent") is None

    def test_is_chosen_by_the_settings_of_the_service(self, tmp_path):
        cloudstack_host.make_java(tmp_path, 17)
        own = tmp_path / "opt/jdk1.7.0_80/jre/bin/java"
        own.parent.mkdir(parents=True)
        own.write_bytes(b"")
        settings = tmp_path / "etc/default/cloudstack-agent"
        settings.parent.mkdir(parents=True)
        settings.write_text('# JAVA=/bin/other\nJAVA="/opt/jdk1.7.0_80/jre/bin/java"\nJAVA_HEAP_INITIAL=256m\n')
        root = paths.root(str(tmp_path))
        assert java.find(root, "agent") == java.Java("/opt/jdk1.7.0_80/jre/bin/java", "1.7.0_80", 7)
        assert java.find(root, "management").release == 17
        (tmp_path / "opt/jdk1.7.0_80/release").write_text('JAVA_VERSION="1.7.0_81"\n')
        assert java.find(root, "agent").version == "1.7.0_81"

    def test_says_no_version(self, tmp_path):
        (tmp_path / "usr/bin").mkdir(parents=True)
        (tmp_path / "usr/bin/java").write_bytes(b"")
        assert java.find(paths.root(str(tmp_path)), "agent") == java.Java("/usr/bin/java", None, None)


JAR = JarFile(f"{LIB}/storpool.jar", (1, 2), changed=100.0, modified=90.0)
OPEN = OpenJar(JAR.path, False, JAR.identity)


@pytest.mark.parametrize(
    ("started", "jars", "opened", "reason"),
    [
        (None, [JAR], [], None),
        (101.0, [JAR], [OPEN], None),
        (101.0, [], [], None),
        (99.0, [JAR], [], f"it was started before {JAR.path} came or was changed"),
        (99.0, [JAR], [OPEN._replace(identity=(1, 3))], f"it was started before {JAR.path} came or was changed"),
        (99.0, [JAR], [OPEN], None),  # only its owner or mode has changed
        (89.0, [JAR], [OPEN], f"it was started before {JAR.path} came or was changed"),
        (101.0, [JAR], [OPEN._replace(deleted=True)], f"it still has the {JAR.path} open that was there before"),
        (101.0, [JAR], [OpenJar("/opt/agent.jar", True, (1, 9))], None),
        (
            101.0,
            [],
            [OpenJar(f"/kept{LIB}/x.kept", False, (1, 9))],
            f"it has /kept{LIB}/x.kept open, which was taken off its class path",
        ),
        (101.0, [], [OpenJar("/kepter/x.jar", False, (1, 9))], None),
    ],
)
def test_when_a_service_has_to_be_restarted(started, jars, opened, reason):
    running = Service("cloudstack-agent", "active", "enabled", started, tuple(opened))
    assert service.restart_reason(running, jars, {LIB}, "/kept") == reason
    assert service.shown(running, reason)["restart_needed"] == (reason is not None)


class TestService:
    def test_without_systemd(self, program, tmp_path):
        here = paths.root("/")
        assert service.look(here, "agent") == Service("cloudstack-agent")
        program("systemctl", "exit 1")
        assert service.look(here, "agent") == Service("cloudstack-agent")
        program("systemctl", "echo LoadState=not-found; echo ActiveState=inactive; echo MainPID=0")
        assert service.look(here, "agent") == Service("cloudstack-agent")
        program("systemctl", "echo called >&2; exit 99")
        assert service.look(paths.root(str(tmp_path)), "agent") == Service("cloudstack-agent")

    def test_that_does_not_run(self, program):
        program(
            "systemctl",
            "echo LoadState=loaded; echo ActiveState=failed; echo UnitFileState=disabled; echo MainPID=0; echo ControlGroup=",
        )
        assert service.look(paths.root("/"), "management") == Service("cloudstack-management", "failed", "disabled")

    @pytest.mark.parametrize("by", ["main process", "control group"])
    def test_that_runs(self, program, tmp_path, monkeypatch, by):
        jar = tmp_path / "lib/x.jar"
        jar.parent.mkdir()
        jar.write_bytes(b"old")
        before = time.time()
        code = (
            f"import time; file = open({str(jar)!r}); other = open('/dev/null'); print(1, flush=True); time.sleep(300)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            group = tmp_path / "cgroup/system.slice/x.service"
            group.mkdir(parents=True)
            (group / "cgroup.procs").write_text(f"{process.pid}\n0\n")
            monkeypatch.setattr(service, "CONTROL_GROUPS", ("/not/there", str(tmp_path / "cgroup")))
            main = process.pid if by == "main process" else 0
            program(
                "systemctl",
                "echo LoadState=loaded; echo ActiveState=active; echo UnitFileState=enabled",
                f"echo MainPID={main}; echo ControlGroup=/system.slice/x.service",
            )
            root = paths.root("/")
            found = service.look(root, "agent")
            assert (found.name, found.state, found.enabled) == ("cloudstack-agent", "active", "enabled")
            assert before - 1 < found.started < time.time()
            assert [(each.path, each.deleted) for each in found.jars] == [(str(jar), False)]
            assert 0 <= service.age(found) < 60
            jar.unlink()
            jar.write_bytes(b"new")
            found = service.look(root, "agent")
            assert [(each.path, each.deleted) for each in found.jars] == [(str(jar), True)]
            assert service.restart_reason(found, (), {str(jar.parent)}, "/kept")
            process.kill()
        assert service.look(root, "agent").started is None


def test_jars_that_are_not_read_for_their_times(tmp_path):
    cloudstack_host.make(tmp_path, "4.19.1.0", package="")
    (tmp_path / LIB.lstrip("/") / "storpool-lost.jar").symlink_to("/nowhere")
    stamps = class_path.stamps(paths.root(str(tmp_path)), [LIB, "/not/there"])
    assert [os.path.basename(stamp.path) for stamp in stamps] == [
        "cloud-plugin-storage-volume-storpool-4.19.1.0.jar",
        "cloud-plugin-hypervisor-kvm-4.19.1.0.jar",
    ]
    assert all(abs(stamp.changed - time.time()) < 60 for stamp in stamps)
