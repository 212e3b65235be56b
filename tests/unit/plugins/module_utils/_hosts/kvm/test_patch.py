# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KVM patch: which jars it is for, what is planned and done, and the way back."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Failure,
    InvalidOption,
    NotFound,
    Outdated,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import (
    NotAccessible,
    NotRecognised,
    Unusable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.kvm import patch as kvm_patch
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.kvm import plugin as kvm_plugin
from standins import kvm_plugin as standin
from unit import deadly

NAME = "cloud-plugin-hypervisor-kvm-4.9.3.0.jar"
CLASS_FILE = f"{standin.CLASS}.class"
SIGNED = {"META-INF/BUILD.SF": b"Signature-Version: 1.0"}


class Host:
    """A directory with the agent's jar, and one for originals."""

    def __init__(self, top, content=None):
        self.jar = top / "cloudstack-agent" / "lib" / NAME
        self.originals = top / "originals"
        self.jar.parent.mkdir(parents=True)
        self.jar.write_bytes(standin.jar() if content is None else content)

    def task(self, state="patched", check_mode=False, **params):
        wanted = kvm_patch.want({"path": str(self.jar), "state": state, "backup_dir": str(self.originals)} | params)
        return converge(
            look=lambda: kvm_patch.look(None, wanted),
            plan=lambda current: kvm_patch.plan(current, wanted),
            apply=kvm_patch.apply,
            check_mode=check_mode,
            pauses=(),
        )

    def files(self):
        """Every file and directory, with its content."""
        return {
            str(path.relative_to(self.jar.parents[2])): path.read_bytes() if path.is_file() else None
            for path in self.jar.parents[2].rglob("*")
        }

    def answer(self):
        with zipfile.ZipFile(self.jar) as file:
            assert file.testzip() is None
            return {standin.adaptor(True): True, standin.adaptor(False): False}[file.read(CLASS_FILE)]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_its_life(host):
    stock = host.jar.read_bytes()
    foreseen, patched, again = host.task(check_mode=True), host.task(), host.task()
    assert (foreseen.changed, patched.changed, again.changed) == (True, True, False)
    assert foreseen.after == patched.after == again.after == again.before
    assert foreseen.actions == patched.actions
    assert [action.split(" ")[0] for action in patched.actions] == ["keep", "patch"]
    assert host.answer() is False
    kept = host.originals / f"{NAME}.{sha256(stock)}.original"
    assert patched.before == {
        "path": str(host.jar),
        "version": "4.9.3.0",
        "state": "original",
        "sha256": sha256(stock),
        "original": None,
    }
    assert patched.after == {
        "path": str(host.jar),
        "version": "4.9.3.0",
        "state": "patched",
        "sha256": sha256(host.jar.read_bytes()),
        "original": str(kept),
    }
    assert kept.read_bytes() == stock

    foreseen, restored, again = host.task("original", check_mode=True), host.task("original"), host.task("original")
    assert (foreseen.changed, restored.changed, again.changed) == (True, True, False)
    assert foreseen.after == restored.after == again.after
    assert foreseen.actions == restored.actions
    assert host.jar.read_bytes() == stock
    assert restored.after["sha256"] == sha256(stock)

    assert host.task().actions == (patched.actions[1],)  # its original is there already
    assert host.answer() is False


def test_check_mode_touches_nothing(host):
    for state in ("patched", "original"):
        before = host.files()
        host.task(state, check_mode=True)
        assert host.files() == before
        host.task()


def test_owner_mode_and_time_of_the_original_come_back(host):
    host.jar.chmod(0o640)
    os.utime(host.jar, ns=(10**18, 10**18 + 7))
    host.task()
    patched = host.jar.stat()
    assert patched.st_mode & 0o777 == 0o640
    assert patched.st_mtime_ns != 10**18 + 7
    host.task("original")
    restored = host.jar.stat()
    assert (restored.st_mode & 0o777, restored.st_mtime_ns) == (0o640, 10**18 + 7)


def test_an_upgrade_brings_another_jar(host):
    host.task()
    other = standin.jar(more={"fix.txt": b"a fix"})
    host.jar.write_bytes(other)
    assert host.task("original").changed is False
    assert host.task().changed is True
    assert host.answer() is False
    assert host.task("original").changed is True
    assert host.jar.read_bytes() == other


def test_the_original_of_another_jar_is_not_put_back(host):
    host.task()
    host.jar.write_bytes(standin.jar(class_file=standin.adaptor(False), more={"fix.txt": b"a fix"}))
    assert host.task().after["original"] is None
    with pytest.raises(NotFound, match=r"does not hold its original.*Install the package cloudstack-agent again"):
        host.task("original")


@pytest.mark.parametrize("damage", ["cut", "other content", "removed", "no jar", "a patched jar"])
def test_an_original_that_is_no_longer_itself_is_not_put_back(host, damage):
    host.task()
    [kept] = host.originals.iterdir()
    if damage == "cut":
        kept.write_bytes(kept.read_bytes()[:-10])
    elif damage == "other content":
        kept.write_bytes(standin.jar(more={"fix.txt": b"a fix"}))
    else:
        kept.unlink()
    others = {"no jar": b"not a jar", "a patched jar": host.jar.read_bytes()}
    if damage in others:
        (host.originals / f"{NAME}.{sha256(others[damage])}.original").write_bytes(others[damage])
    before = host.jar.read_bytes()
    with pytest.raises(NotFound):
        host.task("original")
    assert host.jar.read_bytes() == before


def test_a_damaged_copy_of_the_original_is_made_anew(host):
    stock = host.jar.read_bytes()
    host.task()
    host.task("original")
    [kept] = host.originals.iterdir()
    kept.write_bytes(b"")
    assert host.task().changed is True
    assert kept.read_bytes() == stock
    host.task("original")
    assert host.jar.read_bytes() == stock


def test_another_way_of_packing_does_not_hide_the_original(host):
    """The patched class can have been packed by another version of zlib."""
    stock = host.jar.read_bytes()
    host.task()
    changed = bytearray(host.jar.read_bytes())
    with zipfile.ZipFile(host.jar) as file:
        info = file.getinfo(CLASS_FILE)
    start = changed.index(CLASS_FILE.encode()) + len(CLASS_FILE) + len(info.extra)
    packed = bytes(changed[start : start + info.compress_size])
    stored = b"\x01" + info.file_size.to_bytes(2, "little") + (info.file_size ^ 0xFFFF).to_bytes(2, "little")
    repacked = stored + standin.adaptor(False)
    assert changed.count(packed) == 1
    host.jar.write_bytes(repack(bytes(changed), packed, repacked))
    assert host.answer() is False
    assert host.task().changed is False
    host.task("original")
    assert host.jar.read_bytes() == stock


def repack(data, packed, repacked):
    """The archive with the packed data of one entry exchanged for another packing of the same content."""
    delta = len(repacked) - len(packed)
    at = data.index(packed)
    data = bytearray(data.replace(packed, repacked))
    entry = data.rindex(b"PK\x03\x04", 0, at)
    data[entry + 18 : entry + 22] = len(repacked).to_bytes(4, "little")
    end = data.rindex(b"PK\x05\x06")
    directory = int.from_bytes(data[end + 16 : end + 20], "little") + delta
    data[end + 16 : end + 20] = directory.to_bytes(4, "little")
    central = directory
    while data[central : central + 4] == b"PK\x01\x02":
        local = int.from_bytes(data[central + 42 : central + 46], "little")
        if local == entry:
            data[central + 20 : central + 24] = len(repacked).to_bytes(4, "little")
        elif local > entry:
            data[central + 42 : central + 46] = (local + delta).to_bytes(4, "little")
        central += 46 + sum(
            int.from_bytes(data[central + field : central + field + 2], "little") for field in (28, 30, 32)
        )
    return bytes(data)


def test_a_jar_that_somebody_else_patched_is_left_alone(tmp_path):
    host = Host(tmp_path, standin.jar(class_file=standin.adaptor(False)))
    outcome = host.task()
    assert (outcome.changed, outcome.after["state"], outcome.after["original"]) == (False, "patched", None)
    assert not host.originals.exists()
    with pytest.raises(NotFound):
        host.task("original")


def test_a_jar_that_changes_meanwhile_is_not_overwritten(host):
    wanted = kvm_patch.want({"path": str(host.jar), "state": "patched", "backup_dir": str(host.originals)})
    plan = kvm_patch.plan(kvm_patch.look(None, wanted), wanted)
    upgraded = standin.jar(more={"fix.txt": b"a fix"})
    host.jar.write_bytes(upgraded)
    for step in plan.steps:
        with pytest.raises(Outdated):
            kvm_patch.apply(step)
    assert host.jar.read_bytes() == upgraded
    assert not host.originals.exists()


def test_a_change_in_between_is_planned_anew(host, monkeypatch):
    upgraded = standin.jar(more={"fix.txt": b"a fix"})
    wanted = kvm_patch.want({"path": str(host.jar), "state": "patched", "backup_dir": str(host.originals)})
    rivals = [upgraded]

    def apply(step):
        if step.call == "patch" and rivals:
            host.jar.write_bytes(rivals.pop())
        kvm_patch.apply(step)

    converge(lambda: kvm_patch.look(None, wanted), lambda current: kvm_patch.plan(current, wanted), apply, pauses=())
    assert host.answer() is False
    host.task("original")
    assert host.jar.read_bytes() == upgraded


def test_an_interrupted_run_is_finished_by_the_next(host):
    stock = host.jar.read_bytes()
    wanted = kvm_patch.want({"path": str(host.jar), "state": "patched", "backup_dir": str(host.originals)})
    kvm_patch.apply(kvm_patch.plan(kvm_patch.look(None, wanted), wanted).steps[0])
    assert host.jar.read_bytes() == stock
    assert len(host.task().actions) == 1
    host.task("original")
    assert host.jar.read_bytes() == stock


@pytest.mark.parametrize("state", ["patched", "original"])
def test_a_task_killed_at_any_moment_leaves_a_whole_jar_and_the_way_back(tmp_path, state):
    stock = standin.jar()
    host = Host(tmp_path)
    host.task()
    patched = host.jar.read_bytes()
    start, end = (stock, patched) if state == "patched" else (patched, stock)

    def begin_anew():
        shutil.rmtree(tmp_path)
        Host(tmp_path)
        if state == "original":
            host.task()

    begin_anew()
    seen = set()
    for number in range(1, deadly.number_of_calls(lambda: host.task(state)) + 1):
        begin_anew()
        deadly.kill_before(number, lambda: host.task(state))
        seen.add(host.jar.read_bytes())
        host.task(state)
        assert host.jar.read_bytes() == end
        assert os.listdir(host.jar.parent) == [NAME]
        host.task("original")
        assert host.jar.read_bytes() == stock
    assert seen == {start, end}


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (b"", Unusable, "not a zip file, or its end is missing"),
        (b"<html>not found</html>", Unusable, "not a zip file"),
        (standin.jar()[:-5], Unusable, "not a zip file, or its end is missing"),
        (standin.jar().replace(bytes(range(256)), bytes(256)), Unusable, r"its entry stored\.bin is damaged"),
        (standin.jar(class_file=b""), NotRecognised, "has no class com/cloud.*left as it is"),
        (standin.jar(class_file=b"abc"), Unusable, r"in IscsiAdmStorageAdaptor\.class, it is no class file"),
        (standin.jar(class_file=standin.adaptor_of([("iconst_1",), ("ireturn",)])), NotRecognised, "known check"),
        (standin.jar(more={f"META-INF/versions/9/{CLASS_FILE}": b""}), NotRecognised, "several variants"),
        (standin.jar(more=SIGNED), InvalidOption, "it is signed"),
        (standin.jar("4.12.0.0"), InvalidOption, r"by its name it is of CloudStack 4\.9\.3\.0, and by its manifest"),
        (standin.jar("4.10.0.0"), InvalidOption, r"of 4\.10\.0\.0"),
    ],
)
def test_what_is_refused_is_left_alone(tmp_path, content, kind, says):
    host = Host(tmp_path, content)
    for check_mode in (True, False):
        with pytest.raises(kind, match=f"{NAME} cannot be patched: .*{says}"):
            host.task(check_mode=check_mode)
    assert host.jar.read_bytes() == content
    assert not host.originals.exists()


