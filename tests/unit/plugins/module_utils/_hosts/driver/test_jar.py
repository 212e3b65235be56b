# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One jar of a plugin on a class path: which jars are taken, what is done and in which order, the way back, and what a kill leaves."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Failure,
    InvalidOption,
    NotAllowed,
    NotConverged,
    NotFound,
    Outdated,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import class_path
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import jar as plugin_jar
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import plan as plugin_jar_plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import run as plugin_jar_run
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import NotAccessible, Unusable
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import (
    files,
    obstacles,
    renames,
    service,
)
from standins import cloudstack_host, kvm_plugin, storpool_driver
from unit import deadly

AGENT_LIB = "/usr/share/cloudstack-agent/lib"
AGENT_PLUGINS = "/usr/share/cloudstack-agent/plugins"
MANAGEMENT_LIB = "/usr/share/cloudstack-management/lib"
WEBAPP_LIB = "/usr/share/cloudstack-management/webapps/client/WEB-INF/lib"
KEPT = "/var/lib/storpool-cloudstack/kept"


def driver_name(version):
    return storpool_driver.name(version)


def kvm_name(version):
    return f"cloud-plugin-hypervisor-kvm-{version}.jar"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Host:
    """An image of a host, and tasks for it."""

    def __init__(self, top, version="4.11.3.0", **options):
        self.top = top
        self.root = top / "root"
        cloudstack_host.make(self.root, version, **{"package": ""} | options)

    def put(self, path, content):
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o644)
        return place

    def params(self, content=None, name=None, **params):
        """The options of a task; with a content, of one that has a jar on the host."""
        given = {name: option.get("default") for name, option in plugin_jar.SPEC["argument_spec"].items()}
        given.update(component="agent", prefix=str(self.root))
        if content is not None:
            source = self.top / (name or "driver.jar")
            source.write_bytes(content)
            given.update(src=str(source), remote_src=True)
        return given | params

    def task(self, content=None, name=None, check_mode=False, diff=True, **params):
        return plugin_jar_run.work(self.params(content, name, **params), check_mode, diff)

    def on_class_path(self, *directories):
        """Checksums of the plugins' jars, by path."""
        found = {}
        for directory in directories or (AGENT_LIB, AGENT_PLUGINS):
            for path in (self.root / directory.lstrip("/")).glob("*"):
                if path.name.lower().endswith(".jar") and (
                    "storpool" in path.name.lower() or "hypervisor-kvm" in path.name
                ):
                    found[f"{directory}/{path.name}"] = sha256(path.read_bytes())
        return found

    def drivers(self, *directories):
        return {
            path: checksum for path, checksum in self.on_class_path(*directories).items() if "hypervisor" not in path
        }

    def files(self):
        """Every file and directory, with its content, mode and time."""
        return {str(path.relative_to(self.root)): self._described(path) for path in self.root.rglob("*")}

    @staticmethod
    def _described(path):
        status = path.lstat()
        return (
            path.read_bytes() if path.is_file() and not path.is_symlink() else None,
            status.st_mode,
            status.st_mtime_ns,
        )

    def kept(self):
        return {sha256(path.read_bytes()) for path in (self.root / KEPT.lstrip("/")).rglob("*.kept")}

    def record(self, component="agent", plugin="storpool"):
        return json.loads((self.root / KEPT.lstrip("/") / f"{component}-{plugin}.json").read_text())


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


NEW = storpool_driver.jar("4.11.3.0", build="new")
OLD = storpool_driver.jar("4.11.2.0", spelling="Storpool")


@pytest.mark.parametrize(
    ("version", "component", "directory"),
    [
        ("4.8.0", "agent", AGENT_LIB),
        ("4.10.0.0", "agent", AGENT_LIB),
        ("4.11.3.0", "agent", AGENT_PLUGINS),
        ("4.16.1.0", "agent", AGENT_PLUGINS),
        ("4.17.0.0", "agent", AGENT_LIB),
        ("4.23.0.0", "agent", AGENT_LIB),
        ("4.8.0", "management", WEBAPP_LIB),
        ("4.10.0.0", "management", WEBAPP_LIB),
        ("4.11.3.0", "management", MANAGEMENT_LIB),
        ("4.16.1.0", "management", MANAGEMENT_LIB),
        ("4.19.1.0", "management", MANAGEMENT_LIB),
    ],
)
def test_its_life_in_each_layout(tmp_path, version, component, directory):
    host = Host(tmp_path, version)
    before = host.drivers(directory)
    new = storpool_driver.jar(version, build="new")
    options = {"component": component}
    foreseen = host.task(new, check_mode=True, **options)
    assert host.drivers(directory) == before
    assert not (host.root / KEPT.lstrip("/")).exists()
    done, again = host.task(new, **options), host.task(new, **options)
    assert (foreseen["changed"], done["changed"], again["changed"]) == (True, True, False)
    assert (foreseen["switched"], done["switched"], again["switched"]) == (True, True, False)
    path = f"{directory}/{driver_name(version)}"
    assert foreseen["jar"] == done["jar"] == again["jar"]
    assert done["jar"] == {
        "path": path,
        "version": version,
        "sha256": sha256(new),
        "plugin": "storpool",
        "component": component,
    }
    assert foreseen["actions"] == done["actions"]
    assert foreseen["kept"] == done["kept"] == again["kept"]
    assert {kept["sha256"] for kept in done["kept"]} == set(before.values())
    assert foreseen["diff"] == done["diff"]
    assert again["actions"] == []
    assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    assert host.drivers(directory) == {path: sha256(new)}
    assert (host.root / path.lstrip("/")).stat().st_mode & 0o7777 == 0o644
    assert done["service"] == {
        "name": f"cloudstack-{component}",
        "state": None,
        "started": None,
        "restart_needed": False,
        "restart_reason": None,
    }

    foreseen = host.task(state="previous", check_mode=True, **options)
    back, again = host.task(state="previous", **options), host.task(state="previous", **options)
    assert (foreseen["changed"], back["changed"], again["changed"]) == (True, True, False)
    assert (foreseen["switched"], back["switched"], again["switched"]) == (True, True, False)
    assert (foreseen["actions"], foreseen["jar"], foreseen["kept"]) == (back["actions"], back["jar"], back["kept"])
    assert host.drivers(directory) == before
    assert back["jar"] == again["jar"]
    assert (back["jar"] and back["jar"]["sha256"]) == next(iter(before.values()), None)
    assert sha256(new) in {kept["sha256"] for kept in back["kept"]}


