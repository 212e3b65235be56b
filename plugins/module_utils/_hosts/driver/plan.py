# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One jar of a plugin on a component's class path: the plan, computed from what is there and what is wanted, without touching anything.

The order is: note what is there, keep what goes, then one step that has what is new take the place of what is old (:mod:`.switch`), then note that it is
done. Whenever it is stopped, the class path has the old jar or the new one, whole, and never both; and the next run knows the rest.
"""

from __future__ import annotations

import os
import re
import typing as t

from ..._common.errors import Failure, InvalidOption, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import listing
from .. import layout
from ..errors import NotAccessible, Unusable
from ..machine import files, service
from ..machine.files import New, Owner
from . import kept
from .class_path import Found
from .jar import Back, Current, Want
from .kept import Jars, Record
from .plugin import Facts

#: What the version in a manifest must be for a file to be called after it.
IN_NAMES = re.compile(r"[0-9][0-9A-Za-z.+~_-]*")


class Jar(t.NamedTuple):
    """A jar as results show it, there or foreseen."""

    path: str
    version: t.Optional[str]
    sha256: str
    owner: Owner


def plan(current: Current, wanted: Want) -> Plan:
    """What to do. Raises :class:`Failure` if it cannot be done."""
    target = _target(current, wanted)
    _refuse_links(current)
    there = {jar.path: jar.sha256 for jar in current.found}
    news = [path for path in target if there.get(path) != target[path]]
    away = [jar for jar in current.found if target.get(jar.path) != jar.sha256]
    dull = _misdressed(current, wanted, target)
    steps = _tidy(current, wanted, target)
    if news or away:
        steps += _change(current, wanted, target, news, away)
    steps += [_dress(path, current.owner) for path in dull]
    record = _record(current, wanted, target, bool(news or away), finished=True)
    if record and record != current.record:
        steps.append(_note(wanted, record, f"note in {wanted.record_path} that this is done"))
    _refuse_locked(current, wanted, steps)
    before = [Jar(jar.path, jar.facts.version, jar.sha256, jar.owner) for jar in current.found]
    after = _foreseen(current, wanted, target, dull)
    return Plan(tuple(steps), _shown(current, wanted, before), _shown(current, wanted, after, steps))


def _target(current: Current, wanted: Want) -> Jars:
    """The jars of the plugin that are to be on the class path: checksums by path."""
    if wanted.state == "previous":
        return _previous(current, wanted)
    release = _release(current)
    if wanted.plugin == layout.KVM and release >= layout.PATCHED:
        raise InvalidOption(
            f"plugin: the agent here is of CloudStack {current.installed.version}, whose KVM plugin is right as it is. The patch is for 4.8 to 4.11, never for "
            "4.12 or later."
        )
    if wanted.source is None:
        return _packaged(current, wanted)
    _check_fit(current, wanted)
    return {f"{current.layout.directory}/{_name(current, wanted)}": wanted.source.sha256}


def _release(current: Current) -> layout.Release:
    return current.installed.release or layout.OLDEST  # look has seen to it that there is one


def _previous(current: Current, wanted: Want) -> Jars:
    record = current.record
    there = {jar.path: jar.sha256 for jar in current.found}
    if wanted.leave and wanted.leave not in there.values() and not (record and record.is_unfinished):
        return there
    if record is None:
        raise NotFound(
            f"Nothing is kept of {layout.DRIVER[wanted.plugin]} of {layout.TITLE[wanted.component]} in {wanted.keep_dir}: this module has not changed it here. "
            "Give the jar that should be there as src, with state: present."
        )
    if there == record.before:
        return record.before
    then, now = layout.release(record.cloudstack), current.installed.release
    if then != now and not wanted.any_version:
        raise InvalidOption(
            f"What was kept is of the time when {layout.TITLE[wanted.component]} was of CloudStack {record.cloudstack}; now it is of "
            f"{current.installed.version}. "
            "Give a jar of that version as src, or any_version: true if the kept one is known to work."
        )
    for back in current.back.values():
        if isinstance(back, Failure):
            raise back
    return record.before


def _packaged(current: Current, wanted: Want) -> Jars:
    """The driver of the package, as it is there."""
    title = layout.TITLE[wanted.component]
    if wanted.plugin == layout.KVM:
        raise InvalidOption(
            "src: it is missing. Give a jar of the KVM plugin that was built with the patch; storpool.cloudstack.cloudstack_kvm_patch patches the "
            "installed one."
        )
    if not current.layout.packaged:
        raise InvalidOption(
            f"src: it is missing, and the packages of CloudStack {current.installed.version} do not bring the StorPool driver. Give the driver's "
            f"jar for {current.installed.version}."
        )
    jar = _own(current, wanted)
    if jar is None:
        raise NotFound(
            f"{title} of CloudStack {current.installed.version} should have the driver of its package in {current.layout.directory}, and it is not there. "
            f"Install the package {layout.PACKAGE[wanted.component]} again, or give a jar as src."
        )
    if jar.facts.broken:
        raise Unusable(
            f"{jar.path} cannot be used, {jar.facts.broken}. Install the package {layout.PACKAGE[wanted.component]} again, or give a jar as src."
        )
    return {jar.path: jar.sha256}


def _own(current: Current, wanted: Want) -> t.Optional[Found]:
    """The jar that has the place and name of the package's own."""
    named = [
        (jar, layout.named_version(wanted.plugin, jar.name))
        for jar in current.found
        if os.path.dirname(jar.path) == current.layout.directory
    ]
    exact = [jar for jar, version in named if version == current.installed.version]
    alike = [jar for jar, version in named if layout.release(version) == current.installed.release]
    return next(iter(exact + alike), None)


