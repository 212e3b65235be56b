# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a StorPool pool: pure, from what was read to what is to be sent."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NameTaken, NotFound
from ..._common.plan import Plan, Step
from ..._common.sizes import about
from ..._common.words import listing, sentence
from .. import texts
from ..cloud import identity, results, states, versions
from ..cloud.reader import Hosts, Raw
from ..cloud.versions import Version
from ..cloud.waiting import Connected, Settled
from . import contents, url
from .contents import Contents

FROM_TEMPLATE = "from_template"
#: States that a pool has while it is being created; only a failed creation leaves one for good.
_CREATION = ("Initial", "Initialized", "Creating", "Attaching")
_CREATE_ADVICE = (
    (
        "No such storpool template",
        "The management server asked StorPool's API, and got no such template. Check template, sp_api_http_host, sp_api_http_port and sp_auth_token.",
    ),
    (
        "storpool_confget",
        "The url of this pool names the template only, so StorPool has to be configured on the management server. Else give address and token (url_form).",
    ),
    (
        "Invalid StorPool config",
        "Complete the StorPool configuration of the management server, or give address and token (url_form).",
    ),
    (
        " failed: ",
        "It is the management server that has to reach StorPool's API at sp_api_http_host and sp_api_http_port.",
    ),
    (
        "Failed to add data store",
        "This is what StorPool, or the StorPool driver, answered the management server. Check the sp_ options; the log of the management server tells more.",
    ),
)
_DELETE_ADVICE = (
    (
        "snapshot",
        "Data of volume snapshots or templates is on this pool; the API does not tell of which. Delete them; until then the pool stays in maintenance.",
    ),
    *(
        (text, "Volumes are on the pool, which stays in maintenance. Run the task again: it says which.")
        for text in (
            "volumes",
            "non-destroyed vols",
            '"volInstance" is null',
        )  # the last is 4.22's, where it logs at level DEBUG
    ),
    ("", "The pool stays in maintenance; run the task again to go on."),
)


class Want(t.NamedTuple):
    """A desired pool. Names are checked, ``capacity`` is bytes or :data:`FROM_TEMPLATE`, tags are sorted."""

    present: bool
    name: str
    previous_name: t.Optional[str]
    zone: str
    template: t.Optional[str]
    place: t.Optional[url.Place]
    url_form: str
    capacity: t.Union[int, str, None]
    tags: t.Optional[t.Tuple[str, ...]]
    allocation_state: t.Optional[str]
    allow_same_template_name: bool
    verify_template: bool
    consent: contents.Consent
    connected_hosts: str
    wait_timeout: int

    @property
    def goal(self) -> t.Optional[str]:
        """The state that the pool has to reach: the wanted one, or the one that it can be removed in."""
        if not self.present:
            return "Maintenance"
        return states.GOALS[self.allocation_state] if self.allocation_state else None

    def __str__(self) -> str:
        return label(self.name)


class Current(t.NamedTuple):
    """What a plan for one pool has to know. All but the first three is read only if the plan can depend on it."""

    version: Version
    pool: t.Optional[Raw] = None
    others: t.Tuple[Raw, ...] = ()  # every other pool, of any provider and zone
    zone: t.Optional[Raw] = None
    zones: t.Tuple[Raw, ...] = ()  # all there are, read only if the wanted one is not among them
    providers: t.FrozenSet[str] = frozenset()
    capacity: t.Optional[int] = None  # of the StorPool template, in bytes; None if check mode foresees it only
    template_problem: t.Optional[str] = None  # why StorPool would not let the pool use it
    contents: Contents = Contents()
    hosts: t.Optional[Hosts] = None


def label(name: str) -> str:
    """What sentences call a pool."""
    return f"primary storage pool {name!r}"


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current pool the wanted one.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    if current.pool is None:
        if current.zone is None:
            raise NotFound(
                f"{sentence(str(wanted))}: there is no zone {wanted.zone!r} with that name or id. {texts.there_is(current.zones, wanted.zone)}"
            )
        return _plan_create(current, current.zone, wanted) if wanted.present else Plan((), None, None)
    if not wanted.present:
        return _plan_absent(current, current.pool, wanted)
    return _plan_update(current, current.pool, wanted)


