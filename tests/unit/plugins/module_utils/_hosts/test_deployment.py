# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found on a host, and what is said to be wrong with it."""

from __future__ import annotations

import os

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts import deployment, findings
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import jar as plugin_jar
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import run as plugin_jar_run
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import packages, service
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine.service import Service
from ansible_collections.storpool.cloudstack.plugins.modules import cloudstack_deployment_info
from standins import cloudstack_host, kvm_plugin, storpool_driver

AGENT_LIB = "/usr/share/cloudstack-agent/lib"
AGENT_PLUGINS = "/usr/share/cloudstack-agent/plugins"
LIB = "/usr/share/cloudstack-management/lib"
KEPT = "/var/lib/storpool-cloudstack/kept"


class Host:
    def __init__(self, root, version="4.19.1.0", storpool=True, **options):
        self.root = cloudstack_host.make(root, version, **{"package": ""} | options)
        self.version = version
        if storpool:
            cloudstack_host.make_storpool(root)

    def put(self, path, content, mode=0o644):
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(mode)
        return path

    def drop(self, path):
        (self.root / path.lstrip("/")).unlink()

    def look(self, **params):
        given = {"component": [], "keep_dir": KEPT, "prefix": str(self.root)} | params
        result = deployment.read(given, cloudstack_deployment_info.storpool_files)
        assert set(result) == {"deployment"}
        return result["deployment"]

    def problems(self, component="agent", **params):
        """Codes and messages of what is wrong, but for what these hosts all have: no packages."""
        found = [problem for problem in self.look(**params)["problems"] if problem["component"] == component]
        return {problem["code"]: problem["message"] for problem in found if problem["code"] != "no_package"}


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "root")


def driver(version="4.19.1.0", directory=AGENT_LIB):
    return f"{directory}/{storpool_driver.name(version)}"


def test_a_host_with_all_that_it_needs(tmp_path):
    host = Host(tmp_path / "root", package="4.19.1.0~jammy")
    found = host.look(component=["agent", "management"])
    if found["agent"]["package"]:  # where there is dpkg
        assert found["problems"] == []
        assert found["agent"]["package_version"] == "4.19.1.0~jammy"
    agent = found["agent"]
    assert (agent["version"], agent["directory"], agent["packaged"]) == ("4.19.1.0", AGENT_LIB, True)
    assert agent["java"] == {"path": "/usr/bin/java", "version": "17.0.9", "release": 17}
    assert agent["service"] == {
        "name": "cloudstack-agent",
        "state": None,
        "enabled": None,
        "started": None,
        "seconds": None,
        "restart_needed": False,
        "restart_reason": None,
    }
    [jar] = agent["driver_jars"]
    assert (jar["path"], jar["version"], jar["mode"], jar["role"]) == (driver(), "4.19.1.0", "0644", "expected")
    assert (jar["java"], jar["broken"]) == (8, None)
    [kvm] = agent["kvm_jars"]
    assert (kvm["version"], kvm["state"]) == ("4.19.1.0", None)
    assert (agent["kvm_patch"], agent["kept"]) == ("not_needed", [])
    management = found["management"]
    assert (management["kvm_patch"], management["kvm_jars"]) == (None, [])
    assert [jar["path"] for jar in management["driver_jars"]] == [driver(directory=LIB)]
    assert found["storpool"] == {
        "our_id": 7,
        "cluster_id": "abcd.b",
        "api_http_host": "10.1.1.1",
        "api_http_port": 81,
        "token": True,
        "files": ["/etc/storpool.conf"],
        "programs": {"storpool": "/usr/sbin/storpool", "storpool_confget": "/usr/sbin/storpool_confget"},
        "devices": False,
    }


def test_nothing_is_there(tmp_path):
    host = Host(tmp_path / "root", components=(), storpool=False, java=None)
    found = host.look()
    assert (found["agent"], found["management"]) == (None, None)
    assert [(problem["code"], problem["component"]) for problem in found["problems"]] == [("no_package", None)]
    found = host.look(component=["management", "agent"])
    assert [(problem["code"], problem["component"]) for problem in found["problems"]] == [
        ("no_package", "agent"),
        ("no_package", "management"),
    ]


def test_a_package_that_has_been_removed(host):
    [problem] = [problem for problem in host.look()["problems"] if problem["component"] == "agent"]
    assert problem["code"] == "no_package"
    assert (
        "/usr/share/cloudstack-agent is there, and the package cloudstack-agent is not installed" in problem["message"]
    )


