# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which policy VolumeCare backs VMs up: CloudStack's tag ``vc-policy`` of each, which the StorPool driver copies to the VM's volumes on StorPool."""

from __future__ import annotations

import re
import typing as t

from .._common.errors import Ambiguous, Failure, InvalidOption, NotConfigured, NotFound
from .._common.given import refuse_empty
from .._common.plan import Managed, Plan, Step
from .._common.time_left import checked
from .._common.words import listing
from . import texts
from .cloud import named, other_half, results, tags
from .cloud.predicted import Predicted
from .cloud.reader import Raw, Reader
from .volume import owner

POLICY = "vc-policy"
#: Without the options for StorPool's address and token, which are the StorPool side's; the module puts them in.
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "policy": {"type": "str"},
        "vm": {"type": "list", "elements": "str"},
        "match_tags": {"type": "dict"},
        "account": {"type": "str"},
        "domain": {"type": "str"},
        "zone": {"type": "str"},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 600},
    },
    "required_one_of": [["vm", "match_tags", "account", "domain"]],
    "required_if": [["state", "present", ["policy"]]],
}
#: What the value of a tag may be on StorPool.
_VALUE = re.compile(r"[A-Za-z0-9_\-.:]{1,199}")
#: States of VMs that are about to be no more. They are meant only if their id says so.
_GOING = ("Destroyed", "Expunging", "Error")
#: How many VMs one call changes. Those that had another policy have none between two calls, so not all of them at once.
_TOGETHER = 50
#: Up to so many VMs, the volumes of each are asked for, else those of all VMs.
_FEW = 5
_ADVICE = (("", "A VM that had another policy has none until this is done. Run the task again."),)
_BY: named.By = (("id",), ("name", "displayname"))


class Want(t.NamedTuple):
    """A desired policy, ``None`` for none, of the VMs that meet all that is given: names or ids, tags, the owner, the zone."""

    policy: t.Optional[str]
    vms: t.Optional[t.Sequence[str]]
    match_tags: t.Mapping[str, str]
    owner: t.Mapping[str, str]
    zone: t.Optional[str]
    wait: bool
    wait_timeout: int


class Disk(t.NamedTuple):
    """A volume of a VM that is on StorPool, as CloudStack knows it, and its policy there; ``None`` if StorPool does not have it."""

    row: Raw
    reference: str
    policy: t.Optional[str]

    @property
    def label(self) -> str:
        """The volume and its policy in words."""
        has = "is not on StorPool" if self.policy is None else f"has {self.policy!r}" if self.policy else "has none"
        return f"{self.row['name']!r} {has}"


class Current(t.NamedTuple):
    """The chosen VMs, and their disks by the VM's id if StorPool could be asked; if it could be and did not say, ``unasked`` is why."""

    vms: t.Tuple[Raw, ...] = ()
    disks: t.Optional[t.Mapping[str, t.Tuple[Disk, ...]]] = None
    unasked: t.Optional[str] = None