def _plan_create(current: Current, zone: Raw, wanted: Want) -> Plan:
    who = sentence(str(wanted))
    _check_name(current, wanted)
    if wanted.template is None:
        raise InvalidOption(
            f"{who} does not exist, and nothing says which StorPool template it shall use: set template."
        )
    from_template = wanted.capacity == FROM_TEMPLATE
    capacity = current.capacity if from_template else wanted.capacity
    if capacity is None and not from_template:
        raise InvalidOption(
            f"{who} does not exist, and CloudStack wants to know its capacity: set capacity to a size, or to {FROM_TEMPLATE!r}."
        )
    if capacity == 0:
        raise InvalidOption(
            f"{who}: StorPool says that template {wanted.template!r} has room for nothing. Look at the disks of its placement groups "
            "(storpool_cluster_info), or set capacity to a size."
        )
    _check_template_is_free(current, wanted, wanted.template)
    address = url.build(current.version, wanted.url_form, wanted.place, wanted.template)
    _check_can_tell_hosts(current, wanted)
    if current.template_problem:
        raise NotFound(
            f"{who}: {current.template_problem} If the management server reaches another StorPool cluster than this host does, set verify_template to false."
        )
    # The last of the refusals: whoever brings the driver later wants to know of the others before.
    if identity.PROVIDER not in current.providers:
        raise NotFound(
            f"{who}: the management server has no storage provider {identity.PROVIDER!r} (it has {listing(sorted(current.providers)) or 'none'}), and would "
            "take its own driver instead. Install the StorPool driver on every management server and agent first."
        )
    body = {
        "name": wanted.name,
        "zoneid": zone["id"],
        "scope": "zone",
        "hypervisor": "KVM",
        "provider": identity.PROVIDER,
        "url": address,
        "capacitybytes": capacity,
        "tags": ",".join(wanted.tags or ()) or None,
    }
    step = Step(
        "createStoragePool",
        None,
        {key: value for key, value in body.items() if value is not None},
        "create {0} {1} StorPool template {2}{3}".format(
            wanted,
            "as large as" if from_template else f"of {about(t.cast(int, capacity))} on",
            f"{wanted.template!r}{f' ({about(capacity)})' if from_template and isinstance(capacity, int) else ''}",
            f", with the storage tag {wanted.name!r} since none is given" if wanted.tags is None else "",
        ),
        timeout=wanted.wait_timeout,
        repeatable=False,
        advice=_CREATE_ADVICE,
    )
    later = [move.words.format(wanted) for move in states.moves("Up", wanted.goal)]
    if wanted.tags == ():
        later.insert(0, f"update {wanted}: remove its storage tags")
    predicted = _predicted(current.version, zone, wanted, capacity)
    return Plan((step,), None, results.pool(predicted), tuple(later))


def _predicted(version: Version, zone: Raw, wanted: Want, capacity: t.Optional[t.Union[int, str]]) -> Raw:
    return {
        "id": None,
        "name": wanted.name,
        "zoneid": zone["id"],
        "zonename": zone["name"],
        "template": wanted.template,
        "endpoint": None,  # whether CloudStack will show it depends on more than its version
        "state": wanted.goal or "Up",
        "scope": "ZONE",
        "hypervisor": "KVM",
        "type": "StorPool" if version >= versions.OWN_TYPE else "SharedMountPoint",
        "path": "/dev/storpool-byid/" if version >= versions.IN_TREE else None,
        "capacitybytes": capacity,
        "disksizeallocated": 0,
        "tags": ",".join((wanted.name,) if wanted.tags is None else wanted.tags),
    }


def _plan_update(current: Current, pool: Raw, wanted: Want) -> Plan:
    who = label(str(pool["name"]))
    _check_fixed(pool, wanted)
    _check_can_tell_hosts(current, wanted)
    after = dict(pool)
    waiting = _wait_for_settling(pool, wanted)
    steps = list(waiting)
    body: t.Dict[str, t.Any] = {}
    words: t.List[str] = []
    if wanted.name != pool["name"]:
        _check_rename(current, wanted)
        body["name"] = after["name"] = wanted.name
        words.append(f"rename it to {wanted.name!r}")
    if wanted.tags is not None and list(wanted.tags) != results.tags(pool):
        _check_tags(pool)
        after["tags"] = ",".join(wanted.tags)
        words.append(f"set its storage tags to {listing(wanted.tags)}" if wanted.tags else "remove its storage tags")
        body["tags"] = after["tags"]
    if words:
        # Before 4.10 a call without tags empties the details of the pool, tags included (PrimaryDataStoreDaoImpl.updateDetails), and with "enabled" in
        # the same call CloudStack ignores the tags; so tags go with every update there, and a state has always a call of its own.
        if current.version < (4, 10):
            body["tags"] = ",".join(results.tags(after))
        steps.append(
            Step("updateStoragePool", None, dict(body, id=pool["id"]), "update {0}: {1}".format(who, ", ".join(words)))
        )
    moves = states.moves(pool["state"], wanted.goal)
    if states.MAINTAIN in moves:
        contents.check_vms(who, current.contents, wanted.consent)
    steps += [_move(move, pool, who, wanted) for move in moves]
    after["state"] = wanted.goal or (states.settled(pool["state"]) if waiting else pool["state"])
    steps += _wait_for_hosts(current, pool, str(after["state"]), wanted)
    hosts = current.hosts.names() if current.hosts else None
    return Plan(tuple(steps), results.pool(pool, hosts), results.pool(after, hosts))


def _plan_absent(current: Current, pool: Raw, wanted: Want) -> Plan:
    who = label(str(pool["name"]))
    clearing = contents.clear(who, current.contents, wanted.consent, wanted.wait_timeout)
    moves = states.moves(pool["state"], wanted.goal)
    if states.MAINTAIN in moves:
        contents.check_vms(who, current.contents, wanted.consent)
    body = {"id": pool["id"]}
    if current.contents.going:
        body["forced"] = True
    removal = Step(
        "deleteStoragePool",
        None,
        body,
        f"remove {who}",
        timeout=wanted.wait_timeout,
        advice=_DELETE_ADVICE,
        destroys=pool["id"],
    )
    steps = [*_wait_for_settling(pool, wanted), *clearing, *(_move(move, pool, who, wanted) for move in moves), removal]
    return Plan(tuple(steps), results.pool(pool), None, losses=contents.losses(current.contents))


