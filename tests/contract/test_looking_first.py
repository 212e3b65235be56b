# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mistake in a variable of a playbook is found before the first write, whatever it is in, and said on the terminal and in the report."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from contract import documented
from simulators.client import storpool_call

WITHIN = 300
EVACUATE = {"evacuate_pool": "sp-hybrid", "evacuate_zone": "zone1", "evacuate_to": "sp-ssd"}
GROUP = {"name": "fresh", "disks": [101, 201, 301]}
TEMPLATE = {"name": "t", "replication": 3, "place_all": "fresh", "place_tail": "ssd", "place_head": "fresh"}
VOLUMES = [{"name": "good", "size": "1GiB", "template": "hybrid"}, {"name": "of-t", "size": "1GiB", "template": "t"}]
OBJECTS = {
    "provision_objects_placement_groups": [GROUP],
    "provision_objects_templates": [TEMPLATE],
    "provision_objects_volumes": VOLUMES,
}
IMPORT = {
    "import_vm_disk_src": "/disk.raw",
    "import_vm_disk_name": "mail-1",
    "import_vm_disk_zone": "zone1",
    "import_vm_disk_pool": "sp-hybrid",
    "import_vm_disk_offering": "custom",
    "import_vm_disk_vm": "db-1",
    "import_vm_disk_host": "localhost",
}
FAILOVER = {
    "failover_groups": [["db-1"]],
    "failover_from": "cluster1",
    "failover_cluster": "cluster1",
    "failover_pools": ["sp-hybrid"],
    "failover_template": "hybrid",
    "failover_max_backup_age": "1d",
    "failover_fenced": True,
    "failover_source": "tags",
}
FAILBACK = {
    "failback_groups": [["db-1"]],
    "failback_cluster": "cluster1",
    "failback_pools": ["sp-hybrid"],
    "failback_template": "hybrid",
    "failback_from": {"sp_api_http_host": "localhost", "sp_auth_token": "x"},
    "failback_location": "here",
    "failback_stop": True,
}
#: Playbook, what it is given, and what it says.
MISTAKES = [
    ("evacuate_pool", {**EVACUATE, "evacuate_to": "sp-sdd"}, "Did you mean 'sp-ssd'?"),
    (
        "provision_objects",
        {**OBJECTS, "provision_objects_templates": [{**TEMPLATE, "place_head": "hddd"}]},
        "Did you mean 'hdd'?",
    ),
    ("import_vm_disk", {**IMPORT, "import_vm_disk_offering": "custmo"}, "Did you mean 'custom'?"),
    ("import_vm_disk", {**IMPORT, "import_vm_disk_vm": "db-2"}, "Did you mean 'db-1'?"),
    ("failover", {**FAILOVER, "failover_groups": [["db-2"]]}, "Did you mean 'db-1'?"),
    ("failover", {**FAILOVER, "failover_pools": ["sp-hybird"]}, "Did you mean 'sp-hybrid'?"),
    ("failover", {**FAILOVER, "failover_cluster": "cluster9"}, "Did you mean 'cluster1'?"),
    ("failback", {**FAILBACK, "failback_groups": [["db-2"]]}, "Did you mean 'db-1'?"),
    ("failback", {**FAILBACK, "failback_pools": ["sp-hybird"]}, "Did you mean 'sp-hybrid'?"),
    ("failback", {**FAILBACK, "failback_cluster": "cluster9"}, "Did you mean 'cluster1'?"),
    (
        "import_vm_disk",
        {name: value for name, value in IMPORT.items() if name != "import_vm_disk_host"},
        "has no host in the group cloudstack_agents, and one has to bring the image in. Give an inventory (-i)",
    ),
    ("import_vm_disk", {**IMPORT, "import_vm_disk_host": "agent-1"}, "The inventory has no host agent-1, and one has"),
    ("import_vm_disk", {**IMPORT, "import_vm_disk_host": "gone"}, "The host gone cannot be reached"),
    ("restore_vm", {"restore_vm_source": "tags", "restore_vm_name": "db-2"}, "Did you mean 'db-1'?"),
    (
        "restore_vm",
        {"restore_vm_source": "tags", "restore_vm_name": "db-1"},
        "VM 'db-1' is Running, and has to be stopped for this. Set restore_vm_stop to let the task do it.",
    ),
    (
        "restore_vm",
        {"restore_vm_name": "db-1", "restore_vm_host": "nobody.invalid"},
        "storpool_vcctl on nobody.invalid does not tell of backups: Task failed: Failed to connect to the host via ssh",
    ),
]
#: What only looks with --check, and makes nothing that a later task would look for.
LOOKS = [
    ("restore_vm", {"restore_vm_source": "tags", "restore_vm_name": "db-2"}),
    ("failover", {**FAILOVER, "failover_groups": [["db-2"]]}),
]
#: The same, where it is said before anything is read, so there is no report.
MISSPELT = [
    (
        "evacuate_pool",
        {**EVACUATE, "evacuate_too": "x"},
        "There is no variable evacuate_too. Did you mean evacuate_to?",
    ),
    ("adopt", {"adopt_pool": "sp-hybrid"}, "missing required arguments: adopt_zone"),
    ("evacuate_pool", {**EVACUATE, "evacuate_remove": "perhaps"}, "The page Variables of the documentation"),
]


