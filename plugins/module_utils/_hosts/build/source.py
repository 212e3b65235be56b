# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source trees to build from: a directory, or a commit of a git repository. What the user has named is only ever read.

Each has an identity, a text that is another one when the source is another one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import typing as t
from urllib.parse import quote

from ..._common import secret_urls
from ..._common.errors import Failure, InvalidOption, NotFound
from ..errors import NotAccessible
from ..machine import commands

URL = re.compile(r"(https?|ssh|git|file)://\S+", re.IGNORECASE)
SSH_PATH = re.compile(r"([\w.-]+@)?[\w.-]+:(?!//)\S+")  # as in git@example.com:team/project.git
COMMIT = re.compile(r"[0-9a-f]{40}")
PIECE = 2**20  # bytes that are read at a time
#: git answers in English, asks nobody, and does not look at the user's own hooks and line endings.
GIT_ENVIRONMENT = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
GIT_SETTINGS = ("-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")


class Source(t.NamedTuple):
    """A source as a task names it: where it is, and the branch, tag or commit of a repository (``None`` for a directory as it is)."""

    option: str
    place: str
    ref: t.Optional[str]


class Found(t.NamedTuple):
    """A source that was looked at. ``commit`` is that of a repository, as far as there is one; ``full_ref`` is what to fetch."""

    source: Source
    identity: str
    commit: t.Optional[str]
    full_ref: t.Optional[str] = None


def named(option: str, place: str, ref: t.Optional[str]) -> Source:
    """The source that options name. Raises :class:`InvalidOption`."""
    expanded = os.path.expanduser(place)
    if secret_urls.is_secret(place, secret_urls.redacted_source):
        raise InvalidOption(
            f"{option}: the URL has a password, a token or a query in it, which would be in process lists and logs. Leave it out, and use an SSH key, or a "
            "credential helper of git."
        )
    is_url = bool(URL.fullmatch(place) or (not os.path.isabs(expanded) and SSH_PATH.fullmatch(place)))
    if not is_url and not os.path.isabs(expanded):
        raise InvalidOption(f"{option}: {place} is neither the absolute path of a directory nor a URL that git knows.")
    if is_url and not ref:
        raise InvalidOption(f"{option}: {place} is a git repository, so a branch, tag or commit has to be named, too.")
    if ref is not None and (ref.startswith("-") or not re.fullmatch(r"[^\s~^:?*\[\\]+", ref)):
        raise InvalidOption(f"{option}: {ref} is no name of a branch, tag or commit.")
    if is_url:
        return Source(option, place, ref)
    path = os.path.normpath(expanded)
    return Source(option, f"file://{quote(path)}" if ref else path, ref)


def look(source: Source, timeout: float, with_history: bool = False) -> Found:
    """Look at a source: of a repository the commit that is meant, of a directory a digest of all its files.

    ``with_history``: the commit of a directory counts as well, since it gets into what is built. Raises :class:`NotFound`, :class:`InvalidOption` and
    :class:`Failure` if git fails.
    """
    if source.ref:
        full_ref, named_commit = _resolved(source, timeout)
        return Found(source, f"git {named_commit}", named_commit, full_ref)
    if not os.path.isdir(source.place):
        raise NotFound(f"{source.option}: there is no directory {source.place}.")
    commit = head(source.place, timeout) if with_history else None
    return Found(source, f"tree {digest(source.place)} {commit or ''}".strip(), commit)


def bring(found: Found, target: str, timeout: float) -> None:
    """Make the directory ``target`` hold the source. Raises :class:`Failure` if git fails, or the source has changed since it was looked at."""
    if found.source.ref:
        _check_out(found, target, timeout)
        return
    copy(found.source.place, target)
    if f"tree {digest(target)}" != " ".join(found.identity.split()[:2]):
        raise Failure(f"{found.source.place} was changed while it was copied. Run the task again.")


