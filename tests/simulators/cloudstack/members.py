# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which member of an answer's object came, or went, with which release: one table a kind of object.

A member that no table names has always been there. What is null is in no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.cloudstack.versions import Release, contains

#: From which release on a member is there; a back-ported one has an entry a release line, as in `versions`.
SINCE: dict[str, dict[str, tuple[str, ...]]] = {
    "capability": {
        "dynamicrolesenabled": ("4.9",),
        "allowuserexpungerecovervolume": ("4.14",),
        "kubernetesserviceenabled": ("4.14",),
        "kubernetesclusterexperimentalfeaturesenabled": ("4.14",),
        "defaultuipagesize": ("4.15.2",),
        "allowuserviewalldomainaccounts": ("4.16",),
        "instancesstatsretentiontime": ("4.18",),
        "instancesstatsuseronly": ("4.18",),
        "instancesdisksstatsretentionenabled": ("4.18",),
        "instancesdisksstatsretentiontime": ("4.18",),
        "customhypervisordisplayname": ("4.19",),
        "sharedfsvmmincpucount": ("4.20",),
        "sharedfsvmminramsize": ("4.20",),
    },
    "zone": {
        "hasannotations": ("4.16",),
        "type": ("4.18",),
        "allowuserspecifyvrmtu": ("4.18",),
        "routerprivateinterfacemaxmtu": ("4.18",),
        "routerpublicinterfacemaxmtu": ("4.18",),
        "isnsxenabled": ("4.20",),
        "ismultiarch": ("4.20",),
        "asnrange": ("4.20",),
        "routedmodeenabled": ("4.20",),
        "gputotal": ("4.21",),
        "gpuused": ("4.21",),
    },
    "pod": {"hasannotations": ("4.16",), "ipranges": ("4.16",)},
    "cluster": {"resourcedetails": ("4.12",), "hasannotations": ("4.16",), "arch": ("4.20",)},
    "host": {
        "outofbandmanagement": ("4.9",),
        "hostha": ("4.11",),
        "cpuallocatedvalue": ("4.12",),
        "cpuallocatedpercentage": ("4.12",),
        "cpuallocatedwithoverprovisioning": ("4.12",),
        "cpuloadaverage": ("4.14",),
        "memorywithoverprovisioning": ("4.11",),
        "memoryallocatedpercentage": ("4.12",),
        "memoryallocatedbytes": ("4.12",),
        "ueficapability": ("4.14",),
        "hasannotations": ("4.16",),
        "encryptionsupported": ("4.18",),
        "instanceconversionsupported": ("4.19.1",),
        "arch": ("4.20",),
        "managementservername": ("4.21",),
    },
    "managementserver": {
        "ipaddress": ("4.20.1",),
        "lastagents": ("4.21",),
        "agents": ("4.21",),
        "agentscount": ("4.21",),
        "pendingjobscount": ("4.21",),
    },
    "draining": {
        "state": ("4.21",),
        "maintenanceinitiated": ("4.21",),
        "agentscount": ("4.21",),
        "agents": ("4.21",),
    },
    "storagepool": {
        "provider": ("4.11",),
        "jobid": ("4.11",),
        "jobstatus": ("4.11",),
        "hasannotations": ("4.17",),
        "istagarule": ("4.19",),
        "managed": ("4.19.3",),
        "usediops": ("4.20.1",),
        "storagecapabilities": ("4.21",),
        "details": ("4.21",),
        "storageaccessgroups": ("4.21",),
        "capacitybytes": ("4.22",),
    },
    "diskoffering": {
        "zoneid": ("4.13",),
        "zone": ("4.13",),
        "hasannotations": ("4.16",),
        "details": ("4.16",),
        "disksizestrictness": ("4.17",),
        "encrypt": ("4.18",),
        "state": ("4.19.1",),
    },
    "serviceoffering": {
        "provisioningtype": ("4.5",),
        "rootdisksize": ("4.15",),
        "dynamicscalingenabled": ("4.16",),
        "hasannotations": ("4.16",),
        "diskofferingstrictness": ("4.17",),
        "encryptroot": ("4.18",),
        "state": ("4.19.1",),
        "diskofferingid": ("4.20",),
        "diskofferingname": ("4.20",),
        "diskofferingdisplaytext": ("4.20",),
        "gpudisplay": ("4.21",),
    },
    "volume": {
        "diskkbsread": ("4.11",),
        "diskkbswrite": ("4.11",),
        "diskioread": ("4.11",),
        "diskiowrite": ("4.11",),
        "supportsstoragesnapshot": ("4.16",),
        "hasannotations": ("4.16",),
        "vmtype": ("4.18",),
        "domainpath": ("4.19.2",),
        "deleteprotection": ("4.20",),
    },
    "snapshot": {
        "virtualsize": ("4.10",),
        "zonename": ("4.19",),
        "hasannotations": ("4.16",),
        "volumestate": ("4.20",),
        "domainpath": ("4.19.2",),
    },
    "vmsnapshot": {
        "hasannotations": ("4.16",),
        "virtualmachinename": ("4.16",),
        "hypervisor": ("4.16",),
        "domainpath": ("4.19.2",),
    },
    "template": {
        "directdownload": ("4.11",),
        "downloaddetails": ("4.13",),
        "requireshvm": ("4.13",),
        "deployasis": ("4.15",),
        "hasannotations": ("4.16",),
        "sourcetemplateid": ("4.5",),
        "physicalsize": ("4.9",),
        "url": ("4.11",),
        "domainpath": ("4.19.2",),
        "arch": ("4.20",),
        "forcks": ("4.21",),
    },
    "virtualmachine": {
        "lastupdated": ("4.16",),
        "templatetype": ("4.16",),
        "pooltype": ("4.15",),
        "receivedbytes": ("4.14",),
        "sentbytes": ("4.14",),
        "hasannotations": ("4.16",),
        "hostcontrolstate": ("4.18",),
        "domainpath": ("4.19.2",),
        "templateformat": ("4.20",),
        "deleteprotection": ("4.20",),
        "arch": ("4.20",),
        "bootmode": ("4.20",),
        "boottype": ("4.20",),
    },
    "job": {
        "managementserverid": ("4.19",),
        "account": ("4.18",),
        "domainid": ("4.18",),
        "domainpath": ("4.18",),
        "managementservername": ("4.21",),
    },
    "configuration": {
        "group": ("4.18",),
        "subgroup": ("4.18",),
        "defaultvalue": ("4.18",),
        "component": ("4.18",),
        "displaytext": ("4.18",),
        "type": ("4.18",),
        "isdynamic": ("4.11",),
    },
}


def shown(release: Release, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The members that a release has of an object, without those that are null."""
    since = SINCE[kind]
    return {
        name: value
        for name, value in values.items()
        if value is not None and (name not in since or contains(release, since[name]))
    }
