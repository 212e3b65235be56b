# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KVM patch before the judge: classes from a compiler, run by Java.

Without a compiler (``javac``) these tests are skipped, and say so; where the environment variable ``CI`` is set they fail instead.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.formats import bytecode, classfile
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.kvm import patch as kvm_patch
from standins import kvm_plugin as standin

SECONDS = 180
NAME = "cloud-plugin-hypervisor-kvm-4.9.3.0.jar"
#: How the method can look for the mark, in Java.
CHECKS = {
    "index_of": 'String mark = "-iscsi-"; String lun = "-lun-"; if (path.indexOf(mark) == -1)',
    "final": 'final String ip = "ip-"; final String mark = "-iscsi-"; if (path.indexOf(mark) == -1)',
    "negative": 'String ip = "ip-"; String mark = "-iscsi-"; if (path.indexOf(mark) < 0)',
    "contains": 'String a = "a"; String b = "b"; String c = "c"; String mark = "-iscsi-"; if (!path.contains(mark))',
    "bare": 'if (!path.contains("-iscsi-"))',
}
#: Levels of Java: those that CloudStack 4.8 to 4.11 was built for, and a new one. Compilers forget the old ones in time.
LEVELS = ("7", "8", "17")
SOURCE = """
package com.cloud.hypervisor.kvm.storage;

public class IscsiAdmStorageAdaptor {
    private int calls;

    public boolean disconnectPhysicalDiskByPath(String path) {
        %s {
            return true;
        }
        int index = path.indexOf("-iscsi-");
        String name = path.substring(index + 7);
        for (int tries = 0; tries < 2; tries++) {
            if (disconnect(name, tries)) {
                return true;
            }
        }
        return calls < 0;
    }

    private boolean disconnect(String name, int tries) {
        calls += 100000;
        switch (tries) {
            case 0: return false;
            case 1: return !name.isEmpty();
            case 2: return calls > 1;
            case 3: return calls > 2;
            default: break;
        }
        switch (name) {
            case "": throw new IllegalStateException();
            default: return new int[2][3].length > 1000 && calls == (int) 1.0e7;
        }
    }
}
"""
#: Compiles SOURCE LEVEL DIRECTORY ... in one Java, since starting it takes longest.
COMPILE = """
public class Compile {
    public static void main(String[] args) {
        javax.tools.JavaCompiler compiler = javax.tools.ToolProvider.getSystemJavaCompiler();
        for (int at = 0; at < args.length; at += 3) {
            String debug = args[at + 1].equals("8") ? "-g:none" : "-g";
            int status = compiler.run(
                null, null, System.out, "-nowarn", "-Xlint:-options", debug, "--release", args[at + 1], "-d", args[at + 2], args[at]);
            System.out.println((status == 0 ? "compiled " : "failed ") + args[at + 2]);
        }
    }
}
"""
#: Prints for each jar what its class answers for each path.
ASK = """
import java.lang.reflect.Method;
import java.net.*;
import java.nio.file.Paths;

public class Ask {
    public static void main(String[] args) throws Exception {
        String[] paths = args[0].split(",", -1);
        for (int at = 1; at < args.length; at++) {
            URL[] where = {Paths.get(args[at]).toUri().toURL()};
            try (URLClassLoader loader = new URLClassLoader(where)) {
                Class<?> adaptor = loader.loadClass("com.cloud.hypervisor.kvm.storage.IscsiAdmStorageAdaptor");
                Method method = adaptor.getMethod("disconnectPhysicalDiskByPath", String.class);
                for (String path : paths) {
                    System.out.println(args[at] + " " + method.invoke(adaptor.getConstructor().newInstance(), path));
                }
            }
        }
    }
}
"""
#: What a patched class answers.
ANSWERS = {
    "/dev/storpool/db-1": False,
    "": False,
    "/dev/disk/by-path/ip-192.0.2.1:3260-iscsi-iqn.2012-03.com.example:a-lun-0": True,
    "-iscsi-": False,  # the class fails to disconnect what has no name
}
STOCK = ANSWERS | {"/dev/storpool/db-1": True, "": True}


