# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules' documentation says, and plays made of their examples.

Each example of a module is run three times in a row in one play: in check mode, for real, and once more, with all of
Ansible's verbosity, log and diffs on. What each run returned, and what the simulators received meanwhile, is written to a
file for the tests. Then come tasks that fail, for what they could show of a secret.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from contract import hosts, secrets
from simulators.client import Simulator, storpool_call
from tools.workspace import BUILD, COLLECTION, STAGE

ACTIONS = STAGE / "tests/integration/targets/setup_simulator/action_plugins"
PLAY_SECONDS = 600
THIS_CLIENT = 4  # the machine that runs the tests
NOT_THE_MODULE = {"name", "register", "when", "loop", "loop_control", "vars", "environment", "delegate_to", "run_once"}

#: What the examples of every module may start from, by its name: the call that makes it, and what that is given.
FIXTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "hybrid": ("VolumeTemplateCreate", {"replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}),
    "ssd": ("VolumeTemplateCreate", {"replication": 3, "placeAll": "ssd"}),
    "db-1": ("VolumeCreate", {"size": 10 << 30, "template": "hybrid"}),
    "db-1-nightly": ("VolumeSnapshot/db-1", {}),
}
#: Modules whose examples start from a pool, and what a volume on it is called.
ON_POOLS = {
    "cloudstack_storpool_audit": "db-1-data",
    "cloudstack_storpool_repair": "db-1-data",
    "cloudstack_template": "db-1-root",
    "cloudstack_volume_download": "db-1-data",
    "cloudstack_volume_revert": "db-1-data",
    "cloudstack_volume_snapshot": "db-1-data",
}
#: As above, and what a VM on it is called, which is stopped.
WITH_A_VM = {
    "cloudstack_vm_backup_info": "db-1",
    "cloudstack_vm_backup_policy": "db-1",
    "cloudstack_vm_restore": "db-1",
    "cloudstack_vm_revert": "db-1",
    "cloudstack_vm_snapshot": "db-1",
    "cloudstack_volume_restore": "db-1",
}
#: Modules whose examples find a backup of that VM, which tags tell of.
BACKED_UP = frozenset(["cloudstack_vm_backup_info", "cloudstack_vm_restore", "cloudstack_volume_restore"])
#: VMs whose disks are gone, but for their backups, where examples begin.
LOST = {"cloudstack_vm_failover": ("db-1", "web-1", "web-2")}
#: Tags of CloudStack's that this VM has for the examples of a module.
WITH_TAGS = {"cloudstack_vm_backup_policy": ("stage", "production")}
_VM = {"zoneid": "1", "serviceofferingid": "1", "templateid": "1"}
#: Modules whose examples start from what there is in a cloud with the pools sp-hybrid and sp-ssd.
IN_CLOUD: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "cloudstack_pool_evacuation": (("deployVirtualMachine", {**_VM, "name": "db-1"}),),
    "cloudstack_volume": (
        ("createDiskOffering", {"name": "custom", "displaytext": "custom", "customized": "true"}),
        ("deployVirtualMachine", {**_VM, "name": "db-1-old", "startvm": "false"}),
        ("createSnapshot", {"volumeid": "1", "name": "db-1-nightly"}),
        ("deployVirtualMachine", {**_VM, "name": "db-1"}),
    ),
    "cloudstack_volume_restore": (
        ("createDiskOffering", {"name": "custom", "displaytext": "custom", "customized": "true"}),
        ("deployVirtualMachine", {**_VM, "name": "rescue"}),
    ),
}
#: Modules whose examples have another cluster at another location; what is exported to this one from there.
_FAR = "RemoteCommand/~far.c"
WITH_A_FAR_CLUSTER: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "storpool_backup": (),
    "storpool_location_info": (),
    "storpool_remote_snapshot": (
        (f"{_FAR}/VolumeCreate", {"name": "theirs", "size": 1 << 30, "replication": 3}),
        (f"{_FAR}/VolumeSnapshot/theirs", {"name": "golden"}),
        (f"{_FAR}/SnapshotExport", {"snapshot": "golden", "location": "location-abc"}),
    ),
    "storpool_snapshot_export": (),
}
#: The tag of the virtual machine in examples.
_VM_TAG = {"tags": {"cvm": "0c9e2f3a-1111-4222-8333-444455556666"}}
ON_A_VM = {"storpool_backup", "storpool_snapshot_rotation"}
#: Modules whose examples make the fixtures' objects themselves.
MAKES = {"storpool_volume": {"db-1", "db-1-nightly"}, "storpool_template": {"hybrid", "ssd", "db-1", "db-1-nightly"}}


