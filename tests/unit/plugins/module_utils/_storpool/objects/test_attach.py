# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attachments: one call however many objects, nothing taken away that was not meant, and clear refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    InvalidOption,
    NotAllowed,
    NotConfigured,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import attachments as attach_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import attach_want
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.attach import ATTACHMENTS
from unit.plugins.module_utils._storpool.in_process import Cluster, options

CLIENTS = (1, 2, 3)


@pytest.fixture(autouse=True)
def no_client_id(monkeypatch):
    """The machine that runs the tests is no StorPool client."""
    monkeypatch.delenv("SP_OURID", raising=False)


@pytest.fixture(params=["listed", "absent"])
def cluster(request):
    """Volumes db-1 and db-2 and snapshot nightly, on a server that lists global ids of attachments, and on an older one."""
    return make(attachment_global_id=request.param)


def make(**switches):
    cluster = Cluster(**switches)
    cluster.id = cluster.create("db-1")
    cluster.create("db-2")
    cluster.post("VolumeSnapshot/db-1", {"name": "nightly"})
    cluster.unnamed = "~" + cluster.create()
    cluster.snapshot_id = cluster.snapshot("nightly")["globalId"]
    cluster.forget()
    return cluster


def sent(cluster):
    """The reassign items of each write, and that each waits for its clients for some time only."""
    for call, target, body in cluster.writes:
        assert (call, target, set(body)) == ("VolumesReassignWait", None, {"reassign", "attachTimeout"})
    return [body["reassign"] for _call, _target, body in cluster.writes]


def test_a_volume_is_attached_and_shown(cluster):
    outcome = cluster.settled(ATTACHMENTS, volume="db-1", clients=[1])
    assert cluster.writes == [
        ("VolumesReassignWait", None, {"reassign": [{"volume": "~" + cluster.id, "rw": [1]}], "attachTimeout": 60})
    ]
    assert outcome.before == []
    assert outcome.after == [
        {
            "name": "db-1",
            "global_id": cluster.id,
            "snapshot": False,
            "client": 1,
            "rights": "rw",
            "device": "/dev/storpool/db-1",
            "owner": None,
        }
    ]
    assert outcome.actions == ("attach volume 'db-1' to client 1 (rw)",)


def test_what_is_attached_already_takes_two_reads_and_no_write(cluster):
    cluster.attach("db-1", 1)
    assert not cluster.run(ATTACHMENTS, volume="db-1", clients=[1]).changed
    assert (cluster.reads, cluster.writes) == (["Volume", "AttachmentsList"], [])


def test_many_volumes_are_read_with_one_call_and_written_with_one():
    cluster = make()
    names = [f"v{number}" for number in range(50)]
    for name in names:
        cluster.create(name)
    outcome = cluster.run(ATTACHMENTS, client="2", attachments=[{"volume": name} for name in names])
    assert sorted(set(cluster.reads)) == ["AttachmentsList", "ClientsConfigDump", "VolumesList"]
    assert len(cluster.writes) == 1
    assert len(cluster.writes[0][2]["reassign"]) == len(outcome.after) == 50
    assert outcome.actions[0].endswith("; and so on for 40 more")
    cluster.forget()
    assert not cluster.run(ATTACHMENTS, client="2", attachments=[{"volume": name} for name in names]).changed
    assert cluster.reads == ["VolumesList", "AttachmentsList"]


def test_a_live_migration_is_two_tasks(cluster):
    cluster.attach("db-1", 1)
    cluster.open("db-1", 1)
    cluster.settled(ATTACHMENTS, volume="db-1", clients=[1, 2])
    cluster.open("db-1", 2)
    cluster.open("db-1", 1, is_open=False)
    cluster.settled(ATTACHMENTS, volume="db-1", client="2", exclusive=True)
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "rw": [2]}], [{"volume": "~" + cluster.id, "detach": [1]}]]
    assert cluster.clients_of("db-1") == {2: "rw"}


def test_exclusive_attaches_here_and_detaches_everywhere_else_in_one_item(cluster):
    cluster.attach("db-1", 1)
    cluster.attach("db-1", 2)
    outcome = cluster.settled(ATTACHMENTS, volume="db-1", client="3", exclusive=True, force=True)
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "rw": [3], "detach": "all", "force": True}]]
    assert outcome.actions == ("attach volume 'db-1' to client 3 (rw) and detach it from clients 1 and 2",)
    assert cluster.clients_of("db-1") == {3: "rw"}


