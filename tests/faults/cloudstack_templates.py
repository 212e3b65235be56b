# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for templates (downloaded, made of volumes and snapshots, copied to a pool, changed, removed), and for volumes as files."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import Ids, Scenario, Steps
from faults.worlds import DOWNLOADED

_IMAGE = {"url": "https://images.example.com/debian.qcow2", "os_type": "Debian GNU/Linux 12 (64-bit)"}
_THERE = {"name": "golden", "url": _IMAGE["url"], "format": "QCOW2", "hypervisor": "KVM", "zoneid": "1"}


def _quick(world: Any) -> None:
    """Downloads take a few looks, and no more: time passes quickly here."""
    world.admin("POST", "switches", {"template_download_ms": 5, "template_prepare_ms": 5})


def _pool(world: Any) -> None:
    made(world)
    _quick(world)


def _volume(world: Any) -> None:
    _pool(world)
    world.add(pool="sp", volumes=1, snapshots=1)


def _there(world: Any) -> None:
    _pool(world)
    world.do(("registerTemplate", _THERE))
    world.admin("POST", "now", {"seconds": 60})


def _used(world: Any) -> None:
    _there(world)
    [template] = [row for row in world.admin("GET", "state")["templates"] if row["name"] == "golden"]
    world.do(
        (
            "deployVirtualMachine",
            {"zoneid": "1", "serviceofferingid": "1", "templateid": template["id"], "name": "user", "startvm": "false"},
        )
    )


def _on(command: str, **more: str) -> Any:
    """A rival's command for the template, if it is there."""

    def steps(ids: Ids) -> Steps:
        return ((command, {**more, "id": ids["template golden"]}),) if "template golden" in ids else ()

    return steps


_CHANGED = {
    "rival: gone": _on("deleteTemplate"),
    "rival: changed": _on("updateTemplate", displaytext="theirs"),
    "rival: exists": (("registerTemplate", _THERE),),
}


def _template(state: str, options: Any, **more: Any) -> Scenario:
    def task(ids: Ids) -> dict[str, Any]:
        given = options(ids) if callable(options) else options
        return {"name": "golden", "zone": "zone1", "wait_timeout": 30, **given}

    defaults = {"names": ("'golden'",), "subjects": ("template golden",), "prepare": _there, "rivals": _CHANGED}
    return Scenario("cloudstack_template", state, task, **{**defaults, **more})


def _of(kind: str) -> Any:
    """Options for a template of the volume or the snapshot on the pool."""

    def options(ids: Ids) -> dict[str, Any]:
        label = next(label for label in sorted(ids) if label.startswith(f"{kind} sim-volume-2-"))
        return {kind: ids[label], "os_type": _IMAGE["os_type"], "extractable": True, "details": {"a": "1"}}

    return options


TEMPLATES = (
    _template(
        "register and copy to a pool",
        {**_IMAGE, "checksum": "sha256:" + "0a" * 32, "public": True, "cached_on": "sp"},
        prepare=_pool,
        rivals={"rival: exists": (("registerTemplate", _THERE),)},
        storpool=True,
    ),
    _template("make of a volume", _of("volume"), prepare=_volume, rivals={}),
    _template("make of a snapshot", _of("snapshot"), prepare=_volume, rivals={}),
    _template("change", {"display_text": "Golden", "featured": True, "ssh_key_enabled": True, "details": {"a": "1"}}),
    _template("copy to a pool", {"cached_on": "sp"}, storpool=True),
    _template("remove", {"state": "absent"}),
    _template("remove in use", {"state": "absent", "forced": True}, prepare=_used),
)


def _named_volume(world: Any) -> None:
    made(world)
    world.add(pool="sp", volumes=1, name="data")
    [volume] = [row for row in world.admin("GET", "state")["volumes"] if row["name"] == "data"]
    # A copy is there already, so that the job for it ends at once: answers are the same in each run.
    world.do(("extractVolume", {"id": volume["id"], "zoneid": "1", "mode": "HTTP_DOWNLOAD"}))


DOWNLOADS = (
    Scenario(
        "cloudstack_volume_download",
        "download",
        {"volume": "data", "zone": "zone1", "dest": str(DOWNLOADED), "wait_timeout": 30},
        names=("'data'", str(DOWNLOADED)),
        prepare=_named_volume,
    ),
)
