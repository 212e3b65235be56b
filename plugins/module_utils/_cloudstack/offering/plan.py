# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a disk offering: pure, from what was read to what is to be sent."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption
from ..._common.plan import Plan, Step
from ..._common.sizes import human
from ..._common.words import listing, sentence, there_is
from ..cloud import named, results, versions
from ..cloud.reader import Raw
from ..cloud.versions import Version

GIB = 1 << 30
#: The details that the StorPool driver reads, both from 4.20 on; external drivers for the ones before read the first since April 2022.
TEMPLATE, QOS_CLASS = "SP_TEMPLATE", "SP_QOSCLASS"
#: What updateDiskOffering takes for "in every zone".
ALL_ZONES = "all"
_A_NEW_ONE = (
    "CloudStack cannot change that. Create an offering with another name, move the volumes to it (changeOfferingForVolume, from CloudStack 4.17 on), and "
    "remove this one"
)
#: What CloudStack 4.15 and newer answer, and what to do.
_TAGS_ADVICE = (
    (
        "have the new tags",
        "All pools with volumes of an offering need its tags: give them to the pools first (cloudstack_storpool_pool), or create another offering.",
    ),
)


class Want(t.NamedTuple):
    """A desired offering. ``disk_size`` is bytes, tags are sorted, zones are names or ids; ``None`` is "leave it"."""

    present: bool
    name: str
    display_text: t.Optional[str]
    disk_size: t.Optional[int]
    customized: t.Optional[bool]
    tags: t.Optional[t.Tuple[str, ...]]
    max_iops: t.Optional[int]
    min_iops: t.Optional[int]
    storpool_template: t.Optional[str]
    driver_reads_template: bool
    qos_class: t.Optional[str]
    zones: t.Optional[t.Tuple[str, ...]]
    wait_timeout: int

    @property
    def details(self) -> t.Dict[str, str]:
        """The details that the options ask for."""
        asked = {TEMPLATE: self.storpool_template, QOS_CLASS: self.qos_class}
        return {key: value for key, value in asked.items() if value is not None}

    def __str__(self) -> str:
        return f"disk offering {self.name!r}"


