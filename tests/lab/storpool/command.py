# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``storpool [-j] [-M] COMMAND...``: as much of StorPool's command line as CloudStack's agents and their operators use.

With ``-j`` it prints the API's answer as it came, errors too, which is what the CloudStack driver reads.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from . import configuration

#: Seconds for one call: the CloudStack driver gives the program 300.
TIMEOUT = 240
#: Seconds after an attachment was made until its device must be there.
DEVICE_SECONDS = 10.0
LISTINGS = {
    ("attach", "list"): "AttachmentsList",
    ("client", "status"): "ClientsConfigDump",
    ("cluster", "list"): "ClustersList",
    ("disk", "list"): "DisksList",
    ("location", "list"): "LocationsList",
    ("service", "list"): "ServicesList",
    ("snapshot", "list"): "SnapshotsList",
    ("template", "list"): "VolumeTemplatesList",
    ("template", "status"): "VolumeTemplatesStatus",
    ("volume", "list"): "VolumesList",
}
USAGE = """\
Usage: storpool [-j] [-M] {attach|detach} {volume|snapshot} NAME {here|all|client ID} [mode {rw|ro}] [force yes]
                          [timeout SECONDS] [noWait] [onRemoteAttached {export|detach|detachForce|fail}]
       storpool [-j] [-M] volume NAME update size BYTES [shrinkOk]
       storpool [-j] [-M] snapshot NAME delete NAME
       storpool [-j] {attach|cluster|disk|location|service|snapshot|template|volume} list"""


class Failed(Exception):
    """The API's own error: its whole answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("{name}: {descr}".format(**answer["error"]))
        self.answer = answer


def main() -> int:
    """Carry out one command; exit status 1 if the API refuses it, 2 for a command that it does not know."""
    words = sys.argv[1:]
    flags = set()
    while words and words[0].startswith("-"):
        flags.add(words.pop(0))
    if flags - {"-j", "-M", "-jM", "-Mj"}:
        _usage()
    as_json = any("j" in flag for flag in flags)
    prefix = "MultiCluster/" if any("M" in flag for flag in flags) else ""
    try:
        answer = _run(words, prefix)
    except Failed as error:
        print(json.dumps(error.answer) if as_json else f"Error: {error}", file=sys.stdout if as_json else sys.stderr)
        return 1
    except configuration.NotConfigured as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"Error: the StorPool API could not be asked: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer) if as_json else json.dumps(answer.get("data"), indent=2))
    return 0


def _usage() -> NoReturn:
    print(USAGE, file=sys.stderr)
    sys.exit(2)


def _run(words: list[str], prefix: str) -> dict[str, Any]:
    match words:
        case [first, second] if (first, second) in LISTINGS:
            return _call(LISTINGS[first, second])
        case ["attach" | "detach" as verb, "volume" | "snapshot" as kind, name, *rest]:
            return _reassign(verb, kind, name, rest, prefix)
        case ["volume", name, "update", "size", size, *rest] if rest in ([], ["shrinkOk"]):
            return _call(f"{prefix}VolumeUpdate/{name}", {"size": int(size), "shrinkOk": bool(rest)})
        case ["snapshot", name, "delete", again] if again == name:
            return _call(f"{prefix}SnapshotDelete/{name}", {})
    _usage()


def _reassign(verb: str, kind: str, name: str, words: list[str], prefix: str) -> dict[str, Any]:
    """Attach an object to clients, or detach it from them; an attachment here is there once its device is."""
    options = dict.fromkeys(("mode", "force", "timeout", "onRemoteAttached"), "")
    here = int(configuration.required("SP_OURID")) if words[:1] == ["here"] else None
    clients: list[int] = [here] if here is not None else []
    everywhere = words[:1] == ["all"]
    wait = True
    rest = words[1:] if everywhere or here is not None else words
    while rest:
        if rest[0] == "client" and len(rest) > 1:
            clients.append(int(rest[1]))
        elif rest[0] in options and len(rest) > 1:
            options[rest[0]] = rest[1]
        elif rest[0] == "noWait":
            wait = False
            rest = rest[1:]
            continue
        else:
            _usage()
        rest = rest[2:]
    if not clients and not everywhere:
        _usage()
    item: dict[str, Any] = {kind: name}
    if verb == "attach":
        if everywhere:
            clients = [client["id"] for client in _call("ClientsConfigDump")["data"]]
        item["ro" if kind == "snapshot" or options["mode"] == "ro" else "rw"] = clients
        if options["onRemoteAttached"]:
            item["onRemoteAttached"] = options["onRemoteAttached"]
    else:
        item["detach"] = "all" if everywhere else clients
    if options["force"] == "yes":
        item["force"] = True
    body: dict[str, Any] = {"reassign": [item]}
    if options["timeout"]:
        body["attachTimeout"] = int(options["timeout"])
    query = "VolumesReassignWait" if wait else "VolumesReassign"
    answer = _call(f"{prefix}{query}", body if wait else body["reassign"])
    if verb == "attach" and wait and here is not None:
        _wait_for_device(name)
    return answer


def _wait_for_device(name: str) -> None:
    """Return once the link of a volume or snapshot that was attached here leads to a device."""
    path = Path("/dev/storpool-byid") / name[1:] if name.startswith("~") else Path("/dev/storpool") / name
    end = time.monotonic() + DEVICE_SECONDS
    while not path.exists():
        if time.monotonic() > end:
            raise Failed({"error": {"name": "timeout", "descr": f"{path} did not appear", "transient": True}})
        time.sleep(0.05)


def _call(query: str, body: Any = None) -> dict[str, Any]:
    """The answer to a call of the API; :class:`Failed` with it if it is an error."""
    values = configuration.variables()
    host, port = values.get("SP_API_HTTP_HOST", "127.0.0.1"), int(values.get("SP_API_HTTP_PORT", "81"))
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request(
            "GET" if body is None else "POST",
            f"/ctrl/1.0/{query}",
            body=None if body is None else json.dumps(body),
            headers={"Authorization": f"Storpool v1:{configuration.required('SP_AUTH_TOKEN')}"},
        )
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if "error" in answer:
        raise Failed(answer)
    return answer


if __name__ == "__main__":
    sys.exit(main())
