# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Java a component runs: what its unit says, in whichever way, and not what an old file says that nobody reads any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts import deployment, layout
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import (
    java,
    paths,
    service,
    shell_settings,
    units,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine.service import Service
from ansible_collections.storpool.cloudstack.plugins.modules import cloudstack_deployment_info
from standins import cloudstack_host

SYSTEM, OWN, OTHER = "/usr/bin/java", "/opt/jdk-11.0.2/bin/java", "/opt/jdk1.8.0_202/bin/java"


@pytest.fixture
def host(tmp_path):
    """An image with Java 17 for all, and two others."""
    cloudstack_host.make_java(tmp_path, 17)
    for path in (OWN, OTHER):
        place = tmp_path / path.lstrip("/")
        place.parent.mkdir(parents=True)
        place.write_bytes(b"")
    return tmp_path


def put(host, path, content):
    place = host / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)


def found(host, version="4.11.3.0", component="agent", running=None):
    told = java.find(paths.root(str(host)), component, layout.release(version), running)
    return told and told.path


DIRECT = "[Service]\nEnvironmentFile=/etc/default/cloudstack-agent\nExecStart=/usr/bin/java $JAVA_OPTS -cp $CLASSPATH $JAVA_CLASS\n"
GLOBBED = """[Service]
EnvironmentFile=-/etc/default/cloudstack-agent
ExecStart=/bin/sh -ec '\\
    export ACP=`ls /usr/share/cloudstack-agent/lib/*.jar | tr "\\\\n" ":" | sed "s/.$//"`;\\
    export CLASSPATH="$ACP:/etc/cloudstack/agent:/usr/share/cloudstack-common/scripts";\\
    mkdir -m 0755 -p ${JAVA_TMPDIR};\\
    ${JAVA} -Djava.io.tmpdir="${JAVA_TMPDIR}" -Xms${JAVA_HEAP_INITIAL} -cp "$CLASSPATH" $JAVA_CLASS'
Restart=always
"""
WRAPPED = "[Service]\nExecStart=/usr/libexec/cloudstack/wrapper.sh\nEnvironmentFile=/etc/sysconfig/cloudstack-agent\n"
WRAPPER = '#!/bin/sh\nACP=`ls /usr/share/java`\n${JAVA_HOME}/bin/java -Xms${JAVA_HEAP_INITIAL} -cp "$ACP" $JAVA_CLASS\nexit $?\n'


@pytest.mark.parametrize("version", ["4.12.0.0", "4.16.1.0", "4.19.1.0", "4.23.0.0"])
@pytest.mark.parametrize("component", ["agent", "management"])
@pytest.mark.parametrize("unit", [DIRECT, None])
def test_from_4_12_on_settings_that_are_left_over_mean_nothing(host, version, component, unit):
    put(host, f"/etc/default/cloudstack-{component}", f"JAVA={OWN}\nJAVA_HOME=/opt/jdk1.8.0_202\n")
    if unit:
        put(host, f"/lib/systemd/system/cloudstack-{component}.service", unit)
    assert found(host, version, component) == SYSTEM


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f"JAVA={OWN}\n", OWN),
        ("JAVA_HOME=/opt/jdk-11.0.2\nJAVA=${JAVA_HOME}/bin/java\n", OWN),
        ("JAVA=$JAVA_HOME/bin/java\nJAVA_HOME=/opt/jdk-11.0.2\n", OWN),
        ("JAVA_HOME='/opt/jdk-11.0.2'\nJAVA=\"${JAVA_HOME}/bin/java\" # ours\n", OWN),
        ("export JAVA_HOME=/opt/jdk-11.0.2 JAVA=/opt/jdk-11.0.2/bin/java\n", OWN),
        (f"JAVA={OTHER}\n#JAVA=/x\n  JAVA={OWN}\n", OWN),
        (f"JAVA={OTHER}; JAVA={OWN}\n", OWN),
        (f"JAVA={OTHER}\nif [ -x {OWN} ]; then\n  JAVA={OWN}\nfi\n", SYSTEM),
        (f"[ -x {OWN} ] && JAVA={OWN}\n", SYSTEM),
        ("JAVA=$(readlink -f /opt/jdk-11.0.2/bin/java)\n", SYSTEM),
        ("JAVA=`which java`\n", SYSTEM),
        ("JAVA_HOME=/opt/jdk-11.0.2\n", OWN),
        ("JAVA_HOME=${JAVA_HOME:-/opt/jdk-11.0.2}\nJAVA=${JAVA:-$JAVA_HOME/bin/java}\n", OWN),
        (f": ${{JAVA:={OWN}}}\n", OWN),
        (f"JAVA=\\\n{OWN}\n", OWN),
        ("JAVA='${JAVA_HOME}/bin/java'\nJAVA_HOME=/opt/jdk-11.0.2\n", OWN),
        ("JAVA=\r\n", SYSTEM),
        ("", SYSTEM),
    ],
)
def test_before_4_12_settings_say_it(host, text, path):
    put(host, "/etc/default/cloudstack-agent", text)
    assert found(host) == path


