# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deploy_agents costs the controller on many agents that have their jar; a directory of this machine in the place of a host.

The directory lies over this machine, in a mount namespace of its own, in which the Python of hosts runs a module. Machines do that side by side and these two
processors do not, so each module runs once, and all hosts answer what it has answered. The directory is in memory, since the layers of an overlay cannot lie in
each other. Needs root.
"""

from __future__ import annotations

import json
import resource
import shlex
import shutil
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
#: What hosts have in the place of a Python. The command below ends with the file of a module, or with another script.
PYTHON = """\
#!/bin/sh
answer={answers}/$(basename "$1")
[ -e "$answer" ] && exec cat "$answer"
{stopwatch} {log} /usr/bin/unshare --mount /bin/sh -c '
  mount -t overlay -o lowerdir={root}:/ overlay {mnt} && mount --bind /proc {mnt}/proc && mount --bind /tmp {mnt}/tmp &&
  mount --bind /dev {mnt}/dev && exec chroot {mnt} /usr/bin/python3 "$@"' python "$@" > "$answer.$$" || exit
cat "$answer.$$"
case $1 in */AnsiballZ_*) mv "$answer.$$" "$answer" ;; *) rm "$answer.$$" ;; esac
"""
SYSTEMCTL = """\
#!/bin/sh
printf '%s\\n' LoadState=loaded ActiveState=active UnitFileState=enabled MainPID={process}
"""


def measure() -> dict[str, dict[int, dict[str, float]]]:
    """By what was run (plan, run) and the number of agents: seconds of the whole (``seconds``) and of the processor (``cpu_seconds``)."""
    stage()
    took: dict[str, dict[int, dict[str, float]]] = {"plan": {}, "run": {}}
    for size in SIZES:
        with fleet(size) as directory:
            play(directory, "--limit", "host1")  # each module runs, once
            for name, arguments in (("plan", ["--check"]), ("run", [])):
                took[name][size] = play(directory, *arguments)
    return took


@contextmanager
def fleet(size: int) -> Iterator[Path]:
    """So many agents, all in order, as an inventory in the directory."""
    directory, memory = BUILD / "bench" / "fleet", Path(tempfile.mkdtemp(dir="/dev/shm"))
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "answers").mkdir(parents=True)
    (memory / "mnt").mkdir()
    with (
        start("storpool") as storpool,
        start("cloudstack", version=VERSION.rpartition(".")[0], hosts=size) as cloudstack,
    ):
        _host(directory, memory / "host", storpool)
        time.sleep(1)  # so that the service is younger than its jar
        with subprocess.Popen([shutil.copy("/bin/sleep", directory / "java"), str(SECONDS * 10)]) as service:
            try:
                _systemctl(memory / "host/usr/bin/systemctl", service.pid)
                _python(directory, memory)
                (directory / "inventory.json").write_text(json.dumps(_inventory(directory, size, cloudstack)))
                yield directory
            finally:
                service.terminate()
                shutil.rmtree(memory)


def _host(directory: Path, root: Path, storpool: Simulator) -> None:
    jar, name = storpool_driver.jar(VERSION, spelling=storpool_driver.EXTERNAL), storpool_driver.name(VERSION)
    (directory / name).write_bytes(jar)
    cloudstack_host.make(root, VERSION, ["agent"], java=11)
    (root / "usr/share/cloudstack-agent/plugins" / name).write_bytes(jar)
    where = {"SP_API_HTTP_HOST": storpool.host, "SP_API_HTTP_PORT": storpool.port}
    own = {"SP_AUTH_TOKEN": storpool.args["token"], "SP_CLUSTER_ID": "sim.b", "SP_OURID": 1}
    cloudstack_host.make_storpool(root, "".join(f"{key}={value}\n" for key, value in (where | own).items()))


def _systemctl(path: Path, process: int) -> None:
    path.write_text(SYSTEMCTL.format(process=process))
    path.chmod(0o755)


def _python(directory: Path, memory: Path) -> None:
    stopwatch = shlex.join([sys.executable, str(HERE / "stopwatch.py")])
    places = {"answers": directory / "answers", "log": directory / "modules.jsonl"}
    python = directory / "python"
    python.write_text(PYTHON.format(stopwatch=stopwatch, root=memory / "host", mnt=memory / "mnt", **places))
    python.chmod(0o755)


def _inventory(directory: Path, size: int, cloudstack: Simulator) -> dict[str, object]:
    here = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = {
        f"host{number}": here | {"ansible_python_interpreter": str(directory / "python")}
        for number in range(1, size + 1)
    }
    connection = {
        "cloudstack_api_url": f"{cloudstack.url}/client/api",
        "cloudstack_api_key": cloudstack.args["api_key"],
        "cloudstack_api_secret": cloudstack.args["secret_key"],
    }
    return {
        "all": {"vars": connection, "hosts": {"localhost": here}, "children": {"cloudstack_agents": {"hosts": hosts}}}
    }


def play(directory: Path, *arguments: str) -> dict[str, float]:
    """Run the playbook; what it took."""
    variables = {
        "driver_src": str(directory / storpool_driver.name(VERSION)),
        "deploy_agents_report": str(directory / "rollout"),
    }
    command: list[str | Path] = [env_bin() / "ansible-playbook", f"{COLLECTION}.deploy_agents", "--forks", str(FORKS)]
    command += ["--inventory", directory / "inventory.json"]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (directory / "output").open("w") as output:
        ended = subprocess.run(
            [*command, "--extra-vars", json.dumps(variables), *arguments],
            env=environment() | {"PWD": str(directory), "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks"},
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
    return {"seconds": seconds, "cpu_seconds": sum(after[:2]) - sum(before[:2])}


def modules(directory: Path) -> float:
    """Processor seconds of the modules that ran on the host."""
    lines = (directory / "modules.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(float(json.loads(line)["cpu_seconds"]) for line in lines)
