# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates: what is sent for each source, what is waited for, what is changed, refused and removed, and that a plan leaves nothing to do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import checksum
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader, StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.template import progress, template
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.template.plan import Current, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.template.want import FLAGS
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.template.watch import Cached, Gone, Ready
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    ApiError,
    Failure,
    Incomplete,
    InvalidOption,
    NotAllowed,
    NotConfigured,
    NotFound,
    Outdated,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge, predicted
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

ZONE = {"id": "z-1", "name": "zone1"}
SYSTEMS = ({"id": "os-1", "description": "Debian GNU/Linux 12 (64-bit)"}, {"id": "os-2", "description": "Other"})
POOL = {"id": "ssd;1", "name": "sp", "zoneid": "z-1", "state": "Up", "provider": "StorPool"}
URL = "https://images.example.com/a.qcow2"
DIGEST = "0a" * 32
OPTIONS = {
    **dict.fromkeys(
        [
            *("url", "checksum", "format", "volume", "snapshot", "display_text", "os_type", "details", "cached_on"),
            *FLAGS,
        ]
    ),
    "state": "present",
    "name": "golden",
    "zone": "zone1",
    "wait": True,
    "forced": False,
    "wait_timeout": 60,
}
UUID = "76edd384-2bd1-44f0-8c34-e9f70e68f829"


def want(**options):
    return template.want({**OPTIONS, **options})


def row(**fields):
    return {
        "id": UUID,
        "name": "golden",
        "displaytext": "golden",
        "zoneid": "z-1",
        "zonename": "zone1",
        "isready": True,
        "status": "Download Complete",
        "format": "QCOW2",
        "ostypeid": "os-1",
        "ostypename": SYSTEMS[0]["description"],
        **{flag.parameter: False for flag in FLAGS.values()},
        **fields,
    }


def current(row=None, version="4.19.1", **fields):
    return Current(parse(version), **{"zone": ZONE, "row": row, "os_types": SYSTEMS, "pools": (POOL,), **fields})


def calls(planned):
    return [(step.call, step.body) for step in planned.steps]


def test_a_template_is_registered_as_it_shall_be():
    wanted = want(
        url=URL, checksum=f"sha256:{DIGEST}", os_type="debian gnu/linux 12 (64-BIT)", public=True, details={"a": 1}
    )
    planned = plan(current(), wanted)
    assert calls(planned) == [
        (
            "registerTemplate",
            {
                "name": "golden",
                "displaytext": "golden",
                "ostypeid": "os-1",
                "details": [{"a": "1"}],
                "url": URL,
                "zoneid": "z-1",
                "format": "QCOW2",
                "hypervisor": "KVM",
                "checksum": f"{{SHA-256}}{DIGEST}",
                "ispublic": True,
            },
        )
    ]
    assert not planned.steps[0].repeatable
    assert planned.later == ("wait until template 'golden' is ready in zone 'zone1'",)
    assert (planned.before, planned.after["ready"], planned.after["public"]) == (None, True, True)


@pytest.mark.parametrize(
    ("kind", "source"),
    [("volume", {"state": "Ready", "vmstate": "Stopped"}), ("snapshot", {"state": "BackedUp"})],
)
def test_a_template_is_made_of_what_is_there(kind, source):
    wanted = want(**{kind: "db-1", "os_type": "os-2", "featured": True, "extractable": True, "ssh_key_enabled": True})
    planned = plan(current(source={"id": "x-1", "name": "db-1", **source}), wanted)
    body = {"name": "golden", "displaytext": "golden", "ostypeid": "os-2", f"{kind}id": "x-1", "isfeatured": True}
    assert calls(planned) == [("createTemplate", body)]
    assert planned.later == (
        "update template 'golden': set ssh_key_enabled to true",
        "update template 'golden': set extractable to true",
    )