def test_going_back_from_one_jar_leaves_hosts_alone_that_have_another(host):
    untouched = host.task(state="previous", sha256=sha256(NEW))
    assert not untouched["changed"]  # nothing was ever changed here, and nothing has to be
    path = f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}"
    host.put(path, storpool_driver.jar("4.11.3.0", build="old"))
    host.task(NEW)
    other = host.task(state="previous", sha256=sha256(OLD))
    assert (other["changed"], other["jar"]["sha256"]) == (False, sha256(NEW))
    back = host.task(state="previous", sha256=sha256(NEW).upper())
    again = host.task(state="previous", sha256=sha256(NEW))
    assert (back["changed"], again["changed"]) == (True, False)
    assert host.drivers()[path] == back["jar"]["sha256"] != sha256(NEW)
    with pytest.raises(InvalidOption, match="64 hexadecimal digits"):
        host.task(state="previous", sha256="cafe")


def test_all_copies_are_taken_off_the_class_path_and_kept(host):
    foreign = storpool_driver.jar("1.0", parts=())  # it has the descriptor, so it is the driver's
    copies = {
        f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}": OLD,
        f"{AGENT_LIB}/{driver_name('4.11.3.0')}": storpool_driver.jar("4.11.3.0"),
        f"{AGENT_PLUGINS}/old-StorPool.JAR": storpool_driver.jar("4.9.0"),
        f"{AGENT_LIB}/{driver_name('4.11.3.0-sources')}": foreign,
        f"{AGENT_LIB}/storpool-cut.jar": OLD[:-20],
    }
    others = {
        f"{AGENT_LIB}/storpool-monitoring.jar": kvm_plugin.jar("1.0"),
        f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}.bak": OLD,
        f"{AGENT_PLUGINS}/cloud-plugin-other-4.11.3.0.jar": b"not looked at",
        "/opt/storpool.jar": OLD,
    }
    places = {path: host.put(path, content) for path, content in (copies | others).items()}
    done = host.task(NEW)
    new = host.root / f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}".lstrip("/")
    assert new.read_bytes() == NEW
    for path, content in others.items():
        assert places[path].read_bytes() == content
    for path, content in copies.items():
        assert not places[path].exists()
        kept = f"{KEPT}{path}.{sha256(content)}.kept"
        assert {"path": kept, "original": path, "sha256": sha256(content)} in done["kept"]
        assert (host.root / kept.lstrip("/")).read_bytes() == content
    assert len(done["kept"]) == len(copies)
    assert host.task(state="previous")["changed"]
    for path, content in (copies | others).items():
        assert places[path].read_bytes() == content
    assert not new.exists()


def test_tomcats_lib_is_left_alone(tmp_path):
    host = Host(tmp_path, "4.9.3.0")
    stray = host.put(f"/usr/share/tomcat/lib/{driver_name('4.9.3.0')}", OLD)
    host.task(storpool_driver.jar("4.9.3.0"), component="management")
    assert stray.read_bytes() == OLD
    assert set(host.drivers(WEBAPP_LIB)) == {f"{WEBAPP_LIB}/{driver_name('4.9.3.0')}"}


def test_from_4_17_on_the_packages_own_driver_stays_without_a_jar(tmp_path):
    host = Host(tmp_path, "4.19.1.0")
    packaged = host.drivers()
    assert host.task()["changed"] is False
    assert not (host.root / KEPT.lstrip("/")).exists()
    host.put(f"{AGENT_PLUGINS}/{driver_name('4.16.1.0')}", OLD)
    host.put(f"{AGENT_LIB}/{driver_name('4.19.1.5')}", NEW)  # newer, and not the package's
    done = host.task()
    assert done["changed"]
    assert host.drivers() == packaged
    assert host.kept() == {sha256(OLD), sha256(NEW)}
    assert host.task()["changed"] is False


def test_from_4_17_on_a_jar_takes_the_place_and_name_of_the_packages_own(tmp_path):
    host = Host(tmp_path, "4.19.1.0")
    other = storpool_driver.jar("4.19.1.7", build="fix")
    done = host.task(other, name=driver_name("4.19.1.7"))
    assert done["jar"]["path"] == f"{AGENT_LIB}/{driver_name('4.19.1.0')}"
    assert done["jar"]["version"] == "4.19.1.7"
    assert host.drivers() == {done["jar"]["path"]: sha256(other)}
    assert [action.split(" ")[0] for action in done["actions"]] == ["note", "keep", "replace", "note"]


def test_the_packages_driver_is_missing_or_broken(tmp_path):
    host = Host(tmp_path, "4.19.1.0")
    [path] = host.drivers()
    jar = host.root / path.lstrip("/")
    jar.write_bytes(jar.read_bytes()[:-7])
    with pytest.raises(
        Unusable, match=r"cannot be used, it is not a zip file.*Install the package cloudstack-agent again"
    ):
        host.task()
    jar.unlink()
    with pytest.raises(
        NotFound, match=r"it is not there\. Install the package cloudstack-agent again, or give a jar as src"
    ):
        host.task()
    assert host.task(storpool_driver.jar("4.19.1.0"))["jar"]["path"] == path


def test_another_version_if_it_is_said_to_work(host):
    with pytest.raises(
        InvalidOption,
        match=r"is of CloudStack 4\.11\.2\.0, and the agent here is of 4\.11\.3\.0\. Give the jar of 4\.11\.3, or any_version",
    ):
        host.task(OLD)
    done = host.task(OLD, any_version=True)
    assert done["jar"]["path"] == f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}"
    without = storpool_driver.jar(None)
    with pytest.raises(InvalidOption, match="does not say which CloudStack it is of"):
        host.task(without)
    assert host.task(without, any_version=True)["jar"]["path"] == f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}"


