# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates: what a task may want of one, what it has to know first, and the plan from the one to the other."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ..._common import secret_urls
from ..._common.errors import Failure, InvalidOption
from ..._common.plan import Managed, Plan
from ..._common.time_left import checked
from ..._common.words import listing
from .. import texts
from ..cloud import checksum, identity, named
from ..cloud.predicted import Predicted
from ..cloud.reader import Raw, Reader
from . import progress
from .plan import Current, plan, pools_called
from .want import FLAGS, Source, Want

#: Without the options for StorPool's address and token, which are the StorPool side's; the module puts them in.
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        name={"type": "str", "required": True},
        zone={"type": "str", "required": True},
        url={"type": "str"},
        checksum={"type": "str"},
        format={"type": "str", "choices": ["QCOW2", "RAW"]},
        volume={"type": "str"},
        snapshot={"type": "str"},
        display_text={"type": "str"},
        os_type={"type": "str"},
        details={"type": "dict"},
        wait={"type": "bool", "default": True},
        cached_on={"type": "str"},
        forced={"type": "bool", "default": False},
        wait_timeout={"type": "int", "default": 3600},
        **{option: {"type": "bool", "no_log": False} for option in FLAGS},
    ),
    "mutually_exclusive": [["url", "volume", "snapshot"]],
}
_SCHEMES = ("http", "https", "ftp")
#: Options that say something of a template that shall exist.
_OF_PRESENT = ("url", "checksum", "format", "volume", "snapshot", "cached_on")


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired template that the options describe. Raises :class:`InvalidOption`."""
    present = params["state"] == "present"
    given = [option for option in _OF_PRESENT if params[option] is not None]
    if not present and given:
        raise InvalidOption(f"{listing(given)}: only for a template that shall exist; leave it out with state absent.")
    if params["checksum"] is not None and params["url"] is None:
        raise InvalidOption("checksum is that of the image behind url: give url as well.")
    if params["cached_on"] is not None and not params["wait"]:
        raise InvalidOption(
            "cached_on: a template can be copied to a pool only when it is ready, so wait cannot be false."
        )
    sources = [
        Source(kind, _source(kind, params[kind])) for kind in ("url", "volume", "snapshot") if params[kind] is not None
    ]
    return Want(
        present=present,
        name=texts.text(params["name"], "name"),
        zone=texts.text(params["zone"], "zone"),
        source=sources[0] if sources else None,
        checksum=checksum.parse(params["checksum"]),
        format=params["format"],
        display_text=texts.text(params["display_text"], "display_text", 4096),
        os_type=texts.text(params["os_type"], "os_type"),
        flags={option: params[option] for option in FLAGS if params[option] is not None},
        details=_details(params["details"]),
        wait=params["wait"],
        cached_on=texts.text(params["cached_on"], "cached_on"),
        forced=params["forced"],
        wait_timeout=checked(params, "wait_timeout"),
    )


def _source(kind: str, value: str) -> str:
    if kind != "url":
        return str(texts.text(value, kind))
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in _SCHEMES or re.search(r"[\s\x00-\x1f\x7f]", value) or len(value) > 2048:
        raise InvalidOption(
            f"url is {secret_urls.redacted(value)[:200]!r}, which is no address that CloudStack can download from: it begins with http:// or https://, has a "
            "host, a port up to 65535 if any, no spaces, and at most 2048 characters. In names and passwords, / is written as %2F, ? as %3F and # as %23."
        )
    return value


def _details(given: t.Optional[t.Mapping[str, t.Any]]) -> t.Dict[str, str]:
    found = {}
    for key, value in (given or {}).items():
        if not re.fullmatch(r"[\w.:-]+", str(key)) or isinstance(value, (dict, list)) or value is None or value == "":
            raise InvalidOption(
                f"details.{key}: a detail has a name of letters, digits and the signs . : _ -, and a value that is a text and not empty."
            )
        found[str(key)] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several templates, volumes or snapshots answer to the description."""
    current = Current(reader.version(), reader.zone(wanted.zone))
    if current.zone is None:
        return current._replace(others=tuple(reader.zones()))
    zone_id = str(current.zone["id"])
    row = _one(reader, wanted, zone_id)
    current = current._replace(row=row)
    if not wanted.present:
        return current._replace(users=tuple(reader.vms(templateid=row["id"], zoneid=zone_id)) if row else ())
    if wanted.os_type is not None:
        current = current._replace(os_types=tuple(reader.os_types()))
    if wanted.cached_on is not None:
        pools = identity.within(reader.pools(), "zone", zone_id)
        current = current._replace(pools=tuple(pool for pool in pools if identity.is_storpool(pool)))
    if row is not None:
        return current._replace(copy=_copy(reader, wanted, row, current.pools))
    if wanted.source and wanted.source.kind != "url":
        return _with_source(reader, current, wanted.source, zone_id)
    return current


