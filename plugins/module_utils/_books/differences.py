# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both books have, and do not say the same of: size, StorPool template, limit and tags of volumes.

What the driver does depends on CloudStack's release. Before 4.17 it was one of many that StorPool published, whose rules for templates and limits are not
known from the outside; there only sizes, and ids in tags, are compared.
"""

from __future__ import annotations

import typing as t

from .._common.plan import Step
from .books import CLEARS_TAGS, IN_TREE, READS_OFFERINGS, TAGS, VOLUME, Ledger, Pair, Row, reference, tag
from .finding import Finding, of_cloudstack, of_storpool

#: What LUKS needs of an encrypted volume (4.18.1), in bytes.
LUKS = 2097152
SECTOR = 512
#: How StorPool, and what sends to it, writes that there is no limit.
UNLIMITED = ("-", "", 0, None)


def findings(ledger: Ledger) -> t.Iterator[Finding]:
    """``size_differs``, ``template_differs``, ``limit_differs`` and ``tags_differ``."""
    offerings = _Offerings(ledger)
    for pair in ledger.pairs():
        details = offerings.details_of(pair.row)
        for found in (
            _size(pair),
            _template(ledger, pair, details),
            _limit(ledger, pair, details),
            _tags(ledger, pair),
        ):
            if found is not None:
                yield found


class _Offerings:
    """The details of the offerings of volumes. Those of an offering that CloudStack does not list any more are not known."""

    def __init__(self, ledger: Ledger) -> None:
        self._disk = {str(row["id"]): row.get("details") or {} for row in ledger.cloud.disk_offerings}
        self._service: t.Dict[str, t.List[Row]] = {}
        for row in ledger.cloud.service_offerings:
            details = row.get("serviceofferingdetails") or {}
            for key in (str(row["id"]), str(row["name"])):
                self._service.setdefault(key, []).append(details)

    def details_of(self, row: Row) -> t.Optional[t.Mapping[str, t.Any]]:
        """The details that decide about a volume; ``None`` if they are not known."""
        disk = self._disk.get(str(row.get("diskofferingid"))) if row.get("diskofferingid") else {}
        # CloudStack gives the number of the offering for its id here, so the name has to do.
        ids = [str(row[member]) for member in ("serviceofferingid", "serviceofferingname") if row.get(member)]
        nothing: t.List[Row] = [] if ids else [{}]
        named = next((self._service[one] for one in ids if one in self._service), nothing)
        if disk is None or not named or any(details != named[0] for details in named):
            return None
        return dict(named[0], **disk)


def _found(code: str, pair: Pair, message: str, after: str, changes: Row, mends: bool, *members: str) -> Finding:
    what = "Volume {0!r}".format(pair.row["name"])
    name = "volume {0}".format(pair.row["id"])
    words = ", ".join(
        f"{field} {value!r}" for field, value in {**changes, **changes.get("tags", {})}.items() if field != "tags"
    )
    step = Step("VolumeUpdate", reference(pair.thing), changes, f"update {what.lower()[:1]}{what[1:]}: {words}")
    return Finding(
        code,
        name,
        f"{what} {message}",
        after,
        cloudstack=of_cloudstack(pair.row, *members),
        storpool=dict(of_storpool(pair.thing), iops=pair.thing.get("iops")),
        steps=(step,) if mends else (),
    )


def _size(pair: Pair) -> t.Optional[Finding]:
    told, has = pair.row.get("size"), pair.thing.get("size")
    if not told or has is None:
        return None
    wanted = -(-int(told) // SECTOR) * SECTOR
    sizes = [wanted, wanted + LUKS] if pair.row.get("encryptformat") else [wanted]
    if has in sizes:
        return None
    small = int(has) < wanted
    return _found(
        "size_differs",
        pair,
        f"has {told} bytes in CloudStack and {has} in StorPool.",
        "Grow it in StorPool to what CloudStack says; a VM that runs is told by CloudStack only, so it may have to be restarted."
        if small
        else "Resize it in CloudStack to what StorPool has; StorPool's half is not made smaller, since data may be there.",
        {"size": max(sizes)},
        small,
        "size",
        "encryptformat",
    )


def _template(ledger: Ledger, pair: Pair, details: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[Finding]:
    version = ledger.cloud.version
    if TAGS <= version < IN_TREE:
        return None
    wanted, by = str(pair.pool["template"]), "pool {0!r}".format(pair.pool["name"])
    if version >= READS_OFFERINGS:
        if details is None:
            return None
        if details.get("SP_TEMPLATE") and not details.get("SP_QOSCLASS"):
            wanted, by = str(details["SP_TEMPLATE"]), "its offering (SP_TEMPLATE)"
    has, limit = pair.thing.get("templateName"), 0
    if has == wanted:
        return None
    if version >= IN_TREE and not (version >= READS_OFFERINGS and (details or {}).get("SP_QOSCLASS")):
        limit = int(pair.row.get("maxiops") or 0)
    return _found(
        "template_differs",
        pair,
        f"has StorPool template {has!r}, and {by} wants {wanted!r}.",
        "Give it the template; StorPool then moves its data. If somebody chose another one on purpose, make an offering with SP_TEMPLATE (CloudStack 4.20).",
        # Another template brings its own limits.
        {"template": wanted, **({"iops": limit} if limit and by.startswith("pool") else {})},
        wanted in ledger.storpool_templates,
        "storage",
        "diskofferingname",
        "serviceofferingname",
    )


def _limit(ledger: Ledger, pair: Pair, details: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[Finding]:
    version = ledger.cloud.version
    if version < IN_TREE or (details is None and version >= READS_OFFERINGS):
        return None
    members = ("maxiops", "diskofferingname", "serviceofferingname")
    reads = version >= READS_OFFERINGS
    asked = (details or {}) if reads else {}
    tier = str(asked.get("SP_QOSCLASS") or "")
    if reads and tag(pair.thing, "qc") != tier:
        has = tag(pair.thing, "qc")
        return _found(
            "limit_differs",
            pair,
            "has {0} in StorPool, and its offering wants {1}.".format(
                f"the tier {has!r} (tag qc)" if has else "no tier", f"{tier!r} (SP_QOSCLASS)" if tier else "none"
            ),
            "Give it the tag; StorPool's service for tiers does the rest within a minute.",
            {"tags": {"qc": tier}},
            True,
            *members,
        )
    if tier or asked.get("SP_TEMPLATE"):
        return None  # the driver sends no limit then
    wanted, may = int(pair.row.get("maxiops") or 0), pair.thing.get("iops")
    usual = (ledger.storpool_templates.get(str(pair.thing.get("templateName"))) or {}).get("iops")
    if (may in UNLIMITED or may == usual) if not wanted else may == wanted:
        return None
    return _found(
        "limit_differs",
        pair,
        "may do {0} in StorPool, and CloudStack wants {1}.".format(
            "as many operations as it likes" if may in UNLIMITED else f"{may} operations a second",
            f"{wanted} a second (maxiops)" if wanted else "no limit",
        ),
        "Give it the limit of its offering.",
        {"iops": wanted or "-"},
        True,
        *members,
    )


def _tags(ledger: Ledger, pair: Pair) -> t.Optional[Finding]:
    version = ledger.cloud.version
    if version < TAGS or (version < IN_TREE and not pair.thing.get("tags")):
        return None
    wrong = {
        name: right[0] for name, right in _wanted_tags(version, pair).items() if tag(pair.thing, name) not in right
    }
    if not wrong:
        return None
    words = ", ".join(f"{name} is {tag(pair.thing, name)!r} and should be {value!r}" for name, value in wrong.items())
    return _found(
        "tags_differ",
        pair,
        f"has tags in StorPool that are not as the driver sets them: {words}.",
        "Set them; what finds volumes by their tags (backups, policies, this collection) passes over it otherwise.",
        {"tags": wrong},
        True,
        "virtualmachineid",
        "vmname",
    )


def _wanted_tags(version: t.Tuple[int, ...], pair: Pair) -> t.Dict[str, t.Tuple[str, ...]]:
    """Tag -> the values that are right, the best one first."""
    ids = (str(pair.row["id"]), *(pair.thing["keys"] if version >= READS_OFFERINGS else ()))
    wanted: t.Dict[str, t.Tuple[str, ...]] = {"cs": (VOLUME,), "uuid": ids}
    if version < IN_TREE:
        return wanted
    if not pair.row.get("virtualmachineid"):
        if version >= CLEARS_TAGS:
            wanted.update({"cvm": ("",), "vc-policy": ("",)})
    elif pair.vm and pair.vm.get("state") in ("Running", "Stopped"):
        runs, vm = pair.vm["state"] == "Running", str(pair.vm["id"])
        wanted["cvm"] = (vm,) if runs else (vm, "")
        if "tags" in pair.vm:
            policy = {str(each["key"]): str(each.get("value") or "") for each in pair.vm["tags"]}.get("vc-policy", "")
            wanted["vc-policy"] = (policy,) if runs else (policy, "")
    return wanted
