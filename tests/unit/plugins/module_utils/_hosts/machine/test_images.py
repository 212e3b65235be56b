# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image below a prefix: its links are followed as the host would follow them, nothing outside of it is read, and messages have its own paths."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts import deployment
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import run as plugin_jar_run
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import paths
from ansible_collections.storpool.cloudstack.plugins.modules import cloudstack_deployment_info
from standins import cloudstack_host, storpool_driver

KEPT = "/var/lib/storpool-cloudstack/kept"
LIB = "/usr/share/cloudstack-agent/lib"
JAR = f"{LIB}/cloud-plugin-storage-volume-storpool-4.19.1.0.jar"

# Paths, side by side with the kernel ---------------------------------------------------------------------------------------------------------------

OPENAT2, O_PATH, RESOLVE_IN_ROOT = 437, os.O_PATH, 0x10
NAMES = st.sampled_from(["a", "b", "c", "file", "..", ".", "", "none"])
PLACES = st.lists(NAMES, min_size=1, max_size=5).map("/".join)
TARGETS = st.builds("{0}{1}".format, st.sampled_from(["", "/", "//", "../../../../"]), PLACES).filter(bool)
#: (where, what it leads to) of links; where there is a file or directory already, it stays.
LINKS = st.lists(st.tuples(PLACES, TARGETS), max_size=5)