def test_absent_detaches_from_the_clients_or_from_all(cluster):
    for client in CLIENTS:
        cluster.attach("db-1", client)
        cluster.attach("db-2", client)
    cluster.settled(ATTACHMENTS, volume="db-1", clients=[1, 4000], state="absent")
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "detach": [1]}]]
    cluster.forget()
    cluster.settled(ATTACHMENTS, volume="db-1", state="absent")
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "detach": "all"}]]
    assert cluster.clients_of("db-2") == dict.fromkeys(CLIENTS, "rw")


def test_what_does_not_exist_is_detached(cluster):
    outcome = cluster.settled(
        ATTACHMENTS, state="absent", attachments=[{"volume": "none"}, {"snapshot": "~abc.b.none"}]
    )
    assert (outcome.changed, outcome.after, cluster.writes) == (False, [], [])
    assert not cluster.run(ATTACHMENTS, attachments=[]).changed


def test_several_objects_are_one_call(cluster):
    cluster.attach("db-1", 1)
    outcome = cluster.settled(
        ATTACHMENTS,
        client="3",
        attachments=[
            {"volume": "db-1", "exclusive": True},
            {"snapshot": "nightly", "clients": [1, 2]},
            {"volume": cluster.unnamed, "rights": "ro", "clients": [1]},
            {"volume": cluster.unnamed},
            {"volume": "db-2", "state": "absent"},
        ],
    )
    assert sent(cluster) == [
        [
            {"volume": "~" + cluster.id, "rw": [3], "detach": "all"},
            {"snapshot": "~" + cluster.snapshot_id, "ro": [1, 2]},
            {"volume": cluster.unnamed, "rw": [3], "ro": [1]},
        ]
    ]
    assert [(row["name"], row["client"], row["rights"], row["snapshot"]) for row in outcome.after] == [
        ("db-1", 3, "rw", False),
        ("nightly", 1, "ro", True),
        ("nightly", 2, "ro", True),
        (None, 1, "ro", False),
        (None, 3, "rw", False),
    ]
    assert outcome.after[-1]["device"] == "/dev/storpool-byid/" + cluster.unnamed[1:]


def test_rights_that_nobody_speaks_of_are_left_alone(cluster):
    cluster.attach("db-1", 1, "ro")
    cluster.settled(ATTACHMENTS, volume="db-1", clients=[1, 2])
    assert cluster.clients_of("db-1") == {1: "ro", 2: "rw"}
    cluster.settled(ATTACHMENTS, volume="db-1", client="2", exclusive=True, rights="rw")
    assert cluster.clients_of("db-1") == {2: "rw"}


def test_from_ro_to_rw_there_is_no_gap(cluster):
    cluster.attach("db-1", 1, "ro")
    cluster.settled(ATTACHMENTS, volume="db-1", client="1", rights="rw")
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "rw": [1]}]]


def test_from_rw_to_ro_it_is_detached_first(cluster):
    cluster.attach("db-1", 1)
    cluster.attach("db-1", 2)
    outcome = cluster.settled(ATTACHMENTS, volume="db-1", client="1", rights="ro")
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "detach": [1]}], [{"volume": "~" + cluster.id, "ro": [1]}]]
    assert outcome.actions[0] == "detach volume 'db-1' from client 1, which shall only read it"
    assert cluster.clients_of("db-1") == {1: "ro", 2: "rw"}


@pytest.mark.parametrize("error", ["busy", "invalidParam"])
def test_a_device_that_is_open_is_taken_away_by_force_only(error):
    cluster = make(error_open_device=error)
    cluster.attach("db-1", 1)
    cluster.open("db-1", 1)
    for task in ({"state": "absent"}, {"client": "1", "rights": "ro"}, {"client": "2", "exclusive": True}):
        with pytest.raises(ApiError, match=r"'db-1' is open at client 1\. Stop what uses it there, or set force"):
            cluster.run(ATTACHMENTS, volume="db-1", **task)
        assert cluster.clients_of("db-1") == {1: "rw"}
    cluster.forget()
    cluster.settled(ATTACHMENTS, volume="db-1", state="absent", client=["all"], force=True)
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "detach": "all", "force": True}]]


def test_whoever_has_an_object_loses_it_by_force_only_if_all_is_said(cluster):
    cluster.attach("db-1", 1)
    cluster.attach("db-1", 2)
    cluster.forget()
    for task in ({"volume": "db-1"}, {"volume": "db-1", "client": None}, {"attachments": ["db-1"]}):
        with pytest.raises(InvalidOption, match="clients: all if that is meant"):
            cluster.run(ATTACHMENTS, state="absent", force=True, **task)
    with pytest.raises(InvalidOption, match="'all' is no client"):
        cluster.run(ATTACHMENTS, volume="db-1", clients=["all", "1"], state="absent")
    assert cluster.writes == []
    cluster.settled(ATTACHMENTS, attachments=["db-1"], state="absent", force=True, client="all")
    assert cluster.clients_of("db-1") == {}


