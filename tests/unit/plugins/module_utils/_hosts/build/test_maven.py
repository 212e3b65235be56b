# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Maven's output tells of a failure: the complaint, and not the other three hundred lines."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.build import maven as build_maven
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.build.maven import Complaint

HOME = "/work/tree"
FILE = "plugins/hypervisors/kvm/src/A.java"
CHECKSTYLE = """\
[INFO] --- maven-checkstyle-plugin:2.17:check (cloudstack-checkstyle) @ cloud-plugin-hypervisor-kvm ---
[INFO] Starting audit...
{line}
Audit done.
[INFO] BUILD FAILURE
[ERROR] Failed to execute goal org.apache.maven.plugins:maven-checkstyle-plugin:2.17:check (cloudstack-checkstyle) on project \
cloud-plugin-hypervisor-kvm: Failed during checkstyle execution: There is 1 error reported by Checkstyle 6.11.2. -> [Help 1]
[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.
"""
COMPILER = """\
[WARNING] /work/tree/B.java:[3,1] [deprecation] old in X has been deprecated
[ERROR] COMPILATION ERROR :
[ERROR] /work/tree/B.java:[12,5] cannot find symbol
  symbol:   class Nothing
[ERROR] /work/tree/B.java:[12,5] cannot find symbol
[ERROR] /work/tree/C.java:[7,33] ';' expected
[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.2:compile (default-compile) on project cloud-core: Compilation \
failure: Compilation failure:
[ERROR] /work/tree/B.java:[12,5] cannot find symbol
[ERROR] -> [Help 1]
"""


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (f"{HOME}/{FILE}:8: error: Line has trailing spaces.", None),
        (f"{HOME}/{FILE}:8: Line has trailing spaces.", None),
        (f"{HOME}/{FILE}:8:15: Line has trailing spaces.", 15),
        (f"[ERROR] {HOME}/{FILE}:8: Line has trailing spaces. [RegexpSingleline]", None),
        (f"[ERROR] {HOME}/{FILE}:8:15: Line has trailing spaces. [RegexpSingleline]", 15),
        (f"[ERROR] {FILE}:[8,15] (regexp) RegexpSingleline: Line has trailing spaces.", 15),
        (f"[ERROR] {FILE}:[8] (regexp) RegexpSingleline: Line has trailing spaces.", None),
    ],
)
def test_checkstyle(line, column):
    failure = build_maven.failure(CHECKSTYLE.format(line=line), HOME, "/logs/x.log")
    assert failure.message == (
        f"in cloud-plugin-hypervisor-kvm, checkstyle refuses {FILE}, line 8 (Line has trailing spaces). Correct the source. "
        "Maven's whole output is in /logs/x.log."
    )
    assert failure.error["complaints"] == [Complaint(FILE, 8, column, "Line has trailing spaces.")._asdict()]


def test_warnings_are_no_complaints():
    lines = f"{HOME}/{FILE}:8: warning: Too long.\n{HOME}/{FILE}:9: error: Tabs."
    failure = build_maven.failure(CHECKSTYLE.format(line=lines), HOME, "/logs/x.log")
    assert [complaint["line"] for complaint in failure.error["complaints"]] == [9]


def test_many_complaints_are_counted():
    lines = "\n".join(f"{HOME}/{FILE}:{number}: error: Tabs." for number in range(1, 41))
    failure = build_maven.failure(CHECKSTYLE.format(line=lines), HOME, "/logs/x.log")
    assert "line 5 (Tabs) and 35 more. Correct" in failure.message
    assert len(failure.error["complaints"]) == 40


def test_the_compiler():
    failure = build_maven.failure(COMPILER, HOME, "/logs/x.log")
    assert failure.message.startswith(
        "in cloud-core, the compiler refuses B.java, line 12 (cannot find symbol) and C.java, line 7 (';' expected). "
    )


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "[ERROR] Failed to execute goal on project cloud-server: Could not resolve dependencies for project x: y -> [Help 1]\n[ERROR] \n",
            "cloud-server: Could not resolve dependencies for project x: y. Maven's",
        ),
        (
            "[INFO] x\n[ERROR] Could not find the selected project in the reactor: a/b -> [Help 1]\n",
            "Could not find the selected project in the reactor: a/b. M",
        ),
        ("Killed\n", "it does not say why. Maven's"),
    ],
)
def test_other_reasons(output, told):
    failure = build_maven.failure(output, HOME, "/logs/x.log")
    assert failure.message.startswith(told)
    assert failure.error["complaints"] == []