class TestJarsOfCloudStackItself:
    @pytest.fixture
    def host(self, tmp_path, monkeypatch):
        installed = packages.Installed("cloudstack-agent", "4.21.0.0~jammy", "4.21.0.0")
        monkeypatch.setattr(packages, "installed", lambda root, component: installed)
        return Host(tmp_path / "root", "4.21.0.0")

    @pytest.mark.parametrize(
        "name",
        [
            "cloud-api-4.18.1.0.jar",
            "cloud-agent-4.18.1.0.jar",
            "cloud-agent-4.21.0.1.jar",
            "cloud-agent-4.21.0.0-old.jar",
            "cloud-plugin-hypervisor-ovm3-4.20.0.0.JAR",
            "cloudstack-utils-4.9.3.jar",
            "cloud-api-4.20.0.0-SNAPSHOT.jar",
        ],
    )
    @pytest.mark.parametrize("directory", [AGENT_LIB, AGENT_PLUGINS])
    def test_of_another_version(self, host, directory, name):
        path = host.put(f"{directory}/{name}", b"")
        message = host.problems()["left_over_jar"]
        assert f"{path} is of another version and was left on the class path of the agent" in message
        assert "which is of CloudStack 4.21.0.0" in message
        assert "Move it elsewhere, and restart cloudstack-agent." in message
        [jar] = host.look()["agent"]["left_over_jars"]
        assert jar["path"] == path

    @pytest.mark.parametrize(
        "name",
        [
            "cloud-api-4.21.0.0.jar",
            "cloud-api-4.21.0.3.jar",
            "cloud-api-4.21.0.0-custom.jar",
            "cloud-api-4.18.1.0.jar.bak",
            "google-cloud-storage-1.2.3.jar",
            "cloudian-connector-1.2.jar",
            "cloud.jar",
            "mysql-connector-java-8.0.19.jar",
            "cloud-plugin-hypervisor-kvm-4.18.1.0.jar",  # there are problems of their own for these
            "cloud-plugin-storage-volume-storpool-4.18.1.0.jar",
        ],
    )
    def test_what_is_none(self, host, name):
        host.put(f"{AGENT_LIB}/{name}", b"")
        assert "left_over_jar" not in host.problems()

    def test_links_count_as_what_they_lead_to_and_directories_do_not(self, host):
        (host.root / AGENT_LIB.lstrip("/") / "cloud-api-4.18.1.0.jar").mkdir()
        (host.root / AGENT_LIB.lstrip("/") / "cloud-core-4.18.1.0.jar").symlink_to("/nowhere")
        assert "left_over_jar" not in host.problems()
        host.put("/opt/cloud-core.jar", b"")
        (host.root / AGENT_LIB.lstrip("/") / "cloud-utils-4.18.1.0.jar").symlink_to("/opt/cloud-core.jar")
        assert "left_over_jar" in host.problems()

    def test_many(self, host):
        for number in range(300):
            host.put(f"{AGENT_LIB}/cloud-plugin-a{number:03}-4.18.1.0.jar", b"")
        message = host.problems()["left_over_jar"]
        assert "are 300 jars of other versions and were left on the class path" in message
        assert "a003" in message
        assert len(message) < 1000
        assert len(host.look()["agent"]["left_over_jars"]) == 300

    def test_of_a_management_server(self, host):
        path = host.put(f"{LIB}/cloudstack-4.18.1.0.jar", b"")
        host.put("/usr/share/cloudstack-management/webapps/client/WEB-INF/lib/cloud-api-4.10.0.0.jar", b"")
        message = host.problems("management")["left_over_jar"]
        assert f"{path} is of another version and was left on the class path of the management server" in message

    def test_without_a_package_nobody_knows_which_are_right(self, tmp_path):
        host = Host(tmp_path / "root", "4.21.0.0")
        host.put(f"{AGENT_LIB}/cloud-agent-4.18.1.0.jar", b"")
        assert "has jars of CloudStack 4.18.1.0 and 4.21.0.0" in host.problems()["unsupported_version"]
        host.drop(f"{AGENT_LIB}/cloud-agent-4.18.1.0.jar")
        host.put(f"{AGENT_LIB}/cloud-api-4.18.1.0.jar", b"")
        assert "left_over_jar" in host.problems()


