# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudStack answers to each command that reads here: the members that are used, and of which type they are, from 4.8 to 4.23.

An answer of another shape, or about something else than what was asked for, is none: nothing may be planned on it.
"""

from __future__ import annotations

import typing as t

from ..._common import answers
from ..._common.answers import Check, count, dict_of, either, flag, maybe, name, number, row, text, whole

_NAMED = {"id": name, "name": name}
_DETAILS = dict_of(maybe(either(text, whole, flag)))


def _texts(*members: str) -> t.Dict[str, Check]:
    return dict.fromkeys(members, text)


_POOL = row(
    dict(_NAMED, state=text),
    dict(
        _texts(
            "zoneid",
            "zonename",
            "podid",
            "clusterid",
            "ipaddress",
            "path",
            "type",
            "provider",
            "scope",
            "hypervisor",
            "tags",
            "created",
            "overprovisionfactor",
        ),
        istagarule=flag,
        details=_DETAILS,
        capacitybytes=count,
        disksizetotal=count,
        disksizeused=count,
        disksizeallocated=count,
    ),
)
_HOST = row(
    _NAMED,
    dict(
        _texts(
            "state",
            "resourcestate",
            "zoneid",
            "zonename",
            "clusterid",
            "clustername",
            "ipaddress",
            "version",
            "disconnected",
            "parent",
        ),
        managementserverid=either(text, whole),
        details=_DETAILS,
    ),
)
_HOST_FOR_VM = row(_NAMED, {"suitableformigration": flag, "requiresstoragemotion": flag})
#: Tags of CloudStack's own, of volumes, snapshots and VMs.
_TAGS = answers.rows(row({"key": text}, {"value": text}))
_OWNER = _texts("account", "domainid", "domain", "projectid", "project")
_VOLUME = row(
    _NAMED,
    dict(
        _texts(
            "state",
            "type",
            "path",
            "storageid",
            "storage",
            "virtualmachineid",
            "vmname",
            "vmdisplayname",
            "vmstate",
            "vmtype",
            "zoneid",
            "zonename",
            "created",
            "attached",
            "templateid",
            "diskofferingid",
            "diskofferingname",
            "serviceofferingid",
            "serviceofferingname",
            "snapshotid",
            "jobid",
            "encryptformat",
        ),
        jobstatus=whole,
        isextractable=flag,
        destroyed=flag,
        quiescevm=flag,
        size=count,
        deviceid=count,
        miniops=count,
        maxiops=count,
        tags=_TAGS,
        **_OWNER,
    ),
)
_SNAPSHOT = row(
    _NAMED,
    dict(
        _texts("volumeid", "volumename", "volumetype", "zoneid", "zonename", "state", "intervaltype", "created"),
        revertable=flag,
        physicalsize=count,
        virtualsize=count,
        tags=_TAGS,
        **_OWNER,
    ),
)
_VM = row(
    _NAMED,
    dict(
        _texts(
            "displayname",
            "instancename",
            "state",
            "zoneid",
            "zonename",
            "hostid",
            "hostname",
            "templateid",
            "templatename",
            "serviceofferingid",
            "serviceofferingname",
            "created",
            "lastupdated",
        ),
        tags=_TAGS,
        **_OWNER,
    ),
)
_VM_SNAPSHOT = row(
    _NAMED,
    dict(
        _texts("displayname", "description", "state", "type", "virtualmachineid", "zoneid", "created", "parent"),
        current=flag,
        tags=_TAGS,
        **_OWNER,
    ),
)
_TEMPLATE = row(
    _NAMED,
    dict(
        _texts(
            "displaytext",
            "zoneid",
            "zonename",
            "status",
            "format",
            "hypervisor",
            "ostypeid",
            "ostypename",
            "checksum",
            "url",
            "sourcetemplateid",
            "created",
        ),
        isready=flag,
        ispublic=flag,
        isfeatured=flag,
        isextractable=flag,
        passwordenabled=flag,
        sshkeyenabled=flag,
        isdynamicallyscalable=flag,
        size=count,
        physicalsize=count,
        details=_DETAILS,
        downloaddetails=answers.rows(row({}, _texts("datastore", "datastoreId", "datastoreRole", "downloadState"))),
    ),
)
_OFFERING = row(
    _NAMED,
    dict(
        _texts("state", "displaytext", "tags", "zoneid"),
        disksize=count,
        iscustomized=flag,
        iscustomizediops=flag,
        disksizestrictness=flag,
        maxiops=count,
        miniops=count,
        details=_DETAILS,
    ),
)
_SERVICE_OFFERING = row(_NAMED, {"serviceofferingdetails": _DETAILS})
_SERVER = row(
    _NAMED, dict(_texts("state", "version", "ipaddress", "serviceip"), agentscount=count, pendingjobscount=count)
)
_SETTING = row(
    {"name": name}, dict(_texts("value", "defaultvalue", "type", "scope", "category", "description"), isdynamic=flag)
)

#: Command -> what one of its rows is.
ROWS: t.Dict[str, Check] = {
    "listZones": row(_NAMED),
    "listDomains": row(_NAMED, _texts("path")),
    "listProjects": row(_NAMED, _texts("domain", "domainid")),
    "listClusters": row(_NAMED, _texts("zoneid", "zonename")),
    "listStoragePools": _POOL,
    "listHosts": _HOST,
    "findHostsForMigration": _HOST_FOR_VM,
    "listVolumes": _VOLUME,
    "listSnapshots": _SNAPSHOT,
    "listVirtualMachines": _VM,
    "listVMSnapshot": _VM_SNAPSHOT,
    "listTemplates": _TEMPLATE,
    "listOsTypes": row({"id": name, "description": text}),
    "listManagementServers": _SERVER,
    "listAsyncJobs": row({"jobstatus": whole}, {"jobid": text}),
    "listConfigurations": _SETTING,
    "listDiskOfferings": _OFFERING,
    "listServiceOfferings": _SERVICE_OFFERING,
    "listResourceDetails": row({"key": text}, dict(_texts("resourceid", "resourcetype"), value=text)),
}
#: Command -> what the inner object of its answer is.
OBJECTS: t.Dict[str, Check] = {
    "listCapabilities": row({"capability": row({"cloudstackversion": text})}),
    "listStorageProviders": row({}, {"dataStoreProvider": answers.rows(row({"name": name}))}),
    "queryAsyncJobResult": row({"jobstatus": whole}, {"jobid": text, "jobresultcode": whole}),
    "readyForShutdown": row({}, {"readyforshutdown": row({}, {"pendingjobscount": count})}),
}
#: Parameter of a list -> the member of its rows that has it.
_SAME = {
    "id": "id",
    "zoneid": "zoneid",
    "storageid": "storageid",
    "resourceid": "resourceid",
    "templateid": "templateid",
    "virtualmachineid": "virtualmachineid",
    "volumeid": "volumeid",
    "vmsnapshotid": "id",
    "hostid": "hostid",
}
#: Commands whose rows may be of something beside what the parameter names: CloudStack lists a setting of a zone without saying of which it is.
_NOT_ALL = frozenset(["listConfigurations"])
#: A refusal. Its code is a number, and so is the driver's own.
REFUSAL = row({}, {"errorcode": number, "errortext": text, "cserrorcode": number})


def refuse_odd(command: str, inner: t.Mapping[str, t.Any], where: str) -> None:
    """Raise :class:`BadAnswer` for the inner object of an answer that is not of the command's shape."""
    check = OBJECTS.get(command)
    if check:
        answers.refuse(
            f"CloudStack at {where} answered {command} with something that is not as CloudStack's: it", check(inner)
        )


