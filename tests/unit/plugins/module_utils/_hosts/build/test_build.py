# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds, with a stand-in for Maven: what is built of what, when it is not, and what is refused before anything is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
import time
import urllib.parse
import zipfile
from pathlib import Path

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.build import build
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.build import project as build_project
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.build import source as build_source
from standins import cloudstack_source, maven

GIT = ["git", "-c", "user.name=tests", "-c", "user.email=tests@localhost"]
PATCH = "have IscsiAdmStorageAdaptor.disconnectPhysicalDiskByPath answer false for a path that is not iSCSI"


class Place:
    """Sources, and what stands for Maven and a JDK, below a directory."""

    def __init__(self, top, version="4.11.3.0", jdk="1.8.0_402", **plugin):
        self.top = top
        self.tree, self.plugin = top / "cloud stack", top / "plugin"
        cloudstack_source.write(self.tree, cloudstack_source.tree(version))
        cloudstack_source.write(self.plugin, cloudstack_source.plugin(version, **plugin))
        self.mvn, self.jdk = maven.install(top / "maven"), maven.javac(top / "jdk", jdk)
        self.scratch = top / "scratch"
        self.scratch.mkdir()

    def options(self, **more):
        options = {name: option.get("default") for name, option in build.SPEC["argument_spec"].items()}
        return {
            **options,
            "source": str(self.tree),
            "storpool_source": str(self.plugin),
            "dest": str(self.top / "built"),
            "java_home": str(self.jdk),
            "maven": str(self.mvn),
            "timeout": 60,
            **more,
        }

    def make(self, check_mode=False, **more):
        return build.make(build.want(self.options(**more)), check_mode, str(self.scratch))

    def refused(self, **more):
        """What is said, in check mode and else alike, and that nothing is left of it."""
        told = []
        for check_mode in (True, False):
            with pytest.raises(Failure) as caught:
                self.make(check_mode, **more)
            told.append(caught.value.message)
        assert told[0] == told[1]
        assert files(self.scratch) == []
        assert [path.name for path in files(self.top / "built")] in ([], [".lock"])
        return told[0]


def files(directory):
    return [path for path in Path(directory).rglob("*") if path.is_file()]


def content(directory):
    return {path: path.read_bytes() for path in files(directory)}


def commit(directory, *tags):
    """Make a repository of a directory, or another commit in it."""
    for command in (["init", "--quiet", "."], ["add", "--all"], ["commit", "--quiet", "--allow-empty", "-m", "x"]):
        subprocess.run([*GIT, *command], cwd=directory, check=True)
    for tag in tags:
        subprocess.run([*GIT, "tag", *tag.split()], cwd=directory, check=True)
    return subprocess.run(
        [*GIT, "rev-parse", "HEAD"], cwd=directory, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_both_plugins_are_built_and_only_once(place):
    before = content(place.tree) | content(place.plugin)
    foretold = place.make(check_mode=True)
    assert not (place.top / "built").exists()
    built = place.make()
    assert built["changed"]
    assert foretold["changed"]
    assert built["actions"] == foretold["actions"]
    assert built["actions"] == [
        PATCH,
        "give the copy a history of git of one commit, since the StorPool plugin records its commit",
        "build the StorPool plugin and the KVM plugin of CloudStack 4.11.3.0 with JDK 8",
    ]
    for name, jar in built["jars"].items():
        assert jar["sha256"] == hashlib.sha256(Path(jar["path"]).read_bytes()).hexdigest()
        assert foretold["jars"][name] == {**jar, "sha256": None}
    assert built["build"]["java"] == "8.0_402"
    assert built["build"] == foretold["build"]
    assert f"with {place.jdk}" in Path(built["build"]["log"]).read_text()
    times = {path: path.stat().st_mtime_ns for path in (place.top / "built").rglob("*")}
    for check_mode in (True, False):
        again = place.make(check_mode)
        assert again == {
            **built,
            "changed": False,
            "actions": [],
            "diff": {"before": built["jars"], "after": built["jars"]},
        }
    assert times == {path: path.stat().st_mtime_ns for path in (place.top / "built").rglob("*")}
    assert content(place.tree) | content(place.plugin) == before
    assert files(place.scratch) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda place: (place.tree / "plugins" / "new.txt").touch(),
        lambda place: (place.plugin / "pom.xml").chmod(0o755),
        lambda place: (place.plugin / "link").symlink_to("pom.xml"),
        lambda place: commit(place.plugin),
        lambda place: {"maven_args": ["--offline"]},
        lambda place: {"plugins": ["kvm"]},
        lambda place: {"adapt_version": True},
    ],
)
def test_what_is_different_is_built_anew(place, change):
    built = place.make()
    more = change(place)
    options = more if isinstance(more, dict) else {}
    anew = place.make(**options)
    assert anew["changed"]
    assert anew["build"]["log"] != built["build"]["log"]
    assert not place.make(**options)["changed"]