def test_a_version_that_is_no_name_of_a_file_is_not_used_as_one(host):
    odd = storpool_driver.jar("4.11.3.0/../../../x")
    assert host.task(odd)["jar"]["path"] == f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}"


def test_another_directory(host):
    done = host.task(NEW, directory="/opt/cloudstack/extra/")
    assert done["jar"]["path"] == f"/opt/cloudstack/extra/{driver_name('4.11.3.0')}"
    assert host.drivers() == {}
    assert host.task(state="previous")["changed"]
    assert not os.listdir(host.root / "opt/cloudstack/extra")


def test_owner_and_mode_are_put_right(host):
    host.task(NEW)
    jar = host.root / f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}".lstrip("/")
    jar.chmod(0o600)
    foreseen, done, again = host.task(NEW, check_mode=True), host.task(NEW), host.task(NEW)
    assert (foreseen["changed"], done["changed"], again["changed"]) == (True, True, False)
    assert [action.split(" ")[0] for action in done["actions"]] == ["make"]
    assert not foreseen["switched"]
    assert not done["switched"]
    assert foreseen["diff"] == done["diff"]
    assert done["diff"]["before"] != done["diff"]["after"]
    assert jar.stat().st_mode & 0o7777 == 0o644


class TestTheKvmPlugin:
    PATCHED = kvm_plugin.jar("4.11.3.0", kvm_plugin.adaptor(False))

    def test_takes_the_place_of_the_installed_one(self, host):
        stock = host.on_class_path()
        [path] = stock
        done, again = host.task(self.PATCHED, plugin="kvm"), host.task(self.PATCHED, plugin="kvm")
        assert (done["changed"], again["changed"]) == (True, False)
        assert done["jar"]["path"] == path
        assert host.on_class_path() == {path: sha256(self.PATCHED)}
        host.task(NEW)  # the two have nothing to do with each other
        assert host.task(plugin="kvm", state="previous")["changed"]
        assert host.on_class_path() == {**stock, f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}": sha256(NEW)}

    def test_is_not_there(self, host):
        (host.root / f"{AGENT_LIB}/{kvm_name('4.11.3.0')}".lstrip("/")).unlink()
        done = host.task(self.PATCHED, plugin="kvm")
        assert done["jar"]["path"] == f"{AGENT_LIB}/{kvm_name('4.11.3.0')}"

    @pytest.mark.parametrize(
        ("version", "content", "says"),
        [
            ("4.11.3.0", kvm_plugin.jar("4.11.3.0"), "is not patched: it answers true"),
            (
                "4.11.3.0",
                kvm_plugin.jar("4.9.0", kvm_plugin.adaptor(False)),
                r"is of CloudStack 4\.9\.0, and the agent here is of 4\.11\.3\.0",
            ),
            ("4.11.3.0", kvm_plugin.jar("4.12.0", kvm_plugin.adaptor(False)), "never for 4.12 or later"),
            ("4.12.0.0", PATCHED, "never for 4.12 or later"),
            ("4.19.1.0", PATCHED, "never for 4.12 or later"),
            (
                "4.11.3.0",
                storpool_driver.jar("4.11.3.0"),
                "has no class com/cloud/hypervisor/kvm/storage/IscsiAdmStorageAdaptor",
            ),
            (
                "4.11.3.0",
                kvm_plugin.jar("4.11.3.0", kvm_plugin.adaptor_of([("iconst_1",), ("ireturn",)])),
                "known check",
            ),
        ],
    )
    def test_what_is_refused(self, tmp_path, version, content, says):
        host = Host(tmp_path, version)
        refused(host, says, content, plugin="kvm")

    def test_is_of_agents_and_needs_a_jar(self, host):
        refused(host, "the KVM plugin is an agent's", self.PATCHED, plugin="kvm", component="management")
        refused(host, "src: it is missing. Give a jar of the KVM plugin that was built with the patch", plugin="kvm")


def refused(host, says, content=None, kind=Failure, **params):
    """The task is refused with a sentence, in check mode too, and touches nothing."""
    before = host.files()
    for check_mode in (True, False):
        with pytest.raises(kind, match=says):
            host.task(content, check_mode=check_mode, **params)
    assert host.files() == before


