# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack's settings: what a task may want of one, what it has to know first, and the plan from the one to the other."""

from __future__ import annotations

import typing as t

from .._common.errors import Ambiguous, InvalidOption, NotFound
from .._common.module import HIDDEN
from .._common.plan import Managed, Outcome, Plan, Step
from .._common.words import listing, sentence, there_is
from .cloud import identity, named, results, setting_values, versions
from .cloud.predicted import Predicted
from .cloud.reader import Raw, Reader
from .cloud.versions import Version

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "value": {"type": "raw"},
        "state": {"type": "str", "choices": ["present", "default"], "default": "present"},
        "zone": {"type": "str"},
        "cluster": {"type": "str"},
        "storage_pool": {"type": "str"},
    },
    "mutually_exclusive": [("zone", "cluster", "storage_pool")],
    "required_if": [("state", "present", ["value"])],
}


class Scope(t.NamedTuple):
    """Where a setting is given besides everywhere: the option's name, the API's parameter, and the API's word for it."""

    option: str
    parameter: str
    word: str


SCOPES = (
    Scope("zone", "zoneid", "zone"),
    Scope("cluster", "clusterid", "cluster"),
    Scope("storage_pool", "storageid", "storagepool"),
)


class Want(t.NamedTuple):
    """A desired value, as the text for the API; ``None`` is the default. ``of`` names what it is for, if not for the whole cloud."""

    name: str
    value: t.Optional[str]
    scope: t.Optional[Scope]
    of: t.Optional[str]

    @property
    def shown_of(self) -> t.Optional[str]:
        """``of`` without the token that the id of a pool may hold."""
        return self.of and setting_values.without_token(self.of)

    def __str__(self) -> str:
        where = f" of {_words(self.scope)} {self.shown_of!r}" if self.scope else ""
        return f"setting {self.name!r}{where}"


class Current(t.NamedTuple):
    """What a plan for one setting has to know.

    ``row`` is the setting in its scope, ``everywhere`` the one for the whole cloud; ``alike`` are names of settings that have the wanted name in theirs.
    """

    version: Version
    row: t.Optional[Raw]
    everywhere: t.Optional[Raw]
    alike: t.Tuple[str, ...] = ()
    scope_id: t.Optional[str] = None


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired value that the options describe. Raises :class:`InvalidOption`."""
    name, value = params["name"], params["value"]
    if not name.strip() or name != name.strip():
        raise InvalidOption(
            f"name is {name!r}: give the name of the setting, with no space at the beginning or the end."
        )
    resets = params["state"] == "default"
    if resets and value is not None:
        raise InvalidOption("value is for a setting that shall have it; leave it out with state default.")
    scope = next((scope for scope in SCOPES if params[scope.option] is not None), None)
    return Want(
        name=name,
        value=None if resets else setting_values.text_of(value),
        scope=scope,
        of=params[scope.option] if scope else None,
    )


def shown(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What may be shown of the options. Only CloudStack knows whether the setting holds a secret; where it does not, the result has the value."""
    texts = {name: setting_values.without_token(value) for name, value in params.items() if isinstance(value, str)}
    return {**params, **texts, **({} if params.get("value") is None else {"value": HIDDEN})}


def secrets(current: Current, wanted: Want) -> t.List[str]:
    """The texts that nobody may see: the value that is wanted, and those that were read, if the setting holds secrets."""
    rows = [row for row in (current.row, current.everywhere) if row]
    values = [wanted.value, *(_text(row.get(key)) for row in rows for key in ("value", "defaultvalue"))]
    category = next((row["category"] for row in rows if row.get("category")), None)
    kept = values if setting_values.holds_secret(wanted.name, *values, category=category) else []
    return setting_values.secrets_in(
        *kept, *([wanted.of] if wanted.of and setting_values.holds_secret("", wanted.of) else [])
    )


