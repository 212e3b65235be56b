# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images of volumes, as CloudStack hands them out: QCOW2, all zeros inside, since this simulator keeps no data."""

from __future__ import annotations

import struct

_CLUSTER_BITS = 16
_CLUSTER = 1 << _CLUSTER_BITS
#: Bytes of a disk that one entry of the first table stands for: a cluster of entries for clusters.
_PER_ENTRY = _CLUSTER // 8 * _CLUSTER
_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
#: A header extension that nobody knows, and so nobody minds.
_OURS = 0x53494D31


def image(size: int, label: str) -> bytes:
    """An empty QCOW2 image of a disk of ``size`` bytes. ``label`` is in it, so that images of two disks are not the same."""
    entries = max(1, -(-size // _PER_ENTRY))
    table = -(-entries * 8 // _CLUSTER)
    clusters = 3 + table  # header, table and block of reference counts, first table
    header = _HEADER.pack(b"QFI\xfb", 2, 0, 0, _CLUSTER_BITS, size, 0, entries, 3 * _CLUSTER, _CLUSTER, 1, 0, 0)
    note = label.encode()
    header += struct.pack(">II", _OURS, len(note)) + note + bytes(-len(note) % 8) + bytes(8)
    parts = (header, struct.pack(">Q", 2 * _CLUSTER), struct.pack(">H", 1) * clusters, bytes(table * _CLUSTER))
    return b"".join(part + bytes(-len(part) % _CLUSTER) for part in parts)