def with_more(content, name, more):
    """A jar with one more entry."""
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the same name twice
        file.writestr(name, more)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "params", "says"),
    [
        (
            with_more(NEW, storpool_driver.ADAPTOR.format("StorPool") + ".class", b""),
            {},
            r"Adaptor\.class twice, and which one is loaded",
        ),
        (with_more(NEW, "zeros", bytes(2**28)), {}, "unpacked it would have .* which no plugin of CloudStack has"),
        (
            b"<html>not found</html>",
            {},
            r"cannot be used, it is not a zip file, or its end is missing\. Build or download it again",
        ),
        (NEW[:-10], {}, "cannot be used, it is not a zip file, or its end is missing"),
        (NEW[:60] + bytes([NEW[60] ^ 1]) + NEW[61:], {}, r"its entry META-INF/MANIFEST\.MF is damaged"),
        (kvm_plugin.jar("4.11.3.0"), {}, "is not the StorPool driver: it has no class StorPoolStorageAdaptor"),
        (
            NEW,
            {"name": "cloud-plugin-storage-volume-ceph-4.11.3.0.jar"},
            "by its name, .*ceph.* is not the StorPool driver",
        ),
        (NEW, {"name": driver_name("4.12.0.0")}, r"by its name, .* is of CloudStack 4\.12\.0\.0, and by its manifest"),
        (
            storpool_driver.jar("4.11.3.0", parts=(storpool_driver.PROVIDER,)),
            {},
            "it has no class StorPoolStorageAdaptor",
        ),
        (
            storpool_driver.jar("4.11.3.0", parts=(storpool_driver.ADAPTOR,)),
            {"component": "management"},
            "no class StorPoolPrimaryDataStoreProvider",
        ),
        (NEW, {"sha256": "0" * 64}, "has the checksum [0-9a-f]{64}, not 0{64} as sha256 says"),
        (NEW, {"sha256": "abc"}, "abc is no SHA-256 checksum"),
        (
            storpool_driver.jar("4.11.3.0", java=21),
            {},
            r"needs Java 21, and the agent here has Java 17 \(/usr/bin/java\)",
        ),
        (storpool_driver.jar("4.12.0.0"), {}, r"is of CloudStack 4\.12\.0\.0, and the agent here is of 4\.11\.3\.0"),
        (NEW, {"state": "previous"}, "src: it is for state: present"),
        (
            NEW,
            {"keep_dir": f"{AGENT_LIB}/kept"},
            "is in /usr/share/cloudstack-agent/lib, from where the agent loads its classes",
        ),
        (NEW, {"keep_dir": "kept"}, "kept is no absolute path"),
        (NEW, {"directory": "lib"}, "lib is no absolute path"),
        (NEW, {"remote_src": False}, "gets the jar from its action plugin"),
        (None, {}, r"packages of CloudStack 4\.11\.3\.0 do not bring the StorPool driver"),
        (None, {"sha256": "0" * 64}, "there is no src that could have this checksum"),
        (
            None,
            {"state": "previous"},
            "Nothing is kept of the StorPool driver of the agent .* Give the jar that should be there as src",
        ),
        (None, {"src": "/none.jar", "remote_src": True}, "There is no file /none.jar"),
        (None, {"prefix": "/none"}, "/none is not a directory"),
    ],
)
def test_what_is_refused(host, content, params, says):
    refused(host, says, content, **params)


def test_a_checksum_may_be_in_capitals(host):
    assert host.task(NEW, sha256=sha256(NEW).upper())["changed"]


@pytest.mark.parametrize(
    ("version", "options", "says"),
    [
        (
            "4.11.3.0",
            {"components": ()},
            "The version of CloudStack is not known here: the package cloudstack-agent is not installed",
        ),
        ("4.7.1", {}, r"CloudStack 4\.7\.1 is not supported; the StorPool driver is for CloudStack 4\.8 and later"),
    ],
)
def test_a_host_of_no_known_version(tmp_path, version, options, says):
    host = Host(tmp_path, version, **options)
    refused(host, says, NEW, any_version=True)


def test_a_symbolic_link_is_not_replaced(host):
    target = host.put("/opt/driver.jar", OLD)
    link = host.root / f"{AGENT_LIB}/{driver_name('4.11.2.0')}".lstrip("/")
    link.symlink_to("/opt/driver.jar")
    refused(host, "is a symbolic link to /opt/driver.jar.*Remove the link", NEW, kind=NotAllowed)
    assert target.read_bytes() == OLD


def test_directories_that_are_one_by_a_link_are_looked_at_once(host):
    shutil.rmtree(host.root / AGENT_PLUGINS.lstrip("/"))
    (host.root / AGENT_PLUGINS.lstrip("/")).symlink_to("lib")
    host.put(f"{AGENT_LIB}/{driver_name('4.11.2.0')}", OLD)
    assert host.task(NEW)["changed"]
    assert host.task(NEW)["changed"] is False
    assert list(host.drivers(AGENT_LIB).values()) == [sha256(NEW)]


def test_a_jar_on_the_controller_is_asked_for_only_when_it_is_needed(host):
    told = {"name": driver_name("4.11.3.0"), "sha256": sha256(NEW), "version": "4.11.3.0", "java": 8}
    options = {"src": "drivers/x.jar", "_source": told}
    before = host.files()
    assert host.task(check_mode=True, **options)["changed"]
    assert host.task(**options) == {"changed": False, "needs_source": True}
    assert host.files() == before
    with pytest.raises(InvalidOption, match=r"is of CloudStack 4\.12\.0, and"):
        host.task(src="x.jar", _source=told | {"version": "4.12.0"})
    transferred = host.top / "transferred"
    transferred.write_bytes(NEW)
    done = host.task(src="drivers/x.jar", _source=told | {"path": str(transferred)})
    assert done["changed"]
    assert done["jar"]["path"] == f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}"
    assert host.task(**options)["changed"] is False
    transferred.write_bytes(storpool_driver.jar("4.11.3.0", build="another"))
    with pytest.raises(InvalidOption, match="has changed while it was transferred"):
        host.task(src="drivers/x.jar", _source=told | {"path": str(transferred)})


def test_a_task_that_only_asks_does_nothing_and_a_last_one_does_not_ask(host):
    told = {"name": driver_name("4.11.3.0"), "sha256": sha256(NEW), "version": "4.11.3.0", "java": 8}
    host.put(f"{AGENT_LIB}/{driver_name('4.11.2.0')}", OLD)
    before = host.files()
    assert host.task(src="x.jar", _source=told | {"only_ask": True}) == {"changed": False, "needs_source": True}
    asked = host.task(src="x.jar", _source=told | {"only_ask": True}, check_mode=True)
    assert asked == {"changed": False, "needs_source": False}
    with pytest.raises(Outdated, match="Run it again"):
        host.task(src="x.jar", _source=told | {"is_last": True})
    assert host.task(src="x.jar", _source=told | {"is_last": True}, check_mode=True)["changed"]
    assert host.files() == before
    host.task(NEW)
    host.put(f"{AGENT_LIB}/{driver_name('4.11.2.0')}", OLD)
    assert host.task(src="x.jar", _source=told | {"only_ask": True}) == {"changed": False, "needs_source": False}
    assert len(host.drivers()) == 2
    assert host.task(src="x.jar", _source=told | {"is_last": True})["changed"]