def _text(value: t.Any) -> t.Optional[str]:
    return None if value is None else str(value)


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`NotFound` and :class:`Ambiguous` for what the setting is for."""
    version = reader.version()
    if wanted.scope is None:
        row, alike = _known_by(reader, wanted.name)
        return Current(version, row, row, alike)
    scope_id = _scope_id(reader, wanted.scope, t.cast(str, wanted.of))
    row, _alike = _find(reader.settings_like(wanted.name, **{wanted.scope.parameter: scope_id}), wanted.name)
    if row is not None and wanted.value is not None:
        return Current(version, row, None, scope_id=scope_id)
    everywhere, alike = _known_by(reader, wanted.name)
    return Current(version, row, everywhere, alike, scope_id)


def _known_by(reader: Reader, name: str) -> t.Tuple[t.Optional[Raw], t.Tuple[str, ...]]:
    """The setting for the whole cloud; where it is not there, the names of those that have the most of its name in theirs."""
    for part in (name, name.rpartition(".")[0], name.partition(".")[2], name.partition(".")[0]):
        row, alike = _find(reader.settings_like(part) if part else (), name)
        if alike:
            return row, alike
    return None, ()


def _find(rows: t.Iterable[Raw], name: str) -> t.Tuple[t.Optional[Raw], t.Tuple[str, ...]]:
    found = list(rows)
    row = next((row for row in found if row["name"] == name), None)
    return row, tuple(sorted(str(row["name"]) for row in found))


def _scope_id(reader: Reader, scope: Scope, of: str) -> str:
    read = {"zone": reader.zones, "cluster": reader.clusters, "storage_pool": reader.pools}[scope.option]
    rows = read()
    found = [row for row in rows if of in (row["id"], identity.shown_id(row))] or [
        row for row in rows if row["name"] == of
    ]
    shown = setting_values.without_token(of)
    if not found:
        raise named.missing(scope.option, _words(scope), shown, rows)
    if len(found) > 1:
        ids = listing(sorted(str(identity.shown_id(row)) for row in found))
        raise Ambiguous(f"{scope.option}: {len(found)} have the name {shown!r}. Give the id of one: {ids}.")
    return str(found[0]["id"])


def plan(current: Current, wanted: Want) -> Plan:
    """The call that gives a setting its value. Raises :class:`NotFound` for an unknown one, :class:`InvalidOption` for a value of another type."""
    row = _known(current, wanted)
    kind, value = row.get("type"), _text(row.get("value"))
    target = (
        _default(current, wanted, row)
        if wanted.value is None
        else setting_values.checked(wanted.value, kind, wanted.name)
    )
    hidden = setting_values.holds_secret(
        wanted.name, value, target, _text(row.get("defaultvalue")), category=row.get("category")
    )
    if setting_values.same(value, target, kind):
        shown = _shown(row, wanted, value, hidden)
        return Plan((), shown, shown)
    call, body = "updateConfiguration", {"name": wanted.name, "value": target or ""}
    words = "clear {0}" if not target else "change {0}" if hidden else "change {0} to {1!r}"
    if wanted.value is None:
        call, body = "resetConfiguration", {"name": wanted.name}
        words = "reset {0} to its default" + ("" if hidden or not target else ", {1!r}")
    if wanted.scope:
        body[wanted.scope.parameter] = t.cast(str, current.scope_id)
    if row.get("isdynamic") is False:
        words += " (takes effect when the management servers are restarted)"
    step = Step(call, None, body, words.format(wanted, target))
    before = _shown(row, wanted, value, hidden)
    if hidden and value:
        before["value"] = f"{setting_values.HIDDEN} (another value)"
    return Plan((step,), before, _shown(row, wanted, target, hidden))


def _known(current: Current, wanted: Want) -> Raw:
    if current.row is None and current.everywhere is not None:
        raise InvalidOption(
            f"setting {wanted.name!r} cannot be given for a {_words(t.cast(Scope, wanted.scope))}. Leave out {t.cast(Scope, wanted.scope).option}, or give "
            "what CloudStack has it for."
        )
    if current.row is None:
        like = [name for name in current.alike if name != wanted.name]
        hint = f" {there_is('CloudStack', like, wanted.name)}" if like else ""
        raise NotFound(
            f"CloudStack {current.version} has no {wanted}.{hint} Settings of the StorPool driver are there only if the management server has loaded it; "
            "hidden ones cannot be managed."
        )
    scope = str(current.row.get("scope") or "").lower()
    if wanted.scope and scope and wanted.scope.word not in [word.strip() for word in scope.split(",")]:
        raise InvalidOption(
            f"{sentence(str(wanted))}: CloudStack shows it for {scope} in place of {_words(wanted.scope)}, so it would be set there. Nothing was changed."
        )
    return current.row


def _default(current: Current, wanted: Want, row: Raw) -> t.Optional[str]:
    """What a reset leads to: the value for the whole cloud, or for the whole cloud what CloudStack was built with."""
    if current.version < versions.SHOWS_DEFAULTS:
        raise InvalidOption(
            f"state is 'default', but CloudStack {current.version} does not tell what the default of a setting is; the first that does is "
            f"{versions.SHOWS_DEFAULTS}. Give the value."
        )
    source = (current.everywhere or {}).get("value") if wanted.scope else row.get("defaultvalue")
    return None if source is None else str(source)


def _shown(row: Raw, wanted: Want, value: t.Optional[str], hidden: bool) -> t.Dict[str, t.Any]:
    return results.configuration(row, wanted.scope.option if wanted.scope else "global", wanted.shown_of, value, hidden)


def _words(scope: t.Optional[Scope]) -> str:
    return scope.option.replace("_", " ") if scope else "cloud"


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """The part of the result that describes the setting, and whether this task makes a restart necessary."""
    return {
        "configuration": outcome.after,
        "restart_needed": outcome.changed and bool(outcome.after["restart_needed"]),
    }


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The setting with the value that it would have."""
    [step] = todo.steps
    row = t.cast(Raw, current.row)
    scope = {each.parameter: step.body[each.parameter] for each in SCOPES if each.parameter in step.body}
    default = (current.everywhere or {}).get("value") if scope else row.get("defaultvalue")
    reader.change_setting(row["name"], scope, _text(step.body.get("value", default)))


CONFIGURATION = Managed("configuration", SPEC, want, look, plan, show=show, imagine=imagine)