@pytest.mark.parametrize("place", ["/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system"])
def test_a_unit_with_a_shell(host, place):
    put(host, f"{place}/cloudstack-agent.service", GLOBBED)
    put(host, "/etc/default/cloudstack-agent", f"JAVA={OWN}\nJAVA_HEAP_INITIAL=256m\nexport JAVA={OTHER}\n")
    assert found(host) == OWN  # systemd ignores what is exported
    put(host, "/etc/default/cloudstack-agent", "JAVA_HOME=/opt/jdk-11.0.2\nJAVA=${JAVA_HOME}/bin/java\n")
    assert found(host) == OWN
    put(host, "/etc/default/cloudstack-agent", "JAVA_HOME=/opt/jdk-11.0.2\nJAVA='${JAVA_HOME}/bin/java'\n")
    assert found(host) == OWN  # the shell sees it without the quotes
    put(host, "/etc/default/cloudstack-agent", "JAVA=$(readlink -f /usr/bin/java)\n")
    assert found(host) == SYSTEM
    assert found(host, running=Service("cloudstack-agent", java=OTHER)) == OTHER


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (f"{OWN} -cp x Main", OWN),
        (f"-{OWN} -cp x Main", OWN),
        ("java -cp x Main", SYSTEM),
        (f"/usr/bin/env JAVA_OPTS=-Xmx1g {OWN} -cp x", OWN),
        (f"/usr/bin/nice -n 5 {OWN} -cp x", OWN),
        ("/bin/sh -c 'exec $${JAVA:-/opt/jdk-11.0.2/bin/java} -cp x Main'", OWN),
        (f'/bin/bash -lc "cd /usr/share/java && exec {OWN} -cp x"', OWN),
        ("/usr/bin/jsvc -home /opt/jdk-11.0.2 -cp x Main", OWN),
        ("/usr/bin/jsvc -cp x Main", SYSTEM),
        ("/not/there --flag", SYSTEM),
        ("/bin/sh", SYSTEM),
        ("/bin/sh -c 'unbalanced", SYSTEM),
    ],
)
def test_commands_of_units(host, command, path):
    (host / "usr/share/java").mkdir(parents=True)
    put(host, "/etc/systemd/system/cloudstack-agent.service", f"[Unit]\nExecStart=no\n[Service]\nExecStart={command}\n")
    for version in ("4.9.3.0", "4.19.1.0"):
        assert found(host, version) == path


def test_a_unit_with_a_script(host):
    (host / "usr/share/java").mkdir(parents=True)
    put(host, "/usr/lib/systemd/system/cloudstack-agent.service", WRAPPED)
    put(host, "/usr/libexec/cloudstack/wrapper.sh", WRAPPER)
    put(host, "/etc/sysconfig/cloudstack-agent", "JAVA_HOME=/opt/jdk-11.0.2\n")
    assert found(host, "4.9.3.0") == OWN
    put(host, "/etc/sysconfig/cloudstack-agent", "JAVA_HEAP_INITIAL=1m\n")
    assert found(host, "4.9.3.0") == SYSTEM
    assert found(host, "4.9.3.0", running=Service("x", java=OTHER)) == OTHER