def programs(name: str) -> str:
    """A program of the Python environment that runs the tests."""
    return str(Path(sys.executable).parent / name)


def environment(home: Path) -> dict[str, str]:
    """Environment variables for Ansible's programs: the staged collection, and nothing of the user's own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "SP_", "CLOUDSTACK_"))}
    return (
        kept
        | {
            "HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
            "ANSIBLE_ACTION_PLUGINS": str(ACTIONS),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "STORPOOL_CLOUDSTACK_DIRECT": "false",  # as on every other machine; here the same without a process of its own (tests/both_ways)
        }
    )


@functools.lru_cache
def modules() -> dict[str, dict[str, Any]]:
    """ansible-doc's data of every module of the collection, by short name."""
    names = sorted(path.stem for path in (STAGE / "plugins/modules").glob("*.py"))
    answer = subprocess.run(
        [programs("ansible-doc"), "--json", "-t", "module", *(f"{COLLECTION}.{name}" for name in names)],
        check=True,
        capture_output=True,
        env=environment(BUILD),
        timeout=PLAY_SECONDS,
    )
    return {full.rpartition(".")[2]: data for full, data in json.loads(answer.stdout).items()}


def examples(module: str) -> list[dict[str, Any]]:
    """The tasks of a module's EXAMPLES."""
    return yaml.safe_load(modules()[module]["examples"])


def promises(module: str, attribute: str) -> bool:
    """Whether the documentation promises an attribute in full."""
    return modules()[module]["doc"]["attributes"][attribute]["support"] == "full"


def has_connection(module: str) -> bool:
    """Whether a module calls an API, and so gets secrets."""
    return not {"sp_auth_token", "api_secret"}.isdisjoint(modules()[module]["doc"]["options"])


def module_of(task: dict[str, Any]) -> str:
    """The short name of the module that a task calls."""
    return next(key for key in task if key not in NOT_THE_MODULE).rpartition(".")[2]


def connections(storpool: Simulator, cloudstack: Simulator) -> dict[str, Any]:
    """``module_defaults`` with the connections of both action groups."""
    return {
        f"group/{COLLECTION}.storpool": {
            "sp_api_http_host": storpool.host,
            "sp_api_http_port": storpool.port,
            "sp_auth_token": "{{ token }}",
        },
        f"group/{COLLECTION}.cloudstack": {
            "api_url": f"{cloudstack.url}/client/api",
            "api_key": "{{ api_key }}",
            "api_secret": "{{ api_secret }}",
        },
    }