def test_an_upgrade_of_cloudstack_forgets_no_jar_and_puts_none_back_by_mistake(tmp_path):
    host = Host(tmp_path, "4.16.1.0")
    first, second = storpool_driver.jar("4.16.1.0"), storpool_driver.jar("4.16.1.0", build="fix")
    host.task(first)
    host.task(second)
    for old in (host.root / AGENT_LIB.lstrip("/")).glob("cloud-*"):
        old.unlink()
    cloudstack_host._agent(host.root / "next", "4.19.1.0", (4, 19))
    shutil.copytree(host.root / "next", host.root, dirs_exist_ok=True)
    refused(
        host,
        r"when the agent was of CloudStack 4\.16\.1\.0; now it is of 4\.19\.1\.0",
        state="previous",
        kind=InvalidOption,
    )
    done = host.task()
    assert done["changed"]
    assert list(host.drivers()) == [f"{AGENT_LIB}/{driver_name('4.19.1.0')}"]
    assert host.kept() >= {sha256(first), sha256(second)}


def test_a_kept_jar_that_is_gone_or_changed_is_not_put_back(host):
    host.put(f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}", OLD)
    [kept] = host.task(NEW)["kept"]
    place = host.root / kept["path"].lstrip("/")
    place.write_bytes(b"changed")
    refused(host, "has changed since. Give the jar as src", state="previous", kind=NotFound)
    place.unlink()
    refused(host, "there is no .*kept. Give the jar as src", state="previous", kind=NotFound)


@pytest.mark.parametrize("content", [b"{}", b"[" * 20_000], ids=["empty", "nested"])
def test_a_record_that_is_not_one(host, content):
    place = host.put(f"{KEPT}/agent-storpool.json", content)
    refused(host, "is not a record as this module writes it", NEW)
    place.unlink()
    assert host.task(NEW)["changed"]


def test_what_was_before_is_what_was_before_the_last_change(host):
    one, two = storpool_driver.jar("4.11.3.0", build="1"), storpool_driver.jar("4.11.3.0", build="2")
    host.task(one)
    host.task(two)
    host.task(two)
    assert host.task(state="previous")["jar"]["sha256"] == sha256(one)
    host.task(two)
    assert host.task(state="previous")["jar"]["sha256"] == sha256(one)
    assert host.kept() == {sha256(one), sha256(two)}


def test_the_jar_to_go_back_from_can_be_said(host):
    path = f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}"
    host.put(path, OLD)
    assert (
        host.task(state="previous", sha256=sha256(NEW))["changed"] is False
    )  # nothing was changed, and nothing is to be
    host.task(NEW)
    assert host.task(state="previous", sha256=sha256(OLD))["changed"] is False
    assert host.task(state="previous", sha256=sha256(NEW).upper())["changed"] is True
    assert host.task(state="previous", sha256=sha256(NEW))["changed"] is False
    assert host.drivers() == {path: sha256(OLD)}
    refused(host, "abc is no SHA-256 checksum", state="previous", sha256="abc")


def test_a_jar_that_changes_meanwhile_is_planned_anew(host, monkeypatch):
    path = f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}"
    place = host.put(path, OLD)
    rival = storpool_driver.jar("4.11.2.0", build="rival")
    apply, rivals = plugin_jar_run.apply, [rival]

    def interfering(wanted, step):
        if step.call == "switch" and rivals:
            place.write_bytes(rivals.pop())
        apply(wanted, step)

    monkeypatch.setattr(plugin_jar_run, "apply", interfering)
    assert host.task(NEW)["changed"]
    assert host.kept() == {sha256(OLD), sha256(rival)}
    assert list(host.drivers().values()) == [sha256(NEW)]


def test_a_step_of_an_old_plan_does_nothing(host):
    path = f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}"
    place = host.put(path, OLD)
    wanted = plugin_jar.want(host.params(NEW))
    plan = plugin_jar_plan.plan(plugin_jar.look(wanted), wanted)
    rival = storpool_driver.jar("4.11.2.0", build="rival")
    place.write_bytes(rival)
    for step in plan.steps:
        if step.call != "note":
            with pytest.raises(Outdated, match="was changed by something else"):
                plugin_jar_run.apply(wanted, step)
    assert host.drivers() == {path: sha256(rival)}


def test_what_changes_again_and_again_is_given_up(host, monkeypatch):
    place = host.put(f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}", OLD)
    apply, number = plugin_jar_run.apply, iter(range(1000))

    def interfering(wanted, step):
        if step.call == "switch":
            place.write_bytes(storpool_driver.jar("4.11.2.0", build=str(next(number))))
        apply(wanted, step)

    monkeypatch.setattr(plugin_jar_run, "apply", interfering)
    with pytest.raises((Outdated, NotConverged)):
        host.task(NEW)


@pytest.fixture(params=["renameat2", "without it"])
def renaming(request, monkeypatch):
    """Both ways of renaming: with the kernel's exchange, and where it cannot be had."""
    if request.param == "without it":
        monkeypatch.setattr(renames, "renameat2", lambda source, target, flags: False)
    return request.param


