# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a template: pure, from what was read to what is to be sent."""

from __future__ import annotations

import typing as t

from ..._common import secret_urls
from ..._common.errors import Incomplete, InvalidOption, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import listing, nearest, sentence
from ..cloud import identity, named, results, versions
from ..cloud.reader import Raw
from ..cloud.versions import Version
from . import progress
from .changes import changes
from .want import FLAGS, Source, Want
from .watch import Cached, Gone, Ready, failed

#: What createTemplate of every release takes; the others are set afterwards.
_OF_VOLUMES = ("public", "featured", "password_enabled")
_REGISTER_ADVICE = (
    (
        "Please specify a valid",
        "The path of the address has to end as the format says, for instance in .qcow2, or in .qcow2.bz2 if it is packed.",
    ),
    ("esolve", "The management server has to find the host of the address."),
)
_CREATE_ADVICE = (
    ("ssvm", "Check the secondary storage VM of the zone, and that a host with the StorPool client is up."),
    ("", "The log of the management server tells more."),
)


class Current(t.NamedTuple):
    """What a plan for one template has to know. All but the first two is read only if the plan can depend on it."""

    version: Version
    zone: t.Optional[Raw] = None
    others: t.Tuple[Raw, ...] = ()  # all zones, volumes or snapshots, if the one that is meant is not among them
    row: t.Optional[Raw] = None
    os_types: t.Tuple[Raw, ...] = ()
    source: t.Optional[Raw] = None  # the volume or the snapshot
    pools: t.Tuple[Raw, ...] = ()  # those of StorPool in the zone
    copy: t.Optional[Raw] = (
        None  # StorPool's snapshot with the template on the wanted pool; empty if only CloudStack tells of it
    )
    users: t.Tuple[Raw, ...] = ()  # VMs of it


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current template the wanted one.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    if current.zone is None:
        raise named.missing("zone", "zone", wanted.zone, current.others)
    if not wanted.present:
        return _plan_absent(current, current.zone, wanted)
    pool = _pool(current, wanted)
    if current.row is None:
        return _plan_create(current, current.zone, wanted, pool)
    return _plan_update(current, current.zone, current.row, wanted, pool)


def _plan_absent(current: Current, zone: Raw, wanted: Want) -> Plan:
    row = current.row
    if row is None:
        return Plan((), None, None)
    shown = results.template(row)
    if progress.is_in_the_making(row):
        # Whether it can be made does not matter any more, but until then it cannot be removed.
        return Plan((_wait(row, zone, wanted),), shown, None, later=(_removing(zone, wanted),))
    names = sorted(str(vm.get("displayname") or vm["name"]) for vm in current.users)
    if names and not wanted.forced:
        raise NotAllowed(
            f"{sentence(str(wanted))} is not removed: {len(names)} VM{'s were' if len(names) > 1 else ' was'} made of it: {listing(names)}. They go on to "
            "run without it, but cannot be reinstalled; set forced to remove it all the same, or expunge them first."
        )
    body = {"id": row["id"], "zoneid": zone["id"]}
    if names:
        body["forced"] = True
    removal = Step(
        "deleteTemplate", None, body, _removing(zone, wanted), timeout=wanted.wait_timeout, destroys=str(row["id"])
    )
    words = f"wait until {wanted} is no longer in zone {zone['name']!r}"
    gone = Step("listTemplates", None, Gone(row["id"], zone["id"]), words, method="GET", timeout=wanted.wait_timeout)
    losses = (
        (
            f"{sentence(str(wanted))} is removed although {listing(names)} {'were' if len(names) > 1 else 'was'} made of it.",
        )
        if names
        else ()
    )
    return Plan((removal, gone), shown, None, losses=losses)


def _removing(zone: Raw, wanted: Want) -> str:
    return f"remove {wanted} from zone {zone['name']!r}"