@pytest.mark.parametrize(
    ("options", "there", "failure", "says"),
    [
        ({}, {}, InvalidOption, "set url, volume or snapshot"),
        ({"url": URL}, {}, InvalidOption, "set os_type"),
        ({"url": URL, "os_type": "Debian GNU/Linux 13"}, {}, NotFound, "Did you mean 'Debian GNU/Linux 12"),
        ({"url": URL, "os_type": "os-1"}, {"zone": None, "others": (ZONE,)}, NotFound, "CloudStack has zone1"),
        ({"url": URL, "os_type": "os-1", "cached_on": "x"}, {}, NotFound, "no StorPool pool 'x'.*CloudStack has sp"),
        (
            {"url": URL, "os_type": "os-1", "cached_on": "sp"},
            {"pools": ({**POOL, "state": "Maintenance"},)},
            NotAllowed,
            "is in state Maintenance",
        ),
        (
            {"url": URL, "os_type": "os-1", "cached_on": "sp"},
            {"pools": (POOL, {**POOL, "id": "hdd;2"})},
            InvalidOption,
            "Give the id of one: hdd;2 and ssd;1",
        ),
        (
            {"url": URL, "os_type": "os-1", "checksum": DIGEST},
            {"version": "4.9.2"},
            InvalidOption,
            "knows MD5 only",
        ),
        (
            {"volume": "v", "os_type": "os-1"},
            {"others": ({"name": "w"},)},
            NotFound,
            "no volume 'v' in zone 'zone1' with.*CloudStack has w",
        ),
        (
            {"volume": "v", "os_type": "os-1"},
            {"source": {"id": "1", "name": "v", "state": "Ready", "vmstate": "Running", "vmname": "web"}},
            NotAllowed,
            "of VM 'web', which is Running.*take a snapshot",
        ),
        (
            {"volume": "v", "os_type": "os-1"},
            {"source": {"id": "1", "name": "v", "state": "Allocated"}},
            NotAllowed,
            "never attached has no data",
        ),
        (
            {"snapshot": "v", "os_type": "os-1"},
            {"source": {"id": "1", "name": "v", "state": "BackingUp"}},
            NotAllowed,
            "is BackingUp",
        ),
        (
            {"url": URL},
            {"row": row(url="https://u:canary@h/b.qcow2")},
            InvalidOption,
            r"was registered from https://\*+@h",
        ),
        ({"url": URL, "checksum": DIGEST}, {"row": row(checksum="ff" * 32)}, InvalidOption, "of another image"),
        ({"format": "RAW"}, {"row": row()}, InvalidOption, "has the format QCOW2, not RAW"),
        (
            {"display_text": "x"},
            {
                "row": row(
                    isready=False, status="No route to host", downloaddetails=[{"downloadState": "DOWNLOAD_ERROR"}]
                )
            },
            Incomplete,
            "download failed: No route to host.*state absent",
        ),
        (
            {"state": "absent"},
            {"row": row(), "users": ({"name": "i-2", "displayname": "web"},)},
            NotAllowed,
            "web.*forced",
        ),
    ],
)
def test_what_is_refused(options, there, failure, says):
    with pytest.raises(failure, match=says) as caught:
        plan(current(**there), want(**options))
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "file:///etc/passwd"}, "no address"),
        ({"url": "https://host/a b.qcow2"}, "no address"),
        ({"url": "https://[::1/a"}, "no address"),
        ({"url": "https://host:99999/a.qcow2"}, "a port up to 65535 if any.* %2F"),
        ({"url": "https://user:1canary/x@host/a.qcow2"}, "a port up to 65535 if any.* %2F"),
        ({"checksum": DIGEST}, "give url as well"),
        ({"url": URL, "checksum": "sha1:" + DIGEST}, "no checksum"),
        ({"url": URL, "checksum": "sha256:0"}, "no checksum"),
        ({"cached_on": "sp", "wait": False}, "wait cannot be false"),
        ({"state": "absent", "url": URL}, "url: only for a template that shall exist"),
        ({"details": {"a": ""}}, r"details\.a"),
        ({"details": {"a[0]": "1"}}, r"details\.a\[0\]"),
        ({"details": {"a": {"b": "c"}}}, r"details\.a"),
        ({"name": " "}, "name"),
    ],
)
def test_options_that_cannot_be_meant(options, says):
    with pytest.raises(InvalidOption, match=says):
        want(**options)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"isready": True}, progress.READY),
        ({"isready": False, "status": "40% Downloaded"}, progress.UNDER_WAY),
        ({"isready": False, "status": "Installing Template"}, progress.UNDER_WAY),
        ({"isready": False}, progress.UNDER_WAY),
        ({"isready": False, "status": "No route to host"}, progress.FAILED),
        (
            {"isready": False, "status": "Processing", "downloaddetails": [{"downloadState": "DOWNLOAD_ERROR"}]},
            progress.FAILED,
        ),
        (
            {
                "isready": False,
                "status": "odd",
                "downloaddetails": [{"downloadState": "DOWNLOAD_ERROR"}, {"downloadState": "DOWNLOAD_IN_PROGRESS"}],
            },
            progress.UNDER_WAY,
        ),
        (
            {
                "isready": False,
                "status": "5% Downloaded",
                "downloaddetails": [
                    {"downloadState": "ABANDONED", "datastoreRole": "Primary"},
                    {"downloadState": "DOWNLOAD_IN_PROGRESS", "datastoreRole": "Image"},
                ],
            },
            progress.UNDER_WAY,
        ),
    ],
)
def test_how_far_a_template_is(fields, state):
    assert progress.progress(fields).state == state


