# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with what is deployed on a host: a pure function, one sentence with the next step for each problem."""

from __future__ import annotations

import os
import typing as t

from .._common.words import listing
from . import layout
from .layout import Layout
from .machine.storpool_client import LAST_CLIENT, Client

PUT = "Put it there with storpool.cloudstack.cloudstack_plugin_jar."
PATCH = "Patch it with storpool.cloudstack.cloudstack_kvm_patch."
AWAY = "storpool.cloudstack.cloudstack_plugin_jar takes it away and keeps it."
#: How many jars of an upgrade that has left all of its predecessor's are named.
MOST_SHOWN = 5
ROLES = {
    "duplicate": (
        "duplicate_driver",
        "is a second copy of the StorPool driver on the class path, and which one is loaded is a matter of luck",
    ),
    "backup": (
        "backup_on_class_path",
        "looks like a copy that was put aside, and is loaded all the same since its name ends with .jar",
    ),
}


class Problem(t.NamedTuple):
    """Something that is wrong: a stable word for it, the component that it is about (``None``: the host), and a sentence that says what to do."""

    code: str
    component: t.Optional[str]
    message: str


class Host(t.NamedTuple):
    """What was found on a host.

    ``components`` are as the module returns them, by name; ``expected`` the names of those that should be there. ``unclear`` says in sentences why
    something could not be found out: about a component, or ``storpool``. ``rightful`` are owner, group and mode that a jar should have, and ``is_here``
    is whether the host runs, rather than being an image.
    """

    components: t.Mapping[str, t.Optional[t.Mapping[str, t.Any]]]
    client: Client
    expected: t.Sequence[str]
    unclear: t.Mapping[str, str]
    rightful: t.Tuple[str, str, str]
    is_here: bool


def role(name: str, version: t.Optional[str], directory: str, home: Layout, found: t.Optional[layout.Release]) -> str:
    """What a driver's jar is that is not the one to be expected: ``backup``, ``left_over`` or ``duplicate``."""
    if directory in home.beside:
        return "left_over"
    if layout.named_version(layout.STORPOOL, name) is None:
        return "backup"
    if found is None:
        return "duplicate"
    return (
        "left_over"
        if layout.release(version) != found or (home.packaged and directory != home.directory)
        else "duplicate"
    )


def problems(host: Host) -> t.List[Problem]:
    """Everything that is wrong, in an order that makes sense to repair it in."""
    found = []
    if not host.expected and not any(host.components.values()):
        found.append(
            Problem(
                "no_package",
                None,
                "Neither CloudStack's agent nor its management server is installed here; install the package first.",
            )
        )
    for name in layout.COMPONENTS:
        component = host.components[name]
        if component is None:
            if name in host.expected:
                found.append(Problem("no_package", name, _no_package(name)))
            continue
        told = [*_version(host, name, component), *_unfinished(name, component), *_left_over_jars(name, component)]
        told += [*_drivers(host, name, component), *_kvm(component)]
        told += [*_java(name, component), *_service(host, component), *_storpool(host, name, component)]
        found += [Problem(code, name, message) for code, message in told]
    return found


Told = t.Iterator[t.Tuple[str, str]]
Component = t.Mapping[str, t.Any]


def _no_package(name: str) -> str:
    return f"The package {layout.PACKAGE[name]} is not installed here; install it first."


def _version(host: Host, name: str, component: Component) -> Told:
    if component["package"] is None:
        left = f"{layout.HOME[name]} is there, and the package {layout.PACKAGE[name]} is not installed"
        yield "no_package", f"{left}; install it, or remove what is left over."
    if name in host.unclear:
        yield "unsupported_version", host.unclear[name]
    elif component["package"] and component["version"] is None:
        yield (
            "unsupported_version",
            f"The version {component['package_version']} of the package {component['package']} is not one of CloudStack's; install CloudStack's own.",
        )


def _unfinished(name: str, component: Component) -> Told:
    for plugin in component["unfinished"]:
        what = f"A change of the jars of {layout.DRIVER[plugin]} of {layout.TITLE[name]} was stopped in the middle"
        yield (
            "unfinished_change",
            f"{what}. Run the task again, which finishes it, or storpool.cloudstack.cloudstack_plugin_jar with state: previous, which takes it back.",
        )


