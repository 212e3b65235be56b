# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates over their life, and volumes as files: downloads that go on, copies on pools, what is refused, parts of a file."""

from __future__ import annotations

import contextlib
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulators.cloudstack.qcow2 import image
from simulators.kit import Request
from unit.simulators.cloudstack_cloud import Cloud, Failed

Make = Callable[..., Cloud]
GIB = 1 << 30
IMAGE = "http://images.example.com/debian-12.qcow2"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a cloud of a release."""
    with contextlib.ExitStack() as stack:

        def make(version: str = "4.19.1") -> Cloud:
            made = Cloud(version, monkeypatch)
            stack.callback(made.close)
            return made

        yield make


def register(here: Cloud, **params: Any) -> dict[str, Any]:
    given = {"name": "image", "url": IMAGE, "format": "QCOW2", "hypervisor": "KVM", "zoneid": here.zone(), **params}
    [row] = here.call("registerTemplate", **given)["template"]
    return row


def listed(here: Cloud, **params: Any) -> list[dict[str, Any]]:
    return here.call("listTemplates", templatefilter="all", **params).get("template", [])


def ready(here: Cloud) -> dict[str, Any]:
    row = register(here)
    here.admin("now", {"seconds": 60})
    return row


def test_a_download_goes_on_by_itself(cloud: Make) -> None:
    here = cloud()
    here.switches.set({"template_download_ms": 100_000})
    row = register(here, checksum="{SHA-256}AbC", isextractable="true", passwordenabled="true")
    assert (row["isready"], row["checksum"], row["isextractable"], row["passwordenabled"]) == (False, "AbC", True, True)
    assert "size" not in row
    here.admin("now", {"seconds": 40})
    [half] = listed(here, id=row["id"])
    assert half["status"] in ("40% Downloaded", "41% Downloaded")
    assert half["downloaddetails"][0]["downloadState"] == "DOWNLOAD_IN_PROGRESS"
    with pytest.raises(Failed, match="Unable to use template"):
        here.call("deployVirtualMachine", zoneid=here.zone(), serviceofferingid="1", templateid=row["id"])
    here.admin("now", {"seconds": 61})
    [whole] = listed(here, id=row["id"])
    assert (whole["isready"], whole["status"], whole["size"]) == (True, "Download Complete", GIB)


def test_a_download_may_fail(cloud: Make) -> None:
    here = cloud()
    here.switches.set({"template_download_error": "No route to host"})
    row = ready(here)
    [failed] = listed(here, id=row["id"])
    assert (failed["isready"], failed["status"]) == (False, "No route to host")
    assert failed["downloaddetails"][0]["downloadState"] == "DOWNLOAD_ERROR"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"url": "http://x.example.com/a.iso"}, "Please specify a valid qcow2"),
        ({"url": "file:///a.qcow2"}, "Unsupported scheme"),
        ({"format": "FLOPPY"}, "is incorrect"),
        ({"ostypeid": "11111111-2222-3333-4444-555555555555"}, "entity does not exist"),
    ],
)
def test_what_is_not_registered(cloud: Make, params: dict[str, str], text: str) -> None:
    here = cloud()
    with pytest.raises(Failed, match=text) as caught:
        register(here, **params)
    assert caught.value.status == 431
    assert listed(here, name="image") == []


@pytest.mark.parametrize(("version", "members"), [("4.8", set()), ("4.19", {"url"}), ("4.22", {"url", "arch"})])
def test_members_by_release(cloud: Make, version: str, members: set[str]) -> None:
    row = ready(cloud(version))
    assert {"url", "arch"} & set(row) == members


def test_what_is_changed(cloud: Make) -> None:
    here = cloud()
    row = register(here)
    [other] = [one for one in here.call("listOsTypes")["ostype"] if "Windows" in one["description"]]
    here.call("updateTemplate", id=row["id"], displaytext="x", ostypeid=other["id"], **{"details[0].a": "1"})
    here.call("updateTemplatePermissions", id=row["id"], ispublic="true", isfeatured="true")
    here.call("updateTemplate", id=row["id"], **{"details[0].b": "2"})
    [now] = listed(here, id=row["id"])
    assert (now["displaytext"], now["ostypename"], now["details"]) == ("x", other["description"], {"b": "2"})
    assert (now["ispublic"], now["isfeatured"], now["isextractable"]) == (True, True, False)


@pytest.mark.parametrize(("version", "ends_with"), [("4.19.1", "VolumeFreeze"), ("4.22", "VolumeSnapshot")])
def test_a_copy_on_a_pool(cloud: Make, version: str, ends_with: str) -> None:
    here = cloud(version)
    pool, row = here.create(), ready(here)
    before = len(here.storpool.calls)
    assert here.call("prepareTemplate", zoneid=here.zone(), templateid=row["id"], storageid=pool["id"])["count"] == 1
    [made] = [body for query, body in here.storpool.calls[before:] if "VolumeCreate" in query]
    assert made["tags"] == {"uuid": row["id"], "cs": "template", "vc-policy": "no"}
    here.call("prepareTemplate", zoneid=here.zone(), templateid=row["id"])
    assert len([query for query in here.storpool.queries()[before:] if ends_with in query]) == 1


@pytest.mark.parametrize("why", ["it is not ready", "the pool is in maintenance", "no host is up"])
def test_a_copy_that_is_left_out_in_silence(cloud: Make, why: str) -> None:
    here = cloud()
    pool = here.create()
    row = register(here) if why == "it is not ready" else ready(here)
    if "pool" in why:
        here.admin("pools", {"name": "pool1", "state": "Maintenance"})
    if "host" in why:
        for number in (1, 2, 3):
            here.admin("hosts", {"name": f"host{number}", "state": "Down"})
    before = len(here.storpool.calls)
    here.call("prepareTemplate", zoneid=here.zone(), templateid=row["id"], storageid=pool["id"])
    assert here.storpool.calls[before:] == []


def test_one_that_is_being_made_is_in_no_zone(cloud: Make) -> None:
    here = cloud()
    here.create()
    made = here.admin("objects", {"pool": "pool1", "volumes": 1})
    here.switches.set({"jobs_never_end": True})
    here.call("createTemplate", name="golden", volumeid=made["volumes"][0], isfeatured="true")
    [row] = listed(here, name="golden")
    assert (row["isready"], row["isfeatured"], "zoneid" in row) == (False, True, False)
    assert listed(here, name="golden", zoneid=here.zone()) == []


def test_no_template_of_a_volume_that_is_in_use(cloud: Make) -> None:
    here = cloud()
    here.create()
    made = here.admin("objects", {"pool": "pool1", "vms": 1})
    [volume] = here.call("listVolumes", virtualmachineid=made["vms"][0])["volume"]
    with pytest.raises(Failed, match="please stop the VM first"):
        here.call("createTemplate", name="golden", volumeid=volume["id"])
    failed = here.job("extractVolume", id=volume["id"], zoneid=here.zone(), mode="HTTP_DOWNLOAD")
    assert (failed["jobstatus"], failed["jobresult"]["errorcode"]) == (2, 530)
    assert "stopped state" in failed["jobresult"]["errortext"]


@pytest.mark.parametrize(("version", "stays"), [("4.9", False), ("4.19", True)])
def test_a_template_that_vms_use(cloud: Make, version: str, stays: bool) -> None:
    here = cloud(version)
    here.create("ssd" if version == "4.9" else None)
    here.admin("objects", {"pool": "pool1", "vms": 1})
    [template] = listed(here)
    [user] = here.call("listVirtualMachines", templateid=template["id"])["virtualmachine"]
    ended = here.job("deleteTemplate", id=template["id"], zoneid=here.zone())
    assert ended["jobstatus"] == (2 if stays else 1)
    if stays:
        assert user["name"] in ended["jobresult"]["errortext"]
        assert here.job("deleteTemplate", id=template["id"], forced="true")["jobstatus"] == 1
    assert listed(here) == []


def get(here: Cloud, url: str, method: str = "GET", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return here.simulator.perform(here.simulator.parse(Request(method, urlsplit(url).path, b"", named.get)))


def test_a_volume_is_handed_out_in_parts(cloud: Make) -> None:
    here = cloud()
    here.create()
    [volume] = here.admin("objects", {"pool": "pool1", "volumes": 1})["volumes"]
    asked = {"id": volume, "zoneid": here.zone(), "mode": "HTTP_DOWNLOAD"}
    shown = here.job("extractVolume", **asked)["jobresult"]["volume"]
    assert (shown["id"], shown["state"]) == (volume, "DOWNLOAD_URL_CREATED")
    whole = get(here, shown["url"])
    assert struct.unpack_from(">4sI", whole.body) == (b"QFI\xfb", 2)
    tag = whole.headers["ETag"]
    rest = get(here, shown["url"], Range="bytes=1000-", If_Range=tag)
    assert (rest.status, rest.body) == (206, whole.body[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(whole.body) - 1}/{len(whole.body)}"
    assert get(here, shown["url"], Range="bytes=1000-", If_Range='"other"').body == whole.body
    assert get(here, shown["url"], Range=f"bytes={len(whole.body)}-").status == 416
    head = get(here, shown["url"], "HEAD")
    assert (head.body, head.headers["Content-Length"]) == (b"", str(len(whole.body)))
    assert here.job("extractVolume", **asked)["jobresult"]["volume"]["url"] == shown["url"]
    here.admin("now", {"seconds": 4 * 60 * 60 + 1})
    assert get(here, shown["url"]).status == 404
    assert here.job("extractVolume", **asked)["jobresult"]["volume"]["url"] != shown["url"]


@pytest.mark.skipif(
    not shutil.which("qemu-img"), reason="qemu-img is not installed: the image's own fields are compared above"
)
@pytest.mark.parametrize("size", [512, GIB, (5 << 40) + 512])
def test_the_image_is_one_for_qemu(size: int, tmp_path: Path) -> None:
    path = tmp_path / "image.qcow2"
    path.write_bytes(image(size, "volume"))
    checked = subprocess.run(["qemu-img", "check", "-f", "qcow2", path], capture_output=True, check=False)
    assert checked.returncode == 0, checked
    shown = subprocess.run(["qemu-img", "info", "-f", "qcow2", path], capture_output=True, text=True, check=True)
    assert f"({size} bytes)" in shown.stdout