class How(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


def identity_for_the_host(root, path):
    """Device and inode of what a process sees at the path whose root this directory is (openat2(2)); ``None`` if there is nothing."""
    how = How(O_PATH, 0, RESOLVE_IN_ROOT)
    libc = ctypes.CDLL(None, use_errno=True)
    top = os.open(root, O_PATH)
    try:
        handle = libc.syscall(OPENAT2, top, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
        if handle < 0:
            assert ctypes.get_errno() in (2, 20, 40), os.strerror(ctypes.get_errno())  # ENOENT, ENOTDIR, ELOOP
            return None
        status = os.fstat(handle)
        os.close(handle)
        return status.st_dev, status.st_ino
    finally:
        os.close(top)


def identity_by_root(root, path):
    try:
        status = os.stat(paths.root(str(root)).reach(path))
    except (OSError, Failure):
        return None
    return status.st_dev, status.st_ino


@pytest.fixture(scope="module")
def top(tmp_path_factory):
    return tmp_path_factory.mktemp("image")


@settings(deadline=None)
@given(LINKS, st.lists(TARGETS.map("/{0}".format), min_size=1, max_size=4))
@example([("a/b", "/c"), ("c/file", "../../../etc/passwd")], ["/a/b/file"])
@example([("a/b", "file/.."), ("b", "none/../a")], ["/a/b/file", "/b/file"])
@example([("a/b", "b")], ["/a/b"])
def test_a_path_leads_where_the_host_would_find_it(top, links, looked_at):
    root = top / "root"
    shutil.rmtree(root, ignore_errors=True)
    for directory in ("a", "c"):
        (root / directory).mkdir(parents=True)
        (root / directory / "file").write_text("")
    for place, target in links:
        with contextlib.suppress(OSError, Failure):
            # Laid as the host would: below its root, wherever the links so far lead to.
            at = paths.root(str(root)).reach(f"/{place}", follow=False)
            if at.startswith(f"{root}/") and "/../" not in at:
                os.symlink(target, at)
    for path in looked_at:
        assert identity_by_root(root, path) == identity_for_the_host(root, path), path


# Modules -------------------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def image(tmp_path):
    root = cloudstack_host.make(tmp_path / "image", "4.19.1.0", package="4.19.1.0", components=("agent",))
    cloudstack_host.make_storpool(root)
    (root / JAR.lstrip("/")).write_bytes(storpool_driver.jar("4.19.1.0"))
    (root / "etc/hostname").write_text("agent7\n")
    (root / "etc/storpool.conf.d").mkdir()
    (root / "etc/storpool.conf.d/10.conf").write_text("SP_OURID=7\n")
    (root / "etc/default").mkdir(exist_ok=True)
    (root / "etc/default/cloudstack-agent").write_text("JAVA=/usr/bin/java\n")
    return root


def look(root):
    given = {"component": ["agent"], "keep_dir": KEPT, "prefix": str(root)}
    return deployment.read(given, cloudstack_deployment_info.storpool_files)["deployment"]


class Watch:
    """What this process opens and lists while somebody watches."""

    def __init__(self):
        self.on = False
        self.read = []

    def __call__(self, event, arguments):
        if self.on and event in ("open", "os.listdir") and isinstance(arguments[0], str | bytes):
            self.read.append(os.fsdecode(arguments[0]))


WATCH = Watch()
sys.addaudithook(WATCH)


@contextlib.contextmanager
def nothing_read_outside_of(root):
    WATCH.read.clear()
    WATCH.on = True
    try:
        yield
    finally:
        WATCH.on = False
    read = list(WATCH.read)
    foreign = [path for path in read if not os.path.realpath(path).startswith(f"{root}/")]
    assert [path for path in foreign if not path.endswith((".py", ".pyc"))] == []
    assert any(path.startswith(f"{root}/") for path in read)


READ = [
    *("/etc", "/etc/storpool.conf", "/etc/storpool.conf.d", "/etc/storpool.conf.d/10.conf", "/etc/hostname", "/etc/default/cloudstack-agent"),
    *("/var", "/var/lib/dpkg", "/var/lib/dpkg/status", "/usr", "/usr/bin", "/usr/share", "/usr/share/cloudstack-agent", LIB, JAR),
]  # fmt: skip


@pytest.mark.parametrize("kept_inside", [True, False])
@pytest.mark.parametrize("path", READ)
def test_what_is_read_is_the_images_own_even_if_a_link_has_the_path_of_this_machine(image, tmp_path, path, kept_inside):
    """The link is absolute. Outside, its path leads to something that looks right and is another's; inside, to what was there, or to nothing."""
    expected = look(image)
    other = tmp_path / "other"
    shutil.copytree(image, other, symlinks=True)
    for conf in other.glob("etc/storpool.conf*/*"):
        conf.write_text("SP_OURID=99\n")
    (other / "etc/storpool.conf").write_text("SP_OURID=99\nSP_AUTH_TOKEN=9\nSP_CLUSTER_ID=z.z\n[agent7]\n")
    (other / JAR.lstrip("/")).write_bytes(storpool_driver.jar("4.16.0.0"))
    outside = other / path.lstrip("/")
    here = image / path.lstrip("/")
    if kept_inside:
        inside = image / str(outside).lstrip("/")
        inside.parent.mkdir(parents=True)
        shutil.move(here, inside)
    elif here.is_dir():
        shutil.rmtree(here)
    else:
        here.unlink()
    here.symlink_to(outside)
    with nothing_read_outside_of(image):
        found = look(image)
    if kept_inside:
        assert found["storpool"] == expected["storpool"]
        assert (found["agent"]["version"], found["agent"]["java"]) == (
            expected["agent"]["version"],
            expected["agent"]["java"],
        )
        assert [jar["sha256"] for jar in found["agent"]["driver_jars"]] == [
            jar["sha256"] for jar in expected["agent"]["driver_jars"]
        ]
    else:
        assert found["storpool"]["our_id"] in (7, None)
        assert found["storpool"]["cluster_id"] in (expected["storpool"]["cluster_id"], None)
        assert "4.16.0.0" not in repr(found)
    assert str(image) not in repr(found)


def test_the_version_in_a_jar_is_read_inside(image, tmp_path):
    """Where no package is known, the manifest of CloudStack's own jar says the version."""
    for jar in (image / LIB.lstrip("/")).iterdir():
        jar.unlink()
    shutil.rmtree(image / "var/lib/dpkg")
    outside = tmp_path / "cloud-agent.jar"
    outside.write_bytes(storpool_driver.jar("4.16.0.0"))
    (image / LIB.lstrip("/") / "cloud-agent.jar").symlink_to(outside)
    with nothing_read_outside_of(image):
        assert look(image)["agent"]["version"] is None


def loop(place: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(place.name)


def directory(place: Path) -> None:
    place.unlink(missing_ok=True)
    place.mkdir()


def wrong(place: Path) -> None:
    place.unlink(missing_ok=True)
    place.write_text("SP_OURID=many\nx")


@pytest.mark.parametrize("hurt", [loop, directory, wrong])
@pytest.mark.parametrize(
    "path", ["/etc/storpool.conf", "/etc/storpool.conf.d/10.conf", "/etc/hostname", "/var/lib/dpkg/status", JAR]
)
def test_messages_have_the_images_own_paths(image, path, hurt):
    hurt(image / path.lstrip("/"))
    try:
        told = repr(look(image))
    except Failure as failure:
        told = failure.message
        assert path in told
    assert str(image) not in told


def test_what_a_change_says_has_the_images_own_paths(image):
    jar = image.parent / "new.jar"
    jar.write_bytes(storpool_driver.jar("4.19.1.0", build="new"))
    loop(image / "var/lib/storpool-cloudstack")
    given = {"component": "agent", "plugin": "storpool", "state": "present", "src": str(jar), "remote_src": True}
    given |= {
        "sha256": None,
        "any_version": False,
        "directory": None,
        "keep_dir": KEPT,
        "prefix": str(image),
        "_source": None,
    }
    with pytest.raises(Failure, match=r"/var/lib/storpool-cloudstack") as failure:
        plugin_jar_run.work(given, False, False)
    assert str(image) not in failure.value.message


def test_a_wrong_id_names_its_file_and_line(image):
    (image / "etc/storpool.conf.d/10.conf").write_text("# this host\nSP_OURID=many\n")
    told = {problem["code"]: problem["message"] for problem in look(image)["problems"]}
    assert told["no_storpool_id"].startswith(
        "SP_OURID in /etc/storpool.conf.d/10.conf, line 2 is 'many', which is no id"
    )


def test_the_name_of_the_host_is_no_comment(image):
    (image / "etc/storpool.conf").write_text("SP_AUTH_TOKEN=1\n[agent7]\nSP_OURID=70\n[# the name]\nSP_OURID=1\n")
    (image / "etc/storpool.conf.d/10.conf").unlink()
    (image / "etc/hostname").write_text("# the name\n\n  agent7 \n")
    assert look(image)["storpool"]["our_id"] == 70
