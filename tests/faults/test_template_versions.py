# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates and downloads on releases of CloudStack whose StorPool drivers make copies of templates in other ways, and that show other members of templates."""

from __future__ import annotations

import pytest

from faults import alone
from faults.alone import written
from faults.scenario import NOTHING
from faults.worlds import CloudStack
from simulators.client import start
from simulators.cloudstack.versions import parse

TEMPLATE = {"name": "golden", "zone": "zone1", "wait_timeout": 3600}
POOL = {"name": "sp", "zone": "zone1", "template": "hybrid", "capacity": "1TiB"}
NEW = {
    **TEMPLATE,
    "url": "https://images.example.com/a.qcow2",
    "os_type": "Other Linux (64-bit)",
    "public": True,
    "checksum": "ab" * 16,
    "cached_on": "sp",
}
OF_VOLUME = {**TEMPLATE, "name": "silver", "volume": "data", "os_type": "Other Linux (64-bit)", "extractable": True}


@pytest.fixture(params=["4.8", "4.9.3", "4.11.3", "4.18.1", "4.20", "4.23"])
def cloud(request, storpool):
    """A cloud of each release, with a pool and a volume on it. Downloads take a few looks."""
    of_storpool = {"storpool_url": storpool.simulator.url, "storpool_token": storpool.simulator.args["token"]}
    with start("cloudstack", version=request.param, hosts=1, **of_storpool) as simulator:
        world = CloudStack(simulator, storpool)
        storpool.begin(NOTHING)
        world.admin("POST", "switches", {"template_download_ms": 5})
        ran(world, "cloudstack_storpool_pool", POOL, writes=["createStoragePool"])
        world.add(pool="sp", volumes=1, name="data")
        yield world


def test_a_template_that_is_downloaded(cloud):
    release = parse(cloud.simulator.args["version"])
    made = ran(cloud, "cloudstack_template", NEW, writes=["registerTemplate", "prepareTemplate"])["template"]
    assert ran(cloud, "cloudstack_template", NEW, writes=[])["template"] == made
    assert made["url"] == (NEW["url"] if release.at_least("4.11") else None)
    [copy] = [row for row in cloud.storpool.state()["snapshots"] if row["lastingId"] == made["cached"]["global_id"]]
    assert copy["templateName"] == "hybrid"
    if release.at_least("4.11"):
        assert (copy["tags"]["uuid"], made["cached"]["snapshot"]) == (made["id"], None)
    else:  # the driver of 4.8 knows no tags
        assert copy["givenName"] == made["cached"]["snapshot"] == made["id"]
    gone = {**TEMPLATE, "state": "absent"}
    ran(cloud, "cloudstack_template", gone, writes=["deleteTemplate"])
    ran(cloud, "cloudstack_template", gone, writes=[])


def test_a_template_and_a_file_of_a_volume(cloud, tmp_path):
    ran(cloud, "cloudstack_template", OF_VOLUME, writes=["createTemplate", "updateTemplatePermissions"])
    ran(cloud, "cloudstack_template", OF_VOLUME, writes=[])
    file = {"volume": "data", "dest": str(tmp_path / "data.qcow2")}
    ran(cloud, "cloudstack_volume_download", file, writes=["extractVolume"])
    ran(cloud, "cloudstack_volume_download", file, writes=[])


def ran(world, module, options, *, writes):
    """The result of a run that went well, and wrote just this."""
    storpool = {} if module.endswith("download") else world.storpool.connection
    ended = alone.ran(world, module, {**world.connection, **storpool, **options})
    assert not ended.failed, ended.output
    assert written(world) == writes
    assert ended.changed == bool(writes)
    return ended.result