class Current(t.NamedTuple):
    """What a plan for one offering has to know: the active one with the name, its details, and the zones of the cloud if they play a role."""

    version: Version
    row: t.Optional[Raw] = None
    details: t.Mapping[str, str] = {}
    zones: t.Tuple[Raw, ...] = ()
    pools: t.Optional[t.Tuple[Raw, ...]] = None  # of the whole cloud, read if their tags matter


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current offering the wanted one.

    Raises :class:`InvalidOption` for what CloudStack cannot do or change, and :class:`NotFound` for a zone that is not there.
    """
    row = current.row
    if not wanted.present:
        if row is None:
            return Plan((), None, None)
        step = Step("deleteDiskOffering", None, {"id": row["id"]}, f"remove {wanted}", destroys=str(row["id"]))
        return Plan((step,), _shown(current, row, current.details), None)
    if wanted.qos_class is not None and current.version < versions.QOS_CLASSES:
        raise InvalidOption(
            f"qos_class: the StorPool driver of CloudStack {current.version} knows no such classes; the first that does is that of "
            f"{versions.QOS_CLASSES}. Use max_iops or storpool_template."
        )
    zones = _zone_ids(current, wanted)
    made = _plan_create(current, wanted, zones) if row is None else _plan_update(current, wanted, row, zones)
    return made._replace(cautions=_cautions(current.version, wanted) + _without_pool(current, wanted))


def _without_pool(current: Current, wanted: Want) -> t.Tuple[str, ...]:
    """What to say of storage tags that no pool has all of: nothing fails before somebody makes a volume of the offering. A rule is not read."""
    tags = set(wanted.tags or ())
    if not tags or current.pools is None:
        return ()
    if any(row.get("istagarule") or tags <= set(results.tags(row)) for row in current.pools):
        return ()
    have = sorted({tag for row in current.pools for tag in results.tags(row)})
    absent = sorted(tags - set(have) or tags)[0]
    lacking = "all of them" if len(tags) > 1 else "that one"
    told = (
        f"{sentence(str(wanted))} has the storage tags {listing(sorted(tags))}, and no pool has {lacking}, so CloudStack makes no volume of it. "
        f"{there_is('Of storage tags of pools, CloudStack', have, absent)}"
    )
    return (told,)


def _cautions(version: Version, wanted: Want) -> t.Tuple[str, ...]:
    """What to say of a template that the StorPool driver may not look at."""
    if wanted.storpool_template is None or wanted.driver_reads_template or version >= versions.READS_OFFERING_TEMPLATE:
        return ()
    first = versions.READS_OFFERING_TEMPLATE
    whose = f"CloudStack's own StorPool driver reads that from {first} on only"
    if version < versions.IN_TREE:
        whose = "External StorPool drivers read that since April 2022 only"
    told = (
        f"{sentence(str(wanted))} has the StorPool template {wanted.storpool_template!r}, and CloudStack is {version}. {whose}; older ones put the volumes on "
        "the template of their pool, without a word. Use storage tags and a pool on that template, or set driver_reads_template if the driver of your "
        "management servers does read it."
    )
    return (told,)


def _plan_create(current: Current, wanted: Want, zones: t.Optional[t.Tuple[str, ...]]) -> Plan:
    if wanted.disk_size is None and not wanted.customized:
        raise InvalidOption(
            f"{sentence(str(wanted))} does not exist, and nothing says how large its volumes are: set disk_size or customized."
        )
    body: t.Dict[str, t.Any] = {
        "name": wanted.name,
        "displaytext": wanted.display_text or wanted.name,
        "customized": bool(wanted.customized),
        "storagetype": "shared",
        "provisioningtype": "thin",
    }
    words = ["of a size that users choose" if wanted.disk_size is None else f"of {human(wanted.disk_size)}"]
    if wanted.disk_size is not None:
        body["disksize"] = wanted.disk_size // GIB
    if wanted.max_iops is not None:
        # With customizediops left out or true, CloudStack drops both limits in silence, and with false it wants a minimum above 0
        # (ConfigurationManagerImpl.createDiskOffering). The StorPool driver looks at the maximum only.
        body.update(customizediops=False, miniops=wanted.min_iops or 1, maxiops=wanted.max_iops)
        words.append(f"with at most {wanted.max_iops} IOPS")
    if wanted.tags:
        body["tags"] = ",".join(wanted.tags)
        words.append(f"with the storage tags {listing(wanted.tags)}")
    if zones:
        body["zoneid"] = ",".join(zones)
    later: t.Tuple[str, ...] = ()
    if wanted.details and current.version >= versions.CREATES_WITH_DETAILS:
        body["details"] = [wanted.details]
        words.append(f"with {_pairs(wanted.details)}")
    elif wanted.details:
        later = (_adding(wanted, wanted.details),)
    # CloudStack keeps no name that would collide: sent twice, this makes two offerings.
    step = Step("createDiskOffering", None, body, f"create {wanted} {', '.join(words)}", repeatable=False)
    predicted = {
        "id": None,
        "name": wanted.name,
        "displaytext": body["displaytext"],
        "disksize": body.get("disksize"),
        "iscustomized": body["customized"],
        "miniops": body.get("miniops"),
        "maxiops": body.get("maxiops"),
        "tags": body.get("tags"),
        "zoneid": body.get("zoneid"),
    }
    return Plan((step,), None, _shown(current, predicted, wanted.details), later)


def _plan_update(current: Current, wanted: Want, row: Raw, zones: t.Optional[t.Tuple[str, ...]]) -> Plan:
    before = _shown(current, row, current.details)
    _check_fixed(wanted, before)
    after = dict(row)
    body: t.Dict[str, t.Any] = {}
    words = []
    if wanted.display_text is not None and wanted.display_text != row.get("displaytext"):
        body["displaytext"] = after["displaytext"] = wanted.display_text
        words.append(f"set its display text to {wanted.display_text!r}")
    if wanted.tags is not None and list(wanted.tags) != before["tags"]:
        if current.version < versions.CHANGES_OFFERING_TAGS:
            raise InvalidOption(
                f"{sentence(str(wanted))} has the storage tags {listing(before['tags']) or 'none'}, and CloudStack {current.version} cannot change them; "
                f"the first that can is {versions.CHANGES_OFFERING_TAGS}. Create an offering with another name."
            )
        body["tags"] = after["tags"] = ",".join(wanted.tags)
        words.append(f"set its storage tags to {listing(wanted.tags)}" if wanted.tags else "remove its storage tags")
    if zones is not None and sorted(zones) != sorted(_ids(row)):
        body["zoneid"] = ",".join(zones) or ALL_ZONES
        after["zoneid"] = ",".join(zones)
        words.append("offer it in {0}".format(listing(_names(current, zones)) or "every zone"))
    steps = []
    if words:
        action = "update {0}: {1}".format(wanted, ", ".join(words))
        steps.append(Step("updateDiskOffering", None, dict(body, id=row["id"]), action, advice=_TAGS_ADVICE))
    details = dict(current.details)
    missing = _missing_details(current, wanted)
    if missing:
        details.update(missing)
        body = {
            "resourceid": row["id"],
            "resourcetype": "DiskOffering",
            "details": [{"key": key, "value": value} for key, value in sorted(missing.items())],
        }
        steps.append(Step("addResourceDetail", None, body, _adding(wanted, missing), timeout=wanted.wait_timeout))
    return Plan(tuple(steps), before, _shown(current, after, details))


def _missing_details(current: Current, wanted: Want) -> t.Dict[str, str]:
    """The details that are still to be added: before 4.16 an offering is created without.

    A detail with another value, or one that an offering of a newer CloudStack was not created with, is refused: it would hold for new volumes only.
    """
    late = current.version < versions.CREATES_WITH_DETAILS
    missing = {}
    for key, option in ((TEMPLATE, "storpool_template"), (QOS_CLASS, "qos_class")):
        value, has = wanted.details.get(key), current.details.get(key)
        if value is None or value == has:
            continue
        if has is not None or not late:
            raise InvalidOption(
                f"{sentence(str(wanted))} has {'no ' + option if has is None else option + ' ' + repr(has)}, not {value!r}, and volumes were made with that. "
                f"{_A_NEW_ONE}."
            )
        missing[key] = value
    return missing


def _check_fixed(wanted: Want, before: t.Mapping[str, t.Any]) -> None:
    """Refuse what would have to be another offering."""
    who = sentence(str(wanted))
    if wanted.customized is not None and wanted.customized != before["customized"]:
        raise InvalidOption(f"{who} is {'' if before['customized'] else 'not '}customized. {_A_NEW_ONE}.")
    if wanted.disk_size is not None and wanted.disk_size != before["disk_size"]:
        has = human(before["disk_size"]) if before["disk_size"] else "a size that users choose"
        raise InvalidOption(f"{who} is of {has}, not of {human(wanted.disk_size)}. {_A_NEW_ONE}.")
    for option in ("max_iops", "min_iops"):
        value = getattr(wanted, option)
        if value is not None and value != before[option]:
            has = f"{option} {before[option]}" if before[option] else f"no {option}"
            why = (
                ""
                if before[option]
                else " (CloudStack drops the limits of an offering that is not created with customizediops=false)"
            )
            raise InvalidOption(f"{who} has {has}{why}, not {value}. {_A_NEW_ONE}.")


def _zone_ids(current: Current, wanted: Want) -> t.Optional[t.Tuple[str, ...]]:
    """The ids of the wanted zones; an empty tuple is every zone, and ``None`` nothing that was asked for."""
    if wanted.zones is None:
        return None
    if wanted.zones and current.version < versions.OFFERINGS_OF_ZONES:
        raise InvalidOption(
            f"zones: CloudStack {current.version} has disk offerings for every zone only; the first that can choose is {versions.OFFERINGS_OF_ZONES}."
        )
    ids = set()
    for name in wanted.zones:
        found = [row for key in ("id", "name") for row in current.zones if row[key] == name]
        if not found:
            raise named.missing("zones", "zone", name, current.zones)
        ids.add(str(found[0]["id"]))
    return tuple(sorted(ids))


def _adding(wanted: Want, details: t.Mapping[str, str]) -> str:
    return f"add {_pairs(details)} to the details of {wanted}"


def _pairs(details: t.Mapping[str, str]) -> str:
    return listing(f"{key}={value}" for key, value in sorted(details.items()))


def _ids(row: Raw) -> t.List[str]:
    return [part for part in str(row.get("zoneid") or "").split(",") if part]


def _names(current: Current, ids: t.Iterable[str]) -> t.List[str]:
    names = {str(zone["id"]): str(zone["name"]) for zone in current.zones}
    return sorted(names.get(each, each) for each in ids)


def _shown(current: Current, row: Raw, details: t.Mapping[str, str]) -> t.Dict[str, t.Any]:
    return results.disk_offering(row, details, _names(current, _ids(row)))