def run(*command, cwd):
    ended = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """The file of the class, by check and level of Java; no test without a compiler."""
    if not shutil.which("javac"):
        sentence = "there is no javac: install default-jdk-headless"
        pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)
    top = tmp_path_factory.mktemp("java")
    (top / "Compile.java").write_text(COMPILE)
    wanted, arguments = {}, []
    for check, condition in CHECKS.items():
        source = top / check / "IscsiAdmStorageAdaptor.java"
        source.parent.mkdir()
        source.write_text(SOURCE % condition)
        for level in LEVELS:
            wanted[check, level] = top / f"{check}-{level}"
            arguments += [source, level, wanted[check, level]]
    said = run("java", "Compile.java", *arguments, cwd=top)
    made = {key: path / f"{standin.CLASS}.class" for key, path in wanted.items() if f"compiled {path}\n" in said}
    assert {key for key in wanted if key[1] != "7"} <= made.keys(), said  # compilers since Java 20 do not know 7
    return made


def ask(top, jars):
    """What each jar's class answers, by path."""
    (top / "Ask.java").write_text(ASK)
    said = run("java", "Ask.java", ",".join(ANSWERS), *jars, cwd=top)
    answers = {jar: [] for jar in jars}
    for line in said.splitlines():
        jar, _space, answer = line.rpartition(" ")
        answers[type(jars[0])(jar)].append(answer == "true")
    return {jar: dict(zip(ANSWERS, found, strict=True)) for jar, found in answers.items()}


def task(jar, state):
    wanted = kvm_patch.want({"path": str(jar), "state": state, "backup_dir": str(jar.parents[1] / "originals")})
    outcome = converge(
        lambda: kvm_patch.look(None, wanted),
        lambda current: kvm_patch.plan(current, wanted),
        kvm_patch.apply,
        pauses=(),
    )
    assert outcome.changed


def test_java_gets_the_other_answer(classes, tmp_path):
    jars = []
    for (check, level), path in classes.items():
        jars.append(tmp_path / f"{check}-{level}" / "lib" / NAME)
        jars[-1].parent.mkdir(parents=True)
        jars[-1].write_bytes(standin.jar(class_file=path.read_bytes()))
    assert ask(tmp_path, jars) == dict.fromkeys(jars, STOCK)
    for jar in jars:
        task(jar, "patched")
    assert ask(tmp_path, jars) == dict.fromkeys(jars, ANSWERS)
    for jar in jars:
        task(jar, "original")
    assert ask(tmp_path, jars) == dict.fromkeys(jars, STOCK)


@pytest.mark.usefixtures("classes")
def test_java_runs_a_class_of_the_assembler(tmp_path):
    jars = [tmp_path / "True.jar", tmp_path / "False.jar"]
    for jar in jars:
        jar.write_bytes(standin.jar(class_file=standin.adaptor(jar.stem == "True")))
    own = {"-iscsi-": True}  # it has only one answer for its own paths
    assert ask(tmp_path, jars) == {jars[0]: STOCK | own, jars[1]: ANSWERS | own}


def test_instructions_are_where_javap_says(classes):
    path = classes["index_of", "8"]
    seen = re.findall(r"^ +(\d+): [a-z]", run("javap", "-c", "-p", path, cwd=path.parent), re.MULTILINE)
    methods = classfile.parse(path.read_bytes()).methods
    walked = [one for method in methods for one in bytecode.instructions(method.code)]
    assert [str(one.at) for one in walked] == seen
    assert {bytecode.TABLESWITCH, bytecode.LOOKUPSWITCH, 0xC5} <= {one.opcode for one in walked}


@pytest.mark.usefixtures("classes")
def test_the_tools_of_java_read_a_patched_jar(tmp_path):
    jar = tmp_path / "lib" / NAME
    jar.parent.mkdir()
    jar.write_bytes(standin.jar())
    before = run("jar", "tvf", jar, cwd=tmp_path)
    task(jar, "patched")
    assert run("jar", "tvf", jar, cwd=tmp_path) == before
    with zipfile.ZipFile(jar) as file:
        assert file.testzip() is None