def test_plain_names_stand_for_volumes(cluster):
    cluster.settled(ATTACHMENTS, attachments=["db-1", "db-2"], client=["1"])
    assert cluster.clients_of("db-1") == cluster.clients_of("db-2") == {1: "rw"}
    cluster.settled(ATTACHMENTS, attachments="db-1,db-2", state="absent")
    assert cluster.clients_of("db-1") == {}


def test_a_client_that_is_down_is_named(cluster):
    cluster.client(id=3, up=False)
    [step] = cluster.plan(ATTACHMENTS, volume="db-1", clients=[1, 3], attach_timeout=5).steps
    assert step.body["attachTimeout"] == 5
    assert step.timeout == 5
    told = ApiError("no", error={"name": "whatever", "descr": "time is up"}).advise(step.advice).message
    assert "Client 3 is down: start StorPool there, or set attach_timeout to 0" in told
    [step] = cluster.plan(ATTACHMENTS, volume="db-1", clients=[1, 3], attach_timeout=0).steps
    assert step.body["attachTimeout"] == 0
    assert "is down" not in str(step.advice)


@pytest.mark.parametrize(
    ("task", "failure", "words"),
    [
        (
            {"volume": "none", "client": "1"},
            NotFound,
            "Volume 'none' cannot be attached, because there is no such volume|volume 'none'",
        ),
        ({"volume": "nightly", "client": "1"}, NotFound, "name of a snapshot: use the option snapshot"),
        ({"snapshot": "db-1", "client": "1"}, NotFound, "name of a volume: use the option volume"),
        ({"volume": "#none", "client": "1"}, NotFound, "no such volume"),
        ({"snapshot": "none@1", "client": "1"}, NotFound, "no such snapshot"),
        ({"volume": "~abc.b.none", "client": "1"}, NotFound, "no such volume"),
        (
            {"volume": "db-1", "clients": [1, 7, 8]},
            NotFound,
            "clients 7 and 8, because the cluster knows no such client. StorPool has 1, 2 and 3",
        ),
        ({"snapshot": "nightly", "client": "1", "rights": "rw"}, InvalidOption, "can only be attached ro"),
        ({"volume": "db-1"}, InvalidOption, "set clients"),
        ({"volume": "db-1", "clients": []}, InvalidOption, "clients is empty"),
        (
            {"volume": "db-1", "clients": [], "state": "absent"},
            InvalidOption,
            "say all to detach it from all",
        ),
        ({"volume": "db-1", "clients": ["all"]}, InvalidOption, "'all' is no client"),
        ({"volume": "db-1", "clients": [0]}, InvalidOption, "'0' is no client"),
        ({"volume": "db-1", "clients": [4096]}, InvalidOption, "'4096' is no client"),
        ({"volume": "db-1", "client": "here"}, NotConfigured, "SP_OURID"),
        ({"volume": "db 1", "client": "1"}, InvalidOption, "cannot be the name of a volume"),
        ({"volume": "db-1", "state": "absent", "exclusive": True}, InvalidOption, "exclusive is for state present"),
        ({"volume": "db-1", "client": "1", "attach_timeout": -1}, InvalidOption, "attach_timeout is -1"),
        ({"volume": "db-1", "client": "1", "wait_timeout": 0}, InvalidOption, "wait_timeout is 0"),
        (
            {
                "attachments": [
                    {"volume": "db-1", "clients": [1, 2]},
                    {"volume": "db-1", "clients": [2], "state": "absent"},
                ]
            },
            InvalidOption,
            "attached to clients 1 and 2 and detached from client 2 in the same task",
        ),
        (
            {"client": "1", "attachments": [{"volume": "db-1"}, {"volume": "db-1", "rights": "ro"}]},
            InvalidOption,
            "to client 1 both rw and ro",
        ),
        (
            {"attachments": [{"volume": "db-1", "client": "1"}, {"volume": "db-1", "state": "absent"}]},
            InvalidOption,
            "detached from all clients in the same task",
        ),
        ({"client": "1", "attachments": [{"volume": "db-1"}, {"volume": "none"}]}, NotFound, "volume 'none'"),
    ],
)
def test_what_is_refused_writes_nothing(cluster, task, failure, words):
    with pytest.raises(failure, match=words):
        cluster.run(ATTACHMENTS, **task)
    assert cluster.writes == []


