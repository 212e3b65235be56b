# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment: built of the example's definition and the collection's archive, then used.

Its base is made here of Debian's packages, since a registry of images may be out of reach; everything else is as the definition says, and the commands are
those of the guide. On the hosts of the lab, ansible-navigator runs ``provision_zone`` in it, in check mode and then for real, and ``deploy_agents``;
ansible-runner runs a bulk task.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from contract import pages
from lab import command, image
from lab.inventory import SOCKETS
from lab.layout import INVENTORY, KEY, Unavailable
from lab.podman import podman

from . import report
from .stage import stage
from .workspace import COLLECTION, ROOT, env_bin, environment

EXAMPLES = ROOT / "examples"
DEFINITION = EXAMPLES / "execution-environment.yml"
NAME = "localhost/storpool-cloudstack-ee"
#: The image and the variables of the guide's commands.
IMAGE, ZONE = "registry.example.com/storpool-cloudstack-ee:latest", "provision_zone/zone.yml"
#: What images for general use have, and a minimal one of Debian has not.
BASE_PACKAGES = ("python3", "python3-pip", "python3-venv", "ca-certificates")
#: pip and ansible-builder install into the system's Python, which is the image's one purpose.
BASE_HOOK = '--customize-hook=rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
BASE = f"{NAME}-base:{hashlib.sha256(repr((BASE_PACKAGES, BASE_HOOK)).encode()).hexdigest()[:16]}"
VERSION = "4.19.1"
AGENTS = 2
VOLUMES = 200
#: podman's own defaults need a kernel and a runtime that not every machine has.
RUNTIME = ("--runtime", "runc")
LIMITS = ("--ulimit", "nofile=1024:4096", "--ulimit", "nproc=4096:8192")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
#: ansible-navigator does not begin without it, where it uses podman.
QUEUES = Path("/dev/mqueue")
BUILD_SECONDS = 1200
RUN_SECONDS = 900


class Wrong(Exception):
    """What did not go as it should, in a sentence."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="ee", description=__doc__)
    parser.add_argument(
        "--programs", type=Path, required=True, help="where ansible-builder, ansible-navigator and ansible-runner are"
    )
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    options = parser.parse_args()
    programs = options.programs.absolute()
    watch = report.Stopwatch()
    try:
        with tempfile.TemporaryDirectory(prefix="ee-") as scratch:
            build(programs, Path(scratch))
            with hosts(options.keep) as connections:
                provision(programs, Path(scratch), connections)
                bulk(programs, Path(scratch), connections)
    except Unavailable as error:
        return report.finish(report.Result("ee", "steps", 0, 0, 0, watch.seconds(), str(error), impossible=True))
    except Wrong as error:
        print(error, file=sys.stderr)
        return report.finish(report.Result("ee", "steps", 0, 1, 0, watch.seconds(), str(error).splitlines()[0]))
    return report.finish(report.Result("ee", "steps", 5, 0, 0, watch.seconds()))


def build(programs: Path, scratch: Path) -> None:
    """The image, of the collection as it is now."""
    if subprocess.run(["podman", "image", "exists", BASE], timeout=60, check=False).returncode:
        archive = scratch / "base.tar"
        image.bootstrap(archive, BASE_PACKAGES, (BASE_HOOK,))
        podman("import", "--quiet", str(archive), BASE, timeout=image.IMPORT_SECONDS)
    archive = collection(scratch)
    (scratch / "execution-environment.yml").write_text(yaml.safe_dump(definition(archive)), encoding="utf-8")
    (scratch / "requirements.yml").write_text(
        yaml.safe_dump({"collections": [{"name": f"/build/{archive.name}", "type": "file"}]}), encoding="utf-8"
    )
    here = {
        "/etc/apt/sources.list": "".join(f"{line}\n" for line in image.sources()),
        "/etc/apt/apt.conf.d/99here": image.apt_settings(),
        "/etc/pip.conf": (Path(environment()["HOME"]) / ".config/pip/pip.conf").read_text(encoding="utf-8"),
    }
    volumes = ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    for number, (target, text) in enumerate(here.items()):
        (scratch / f"here-{number}").write_text(text, encoding="utf-8")
        volumes += ["--volume", f"{scratch}/here-{number}:{target}:ro"]
    run(
        [
            *as_the_guide_says(programs, "ansible-builder"),
            *("--context", scratch / "context", "--container-runtime", "podman", "--verbosity", "2"),
            f"--extra-build-cli-args={shlex.join(['--pull-never', '--network', 'host', *RUNTIME, *LIMITS, *volumes])}",
        ],
        scratch,
        BUILD_SECONDS,
        programs,
    )


def collection(scratch: Path) -> Path:
    """The archive of the collection."""
    run([env_bin() / "ansible-galaxy", "collection", "build", "--output-path", scratch, stage()], scratch, RUN_SECONDS)
    [archive] = scratch.glob("*.tar.gz")
    return archive


def definition(archive: Path) -> dict[str, Any]:
    """The example, but with the base that is made here, and the archive for what it has from git."""
    wanted: dict[str, Any] = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    wanted["images"]["base_image"]["name"] = BASE
    wanted["options"] = {"package_manager_path": "/usr/bin/apt-get", "skip_pip_install": True}
    wanted["additional_build_files"] = [{"src": str(archive), "dest": "archive"}]
    wanted["additional_build_steps"] = {
        "prepend_galaxy": [f"COPY _build/archive/{archive.name} /build/{archive.name}"],
        "prepend_builder": ["RUN apt-get update"],
        "prepend_final": ["RUN apt-get update"],
    }
    return wanted


@contextmanager
def hosts(keep: bool) -> Iterator[dict[str, Any]]:
    """The lab, and the variables of its inventory that say where the APIs are."""
    try:
        for arguments in (("up", "--agents", str(AGENTS), "--management", "1"), ("install", "--version", VERSION)):
            ended = command.run(*arguments)
            if ended.returncode == command.UNAVAILABLE:
                raise Unavailable(ended.stderr.strip())
            if ended.returncode:
                raise Wrong(ended.stderr.strip())
        yield yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))["all"]["vars"]
    finally:
        if not keep:
            command.run("down")


def as_the_guide_says(programs: Path, program: str) -> list[str | Path]:
    """Its one command with this program, with the image's name here, and the lab's inventory and the directory of the examples for what is relative there."""
    _program, *words = pages.command(pages.CONTROLLERS, program)
    here = {
        IMAGE: NAME,
        "inventory/hosts.yml": str(INVENTORY),
        "vault-password": f"{EXAMPLES}/vault-password",
        f"@{ZONE}": f"@{EXAMPLES}/{ZONE}",
    }
    return [programs / program, *(here.get(word, word) for word in words)]


def navigate(programs: Path, scratch: Path, playbook: str, variables: str, check: bool = False) -> None:
    """A playbook of the collection through ansible-navigator, on the lab's hosts, with a file of variables of the examples."""
    here = {
        f"{COLLECTION}.provision_zone": f"{COLLECTION}.{playbook}",
        f"@{EXAMPLES}/{ZONE}": f"@{EXAMPLES}/{variables}",
    }
    words = [
        here.get(str(word), word)
        for word in as_the_guide_says(programs, "ansible-navigator")
        if check or word != "--check"
    ]
    # The examples are there already, as the directory of the vault's password.
    mounted = [f"{path}:{path}" for path in (KEY.parent, SOCKETS)]
    navigator: list[str | Path] = [
        *(*words, "--pull-policy", "never", "--container-engine", "podman"),
        *(f"--container-options={option}" for option in _joined([*RUNTIME, *LIMITS, "--network", "host"])),
        *(word for mount in mounted for word in ("--execution-environment-volume-mounts", mount)),
        *("--playbook-artifact-enable", "false", "--log-file", scratch / "navigator.log"),
        *("--extra-vars", "driver_settle=1"),
    ]
    QUEUES.mkdir(exist_ok=True)
    run(navigator, scratch, RUN_SECONDS, programs)