def test_a_template_that_is_being_downloaded_is_waited_for_and_changed_meanwhile():
    planned = plan(current(row(isready=False, status="5% Downloaded")), want(url=URL, public=True))
    assert [step.call for step in planned.steps] == ["updateTemplatePermissions", "listTemplates"]
    assert planned.steps[1].body == Ready(UUID, "z-1", "Template 'golden'")
    assert plan(current(row(isready=False, status="5% Downloaded")), want(url=URL, wait=False)).steps == ()


@pytest.mark.parametrize("present", [True, False])
def test_a_template_in_the_making_is_waited_for_whatever_is_wanted(present):
    being_made = row(isready=False, zoneid=None, zonename=None, status="Processing")
    planned = plan(current(being_made), want(state="present" if present else "absent"))
    assert [(step.call, step.body.wanted) for step in planned.steps] == [("listTemplates", present)]


def test_details_of_others_stay():
    planned = plan(current(row(details={"spStoragePoolId": "3", "a": "0"})), want(details={"a": True, "b": 2}))
    [(call, body)] = calls(planned)
    assert call == "updateTemplate"
    assert body == {"id": UUID, "details": [{"spStoragePoolId": "3", "a": "true", "b": "2"}]}
    assert planned.after["details"] == {"spStoragePoolId": "3", "a": "true", "b": "2"}


def test_a_copy_is_asked_for_once_the_template_is_ready():
    ready = plan(current(row()), want(cached_on="ssd;1"))
    assert calls(ready) == [
        ("prepareTemplate", {"zoneid": "z-1", "templateid": UUID, "storageid": "ssd;1"}),
        ("listTemplates", Cached(UUID, "z-1", ("ssd;1", "ssd"))),
    ]
    there = plan(current(row(), copy={"name": None, "global_id": "a.b.c"}), want(cached_on="sp"))
    assert there.steps == ()
    assert there.after["cached"] == {"pool": "sp", "pool_id": "ssd;1", "snapshot": None, "global_id": "a.b.c"}
    waiting = plan(current(row(isready=False, status="")), want(cached_on="sp"))
    assert [step.call for step in waiting.steps] == ["listTemplates"]
    assert waiting.later == tuple(step.action for step in ready.steps)


@pytest.mark.parametrize("users", [(), ({"name": "web"},)])
def test_removing_waits_until_it_is_gone_from_the_zone(users):
    planned = plan(current(row(), users=users), want(state="absent", forced=True))
    forced = {"forced": True} if users else {}
    assert calls(planned) == [
        ("deleteTemplate", {"id": UUID, "zoneid": "z-1", **forced}),
        ("listTemplates", Gone(UUID, "z-1")),
    ]
    assert planned.steps[0].destroys == UUID
    assert bool(planned.losses) == bool(users)
    assert plan(current(), want(state="absent")).steps == ()


