# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each release of CloudStack has its jars, and how its services find them (CloudStack packaging, debian/)."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.cloudstack.versions import parse

AGENT = "/usr/share/cloudstack-agent"
MANAGEMENT = "/usr/share/cloudstack-management"
COMMON = "/usr/share/cloudstack-common"
WEBAPP = f"{MANAGEMENT}/webapps/client/WEB-INF/lib"
TOMCAT = "/usr/share/tomcat7/lib"


@dataclass(frozen=True)
class Places:
    """One release.

    ``version`` is in full, as jars have it. ``management_lib`` is where the management server's jars are; with
    ``tomcat`` the directory ``lib`` is Tomcat's. ``wildcards``: Java expands the class path, else the shell does.
    ``packaged``: the StorPool driver comes with the packages. ``patched``: the KVM plugin needs no patch. ``java`` is
    the Java release of CloudStack's classes, ``runtime`` the one that the packages ask for.
    """

    version: str
    management_lib: str
    tomcat: bool
    wildcards: bool
    packaged: bool
    patched: bool
    java: int
    runtime: int


def places(version: str) -> Places:
    """The places of a release, "4.9.3" or in full; ValueError for what is no release that there are facts about."""
    release = parse(version)
    tomcat = not release.at_least("4.11")
    level = 11 if release.at_least("4.14") else 8
    return Places(
        version=release.text,
        management_lib=WEBAPP if tomcat else f"{MANAGEMENT}/lib",
        tomcat=tomcat,
        wildcards=release.at_least("4.12"),
        packaged=release.at_least("4.17"),
        patched=release.at_least("4.12"),
        java=level,
        runtime=17 if release.at_least("4.20") else level,
    )
