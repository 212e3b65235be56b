# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an image gets into StorPool, and out again: what is done in which order, and what is put away in every ending.

The bytes are moved by ``hands`` that the module brings: this side knows nothing of files and devices (see ``_hosts/image/hands.py``).
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ..._common import endings
from ..._common.errors import ApiError, Failure, InvalidOption, NotConfigured, NotFound
from ..._common.module import Module
from ..._common.plan import Outcome, Plan, Step, backoff, converge
from ..._common.run import finish as end
from ..._common.time_left import TimeLeft
from ..._common.words import sentence
from ..cluster import names, this_client
from ..cluster.reader import Raw, Reader
from ..connection.api import Api
from ..objects import identity as objects
from ..objects import named
from ..run import connect
from . import making
from . import wanted as tags
from . import work as works
from .making import Found
from .wanted import Made, Want
from .work import Busy, Held, Work

PAUSE = 1.0
#: How long something has to be attached nowhere until nobody is taken to be at it, in seconds: far longer than a run takes between two calls.
GRACE = 20.0
#: What a program that was ended takes until it has closed a device, in seconds.
CLOSING = 10.0
#: What a run takes to put its things away when it is ended, in seconds.
LAST_SECONDS = 60.0


def run_image(module: Module, hands_for: t.Callable[[t.Mapping[str, t.Any]], t.Any]) -> None:
    """The body of the module. ``hands_for`` makes what does the work on this host, given the options as the task gave them; it raises :class:`Failure`."""
    with endings.told_to_end():
        end(module, lambda: _work(module, hands_for))


def _work(module: Module, hands_for: t.Callable[[t.Mapping[str, t.Any]], t.Any]) -> t.Mapping[str, t.Any]:
    wanted = tags.want(module.given)
    hands = hands_for(module.given)
    hands.check()
    api = connect(module)
    client = _client()
    run = Run(api, hands, wanted, client, module.check_mode)
    result = run.imported() if wanted.state == "present" else run.exported()
    before, after = result.pop("before"), result.pop("after")
    if module._diff:
        result["diff"] = {"before": before or {}, "after": after or {}}
    return result


def _client() -> int:
    client = this_client.client_id()
    if client is None:
        raise NotConfigured(
            "The host that runs the task does not know its StorPool client id, so nothing can be attached to it. Set SP_OURID in /etc/storpool.conf on it, "
            "or run the task on a StorPool client."
        )
    return client


