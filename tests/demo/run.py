# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demonstration: declares a small storage set-up twice, operates it, and reads every effect back. Then it provisions a zone on hosts.

Fails unless the second declaration changes and writes nothing, and the clusters and the zone are in the end as they should be.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import zone

from simulators.client import Simulator, start, storpool_call
from tools.stage import stage
from tools.workspace import BUILD, ROOT, env_bin, environment

EXAMPLES = ROOT / "examples"
PLAY_SECONDS = 300
GIB = 2**30
#: What shall be there in the end: volumes and snapshots with the clients that have them.
FINALLY = {
    "shop-db": [],
    "shop-journal": [1],
    "shop-db-monday": [],
    "shop-db-friday": [],
    "shop-db-before-revert": [],
}


class Run(NamedTuple):
    """What a playbook did: tasks that changed something, calls and writes that the simulators received, seconds.

    What CloudStack asked of StorPool meanwhile is counted, too.
    """

    name: str
    playbook: str
    changed: int
    calls: int
    writes: int
    seconds: float


class DemoError(RuntimeError):
    """The demonstration did not show what it claims; the text says what."""


def play(name: str, playbook: str, variables: Path, simulators: Sequence[Simulator]) -> Run:
    """Run a playbook, its output going to the terminal, and count what it did."""
    file = EXAMPLES / "volumes" / playbook
    shown = str(file.relative_to(ROOT))
    print(f"\n===== {name}: ansible-playbook {shown} =====", flush=True)
    for simulator in simulators:
        simulator.clear_journal()
    begin = time.monotonic()
    settings = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    with subprocess.Popen(
        [str(env_bin() / "ansible-playbook"), "--extra-vars", f"@{variables}", str(file)],
        env=environment() | settings,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        status = process.wait(PLAY_SECONDS)
    if status:
        raise DemoError(f"{playbook} failed with status {status}")
    journals = [simulator.journal() for simulator in simulators]
    changed = re.search(r"changed=(\d+)", "".join(lines[lines.index(next(filter(is_recap, lines))) :]))
    return Run(
        name,
        shown,
        int(changed[1]),
        sum(journal["calls"] for journal in journals),
        sum(journal["writes"] for journal in journals),
        time.monotonic() - begin,
    )


def is_recap(line: str) -> bool:
    """Whether a line begins Ansible's summary."""
    return line.startswith("PLAY RECAP")


def read(storpool: Simulator, call: str) -> Any:
    """The data of a read, straight from the API."""
    return storpool_call(storpool, call).json()["data"]


def rows(storpool: Simulator) -> list[list[str]]:
    """What exists, as rows of text: kind, name, size, template, limit, tags, clients."""
    attachments = read(storpool, "AttachmentsList")
    found = []
    for kind, call in (("volume", "VolumesList"), ("snapshot", "SnapshotsList")):
        for thing in read(storpool, call):
            if thing.get("deleted") or thing.get("transient"):
                continue
            clients = [row for row in attachments if row["globalId"] == thing["globalId"]]
            found.append(
                [
                    kind,
                    thing["name"],
                    f"{thing['size'] // GIB} GiB" if thing["size"] >= GIB else f"{thing['size']} B",
                    thing["templateName"],
                    "" if thing["iops"] == "-" else f"{thing['iops']} iops",
                    " ".join(f"{key}={value}" for key, value in sorted(thing["tags"].items())),
                    " ".join(f"{row['client']}:{row['rights']}" for row in clients),
                ]
            )
    return found


def check_the_end(storpool: Simulator) -> None:
    """Compare what there is with what should be, unnamed volumes left aside; and the unnamed cache is still on two clients."""
    attachments = read(storpool, "AttachmentsList")
    things = [*read(storpool, "VolumesList"), *read(storpool, "SnapshotsList")]
    named = [thing["name"] for thing in things if re.match(r"shop-", thing["name"])]
    clients = {name: sorted(row["client"] for row in attachments if row["volume"] == name) for name in named}
    if clients != FINALLY:
        raise DemoError(f"In the end there should be {FINALLY}, but there is {clients}")
    [cache] = [thing for thing in things if thing["tags"].get("role") == "cache"]
    if sorted(row["client"] for row in attachments if row["globalId"] == cache["globalId"]) != [1, 2]:
        raise DemoError("The volume without a name should be attached to clients 1 and 2")


def table(title: str, head: Sequence[str], body: Iterable[Sequence[str]]) -> None:
    """Print a table with a line below its head."""
    lines = [list(head), *([str(cell) for cell in row] for row in body)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}\n")
    for number, line in enumerate(lines):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def demonstrate(storpool: Simulator, cloudstack: Simulator) -> None:
    """The three runs, the checks between them, and the tables at the end."""
    variables = BUILD / "demo.json"
    variables.touch(mode=0o600)
    connections = {
        "sp_api_http_host": storpool.host,
        "sp_api_http_port": storpool.port,
        "sp_auth_token": storpool.args["token"],
        "cloudstack_api_url": f"{cloudstack.url}/client/api",
        "cloudstack_api_key": cloudstack.args["api_key"],
        "cloudstack_api_secret": cloudstack.args["secret_key"],
    }
    variables.write_text(json.dumps(connections))
    both = (storpool, cloudstack)
    first = play("Declare", "declare.yml", variables, both)
    second = play("Declare again", "declare.yml", variables, both)
    if second.changed or second.writes:
        raise DemoError(
            f"The second run changed {second.changed} tasks and wrote {second.writes} times; both must be 0"
        )
    third = play("Operate", "operate.yml", variables, both)
    check_the_end(storpool)
    found = rows(storpool)
    table("What exists", ("kind", "name", "size", "template", "limit", "tags", "clients"), found)
    if any(name.startswith("~") for _kind, name, *_rest in found):
        print(
            "\n  A name that begins with ~ is a global id: the volume has no name, tasks find it by its tags or by that id. One with a tag cs is CloudStack's."
        )
    table(
        "What each run did",
        ("run", "playbook", "changed tasks", "API calls", "writes", "seconds"),
        [
            (run.name, run.playbook, run.changed, run.calls, run.writes, f"{run.seconds:.1f}")
            for run in (first, second, third)
        ],
    )


def main() -> int:
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # simulators and hosts end with us
    stage()
    token = "1556560560218011653"
    try:
        with zone.hosts() as hosts:
            with (
                start("storpool", token=token) as storpool,
                start("cloudstack", storpool_url=storpool.url, storpool_token=token) as cloudstack,
            ):
                demonstrate(storpool, cloudstack)
            report = zone.provision(hosts)
        if report:
            head = ("host", "component", "CloudStack", "driver", "service", "in CloudStack", "problems")
            table("What is deployed where", head, zone.rows(report))
            print(f"\nThe same as a page: {zone.REPORT.with_suffix('.html')}")
    except (DemoError, zone.ZoneError) as error:
        print(f"\nThe demonstration failed: {error}", file=sys.stderr)
        return 1
    print(
        "\nEvery effect was read back from the API and is as it should be; the second declaration wrote nothing.\n"
        "With your own systems, look first: --check --diff says what a playbook would change, and changes nothing."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