class Cloud:
    """One template, or none; it does to it what the steps of a plan say."""

    def __init__(self, row):
        self.row, self.copy = row, None

    def current(self):
        return current(self.row, source={"id": "v-1", "name": "v"}, copy=self.copy)

    def apply(self, step):
        body = {key: value for key, value in (step.body.items() if isinstance(step.body, dict) else ()) if key != "id"}
        if step.call in ("registerTemplate", "createTemplate"):
            assert self.row is None
            self.row = row(isready=step.call == "createTemplate", status="")
        if step.call == "deleteTemplate":
            self.row = None
        if step.call == "prepareTemplate":
            assert self.row["isready"]
            self.copy = {"name": None, "global_id": "a.b.c"}
        if "details" in body:
            [body["details"]] = body["details"]
        if self.row is not None and step.method != "GET" and step.call != "prepareTemplate":
            self.row.update({key: value for key, value in body.items() if key in self.row or key == "details"})
        if step.method == "GET" and isinstance(step.body, Ready):
            self.row["isready"] = True


@given(
    st.one_of(st.none(), st.booleans()),
    st.sampled_from(["url", "volume", "snapshot"]),
    st.fixed_dictionaries(
        {},
        optional={
            **{option: st.booleans() for option in FLAGS},
            "display_text": st.sampled_from(["a", "b"]),
            "details": st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"), max_size=2),
            "cached_on": st.just("sp"),
            "os_type": st.sampled_from(["os-1", "os-2"]),
        },
    ),
    st.sampled_from(["present", "present", "absent"]),
)
def test_what_was_planned_leaves_nothing_to_plan(ready, source, options, state):
    cloud = Cloud(None if ready is None else row(isready=ready, status=""))
    if state == "absent":
        options.pop("cached_on", None)
    else:
        options.setdefault("os_type", "os-1")
        options[source] = URL if source == "url" else "v"
    wanted = want(state=state, **options)
    foreseen = predicted(plan(cloud.current(), wanted))
    outcome = converge(cloud.current, lambda found: plan(found, wanted), cloud.apply, sleep=lambda seconds: None)
    assert outcome.changed == foreseen.changed or foreseen.actions == outcome.actions
    again = plan(cloud.current(), wanted)
    assert again.steps == ()
    if state == "present" and ready is None and source == "url":
        assert outcome.actions == foreseen.actions
        for option in options.keys() & FLAGS.keys():
            assert again.after[option] == foreseen.after[option] == options[option]


def reader_of(api, copy=lambda template_id, where: None):
    return Reader(api, StorPool(lambda name: 0, lambda name: None, copy))


def api_with(rows, **lists):
    def templates(params):
        return [
            one
            for one in rows
            if params.get("name") in (None, one["name"])
            and params.get("id") in (None, one["id"])
            and params.get("zoneid") in (None, one.get("zoneid"))
        ]

    lists = {"listTemplates": templates, "listZones": [ZONE], "listOsTypes": list(SYSTEMS), **lists}
    return FakeApi(lists={"listStoragePools": [POOL], **lists})


def test_a_look_finds_what_is_in_the_zone_and_else_what_is_being_made():
    elsewhere, being_made = row(id="e", zoneid="z-2"), row(id="m", zoneid=None, isready=False)
    assert template.look(reader_of(api_with([row(), elsewhere])), want()).row["id"] == UUID
    assert template.look(reader_of(api_with([being_made, elsewhere])), want()).row["id"] == "m"
    assert template.look(reader_of(api_with([elsewhere])), want()).row is None
    with pytest.raises(
        Ambiguous, match=r"2 templates have the name 'golden'. Rename or remove all of them in zone 'zone1'"
    ):
        template.look(reader_of(api_with([row(), row(id="x")])), want())