class Followed(t.NamedTuple):
    """StorPool has the policy on all these volumes: what each is called, and by what StorPool knows it."""

    policy: str
    volumes: t.Tuple[t.Tuple[str, str], ...]

    def watch(self, reader: Reader) -> t.Callable[[], t.Optional[str]]:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            found = reader.volumes_on_storpool([reference for _name, reference in self.volumes])
            left = [name for name, reference in self.volumes if _has(found.get(reference)) != self.policy]
            if not left:
                return None
            return (
                f"the driver has not done so on {listing(left)}. The log of the management server may tell why; cloudstack_storpool_repair (tags_differ) makes "
                "up for it"
            )

        return missing


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired policy that the options describe. Raises :class:`InvalidOption`."""
    present, policy = params["state"] == "present", params["policy"]
    if not present and policy is not None:
        raise InvalidOption("policy: only for VMs that shall have one; leave it out with state absent.")
    if policy in ("True", "False"):
        raise InvalidOption(
            f"policy: YAML reads words like no and off as {policy}. Put the name of the policy in quotes, such as 'no'."
        )
    if policy is not None and not _VALUE.fullmatch(policy):
        raise InvalidOption(
            f"policy is {policy[:80]!r}: give 1 to 199 letters, digits and characters of '_-.:', which is what a tag can hold on StorPool."
        )
    for option in ("vm", "match_tags"):
        if params[option] is not None and not params[option]:
            raise InvalidOption(
                f"{option} is empty: the variable it comes from is empty or undefined. Say which VMs are meant, or leave the option out."
            )
    for number, name in enumerate(params["vm"] or ()):
        refuse_empty(name, f"vm[{number}]")
    match_tags = tags.checked(params["match_tags"], "match_tags") or {}
    if POLICY in match_tags:
        raise InvalidOption(
            f"match_tags.{POLICY}: VMs cannot be chosen by what this task changes: if it ends on the way, the next one would not find those that it has begun "
            "with. Choose them by names, another tag or the account."
        )
    owned = {option: texts.text(params[option], option) for option in ("account", "domain")}
    return Want(
        policy=policy,
        vms=params["vm"],
        match_tags=match_tags,
        owner={option: value for option, value in owned.items() if value is not None},
        zone=texts.text(params["zone"], "zone"),
        wait=params["wait"],
        wait_timeout=checked(params, "wait_timeout"),
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`NotFound` for a VM that is named and not there, and :class:`Ambiguous` for one of several."""
    zone_id = named.zone_id(reader, wanted.zone)
    owned = owner.parameters(reader, wanted.owner)
    one = wanted.vms[0] if wanted.vms and len(wanted.vms) == 1 else None
    every = reader.vms_called(one, zone_id) if one else reader.vms(**named.within(zone_id))
    rows = _meeting(every, owned, wanted)
    _refuse_two_accounts(rows, wanted)
    if wanted.vms is not None:
        rows = [
            named.the_one("vm", "VM", name, rows, _BY) or _refuse_missing(reader, name, every, owned, zone_id, wanted)
            for name in wanted.vms
        ]
    vms = tuple(sorted({str(row["id"]): row for row in rows}.values(), key=lambda row: (_name(row), str(row["id"]))))
    volumes = _volumes(reader, vms, zone_id)
    try:
        halves = reader.volumes_on_storpool([reference for _row, reference in volumes])
    except Failure as failure:
        if wanted.wait:
            raise
        is_told = not isinstance(failure, NotConfigured)
        return Current(
            vms, unasked=f"Whether StorPool's half has followed is not known: {failure.message}" if is_told else None
        )
    return Current(vms, _by_vm(vms, [Disk(row, one, _has(halves.get(one))) for row, one in volumes]))


def _meeting(rows: t.Iterable[Raw], owned: t.Mapping[str, str], wanted: Want) -> t.List[Raw]:
    """The rows that meet all conditions but that for names."""
    return [
        row
        for row in rows
        if owner.is_of(row, owned)
        and all(results.tags_of(row).get(key) == value for key, value in wanted.match_tags.items())
        and (row.get("state") not in _GOING or row["id"] in (wanted.vms or ()))
    ]


def _refuse_two_accounts(rows: t.Iterable[Raw], wanted: Want) -> None:
    """Accounts of several domains may have one name, and are others' then."""
    domains = {str(row.get("domain")) for row in rows}
    if "account" in wanted.owner and "domain" not in wanted.owner and len(domains) > 1:
        raise Ambiguous(
            f"account: accounts {wanted.owner['account']!r} of several domains have VMs. Give one of these in domain: {listing(sorted(domains))}."
        )