def _one(reader: Reader, wanted: Want, zone_id: str) -> t.Optional[Raw]:
    """The template with the name in the zone; if there is none, the one that is being made, which is in no zone yet."""
    rows = reader.templates(wanted.name, zone_id)
    if not rows:
        rows = [row for row in reader.templates(wanted.name) if progress.is_in_the_making(row)]
    way_out = f"Rename or remove all of them in zone {wanted.zone!r} but the one that is meant"
    return named.the_one("name", "template", wanted.name, rows, way_out=way_out)


def _with_source(reader: Reader, current: Current, source: Source, zone_id: str) -> Current:
    called, every = (
        (reader.volumes_called, reader.volumes)
        if source.kind == "volume"
        else (reader.snapshots_called, reader.volume_snapshots)
    )
    row = named.the_one(source.kind, source.kind, source.what, called(source.what, zone_id))
    return current._replace(source=row, others=() if row else tuple(every(zoneid=zone_id)))


def _copy(reader: Reader, wanted: Want, row: Raw, pools: t.Iterable[Raw]) -> t.Optional[Raw]:
    """StorPool's snapshot with the template. Where CloudStack itself tells of it, it does not matter that StorPool cannot be asked."""
    found = pools_called(pools, wanted.cached_on) if wanted.cached_on is not None else []
    if len(found) != 1 or progress.progress(row).state != progress.READY:
        return None
    told = progress.is_told_cached(row, found[0])
    try:
        copy = reader.cached_copy(row["id"], identity.template_of(found[0]))
    except Failure:
        if not told:
            raise
        copy = None
    return copy if copy is not None or not told else {}


def shown(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What may be shown of the options, which need not have been checked: an address without what is secret in it."""
    url = params.get("url")
    return dict(params, url=secret_urls.redacted(url) if isinstance(url, str) else url)


def secrets(current: Current, wanted: Want) -> t.Iterator[str]:
    """What may be shown nowhere: addresses with a secret in them, and the secret."""
    urls = [
        wanted.source.what if wanted.source and wanted.source.kind == "url" else None,
        (current.row or {}).get("url"),
    ]
    for url in urls:
        if isinstance(url, str) and secret_urls.is_secret(url):
            parts = urlsplit(url)
            yield from (each for each in (url, parts.query, parts.netloc.rpartition("@")[0], parts.password) if each)


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The template as it would be, and its copy on a pool."""
    after = todo.after
    if after is None:
        reader.change_template(current.row, None, None)
        return
    row = dict(
        current.row or {},
        name=after["name"],
        displaytext=after["display_text"],
        zoneid=after["zone_id"],
        zonename=after["zone"],
        isready=after["ready"],
        format=after["format"],
        ostypeid=after["os_type_id"],
        ostypename=after["os_type"],
        checksum=after["checksum"],
        details=after["details"],
        **{flag.parameter: after[option] for option, flag in FLAGS.items()},
    )
    url = (todo.steps[0].body or {}).get("url") if current.row is None else row.get("url")
    cached = after["cached"]
    copy = None
    if cached:
        [pool] = pools_called(current.pools, cached["pool_id"])
        copy = identity.template_of(pool), {"name": cached["snapshot"], "global_id": cached["global_id"]}
    reader.change_template(current.row, dict(row, url=url), copy)


TEMPLATE = Managed("template", SPEC, want, look, plan, imagine=imagine)
