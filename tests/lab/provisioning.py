# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is on a host beside its packages: who may log in, StorPool's configuration, and the stand-ins of StorPool's tools."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from standins import volumecare

from .layout import Host
from .simulators import Simulator, cluster_of
from .state import State

PROGRAM = """\
#!/bin/sh
PYTHONPATH=/{library} exec /usr/bin/python3 -m standins.{module} "$@"
"""
SOURCES = Path(__file__).resolve().parent / "storpool"
#: Where StorPool's own programs have their parts.
LIBRARY = "usr/lib/storpool"
PROGRAMS = {"storpool_confget": "confget", "storpool": "command"}
CLIENT_PROGRAMS = {"storpool_block": "block"}
#: VolumeCare's own, which runs on clients.
VOLUMECARE = "usr/bin/storpool_vcctl"
CLIENT_UNIT = """\
[Unit]
Description=StorPool client
After=network.target

[Service]
ExecStart=/usr/sbin/storpool_block
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
"""

Files = dict[str, tuple[str, int]]


def archive(files: Mapping[str, tuple[str, int]]) -> bytes:
    """A tar file of ``{path: (text, mode)}``, all of them root's, to be unpacked at ``/``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, (text, mode) in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def files_of(host: Host, everyone: list[Host], public_key: str, current: State) -> Files:
    """Every file that the lab puts on ``host``."""
    programs = PROGRAMS | (CLIENT_PROGRAMS if host.client_id is not None else {})
    files: Files = {
        "root/.ssh/authorized_keys": (public_key, 0o600),
        "etc/storpool.conf": (
            storpool_conf([each for each in everyone if each.far == host.far], cluster_of(host, current.storpool)),
            0o644,
        ),
    }
    for path in (*sorted(SOURCES.glob("*.py")), Path(volumecare.__file__)):
        files[f"{LIBRARY}/standins/{path.name}"] = (path.read_text(encoding="utf-8"), 0o644)
    for name, module in programs.items():
        files[f"usr/sbin/{name}"] = (PROGRAM.format(library=LIBRARY, module=module), 0o755)
    if host.client_id is not None:
        asked = f"volumecare {current.cloudstack['url']} {current.storpool['url']}"
        files[VOLUMECARE] = (PROGRAM.format(library=LIBRARY, module=asked), 0o755)
        files["etc/systemd/system/storpool_block.service"] = (CLIENT_UNIT, 0o644)
    return files


def storpool_conf(everyone: list[Host], storpool: Simulator) -> str:
    """``/etc/storpool.conf``, the same on all hosts of a site: the cluster, and a section for each client."""
    lines = [
        f"SP_API_HTTP_HOST={storpool['host']}",
        f"SP_API_HTTP_PORT={storpool['port']}",
        f"SP_AUTH_TOKEN={storpool['token']}",
        f"SP_CLUSTER_ID={storpool['cluster_id']}",
        f"SP_CLUSTER_NAME={storpool['cluster_name']}",
    ]
    for host in everyone:
        if host.client_id is not None:
            lines += ["", f"[{host.name}]", f"SP_OURID={host.client_id}"]
    return "\n".join(lines) + "\n"