def head(directory: str, timeout: float) -> t.Optional[str]:
    """The commit that a directory has checked out, if it is a whole working tree of git with at least one commit."""
    if not os.path.lexists(os.path.join(directory, ".git")):
        return None
    ran = _git(["-C", directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"], timeout)
    return ran.output.strip() if ran.status == 0 else None


def give_history(found: Found, directory: str, timeout: float) -> str:
    """Give a copy of a source a ``.git`` of its own, which builds that record their commit need; what was done, in words.

    It has the history of the original if that has one. If not, one commit holds the files.
    """
    name = os.path.basename(directory)
    if os.path.isdir(os.path.join(directory, ".git")):
        return f"keep the history of git of {name}"
    if found.commit and not found.source.ref:
        bare = os.path.join(os.path.dirname(directory), f".{name}.git")
        _must(["clone", "--quiet", "--no-checkout", "--", found.source.place, bare], timeout)
        _must(["-C", bare, "remote", "remove", "origin"], timeout)
        os.rename(os.path.join(bare, ".git"), os.path.join(directory, ".git"))
        shutil.rmtree(bare)
        _must(["-C", directory, "reset", "--quiet"], timeout)
        return f"give the copy the history of {found.source.place}"
    author = ("-c", "user.name=Ansible", "-c", "user.email=ansible@localhost", "-c", "commit.gpgsign=false")
    _must(["init", "--quiet", directory], timeout)
    _must(["-C", directory, "add", "--all", "--force"], timeout)
    message = f"Sources without a history of their own, {found.identity}"
    _must([*author, "-C", directory, "commit", "--quiet", "--no-verify", "--allow-empty", "-m", message], timeout)
    return "give the copy a history of git of one commit, since the StorPool plugin records its commit"


def digest(directory: str) -> str:
    """A SHA-256 of the names, contents and execute bits of all files that are built from: not of ``.git``, and not of what Maven has made."""
    whole = hashlib.sha256()
    for name in _files(directory):
        path = os.path.join(directory, name)
        whole.update(os.fsencode(name) + b"\0")
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                whole.update(b"link " + os.fsencode(os.readlink(path)))
            else:
                whole.update(b"x " if status.st_mode & 0o100 else b"- ")
                whole.update(_content_digest(path))
        except OSError as error:
            raise NotAccessible(f"{path} cannot be read: {error.strerror}.") from None
    return whole.hexdigest()


def _content_digest(path: str) -> bytes:
    content = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(PIECE), b""):
            content.update(piece)
    return content.digest()


def copy(source: str, target: str) -> None:
    """Copy the files that :func:`digest` counts. Symbolic links stay links. Raises :class:`NotAccessible`."""
    try:
        os.makedirs(target, exist_ok=True)
        for name in _files(source):
            path = os.path.join(target, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy2(os.path.join(source, name), path, follow_symlinks=False)
    except OSError as error:
        raise NotAccessible(f"{source} cannot be copied to {target}: {error.strerror or error}.") from None


def _files(directory: str) -> t.Iterator[str]:
    """Names of files and symbolic links below a directory, relative to it, in order."""
    for above, directories, names in os.walk(directory, onerror=_not_listed):
        made_by_maven = "pom.xml" in names
        kept = [name for name in directories if name != ".git" and not (name == "target" and made_by_maven)]
        links = [name for name in kept if os.path.islink(os.path.join(above, name))]
        directories[:] = sorted(set(kept) - set(links))
        for name in sorted([*names, *links]):
            path = os.path.join(above, name)
            if name != ".git" and (os.path.islink(path) or os.path.isfile(path)):
                yield os.path.relpath(path, directory)


def _not_listed(error: OSError) -> None:
    raise NotAccessible(f"{error.filename} cannot be read: {error.strerror}.")


def _resolved(source: Source, timeout: float) -> t.Tuple[str, str]:
    """The whole name of what ``ref`` means in a repository, and its commit."""
    ref = str(source.ref)
    if COMMIT.fullmatch(ref):
        return ref, ref
    wanted = [ref] if ref == "HEAD" or ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    peeled = {f"{name}^{{}}": name for name in wanted}
    answer = _must(["ls-remote", "--", source.place, *wanted, *peeled], timeout).output
    found: t.Dict[str, str] = {}
    for line in sorted(answer.splitlines(), key=len):  # what a tag points to comes after the tag itself
        commit, _tab, name = line.partition("\t")
        if name in wanted or name in peeled:
            found[peeled.get(name, name)] = commit
    if not found:
        raise NotFound(
            f"{source.option}: {source.place} has no branch or tag {ref}. A commit has to be given with all 40 digits."
        )
    if len(set(found.values())) > 1:
        raise InvalidOption(
            f"{source.option}: {source.place} has a branch and a tag {ref}. Say refs/heads/{ref} or refs/tags/{ref}."
        )
    return sorted(found.items())[0]


def _check_out(found: Found, target: str, timeout: float) -> None:
    place, commit, full_ref = found.source.place, str(found.commit), str(found.full_ref)
    _must(["init", "--quiet", target], timeout)
    inside = ["-C", target]
    fetch = [*inside, "fetch", "--quiet", "--no-recurse-submodules"]
    tried = _git([*fetch, "--depth=1", "--no-tags", "--", place, full_ref], timeout)
    if tried.status:
        everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        _must([*fetch, "--", place, *everything], timeout)  # a server may refuse commits that no name leads to
    there = _git([*inside, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], timeout)
    if there.status:
        raise Failure(f"{place} has no longer {commit} as {found.source.ref}. Run the task again.")
    _must([*inside, "checkout", "--quiet", "--detach", commit], timeout)


def _git(arguments: t.Sequence[str], timeout: float) -> commands.Ran:
    try:
        program = commands.locate("git")
    except NotFound:
        raise NotFound("There is no program git on this machine. Install it.") from None
    return commands.run([program, *GIT_SETTINGS, *arguments], timeout, environment=GIT_ENVIRONMENT)


def _must(arguments: t.Sequence[str], timeout: float) -> commands.Ran:
    ran = _git(arguments, timeout)
    if ran.status:
        verb = next(part for part in arguments if not part.startswith("-") and "/" not in part and "=" not in part)
        lines = [line for line in ran.errors.splitlines() if line.strip()]
        said = next(
            (line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "no reason given"
        )
        raise Failure(f"git {verb} failed: {secret_urls.scrubbed(said)}")
    return ran