def test_a_script_of_system_v(host):
    script = (
        "#!/bin/bash\n. /etc/default/cloudstack-agent\n"
        'for jdir in /usr/lib/jvm/java-7; do\n  if [ -z "$JAVA_HOME" ]; then JAVA_HOME="$jdir"; fi\ndone\n'
        'start() {\n  /usr/bin/jsvc -cp "$CLASSPATH" com.cloud.agent.AgentShell\n}\n'
    )
    put(host, "/etc/init.d/cloudstack-agent", script)
    put(
        host,
        "/run/systemd/generator.late/cloudstack-agent.service",
        "[Service]\nExecStart=/etc/init.d/cloudstack-agent start\n",
    )
    assert found(host, "4.9.3.0", running=Service("x", java=OWN)) == OWN
    put(host, "/etc/default/cloudstack-agent", "JAVA_HOME=/opt/jdk1.8.0_202\n")
    assert found(host, "4.9.3.0", running=Service("x", java=OWN)) == OWN  # the script may choose another


def test_what_people_add_to_a_unit_counts(host):
    put(host, "/lib/systemd/system/cloudstack-agent.service", DIRECT)
    put(
        host,
        "/usr/lib/systemd/system/cloudstack-agent.service.d/10.conf",
        f"[Service]\nExecStart=\nExecStart={OTHER} -x\n",
    )
    assert found(host, "4.19.1.0") == OTHER
    put(
        host,
        "/etc/systemd/system/cloudstack-agent.service.d/20.conf",
        f"[Service]\n# ours\nExecStart=\nExecStart={OWN} -x\n",
    )
    assert found(host, "4.19.1.0") == OWN
    put(host, "/etc/systemd/system/cloudstack-agent.service.d/20.conf", "")
    assert found(host, "4.19.1.0") == OTHER
    put(
        host,
        "/etc/systemd/system/cloudstack-agent.service",
        f"[Service]\nEnvironment=\"J={OWN}\" X=y\nExecStart=/bin/sh -c '$J x'\n",
    )
    put(host, "/usr/lib/systemd/system/cloudstack-agent.service.d/10.conf", "[Service]\nTimeoutSec=9\n")
    assert found(host, "4.19.1.0") == OWN


def test_a_masked_unit_says_nothing(host):
    put(host, "/lib/systemd/system/cloudstack-agent.service", f"[Service]\nExecStart={OWN} x\n")
    (host / "etc/systemd/system").mkdir(parents=True)
    (host / "etc/systemd/system/cloudstack-agent.service").symlink_to("/dev/null")
    assert found(host, "4.19.1.0") == SYSTEM


TOLD = """\
ExecStart={ path=/bin/sh ; argv[]=/bin/sh -c exec $JAVA ; -x ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
Environment=A=b "C=d e"
EnvironmentFiles=/etc/default/cloudstack-agent (ignore_errors=yes)
EnvironmentFiles=/etc/default/more (ignore_errors=no)
LoadState=loaded
"""


def test_what_systemd_says_of_a_unit(host):
    unit = units.told(TOLD)
    assert unit.command == "/bin/sh -c exec $JAVA ; -x"
    assert unit.environment_files == ("/etc/default/cloudstack-agent", "/etc/default/more")
    put(host, "/etc/default/more", f"JAVA={OWN}\n")
    assert unit.variables(paths.root(str(host))) == {"A": "b", "C": "d e", "JAVA": OWN}
    assert units.told("ExecStart=\nLoadState=loaded\n") is None
    put(host, "/lib/systemd/system/cloudstack-agent.service", DIRECT)
    direct = units.told(f"ExecStart={{ path={OWN} ; argv[]={OWN} -cp x ; ignore_errors=no ; pid=1 }}\n")
    assert found(host, "4.19.1.0", running=Service("x", unit=direct)) == OWN


