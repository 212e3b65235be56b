# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StorPool's halves of what CloudStack has: by tags, by names of old drivers, and nothing that only looks like it."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import halves


class Reader:
    def snapshots(self):
        return [
            raw("a.b.1", "~a.b.1", {"cs": "snapshot", "uuid": "u-1"}),
            raw("a.b.2", "~a.b.2", {"cs": "template", "uuid": "u-2"}),
            raw("a.b.3", "u-3", {}),
            raw("a.b.4", "~a.b.4", {"uuid": "u-4"}),
            raw("a.b.5", "~a.b.5", {"cs": "snapshot", "uuid": "nobody"}),
        ]

    def volume(self, reference):
        return raw("a.b.9", "~a.b.9", {"cs": "volume"}) if reference == "~a.b.9" else None


def raw(global_id, name, tags):
    return {"globalId": global_id, "name": name, "tags": tags, "size": 1 << 30, "iops": 7}


def test_snapshots_are_known_by_their_tags_or_by_their_names():
    found = halves.of_snapshots(Reader(), ["u-1", "u-2", "u-3", "u-4"])
    assert {key: (half["global_id"], half["name"]) for key, half in found.items()} == {
        "u-1": ("a.b.1", None),
        "u-3": ("a.b.3", "u-3"),
    }


def test_volumes_are_known_by_what_cloudstack_says():
    found = halves.of_volumes(Reader(), ["~a.b.9", "~gone"])
    assert list(found) == ["~a.b.9"]
    assert (found["~a.b.9"]["tags"], found["~a.b.9"]["iops"]) == ({"cs": "volume"}, 7)