def test_one_call_may_attach_to_one_client_and_detach_from_another(cluster):
    cluster.attach("db-1", 1)
    cluster.attach("db-1", 3)
    items = [{"volume": "db-1", "clients": [2]}, {"volume": "~" + cluster.id, "clients": [1], "state": "absent"}]
    cluster.settled(ATTACHMENTS, attachments=items)
    assert sent(cluster) == [[{"volume": "~" + cluster.id, "rw": [2], "detach": [1]}]]
    assert cluster.clients_of("db-1") == {2: "rw", 3: "rw"}


def test_what_is_exclusive_beside_the_entries_is_not_for_those_that_detach(cluster):
    cluster.attach("db-1", 1)
    cluster.attach("db-2", 1)
    cluster.attach("db-2", 2)
    items = [{"volume": "db-1"}, {"volume": "db-2", "state": "absent"}]
    cluster.settled(ATTACHMENTS, client="2", exclusive=True, attachments=items)
    assert (cluster.clients_of("db-1"), cluster.clients_of("db-2")) == ({2: "rw"}, {1: "rw"})


def test_an_attachment_belongs_to_its_global_id_whatever_its_name_is_by_now():
    cluster = make()
    cluster.attach("db-1", 1)
    wanted = ATTACHMENTS.want(options(ATTACHMENTS.spec, {"volume": "~" + cluster.id, "client": "1"}))

    class RenamedMeanwhile(Reader):
        def attachments(self):
            cluster.post("VolumeUpdate/db-1", {"rename": "db-one"})
            return super().attachments()

    assert ATTACHMENTS.plan(ATTACHMENTS.look(RenamedMeanwhile(cluster), wanted), wanted).steps == ()


def test_a_transient_snapshot_is_not_attached():
    cluster = make()
    cluster.post("VolumeCreate", {"baseOn": "db-1"})
    [transient] = [gid for gid, raw in cluster.snapshots().items() if raw["transient"]]
    with pytest.raises(NotAllowed, match="is transient"):
        cluster.run(ATTACHMENTS, snapshot="~" + transient, client="1")
    assert cluster.writes == []


def wanted(files=None, **given):
    return attach_want.want(options(ATTACHMENTS.spec, given), lambda: files or {})


def test_here_is_the_client_that_runs_the_task(monkeypatch):
    assert wanted({"SP_OURID": "12"}, volume="db-1", client="here").items[0].clients == (12,)
    assert wanted({"SP_OURID": "12"}, volume="db-1", clients=["here", "12", "3"]).items[0].clients == (3, 12)
    monkeypatch.setenv("SP_OURID", "13")
    assert wanted({"SP_OURID": "12"}, volume="db-1", client="here").items[0].clients == (13,)


def test_the_files_are_read_only_if_this_machine_may_be_meant():
    def unreadable():
        raise NotConfigured("no")

    def want(**given):
        return attach_want.want(options(ATTACHMENTS.spec, given), unreadable)

    assert want(volume="db-1", client="1").here is None
    with pytest.raises(NotConfigured):
        want(volume="db-1", client="here")

    def forbidden():
        raise AssertionError("nobody needs the files")

    attach_want.want(options(ATTACHMENTS.spec, {"volume": "db-1", "client": "1", "wait": False}), forbidden)
    attach_want.want(options(ATTACHMENTS.spec, {"volume": "db-1", "state": "absent"}), forbidden)


def test_this_machine_waits_for_its_own_devices_only(cluster):
    cluster.attach("db-2", 1)
    attachments = cluster.run(
        ATTACHMENTS,
        attachments=[
            {"volume": "db-1", "clients": [1, 2]},
            {"volume": cluster.unnamed, "client": "1"},
            {"volume": "db-2", "client": "2", "state": "absent"},
            {"snapshot": "nightly", "client": "2"},
        ],
    ).after
    given = {
        "attachments": [
            {"volume": "db-1", "clients": [1, 2]},
            {"volume": cluster.unnamed, "client": "1"},
            {"volume": "db-2", "client": "2", "state": "absent"},
            {"snapshot": "nightly", "client": "2"},
        ]
    }
    by_id = "/dev/storpool-byid/" + cluster.unnamed[1:]
    assert wanted({"SP_OURID": "1"}, **given).links(attachments) == ["/dev/storpool/db-1", by_id]
    assert wanted({"SP_OURID": "2"}, **given).links(attachments) == ["/dev/storpool/db-1", "/dev/storpool/nightly"]
    assert wanted({"SP_OURID": "3"}, **given).links(attachments) == []
    assert wanted({}, **given).links(attachments) == []