def test_what_maven_makes_is_no_difference(place):
    place.make()
    (place.tree / "plugins/hypervisors/kvm/target").mkdir()
    (place.tree / "plugins/hypervisors/kvm/target/x.class").touch()
    assert not place.make()["changed"]


@pytest.mark.parametrize("damage", ["cut", "gone", "no record", "bad record", "deep record"])
def test_what_is_damaged_is_built_again(place, damage):
    jar = Path(place.make()["jars"]["kvm"]["path"])
    record = jar.parent / "record.json"
    {
        "cut": lambda: jar.write_bytes(jar.read_bytes()[:-1]),
        "gone": jar.unlink,
        "no record": record.unlink,
        "bad record": lambda: record.write_text("[]"),
        "deep record": lambda: record.write_text("[" * 100_000),
    }[damage]()
    assert place.make(check_mode=True)["changed"]
    assert place.make()["changed"]
    assert not place.make()["changed"]


def test_a_killed_build_leaves_nothing_for_ever(place):
    left = place.top / "built" / ".work-0123" / "deep"
    left.mkdir(parents=True)
    place.make()
    assert not left.parent.exists()


def test_two_tasks_at_once_build_once(place):
    results = []
    threads = [threading.Thread(target=lambda: results.append(place.make())) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(result["changed"] for result in results) == [False, False, True]
    assert len({json.dumps(result["jars"]) for result in results}) == 1


def test_a_repository_by_branch_tag_and_commit(place):
    first = commit(place.tree, "v1", "-a v2 -m annotated")
    (place.tree / "plugins" / "later.txt").touch()
    second = commit(place.tree)
    (place.tree / "pom.xml").write_text("not committed")
    url = f"file://{urllib.parse.quote(str(place.tree))}"
    for source in (url, str(place.tree)):
        built = [place.make(source=source, ref=ref)["build"]["commit"] for ref in ("v1", "v2", first, "HEAD", second)]
        assert built == [first, first, first, second, second]
    assert len(list((place.top / "built").glob("*.log"))) == 2
    assert "has no branch or tag v3" in caught(place, source=url, ref="v3")
    subprocess.run([*GIT, "branch", "v1"], cwd=place.tree, check=True)
    assert "has a branch and a tag v1. Say refs/heads/v1 or refs/tags/v1" in caught(place, source=url, ref="v1")
    assert place.make(source=url, ref="refs/tags/v1")["build"]["commit"] == first


def caught(place, **more):
    with pytest.raises(Failure) as failure:
        place.make(**more)
    return failure.value.message


def test_the_plugin_keeps_its_history(place):
    head = commit(place.plugin, "v7")
    built = place.make()
    assert built["build"]["storpool_commit"] == head
    assert f"give the copy the history of {place.plugin}" in built["actions"]
    with zipfile.ZipFile(built["jars"]["storpool"]["path"]) as jar:
        assert json.loads(jar.read("git.properties"))["git.build.version"] == "4.11.3.0"
    assert (
        subprocess.run([*GIT, "status", "--porcelain"], cwd=place.plugin, capture_output=True, check=True).stdout == b""
    )


def test_a_plugin_without_git_properties_needs_no_git(tmp_path, monkeypatch):
    place = Place(tmp_path, git=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert len(place.make()["actions"]) == 2


def test_a_plugin_that_lacks_git_properties_is_not_used(place):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_source, "give_history", lambda *_arguments: "nothing")
        message = caught(place)
    assert "it has no git.properties, without which the management server does not load it" in message
    assert not place.make(check_mode=True)["jars"]["storpool"]["sha256"]


def test_from_4_12_on_the_kvm_plugin_is_left_alone(tmp_path):
    place = Place(tmp_path, "4.16.1.0", "11.0.22")
    assert list(place.make()["jars"]) == ["storpool"]
    assert "whose KVM plugin is right as the package has it" in caught(place, plugins=["kvm"])


def test_a_plugin_in_the_tree(tmp_path):
    place = Place(tmp_path, "4.19.1.0", "11.0.22")
    built = place.make(storpool_source=None)
    assert built["actions"] == ["build the StorPool plugin of CloudStack 4.19.1.0 with JDK 11"]
    assert "has a StorPool plugin already" in caught(place)


@pytest.mark.parametrize("listed", [True, False])
def test_a_plugin_put_into_an_older_tree(tmp_path, listed):
    place = Place(tmp_path)
    cloudstack_source.write(place.tree, cloudstack_source.tree("4.11.3.0", storpool=True, listed=listed, git=True))
    assert build_project.in_reactor(str(place.tree)) == listed
    assert list(place.make(storpool_source=None)["jars"]) == ["storpool", "kvm"]


def test_a_plugin_for_another_version(place):
    cloudstack_source.write(place.plugin, cloudstack_source.plugin("4.11.2.0"))
    assert "the StorPool plugin is for CloudStack 4.11.2.0, and" in place.refused()
    built = place.make(adapt_version=True)
    assert built["jars"]["storpool"]["path"].endswith("-4.11.3.0.jar")
    assert "4.11.2.0" in (place.plugin / "pom.xml").read_text()


@pytest.mark.parametrize(
    ("version", "jdk", "told"),
    [
        ("4.9.3.0", "1.8.0_402", None),
        ("4.9.3.0", "11.0.22", "is compiled for Java 7, and JDK 7 or JDK 8 can build it; this is JDK 11."),
        ("4.11.3.0", "1.7.0_80", "JDK 7 makes no classes for Java 8."),
        ("4.13.1.0", "17.0.1", "is compiled for Java 8, and JDK 8 can build it; this is JDK 17."),
        ("4.16.1.0", "1.8.0_402", "JDK 8 makes no classes for Java 11."),
        ("4.19.1.0", "17.0.1", "and JDK 11 can build it; this is JDK 17."),
        ("4.20.1.0", "17.0.1", None),
        ("4.23.0.0-SNAPSHOT", "11.0.22", None),
        ("4.23.0.0-SNAPSHOT", "21", "JDK 11 or JDK 17 can build it; this is JDK 21."),
    ],
)
def test_the_right_java(tmp_path, version, jdk, told):
    place = Place(tmp_path, version, jdk)
    more = {"storpool_source": None} if int(version.split(".")[1]) >= 17 else {}
    if told:
        assert told in place.refused(**more)
        if "makes no classes" in told:
            assert told in place.refused(any_java=True, **more)
        else:
            assert place.make(any_java=True, **more)["changed"]
    else:
        assert place.make(**more)["changed"]


def test_the_oldest_java_that_a_compiler_knows(tmp_path):
    place = Place(tmp_path, "4.9.3.0", "21.0.1")
    assert "JDK 21 makes no classes for Java 7" in place.refused(any_java=True)


def test_an_unknown_method_is_refused(place):
    path = next(place.tree.rglob("IscsiAdmStorageAdaptor.java"))
    path.write_text(path.read_text().replace('"-iscsi-"', '"-scsi-"'))
    told = place.refused()
    assert (
        "in plugins/hypervisors/kvm/src/com/cloud/hypervisor/kvm/storage/IscsiAdmStorageAdaptor.java, its method"
        in told
    )


def test_a_patched_source_is_recognised(place):
    path = next(place.tree.rglob("IscsiAdmStorageAdaptor.java"))
    path.write_text(cloudstack_source.adaptor(answer=False))
    assert PATCH not in place.make()["actions"]


def test_a_build_that_is_not_patched_is_not_used(place, monkeypatch):
    monkeypatch.setattr(build_project, "patch_adaptor", lambda tree: True)
    told = caught(place)
    assert told == (
        "The jar of the KVM plugin was built, and is not used: its iSCSI adaptor still answers true for a path that is not iSCSI"
    )


def test_maven_fails(place):
    (place.plugin / "broken").write_text("[ERROR] Failed to execute goal on project x: Could not resolve y -> [Help 1]")
    with pytest.raises(Failure) as failure:
        place.make()
    assert failure.value.message.startswith(
        "Could not build the StorPool plugin and the KVM plugin of CloudStack 4.11.3.0: x: Could not resolve y. Maven's whole output is in "
    )
    assert "Could not resolve y" in Path(failure.value.error["log"]).read_text()
    assert [path.name for path in (place.top / "built").iterdir() if path.is_dir()] == []


def test_maven_takes_too_long(place):
    note = place.top / "pid"
    place.mvn.write_text(f"#!/bin/sh\nsleep 600 & echo $! > '{note}'; sleep 600\n")
    for seconds in (1, 10, 100):  # on a machine that is so busy, git takes too long before Maven does
        told = caught(place, timeout=seconds)
        if note.exists():
            break
    assert f"mvn did not end within {seconds} seconds, and was stopped" in told
    left = Path("/proc", note.read_text().strip())
    end = time.monotonic() + 60
    while left.exists() and "Z" not in (left / "stat").read_text().rpartition(")")[2].split()[0]:
        assert time.monotonic() < end, "what Maven had started was not stopped"
        time.sleep(0.01)


def test_maven_makes_nothing(place):
    place.mvn.write_text("#!/bin/sh\n")
    assert "Maven ended well, and has not made" in caught(place)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"source": "cloudstack"},
            "source: cloudstack is neither the absolute path of a directory nor a URL that git knows",
        ),
        ({"source": "/nowhere"}, "source: there is no directory /nowhere"),
        ({"source": "https://example.com/x.git"}, "a branch, tag or commit has to be named, too"),
        ({"source": "git@example.com:x.git"}, "a branch, tag or commit has to be named, too"),
        ({"source": "https://me:secret@example.com/x.git", "ref": "main"}, "the URL has a password, a token"),
        ({"ref": "--upload-pack=x"}, "is no name of a branch, tag or commit"),
        ({"ref": "a b"}, "is no name of a branch, tag or commit"),
        ({"timeout": 0}, "timeout is 0: give a number of seconds above 0"),
        ({"plugins": []}, "plugins: the list is empty"),
        ({"dest": "built"}, "dest: built is no absolute path"),
        ({"storpool_source": None}, "has no plugins/storage/volume/storpool. Before 4.17"),
        ({"maven": "maven-of-nobody"}, "There is no maven-of-nobody on this machine. Install Maven"),
        ({"java_home": "/nowhere"}, "/nowhere is no JDK: it has no bin/javac"),
    ],
)
def test_refused_before_anything_is_built(place, more, told):
    message = place.refused(**more)
    assert told in message
    assert "secret" not in message


def test_dest_is_not_in_what_is_built(place):
    assert "which is built from" in caught(place, dest=str(place.tree / "built"))


@pytest.mark.parametrize(
    ("pom", "told"),
    [
        ("<project", "its pom.xml cannot be read"),
        (cloudstack_source.tree("4.7.1")["pom.xml"], "it is CloudStack 4.7.1, and StorPool is for 4.8 and later"),
        (cloudstack_source.tree("${v}.4.9")["pom.xml"], "is none of CloudStack"),
        (cloudstack_source.plugin("4.11.3.0")["pom.xml"], "not of CloudStack's whole source"),
        (None, "it has no pom.xml"),
    ],
)
def test_what_is_not_cloudstack(place, pom, told):
    (place.tree / "pom.xml").unlink()
    if pom:
        (place.tree / "pom.xml").write_text(pom)
    assert told in place.refused()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read(place):
    (place.tree / "pom.xml").chmod(0)
    assert "cannot be read: Permission denied" in place.refused()