def _name(current: Current, wanted: Want) -> str:
    """What the new jar is called: as the one that the package installed, if there is one, and otherwise as the build calls it."""
    if current.layout.packaged or wanted.plugin == layout.KVM:
        own = _own(current, wanted)
        if own:
            return own.name
        version = current.installed.version
    else:
        version = wanted.source.facts.version if wanted.source else None
    if not version or not IN_NAMES.fullmatch(version):
        version = current.installed.version
    return f"{layout.ARTIFACT[wanted.plugin]}-{version}.jar"


def _check_fit(current: Current, wanted: Want) -> None:
    """Raise :class:`InvalidOption` if the jar is not for the CloudStack and the Java of this host."""
    source = wanted.source
    if source is None:
        return
    facts, title = source.facts, layout.TITLE[wanted.component]
    if layout.release(facts.version) != current.installed.release and not wanted.any_version:
        told = f"is of CloudStack {facts.version}" if facts.version else "does not say which CloudStack it is of"
        raise InvalidOption(
            f"src: {source.name} {told}, and {title} here is of {current.installed.version}. Give the jar of {layout.short(_release(current))}, or "
            "any_version: true if this one is known to work."
        )
    java = current.java
    if facts.java and java and java.release and facts.java > java.release:
        raise InvalidOption(
            f"src: {source.name} needs Java {facts.java}, and {title} here has Java {java.release} ({java.path}). Build it for Java {java.release}, or "
            f"install Java {facts.java} first."
        )


def _refuse_links(current: Current) -> None:
    for jar in current.found:
        if jar.link:
            raise NotAllowed(
                f"{jar.path} is a symbolic link to {jar.link}, and this module only moves files. Remove the link, then run the task again."
            )


def _misdressed(current: Current, wanted: Want, target: Jars) -> t.List[str]:
    if wanted.state == "previous":
        return []
    return [jar.path for jar in current.found if target.get(jar.path) == jar.sha256 and jar.owner != current.owner]


def _record(current: Current, wanted: Want, target: Jars, changing: bool, finished: bool) -> t.Optional[Record]:
    """The record as it should be, while the change is made or when it is finished. What was there before an unfinished change stays what was there."""
    record = current.record
    there = {jar.path: jar.sha256 for jar in current.found}
    if wanted.state == "previous" and record:
        if not changing and not record.is_unfinished:
            return record
        return record._replace(state=kept.RESTORED if finished else kept.RESTORING)
    if not changing and not (record and record.is_unfinished):
        return record
    begun = record is not None and record.is_unfinished and record.covers(there)
    before = record.before if record and begun else there
    state = kept.CHANGED if finished else kept.CHANGING
    return Record(state, current.installed.version, dict(before), dict(target))


def _tidy(current: Current, wanted: Want, target: Jars) -> t.List[Step]:
    """Remove what a run that was stopped has left. A whole jar that is nowhere else was somebody's, who put it there at the same moment: it is kept."""
    known = {*target.values(), *(jar.sha256 for jar in current.found), *(jar.sha256 for jar in current.kept)}
    steps = []
    for left in current.left_over:
        if left.is_jar and left.sha256 not in known:
            steps.append(_keep(wanted, left.path, left.jar, left.sha256, left.content, left.status))
        steps.append(
            Step("clear", left.path, {}, f"remove {left.path}, which a run that was stopped left", method="write")
        )
    return steps


def _keep(wanted: Want, place: str, jar: str, checksum: str, content: bytes, status: os.stat_result) -> Step:
    kept_path = kept.kept_path(wanted.keep_dir, jar, checksum)
    body = {"place": place, "jar": jar, "sha256": checksum, "content": content, "modified": status.st_mtime_ns}
    return Step("keep", kept_path, body, f"keep {place} as {kept_path}", method="write")


