# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deploy_agents costs on many agents that have their jar: directories of this machine in the place of hosts, and what of it is the controller's.

A host is an overlay of its directory over this machine, in a mount namespace of its own, which its Python enters. Needs root. The directories are in memory,
since an overlay's layers cannot lie in each other.
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulators.client import Simulator, start
from standins import cloudstack_host, storpool_driver
from tools.stage import stage
from tools.workspace import BUILD, COLLECTION, env_bin, environment

from .plays import SECONDS

HERE = Path(__file__).resolve().parent
VERSION = "4.16.1.0"
#: On how many agents it is measured.
SIZES = (50, 200)
FORKS = 10
#: What a host runs instead of its Python.
PYTHON = """\
#!/bin/sh
exec {stopwatch} {log} /usr/bin/unshare --mount /bin/sh -c '
  mount -t overlay -o lowerdir={root}:/ overlay {mnt} && mount --bind /proc {mnt}/proc && mount --bind /tmp {mnt}/tmp &&
  mount --bind /dev {mnt}/dev && exec chroot {mnt} /usr/bin/python3 "$@"' python "$@"
"""
SYSTEMCTL = """\
#!/bin/sh
printf '%s\\n' LoadState=loaded ActiveState=active UnitFileState=enabled MainPID={process}
"""


def measure() -> dict[str, dict[int, dict[str, float]]]:
    """By what was run (plan, run) and the number of agents: the seconds, and the processor seconds of the controller and of the modules on hosts."""
    stage()
    took: dict[str, dict[int, dict[str, float]]] = {"plan": {}, "run": {}}
    for size in SIZES:
        with _fleet(size) as directory:
            _play(directory)
            for name, arguments in (("plan", ["--check"]), ("run", [])):
                took[name][size] = _play(directory, *arguments)
    return took


@contextmanager
def _fleet(size: int) -> Iterator[Path]:
    """So many agents, all in order, as an inventory in the directory."""
    directory, memory = BUILD / "bench" / "fleet", Path(tempfile.mkdtemp(dir="/dev/shm"))
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (memory / "mnt").mkdir()
    java = shutil.copy("/bin/sleep", directory / "java")
    names = [f"host{number}" for number in range(1, size + 1)]
    clients = ",".join(str(number) for number in range(1, size + 1))
    with (
        start("storpool", clients=clients) as storpool,
        start("cloudstack", version=VERSION.rpartition(".")[0], hosts=size) as cloudstack,
    ):
        jar = storpool_driver.jar(VERSION, spelling=storpool_driver.EXTERNAL)
        (directory / storpool_driver.name(VERSION)).write_bytes(jar)
        cloudstack_host.make(memory / "host", VERSION, ["agent"], java=11)
        (memory / "host/usr/share/cloudstack-agent/plugins" / storpool_driver.name(VERSION)).write_bytes(jar)
        conf = (
            f"SP_API_HTTP_HOST={storpool.host}\nSP_API_HTTP_PORT={storpool.port}\nSP_AUTH_TOKEN={storpool.args['token']}\n"
        )
        time.sleep(1)  # so that the service is younger than its jar
        with subprocess.Popen([java, str(SECONDS * 10)]) as service:
            try:
                for number, name in enumerate(names, start=1):
                    cloudstack_host.make_storpool(memory / "hosts" / name, f"{conf}SP_CLUSTER_ID=sim.b\nSP_OURID={number}\n")
                    _own(directory, memory, name, service.pid)
                (directory / "inventory.json").write_text(json.dumps(_inventory(directory, names, cloudstack)))
                yield directory
            finally:
                service.send_signal(signal.SIGTERM)
                shutil.rmtree(memory)


def _own(directory: Path, memory: Path, name: str, process: int) -> None:
    """What a host has of its own: what systemd says there, and the way in."""
    root = memory / "hosts" / name
    systemctl = root / "usr/bin/systemctl"
    systemctl.parent.mkdir(parents=True)
    systemctl.write_text(SYSTEMCTL.format(process=process))
    systemctl.chmod(0o755)
    stopwatch = shlex.join([sys.executable, str(HERE / "stopwatch.py")])
    python = directory / f"{name}.python"
    log, lower = directory / "modules.jsonl", f"{root}:{memory / 'host'}"
    python.write_text(PYTHON.format(stopwatch=stopwatch, log=log, root=lower, mnt=memory / "mnt"))
    python.chmod(0o755)


def _inventory(directory: Path, names: list[str], cloudstack: Simulator) -> dict[str, object]:
    here = {"ansible_connection": "local"}
    return {
        "all": {
            "vars": {
                "cloudstack_api_url": f"{cloudstack.url}/client/api",
                "cloudstack_api_key": cloudstack.args["api_key"],
                "cloudstack_api_secret": cloudstack.args["secret_key"],
            },
            "hosts": {"localhost": here | {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
            "children": {
                "cloudstack_agents": {
                    "hosts": {
                        name: here | {"ansible_python_interpreter": str(directory / f"{name}.python")} for name in names
                    }
                }
            },
        }
    }


def _play(directory: Path, *arguments: str) -> dict[str, float]:
    log = directory / "modules.jsonl"
    log.unlink(missing_ok=True)
    variables = {
        "driver_src": str(directory / storpool_driver.name(VERSION)),
        "deploy_agents_report": str(directory / "rollout"),
    }
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (directory / "output").open("w") as output:
        ended = subprocess.run(
            [env_bin() / "ansible-playbook", "--inventory", directory / "inventory.json", "--forks", str(FORKS)]
            + [f"{COLLECTION}.deploy_agents", "--extra-vars", json.dumps(variables), *arguments],
            env=environment() | {"PWD": str(directory)} | _extra(),
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    report = json.loads((directory / "rollout.json").read_text(encoding="utf-8"))
    if ended.returncode or {row["outcome"] for row in report["hosts"]} != {"unchanged"}:
        raise SystemExit((directory / "output").read_text(encoding="utf-8")[-4000:])
    modules = [json.loads(line)["cpu_seconds"] for line in log.read_text(encoding="utf-8").splitlines()]
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "modules": sum(modules), "controller": whole - sum(modules), "tasks": len(modules)}


def _extra() -> dict[str, str]:
    """Ansible's own settings for those who look for what is dear."""
    return {name: os.environ[name] for name in ("ANSIBLE_CALLBACKS_ENABLED",) if name in os.environ}
