# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages of each release, and the jars."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from lab import jars, packages
from lab.places import places
from standins import kvm_plugin

WEBAPP = "./usr/share/cloudstack-management/webapps/client/WEB-INF/lib/"
LIB = "./usr/share/cloudstack-management/lib/"
AGENT_LIB = "./usr/share/cloudstack-agent/lib/"
JAVA_8, JAVA_11, JAVA_17 = "java8-runtime-headless", "java11-runtime-headless", "java17-runtime-headless"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


def ask(file: Path, *question: str) -> str:
    return subprocess.run(
        ["dpkg-deb", question[0], str(file), *question[1:]], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def contents(file: Path) -> dict[str, tuple[str, str]]:
    """Path to mode and owner, and where a link goes."""
    lines = [line.split(maxsplit=5) for line in ask(file, "--contents").splitlines()]
    return {path: (mode, owner) for mode, owner, _size, _day, _time, path in lines}


@pytest.mark.parametrize(
    ("version", "full", "management", "driver", "java"),
    [
        ("4.8", "4.8.0", WEBAPP, False, JAVA_8),
        ("4.9.3", "4.9.3.0", WEBAPP, False, JAVA_8),
        ("4.10", "4.10.0.0", WEBAPP, False, JAVA_8),
        ("4.11.3", "4.11.3.0", LIB, False, JAVA_8),
        ("4.16.1", "4.16.1.0", LIB, False, JAVA_11),
        ("4.17.1", "4.17.1.0", LIB, True, JAVA_11),
        ("4.19.1", "4.19.1.0", LIB, True, JAVA_11),
        ("4.22.0", "4.22.0.0", LIB, True, JAVA_17),
    ],
)
def test_layout_by_release(cache: Path, version: str, full: str, management: str, driver: bool, java: str) -> None:
    common, agent, server = packages.build(version, cache)
    for file, name in ((common, "common"), (agent, "agent"), (server, "management")):
        assert ask(file, "--field", "Package", "Version").splitlines() == [
            f"Package: cloudstack-{name}",
            f"Version: {full}~bookworm",
        ]
        assert {owner for _mode, owner in contents(file).values()} == {"root/root"}
    assert ask(agent, "--field", "Depends").strip().endswith(java)
    on_agent, on_server = contents(agent), contents(server)
    kvm, storpool = (jars.file_name(name, full) for name in (jars.KVM_NAME, jars.DRIVER_NAME))
    assert {f"{AGENT_LIB}cloud-agent-{full}.jar", AGENT_LIB + kvm, "./usr/share/cloudstack-agent/plugins/"} <= set(
        on_agent
    )
    assert (AGENT_LIB + storpool in on_agent, management + storpool in on_server) == (driver, driver)
    assert {mode for path, (mode, _owner) in (on_agent | on_server).items() if path.endswith(".jar")} == {"-rw-r--r--"}
    link = f"{LIB.rstrip('/')} -> /usr/share/tomcat7/lib"
    assert (link in on_server) == (management == WEBAPP)
    for file, component, properties in ((agent, "agent", "agent"), (server, "management", "server")):
        unit = f"./lib/systemd/system/cloudstack-{component}.service"
        assert unit in contents(file)
        assert f"/etc/cloudstack/{component}/{properties}.properties" in ask(file, "--info", "conffiles").splitlines()
    assert ("./etc/default/cloudstack-agent" in on_agent) == (version not in ("4.8", "4.9.3"))


def test_packages_are_made_once_and_anew_when_a_source_changes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = packages.build("4.19.1", cache)
    times = [file.stat().st_mtime_ns for file in files]
    assert [file.stat().st_mtime_ns for file in packages.build("4.19.1", cache)] == times
    assert packages.build("4.19.1.0", cache) == files
    monkeypatch.setattr(packages, "_SOURCES", ("jars.py",))
    assert packages.build("4.19.1", cache) != files
    assert not [path for path in cache.iterdir() if path.name.startswith(".tmp")]


def test_an_unknown_release_has_no_packages(cache: Path) -> None:
    with pytest.raises(ValueError, match="is not simulated"):
        packages.build("4.7", cache)


def class_files(path: Path) -> dict[str, int]:
    """Class names in a jar to the Java release that they need."""
    with zipfile.ZipFile(path) as jar:
        names = [name for name in jar.namelist() if name.endswith(".class")]
        return {name.removesuffix(".class").rpartition("/")[2]: jar.read(name)[7] - 44 for name in names}


@pytest.mark.parametrize("release", [8, 11, 17])
@pytest.mark.parametrize("spelling", ["StorPool", "Storpool"])
def test_a_driver(tmp_path: Path, release: int, spelling: str) -> None:
    path = jars.make_driver("4.9.3.0", tmp_path / "new" / "driver.jar", release=release, classes=spelling)
    same = jars.make_driver("4.9.3.0", tmp_path / "same.jar", release=release, classes=spelling)
    assert path.read_bytes() == same.read_bytes()
    found = class_files(path)
    assert set(found.values()) == {release}
    assert {name for name in found if name.startswith(spelling)} >= {
        f"{spelling}StorageAdaptor",
        f"{spelling}StoragePool",
        f"{spelling}PrimaryDataStoreProvider",
        f"{spelling}Util",
    }
    assert {"StorPoolModifyStoragePoolCommand", "StorPoolModifyStorageCommandWrapper"} <= set(found)
    assert len(found) == 6
    with zipfile.ZipFile(path) as jar:
        assert b"Implementation-Version: 4.9.3.0\r\n" in jar.read("META-INF/MANIFEST.MF")
        assert "META-INF/cloudstack/storage-volume-storpool/module.properties" in jar.namelist()
        assert ("git.properties" in jar.namelist()) == (spelling == "Storpool")


def test_broken_drivers(tmp_path: Path) -> None:
    sound = jars.make_driver("4.19.1.0", tmp_path / "sound.jar").read_bytes()
    cut = jars.make_driver("4.19.1.0", tmp_path / "cut.jar", broken="truncated")
    assert sound.startswith(cut.read_bytes())
    assert not zipfile.is_zipfile(cut)
    lacking = jars.make_driver("4.19.1.0", tmp_path / "lacking.jar", broken="missing_class")
    assert "LeftOut" not in class_files(lacking)
    without = jars.make_driver("4.9.3.0", tmp_path / "g.jar", broken="no_build_properties", classes="Storpool")
    assert "git.properties" not in zipfile.ZipFile(without).namelist()
    for broken in ("no_build_properties", "static_init_on:", "otherwise"):
        with pytest.raises(ValueError, match="is not broken like"):
            jars.make_driver("4.19.1.0", tmp_path / "none.jar", broken=broken)
    with pytest.raises(ValueError, match="spelled StorPool or Storpool"):
        jars.make_driver("4.19.1.0", tmp_path / "none.jar", classes="storpool")
    assert not (tmp_path / "none.jar").exists()


def test_the_kvm_plugin(tmp_path: Path) -> None:
    original, patched = (jars.make_kvm("4.9.3.0", tmp_path / f"{flag}.jar", patched=flag) for flag in (False, True))
    name = f"{kvm_plugin.CLASS}.class"
    with zipfile.ZipFile(original) as one, zipfile.ZipFile(patched) as other:
        pairs = list(zip(one.read(name), other.read(name), strict=True))
        assert [pair for pair in pairs if pair[0] != pair[1]] == [(0x04, 0x03)]


def test_full_versions() -> None:
    assert (places("4.8").version, places("4.19.1").version) == ("4.8.0", "4.19.1.0")
    assert packages.package_version("4.19.1") == "4.19.1.0~bookworm"