def test_a_change_that_was_stopped(host, monkeypatch):
    params = {name: option.get("default") for name, option in plugin_jar.SPEC["argument_spec"].items()}
    source = host.root.parent / "new.jar"
    source.write_bytes(storpool_driver.jar("4.19.1.0", build="new"))
    params.update(component="agent", prefix=str(host.root), src=str(source), remote_src=True)
    with monkeypatch.context() as patch:
        patch.setattr(plugin_jar_run, "switch", lambda news, gone, there: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            plugin_jar_run.work(params, False, False)
    assert host.look()["agent"]["unfinished"] == ["storpool"]
    assert "was stopped in the middle. Run the task again, which finishes it" in host.problems()["unfinished_change"]
    plugin_jar_run.work(params, False, False)
    assert host.look()["agent"]["unfinished"] == []
    host.put(f"{KEPT}/agent-storpool.json", b"{")
    assert host.look()["agent"]["unfinished"] == []
    assert "unfinished_change" not in host.problems()


class TestDrivers:
    def test_none(self, host):
        host.drop(driver())
        assert "though the package of CloudStack 4.19.1.0 brings it" in host.problems()["no_driver"]

    def test_none_before_4_17(self, tmp_path):
        host = Host(tmp_path / "root", "4.16.1.0")
        assert f"has no StorPool driver in {AGENT_PLUGINS}. Put it there" in host.problems()["no_driver"]
        assert "no_driver" in host.problems("management")

    def test_left_over_by_an_upgrade(self, host):
        old = host.put(driver("4.16.1.0", AGENT_PLUGINS), storpool_driver.jar("4.16.1.0"))
        by_hand = host.put(driver("4.19.1.0", AGENT_PLUGINS), storpool_driver.jar())
        roles = {jar["path"]: jar["role"] for jar in host.look()["agent"]["driver_jars"]}
        assert roles == {driver(): "expected", old: "left_over", by_hand: "left_over"}
        problems = [problem["message"] for problem in host.look()["problems"] if problem["code"] == "left_over_driver"]
        assert (
            "is of CloudStack 4.16.1.0 and was left on the class path of the agent, which is of 4.19.1.0" in problems[0]
        )
        assert "was left on the class path of the agent, whose package brings the driver" in problems[1]

    def test_duplicates_and_backups(self, tmp_path):
        host = Host(tmp_path / "root", "4.16.1.0")
        host.put(driver("4.16.1.0", AGENT_PLUGINS), storpool_driver.jar("4.16.1.0"))
        second = host.put(driver("4.16.1.0", AGENT_LIB), storpool_driver.jar("4.16.1.0"))
        backup = host.put(f"{AGENT_PLUGINS}/storpool-driver.jar", storpool_driver.jar("4.16.1.0"))
        problems = host.problems()
        assert problems["duplicate_driver"].startswith(f"{second} is a second copy")
        assert problems["backup_on_class_path"].startswith(f"{backup} looks like a copy that was put aside")

    def test_where_only_tomcat_loads_it(self, tmp_path):
        host = Host(tmp_path / "root", "4.9.3.0")
        host.put(driver("4.9.3.0", "/usr/share/tomcat/lib"), storpool_driver.jar("4.9.3.0"))
        [jar] = host.look()["management"]["driver_jars"]
        assert (jar["path"], jar["role"]) == (driver("4.9.3.0", LIB), "left_over")
        assert "Tomcat and not CloudStack loads it" in host.problems("management")["left_over_driver"]

    def test_where_the_webapp_was(self, host):
        webapp = "/usr/share/cloudstack-management/webapps/client/WEB-INF/lib"
        host.put(driver("4.9.3.0", webapp), storpool_driver.jar("4.9.3.0"))
        assert "this version loads nothing from there. Remove it." in host.problems("management")["left_over_driver"]

    def test_of_another_version(self, host):
        host.drop(driver())
        host.put(driver("4.18.0.0"), storpool_driver.jar("4.18.0.0"))
        assert "is of CloudStack 4.18.0.0, and the agent is of 4.19.1.0" in host.problems()["wrong_driver_version"]
        host.drop(driver("4.18.0.0"))
        host.put(f"{AGENT_LIB}/storpool.jar", storpool_driver.jar(None))
        assert "does not say its version" in host.problems()["wrong_driver_version"]

    def test_broken_or_unreadable(self, host):
        host.put(driver(), storpool_driver.jar()[:-9], mode=0o600)
        problems = host.problems()
        assert "cannot be used, it is not a zip file" in problems["broken_jar"]
        assert "with mode 0600, and should to" in problems["wrong_owner_or_mode"]

    def test_a_link(self, host):
        host.drop(driver())
        (host.root / driver().lstrip("/")).symlink_to("/nowhere.jar")
        assert "There is no file" in host.problems()["broken_jar"]
        host.put("/nowhere.jar", storpool_driver.jar())
        assert "broken_jar" not in host.problems()

    def test_for_a_newer_java(self, host):
        host.put(driver(), storpool_driver.jar(java=21))
        assert f"{driver()} needs Java 21, and /usr/bin/java is Java 17" in host.problems()["java_too_old"]


class TestKvm:
    def test_the_patch_is_needed(self, tmp_path):
        host = Host(tmp_path / "root", "4.11.3.0")
        assert host.look()["agent"]["kvm_patch"] == "needed"
        assert "Patch it with storpool.cloudstack.cloudstack_kvm_patch" in host.problems()["kvm_patch_needed"]
        host.put(
            f"{AGENT_LIB}/cloud-plugin-hypervisor-kvm-4.11.3.0.jar",
            kvm_plugin.jar("4.11.3.0", kvm_plugin.adaptor(False)),
        )
        assert host.look()["agent"]["kvm_patch"] == "patched"
        assert not [code for code in host.problems() if "kvm" in code]

    @pytest.mark.parametrize(
        "content", [b"broken", kvm_plugin.jar("4.11.3.0", b""), kvm_plugin.jar("4.11.3.0", b"abc"), None]
    )
    def test_nobody_knows(self, tmp_path, content):
        host = Host(tmp_path / "root", "4.11.3.0")
        path = f"{AGENT_LIB}/cloud-plugin-hypervisor-kvm-4.11.3.0.jar"
        if content is None:
            host.drop(path)
        else:
            host.put(path, content)
        assert host.look()["agent"]["kvm_patch"] == "unknown"
        assert "kvm_jar_unknown" in host.problems()
        assert ("broken_jar" in host.problems()) == (content == b"broken")

    def test_several(self, tmp_path):
        host = Host(tmp_path / "root", "4.19.1.0")
        host.put(f"{AGENT_LIB}/cloud-plugin-hypervisor-kvm-4.11.3.0.jar", kvm_plugin.jar("4.11.3.0"))
        host.put(f"{AGENT_LIB}/cloud-plugin-hypervisor-kvm-4.19.1.0-orig.jar", kvm_plugin.jar("4.19.1.0"))
        problems = host.problems()
        assert "Leave the one of 4.19.1.0" in problems["duplicate_kvm_jar"]
        assert "4.19.1.0-orig.jar looks like a copy" in problems["backup_on_class_path"]


class TestVersions:
    def test_too_old(self, tmp_path):
        problems = Host(tmp_path / "root", "4.7.1").problems()
        assert "CloudStack 4.7.1 is not supported" in problems["unsupported_version"]

    def test_two_at_once(self, host):
        host.put(f"{AGENT_LIB}/cloud-agent-4.18.0.0.jar", b"")
        assert host.look()["agent"]["version"] is None
        assert "jars of CloudStack 4.18.0.0 and 4.19.1.0" in host.problems()["unsupported_version"]

    def test_of_java(self, tmp_path):
        host = Host(tmp_path / "root", "4.20.1.0", java=11)
        assert "CloudStack 4.20.1.0 needs Java 17, and /usr/bin/java is Java 11" in host.problems()["java_too_old"]
        assert "no_java" in Host(tmp_path / "other", java=None).problems()


class TestStorPool:
    def test_is_not_there(self, tmp_path):
        problems = Host(tmp_path / "root", storpool=False).problems()
        assert set(problems) == {"no_storpool_configuration", "no_storpool_client"}
        assert "The agent runs storpool and storpool_confget, which are not here" in problems["no_storpool_client"]

    @pytest.mark.parametrize(
        ("conf", "codes"),
        [
            ("SP_OURID=7\nSP_CLUSTER_ID=a.b\n", {"no_storpool_configuration"}),
            ("SP_AUTH_TOKEN=1\nSP_CLUSTER_ID=a.b\n", {"no_storpool_id"}),
            ("SP_AUTH_TOKEN=1\nSP_OURID=none\nSP_CLUSTER_ID=a.b\n", {"no_storpool_id"}),
            ("SP_AUTH_TOKEN=1\nSP_OURID=4096\nSP_CLUSTER_ID=a.b\n", {"no_storpool_id"}),
            ("SP_AUTH_TOKEN=1\nSP_OURID=7\n", {"no_storpool_cluster_id"}),
            ("SP_AUTH_TOKEN=1\nSP_CLUSTER_ID=a.b\n[agent7]\nSP_OURID=7\n", set()),
            ("SP_AUTH_TOKEN=1\nSP_CLUSTER_ID=a.b\n[agent8]\nSP_OURID=7\n", {"no_storpool_id"}),
        ],
    )
    def test_configuration(self, host, conf, codes):
        host.put("/etc/storpool.conf", conf.encode())
        host.put("/etc/hostname", b"agent7\n")
        assert set(host.problems()) == codes
        assert set(host.problems("management")) == set()

    def test_is_what_old_management_servers_read_too(self, tmp_path):
        host = Host(tmp_path / "root", "4.9.3.0", storpool=False)
        assert "no_storpool_configuration" in host.problems("management")
        assert "no_storpool_client" not in host.problems("management")

    def test_cannot_be_read(self, host, monkeypatch):
        host.put("/etc/storpool.conf", b"[agent1] # rack 1\n")
        problem = host.problems()["no_storpool_configuration"]
        assert (
            "configuration file /etc/storpool.conf is wrong in line 1: a header is [NAME] and nothing else" in problem
        )
        assert str(host.root) not in problem

    def test_no_secret_is_returned(self, host):
        host.put("/etc/storpool.conf", b"SP_AUTH_TOKEN=876543210987654321\n")
        assert "876543210987654321" not in repr(host.look())


def test_what_is_kept_is_listed(tmp_path):
    host = Host(tmp_path / "root", "4.16.1.0")
    old = host.put(driver("4.16.1.0", AGENT_LIB), storpool_driver.jar("4.16.1.0"))
    jar = tmp_path / "new.jar"
    jar.write_bytes(storpool_driver.jar("4.16.1.0", build="new"))
    given = {
        "component": "agent",
        "plugin": "storpool",
        "state": "present",
        "src": str(jar),
        "remote_src": True,
        "sha256": None,
    }
    given |= {"any_version": False, "directory": None, "keep_dir": KEPT, "prefix": str(host.root), "_source": None}
    done = plugin_jar_run.work(given, False, False)
    found = host.look()
    assert found["agent"]["kept"] == done["kept"]
    assert [kept["original"] for kept in done["kept"]] == [old]
    assert found["management"]["kept"] == []


class TestServices:
    """What is said of a service, on a host that runs."""

    def told(self, host, **more):
        component = host.look()["agent"]
        running = Service("cloudstack-agent", **more)
        shown = service.shown(running, "it was started before x.jar" if more.get("started") else None)
        component = dict(component, package="cloudstack-agent", service=dict(shown, enabled="enabled", seconds=1))
        found = findings.Host({"agent": component, "management": None}, _client(), [], {}, _rightful(component), True)
        return {problem.code: problem.message for problem in findings.problems(found)}

    @pytest.mark.parametrize(
        ("state", "says"), [("failed", "is failed"), (None, "is not known to systemd"), ("activating", "is activating")]
    )
    def test_does_not_run(self, host, state, says):
        assert says in self.told(host, state=state)["service_not_running"]

    def test_has_to_be_restarted(self, host):
        assert self.told(host, state="active", started=5.0) == {
            "restart_needed": "The service cloudstack-agent should be restarted: it was started before x.jar."
        }
        assert self.told(host, state="active") == {}


def _client():
    programs = {"storpool": "/usr/sbin/storpool", "storpool_confget": "/usr/sbin/storpool_confget"}
    return findings.Client(7, "7", "a.b", None, None, True, ("/etc/storpool.conf",), programs, True)


def _rightful(component):
    [jar] = component["driver_jars"]
    return jar["owner"], jar["group"], jar["mode"]


def test_options_that_are_wrong(tmp_path):
    for params in ({"keep_dir": "kept"}, {"prefix": "x"}, {"prefix": str(tmp_path / "none")}):
        with pytest.raises(InvalidOption):
            Host(tmp_path / os.urandom(4).hex()).look(**params)