def _refuse_missing(
    reader: Reader,
    name: str,
    rows: t.Iterable[Raw],
    owned: t.Mapping[str, str],
    zone_id: t.Optional[str],
    wanted: Want,
) -> t.NoReturn:
    """Say why a VM that the task names is none that it may change."""
    for row in rows:
        if name in (row["id"], row["name"], row.get("displayname")):
            if row.get("state") in _GOING:
                raise NotFound(
                    f"vm: VM {name!r} is {row['state']}, and such a VM is meant only by its id: {row['id']}."
                )
            raise NotFound(
                f"vm: VM {name!r} ({row['id']}) is there, but is not what match_tags, account and domain of this task say."
            )
    where = f" in zone {wanted.zone!r}" if wanted.zone else ""
    raise named.missing("vm", "VM", name, _meeting(reader.vms(**named.within(zone_id)), owned, wanted), where)


def _volumes(reader: Reader, vms: t.Sequence[Raw], zone_id: t.Optional[str]) -> t.List[t.Tuple[Raw, str]]:
    """The volumes of these VMs that are on StorPool, and what it calls them."""
    if not vms:
        return []
    few = len(vms) <= _FEW
    rows = [row for vm in vms for row in reader.volumes_of_vm(vm)] if few else reader.volumes(**named.within(zone_id))
    ids = {vm["id"] for vm in vms}
    found = [(row, other_half.reference(row.get("path"))) for row in rows if row.get("virtualmachineid") in ids]
    return [(row, reference) for row, reference in found if reference is not None]


def _by_vm(vms: t.Iterable[Raw], disks: t.Iterable[Disk]) -> t.Dict[str, t.Tuple[Disk, ...]]:
    found: t.Dict[str, t.List[Disk]] = {str(vm["id"]): [] for vm in vms}
    for disk in sorted(disks, key=lambda disk: (str(disk.row["name"]), str(disk.row["id"]))):
        found[str(disk.row["virtualmachineid"])].append(disk)
    return {one: tuple(some) for one, some in found.items()}


def _has(half: t.Optional[Raw]) -> t.Optional[str]:
    return None if half is None else str((half.get("tags") or {}).get(POLICY) or "")


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that give the VMs the policy; if they have it and the task waits, the wait for StorPool's half."""
    changed = [(row, *_changes(row, wanted)) for row in current.vms]
    before = [_shown(row, current) for row in current.vms]
    steps = _steps([(row, made) for row, _after, made in changed if made], wanted)
    if steps:
        touched = {str(row["id"]) for row, _after, made in changed if made}
        after = _foreseen(current, touched, wanted)
        return Plan(steps, before, [_shown(row, after) for _row, row, _made in changed])
    late = [disk for disks in (current.disks or {}).values() for disk in disks if disk.policy != (wanted.policy or "")]
    if wanted.wait and late:
        return Plan((_waiting(late, wanted),), before, before)
    return Plan((), before, before, cautions=tuple(_cautions(current, wanted)))


def _changes(row: Raw, wanted: Want) -> t.Tuple[Raw, t.List[tags.Change]]:
    others = {key: value for key, value in results.tags_of(row).items() if key != POLICY}
    goal = others if wanted.policy is None else {**others, POLICY: wanted.policy}
    return tags.changes(row, goal, purge=True, kind=tags.VM)


def _steps(todo: t.Sequence[t.Tuple[Raw, t.Sequence[tags.Change]]], wanted: Want) -> t.Tuple[Step, ...]:
    """The calls, each for several VMs. A VM has its new policy with the next call after the one that took the old one."""
    steps = []
    for start in range(0, len(todo), _TOGETHER):
        alike: t.Dict[t.Tuple[bool, str], t.List[t.Tuple[Raw, tags.Change]]] = {}
        for row, made in todo[start : start + _TOGETHER]:
            for change in made:
                key = (change.command == "createTags", repr(change.body["tags"]))
                alike.setdefault(key, []).append((row, change))
        for _key, some in sorted(alike.items(), key=lambda item: item[0]):
            change = some[0][1]
            change = change._replace(body=dict(change.body, resourceids=[str(row["id"]) for row, _change in some]))
            step = tags.step(change, _label([row for row, _change in some]), wanted.wait_timeout)
            steps.append(step._replace(advice=_ADVICE) if change.command == "createTags" else step)
    return tuple(steps)