SITUATIONS = {
    "nothing there": ("4.11.3.0", {}),
    "an older one": ("4.11.3.0", {f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}": OLD}),
    "an older one elsewhere": ("4.11.3.0", {f"{AGENT_LIB}/{driver_name('4.11.2.0')}": OLD}),
    "another of its name": ("4.11.3.0", {f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}": OLD}),
    "the same under another name": ("4.11.3.0", {f"{AGENT_LIB}/storpool.jar": NEW}),
    "two": (
        "4.11.3.0",
        {f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}": OLD, f"{AGENT_LIB}/{driver_name('4.11.1.0')}": OLD[:-20]},
    ),
    "its name and two": (
        "4.11.3.0",
        {
            f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}": OLD,
            f"{AGENT_PLUGINS}/old-storpool.jar": OLD,
            f"{AGENT_LIB}/{driver_name('4.11.2.0')}": OLD[:-20],
        },
    ),
    "the package's and one by hand": ("4.19.1.0", {f"{AGENT_PLUGINS}/{driver_name('4.16.0.0')}": OLD}),
}


class Situation:
    """A host in one of these situations, and the task that is looked at."""

    def __init__(self, top, name, state):
        version, jars = SITUATIONS[name]
        shutil.rmtree(top, ignore_errors=True)
        top.mkdir()
        self.host, new = Host(top, version), storpool_driver.jar(version, build="new")
        for path, content in jars.items():
            self.host.put(path, content)
        self.start = self.host.drivers()
        if state == "previous":
            self.host.task(new)
        self.before = self.host.drivers()
        self.wish = {"content": new} if state == "present" else {"state": "previous"}

    def task(self, check_mode=False):
        return self.host.task(check_mode=check_mode, **self.wish)

    def agree(self, now, end):
        """What is on the class path at any moment: whole jars of before or afterwards, not fewer, and not more, than on the poorer or richer side."""
        fewest, most = sorted((len(self.before), len(end)))
        assert fewest <= len(now) <= most
        assert set(now) <= {*self.before, *end}
        assert set(now.values()) <= {*self.before.values(), *end.values()}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("state", ["present", "previous"])
def test_at_every_call_there_is_a_driver_and_not_one_more(tmp_path, monkeypatch, renaming, situation, state):
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    once = Situation(tmp_path / "once", situation, state)
    once.task()
    end = once.host.drivers()
    case = Situation(tmp_path / "case", situation, state)
    seen = []
    with deadly.counted(lambda number: seen.append(case.host.drivers()), deadly.CHANGES):
        case.task()
    assert case.host.drivers() == end
    for now in seen:
        case.agree(now, end)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("state", ["present", "previous"])
def test_a_task_killed_at_any_moment_leaves_whole_jars_and_the_way_back(
    tmp_path, monkeypatch, renaming, situation, state
):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # a kill is no loss of power
    case = Situation(tmp_path / "host", situation, state)
    calls = deadly.number_of_calls(case.task, deadly.CHANGES)
    end = case.host.drivers()
    for number in range(1, calls + 1):
        case = Situation(tmp_path / "host", situation, state)
        deadly.kill_before(number, case.task, deadly.CHANGES)
        case.agree(case.host.drivers(), end)
        foreseen, done = case.task(check_mode=True), case.task()
        assert (foreseen["changed"], foreseen["actions"]) == (done["changed"], done["actions"])
        assert case.host.drivers() == end
        assert case.task()["changed"] is False
        assert not [path for path in case.host.files() if path.endswith(".jar.unfinished")]
        case.host.task(state="previous")
        assert case.host.drivers() == case.start
        assert case.host.kept() >= set(case.before.values()) - set(end.values())


def test_another_wish_after_a_kill_leads_back_to_what_was_whole(host, monkeypatch):
    host.put(f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}", OLD)
    start = host.drivers()

    def stop(paths):
        if host.drivers() != start:
            raise KeyboardInterrupt

    monkeypatch.setattr(files, "settle", stop)
    with pytest.raises(KeyboardInterrupt):
        host.task(NEW)
    monkeypatch.undo()
    assert host.drivers() == {path: sha256(NEW) for path in start}  # the new content, and the old name
    assert host.record()["state"] == "changing"
    other = storpool_driver.jar("4.11.3.0", build="other")
    host.task(other)
    assert list(host.drivers().values()) == [sha256(other)]
    host.task(state="previous")
    assert host.drivers() == start


@pytest.mark.parametrize("state", ["present", "previous"])
def test_directories_on_two_file_systems_have_the_same_jar_twice_for_a_moment(host, monkeypatch, state):
    old = f"{AGENT_LIB}/{driver_name('4.11.2.0')}"
    host.put(old, OLD)
    new = f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}"
    if state == "previous":
        host.task(NEW)
    before = host.drivers()
    rename, renameat2 = os.rename, renames.renameat2

    def apart(source, target):
        if os.path.dirname(source) != os.path.dirname(target):
            raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "rename", lambda source, target: (apart(source, target), rename(source, target)))
    monkeypatch.setattr(
        renames, "renameat2", lambda source, target, flags: apart(source, target) or renameat2(source, target, flags)
    )
    seen = []
    with deadly.counted(lambda number: seen.append(host.drivers()), deadly.CHANGES):
        host.task(**({"content": NEW} if state == "present" else {"state": "previous"}))
    end = {new: sha256(NEW)} if state == "present" else {old: sha256(OLD)}
    assert host.drivers() == end
    for now in seen:
        assert len(set(now.values())) == 1
        assert now in (before, end, dict.fromkeys([*before, *end], *end.values()), dict.fromkeys(before, *end.values()))


class TestWhatSomebodyElsePutsThereAtTheSameMoment:
    RIVAL = storpool_driver.jar("4.11.2.0", build="rival")

    @pytest.mark.parametrize(
        ("situation", "way"),
        [
            ("nothing there", "renamed to it"),
            ("an older one", "renamed to it"),
            ("an older one elsewhere", "written anew"),
            ("another of its name", "written anew"),
            ("two", "renamed to it"),
        ],
    )
    def test_is_kept(self, tmp_path, monkeypatch, situation, way):
        """At each call in turn, to each path that the task changes."""
        monkeypatch.setattr(os, "fsync", lambda handle: None)
        case = Situation(tmp_path / "host", situation, "present")
        calls = deadly.number_of_calls(case.task, deadly.CHANGES)
        end = case.host.drivers()
        for path in {*case.before, *end}:
            for number in range(1, calls + 1):
                case = Situation(tmp_path / "host", situation, "present")
                with deadly.counted(
                    lambda reached, n=number, c=case, p=path: reached == n and self.put(c, p, way), deadly.CHANGES
                ):
                    try:
                        case.task()
                    except Outdated:
                        case.task()
                case.task()
                assert case.host.drivers() == end
                assert sha256(self.RIVAL) in case.host.kept()
                assert not [name for name in case.host.files() if name.endswith(".jar.unfinished")]

    def put(self, case, path, way):
        place = case.host.root / path.lstrip("/")
        if way == "written anew":
            case.host.put(path, self.RIVAL)
            return
        other = case.host.put("/opt/rival", self.RIVAL)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(other, place)

    def test_is_kept_if_the_task_is_killed_with_it_in_its_hands(self, host, monkeypatch):
        path = f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}"
        place = host.put(path, OLD)
        exchange = renames.exchange

        def dying(source, target):
            place.write_bytes(self.RIVAL)
            exchange(source, target)
            raise KeyboardInterrupt

        monkeypatch.setattr(renames, "exchange", dying)
        with pytest.raises(KeyboardInterrupt):
            host.task(NEW)
        monkeypatch.undo()
        assert host.drivers() == {path: sha256(NEW)}
        done = host.task(NEW)
        assert host.kept() == {sha256(OLD), sha256(self.RIVAL)}
        assert any(action.startswith("keep ") for action in done["actions"])
        assert host.task(NEW)["changed"] is False