def _left_over_jars(name: str, component: Component) -> Told:
    jars = component["left_over_jars"]
    if jars:
        one = len(jars) == 1
        it_was = "is of another version and was" if one else f"are {len(jars)} jars of other versions and were"
        told = f"{listing([jar['path'] for jar in jars], MOST_SHOWN)} {it_was} left on the class path of {layout.TITLE[name]}, which is of CloudStack"
        luck = f"{component['version']}; which of two classes is loaded is a matter of luck"
        yield (
            "left_over_jar",
            f"{told} {luck}. Move {'it' if one else 'them'} elsewhere, and restart {layout.PACKAGE[name]}.",
        )


def _drivers(host: Host, name: str, component: Component) -> Told:
    jars = component["driver_jars"]
    expected = next((jar for jar in jars if jar["role"] == "expected"), None)
    if expected is None:
        yield "no_driver", _no_driver(name, component)
    for jar in jars:
        if jar["role"] == "left_over":
            yield "left_over_driver", _left_over(name, component, jar)
        elif jar["role"] in ROLES:
            code, words = ROLES[jar["role"]]
            yield code, f"{jar['path']} {words}. {AWAY}"
        if jar["broken"]:
            yield "broken_jar", f"{jar['path']} cannot be used, {jar['broken']}. {_renew(name, component)}"
    if expected is None:
        return
    if component["version"] and layout.release(expected["version"]) != layout.release(component["version"]):
        what = f"is of CloudStack {expected['version']}" if expected["version"] else "does not say its version"
        yield (
            "wrong_driver_version",
            f"{expected['path']} {what}, and {layout.TITLE[name]} is of {component['version']}. {_renew(name, component)}",
        )
    actual = (expected["owner"], expected["group"], expected["mode"])
    if actual != host.rightful:
        owner, group, mode = host.rightful
        it_is = f"{expected['path']} belongs to {actual[0]}:{actual[1]} with mode {actual[2]}, and should to {owner}:{group} with {mode}"
        yield "wrong_owner_or_mode", f"{it_is}. storpool.cloudstack.cloudstack_plugin_jar corrects it."


def _no_driver(name: str, component: Component) -> str:
    title = layout.TITLE[name].capitalize()
    if component["packaged"]:
        return (
            f"{title} has no StorPool driver, though the package of CloudStack {component['version']} brings it. Install {layout.PACKAGE[name]} again, or "
            "give the jar to storpool.cloudstack.cloudstack_plugin_jar."
        )
    where = f" in {component['directory']}" if component["directory"] else ""
    return f"{title} has no StorPool driver{where}. {PUT}"


def _renew(name: str, component: Component) -> str:
    if component["packaged"]:
        return (
            f"Install {layout.PACKAGE[name]} again, or give the right jar to storpool.cloudstack.cloudstack_plugin_jar."
        )
    return "Give the right jar to storpool.cloudstack.cloudstack_plugin_jar."


def _left_over(name: str, component: Component, jar: Component) -> str:
    directory = os.path.dirname(jar["path"])
    if name == layout.MANAGEMENT and directory != component["directory"]:
        reader = (
            "Tomcat and not CloudStack loads it from there"
            if directory == layout.LIB[name]
            else "this version loads nothing from there"
        )
        return f"{jar['path']} was left in a directory that is not on the class path; {reader}. Remove it."
    if layout.release(jar["version"]) == layout.release(component["version"]):
        return (
            f"{jar['path']} was left on the class path of {layout.TITLE[name]}, whose package brings the driver. {AWAY}"
        )
    what = f"is of CloudStack {jar['version']}" if jar["version"] else "does not say its version"
    return f"{jar['path']} {what} and was left on the class path of {layout.TITLE[name]}, which is of {component['version']}. {AWAY}"


