# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab consists of: names, addresses and files."""

from __future__ import annotations

import dataclasses

from tools.workspace import BUILD, ROOT

LAB = BUILD / "lab"
STATE = LAB / "lab.json"
INVENTORY = LAB / "inventory.yml"
KEY = LAB / "ssh" / "id_ed25519"
#: The bytes of volumes, which the hosts share, and the links that this machine has to the devices of each.
DATA = LAB / "data"
DEVICES = LAB / "devices"
KNOWN_HOSTS = LAB / "ssh" / "known_hosts"

#: The lab is one for the machine, not for the checkout: its network has fixed addresses.
NETWORK = "sp-lab"
SUBNET = "10.89.77.0/24"
PREFIX = "10.89.77."
GATEWAY = f"{PREFIX}1"
#: Each simulator has an address of its own on the bridge, so that a host can be cut off from one of them alone.
STORPOOL_ADDRESS = f"{PREFIX}2"
CLOUDSTACK_ADDRESS = f"{PREFIX}3"
SERVICES = {"storpool": STORPOOL_ADDRESS, "cloudstack": CLOUDSTACK_ADDRESS}

#: Says which checkout a container belongs to.
LABEL = "storpool.cloudstack.lab"
OWNER = str(ROOT)

MOST_AGENTS = 8
MOST_MANAGEMENT = 4
MOST_FAR = 2
AGENTS = 3
MANAGEMENT = 2


class LabError(Exception):
    """What cannot be done, in one sentence."""


class Unavailable(LabError):
    """Containers cannot run on this machine: what is missing, and how to get it."""


@dataclasses.dataclass(frozen=True)
class Host:
    """One container. ``name`` is the name in the inventory, in CloudStack, and what the host calls itself.

    ``far``: an agent of the other site, which is a client of the StorPool cluster there.
    """

    name: str
    component: str
    number: int
    far: bool = False

    @property
    def container(self) -> str:
        """The container's name."""
        return f"sp-{self.name}"

    @property
    def address(self) -> str:
        """Where it is on the lab's network."""
        return f"{PREFIX}{(40 if self.far else 20 if self.component == 'agent' else 10) + self.number}"

    @property
    def client_id(self) -> int | None:
        """Its id as a client of its StorPool cluster: agents have one."""
        return self.number if self.component == "agent" else None

    @property
    def service(self) -> str:
        """The systemd unit of its CloudStack component."""
        return f"cloudstack-{self.component}"


def topology(agents: int, management: int, far: int = 0) -> list[Host]:
    """The hosts of a lab of that size, management servers first, those of the other site last."""
    return [
        *(Host(f"mgmt{number}", "management", number) for number in range(1, management + 1)),
        *(Host(f"agent{number}", "agent", number) for number in range(1, agents + 1)),
        *(Host(f"far{number}", "agent", number, far=True) for number in range(1, far + 1)),
    ]
