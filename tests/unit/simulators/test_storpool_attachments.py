# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator's attachments and clients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulators.storpool.errors import ApiFailure
from simulators.storpool.waiting import verdict
from unit.simulators.model import Model


def waited(model, done, seconds=0.0):
    """What a waiting call says after so many seconds: True, False or the name of an error."""
    result = verdict(done, model.now + seconds)
    return result.name if isinstance(result, ApiFailure) else result


def reassign(model, item, **more):
    return model.done("VolumesReassignWait", {"reassign": [item], **more})


def test_both_forms_of_the_request_are_understood_and_ids_may_be_strings():
    model = Model()
    gid = model.create("a")
    model.post("VolumesReassignWait", {"reassign": [{"volume": "a", "rw": ["1"]}], "attachTimeout": "5"})
    model.post("VolumesReassignWait", [{"volume": f"~{gid}", "ro": [2]}])
    assert model.clients_of("a") == {1: "rw", 2: "ro"}
    assert model.refused("VolumesReassign", {"reassign": []}) == "jsonError"
    assert model.refused("VolumesReassignWait", {"volumes": []}) == "jsonError"
    assert not model.changes("VolumesReassign", [])


@pytest.mark.parametrize(
    ("item", "error"),
    [
        ({"volume": "a", "rw": [9]}, "invalidParam"),
        ({"volume": "nope", "rw": [1]}, "objectDoesNotExist"),
        ({"snapshot": "a", "ro": [1]}, "objectDoesNotExist"),
        ({"volume": "s", "rw": [1]}, "objectDoesNotExist"),
        ({"volume": "a", "snapshot": "s", "ro": [1]}, "invalidParam"),
        ({"rw": [1]}, "invalidParam"),
        ({"volume": "a", "rw": [1], "ro": [1]}, "invalidParam"),
        ({"volume": "a", "rw": 1}, "jsonError"),
        ({"volume": "a", "rw": [4096]}, "invalidParam"),
        ({"volume": "a", "detach": "most"}, "jsonError"),
        ({"volume": "a", "force": "yes"}, "jsonError"),
        ("a", "jsonError"),
    ],
)
def test_one_bad_item_refuses_the_whole_request(item, error):
    model = Model()
    model.create("a")
    model.create("good")
    model.post("VolumeSnapshot/a", {"name": "s"})
    assert model.refused("VolumesReassign", [{"volume": "good", "rw": [1]}, item]) == error


def test_an_unknown_client_is_named_exactly():
    model = Model()
    model.create("a")
    with pytest.raises(ApiFailure) as refused:
        model.attach("a", 9)
    assert refused.value.descr == "No such client registered"


def test_detach_all_leaves_the_client_of_the_same_item():
    model = Model()
    model.create("a")
    for client in (1, 2):
        model.attach("a", client)
    model.post("VolumesReassign", [{"volume": "a", "rw": [3, 1], "detach": "all", "force": True}])
    assert model.clients_of("a") == {1: "rw", 3: "rw"}
    assert not model.changes("VolumesReassign", [{"volume": "a", "rw": [1, 3]}])
    assert model.changes("VolumesReassign", [{"volume": "a", "ro": [3]}])
    model.post("VolumesReassign", [{"volume": "a", "detach": "all"}])
    assert not model.changes("VolumesReassign", [{"volume": "a", "detach": "all"}])


@pytest.mark.parametrize("error", ["busy", "invalidParam"])
def test_open_devices_need_force(error):
    model = Model(error_open_device=error)
    model.create("a")
    model.attach("a", 1)
    model.open("a", 1)
    with pytest.raises(ApiFailure) as refused:
        model.post("VolumesReassign", [{"volume": "a", "detach": "all"}])
    assert (refused.value.name, refused.value.descr) == (error, "'a' is open at client 1")
    assert model.refused("VolumesReassign", [{"volume": "a", "rw": [2], "detach": "all"}]) == error
    model.post("VolumesReassign", [{"volume": "a", "rw": [2], "detach": "all", "force": True}])
    assert model.clients_of("a") == {2: "rw"}


def test_a_closed_device_detaches():
    model = Model()
    model.create("a")
    model.attach("a", 1)
    model.open("a", 1)
    model.open("a", 1, is_open=False)
    model.post("VolumesReassign", [{"volume": "a", "detach": [1]}])
    assert model.clients_of("a") == {}


