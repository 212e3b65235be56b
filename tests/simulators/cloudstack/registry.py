# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How commands are declared: name, parameters, kind, and the function that does the work.

A command is looked up by its exact name and by release; `simulators.cloudstack.commands` holds the declarations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from simulators.cloudstack.rows import ManagementServer
from simulators.cloudstack.state import State
from simulators.cloudstack.versions import Release

#: A command answers at once with an object, with a list, or with the id of a job.
OBJECT, LIST, JOB = "object", "list", "job"


@dataclass(frozen=True)
class Param:
    """A declared parameter.

    `kind` is string, text (a string whose empty value says something), long, bool, id, list (comma separated) or map
    (`name[0].key=value`). An `id` names rows of
    `table` and arrives as the internal number. `newer` marks parameters introduced after 3.0: an id that is no UUID
    is dropped for them (CloudStack ParamProcessWorker). `feature` is the release feature that knows the parameter;
    older releases ignore it as they ignore every unknown name.
    """

    name: str
    kind: str = "string"
    table: str | None = None
    required: bool = False
    newer: bool = False
    feature: str | None = None

    def optional(self) -> Param:
        """The same parameter where it need not be given."""
        return replace(self, required=False)


@dataclass
class Context:
    """What a command's function gets; `args` has every declared parameter, None when not given.

    `server` is the management server that has forwarded the call, None for a call that came straight here.
    """

    state: State
    command: Command
    args: Mapping[str, Any]
    server: ManagementServer | None = None
    effect: bool = False

    @property
    def release(self) -> Release:
        return self.state.release

    def changed(self) -> None:
        """Notes for the journal that the call has changed the state."""
        self.effect = True


@dataclass(frozen=True)
class Plan:
    """An accepted job: the work, and for commands that create something its id at once.

    With `instance_shown` false the job does not say on which object it works.
    """

    run: Callable[[], Awaitable[dict[str, Any]]]
    created_id: str | None = None
    instance_type: str | None = None
    instance_id: str | None = None
    instance_shown: bool = True


class Views(Sequence[dict[str, Any]]):
    """The rows of a list as they are shown, made only of what is looked at: the rows of a page."""

    def __init__(self, found: Sequence[Any], show: Callable[[Any], dict[str, Any]]) -> None:
        self._found, self._show = found, show

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [self._show(one) for one in self._found[index]]
        return self._show(self._found[index])


Handler = Callable[[Context], Awaitable[Any]]


@dataclass(frozen=True)
class Command:
    """A declared command; `key` names the object or the list in the answer, `envelope` the answer itself."""

    name: str
    kind: str
    key: str | None
    params: tuple[Param, ...]
    handler: Handler
    envelope: str
    paged: bool = True
    feature: str | None = None

    @property
    def reads_only(self) -> bool:
        return self.name.startswith(("list", "query", "get", "find", "ready"))

    @property
    def spoken(self) -> str:
        """The command as error texts name it: as its answer does, which for some is not its own name."""
        return self.envelope.removesuffix("response")

    @property
    def command_class(self) -> str:
        """The Java class that queryAsyncJobResult shows as `cmd`."""
        known = _CLASSES.get(self.name) or f"user.{self.name[:1].upper()}{self.name[1:]}Cmd"
        return f"org.apache.cloudstack.api.command.{known}"


_CLASSES = {
    "enableStorageMaintenance": "admin.storage.PreparePrimaryStorageForMaintenanceCmd",
    "cancelStorageMaintenance": "admin.storage.CancelPrimaryStorageMaintenanceCmd",
    "changeStoragePoolScope": "admin.storage.ChangeStoragePoolScopeCmd",
    "configureStorageAccess": "admin.storage.ConfigureStorageAccessCmd",
    "prepareHostForMaintenance": "admin.host.PrepareForMaintenanceCmd",
    "cancelHostMaintenance": "admin.host.CancelMaintenanceCmd",
    "reconnectHost": "admin.host.ReconnectHostCmd",
    "addResourceDetail": "user.volume.AddResourceDetailCmd",
    "removeResourceDetail": "user.volume.RemoveResourceDetailCmd",
    "createVolume": "admin.volume.CreateVolumeCmdByAdmin",
    "attachVolume": "admin.volume.AttachVolumeCmdByAdmin",
    "detachVolume": "admin.volume.DetachVolumeCmdByAdmin",
    "resizeVolume": "admin.volume.ResizeVolumeCmdByAdmin",
    "migrateVolume": "admin.volume.MigrateVolumeCmdByAdmin",
    "changeOfferingForVolume": "user.volume.ChangeOfferingForVolumeCmd",
    "updateVolume": "admin.volume.UpdateVolumeCmdByAdmin",
    "destroyVolume": "admin.volume.DestroyVolumeCmdByAdmin",
    "createSnapshot": "user.snapshot.CreateSnapshotCmd",
    "deleteSnapshot": "user.snapshot.DeleteSnapshotCmd",
    "revertSnapshot": "user.snapshot.RevertSnapshotCmd",
    "createTemplate": "admin.template.CreateTemplateCmdByAdmin",
    "deleteTemplate": "user.template.DeleteTemplateCmd",
    "extractVolume": "user.volume.ExtractVolumeCmd",
    "deployVirtualMachine": "admin.vm.DeployVMCmdByAdmin",
    "startVirtualMachine": "admin.vm.StartVMCmdByAdmin",
    "stopVirtualMachine": "admin.vm.StopVMCmdByAdmin",
    "destroyVirtualMachine": "admin.vm.DestroyVMCmdByAdmin",
    "migrateVirtualMachine": "admin.vm.MigrateVMCmd",
    "migrateVirtualMachineWithVolume": "admin.vm.MigrateVirtualMachineWithVolumeCmd",
    "createVMSnapshot": "user.vmsnapshot.CreateVMSnapshotCmd",
    "deleteVMSnapshot": "user.vmsnapshot.DeleteVMSnapshotCmd",
    "revertToVMSnapshot": "admin.vmsnapshot.RevertToVMSnapshotCmdByAdmin",
    "createTags": "user.tag.CreateTagsCmd",
    "deleteTags": "user.tag.DeleteTagsCmd",
}

_COMMANDS: dict[str, Command] = {}


def command(
    name: str,
    kind: str,
    key: str | None,
    *params: Param,
    envelope: str | None = None,
    paged: bool = True,
    feature: str | None = None,
) -> Callable[[Handler], Handler]:
    """Declares the decorated function as the work of a command."""

    def declare(handler: Handler) -> Handler:
        _COMMANDS[name] = Command(
            name, kind, key, params, handler, envelope or f"{name.lower()}response", paged, feature
        )
        return handler

    return declare


def find(name: str, release: Release) -> Command | None:
    """The command of that name, None when this release has none."""
    found = _COMMANDS.get(name)
    if found is None or (found.feature and not release.has(found.feature)):
        return None
    return found


def names(release: Release) -> list[str]:
    """All commands of a release."""
    return sorted(name for name in _COMMANDS if find(name, release))