def prepare(module: str, storpool: Simulator, cloudstack: Simulator) -> None:
    """Make what a module's examples start from."""
    for name, (call, body) in FIXTURES.items():
        if name not in MAKES.get(module, ()):
            answer = storpool_call(storpool, call, {"name": name, **body}).json()
            assert "error" not in answer, answer
    calls = [("VolumeUpdate/db-1", _VM_TAG)] if module in ON_A_VM else []
    if module in WITH_A_FAR_CLUSTER:
        storpool.admin("POST", "clusters", {"id": "far.c"})
        calls += WITH_A_FAR_CLUSTER[module]
    for call, body in calls:
        answer = storpool_call(storpool, call, body).json()
        assert "error" not in answer, answer
    if module in ON_POOLS or module in WITH_A_VM or module in IN_CLOUD or module in LOST:
        by_others(cloudstack, pool(storpool, "hybrid"))
        assert [pool["name"] for pool in cloudstack.state()["pools"]] == ["sp-hybrid"]
    if module in IN_CLOUD:
        by_others(cloudstack, pool(storpool, "ssd"), *IN_CLOUD[module])
    if module in ON_POOLS:
        cloudstack.admin("POST", "objects", {"pool": "sp-hybrid", "volumes": 1, "name": ON_POOLS[module]})
    for name in LOST.get(module, ()):
        cloudstack.admin("POST", "objects", {"pool": "sp-hybrid", "vms": 1, "running": False, "name": name})
        state = cloudstack.state()
        vm = state["vms"][-1]
        [disk] = [row["path"].rpartition("/")[2] for row in state["volumes"] if row["vm"] == vm["db_id"]]
        storpool_call(storpool, f"VolumeSnapshot/~{disk}", {"tags": {"cvm": vm["id"]}})
        storpool_call(storpool, f"VolumeDelete/~{disk}", {})
    if module in WITH_A_VM:
        vm = {"vms": 1, "running": False, "name": WITH_A_VM[module]}
        [made] = cloudstack.admin("POST", "objects", {"pool": "sp-hybrid", **vm})["vms"]
        if module in WITH_TAGS:
            key, value = WITH_TAGS[module]
            tags = {"resourcetype": "UserVm", "resourceids": made, "tags[0].key": key, "tags[0].value": value}
            by_others(cloudstack, ("createTags", tags))
        if module in BACKED_UP:
            [*_of_others, root] = [row["path"] for row in cloudstack.state()["volumes"] if row["type"] == "ROOT"]
            storpool_call(storpool, f"VolumeSnapshot/~{root.rpartition('/')[2]}", {"tags": {"cvm": made}})


def pool(storpool: Simulator, template: str, name: str | None = None) -> tuple[str, dict[str, Any]]:
    """The command for a primary storage pool on a StorPool template."""
    body = {
        "name": name or f"sp-{template}",
        "zoneid": "1",
        "scope": "zone",
        "hypervisor": "KVM",
        "provider": "StorPool",
        "url": f"storpool://{storpool.args['token']}@{storpool.host}:{storpool.port}/{template}",
        "capacitybytes": 1 << 40,
    }
    return "createStoragePool", body


def by_others(cloudstack: Simulator, *commands: tuple[str, dict[str, Any]]) -> None:
    """What somebody else has done in the cloud, one after the other; jobs are waited for."""
    for command, body in commands:
        requests = [{"command": command, "body": body}]
        cloudstack.fault({"call": "listCapabilities", "kind": "rival", "requests": requests})
        with contextlib.suppress(urllib.error.HTTPError):  # nobody has signed it
            urllib.request.urlopen(f"{cloudstack.url}/client/api?command=listCapabilities", timeout=60).close()  # noqa: S310
        while not all(job["jobstatus"] for job in cloudstack.admin("GET", "jobs")):
            time.sleep(0.02)


@dataclasses.dataclass(frozen=True)
class Ran:
    """What the examples of a module did."""

    module: str
    examples: list[dict[str, Any]]  # for each: {task, check, apply, again}, each {result, writes}
    shown: dict[str, str]  # what could be seen meanwhile, by place

    def own(self) -> list[dict[str, Any]]:
        """The examples that call the module itself."""
        return [example for example in self.examples if module_of(example["task"]) == self.module]