def test_what_a_template_is_made_of_is_found_by_id_and_by_name():
    def volumes(params):
        found = [{"id": UUID, "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "b"}]
        if "id" in params and params["id"] != UUID:
            raise Outdated("entity does not exist", error={"name": "431"})
        return [
            one for one in found if params.get("id") in (None, one["id"]) and params.get("name") in (None, one["name"])
        ]

    def look(volume):
        return template.look(reader_of(api_with([], listVolumes=volumes)), want(volume=volume)).source

    assert look(UUID)["name"] == look("a")["name"] == "a"
    assert look("11111111-2222-3333-4444-555555555555") is None
    with pytest.raises(Ambiguous, match=r"2 volumes have the name 'b'\. Give the id of one: 2 and 3"):
        look("b")


def test_storpool_need_not_be_asked_where_cloudstack_tells():
    told = row(downloaddetails=[{"datastoreRole": "Primary", "datastoreId": "ssd;1", "downloadState": "DOWNLOADED"}])

    def refuses(template_id, where):
        raise NotConfigured("no token")

    assert template.look(reader_of(api_with([told]), refuses), want(cached_on="sp")).copy == {}
    with pytest.raises(NotConfigured):
        template.look(reader_of(api_with([row()]), refuses), want(cached_on="sp"))


def watched(body, api, copy=lambda template_id, where: None):
    return body.watch(reader_of(api, copy))()


def test_what_is_waited_for():
    ready = Ready(UUID, "z-1", "Template 'golden'")
    assert watched(ready, api_with([row()])) is None
    assert watched(ready, api_with([row(isready=False, status="5% Downloaded")])) == "CloudStack says '5% Downloaded'"
    with pytest.raises(Incomplete, match="no longer there"):
        watched(ready, api_with([]))
    with pytest.raises(Incomplete, match="download failed: Refused"):
        watched(ready, api_with([row(isready=False, status="Refused")]))
    unwanted = ready._replace(wanted=False)
    assert watched(unwanted, api_with([])) is None
    assert watched(unwanted, api_with([row(isready=False, status="Refused")])) is None
    assert watched(unwanted, api_with([row(isready=False, zoneid=None)])) is not None
    assert watched(Gone(UUID, "z-1"), api_with([row(zoneid="z-2")])) is None
    assert watched(Gone(UUID, "z-1"), api_with([row()])) == "CloudStack still lists it"
    cached = Cached(UUID, "z-1", ("ssd;1", "ssd"))
    asked = []
    assert watched(cached, api_with([row()]), lambda *key: asked.append(key) or {"name": "x"}) is None
    assert asked == [(UUID, "ssd")]
    assert "log of the management server" in watched(cached, api_with([row()]))


def test_an_unknown_id_is_no_template():
    api = FakeApi(lists={"listTemplates": Outdated("entity does not exist")})
    assert reader_of(api).template(UUID, "z-1") is None
    with pytest.raises(ApiError):
        reader_of(FakeApi(lists={"listTemplates": ApiError("no")})).template(UUID, "z-1")


@pytest.mark.parametrize("given", [f"sha256:{DIGEST}", f"{{SHA-256}}{DIGEST.upper()}", f"SHA-256:{DIGEST}", DIGEST])
def test_checksums_in_every_spelling(given):
    found = checksum.parse(given)
    assert (found.name, found.digest, found.sent) == ("SHA-256", DIGEST, f"{{SHA-256}}{DIGEST}")
    assert not found.contradicts("ab" * 16)
    assert found.contradicts("ab" * 32)
    assert checksum.parse("ab" * 16).sent == "ab" * 16


@given(st.text(max_size=80))
def test_any_text_is_a_checksum_or_a_sentence(text):
    told = ""
    try:
        checksum.parse(text)
    except Failure as failure:
        told = failure.message
    assert re.fullmatch("|checksum is .*Give it as .*", told, re.DOTALL)


def test_an_address_is_shown_without_its_secret():
    url = "https://user:canary-word@images.example.com/a.qcow2?token=canary-query"
    shown = template.shown({"url": url})["url"]
    assert "canary" not in shown
    wanted = want(url=url, os_type="os-1")
    planned = plan(current(), wanted)
    assert "canary" not in repr((planned.after, planned.steps[0].action, planned.later))
    hidden = list(template.secrets(current(), wanted))
    assert {"canary-word", "token=canary-query"} <= set(hidden)
    assert list(template.secrets(current(row(url=URL)), want(url=URL))) == []
