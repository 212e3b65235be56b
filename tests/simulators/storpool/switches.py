# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The switches: everything that no public source settles and that a client could notice."""

from __future__ import annotations

from simulators.kit import Switch

_REFUSALS = ("busy", "invalidParam", "preconditionViolation")

SWITCHES = (
    # transport
    Switch("error_status", "200", ("200", "mapped"), "HTTP status of API errors; mapped: 404 if missing, else 500"),
    Switch("token_status", 401, (401, 403, 200), "HTTP status for a missing or wrong token"),
    Switch("error_bad_token", "unauthorized", ("unauthorized", "accessDenied"), "error name for a wrong token"),
    Switch("unknown_query_status", 404, (404, 500, 200), "HTTP status for a call that does not exist"),
    Switch("error_unknown_query", "unknownQuery", ("unknownQuery", "invalidParam"), "error name for an unknown call"),
    Switch("generation_in_errors", True, (True, False), "whether error answers carry the generation"),
    Switch("unknown_keys", "ignored", ("ignored", "rejected"), "request keys that the call does not have"),
    Switch("remote_command_unknown", "local", ("local", "refused"), "RemoteCommand/ with a cluster nobody registered"),
    Switch(
        "cluster_status", "running", ("running", "waiting", "down"), "not running: calls fail with transient errors"
    ),
    # listings
    Switch("on_volume_none", "-", ("-", ""), "onVolume of a snapshot that is no volume's parent"),
    Switch("target_delete_date_none", "0", ("0", "absent"), "targetDeleteDate of a snapshot that has none"),
    Switch("limit_type", "listed", ("listed", "absent"), "absent: an older server, limitType not listed or understood"),
    Switch("attachment_global_id", "listed", ("listed", "absent"), "globalId in AttachmentsList; absent: older server"),
    Switch("attachment_id", "present", ("present", "original"), "globalId in AttachmentsList of a reverted volume"),
    Switch(
        "created_from_id",
        "original",
        ("original", "present", "then"),
        "createdFromGlobalId of a reverted volume's snapshots; then: the id that it had when the snapshot was taken",
    ),
    Switch("empty_tags", "object", ("object", "absent"), "tags of an object that has none, in listings"),
    Switch("reuse_server", "listed", ("listed", "absent"), "reuseServer in listings"),
    Switch("deleted_unnamed", "star", ("star", "plain"), "name of an unnamed snapshot being deleted: *~id or ~id"),
    Switch(
        "unnamed_of_unnamed",
        "id",
        ("id", "volume"),
        "name of an unnamed snapshot that is taken of an unnamed volume: ~id, or <id of the volume>@<number>",
    ),
    Switch(
        "backup_remote_name",
        "volume",
        ("volume", "snapshot"),
        "name of a backup in SnapshotsRemoteList: that of the volume, or that of the snapshot there, which has none",
    ),
    Switch("backing_up", "listed", ("listed", "absent"), "ExportsList has what is being backed up, backingUp true"),
    Switch(
        "deleted_name", "free", ("free", "taken"), "the name of a snapshot being deleted can be given again at once"
    ),
    Switch("deleted_by_id", "found", ("found", "missing"), "reading a snapshot being deleted by its global id"),
    # values
    Switch("size_multiple", 512, (512, 4096), "sizes must be multiples of this many bytes"),
    Switch("smaller_than_parent", "refused", ("refused", "accepted"), "a new volume smaller than its parent"),
    Switch("limit_zero", "-", ("-", "0"), "a limit set to 0, in listings; it means unlimited either way"),
    Switch("template_dash", "refused", ("refused", "unset"), '"-" for a template\'s size or replication in requests'),
    Switch("template_change_limits", "taken", ("taken", "kept"), "bw, iops and limitType when the template changes"),
    Switch("empty_placement_group", "created", ("created", "refused"), "PlacementGroupUpdate of a new group, no disks"),
    Switch("capacity_bytes", 0, None, "volumes' sizes may add up to this; 0: not limited (thin provisioning)"),
    # semantics
    Switch(
        "delete_attached",
        "fail",
        ("fail", "detach", "detachForce"),
        "VolumeDelete of an attached volume, no onAttached",
    ),
    Switch(
        "clone_tags",
        "given",
        ("given", "copied"),
        "tags of a volume with parent or baseOn: only those given, or the source's too",
    ),
    Switch("revert_attached", "refused", ("refused", "accepted"), "VolumeRevert of an attached volume"),
    Switch("revert_global_id", "new", ("new", "kept"), "VolumeRevert: another globalId beside the original one?"),
    Switch("revert_limits", "kept", ("kept", "restored"), "bw, iops, limitType after VolumeRevert: the snapshot's?"),
    Switch("revert_tags", "kept", ("kept", "restored"), "tags after VolumeRevert: the snapshot's?"),
    Switch("freeze_keeps_id", True, (True, False), "whether VolumeFreeze keeps the global id"),
    Switch("multiple_children", "merged", ("merged", "blocked"), "deleted snapshot with several children: goes, stays"),
    Switch("snapshot_rw", "ro", ("ro", "refused"), "rw in the reassign item of a snapshot: attached ro, or refused"),
    Switch("detach_not_attached", "accepted", ("accepted", "refused"), "detach from a client where it is not attached"),
    Switch("detach_unknown_client", "refused", ("refused", "accepted"), "detach from a client id nobody registered"),
    Switch("attach_timeout_effect", "kept", ("kept", "undone"), "attachments whose client did not come in time"),
    # error names
    Switch("error_open_device", "busy", ("busy", "invalidParam"), "detaching an open device (older: invalidParam)"),
    Switch("error_attached_snapshot", "busy", _REFUSALS, "deleting an attached snapshot"),
    Switch("error_exported", "busy", _REFUSALS, "deleting an exported snapshot; descr says still exported"),
    Switch("error_in_use", "busy", _REFUSALS, "deleting a template or placement group in use"),
    Switch("error_revert_attached", "busy", _REFUSALS, "reverting an attached volume"),
    Switch("error_shrink", "invalidParam", _REFUSALS, "shrinking without shrinkOk"),
    Switch("error_smaller_than_parent", "invalidParam", _REFUSALS, "a new volume smaller than its parent"),
    Switch("error_attach_timeout", "timeout", ("timeout", *_REFUSALS), "attachTimeout has passed"),
    Switch("error_transient_attach", "invalidParam", _REFUSALS, "attaching a transient snapshot"),
    Switch(
        "error_unknown_disk", "objectDoesNotExist", ("objectDoesNotExist", "invalidParam"), "addDisks, unknown disk"
    ),
    # time
    Switch("snapshot_delete_seconds", 1.0, None, "a deleted snapshot stays listed for so long"),
    Switch("transient_seconds", 1.0, None, "after so long a transient snapshot goes, though source and copy live"),
    Switch("client_lag_seconds", 0.0, None, "clients apply a new configuration after so long (see also /_sim/clients)"),
    Switch("migration_seconds", 0.0, None, "moving a volume's data after a template change takes so long"),
    Switch("recovery_seconds", 1.0, None, "a copy from a remote location is recoveringFromRemote for so long"),
)