class Run:
    """One run of the module, on the host that is this client. ``actions`` are what it did, or in check mode would do."""

    def __init__(
        self,
        api: Api,
        hands: t.Any,
        wanted: Want,
        client: int,
        check_mode: bool = False,
        sleep: t.Callable[[float], None] = time.sleep,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._hands, self._wanted, self._client, self._check = api, hands, wanted, client, check_mode
        self._reader = Reader(api)
        self._sleep, self._clock = sleep, clock
        self._word = os.urandom(8).hex()
        self._changed = False
        self.actions: t.List[str] = []

    # --- in -------------------------------------------------------------------------------------------------------

    def imported(self) -> t.Dict[str, t.Any]:
        """The object with the image is there. Returns the result, with ``before`` and ``after`` of the diff."""
        wanted = self._wanted
        work = self._work_for_import(0)
        with self._alone(work.name):
            found = self._look()
            if found.raw is not None:
                return self._kept(found.raw, work)
            stale: t.FrozenSet[str] = frozenset()
            if not self._check:
                stale, waited = self._wait_for_others(work)
                if waited:  # what another run has made meanwhile need not be made again
                    found = self._look()
                    if found.raw is not None:
                        return self._kept(found.raw, work)
            making.refuse(found, wanted)
            self._hands.refuse_no_place()
            if self._check and self._hands.is_fetched:
                return self._result(None, making.predicted(wanted, found, wanted.size, None), ["fetch the image"])
            with self._hands.source() as image:
                size = self._size(image)
                self._refuse_full(image)
                if self._hands.given_sha256:
                    image.hash()
                if self._check:
                    made = Made(image.hash(), image.format, image.size)
                    after = making.predicted(wanted, found, size, made)
                    last = making.finish(works.foreseen(work, size), None, wanted, work, made)
                    would = self._foreseen(self._work_for_import(size), self._copying(image), last)
                    return self._result(None, after, would, made)
                return self._make(self._work_for_import(size), stale, image, size)

    def _work_for_import(self, size: int) -> Work:
        name = tags.work_name(self._wanted)
        own = tags.work_tags(self._client, self._word)
        make = making.create(self._wanted, name, size, own)
        return Work("volume", name, self._client, self._word, make, "rw", self._wanted.wait_seconds)

    def _look(self) -> Found:
        found = making.look(self._reader, self._wanted)
        if found.raw is not None:
            making.refuse(found, self._wanted)
        return found

    def _kept(self, raw: Raw, work: Work) -> t.Dict[str, t.Any]:
        """The result where the object is there: that of this image, and as it is wanted."""
        making.refuse_other(raw, self._wanted, self._hands.source_sha256(), self._hands.given_format)
        wanted = self._wanted

        def look() -> t.Optional[Raw]:
            return self._reader.snapshot(wanted.name) if wanted.what == "snapshot" else self._reader.volume(wanted.name)

        outcome = self._converge(look, lambda current: making.keep(current, wanted))
        self._drop(work)
        return self._result(outcome.before, outcome.after, [], tags.made_of(raw))

    def _make(self, work: Work, stale: t.FrozenSet[str], image: t.Any, size: int) -> t.Dict[str, t.Any]:
        wanted = self._wanted
        with self._held(work, stale) as raw:
            self.actions.append(self._copying(image))
            with _doing(f"make {wanted} of the image"):
                sha256 = self._hands.fill(image, raw["global_id"], raw["name"], size, wanted.wait_seconds)
            made = Made(sha256, image.format, image.size)

            def look() -> t.Tuple[Held, t.Optional[Raw]]:
                found = (
                    self._reader.snapshot(wanted.name)
                    if wanted.what == "snapshot"
                    else self._reader.volume(wanted.name)
                )
                return works.look(self._reader, work), found

            outcome = self._converge(look, lambda current: making.finish(current[0], current[1], wanted, work, made))
        return self._result(None, outcome.after, [], made)

    @staticmethod
    def _foreseen(work: Work, copying: str, last: Plan) -> t.List[str]:
        """What a run would do, in words."""
        first = works.begin(Held(), work)
        return [*(step.action for step in first.steps), *first.later, copying, *(step.action for step in last.steps)]

    def _copying(self, image: t.Any) -> str:
        return f"copy the image ({image.format}, {names.human(image.size)}) to it"

    def _size(self, image: t.Any) -> int:
        size = tags.rounded(image.size)
        if self._wanted.size is None:
            return size
        if self._wanted.size < size:
            raise InvalidOption(
                f"size is {names.human(self._wanted.size)}, less than the {names.human(size)} of the disk in the image. Leave size out, or make it larger."
            )
        return self._wanted.size

    def _refuse_full(self, image: t.Any) -> None:
        """Raise if the template's disks have not got so much free as there is data in the image."""
        for row in self._reader.templates_status():
            free = (row.get("stored") or {}).get("free")
            if row["name"] != self._wanted.template or free is None or free >= image.size:
                continue
            stored = image.stored()
            if free < stored:
                raise self._hands.no_space(
                    f"{sentence(str(self._wanted))}: there are about {names.human(stored)} of data in the image, and StorPool template "
                    f"{self._wanted.template!r} has {names.human(max(free, 0))} free."
                )

    # --- out ------------------------------------------------------------------------------------------------------

    def exported(self) -> t.Dict[str, t.Any]:
        """The file with the image is there. Returns the result, with ``before`` and ``after`` of the diff."""
        wanted, hands = self._wanted, self._hands
        name = tags.work_name(wanted, f"{self._client}\0{hands.dest}")
        with self._alone(name):
            raw = self._reader.snapshot(wanted.name) if wanted.what == "snapshot" else self._reader.volume(wanted.name)
            if raw is None:
                there = named.instead(self._reader, wanted.what, wanted.name)
                raise NotFound(f"There is no {wanted} to export.{there}")
            work = self._work_for_export(name, raw)
            origin = objects.reference(raw)
            there, known = hands.standing()
            before = known and self._file(known)
            if hands.is_as_wanted(known, origin) and not (wanted.what == "volume" and hands.may_replace):
                self._drop(work)
                return self._result(before, before, [], file=before, raw=raw)
            hands.refuse_to_replace(there, known)
            hands.refuse_no_room(raw["size"], lambda: self._stored(raw))
            what = f"copy {wanted} to {hands.dest} ({hands.saved_format})"
            if self._check:
                would = self._foreseen(work, what, works.drop(works.foreseen(work, raw["size"]), work))
                after = dict(self._file(hands.foreseen(origin, raw["size"])), size=None, checksum=None)
                return self._result(before, after, would, file=after, raw=raw)
            with self._held(work, self._wait_for_others(work)[0]) as held:
                self.actions.append(what)
                with _doing(f"export {wanted}"):
                    known = hands.save(origin, held["global_id"], held["name"], held["size"], wanted.wait_seconds)
                self._changed = True
                self._drop(work)
            after = self._file(known)
            return self._result(before, after, [], file=after, raw=raw)

    def _work_for_export(self, name: str, raw: Raw) -> Work:
        """A copy of the moment: of a volume a snapshot, of a snapshot a volume on top of it, which costs nothing and is attached nowhere else."""
        own = tags.work_tags(self._client, self._word)
        reference = objects.reference(raw)
        if self._wanted.what == "volume":
            make = Step(
                "VolumeSnapshot", reference, {"name": name, "tags": own}, f"take snapshot {name!r} of {self._wanted}"
            )
            return Work("snapshot", name, self._client, self._word, make, "ro", self._wanted.wait_seconds)
        make = Step(
            "VolumeCreate",
            None,
            {"name": name, "parent": reference, "tags": own},
            f"create volume {name!r} from {self._wanted}",
        )
        return Work("volume", name, self._client, self._word, make, "ro", self._wanted.wait_seconds)

    def _stored(self, raw: Raw) -> t.Optional[int]:
        rows = self._reader.snapshots_space() if self._wanted.what == "snapshot" else self._reader.volumes_space()
        return next((row["storedSize"] for row in rows if row["globalId"] == raw["globalId"]), None)

    def _file(self, known: t.Any) -> t.Dict[str, t.Any]:
        return {
            "path": self._hands.dest,
            "source": known.source.lstrip("~"),
            "format": known.format,
            "compressed": known.compress,
            "virtual_size": known.virtual_size,
            "size": known.size,
            "checksum": f"sha256:{known.sha256}",
        }

    # --- both -----------------------------------------------------------------------------------------------------

    def _result(
        self,
        before: t.Any,
        after: t.Any,
        would: t.Sequence[str],
        made: t.Optional[Made] = None,
        file: t.Optional[t.Mapping[str, t.Any]] = None,
        raw: t.Optional[Raw] = None,
    ) -> t.Dict[str, t.Any]:
        exported = self._wanted.state == "exported"
        thing = after if not exported else raw and making.shown(raw, self._wanted)
        image = made and {"format": made.format, "virtual_size": made.size, "checksum": f"sha256:{made.sha256}"}
        other = "volume" if self._wanted.what == "snapshot" else "snapshot"
        return {
            "changed": self._changed or bool(would),
            "before": before,
            "after": after,
            self._wanted.what: thing,
            other: None,
            "image": image or None,
            "file": file,
            "checksum": (file or image or {}).get("checksum"),
            "actions": [*self.actions, *would],
        }

    @contextlib.contextmanager
    def _alone(self, name: str) -> t.Iterator[None]:
        """Nobody else on this host works on the same, if anything is to be changed."""
        if self._check:
            yield
            return
        seconds = self._wanted.wait_seconds
        key = f"{self._api.endpoint.address}\0{self._client}\0{name}"
        busy = Busy(
            f"Another task on this host is working on {self._wanted}, and was not done within {seconds} s (wait_timeout)."
        )
        with self._hands.alone(key, seconds, lambda: busy):
            yield

    def _wait_for_others(self, work: Work) -> t.Tuple[t.FrozenSet[str], bool]:
        """Wait until no run of another client works on it. Returns the ids of what such a run has left, if it is sure that it has, and whether there was one.

        Raises :class:`Busy`, and :class:`NameTaken` if somebody else has the name.
        """
        until = self._clock() + self._wanted.wait_seconds
        idle_since: t.Dict[str, float] = {}
        waited = False
        while True:
            held = works.look(self._reader, work)
            if held.raw is None or works.is_left(held.raw, work):
                return frozenset(), waited
            works.refuse_strange(held.raw, work)
            now, key = self._clock(), str(held.raw["globalId"])
            if held.clients:
                idle_since.pop(key, None)
            elif now - idle_since.setdefault(key, now) >= min(GRACE, self._wanted.wait_seconds):
                return frozenset([key]), True
            if now >= until:
                raise works.busy(held, work, self._wanted.wait_seconds)
            waited = True
            self._sleep(PAUSE)

    @contextlib.contextmanager
    def _held(self, work: Work, stale: t.FrozenSet[str]) -> t.Iterator[t.Dict[str, t.Any]]:
        """The work object while it is attached here. If what is done with it fails, it is put away; if not, that is up to the caller."""
        try:
            outcome = self._converge(
                lambda: works.look(self._reader, work), lambda held: works.begin(held, work, stale)
            )
            yield outcome.after
        except BaseException as error:
            self._put_away(work, error)
            raise

    def _put_away(self, work: Work, error: BaseException) -> None:
        try:
            with endings.undisturbed():
                self._drop(work, TimeLeft(LAST_SECONDS, "after a failure"))
        except Failure as failure:
            left = f"{sentence(str(work))} may be left: {failure.message.rstrip('.')}. The next run of the same task takes it away"
            if isinstance(error, Failure):
                error.message = f"{error.message.rstrip('.')}. {left}"

    def _drop(self, work: Work, time_left: t.Optional[TimeLeft] = None) -> None:
        """Take away what this run, or one of this client that is gone, has left."""
        if self._check:
            return
        self._converge(lambda: works.look(self._reader, work), lambda held: works.drop(held, work), time_left)

    def _apply(self, step: Step) -> t.Any:
        until = self._clock() + CLOSING
        while True:
            try:
                with endings.to_its_end():
                    return self._api.apply(step)
            except ApiError as error:
                if works.OPEN not in str(error.error.get("descr", "")) or self._clock() >= until:
                    raise
            self._sleep(PAUSE)

    def _converge(
        self,
        look: t.Callable[[], t.Any],
        plan: t.Callable[[t.Any], Plan],
        time_left: t.Optional[TimeLeft] = None,
    ) -> Outcome:
        outcome = converge(
            look,
            plan,
            self._apply,
            check_mode=self._check,
            pauses=backoff(self._api.endpoint.retries),
            time_left=time_left,
        )
        self._changed = self._changed or outcome.changed
        self.actions += outcome.actions
        return outcome


@contextlib.contextmanager
def _doing(what: str) -> t.Iterator[None]:
    """A failure says what could not be done."""
    try:
        yield
    except Failure as failure:
        raise failure.while_doing(what) from None
