# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KVM patch, managed: what is wanted, what is there, the plan, and how it is carried out.

The original of a patched jar is kept under its own checksum, so that no run can put another one in its place. It is the original of the jar that is
there if it still has that checksum, and differs from the jar in nothing but the patch.
"""

from __future__ import annotations

import os
import re
import typing as t

from ..._common.errors import Failure, InvalidOption, NotFound, Outdated
from ..._common.plan import Managed, Plan, Step
from ..errors import NotAccessible, NotRecognised, Unusable
from ..formats import jar
from ..layout import AGENT, LIB
from ..machine import files, obstacles
from ..machine.files import File
from . import plugin as kvm_plugin
from .plugin import MOST_BYTES, Plugin, sha256

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path"},
        "state": {"type": "str", "choices": ["patched", "original"], "default": "patched"},
        "backup_dir": {"type": "path", "default": "/var/lib/storpool-cloudstack/originals"},
    }
}
#: Directories beside each other that CloudStack puts on the class path (packaging of 4.8 to 4.11).
CLASS_PATH = ("lib", "plugins")
ORIGINAL = re.compile(r"(?P<name>.*)\.(?P<sha256>[0-9a-f]{64})\.original")


class Want(t.NamedTuple):
    """The jar, the state that it should have, and the directory where its original is kept. Paths are absolute."""

    path: str
    state: str
    backup_dir: str


class Current(t.NamedTuple):
    """The jar that is there, the kept original that belongs to it (``None`` if there is none), and what cannot be written to.

    ``kept`` of an original is a copy of it. ``left_over`` is what a run that was stopped has left beside the jar. ``locked`` says in sentences why a
    directory or file cannot be written to, by path.
    """

    file: File
    plugin: Plugin
    kept: t.Optional[File]
    left_over: t.Optional[File]
    locked: t.Mapping[str, str]


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired state of the options; without ``path``, for the jar that is installed. Raises :class:`InvalidOption` and :class:`NotFound`."""
    for option in ("path", "backup_dir"):
        if params[option] and not os.path.isabs(params[option]):
            raise InvalidOption(f"{option}: {params[option]} is no absolute path.")
    path, backup_dir = os.path.normpath(params["path"] or _installed()), os.path.normpath(params["backup_dir"])
    home, kept = os.path.realpath(os.path.dirname(path)), os.path.realpath(backup_dir)
    for directory in (home, *(os.path.join(os.path.dirname(home), name) for name in CLASS_PATH)):
        if os.path.commonpath([directory, kept]) == directory:
            raise InvalidOption(
                f"backup_dir: {backup_dir} is in {directory}, from where the agent loads its classes. Choose another place."
            )
    return Want(path, params["state"], backup_dir)


def _installed() -> str:
    """The path of the jar that the package of the agent has installed."""
    found = [name for name in files.listing(LIB[AGENT]) if kvm_plugin.NAME.fullmatch(name)]
    if len(found) != 1:
        there = "no jar" if not found else " and ".join(found)
        raise NotFound(
            f"There is {there} of CloudStack's KVM plugin in {LIB[AGENT]}, where the package cloudstack-agent puts one. Say which one is meant (path)."
        )
    return os.path.join(LIB[AGENT], found[0])


def look(_reader: None, wanted: Want) -> Current:
    """Read the jar and its kept original. Raises :class:`Failure` if the jar cannot be read, or is not one that has this patch."""
    file = files.read(wanted.path, MOST_BYTES)
    plugin = _plugin(wanted.path, file.content)
    locked = {}
    scratch = files.scratch_of(wanted.path)
    checks: t.List[t.Tuple[str, t.Callable[[str], None]]]
    checks = [(path, obstacles.check_replaceable) for path in (wanted.path, scratch) if os.path.lexists(path)]
    checks += [(directory, obstacles.check_writable) for directory in (os.path.dirname(wanted.path), wanted.backup_dir)]
    for path, check in checks:
        try:
            check(path)
        except Failure as failure:
            locked[path] = failure.message
    return Current(file, plugin, _kept(file, plugin, wanted.backup_dir), files.left_over(scratch), locked)


def _plugin(path: str, content: bytes) -> Plugin:
    try:
        return kvm_plugin.read(os.path.basename(path), content)
    except Failure as failure:
        advice = ""
        if isinstance(failure, NotRecognised):
            advice = " It is left as it is; a plugin that was built differently has to be patched in its source."
        failure.message = f"{path} cannot be patched: {failure.message}.{advice}"
        raise


def _kept(file: File, plugin: Plugin, directory: str) -> t.Optional[File]:
    """The original of a patched jar, or the copy of one that is not patched."""
    if not plugin.patched:
        path = original_path(file, directory)
        try:
            kept = files.read(path, MOST_BYTES)
        except NotFound:
            return None
        return kept if kept.content == file.content else None
    name = os.path.basename(file.path)
    for entry in files.listing(directory):
        named = ORIGINAL.fullmatch(entry)
        if named and named.group("name") == name:
            kept = files.read(os.path.join(directory, entry), MOST_BYTES)
            if sha256(kept.content) == named.group("sha256") and _is_original(name, kept.content, plugin):
                return kept
    return None