def test_a_process_that_runs(tmp_path):
    program = tmp_path / "jdk/bin/java"
    program.parent.mkdir(parents=True)
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    with subprocess.Popen([program, "60"]) as process:
        try:
            assert service._java(process.pid) == str(program)
            program.unlink()
            assert service._java(process.pid) == str(program)
        finally:
            process.kill()
    library = tmp_path / "jre/lib/amd64/server/libjvm.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(bytes(4096))
    (tmp_path / "jre/bin").mkdir()
    (tmp_path / "jre/bin/java").write_bytes(b"")
    code = f"import mmap, time; f = open({str(library)!r}); m = mmap.mmap(f.fileno(), 0, access=1); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            assert service._java(process.pid) == str(tmp_path / "jre/bin/java")
        finally:
            process.kill()
    assert service._java(process.pid) is None


def test_a_java_without_a_file_that_says_its_version_is_asked(tmp_path):
    program = tmp_path / "jdk-8/bin/java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'openjdk version \"21.0.4\" 2024-07-16' >&2\n")
    program.chmod(0o755)
    here = paths.root("/")
    assert java._version(here, str(program)) == "21.0.4"
    program.write_text("#!/bin/sh\nexit 1\n")
    assert java._version(here, str(program)) == "8"
    (tmp_path / "jdk-8/release").write_text('JAVA_VERSION="17.0.1"\n')
    assert java._version(here, str(program)) == "17.0.1"


def test_a_host_with_left_over_settings_has_no_problem(host):
    cloudstack_host.make(host, "4.21.0.0", components=("agent",), package="")
    put(host, "/etc/default/cloudstack-agent", f"JAVA={OTHER}\n")
    params = {"component": [], "keep_dir": "/kept", "prefix": str(host)}
    told = deployment.read(params, cloudstack_deployment_info.storpool_files)["deployment"]
    assert told["agent"]["java"]["release"] == 17
    assert "java_too_old" not in {problem["code"] for problem in told["problems"]}


WORDS = st.text("ab/.- ", max_size=5)
VALUES = st.recursive(
    st.one_of(
        st.text("ab/.-", max_size=5),
        WORDS.map(lambda text: f"'{text}'"),
        WORDS.map(lambda text: f'"{text}"'),
        st.sampled_from(["$A", "${B}", "${C:-d}", "${A-d}", '"$A/x"', "'$B'", "\\$", '"\\$A"', '"it\'s"', "#x", '\\"']),
    ),
    lambda inner: st.tuples(inner, inner).map("".join),
    max_leaves=4,
)
LINES = st.one_of(
    st.tuples(st.sampled_from(["A", "B", "C"]), VALUES).map("=".join),
    st.tuples(st.sampled_from(["A", "B", "C"]), VALUES).map(lambda pair: "export " + "=".join(pair)),
    st.sampled_from(
        ["# A=x", "", "true A=x", "A=1 true", "  C=$A;B=2", ": ${A:=dflt}", ": ${A=dflt}", "A=x # y", "A=\\\nb"]
    ),
)


@settings(max_examples=150)
@given(st.lists(LINES, max_size=6))
def test_what_is_understood_is_what_a_shell_does(lines):
    script = "\n".join(lines) + "\n"
    told = shell_settings.assignments(script)
    shell = f"unset A B C\n{script}\n" + "".join(f'printf "%s\\0" "${{{name}-}}"\n' for name in "ABC")
    ran = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    for name, value in zip("ABC", ran.stdout.split("\0"), strict=False):
        raw = told.get(name, "")
        known = shell_settings.expanded(raw, {}) if raw is not None else None
        if known is not None:
            assert known == value, (name, raw)


@given(st.text("A=$({})'\"`\\ \n;&|#:-ifdo[]", max_size=40))
def test_whatever_is_in_a_file_is_no_crash(text):
    shell_settings.assignments(text)
