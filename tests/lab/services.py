# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units of the two services and the files that they read, by release.

As packaged, an agent is started again ten seconds after it ended, and has much more memory.
"""

from __future__ import annotations

from .places import AGENT, COMMON, MANAGEMENT, Places

AGENT_CLASS = "com.cloud.agent.AgentShell"
MANAGEMENT_CLASS = "org.apache.cloudstack.ServerDaemon"
#: Five of these run on a machine with two cores.
JAVA_OPTIONS = "-Xms8m -Xmx64m -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
AGENT_CONFIGURATION = "/etc/cloudstack/agent"
MANAGEMENT_CONFIGURATION = "/etc/cloudstack/management"

AGENT_UNIT = """\
[Unit]
Description=CloudStack Agent
After=network.target libvirtd.service
Wants=libvirtd.service
StartLimitIntervalSec=0

[Service]
Type=simple
EnvironmentFile={optional}/etc/default/cloudstack-agent
ExecStart={command}
Restart=always
RestartSec=2s

[Install]
WantedBy=multi-user.target
"""
MANAGEMENT_UNIT = """\
[Unit]
Description=CloudStack Management Server
After=network.target

[Service]
Type=simple
User=cloud
UMask=0022
EnvironmentFile=/etc/default/cloudstack-management
WorkingDirectory=/var/log/cloudstack/management
ExecStart={command}

[Install]
WantedBy=multi-user.target
"""


def agent_unit(places: Places) -> str:
    """``cloudstack-agent.service``."""
    if places.wildcards:
        return AGENT_UNIT.format(optional="", command="/usr/bin/java $JAVA_OPTS -cp $CLASSPATH $JAVA_CLASS")
    jars = f"{AGENT}/lib/*.jar {AGENT}/plugins/*.jar"
    return AGENT_UNIT.format(optional="-", command=_globbed(jars, AGENT_CONFIGURATION, AGENT_CLASS))


def management_unit(places: Places) -> str:
    """``cloudstack-management.service``."""
    if places.wildcards:
        return MANAGEMENT_UNIT.format(command="/usr/bin/java $JAVA_OPTS -cp $CLASSPATH $BOOTSTRAP_CLASS")
    jars = f"{places.management_lib}/*.jar"
    return MANAGEMENT_UNIT.format(command=_globbed(jars, MANAGEMENT_CONFIGURATION, MANAGEMENT_CLASS))


def _globbed(jars: str, configuration: str, main: str) -> str:
    """A command line whose class path a shell makes of the jars that there are."""
    listed = f'$$(ls {jars} 2>/dev/null | tr "\\\\n" ":")'
    return f"/bin/sh -c 'exec $${{JAVA:-/usr/bin/java}} {JAVA_OPTIONS} -cp \"{listed}{configuration}\" {main}'"


def agent_defaults(places: Places) -> str | None:
    """``/etc/default/cloudstack-agent``; up to 4.9 there was none."""
    if places.wildcards:
        path = f"{AGENT}/lib/*:{AGENT}/plugins/*:{AGENT_CONFIGURATION}:{COMMON}/scripts"
        return f'JAVA_OPTS="{JAVA_OPTIONS}"\nCLASSPATH="{path}"\nJAVA_CLASS={AGENT_CLASS}\n'
    if places.version.startswith(("4.8.", "4.9.")):
        return None
    return "JAVA=/usr/bin/java\nJAVA_HEAP_INITIAL=256m\nJAVA_HEAP_MAX=2048m\n"


def management_defaults(places: Places) -> str:
    """``/etc/default/cloudstack-management``."""
    if places.wildcards:
        path = f"{MANAGEMENT}/lib/*:{MANAGEMENT_CONFIGURATION}:{COMMON}/setup:{COMMON}"
        return f'JAVA_OPTS="{JAVA_OPTIONS}"\nCLASSPATH="{path}"\nBOOTSTRAP_CLASS={MANAGEMENT_CLASS}\n'
    return "JAVA=/usr/bin/java\n"