def _move(move: states.Move, pool: Raw, who: str, wanted: Want) -> Step:
    return Step(
        move.command,
        None,
        dict(move.params, id=pool["id"]),
        move.words.format(who),
        timeout=wanted.wait_timeout,
    )


def _wait_for_settling(pool: Raw, wanted: Want) -> t.List[Step]:
    """Wait for what goes on with the pool, if it has to be over for what is wanted."""
    state = str(pool["state"])
    if state not in (states.PASSING if wanted.goal else _CREATION):
        return []
    words = "wait until {0} is no longer in state {1}".format(label(str(pool["name"])), state)
    return [Step("listStoragePools", None, Settled(pool["id"]), words, method="GET", timeout=wanted.wait_timeout)]


def _wait_for_hosts(current: Current, pool: Raw, state: str, wanted: Want) -> t.List[Step]:
    """Wait for the hosts that have not connected the pool. CloudStack takes a pool away from them only for maintenance."""
    if wanted.connected_hosts != "all" or not current.hosts or not current.hosts.missing or state == "Maintenance":
        return []
    missing = current.hosts.missing
    words = "wait until {0} {1} connected {2}".format(
        listing(name for _id, name in missing), "has" if len(missing) == 1 else "have", label(str(pool["name"]))
    )
    body = Connected(pool["id"], missing)
    return [Step("listStoragePools", None, body, words, method="GET", timeout=wanted.wait_timeout)]


def _check_name(current: Current, wanted: Want) -> None:
    for row in identity.within(current.others, "zone", wanted.zone):
        if row["name"] == wanted.name and not identity.is_storpool(row):
            raise NameTaken(
                f"Zone {wanted.zone!r} has a primary storage pool {wanted.name!r} that is not StorPool's (its provider is "
                f"{row.get('provider') or row.get('type')}). Choose another name, or rename or remove that pool."
            )


def _check_template_is_free(current: Current, wanted: Want, template: str) -> None:
    """One StorPool template serves at most one pool. CloudStack compares addresses as texts, so another address of the same cluster deceives it."""
    for row in current.others:
        if not identity.is_storpool(row) or identity.template_of(row) != template:
            continue
        same = wanted.place is not None and identity.endpoint_of(row) == wanted.place.address
        if same or not wanted.allow_same_template_name:
            raise NameTaken(
                "{0}: StorPool template {1!r} already serves {2} in zone {3!r}, and a template serves at most one pool. Use another template{4}.".format(
                    sentence(str(wanted)),
                    template,
                    label(str(row["name"])),
                    row.get("zonename"),
                    ""
                    if same
                    else ", or set allow_same_template_name if that pool's template is in another StorPool cluster",
                )
            )


def _check_fixed(pool: Raw, wanted: Want) -> None:
    """Template and address of a pool stay what they were when it was created; there is no API to change them."""
    who = sentence(label(str(pool["name"])))
    template, address = identity.template_of(pool), identity.endpoint_of(pool)
    if wanted.template is not None and wanted.template != template:
        raise InvalidOption(
            f"{who} uses StorPool template {template!r}, not {wanted.template!r}, and CloudStack cannot change that. Give template as it is, or create "
            "another pool and migrate the volumes to it."
        )
    if wanted.place is not None and address is not None and address.lower() != wanted.place.address.lower():
        raise InvalidOption(
            f"{who} reaches StorPool at {address}, not at {wanted.place.address}, and the StorPool driver does not follow a changed address. Give "
            "sp_api_http_host and sp_api_http_port as they were when the pool was created, or leave them out."
        )


def _check_rename(current: Current, wanted: Want) -> None:
    if current.version < versions.RENAMES:
        raise InvalidOption(
            f"{sentence(label(str(wanted.previous_name)))} cannot be renamed: CloudStack {current.version} has no call for it, the first that has is "
            f"{versions.RENAMES}."
        )
    _check_name(current, wanted)


def _check_tags(pool: Raw) -> None:
    if pool.get("istagarule"):
        raise InvalidOption(
            "{0} has a rule in place of storage tags, which this module does not change. Leave out tags, or replace the rule in CloudStack first.".format(
                sentence(label(str(pool["name"])))
            )
        )


def _check_can_tell_hosts(current: Current, wanted: Want) -> None:
    if wanted.connected_hosts == "all" and current.version < versions.SHOWS_CONNECTED_HOSTS:
        raise InvalidOption(
            f"connected_hosts is 'all', but CloudStack {current.version} does not tell which hosts have connected a pool; the first that does is "
            f"{versions.SHOWS_CONNECTED_HOSTS}. Leave it out, and look for failures in the management server's log."
        )
