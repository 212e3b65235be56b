# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive for Galaxy as a user has it: what is in it, and the examples, run as their README says with the simulators that came along."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

import pytest
import yaml

from contract import pages
from tools.workspace import NAME, NAMESPACE, ROOT, STAGE, env_bin, environment

pytestmark = pytest.mark.xdist_group("archive")
SECONDS = 120
#: What is at the top of the collection, and of the tests.
TOP = {"CHANGELOG.rst", "FILES.json", "LICENSE", "MANIFEST.json", "README.md"}
TOP |= {"changelogs", "docs", "examples", "extensions", "meta", "playbooks", "plugins", "roles", "tests"}
#: So many files there are at most, beside plugins and simulators: those are many small ones.
MOST = 200
README = (ROOT / "examples/README.md").read_text(encoding="utf-8")
WITH_SIMULATORS = re.findall(r"(?m)^\$ python3 \.\./tests/simulators (.*)$", README)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """What ``make build`` makes."""
    directory = tmp_path_factory.mktemp("archive")
    galaxy(directory, "build", "--output-path", directory, STAGE)
    [built] = directory.glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(archive) -> Path:
    """Where ``ansible-galaxy`` has put it."""
    collections = archive.parent / ".ansible/collections"
    galaxy(archive.parent, "install", "--force", "--offline", "--no-deps", "--collections-path", collections, archive)
    return collections / "ansible_collections" / NAMESPACE / NAME


def galaxy(home: Path, *words: object) -> None:
    command = [env_bin() / "ansible-galaxy", "collection", *map(str, words)]
    env = environment(collections=home)
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr


def with_simulators(installed: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """What a command came to in the directory of the examples, with the installed simulators."""
    return subprocess.run(
        ["python3", "../tests/simulators", *command],
        cwd=installed / "examples",
        env=environment(collections=installed.parents[2]),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_they_run_in_a_checkout_too(tmp_path):
    """There is no ``ansible_collections`` above it, where Ansible would look."""
    checkout = shutil.copytree(STAGE, tmp_path / "cloned", ignore=shutil.ignore_patterns("tests"), symlinks=True)
    shutil.copytree(STAGE / "tests/simulators", checkout / "tests/simulators")
    env = environment(collections=tmp_path)
    del env["ANSIBLE_COLLECTIONS_PATH"]
    ended = subprocess.run(
        ["python3", "../tests/simulators", *next(each for each in WITH_SIMULATORS if "--graph" in each).split()],
        cwd=checkout / "examples",
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "@cloudstack_agents:" in ended.stdout


def test_users_get_no_tests(archive):
    with tarfile.open(archive) as opened:
        names = [PurePosixPath(member.name) for member in opened.getmembers() if member.isfile()]
    assert {name.parts[0] for name in names} == TOP
    assert {name.parts[:2] for name in names if name.parts[0] == "tests"} == {("tests", "simulators")}
    assert not [name for name in names if any(part.startswith(".") for part in name.parts)]
    assert ("extensions", "molecule") not in {name.parts[:2] for name in names}
    assert sum(name.parts[0] not in {"plugins", "tests"} for name in names) <= MOST


def test_every_example_runs_with_one_command():
    """The jobs that need no hosts are among the commands that the next test runs."""
    told = " ".join(WITH_SIMULATORS)
    for name in ("provision_zone/apis.yml", "volumes/declare.yml", "volumes/operate.yml", "inventory/zone1"):
        assert name in told


@pytest.mark.parametrize("command", WITH_SIMULATORS)
def test_an_example_runs_as_its_readme_says(command, installed):
    ended = with_simulators(installed, *shlex.split(command))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "WARNING" not in ended.stderr, ended.stderr
    if "ansible-playbook" in command:
        assert int(re.search(r"changed=(\d+)", ended.stdout)[1]) > 2
    else:
        assert {"cloudstack_agents:", "cloudstack_management:"} <= set(re.findall(r"\w+:", ended.stdout))


def test_the_examples_are_copied_as_the_guide_says(installed, tmp_path):
    words = pages.command(pages.CONTROLLERS, "cp")
    env = {**environment(), "HOME": str(installed.parents[4])}
    subprocess.run(["sh", "-c", " ".join(words)], cwd=tmp_path, env=env, timeout=SECONDS, check=True)
    copied, examples = (
        {path.relative_to(top): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (tmp_path / words[-1], installed / "examples")
    )
    assert copied == examples
    assert Path("inventory/hosts.yml") in copied


@pytest.mark.parametrize(("command", "status"), [(("sh", "-c", "exit 3"), 3), (("there-is-no-such-program",), 127)])
def test_the_status_of_the_command_is_the_status_of_the_whole(command, status, installed):
    assert with_simulators(installed, *command).returncode == status


@pytest.mark.parametrize("name", ["gitlab-ci.yml", "github-workflow.yml"])
def test_a_pipeline_names_what_is_there(name, installed):
    """The playbook, the files and the variables of each command; Ansible reads the playbook with them."""
    pipeline = yaml.safe_load((installed / "examples/deploy_agents" / name).read_text(encoding="utf-8"))
    scripts = [step.get("run", "") for step in pipeline["jobs"]["deploy"]["steps"]] if "jobs" in pipeline else []
    scripts += [line for job in pipeline.values() if isinstance(job, dict) for line in job.get("script", [])]
    plays = [script for script in scripts if script.startswith("ansible-playbook")]
    assert plays
    for play in plays:
        ended = with_simulators(installed, *shlex.split(play), "--syntax-check")
        assert ended.returncode == 0, ended.stderr
    variables = set(re.findall(r"-e (\w+)=", " ".join(plays)))
    roll = yaml.safe_load((installed / "examples/deploy_agents/rollout.yml").read_text(encoding="utf-8"))
    options = yaml.safe_load((installed / "roles/driver/meta/argument_specs.yml").read_text(encoding="utf-8"))
    known = {name for entry in options["argument_specs"].values() for name in entry["options"]}
    own = yaml.safe_load((installed / "playbooks/vars/deployment.yml").read_text(encoding="utf-8"))
    assert variables | set(roll) <= known | set(own["deployment_options"])


def test_the_simulators_need_what_the_demonstration_does():
    wanted = (ROOT / "tests/simulators/requirements.txt").read_text(encoding="utf-8").splitlines()
    had = (ROOT / "tests/requirements/run.txt").read_text(encoding="utf-8").splitlines()
    assert {line for line in wanted if not line.startswith("#")} <= set(had)