def rows_of(
    command: str, key: str, inner: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], where: str
) -> t.List[t.Dict[str, t.Any]]:
    """The rows in the answer to a list command, each of the right shape, and of what the parameters ask for. Raises :class:`BadAnswer`."""
    found = inner.get(key)
    told = answers.rows(ROWS.get(command, row({})))(found) if found is not None else None
    if key not in inner and set(inner) - {"count"}:
        told = f"has no {key}"
    answers.refuse(f"CloudStack at {where} answered {command} with a list that is not as CloudStack's: it", told)
    listed = list(found or [])
    for parameter, member in _SAME.items():
        asked = params.get(parameter)
        others = [each[member] for each in listed if each.get(member, asked) not in (asked, None)]
        if asked is not None and others and command not in _NOT_ALL:
            answers.refuse(
                f"CloudStack at {where} answered {command} with something else than what was asked for: it",
                f"is about {member} {others[0]!r}, and not about {asked!r}",
            )
    return listed


def refuse_other(command: str, params: t.Mapping[str, t.Any], inner: t.Mapping[str, t.Any], where: str) -> None:
    """Raise :class:`BadAnswer` for the answer to a change, or the result of its job, if it shows another object than the one that was to be changed."""
    asked = params.get("id")
    shown = [each["id"] for each in inner.values() if isinstance(each, dict) and "id" in each]
    if asked is not None and shown and asked not in shown:
        answers.refuse(
            f"CloudStack at {where} answered {command} with something else than what was to be changed: it",
            f"shows {shown[0]!r}",
        )


def refuse_other_job(command: str, params: t.Mapping[str, t.Any], job: str, answer: t.Mapping[str, t.Any]) -> None:
    """Raise :class:`BadAnswer` for the state of another job, or of one that worked on another object, than was asked for."""
    if answer.get("jobid", job) != job:
        answers.refuse(
            f"CloudStack answered with another job than the one of {command}: it", f"is about {answer['jobid']!r}"
        )
    result = answer.get("jobresult")
    if isinstance(result, dict):
        refuse_other(command, params, result, "the end of the job")