@pytest.fixture
def run(storpool, cloudstack, tmp_path):
    """Runs a playbook in a cloud with three pools and a VM; what it said, and what was written since."""
    for template in ("hybrid", "ssd"):
        storpool_call(storpool, "VolumeTemplateCreate", {"name": template, **documented.FIXTURES["hybrid"][1]})
    documented.by_others(
        cloudstack,
        documented.pool(storpool, "hybrid"),
        ("createDiskOffering", {"name": "custom", "displaytext": "custom", "customized": "true"}),
        ("deployVirtualMachine", {"zoneid": "1", "serviceofferingid": "1", "templateid": "1", "name": "db-1"}),
        documented.pool(storpool, "ssd"),
    )
    (root,) = [each for each in storpool_call(storpool, "VolumesList").json()["data"] if each["tags"].get("cvm")]
    tags = {name: root["tags"][name] for name in ("cvm", "uuid")}
    storpool_call(storpool, f"VolumeSnapshot/~{root['globalId']}", {"name": "backup-1", "tags": tags})

    def playbook(name: str, given: dict[str, Any], *options: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        for simulator in (storpool, cloudstack):
            simulator.clear_journal()
        connection = {
            "sp_api_http_host": storpool.host,
            "sp_api_http_port": storpool.port,
            "sp_auth_token": storpool.args["token"],
            "cloudstack_api_url": f"{cloudstack.url}/client/api",
            "cloudstack_api_key": cloudstack.args["api_key"],
            "cloudstack_api_secret": cloudstack.args["secret_key"],
        }
        (tmp_path / "given.json").write_text(json.dumps(given | connection))
        (tmp_path / "hosts").write_text("gone ansible_host=nobody.invalid\n")
        program = [documented.programs("ansible-playbook"), "-i", "hosts", f"{documented.COLLECTION}.{name}"]
        ended = subprocess.run(
            [*program, "--extra-vars", f"@{tmp_path / 'given.json'}", *options],
            cwd=tmp_path,
            env=documented.environment(tmp_path)
            | {"PWD": str(tmp_path), "STORPOOL_CLOUDSTACK_DIRECT": "true", "SP_OURID": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN,
        )
        entries = [entry for simulator in (storpool, cloudstack) for entry in simulator.journal()["entries"]]
        return ended, [entry["call"] for entry in entries if entry["write"]]

    return playbook


@pytest.mark.parametrize(("name", "given", "says"), MISTAKES, ids=[f"{row[0]}-{n}" for n, row in enumerate(MISTAKES)])
def test_a_mistake_is_found_before_the_first_write(run, tmp_path, name, given, says):
    ended, written = run(name, given)
    assert (ended.returncode, written) == (2, []), ended.stdout
    assert says in ended.stdout.rpartition("TASK [Say how it ended]")[2], ended.stdout
    report = json.loads((tmp_path / f"storpool-{name}.json").read_text())
    assert says in str(report["problems"])
    assert "in check mode" not in str(report["problems"])  # the look is, and the run is not
    assert (report["ok"], bool(report["now"])) == (False, True)
    page = (tmp_path / f"storpool-{name}.html").read_text()
    assert report["verdict"] in page
    assert "{{" not in page
    assert f"{tmp_path}/storpool-{name}.html" in ended.stdout


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("audit", {"audit_textfile": "/proc/nothing/x.prom"}, "2 pools: 1 warning."),
        ("provision_objects", {"provision_objects_volumes": VOLUMES[:1]}, "1 created"),
    ],
    ids=["audit", "provision_objects"],
)
def test_a_report_that_cannot_be_written_hides_nothing(run, name, given, says):
    ended, written = run(name, {**given, f"{name}_report": "/proc/nothing/report"})
    assert (ended.returncode, written) == (2, ["VolumeCreate"] * (name != "audit")), ended.stdout
    last = ended.stdout.rpartition("TASK [Say ")[2]
    assert says in last, ended.stdout
    assert "The report could not be written to /proc/nothing/report: " in last
    assert ("audit_textfile: the numbers for Prometheus could not be written: " in last) == (name == "audit")
    assert "The report could not be written, as is said above." in last or name == "audit"


@pytest.mark.parametrize(("name", "given"), LOOKS, ids=[name for name, _given in LOOKS])
def test_with_check_nobody_is_told_of_what_earlier_tasks_would_make(run, tmp_path, name, given):
    ended, written = run(name, given, "--check")
    assert (ended.returncode, written) == (2, []), ended.stdout
    problems = json.loads((tmp_path / f"storpool-{name}.json").read_text())["problems"]
    assert "Did you mean 'db-1'?" in str(problems)
    assert "in check mode" not in str(problems)


@pytest.mark.parametrize(("name", "given", "says"), MISSPELT, ids=[f"{row[0]}-{n}" for n, row in enumerate(MISSPELT)])
def test_what_no_variable_can_be_is_refused_at_once(run, name, given, says):
    ended, written = run(name, given)
    assert (ended.returncode, written) == (2, []), ended.stdout
    assert says in ended.stdout
    assert len(ended.stdout) < 4_000  # Ansible would show all that any variable may be


def test_with_the_mistake_mended_all_of_it_is_done_and_reported(run, tmp_path):
    """The look takes nothing for missing that the playbook itself is going to make."""
    ended, written = run("provision_objects", OBJECTS)
    assert ended.returncode == 0, ended.stdout
    # What does not need the template is made beside it.
    assert sorted(written) == ["PlacementGroupUpdate", "VolumeCreate", "VolumeCreate", "VolumeTemplateCreate"]
    report = json.loads((tmp_path / "storpool-provision_objects.json").read_text())
    assert (report["ok"], report["placement_groups"], report["summary"]["created"]) == (True, ["fresh"], 3)
    ended, written = run("provision_objects", OBJECTS)
    assert (ended.returncode, written) == (0, []), ended.stdout
    ended, written = run("provision_objects", OBJECTS, "--check")
    assert (ended.returncode, written) == (0, []), ended.stdout
    assert "Nothing was changed, since this was --check, and nothing is to be done." in ended.stdout