def _change(
    current: Current, wanted: Want, target: Jars, news: t.Sequence[str], away: t.Sequence[Found]
) -> t.List[Step]:
    steps = []
    record = _record(current, wanted, target, True, finished=False)
    if record and record != current.record:
        now = f"what is on the class path of {layout.TITLE[wanted.component]} now"
        what = "that what was there before comes back" if wanted.state == "previous" else now
        steps.append(_note(wanted, record, f"note in {wanted.record_path} {what}"))
    kept_now = {jar.path: jar for jar in current.kept}
    for jar in away:
        place = kept.kept_path(wanted.keep_dir, jar.path, jar.sha256)
        old = kept_now.get(place)
        if old is None or not _same(old.status, jar.status):
            steps.append(_keep(wanted, jar.path, jar.path, jar.sha256, jar.content, jar.status))
    steps.append(_switch(current, wanted, target, news, away))
    return steps


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether a kept jar has all that the one that is there has. What it holds goes with its name."""
    fields = ("st_size", "st_mode", "st_uid", "st_gid", "st_mtime_ns")
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def _switch(current: Current, wanted: Want, target: Jars, news: t.Sequence[str], away: t.Sequence[Found]) -> Step:
    there = {jar.path: jar.sha256 for jar in current.found}
    gone = [jar.path for jar in away if jar.path not in target]
    body = {
        "news": tuple([_new(current, wanted, path) for path in news]),
        "gone": tuple(gone),
        "there": {path: there.get(path) for path in (*news, *gone)},
    }
    done = [("replace " if path in there else "put ") + path for path in news]
    done += [f"take {path} off the class path" for path in gone]
    target_directory = os.path.dirname((*news, *gone)[0])
    return Step("switch", target_directory, body, listing(done, len(done)), method="write")


def _new(current: Current, wanted: Want, path: str) -> New:
    back = current.back.get(path)
    if isinstance(back, Back):
        return New(path, back.file.content, back.file.path, back.file.status.st_mtime_ns)
    content = wanted.source.content if wanted.source else None
    return New(path, content, current.owner)  # type: ignore[arg-type]  # the content may still be on the controller; see needs_source


def needs_source(todo: Plan) -> bool:
    """Whether a plan cannot be carried out before the jar has been brought to the host."""
    return any(new.content is None for step in todo.steps if step.call == "switch" for new in step.body["news"])


def _note(wanted: Want, record: Record, action: str) -> Step:
    return Step("note", wanted.record_path, {"content": kept.written(record)}, action, method="write")


def _dress(path: str, owner: Owner) -> Step:
    return Step("dress", path, {"owner": owner}, f"make {path} a file of root's with mode 0644", method="write")


def _refuse_locked(current: Current, wanted: Want, steps: t.Iterable[Step]) -> None:
    for step in steps:
        paths = list(step.body["there"]) if step.call == "switch" else [str(step.target)]
        above = [os.path.dirname(path) for path in paths]
        hidden = [files.scratch_of(path) for path in paths]
        for path in (*([wanted.keep_dir] if step.call in ("keep", "note") else []), *above, *paths, *hidden):
            if path in current.locked:
                raise NotAccessible(current.locked[path])


def _foreseen(current: Current, wanted: Want, target: Jars, dull: t.Container[str]) -> t.List[Jar]:
    there = {jar.path: jar for jar in current.found}
    foreseen = []
    for path, checksum in target.items():
        jar, back = there.get(path), current.back.get(path)
        if jar and jar.sha256 == checksum:
            owner = current.owner if path in dull else jar.owner
            foreseen.append(Jar(path, jar.facts.version, checksum, owner))
        elif isinstance(back, Back):
            status = back.file.status
            owner = Owner(status.st_uid, status.st_gid, status.st_mode & 0o7777)
            foreseen.append(Jar(path, back.facts.version, checksum, owner))
        else:
            facts = wanted.source.facts if wanted.source else Facts(True)
            foreseen.append(Jar(path, facts.version, checksum, current.owner))
    return foreseen


def _shown(current: Current, wanted: Want, jars: t.Sequence[Jar], steps: t.Sequence[Step] = ()) -> t.Dict[str, t.Any]:
    """The result, now or after some steps: the jar, what is kept, the service, and what a diff shows."""
    versions = [(jar.path, jar.version) for jar in jars]
    chosen = layout.choose(wanted.plugin, versions, current.layout.directory, current.installed.version)
    reason = current.restart_reason
    if current.service.started is not None and any(step.call == "switch" for step in steps):
        reason = reason or "what it loads is changed while it runs"
    foreseen = [
        {"path": str(step.target), "original": step.body["jar"], "sha256": step.body["sha256"]}
        for step in steps
        if step.call == "keep"
    ]
    return {
        "jar": next((_described(jar, wanted) for jar in jars if jar.path == chosen), None),
        "kept": _merged(kept.shown(current.kept), foreseen),
        "service": service.shown(current.service, reason),
        "cloudstack_version": current.installed.version,
        "class_path": {jar.path: _in_diff(jar) for jar in jars},
        "unfinished": bool(current.record and current.record.is_unfinished and not steps),
    }


def _merged(*lists: t.List[t.Dict[str, str]]) -> t.List[t.Dict[str, str]]:
    by_path = {kept_jar["path"]: kept_jar for each in lists for kept_jar in each}
    return [by_path[path] for path in sorted(by_path)]


def _described(jar: Jar, wanted: Want) -> t.Dict[str, t.Any]:
    return {
        "path": jar.path,
        "version": jar.version,
        "sha256": jar.sha256,
        "plugin": wanted.plugin,
        "component": wanted.component,
    }


def _in_diff(jar: Jar) -> t.Dict[str, str]:
    return {"sha256": jar.sha256, "owner": f"{jar.owner.uid}:{jar.owner.gid}", "mode": f"{jar.owner.mode:04o}"}