def run_examples(module: str, storpool: Simulator, cloudstack: Simulator, directory: Path) -> Ran:
    """Run the examples of a module."""
    full = f"{COLLECTION}.{module}"
    prepare(module, storpool, cloudstack)
    storpool.switch(recovery_seconds=0)  # whether a copy is complete is no matter of how slow this machine is
    tasks = [_received("before")]
    found = examples(module)
    root = None
    if module in hosts.HOSTS:
        root = directory / "host"
        hosts.HOSTS[module](root)
        (root / "dev").symlink_to(storpool.args["devices"][0].partition("=")[2])
        options = modules()[module]["doc"]["options"]
        found = [hosts.moved(task, full, options, root) if full in task else task for task in found]
        tasks.append(hosts.look(root, "host"))
    for number, example in enumerate(found):
        for kind in ("check", "apply", "again"):
            tasks += _observed(copy.deepcopy(example), kind, f"{kind}_{number}", root)
    output = directory / "results.json"
    names = [f"{kind}_{number}" for number in range(len(found)) for kind in ("check", "apply", "again")]
    writes = "{0}_writes" if root else "{0}_received.seen"
    content = {name: {"result": f"{{{{ {name} }}}}", "writes": f"{{{{ {writes.format(name)} }}}}"} for name in names}
    tasks.append({"ansible.builtin.copy": {"dest": str(output), "content": content, "mode": "0600"}, "no_log": True})
    if has_connection(module):
        tasks += secrets.failing(full, next(task for task in found if full in task)[full] or {})
    log, processes = directory / "ansible.log", secrets.ProcessList()
    processes.start()
    ended = play(tasks, storpool, cloudstack, directory, "-vvvv", ANSIBLE_LOG_PATH=str(log))
    processes.stop()
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr
    results = json.loads(output.read_text())
    return Ran(
        module,
        [
            {"task": example, **{kind: results[f"{kind}_{number}"] for kind in ("check", "apply", "again")}}
            for number, example in enumerate(found)
        ],
        {
            "output": ended.stdout + ended.stderr,
            "log": log.read_text(),
            "process list": "\n".join(sorted(processes.seen)),
        },
    )


def _observed(task: dict[str, Any], kind: str, register: str, root: Path | None) -> list[dict[str, Any]]:
    own = task.setdefault("register", register)  # until, failed_when and the like call the result by that name
    task["diff"] = True
    if kind == "check":
        task["check_mode"] = True
    tasks = [task, _received(register)]
    noted = {} if own == register else {register: f"{{{{ {own} }}}}"}
    if root:
        tasks.append(hosts.look(root, "host_now"))
        seen = f"{register}_received.seen + {hosts.differences('host', 'host_now')}"
        noted |= {f"{register}_writes": f"{{{{ {seen} }}}}", "host": "{{ host_now }}"}
    if noted:
        tasks.append({"ansible.builtin.set_fact": noted, "no_log": True})
    return tasks


def _received(register: str) -> dict[str, Any]:
    """A task that asks the simulators what they received since they were asked last, which may well hold a secret."""
    return {"written": {"to": ["storpool", "cloudstack"]}, "register": f"{register}_received", "no_log": True}


def variables(storpool: Simulator, cloudstack: Simulator) -> dict[str, str]:
    """The variables that a user would keep in a vault: Ansible shows excerpts of a play that fails."""
    return {
        "token": storpool.args["token"],
        "api_key": cloudstack.args["api_key"],
        "api_secret": cloudstack.args["secret_key"],
        "wrong": secrets.WRONG,
    }


def play(
    tasks: list[dict[str, Any]],
    storpool: Simulator,
    cloudstack: Simulator,
    directory: Path,
    *options: str,
    **env: str,
) -> subprocess.CompletedProcess[str]:
    """Run tasks as a play on this machine against the simulators, with these options of ansible-playbook."""
    content = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": connections(storpool, cloudstack),
        "vars": {"sim": {"storpool": {"url": storpool.url}, "cloudstack": {"url": cloudstack.url}}},
        "tasks": tasks,
    }
    return run_plays([content], storpool, cloudstack, directory, *options, **env)


def run_plays(
    plays: list[dict[str, Any]],
    storpool: Simulator,
    cloudstack: Simulator,
    directory: Path,
    *options: str,
    **env: str,
) -> subprocess.CompletedProcess[str]:
    """Run plays on this machine, which is a client of the cluster."""
    storpool.admin("POST", "clients", {"id": THIS_CLIENT})
    path = directory / "play.yml"
    here = {"environment": {"SP_OURID": str(THIS_CLIENT)}}
    path.write_text(yaml.safe_dump([{**play, **here} for play in plays], sort_keys=False))
    vault = directory / "vault.yml"
    vault.write_text(yaml.safe_dump(variables(storpool, cloudstack)))
    return subprocess.run(
        [programs("ansible-playbook"), "--extra-vars", f"@{vault}", *options, str(path)],
        capture_output=True,
        text=True,
        env=environment(directory) | env,
        timeout=PLAY_SECONDS,
        check=False,
    )