def _plan_create(current: Current, zone: Raw, wanted: Want, pool: t.Optional[Raw]) -> Plan:
    who = sentence(str(wanted))
    if wanted.source is None:
        raise InvalidOption(
            f"{who} is not in zone {zone['name']!r}, and nothing says what to make it of: set url, volume or snapshot."
        )
    if wanted.os_type is None:
        raise InvalidOption(
            f"{who} is not in zone {zone['name']!r}, and CloudStack wants to know the guest system of a new template: set os_type."
        )
    system = _os_type(current, wanted.os_type)
    body: t.Dict[str, t.Any] = {
        "name": wanted.name,
        "displaytext": wanted.display_text or wanted.name,
        "ostypeid": system["id"],
    }
    if wanted.details:
        body["details"] = [dict(wanted.details)]
    make = _register if wanted.source.kind == "url" else _create
    step, predicted = make(current, zone, wanted, wanted.source, body)
    predicted = dict(
        predicted,
        id=None,
        name=wanted.name,
        displaytext=body["displaytext"],
        zoneid=zone["id"],
        zonename=zone["name"],
        ostypeid=system["id"],
        ostypename=system.get("description"),
        details=dict(wanted.details),
    )
    later: t.List[str] = []
    if wanted.source.kind == "url" and wanted.wait:
        later.append(_waiting(zone, wanted))
    later += [change.words for change in changes(predicted, wanted, system)[1]]
    predicted.update({FLAGS[option].parameter: value for option, value in wanted.flags.items()})
    if wanted.source.kind != "url":
        predicted["details"] = None  # it inherits some
    predicted["isready"] = True if wanted.wait or wanted.source.kind != "url" else None
    if pool:
        later += _caching(wanted, pool)
    return Plan((step,), None, results.template(predicted, _copy(pool, {})), tuple(later))


def _register(current: Current, zone: Raw, wanted: Want, source: Source, body: Raw) -> t.Tuple[Step, Raw]:
    """The call for a template that CloudStack is to download. It answers at once."""
    kind = wanted.format or "QCOW2"
    body.update(url=source.what, zoneid=zone["id"], format=kind, hypervisor="KVM")
    if wanted.checksum:
        if current.version < versions.CHECKSUMS_WITH_NAMES and wanted.checksum.name != "MD5":
            raise InvalidOption(
                f"checksum is a {wanted.checksum.name} one, and CloudStack {current.version} knows MD5 only; the first that knows others is "
                f"{versions.CHECKSUMS_WITH_NAMES}."
            )
        body["checksum"] = wanted.checksum.sent
    body.update({FLAGS[option].parameter: value for option, value in wanted.flags.items()})
    words = f"register {wanted} in zone {zone['name']!r} from {secret_urls.redacted(source.what)}"
    step = Step(
        "registerTemplate", None, body, words, timeout=wanted.wait_timeout, repeatable=False, advice=_REGISTER_ADVICE
    )
    given = {FLAGS[option].parameter: value for option, value in wanted.flags.items()}
    predicted = dict(given, format=kind, url=source.what, checksum=wanted.checksum.digest if wanted.checksum else None)
    return step, predicted


def _create(current: Current, zone: Raw, wanted: Want, source: Source, body: Raw) -> t.Tuple[Step, Raw]:
    """The call for a template of a volume or a snapshot, whose job makes it."""
    row = current.source
    if row is None:
        raise named.missing(source.kind, source.kind, source.what, current.others, f" in zone {zone['name']!r}")
    state, of = row.get("state"), f"{source.kind} {row['name']!r}"
    running = row.get("vmstate") if source.kind == "volume" else None
    if running and running != "Stopped":
        raise NotAllowed(
            f"{sentence(of)} is that of VM {str(row.get('vmdisplayname') or row.get('vmname'))!r}, which is {running}, and CloudStack makes templates only of "
            "volumes that nobody writes to. Stop the VM, or take a snapshot of the volume and give that (snapshot)."
        )
    if state not in (None, "Ready" if source.kind == "volume" else "BackedUp"):
        raise NotAllowed(
            f"{sentence(of)} is {state}, and CloudStack makes no template of it as long as it is. "
            + (
                "A volume that was never attached has no data yet."
                if state == "Allocated"
                else "Run the task again later."
            )
        )
    given = {option: wanted.flags[option] for option in _OF_VOLUMES if option in wanted.flags}
    body[source.kind + "id"] = row["id"]
    body.update({FLAGS[option].parameter: value for option, value in given.items()})
    words = f"make {wanted} of {of}"
    step = Step(
        "createTemplate", None, body, words, timeout=wanted.wait_timeout, repeatable=False, advice=_CREATE_ADVICE
    )
    # It inherits from the template of the volume whether it may be downloaded.
    inherited = bool(row.get("templateid") and row.get("isextractable"))
    return step, dict({FLAGS[option].parameter: value for option, value in given.items()}, isextractable=inherited)


