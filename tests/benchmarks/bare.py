# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bulk module is measured against: a script that sends the same POSTs over as many connections, and does nothing else.

``bare.py URL TOKEN COUNT CONNECTIONS`` creates the volumes ``v-00001`` and so on.
"""

from __future__ import annotations

import json
import queue
import sys
import threading

import requests


def create(url: str, token: str, names: queue.SimpleQueue[str]) -> None:
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Authorization": f"Storpool v1:{token}", "Content-Type": "application/json"})
    while True:
        try:
            name = names.get_nowait()
        except queue.Empty:
            return
        body = {"name": name, "size": 1073741824, "template": "hybrid", "tags": {"owner": "bench"}}
        answer = session.post(f"{url}/ctrl/1.0/VolumeCreate", data=json.dumps(body), timeout=60)
        if "error" in answer.json():
            raise RuntimeError(answer.text)


def main() -> None:
    url, token, count, connections = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    names: queue.SimpleQueue[str] = queue.SimpleQueue()
    for number in range(1, count + 1):
        names.put(f"v-{number:05}")
    threads = [threading.Thread(target=create, args=(url, token, names)) for _number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