class TestWhatIsInTheWay:
    OLD_PATH = f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}"
    NEW_PATH = f"{AGENT_PLUGINS}/{driver_name('4.11.3.0')}"
    HIDDEN = f"{AGENT_PLUGINS}/.{driver_name('4.11.3.0')}.unfinished"

    @pytest.mark.parametrize("state", ["present", "previous"])
    @pytest.mark.parametrize("locked", ["jar", "directory", "record", "kept", "kept directory"])
    def test_what_nobody_may_replace_is_refused_before_anything_is_touched(self, host, monkeypatch, state, locked):
        host.put(self.OLD_PATH, OLD)
        if state == "previous" or locked not in ("jar", "directory"):
            host.task(NEW)
        if state == "present" and locked not in ("jar", "directory"):
            os.utime(host.put(self.OLD_PATH, OLD), (5, 5))  # kept already, with another time
        path = {
            "jar": self.NEW_PATH if state == "previous" else self.OLD_PATH,
            "directory": AGENT_PLUGINS,
            "record": f"{KEPT}/agent-storpool.json",
            "kept": f"{KEPT}{self.OLD_PATH}.{sha256(OLD)}.kept",
            "kept directory": f"{KEPT}{AGENT_PLUGINS}",
        }[locked]
        meant = os.stat(host.root / path.lstrip("/"))

        def flags(handle, request, room):
            return struct.pack("l", 0x10 if os.path.samestat(os.fstat(handle), meant) else 0)

        monkeypatch.setattr(fcntl, "ioctl", flags)
        if state == "previous" and locked == "kept":
            host.task(state="previous")  # it is only read
            return
        if state == "previous" and locked == "kept directory":
            refused(host, "is immutable, so that not even root", state="previous")  # the new jar is to be kept there
            return
        wish = {"state": "previous"} if state == "previous" else {"content": NEW}
        refused(host, f"{os.path.basename(path)} is immutable, so that not even root", kind=NotAccessible, **wish)

    def test_an_immutable_jar_that_is_right_disturbs_nobody(self, host, monkeypatch):
        host.task(NEW)
        monkeypatch.setattr(fcntl, "ioctl", lambda handle, request, room: struct.pack("l", 0x10))
        assert host.task(NEW)["changed"] is False

    def test_a_mounted_jar(self, host, monkeypatch):
        place = host.put(self.OLD_PATH, OLD)
        mounts = host.top / "mounts"
        mounts.write_text(f"36 35 98:0 /x {place} rw - ext4 /dev/x rw\n")
        monkeypatch.setattr(obstacles, "MOUNTS", str(mounts))
        refused(host, "is mounted there, so it can be neither replaced nor removed", NEW, kind=NotAccessible)

    @pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
    def test_something_else_of_its_name(self, host, make):
        host.put(self.OLD_PATH, OLD)
        make(host.root / self.NEW_PATH.lstrip("/"))
        refused(host, "is in the way, which is no file. Remove it", NEW, kind=NotAccessible)

    def test_a_directory_of_the_hidden_name(self, host):
        (host.root / self.HIDDEN.lstrip("/")).mkdir()
        refused(host, r"\.unfinished is in the way, which is no file", NEW, kind=NotAccessible)

    @pytest.mark.parametrize("content", [b"precious", OLD])
    def test_a_hard_link_of_the_hidden_name_is_not_written_to(self, host, content):
        victim = host.put("/root/precious", content)
        os.link(victim, host.root / self.HIDDEN.lstrip("/"))
        host.task(NEW)
        assert victim.read_bytes() == content
        assert victim.stat().st_nlink == 1
        assert host.task(NEW)["changed"] is False

    def test_what_is_too_large_for_a_jar_and_has_the_hidden_name_goes(self, host, monkeypatch):
        hidden = host.put(self.HIDDEN, b"x" * 100_000)
        monkeypatch.setattr(files, "MOST_BYTES", 50_000)
        host.task(NEW)
        assert not hidden.exists()

    def test_what_a_task_is_writing_at_this_moment_is_left_to_it(self, host):
        host.task(NEW)
        hidden = host.put(self.HIDDEN, b"half")
        with hidden.open("rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            assert host.task(NEW)["changed"] is False
            assert hidden.exists()
        assert [action.split(" ")[0] for action in host.task(NEW)["actions"]] == ["remove"]
        assert not hidden.exists()

    def test_a_jar_with_another_name_outside_keeps_its_owner_and_mode(self, host):
        host.task(NEW)
        jar, other = host.root / self.NEW_PATH.lstrip("/"), host.root / "elsewhere.jar"
        jar.chmod(0o600)
        os.link(jar, other)
        assert host.task(NEW)["changed"]
        assert (jar.stat().st_mode & 0o777, other.stat().st_mode & 0o777) == (0o644, 0o600)
        assert host.task(NEW)["changed"] is False

    def test_a_umask_that_lets_nobody_in(self, host):
        before = os.umask(0o077)
        try:
            host.put(self.OLD_PATH, OLD)
            host.task(NEW, directory="/opt/cloudstack/extra")
        finally:
            os.umask(before)
        for path in ("opt/cloudstack", "opt/cloudstack/extra", KEPT.lstrip("/")):
            assert (host.root / path).stat().st_mode & 0o777 == 0o755
        assert (host.root / "opt/cloudstack/extra" / driver_name("4.11.3.0")).stat().st_mode & 0o777 == 0o644


def test_a_change_of_somebody_else_after_a_kill_is_not_forgotten(host, monkeypatch):
    apply = plugin_jar_run.apply
    monkeypatch.setattr(
        plugin_jar_run, "apply", lambda wanted, step: apply(wanted, step) if step.call != "switch" else 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        host.task(NEW)
    monkeypatch.undo()
    path = f"{AGENT_LIB}/{driver_name('4.11.1.0')}"
    host.put(path, OLD)
    host.task(NEW)
    host.task(state="previous")
    assert host.drivers() == {path: sha256(OLD)}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_cannot_be_written_is_refused_before_anything_is_touched(host):
    (host.root / AGENT_PLUGINS.lstrip("/")).chmod(0o555)
    refused(host, "No files can be made in .*plugins", NEW, kind=NotAccessible)


def test_a_read_only_directory_is_refused_before_anything_is_touched(host, monkeypatch):
    locked = str(host.root / AGENT_PLUGINS.lstrip("/"))
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != locked and access(path, mode))
    refused(host, "No files can be made in .*plugins.*read-only", NEW, kind=NotAccessible)


def test_only_root_gives_jars_to_root(host, monkeypatch):
    wanted = plugin_jar.want(host.params(NEW))
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(class_path, "rightful_owner", lambda root: files.Owner(0, 0, 0o644))
    current = plugin_jar.look(wanted)
    with pytest.raises(NotAccessible, match="needs become: true"):
        plugin_jar_plan.plan(current, wanted)


class TestARunningService:
    @pytest.fixture
    def process(self, host, monkeypatch):
        """A process with a jar of the class path open, as the service of the agent."""
        jar = host.put(f"{AGENT_PLUGINS}/{driver_name('4.11.2.0')}", OLD)
        time.sleep(0.05)
        code = f"import time; file = open({str(jar)!r}); print('open', flush=True); time.sleep(300)"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            process.stdout.readline()

            def look(root, component):
                jars = [
                    jar._replace(path=jar.path.replace(str(root.prefix), "")) for jar in service._open_jars(process.pid)
                ]
                return service.Service(
                    "cloudstack-agent", "active", "enabled", service._started(process.pid), tuple(jars)
                )

            monkeypatch.setattr(service, "look", look)
            yield process
            process.kill()

    def test_has_to_be_restarted_after_a_change_and_only_then(self, host, process):
        assert host.task(OLD, any_version=True)["service"]["restart_needed"] is False
        foreseen, done, again = host.task(NEW, check_mode=True), host.task(NEW), host.task(NEW)
        assert foreseen["service"]["restart_needed"] is True
        assert done["service"]["restart_needed"] is again["service"]["restart_needed"] is True
        assert done["service"]["restart_reason"].startswith("it still has the /usr/share/cloudstack-agent/plugins/")
        assert done["service"]["state"] == "active"
        assert abs(time.time() - service._started(process.pid)) < 60


VERSIONS = ("4.9.3.0", "4.11.3.0", "4.16.1.0", "4.19.1.0")
CONTENTS = [storpool_driver.jar(version, build=build) for version in (*VERSIONS, None) for build in ("a", "b")]
NAMES = [driver_name(version) for version in VERSIONS] + ["storpool.jar", "x-StorPool-old.JAR", "storpool-tools.jar"]
OTHERS = ["cloud-plugin-other.jar", f"{driver_name('4.9.3.0')}.bak", "storpool.txt", ".storpool.jar.swp"]
FOREIGN = kvm_plugin.jar("1.0")


@settings(max_examples=60)
@given(data=st.data())
def test_whatever_is_there_one_jar_is_left_nothing_is_lost_and_all_of_it_comes_back(data):
    version = data.draw(st.sampled_from(VERSIONS))
    component = data.draw(st.sampled_from(["agent", "management"]))
    directories = {"agent": [AGENT_LIB, AGENT_PLUGINS]}.get(component) or [
        WEBAPP_LIB if version.startswith("4.9") else MANAGEMENT_LIB
    ]
    jars = data.draw(
        st.dictionaries(
            st.tuples(st.sampled_from(directories), st.sampled_from(NAMES + OTHERS)),
            st.sampled_from([*CONTENTS, FOREIGN, CONTENTS[0][:-9]]),
            max_size=6,
        )
    )
    new = storpool_driver.jar(version, build=data.draw(st.sampled_from("abc")))
    with tempfile.TemporaryDirectory() as top:
        host = Host(Path(top), version)
        for (directory, name), content in jars.items():
            host.put(f"{directory}/{name}", content)
        others = {
            path: described
            for path, described in host.files().items()
            if described[0] is not None and (not _is_driver(path) or (described[0] == FOREIGN and not _is_named(path)))
        }
        before = host.files()
        done = host.task(new, component=component)
        after = host.files()
        assert others.items() <= after.items()
        drivers = {
            path
            for path, described in after.items()
            if _is_driver(path) and path not in others and _in(path, directories)
        }
        assert drivers == {done["jar"]["path"].lstrip("/")}
        again = host.task(new, component=component)
        assert (again["changed"], again["actions"], again["jar"]) == (False, [], done["jar"])
        assert host.files() == after
        missing = {
            sha256(content[0])
            for path, content in before.items()
            if _in(path, directories) and after.get(path) != content and content[0]
        }
        assert missing <= host.kept()
        if done["changed"]:
            host.task(state="previous", component=component)
            jars_now = {path: content for path, content in host.files().items() if _in(path, directories)}
            assert {path: (content[0], content[2]) for path, content in jars_now.items() if content[0]} == {
                path: (content[0], content[2])
                for path, content in before.items()
                if _in(path, directories) and content[0]
            }
            assert host.task(state="previous", component=component)["changed"] is False


def _in(path, directories):
    return os.path.dirname(f"/{path}") in directories


def _is_named(path):
    return os.path.basename(path).startswith("cloud-plugin-storage-volume-storpool")


def _is_driver(path):
    return "storpool" in os.path.basename(path).lower() and path.endswith((".jar", ".JAR"))