def _is_original(name: str, content: bytes, patched: Plugin) -> bool:
    try:
        original = kvm_plugin.read(name, content)
        return not original.patched and kvm_plugin.same_but_answer(original, patched)
    except Failure:
        return False


def original_path(file: File, directory: str) -> str:
    """Where the original of this content is kept. The name ends in a way that no class path loads."""
    return os.path.join(directory, f"{os.path.basename(file.path)}.{sha256(file.content)}.original")


def plan(current: Current, wanted: Want) -> Plan:
    """What to do. Raises :class:`Failure` if it cannot be done."""
    before = _shown(current.file.path, current.plugin, current.file.content, current.kept and current.kept.path)
    done = current.plugin.patched == (wanted.state == "patched")
    steps: t.Tuple[Step, ...] = ()
    if not done:
        steps = _patch(current, wanted) if wanted.state == "patched" else _restore(current, wanted)
    tidy = _tidy(current, wanted, [step.body["content"] for step in steps])
    for step in (*tidy, *steps):
        target = str(step.target)
        for path in (os.path.dirname(target), target, files.scratch_of(target)):
            if path in current.locked:
                raise NotAccessible(current.locked[path])
    if done:
        return Plan(tidy, before, before)
    last = steps[-1].body["content"]
    kept = original_path(current.file, wanted.backup_dir) if wanted.state == "patched" else before["original"]
    return Plan((*tidy, *steps), before, dict(before, state=wanted.state, sha256=sha256(last), original=kept))


def _is_whole(content: bytes) -> bool:
    try:
        jar.check(jar.parse(content))
    except Unusable:
        return False
    return True


def _tidy(current: Current, wanted: Want, contents: t.Iterable[bytes]) -> t.Tuple[Step, ...]:
    """Remove what a run that was stopped has left. A whole jar that is nowhere else was somebody's, who put it there at the same moment: it is kept."""
    left = current.left_over
    if left is None:
        return ()
    clear = _write("clear", left.path, b"", None, current, f"remove {left.path}, which a run that was stopped left")
    known = (current.file.content, current.kept and current.kept.content, *contents)
    if left.content in known or not _is_whole(left.content):
        return (clear,)
    place = original_path(current.file._replace(content=left.content), wanted.backup_dir)
    keep = _write("keep", place, left.content, left.status.st_mtime_ns, current, f"keep {left.path} as {place}")
    return (keep, clear)


def _patch(current: Current, wanted: Want) -> t.Tuple[Step, ...]:
    path, content = wanted.path, current.file.content
    if current.plugin.signed:
        raise InvalidOption(f"{path} cannot be patched: it is signed, and Java would refuse the changed class.")
    try:
        patched = kvm_plugin.answering(current.plugin, False)
    except Failure as failure:
        failure.message = f"{path} cannot be patched: {failure.message}. It is left as it is."
        raise
    patch = _write(
        "patch", path, patched, None, current, f"patch {path}, so that it answers false for a path that is not iSCSI"
    )
    if current.kept:
        return (patch,)
    keep = original_path(current.file, wanted.backup_dir)
    return (
        _write(
            "keep", keep, content, current.file.status.st_mtime_ns, current, f"keep the original of {path} as {keep}"
        ),
        patch,
    )


def _restore(current: Current, wanted: Want) -> t.Tuple[Step, ...]:
    kept = current.kept
    if kept is None:
        raise NotFound(
            f"{wanted.path} is patched, and {wanted.backup_dir} does not hold its original, unchanged: it was patched in another way or with another "
            "backup_dir. Install the package cloudstack-agent again to get the original."
        )
    action = f"put the original of {wanted.path} back, as it was kept in {kept.path}"
    return (_write("restore", wanted.path, kept.content, kept.status.st_mtime_ns, current, action),)


def _write(call: str, target: str, content: bytes, modified: t.Optional[int], current: Current, action: str) -> Step:
    """A step that writes a file, provided that the jar is still as it was read. ``modified`` is as for :func:`.files.write`."""
    body = {"content": content, "modified": modified, "jar": current.file.path, "sha256": sha256(current.file.content)}
    return Step(call, target, body, action, method="write")


def apply(step: Step) -> None:
    """Carry out a step. Raises :class:`Outdated` if the jar has changed since it was read, and otherwise as :func:`.files.write` does."""
    jar, target = step.body["jar"], str(step.target)
    if sha256(files.read(jar, MOST_BYTES).content) != step.body["sha256"]:
        raise Outdated(f"{jar} was changed by something else at the same moment.")
    if step.call == "clear":
        with files.told("removed", target):
            files.clear(target)
        return
    if target != jar:
        files.make_directory(os.path.dirname(target))
    expected = step.body["sha256"] if target == jar else None
    files.write(target, step.body["content"], jar, step.body["modified"], expected)


def _shown(path: str, plugin: Plugin, content: bytes, kept: t.Optional[str]) -> t.Dict[str, t.Any]:
    return {
        "path": path,
        "version": plugin.version,
        "state": "patched" if plugin.patched else "original",
        "sha256": sha256(content),
        "original": kept,
    }


KVM_PATCH = Managed("jar", SPEC, want, look, plan)