def provision(programs: Path, scratch: Path, connections: dict[str, Any]) -> None:
    """``provision_zone`` in check mode, which must write nothing, and for real; then ``deploy_agents``, which has nothing left to do."""
    navigate(programs, scratch, "provision_zone", ZONE, check=True)
    if written := writes(connections):
        raise Wrong(f"provision_zone --check has written to StorPool: {written}")
    navigate(programs, scratch, "provision_zone", ZONE)
    if "VolumeTemplateCreate" not in writes(connections):
        raise Wrong("provision_zone has made no StorPool template")
    navigate(programs, scratch, "deploy_agents", "deploy_agents/rollout.yml")
    rolled = json.loads((scratch / "rollout.json").read_text(encoding="utf-8"))
    if [host["outcome"] for host in rolled["hosts"]] != ["unchanged"] * AGENTS:
        raise Wrong(f"deploy_agents after provision_zone should change no agent: {rolled}")


def bulk(programs: Path, scratch: Path, connections: dict[str, Any]) -> None:
    """Many volumes in one task, through ansible-runner."""
    project = scratch / "runner" / "project"
    project.mkdir(parents=True)
    address = {name: value for name, value in connections.items() if name.startswith("sp_")}
    task = {
        f"{COLLECTION}.storpool_objects": {
            **address,
            "volumes": [{"name": f"many-{{1..{VOLUMES}}}", "size": "1GiB", "template": "cloudstack"}],
        }
    }
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (project / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    before = writes(connections).count("VolumeCreate")
    run(
        [
            *(programs / "ansible-runner", "run", project.parent, "--playbook", "play.yml", "--process-isolation"),
            *("--process-isolation-executable", "podman", "--container-image", NAME),
            *(
                f"--container-option={option}"
                for option in _joined([*RUNTIME, *LIMITS, "--network", "host", "--user", "root"])
            ),
        ],
        scratch,
        RUN_SECONDS,
    )
    made = writes(connections).count("VolumeCreate") - before
    if made != VOLUMES:
        raise Wrong(f"The bulk task has made {made} volumes, not {VOLUMES}")


def writes(connections: dict[str, Any]) -> list[str]:
    """The calls that have changed something in StorPool."""
    where = f"http://{connections['sp_api_http_host']}:{connections['sp_api_http_port']}/_sim/journal"
    entries = requests.get(where, timeout=30).json()["entries"]
    return [entry["call"] for entry in entries if entry["effect"]]


def _joined(options: Sequence[str]) -> list[str]:
    """``--name=value`` of each pair."""
    return [f"{name}={value}" for name, value in zip(options[::2], options[1::2], strict=True)]


def run(words: Sequence[str | Path], cwd: Path, seconds: float, programs: Path | None = None) -> None:
    """Run a command, its output going to the terminal; :class:`Wrong` if it does not end well."""
    print("+", shlex.join(map(str, words[:4])), "...", flush=True)
    env = environment()
    del env["ANSIBLE_COLLECTIONS_PATH"]  # the image has its own
    if programs:
        env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
    try:
        ended = subprocess.run([str(word) for word in words], cwd=cwd, env=env, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise Wrong(f"{words[0]} did not end within {seconds:.0f} s") from error
    if ended.returncode:
        raise Wrong(f"{words[0]} ended with status {ended.returncode}")


if __name__ == "__main__":
    sys.exit(main())
