# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built-in storage provider, which is also used, without a word, when the wanted one is unknown."""

from __future__ import annotations

from simulators.cloudstack import rows
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.java import UriSyntaxError, parse_uri
from simulators.cloudstack.plugin.lifecycle import NewPool
from simulators.cloudstack.state import State

#: What comes of a URL without a path, in the words of the machine that runs the server.
NO_PATH = 'Cannot invoke "Object.toString()" because the return value of "java.util.Map.get(Object)" is null'


async def initialize_default(state: State, wanted: NewPool) -> rows.Pool:
    """Stores an NFS pool; DriverError for a URL that is none (CloudStackPrimaryDataStoreLifeCycleImpl)."""
    try:
        uri = parse_uri(wanted.url)
    except UriSyntaxError:
        if state.release.has("any_url_is_taken_apart"):
            raise DriverError(NO_PATH) from None
        raise DriverError(f"{wanted.url} is not a valid uri") from None
    if uri.scheme is None:
        raise DriverError(f"scheme is null {wanted.url}, add nfs:// (or cifs://) as a prefix")
    if uri.scheme.lower() != "nfs":
        raise DriverError(f"Unable to figure out the scheme for URL: {wanted.url}")
    if not uri.host or not uri.path:
        raise DriverError("host or path is null, should be nfs://hostname/path")
    return state.pools.add(
        rows.Pool(
            name=wanted.name,
            zone=wanted.zone,
            hypervisor="KVM",
            provider="DefaultPrimary",
            type="NetworkFilesystem",
            ip_address=uri.host,
            path=uri.path,
            capacity_bytes=wanted.capacity_bytes or 0,
            tags=wanted.tags,
            details={name: rows.Detail(value, True) for name, value in wanted.details.items()},
            connected_hosts={host.db_id for host in state.hosts if host.zone == wanted.zone and host.state == "Up"},
        )
    )