rights = st.sampled_from(["rw", "ro"])
states = st.dictionaries(st.sampled_from(CLIENTS), rights)
tasks = st.fixed_dictionaries(
    {"clients": st.sets(st.sampled_from(CLIENTS), min_size=1).map(sorted)},
    optional={"rights": rights, "exclusive": st.booleans(), "state": st.sampled_from(["present", "absent"])},
)


@given(states, tasks, st.sampled_from(["listed", "absent"]))
def test_after_a_run_the_clients_are_those_wanted_and_others_are_left_alone(before, task, global_ids):
    cluster = make(attachment_global_id=global_ids)
    for client, right in before.items():
        cluster.attach("db-1", client, right)
        cluster.attach("db-2", client, right)
    absent = task.get("state") == "absent"
    if absent:
        task.pop("exclusive", None)
        expected = {client: right for client, right in before.items() if client not in task["clients"]}
    else:
        expected = {} if task.get("exclusive") else dict(before)
        expected.update({client: task.get("rights") or before.get(client, "rw") for client in task["clients"]})
    cluster.settled(ATTACHMENTS, volume="db-1", **task)
    assert cluster.clients_of("db-1") == expected
    assert cluster.clients_of("db-2") == before
    assert bool(cluster.writes) == (expected != before)
    touched = {
        client for items in sent(cluster) for item in items for key in ("rw", "ro") for client in item.get(key, ())
    }
    assert touched <= set(task["clients"])


@given(st.lists(st.tuples(st.sampled_from(["db-1", "db-2"]), tasks), min_size=2, max_size=4))
def test_items_that_do_not_contradict_each_other_come_true_together(items):
    cluster = make()
    given = []
    for name, task in items:
        item = {"volume": name, **task}
        if item.get("state") == "absent":
            item.pop("exclusive", None)
        given.append(item)
    try:
        cluster.plan(ATTACHMENTS, attachments=given)
    except InvalidOption:
        return
    cluster.settled(ATTACHMENTS, attachments=given)
    for item in given:
        has = cluster.clients_of(item["volume"])
        if item.get("state") == "absent":
            assert not set(has) & set(item["clients"])
        else:
            assert set(item["clients"]) <= set(has)
            assert "rights" not in item or all(has[client] == item["rights"] for client in item["clients"])


def shown(cluster, **given):
    rows = attach_info.read(Reader(cluster), options(attach_info.SPEC, given))["attachments"]
    return [(row["name"] or row["global_id"], row["client"]) for row in rows]


def test_attachments_are_shown_with_a_call_and_one_for_each_kind_of_what_is_attached(cluster):
    cluster.attach("db-2", 2)
    cluster.attach("db-1", 3)
    cluster.attach("db-1", 1)
    cluster.attach(cluster.unnamed, 1)
    cluster.post("VolumesReassign", [{"snapshot": "nightly", "ro": [2]}])
    unnamed = cluster.unnamed[1:]
    everything = [(unnamed, 1), ("db-1", 1), ("db-1", 3), ("db-2", 2), ("nightly", 2)]
    assert shown(cluster) == everything
    assert cluster.reads == ["AttachmentsList", "VolumesList", "SnapshotsList"]
    assert shown(cluster, client="1") == [(unnamed, 1), ("db-1", 1)]
    cluster.forget()
    assert shown(cluster, volume="db-1") == [("db-1", 1), ("db-1", 3)]
    assert cluster.reads == ["AttachmentsList", "Volume"]
    assert shown(cluster, volume="db-1", clients=[1, 2]) == [("db-1", 1)]
    assert shown(cluster, snapshot="nightly") == [("nightly", 2)]
    assert shown(cluster, volume="nightly") == shown(cluster, volume="none") == shown(cluster, snapshot="db-1") == []
    assert shown(cluster, volume=cluster.unnamed) == [(unnamed, 1)]
    assert shown(cluster, volume="~" + cluster.id) == [("db-1", 1), ("db-1", 3)]
    assert shown(cluster, snapshot="~" + cluster.snapshot_id) == [("nightly", 2)]
    assert shown(cluster, snapshot="~" + cluster.id) == []


def test_the_reader_is_the_only_way_to_the_api():
    """A reader over lists that were read before serves the same methods; a plan asks for nothing else."""
    cluster = make()
    wanted = ATTACHMENTS.want(options(ATTACHMENTS.spec, {"volume": "db-1", "client": "1"}))
    current = ATTACHMENTS.look(Reader(cluster), wanted)
    cluster.forget()
    ATTACHMENTS.plan(current, wanted)
    assert cluster.reads == cluster.writes == []