@pytest.mark.parametrize(
    ("switch", "client", "choice", "error"),
    [
        ("detach_not_attached", 2, "accepted", "nothing"),
        ("detach_not_attached", 2, "refused", "invalidParam"),
        ("detach_unknown_client", 9, "accepted", "nothing"),
        ("detach_unknown_client", 9, "refused", "invalidParam"),
    ],
)
def test_detaching_where_nothing_is_attached_is_a_switch(switch, client, choice, error):
    model = Model(**{switch: choice})
    model.create("a")
    if error == "nothing":
        assert not model.changes("VolumesReassign", [{"volume": "a", "detach": [client]}])
    else:
        assert model.refused("VolumesReassign", [{"volume": "a", "detach": [client]}]) == error


def test_snapshots_are_read_only():
    model = Model()
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.post("VolumesReassign", [{"snapshot": "s", "rw": [1]}])
    assert model.clients_of("s") == {1: "ro"}
    model.switches["snapshot_rw"] = "refused"
    assert model.refused("VolumesReassign", [{"snapshot": "s", "rw": [2]}]) == "invalidParam"


def test_positions_are_reused_and_bounded():
    model = Model()
    for number in range(1025):
        model.create(f"v{number}")
    model.post("VolumesReassign", [{"volume": f"v{number}", "rw": [1]} for number in range(1024)])
    assert model.refused("VolumesReassign", [{"volume": "v1024", "rw": [1]}]) == "invalidParam"
    model.post("VolumesReassign", [{"volume": "v7", "detach": [1]}, {"volume": "v1024", "rw": [1]}])
    assert next(item["pos"] for item in model.get("AttachmentsList") if item["volume"] == "v1024") == 7


def test_older_servers_do_not_list_the_id():
    model = Model(attachment_global_id="absent")
    model.create("a")
    model.attach("a", 1)
    assert set(model.get("AttachmentsList")[0]) == {"volume", "snapshot", "client", "rights", "pos"}


def test_waiting_ends_when_the_clients_have_the_configuration():
    model = Model()
    model.create("a")
    model.client(id=1, lag=3)
    done = reassign(model, {"volume": "a", "rw": [1]})
    assert (waited(model, done), waited(model, done, 2.9), waited(model, done, 3)) == (False, False, True)
    assert waited(model, reassign(model, {"volume": "a", "rw": [2]})) is True


@pytest.mark.parametrize(("effect", "left"), [("kept", {1: "rw", 2: "rw"}), ("undone", {2: "rw"})])
def test_an_absent_client_is_waited_for_until_the_timeout(effect, left):
    model = Model(attach_timeout_effect=effect)
    model.create("a")
    model.client(id=1, up=False)
    done = reassign(model, {"volume": "a", "rw": [1, 2]}, attachTimeout=5)
    assert (waited(model, done, 4.9), waited(model, done, 5)) == (False, "timeout")
    assert model.clients_of("a") == left


def test_an_absent_client_is_waited_for_for_ever_or_not_at_all():
    model = Model()
    model.create("a")
    model.client(id=1, up=False)
    done = reassign(model, {"volume": "a", "rw": [1]})
    assert waited(model, done, 1e6) is False
    model.client(id=1, up=True)
    assert waited(model, done) is True
    model.client(id=1, up=False)
    assert waited(model, reassign(model, {"volume": "a", "ro": [1]}, attachTimeout=0)) is True
    assert waited(model, reassign(model, {"volume": "a", "detach": "all"})) is True


def test_the_configuration_of_a_client_comes_after_its_lag():
    model = Model(client_lag_seconds=2.0)
    model.create("a")
    done = model.done("ClientConfigWait/1")
    assert model.get("ClientsConfigDump")[0]["configStatus"] == "updating"
    assert (waited(model, done), waited(model, done, 2)) == (False, True)
    model.create("b")
    assert waited(model, done, 2) is True
    [status] = done.pending.result(replace(done.context, now=model.now + 2))
    assert (status["configStatus"], status["delay"]) == ("ok", 2)
    model.client(id=1, up=False)
    assert model.get("ClientsConfigDump")[0]["configStatus"] == "down"
    assert model.refused("ClientConfigWait/9") == "invalidParam"
