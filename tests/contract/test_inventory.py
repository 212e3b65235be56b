# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory through ansible-inventory: what it has of each release, what a failure shows, and what is in its cache."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from contract import documented, secrets
from simulators.client import start
from simulators.cloudstack.versions import parse

PLUGIN = "storpool.cloudstack.cloudstack_hosts"
#: Each release that does something of this in another way than the one before.
RELEASES = ["4.8", "4.11", "4.12", "4.18.1", "4.19.0", "4.23"]
SECONDS = 240


@pytest.fixture
def cloud():
    with start("cloudstack", version="4.19.1", api_key=secrets.KEY, secret_key=secrets.SECRET) as simulator:
        yield simulator


def listed(simulator, directory, *arguments, env=None, **options):
    """What ansible-inventory shows of an inventory with these options, and the process."""
    path = directory / "zone.cloudstack_hosts.yml"
    connection = {"api_url": f"{simulator.url}/client/api", "api_key": secrets.KEY, "api_secret": secrets.SECRET}
    content = {"plugin": PLUGIN, **connection, "api_retries": 0, **options}
    path.write_text(yaml.safe_dump({name: value for name, value in content.items() if value is not None}))
    ended = subprocess.run(
        [documented.programs("ansible-inventory"), "-i", str(path), "--list", *arguments],
        capture_output=True,
        text=True,
        env=documented.environment(directory) | (env or {}),
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(("\n" + ended.stdout).partition("\n{")[2].join(["{", ""])), ended


def cached_in(directory):
    """Options for a cache below a directory."""
    return {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(directory / "cache")}


def plain(value):
    """A variable as it is, without the mark of newer releases of Ansible that it holds no template."""
    return value["__ansible_unsafe"] if isinstance(value, dict) else value


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_has_its_hosts(release, tmp_path):
    keys = {"api_key": secrets.KEY, "secret_key": secrets.SECRET}
    with start("cloudstack", version=release, **keys) as simulator:
        shown, ended = listed(simulator, tmp_path, storpool_clients={"host2": 2})
        version = parse(release)
        agents = shown["cloudstack_agents"]["hosts"]
        variables = {
            name: {key: plain(value) for key, value in shown["_meta"]["hostvars"][name].items()} for name in agents
        }
    assert agents == ["host1", "host2", "host3"]
    assert [variables[name]["ansible_host"] for name in agents] == ["10.1.1.1", "10.1.1.2", "10.1.1.3"]
    assert [variables[name]["storpool_client_id"] for name in agents] == [None, 2, None]
    assert {
        (row["cloudstack_zone"], row["cloudstack_cluster"], row["cloudstack_state"]) for row in variables.values()
    } == {("zone1", "cluster1", "Up")}
    assert {row["cloudstack_pools"] is not None for row in variables.values()} == {version.at_least("4.19")}
    assert all(row["cloudstack_version"].startswith(release) for row in variables.values())
    servers = shown.get("cloudstack_management", {}).get("hosts", [])
    assert servers == (["ms1", "ms2"] if version.at_least("4.12") else [])
    assert ("does not list its management servers" in " ".join(ended.stderr.split())) == (not version.at_least("4.12"))


def test_groups_and_variables_are_made_of_what_is_there(cloud, tmp_path):
    cloud.admin("POST", "hosts", {"name": "host2", "state": "Down"})
    shown, _ended = listed(
        cloud,
        tmp_path,
        state=["Up"],
        keyed_groups=[{"key": "cloudstack_cluster | default('none', true)", "prefix": "of"}],
        groups={"new": "cloudstack_version is version('4.12', '>=')"},
        compose={"ansible_user": "'root'", "place": "cloudstack_zone ~ '/' ~ inventory_hostname"},
        strict=True,
    )
    assert shown["of_cluster1"]["hosts"] == shown["cloudstack_agents"]["hosts"] == ["host1", "host3"]
    assert shown["of_none"]["hosts"] == shown["cloudstack_management"]["hosts"] == ["ms1", "ms2"]
    assert shown["new"]["hosts"] == ["host1", "host3", "ms1", "ms2"]


def test_a_mistake_in_what_is_composed_is_told_if_that_is_wanted(cloud, tmp_path):
    for strict, hosts in ((True, []), (False, ["host1", "host2", "host3"])):
        shown, ended = listed(cloud, tmp_path, compose={"x": "nowhere.at.all"}, strict=strict)
        assert shown.get("cloudstack_agents", {}).get("hosts", []) == hosts or strict
        assert ("nowhere" in ended.stderr) == strict


def test_what_cloudstack_says_is_no_template(cloud, tmp_path):
    """The words are put where they are kept, since no simulated cluster has such a name."""
    cache = cached_in(tmp_path)
    listed(cloud, tmp_path, **cache)
    path = next((tmp_path / "cache").iterdir())
    harm = tmp_path / "harm"
    path.write_text(path.read_text().replace("cluster1", f"{{{{ lookup('pipe', 'touch {harm}') }}}}"))
    shown, _ended = listed(cloud, tmp_path, compose={"same": "cloudstack_cluster"}, **cache)
    assert "lookup(" in plain(shown["_meta"]["hostvars"]["host1"]["same"])
    inventory = str(tmp_path / "zone.cloudstack_hosts.yml")
    ended = subprocess.run(
        [
            documented.programs("ansible"),
            "-i",
            inventory,
            "host1",
            "-m",
            "ansible.builtin.debug",
            "-a",
            "var=cloudstack_cluster",
        ],
        capture_output=True,
        text=True,
        env=documented.environment(tmp_path),
        timeout=SECONDS,
        check=False,
    )
    assert "lookup(" in ended.stdout
    assert not harm.exists()


FAILING = {
    "a key that CloudStack does not know": ({"api_key": secrets.WRONG}, "does not accept the request"),
    "a secret that does not fit": ({"api_secret": secrets.WRONG}, "does not accept the request"),
    "nobody there": ({"api_url": "http://127.0.0.1:9/client/api"}, "cannot be reached"),
    "no address": ({"api_url": None}, "There is no api_url"),
    "an address with a secret": ({"api_url": f"http://user:{secrets.WRONG}@127.0.0.1/client/api"}, "api_url"),
    "a template that cannot be filled in": (
        {"api_secret": "{{ '" + secrets.WRONG + "' | no_filter }}"},
        "api_secret is a template",
    ),
    "an option that there is not": ({"api_sekret": secrets.WRONG}, "did you mean api_secret"),
    "an empty condition": ({"zone": ""}, "zone is empty"),
    "a client that there cannot be": ({"storpool_clients": {"host1": "x"}}, "storpool_clients.host1"),
    "a time that cannot be": ({"api_timeout": 0}, "api_timeout"),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_failure_is_a_sentence_without_a_secret(cloud, tmp_path, what):
    options, says = FAILING[what]
    shown, ended = listed(cloud, tmp_path, "-vvvv", **{**cached_in(tmp_path), **options})
    output = ended.stdout + ended.stderr
    assert says in " ".join(output.split())
    assert "Traceback" not in output
    assert not any(secret in output for secret in (secrets.KEY, secrets.SECRET, secrets.WRONG))
    assert "cloudstack_agents" not in shown
    assert not list((tmp_path / "cache").glob("*"))


def test_it_ends_ansible_if_that_is_wanted(cloud, tmp_path):
    with pytest.raises(AssertionError, match="does not accept the request"):
        listed(cloud, tmp_path, env={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}, api_key=secrets.WRONG)


def test_what_is_in_the_cache_is_not_asked_for_and_holds_no_secret(cloud, tmp_path):
    cache = cached_in(tmp_path)
    first, _ended = listed(cloud, tmp_path, **cache)
    assert cloud.journal()["calls"] > 0
    kept = list((tmp_path / "cache").iterdir())
    assert len(kept) == 1
    text = kept[0].read_text()
    assert "host1" in text
    assert not any(secret in text + kept[0].name for secret in (secrets.KEY, secrets.SECRET))
    cloud.clear_journal()
    second, _ended = listed(cloud, tmp_path, **cache)
    assert cloud.journal()["calls"] == 0
    assert second == first
    fewer, _ended = listed(cloud, tmp_path, state=["Down"], **cache)
    assert cloud.journal()["calls"] == 0
    assert "hosts" not in fewer.get("cloudstack_agents", {})
    listed(cloud, tmp_path, "--flush-cache", **cache)
    assert cloud.journal()["calls"] > 0


def test_a_cache_that_holds_something_else_is_read_anew(cloud, tmp_path):
    cache = cached_in(tmp_path)
    first, _ended = listed(cloud, tmp_path, **cache)
    path = next((tmp_path / "cache").iterdir())
    path.write_text(json.dumps({"agents": "none"}))
    second, _ended = listed(cloud, tmp_path, **cache)
    assert second == first
