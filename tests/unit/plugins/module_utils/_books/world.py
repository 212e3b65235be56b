# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both simulators' models, joined as their driver joins them, and read by both sides' readers: two books in one process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._books.finding import Finding
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.reading import Ask, Reading, Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.run import REPAIR, repair
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import identity, other_half
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader as CloudReader
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.paging import Pages
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Outdated
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import (
    Reader as ClusterReader,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import (
    keys_of,
    owner_of,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.times import duration
from simulators.cloudstack import objects
from simulators.cloudstack.plugin import api
from simulators.storpool.errors import ApiFailure
from unit.plugins.module_utils._storpool.in_process import Cluster
from unit.simulators.cloudstack_cloud import Cloud, Failed

CLIENTS = {"host1": 1, "host2": 2, "host3": 3}
#: After everything that the models make.
LATER = 4_000_000_000.0


class CloudApi:
    """Calls CloudStack's model as :class:`Api` calls a server; ``reads`` are the commands in order."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.reads, self._pages = cloud, [], Pages()

    def read(self, command: str, **params: Any) -> dict[str, Any]:
        self.reads.append(command)
        told = {key: str(value).lower() if isinstance(value, bool) else value for key, value in params.items()}
        try:
            return self.cloud.call(command, **{key: value for key, value in told.items() if value is not None})
        except Failed as failure:
            raise Outdated(str(failure)) from None

    def rows(self, command: str, key: str, **params: Any) -> list[dict[str, Any]]:
        def read(page: int | None, size: int | None) -> tuple[list[dict[str, Any]], Any]:
            answer = self.read(command, **params, page=page, pagesize=size)
            return answer.get(key, []), answer.get("count")

        return self._pages.every(read, one="id" in params)


class World:
    """A cloud of one release with a StorPool pool "sp1" of template "t1", whose hosts are clients 1, 2 and 3; template "t2" is no pool's."""

    def __init__(self, version: str, patch: pytest.MonkeyPatch) -> None:
        self.storpool = Cluster()
        for name in ("t1", "t2"):
            body = {"name": name, "replication": 3, "placeAll": "default", "placeTail": "default"}
            self.storpool.post("VolumeTemplateCreate", body)
        self.cloud = Cloud(version, patch)
        patch.setattr(api, "call", self._call)
        self.pool = self.cloud.create(self._url(), name="sp1")
        self.api = CloudApi(self.cloud)
        self.sides = Sides(
            CloudReader(self.api),
            ClusterReader(self.storpool),
            identity.is_storpool,
            identity.template_of,
            other_half.reference,
            keys_of,
            owner_of,
            dict,
        )

    def _url(self) -> str:
        release = self.cloud.state.release
        if release.text.startswith("4.8"):
            return "t1"
        pairs = "SP_API_HTTP=127.0.0.1:81;SP_AUTH_TOKEN=77;SP_TEMPLATE=t1"
        return "storpool://77@127.0.0.1:81/t1" if release.has("storpool_url_scheme") else pairs

    async def _call(self, where: Any, query: str, body: Any = None, *, post: bool = False) -> dict[str, Any]:
        try:
            return self.storpool.done(query, body, "POST" if post or body is not None else "GET").envelope
        except ApiFailure as failure:
            raise api.StorPoolError(failure.name, str(failure)) from None

    def add(self, **wanted: Any) -> dict[str, list[str]]:
        """Objects on the pool, as the driver makes them; their ids by kind."""
        pool = self.cloud.state.pools.by_uuid(self.pool["id"])
        return self.cloud.loop.run_until_complete(objects.create_objects(self.cloud.state, pool, wanted))

    def row(self, table: str, one: str) -> Any:
        """The model's own row of CloudStack's."""
        return self.cloud.state.table(table).by_uuid(one)

    def half(self, one: str) -> str:
        """How StorPool's model knows a volume of CloudStack's."""
        return other_half.reference(self.row("volumes", one).path)

    def update(self, one: str, **body: Any) -> None:
        """Change StorPool's half of a volume, behind CloudStack's back."""
        self.storpool.post(f"VolumeUpdate/{self.half(one)}", body)

    def reading(self, min_age: int = 0, **ask: Any) -> Reading:
        return Reading(self.sides, Ask(clients=CLIENTS, min_age=min_age, **ask), lambda: LATER)

    def audit(self, **ask: Any) -> list[Finding]:
        """What an audit finds."""
        reading = self.reading(**ask)
        return reading.findings(reading.first())[1]

    def found(self, **ask: Any) -> list[tuple[str, str]]:
        """The codes and objects of an audit, sorted."""
        return sorted(finding.key for finding in self.audit(**ask))

    def repair(self, *codes: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """What the repair module returns."""
        given = {name: option.get("default") for name, option in REPAIR["argument_spec"].items()}
        given.update(codes=list(codes), clients=CLIENTS, min_age="0s", at_most=1000)
        return repair(self.sides, {**given, **options}, duration, self.storpool.apply, retries=0, check_mode=check_mode)

    def orphan(self, template: str = "t1", **tags: str) -> str:
        """A volume with CloudStack's tags that CloudStack does not know; what StorPool calls it."""
        return "~" + self.storpool.create(size=1 << 30, template=template, tags={"cs": "volume", **tags})

    def clients_of(self, reference: str) -> dict[int, str]:
        """The clients that have a volume attached."""
        return self.storpool.clients_of(reference)

    def close(self) -> None:
        self.cloud.close()


@contextlib.contextmanager
def world(version: str = "4.19.1") -> Iterator[World]:
    """A world for as long as it is used."""
    with pytest.MonkeyPatch.context() as patch:
        made = World(version, patch)
        try:
            yield made
        finally:
            made.close()
