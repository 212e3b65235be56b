# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cloud behind fake calls, with a clock that moves only when somebody waits; for what reads and waits."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader


class FakeApi:
    """An Api. ``lists`` and ``reads`` are answers by command: a value, or a function of the parameters; a failure is raised.

    ``events`` are functions to be called once the clock has reached a time: ``[(seconds, function), ...]``.
    """

    def __init__(self, version="4.19.1.0", lists=None, reads=None, events=()):
        self.now = 0.0
        self.calls = []
        self.version = version
        self.lists = dict(lists or {})
        self.reads = dict(reads or {})
        self.events = sorted(events, key=lambda event: event[0])
        self.away = None

    def hurried(self, seconds):
        return self

    def sleep(self, seconds):
        assert 0 < seconds <= 2
        self.now += seconds
        while self.events and self.events[0][0] <= self.now:
            self.events.pop(0)[1]()

    def clock(self):
        return self.now

    def read(self, command, **params):
        self._called(command)
        if command == "listCapabilities":
            return {"capability": {"cloudstackversion": self.version}}
        return self._answer(self.reads.get(command, {}), params)

    def rows(self, command, key, **params):
        self._called(command)
        return list(self._answer(self.lists.get(command, []), params))

    def _called(self, command):
        self.calls.append(command)
        self._answer(self.away, {})

    @staticmethod
    def _answer(answer, params):
        answer = answer(params) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def reader(self):
        return Reader(self)
