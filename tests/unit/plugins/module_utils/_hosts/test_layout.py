# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where jars belong by version, and what their names say."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts import layout

AGENT_LIB = "/usr/share/cloudstack-agent/lib"
AGENT_PLUGINS = "/usr/share/cloudstack-agent/plugins"
LIB = "/usr/share/cloudstack-management/lib"
WEBAPP_LIB = "/usr/share/cloudstack-management/webapps/client/WEB-INF/lib"


@pytest.mark.parametrize(
    ("version", "agent", "management", "packaged"),
    [
        ("4.8.0", AGENT_LIB, WEBAPP_LIB, False),
        ("4.9.3.0", AGENT_LIB, WEBAPP_LIB, False),
        ("4.10.0.0", AGENT_LIB, WEBAPP_LIB, False),
        ("4.11.0.0", AGENT_PLUGINS, LIB, False),
        ("4.12.0.0", AGENT_PLUGINS, LIB, False),
        ("4.16.1.0", AGENT_PLUGINS, LIB, False),
        ("4.17.0.0", AGENT_LIB, LIB, True),
        ("4.23.0.0-SNAPSHOT", AGENT_LIB, LIB, True),
        ("5.0.0", AGENT_LIB, LIB, True),
    ],
)
def test_directories(version, agent, management, packaged):
    release = layout.release(version)
    home = layout.layout("agent", release)
    assert (home.directory, home.packaged) == (agent, packaged)
    assert home.class_path == (AGENT_LIB, AGENT_PLUGINS)
    home = layout.layout("management", release)
    assert (home.directory, home.packaged) == (management, packaged)
    assert (home.class_path, home.beside) == ((management,), (WEBAPP_LIB if management == LIB else LIB,))


def test_a_release_that_is_too_old_or_not_known():
    with pytest.raises(InvalidOption, match=r"CloudStack 4\.7\.1 is not supported"):
        layout.layout("agent", (4, 7, 1))
    assert layout.layout("agent", None) == layout.Layout("agent", None, (AGENT_LIB, AGENT_PLUGINS), (), False)
    assert layout.layout("management", None).class_path == (LIB, WEBAPP_LIB)


@pytest.mark.parametrize(
    ("version", "release", "numbers"),
    [
        ("4.8.0", (4, 8, 0), "4.8.0"),
        ("4.19.1.0~jammy", (4, 19, 1), "4.19.1.0"),
        ("1:4.9.3.0-shapeblue0", (4, 9, 3), "4.9.3.0"),
        ("4.20.0.0-1.el8", (4, 20, 0), "4.20.0.0"),
        ("4.11.4.0-SNAPSHOT", (4, 11, 4), "4.11.4.0"),
        ("4.21", (4, 21, 0), "4.21"),
        ("unknown", None, "unknown"),
        ("", None, ""),
    ],
)
def test_versions(version, release, numbers):
    assert layout.release(version) == release
    assert layout.numbers(version) == numbers


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("cloud-plugin-storage-volume-storpool-4.8.0.jar", "4.8.0"),
        ("cloud-plugin-storage-volume-storpool-4.19.1.0.JAR", "4.19.1.0"),
        ("cloud-plugin-storage-volume-storpool-4.20.0.0-SNAPSHOT.jar", "4.20.0.0-SNAPSHOT"),
        ("cloud-plugin-storage-volume-storpool-4.9.3.0-house1.jar", "4.9.3.0-house1"),
        ("cloud-plugin-storage-volume-storpool-4.19.1.0-old.jar", None),
        ("cloud-plugin-storage-volume-storpool-4.19.1.0.bak.jar", None),
        ("cloud-plugin-storage-volume-storpool-4.19.1.0-sources.jar", None),
        ("cloud-plugin-storage-volume-storpool-4.19.1.0_backup2.jar", None),
        ("cloud-plugin-storage-volume-storpool.jar", None),
        ("old-cloud-plugin-storage-volume-storpool-4.19.1.0.jar", None),
        ("cloud-plugin-storage-volume-storpool-4.19.1.0.jar.bak", None),
        ("cloud-plugin-hypervisor-kvm-4.9.3.0.jar", None),
    ],
)
def test_versions_in_names(name, version):
    assert layout.named_version("storpool", name) == version


def test_what_java_loads():
    loaded = ["a.jar", "a.JAR", ".hidden.jar"]
    assert [
        name for name in [*loaded, "a.Jar", "a.jar.bak", ".a.jar.unfinished", "a.jar~"] if layout.is_loaded(name)
    ] == loaded


@pytest.mark.parametrize(
    ("jars", "directory", "chosen"),
    [
        ([], AGENT_LIB, None),
        ([("/x/storpool.jar", None)], AGENT_LIB, "/x/storpool.jar"),
        ([(f"{AGENT_PLUGINS}/a.jar", "4.19.1.0"), (f"{AGENT_LIB}/b.jar", "4.19.1.0")], AGENT_LIB, f"{AGENT_LIB}/b.jar"),
        (
            [(f"{AGENT_PLUGINS}/a.jar", "4.19.1.0"), (f"{AGENT_LIB}/b.jar", "4.16.1.0")],
            AGENT_LIB,
            f"{AGENT_PLUGINS}/a.jar",
        ),
        (
            [
                (f"{AGENT_LIB}/{name}", "4.19.1.0")
                for name in ("a.jar", "cloud-plugin-storage-volume-storpool-4.19.1.0.jar")
            ],
            AGENT_LIB,
            f"{AGENT_LIB}/cloud-plugin-storage-volume-storpool-4.19.1.0.jar",
        ),
    ],
)
def test_which_jar_is_the_one(jars, directory, chosen):
    assert layout.choose("storpool", jars, directory, "4.19.1.0") == chosen


def test_java():
    assert [layout.java_of((4, minor, 0)) for minor in (8, 9, 10, 13, 14, 19, 20, 23)] == [7, 7, 8, 8, 11, 11, 17, 17]