def test_a_class_that_cannot_be_replaced_is_left_alone(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(CLASS_FILE, standin.adaptor())
        file.fp.write(b"gap")
        file.start_dir = file.fp.tell()
    host = Host(tmp_path, buffer.getvalue())
    with pytest.raises(Unusable, match=r"cannot be patched: .*followed by something that is not part of it"):
        host.task(check_mode=True)
    assert host.task("original").changed is False


@pytest.mark.parametrize(
    ("name", "manifest", "says"),
    [
        ("cloud-plugin-hypervisor-kvm-4.12.0.0.jar", "4.12.0.0", "never for 4.12 or later"),
        ("cloud-plugin-hypervisor-kvm-4.19.1.2.jar", None, "never for 4.12 or later"),
        ("cloud-plugin-hypervisor-kvm-5.0.jar", None, "never for 4.12 or later"),
        ("cloud-plugin-hypervisor-kvm-4.7.1.jar", "4.7.1", "the patch is for 4.8 to 4.11"),
        ("cloud-plugin-hypervisor-kvm.jar", None, "neither its name nor its manifest"),
        ("cloud-plugin-hypervisor-kvm.jar", "unknown", "neither its name nor its manifest"),
        ("cloud-plugin-hypervisor-kvm-4.9.0.jar.bak", "4.9.0", "its name is not that of a jar"),
        ("cloudstack-4.11.3.0.jar", "4.11.3.0", "its name is not that of a jar"),
        ("cloud-plugin-hypervisor-xen-4.9.0.jar", "4.9.0", "its name is not that of a jar"),
    ],
)
def test_names_and_versions_that_are_refused(name, manifest, says):
    with pytest.raises(InvalidOption, match=says):
        kvm_plugin.read(name, standin.jar(manifest))


@pytest.mark.parametrize(
    ("name", "manifest", "version"),
    [
        ("cloud-plugin-hypervisor-kvm-4.8.0.jar", "4.8.0", "4.8.0"),
        ("cloud-plugin-hypervisor-kvm-4.9.3.0.jar", None, "4.9.3.0"),
        ("cloud-plugin-hypervisor-kvm-4.10.0.0.jar", "4.10.0.0", "4.10.0.0"),
        ("cloud-plugin-hypervisor-kvm-4.11.3.0.jar", "4.11.3.0", "4.11.3.0"),
        ("cloud-plugin-hypervisor-kvm-4.11.4.0-SNAPSHOT.jar", "4.11.4.0-SNAPSHOT", "4.11.4.0-SNAPSHOT"),
        ("cloud-plugin-hypervisor-kvm-4.11.jar", "4.11.3.0-house1", "4.11.3.0-house1"),
        ("cloud-plugin-hypervisor-kvm.jar", "4.9.2.0", "4.9.2.0"),
    ],
)
def test_names_and_versions_that_are_accepted(name, manifest, version):
    assert kvm_plugin.read(name, standin.jar(manifest)).version == version


@pytest.mark.parametrize(
    ("manifest", "version"),
    [
        (b"Manifest-Version: 1.0\r\nimplementation-version: 4.11.\r\n 3.0\r\n\r\n", "4.11.3.0"),
        (
            b"Manifest-Version: 1.0\nImplementation-Version: 4.11.1.0\n\nName: a\nImplementation-Version: 4.8.0\n",
            "4.11.1.0",
        ),
        (b"Manifest-Version: 1.0\n\nName: a\nImplementation-Version: 4.8.0\n", None),
        (b"\xff\xfe", None),
    ],
)
def test_manifests(manifest, version, monkeypatch):
    monkeypatch.setattr(standin, "manifest", lambda version: manifest)
    if version:
        assert kvm_plugin.read("cloud-plugin-hypervisor-kvm.jar", standin.jar()).version == version
    else:
        with pytest.raises(InvalidOption, match="neither its name nor its manifest"):
            kvm_plugin.read("cloud-plugin-hypervisor-kvm.jar", standin.jar())


def test_a_signed_jar_that_is_patched_is_no_error(tmp_path):
    host = Host(tmp_path, standin.jar(class_file=standin.adaptor(False), more=SIGNED))
    assert host.task().changed is False


def test_places_for_originals_that_the_agent_loads_from(host):
    agent = host.jar.parents[1]
    (agent / "elsewhere").symlink_to(agent / "lib")
    for place in (
        agent / "lib",
        agent / "lib" / "kept",
        agent / "plugins",
        agent / "lib" / ".." / "lib",
        agent / "elsewhere",
    ):
        with pytest.raises(InvalidOption, match="from where the agent loads its classes"):
            host.task(backup_dir=str(place))
    host.task(backup_dir=str(agent / "originals"))


@pytest.mark.parametrize("option", ["path", "backup_dir"])
def test_paths_are_absolute(host, option):
    with pytest.raises(InvalidOption, match=f"{option}: relative/dir is no absolute path"):
        host.task(**{option: "relative/dir"})


def test_directories_that_cannot_be_written_to_are_known_beforehand(host, monkeypatch):
    access = os.access
    for locked in (host.jar.parent, host.originals.parent):
        monkeypatch.setattr(os, "access", lambda path, mode, locked=locked: path != str(locked) and access(path, mode))
        before = host.files()
        with pytest.raises(NotAccessible, match=f"No files can be made in {locked}"):
            host.task(check_mode=True)
        assert host.files() == before
        assert host.task("original").changed is False  # nothing to write, so nothing to complain of


def test_no_jar(host):
    host.jar.unlink()
    with pytest.raises(NotFound, match=f"There is no file {host.jar}"):
        host.task()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_jar_is_refused_or_patched_and_restored(tmp_path, data):
    damaged = bytearray(standin.jar())
    for _byte in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    shutil.rmtree(tmp_path)
    host = Host(tmp_path, bytes(damaged))
    try:
        host.task()
    except Failure:
        assert host.jar.read_bytes() == damaged
        return
    assert kvm_plugin.read(NAME, host.jar.read_bytes()).patched
    host.task("original")
    assert host.jar.read_bytes() == damaged


def test_without_a_path_it_is_the_jar_that_is_installed(tmp_path, monkeypatch):
    host = Host(tmp_path)
    monkeypatch.setitem(kvm_patch.LIB, kvm_patch.AGENT, str(host.jar.parent))
    assert host.task(path=None).after["path"] == str(host.jar)
    (host.jar.parent / "cloud-plugin-hypervisor-kvm-4.10.0.0.jar").write_bytes(b"")
    with pytest.raises(NotFound, match=r"4\.10\.0\.0\.jar and cloud-plugin-hypervisor-kvm-4\.9\.3\.0\.jar"):
        host.task(path=None)
    monkeypatch.setitem(kvm_patch.LIB, kvm_patch.AGENT, str(tmp_path / "nowhere"))
    with pytest.raises(NotFound, match="There is no jar of CloudStack's KVM plugin in"):
        host.task(path=None)