def _waiting(late: t.Sequence[Disk], wanted: Want) -> Step:
    watched = tuple((repr(str(disk.row["name"])), disk.reference) for disk in late)
    goal = f"given the policy {wanted.policy!r} to" if wanted.policy else "taken the policy from"
    words = f"wait until the StorPool driver has {goal} {_count(len(late), 'volume')}"
    return Step(
        "VolumesList",
        None,
        Followed(wanted.policy or "", watched),
        words,
        method="GET",
        timeout=wanted.wait_timeout,
    )


def _foreseen(current: Current, touched: t.Container[str], wanted: Want) -> Current:
    """What StorPool has once the driver has followed."""
    if current.disks is None:
        return current
    after = {
        one: tuple(disk._replace(policy=wanted.policy or "") if one in touched else disk for disk in disks)
        for one, disks in current.disks.items()
    }
    return current._replace(disks=after)


def _cautions(current: Current, wanted: Want) -> t.Iterator[str]:
    if current.unasked:
        yield current.unasked
    if not current.vms:
        yield "No VM is what the task describes, so nothing was changed."
    for row in current.vms:
        disks = (current.disks or {}).get(str(row["id"]))
        if disks is None:
            continue
        late = [disk for disk in disks if disk.policy != (wanted.policy or "")]
        if not disks and wanted.policy:
            yield f"{_label([row])} has no volume on StorPool, so VolumeCare has nothing to back up."
        elif late:
            mixed = (
                ". VolumeCare makes no backups of a VM whose volumes have different policies" if _mixed(disks) else ""
            )
            yield (
                f"StorPool's half of {_label([row])} has not followed: volume {listing(disk.label for disk in late)}{mixed}. Give the task wait if the tag was "
                "set just now; else cloudstack_storpool_repair (tags_differ) makes up for it."
            )


def _mixed(disks: t.Iterable[Disk]) -> bool:
    return len({disk.policy for disk in disks}) > 1


def _shown(row: Raw, current: Current) -> t.Dict[str, t.Any]:
    disks = (current.disks or {}).get(str(row["id"]))
    policy = results.tags_of(row).get(POLICY)
    right = policy or ""
    return {
        "id": row["id"],
        "name": _name(row),
        "state": row.get("state"),
        "zone": row.get("zonename"),
        "account": row.get("account"),
        "domain": row.get("domain"),
        "project": row.get("project"),
        "policy": policy,
        "followed": all(disk.policy == right for disk in disks) if disks else None,
        "mixed_policies": None if disks is None else _mixed(disks),
        "volumes": None if disks is None else [_shown_disk(disk, right) for disk in disks],
    }


def _shown_disk(disk: Disk, right: str) -> t.Dict[str, t.Any]:
    return {
        "id": disk.row["id"],
        "name": disk.row["name"],
        "storpool_id": disk.reference.lstrip("~"),
        "policy": disk.policy or None,
        "followed": disk.policy == right,
    }


def _name(row: Raw) -> str:
    return str(row.get("displayname") or row["name"])


def _label(rows: t.Sequence[Raw]) -> str:
    return f"VM{'s' if len(rows) > 1 else ''} {listing(repr(_name(row)) for row in rows)}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}"


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The VMs with the tags that they would have, and their volumes on StorPool."""
    for row, after in zip(current.vms, todo.after):
        others = [tag for tag in row.get("tags") or () if tag["key"] != POLICY]
        new = [{"key": POLICY, "value": after["policy"]}] if after["policy"] else []
        reader.change_vm(row, dict(row, tags=others + new))
        for disk in (current.disks or {}).get(str(row["id"]), ()) if after["followed"] else ():
            reader.follow(disk.reference, {POLICY: after["policy"] or ""})


BACKUP_POLICY = Managed("vms", SPEC, want, look, plan, imagine=imagine)