def _kvm(component: Component) -> Told:
    jars = component["kvm_jars"]
    for jar in jars:
        name = os.path.basename(jar["path"])
        if len(jars) > 1 and layout.named_version(layout.KVM, name) is None:
            yield "backup_on_class_path", f"{jar['path']} {ROLES['backup'][1]}. Move it elsewhere."
        if jar["broken"]:
            yield "broken_jar", f"{jar['path']} cannot be used, {jar['broken']}. Install cloudstack-agent again."
    named = [jar["path"] for jar in jars if layout.named_version(layout.KVM, os.path.basename(jar["path"]))]
    if len(named) > 1:
        luck = f"{listing(named)} are all on the class path, and which KVM plugin is loaded is a matter of luck"
        one = f"the one of {component['version']}" if component["version"] else "one of them"
        yield "duplicate_kvm_jar", f"{luck}. Leave {one}, and move the others elsewhere."
    if component["kvm_patch"] == "needed":
        never = f"The KVM plugin of CloudStack {component['version']} never lets StorPool detach a volume"
        yield "kvm_patch_needed", f"{never}. {PATCH}"
    elif component["kvm_patch"] == "unknown" and component["version"]:
        unknown = f"Whether the KVM plugin of the agent is patched is not known: {_unknown_kvm(jars)}"
        yield "kvm_jar_unknown", f"{unknown}. Install cloudstack-agent again. {PATCH}"


def _unknown_kvm(jars: t.Sequence[Component]) -> str:
    if not jars:
        return "there is no jar of it on the class path"
    return f"{listing(jar['path'] for jar in jars)} is not as CloudStack builds it"


def _java(name: str, component: Component) -> Told:
    java, title = component["java"], layout.TITLE[name]
    if java is None:
        yield (
            "no_java",
            f"{title.capitalize()} has no Java to run with. Install the one that CloudStack's documentation names for its version.",
        )
        return
    needs = {}
    found = layout.release(component["version"])
    if found:
        needs[f"CloudStack {component['version']}"] = layout.java_of(found)
    needs.update(
        {jar["path"]: jar["java"] for jar in component["driver_jars"] if jar["role"] == "expected" and jar["java"]}
    )
    for what, release in needs.items():
        if java["release"] and release > java["release"]:
            yield (
                "java_too_old",
                f"{what} needs Java {release}, and {java['path']} is Java {java['release']}. Install Java {release}.",
            )


def _service(host: Host, component: Component) -> Told:
    service = component["service"]
    if not host.is_here or component["package"] is None:
        return
    if service["state"] != "active":
        state = f"is {service['state']}" if service["state"] else "is not known to systemd"
        yield (
            "service_not_running",
            f"The service {service['name']} {state}. Start it, and look at journalctl -u {service['name']} if it does not stay.",
        )
    if service["restart_needed"]:
        yield "restart_needed", f"The service {service['name']} should be restarted: {service['restart_reason']}."


def _storpool(host: Host, name: str, component: Component) -> Told:
    client = host.client
    found = layout.release(component["version"])
    reads_template = (
        found is not None and found < layout.JETTY
    )  # the driver of these releases knows the API from StorPool's files only
    if name != layout.AGENT and not reads_template:
        return
    if "storpool" in host.unclear:
        yield "no_storpool_configuration", host.unclear["storpool"]
        return
    if not client.files:
        yield (
            "no_storpool_configuration",
            "There is no /etc/storpool.conf. Install and configure the StorPool client first.",
        )
    elif not client.token:
        yield (
            "no_storpool_configuration",
            f"There is no SP_AUTH_TOKEN in {listing(client.files)}. Add the token of the StorPool API.",
        )
    if name != layout.AGENT:
        return
    missing = [program for program, path in client.programs.items() if path is None]
    if missing:
        yield (
            "no_storpool_client",
            f"The agent runs {listing(missing)}, which {'is' if len(missing) == 1 else 'are'} not here. Install the StorPool client.",
        )
    if client.files and client.our_id is None:
        what = (
            f"{client.our_id_place} is {client.our_id_text!r}, which is no id from 1 to {LAST_CLIENT}"
            if client.our_id_text
            else f"SP_OURID is not set in {listing(client.files)}"
        )
        yield "no_storpool_id", f"{what}. Give the host its id as a StorPool client."
    if client.files and client.cluster_id is None and found and found >= layout.PACKAGED:
        yield (
            "no_storpool_cluster_id",
            f"SP_CLUSTER_ID is not set in {listing(client.files)}, and the agent cannot connect a pool without it. Add it.",
        )