def _plan_update(current: Current, zone: Raw, row: Raw, wanted: Want, pool: t.Optional[Raw]) -> Plan:
    who = sentence(str(wanted))
    before = results.template(row, _copy(pool, current.copy))
    if progress.is_in_the_making(row):
        # What it will be like is seen only when it is done.
        return Plan((_wait(row, zone, wanted),), before, before)
    _check_fixed(row, wanted)
    state, words = progress.progress(row)
    if state == progress.FAILED:
        raise Incomplete(failed(who, words))
    system = _os_type(current, wanted.os_type) if wanted.os_type is not None else None
    after, made = changes(row, wanted, system)
    steps = [Step(change.command, None, dict(change.body, id=row["id"]), change.words) for change in made]
    later: t.List[str] = []
    if state != progress.READY and wanted.wait:
        steps.append(_wait(row, zone, wanted))
        after["isready"] = True
    copy = current.copy
    if pool and copy is None:
        prepare, wait = _caching(wanted, pool)
        if state == progress.READY:
            body = {"zoneid": zone["id"], "templateid": row["id"], "storageid": pool["id"]}
            watched = Cached(row["id"], zone["id"], (str(pool["id"]), identity.template_of(pool)))
            steps += [
                Step("prepareTemplate", None, body, prepare),
                Step("listTemplates", None, watched, wait, method="GET", timeout=wanted.wait_timeout),
            ]
        else:
            later = [prepare, wait]
        copy = {}
    return Plan(tuple(steps), before, results.template(after, _copy(pool, copy)), tuple(later))


def _check_fixed(row: Raw, wanted: Want) -> None:
    """Refuse what would have to be another template."""
    who, anew = (
        sentence(str(wanted)),
        "CloudStack cannot change that: remove the template (state absent), or give another name",
    )
    kind, what = wanted.source or ("", "")
    has = row.get("url")
    if kind == "url" and has and has != what:
        raise InvalidOption(
            f"{who} was registered from {secret_urls.redacted(str(has))}, not from {secret_urls.redacted(what)}. {anew}."
        )
    if wanted.checksum and wanted.checksum.contradicts(row.get("checksum")):
        raise InvalidOption(
            f"{who} has the checksum {row['checksum']}, not {wanted.checksum.digest}, so it is of another image. {anew}."
        )
    if wanted.format is not None and row.get("format") and str(row["format"]).upper() != wanted.format:
        raise InvalidOption(f"{who} has the format {row['format']}, not {wanted.format}. {anew}.")


def _os_type(current: Current, wanted: str) -> Raw:
    rows = current.os_types
    for key, same in (("id", str), ("description", str), ("description", str.lower)):
        found = [row for row in rows if same(str(row.get(key))) == same(wanted)]
        if found:
            return found[0]
    like = nearest(wanted, [str(row.get("description")) for row in rows])
    hint = f" Did you mean {like!r}?" if like else " listOsTypes of CloudStack's API lists them."
    raise NotFound(f"os_type: CloudStack knows no guest system {wanted!r} with that name or id.{hint}")


def _pool(current: Current, wanted: Want) -> t.Optional[Raw]:
    """The pool that is to have a copy. Raises for one that CloudStack would pass over without a word."""
    if wanted.cached_on is None:
        return None
    found = pools_called(current.pools, wanted.cached_on)
    if not found:
        raise named.missing("cached_on", "StorPool pool", wanted.cached_on, current.pools, f" in zone {wanted.zone!r}")
    if len(found) > 1:
        ids = listing(sorted(str(identity.shown_id(row)) for row in found))
        raise InvalidOption(
            f"cached_on: {len(found)} pools have the name {wanted.cached_on!r}. Give the id of one: {ids}."
        )
    if found[0].get("state") != "Up":
        raise NotAllowed(
            f"cached_on: pool {found[0]['name']!r} is in state {found[0].get('state')}, and CloudStack copies templates to pools that are Up only. Enable it "
            "first (cloudstack_storpool_pool)."
        )
    return found[0]


def pools_called(pools: t.Iterable[Raw], name: str) -> t.List[Raw]:
    """The pools with this id; if there is none with it, with this name."""
    rows = list(pools)
    return [row for row in rows if name in (row["id"], identity.shown_id(row))] or [
        row for row in rows if row["name"] == name
    ]


def _caching(wanted: Want, pool: Raw) -> t.List[str]:
    name = f"pool {pool['name']!r}"
    return [f"have {wanted} copied to {name}", f"wait until {wanted} is on {name}"]


def _copy(pool: t.Optional[Raw], copy: t.Optional[Raw]) -> t.Optional[t.Dict[str, t.Any]]:
    """Where the template is cached, as results show it."""
    if pool is None or copy is None:
        return None
    return {
        "pool": pool["name"],
        "pool_id": identity.shown_id(pool),
        "snapshot": copy.get("name"),
        "global_id": copy.get("global_id"),
    }


def _wait(row: Raw, zone: Raw, wanted: Want) -> Step:
    body = Ready(row["id"], zone["id"], sentence(str(wanted)), wanted.present)
    return Step("listTemplates", None, body, _waiting(zone, wanted), method="GET", timeout=wanted.wait_timeout)


def _waiting(zone: Raw, wanted: Want) -> str:
    return f"wait until {wanted} is ready in zone {zone['name']!r}"
