"""Quota over HTTP: the public board, office facts, edits by the own administrator, decisions by a second one."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pytest

from services.scheduling.app import read_offices
from services.scheduling.quota.public_board import FIRST_FREE_KEPT_SECONDS
from shared.events.scheduling import AppointmentConfirmed
from shared.tokens import Role
from tests.unit.scheduling import test_http
from tests.unit.scheduling.test_http import Office
from tests.unit.scheduling.world import EAST, NORTH, SOUTH

office = test_http.office
_loopback_allowed = test_http._loopback_allowed

SESSION = {"regular": 3}
HOURS = [{"weekday": "tue", "opens": "08:00", "closes": "16:00"}]
FACTS: dict[str, Any] = {
    "expected_version": 1,
    "reason": "two booths are being repaired",
    "booths": 18,
    "staff": 20,
    "hours": HOURS,
    "products": [{"product": "electronic"}, {"product": "ordinary", "until": "2024-11-30"}],
    "latitude": -6.26,
    "longitude": 106.81,
}
WEEK = {
    "weekdays": ["mon", "tue"],
    "start": "08:00",
    "end": "10:00",
    "booths": 4,
    "service_minutes": 30,
    "staff": 4,
    "pools": {"regular": 2, "priority": 1},
}


async def send(office: Office, method: str, path: str, body: Mapping[str, Any], token: str) -> tuple[int, Any]:
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Authorization": f"Bearer {token}"}
    async with office.client.request(method, path, json=body, headers=headers) as answer:
        return answer.status, await answer.json() if answer.status != 204 else None


@pytest.mark.acceptance("F32.quota", "F43.public", "F43.date_session_category")
@pytest.mark.acceptance("F43.next_opening", "F66.next_opening_public")
async def test_an_offices_quota_is_public(office: Office) -> None:
    await office.hold()
    status, quota = await office.get(f"/v1/offices/{SOUTH.office_id}/quota")
    assert status == 200
    first = quota["days"][0]
    assert (first["date"], first["capacity"], first["free"], first["taken"]) == ("2026-11-24", 2, 1, 1)
    assert first["sessions"][0]["pools"] == {"regular": {"capacity": 2, "free": 1, "taken": 1}}
    assert first["sessions"][0]["local_start"] == "2026-11-24T08:00:00+07:00"
    assert quota["next_opening"]["local_opens_at"] == "2026-11-24T00:00:00+07:00"
    assert (quota["opening"]["kind"], quota["opening"]["days_before"]) == ("rolling", 4)
    assert (await office.get("/v1/offices/nowhere/quota"))[0] == 404
    query = {"from": "2026-11-24", "to": "2027-11-24"}
    assert (await office.get(f"/v1/offices/{SOUTH.office_id}/quota", **query))[0] == 422


@pytest.mark.acceptance("F77.by_distance", "F77.by_first_free")
async def test_offices_by_distance_and_by_first_free_date(office: Office) -> None:
    status, near = await office.get("/v1/quota", near="-8.4,140.3")
    assert status == 200
    assert [each["office_id"] for each in near["offices"]] == [EAST.office_id, NORTH.office_id, SOUTH.office_id]
    assert near["offices"][0]["distance_km"] < 20
    for person in ("ani", "budi"):
        await office.hold(person)
    office.world.clock.advance(FIRST_FREE_KEPT_SECONDS)
    _, early = await office.get("/v1/quota", first_free="true", province="dki")
    assert [(each["office_id"], each["first_free"]["date"]) for each in early["offices"]] == [
        (NORTH.office_id, "2026-11-24"),
        (SOUTH.office_id, "2026-11-25"),
    ]
    _, priority = await office.get("/v1/quota", pool="priority", first_free="true")
    assert {each["first_free"] for each in priority["offices"]} == {None}
    for wrong in ("jakarta", "91,0", "0,181", "-6.2", "1,2,3"):
        assert (await office.get("/v1/quota", near=wrong))[0] == 422, wrong


@pytest.mark.acceptance("F32.offices", "X10.per_office", "X10.dated", "X10.listed_with_reason")
async def test_an_office_without_the_product_is_listed_with_the_reason(office: Office) -> None:
    status, listed = await office.get("/v1/offices", passport_kind="ordinary")
    assert status == 200
    assert {each["office_id"]: each["reason"] for each in listed["offices"]} == {
        SOUTH.office_id: "product_not_offered_here",
        NORTH.office_id: "product_not_offered_here",
        EAST.office_id: None,
    }
    assert all(each["reason_text_id"] for each in listed["offices"] if not each["offered"])
    _, before = await office.get("/v1/offices", passport_kind="ordinary", on="2024-11-30")
    assert {each["offered"] for each in before["offices"]} == {True}
    _, plain = await office.get("/v1/offices")
    assert {each["offered"] for each in plain["offices"]} == {None}


@pytest.mark.acceptance("F77.by_distance")
async def test_offices_come_page_by_page_the_nearest_first(office: Office) -> None:
    _, first = await office.get("/v1/offices", near="-8.4,140.3", limit="1")
    _, second = await office.get("/v1/offices", near="-8.4,140.3", limit="1", after=first["next"])
    names = [each["name"] for page in (first, second) for each in page["offices"]]
    assert names == ["Merauke", "Jakarta Utara"]
    _, none = await office.get("/v1/offices", near="-8.4,140.3", after="Nowhere")
    assert none == {"offices": [], "next": None}


async def test_facts_are_shown_and_edited(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}"
    _, shown = await office.get(path)
    assert (shown["booths"], shown["facts_version"], shown["kind"]) == (20, 1, "office")
    assert shown["position"] == {"latitude": -6.26, "longitude": 106.81, "precision": "city centre, approximate"}
    assert {each["product"]: each["offered_today"] for each in shown["products"]} == {
        "ordinary": False,
        "electronic": True,
    }
    assert (shown["priority"]["child_below_years"], shown["priority"]["elderly_above_years"]) == (12, 60)
    rule = {"kind": "monthly", "at": "13:00", "month_days": [31], "zone": "WIB", "announced_days": 3}
    status, change = await send(office, "PUT", f"{path}/facts", FACTS | {"opening": rule}, office.admin())
    assert (status, change["state"], change["after"]["booths"]) == (200, "applied", 18)
    _, shown = await office.get(path)
    assert (shown["booths"], shown["facts_version"]) == (18, 2)
    assert shown["next_opening"]["local_opens_at"] == "2026-11-30T13:00:00+07:00"
    assert shown["opening"]["timezone"] == "Asia/Jakarta"
    status, problem = await send(office, "PUT", f"{path}/facts", FACTS | {"booths": 3}, office.admin())
    assert (status, problem["code"], problem["version"]) == (409, "edited_meanwhile", 2)
    assert (await send(office, "PUT", f"{path}/facts", FACTS, office.front()))[0] == 403
    fixed = {"kind": "fixed", "fixed": [{"at": "2026-12-01T02:00:00Z", "first": "2026-12-05", "last": "2026-12-20"}]}
    body = FACTS | {"expected_version": 2, "opening": fixed}
    assert (await send(office, "PUT", f"{path}/facts", body, office.admin()))[0] == 200
    _, shown = await office.get(path)
    assert (shown["next_opening"]["opens_at"], shown["next_opening"]["first"]) == ("2026-12-01T02:00:00Z", "2026-12-05")


async def test_the_head_keeps_address_and_telephone_and_they_go_with_the_visit(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}"
    kept = {"address": "Jalan Contoh Raya No. 1,  Jakarta", "telephone": "(021) 555-0100"}
    status, _ = await send(office, "PUT", f"{path}/facts", FACTS | kept, office.admin())
    assert status == 200
    _, shown = await office.get(path)
    assert (shown["address"], shown["telephone"]) == ("Jalan Contoh Raya No. 1, Jakarta", "+62215550100")
    await office.paid()
    (event,) = await office.world.said(AppointmentConfirmed)
    assert isinstance(event, AppointmentConfirmed)
    told = (event.office_address, event.office_telephone, event.office_latitude, event.office_longitude)
    assert told == (shown["address"], "+62215550100", -6.26, 106.81)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"address": "\u6797"}, "/address"), ({"address": "x" * 201}, "/address"), ({"telephone": "123"}, "/telephone")],
)
async def test_what_is_no_address_or_telephone_is_refused(office: Office, wrong: dict[str, str], field: str) -> None:
    path = f"/v1/offices/{SOUTH.office_id}"
    status, problem = await send(office, "PUT", f"{path}/facts", FACTS | wrong, office.admin())
    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (422, "malformed", field)
    assert (await office.get(path))[1]["facts_version"] == 1


@pytest.mark.acceptance("F68.quotas", "F68.another_office_403", "F68.versioned")
async def test_the_week_is_edited_by_the_own_administrator(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}/template"
    _, read = await office.get(path, office.admin())
    assert (read["version"], read["sessions"][0]["pools"], read["sessions"][0]["capacity"]) == (0, {"regular": 2}, 80)
    body = {"expected_version": 0, "reason": "fewer officers", "sessions": [WEEK]}
    status, problem = await send(office, "PUT", path, body, office.admin(NORTH.office_id))
    assert (status, problem["code"]) == (403, "not_your_office")
    status, proposed = await send(office, "PUT", path, body, office.admin())
    assert (status, proposed["state"], proposed["raised"], proposed["cut"]) == (202, "proposed", 2, 10)
    decision = f"/v1/quota-changes/{proposed['change_id']}/approval"
    status, problem = await office.post(decision, {}, office.admin())
    assert (status, problem["code"]) == (403, "second_person_needed")
    second = office.token("second", Role.OFFICE_ADMIN, SOUTH.office_id)
    _, waiting = await office.get("/v1/quota-changes", second, waiting="true")
    assert [each["change_id"] for each in waiting["changes"]] == [proposed["change_id"]]
    status, done = await office.post(decision, {"reason": "agreed"}, second)
    assert (status, done["state"], done["decided_by"]) == (200, "applied", "second")
    _, history = await office.get(f"{path}/history", office.admin())
    assert [(each["author"], each["reason"]) for each in history["changes"]] == [("admin", "fewer officers")]
    _, read = await office.get(f"/v1/quota-changes/{proposed['change_id']}", second)
    assert read == done
    assert (await office.get("/v1/quota-changes", office.front()))[0] == 403
    status, again = await send(office, "PUT", path, body | {"sessions": []}, office.admin())
    assert (status, again["code"]) == (409, "edited_meanwhile")


@pytest.mark.acceptance("F68.quotas", "F68.another_office_403", "F68.versioned", "F68.cut_refused_or_moved")
async def test_a_sessions_quota_is_edited(office: Office) -> None:
    session_id = office.world.session_id()
    path = f"/v1/sessions/{session_id}"
    _, session = await office.get(path)
    body = {"expected_version": session["version"], "reason": "a lent officer", "pools": SESSION}
    assert (await send(office, "PUT", path, body, office.admin(NORTH.office_id)))[0] == 403
    status, change = await send(office, "PUT", path, body, office.admin())
    assert (status, change["raised"]) == (200, 1)
    status, problem = await send(office, "PUT", path, body | {"pools": {"regular": 4}}, office.admin())
    assert (status, problem["code"]) == (409, "edited_meanwhile")
    _, session = await office.get(path)
    transfer = {"expected_version": session["version"], "reason": "a busy day", "from": "regular", "to": "walk_in"}
    status, _ = await send(office, "POST", f"{path}/pool-transfers", transfer | {"seats": 1}, office.admin())
    assert status == 200
    _, session = await office.get(path)
    assert session["pools"] == {"regular": {"capacity": 2, "free": 2}, "walk_in": {"capacity": 1, "free": 1}}
    assert (session["possible_seats"], session["being_changed"]) == (80, False)
    await office.hold("ani")
    await office.hold("budi")
    cut = {"expected_version": session["version"], "reason": "the roof fell", "pools": {"regular": 1}}
    status, problem = await send(office, "PUT", path, cut, office.admin())
    assert (status, problem["code"], problem["booked"]) == (409, "cut_below_booked", 2)
    _, history = await office.get(f"{path}/history", office.admin())
    assert [each["subject"] for each in history["changes"]] == ["transfer", "session"]
    assert (await office.get("/v1/sessions/unknown"))[0] == 404


@pytest.mark.acceptance("F9.offline_quota", "F9.out_of_hours")
async def test_offline_quota_and_hours_are_opened_by_the_head(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}/offline-quotas"
    body = {"date": "2026-11-24", "seats": 30, "reason": "the network is down"}
    assert (await office.post(path, body, office.front()))[0] == 403
    status, change = await office.post(path, body, office.admin())
    assert (status, change["state"]) == (200, "applied")
    _, found = await office.get(path, office.front())
    assert [(each["date"], each["seats"], each["left"]) for each in found["offline_quotas"]] == [("2026-11-24", 30, 30)]
    assert found["offline_quotas"][0]["grants"][0]["reason"] == "the network is down"
    evening = {
        "date": "2026-11-24",
        "start": "18:00",
        "end": "20:00",
        "booths": 2,
        "service_minutes": 30,
        "staff": 2,
        "pools": {"regular": 8},
    }
    sessions = f"/v1/offices/{SOUTH.office_id}/sessions"
    status, problem = await office.post(sessions, evening, office.admin())
    assert (status, problem["code"]) == (422, "outside_opening_hours")
    status, session = await office.post(sessions, evening | {"reason": "the backlog"}, office.admin())
    assert (status, session["capacity"]) == (201, 8)
    large = evening | {
        "start": "20:00",
        "end": "22:00",
        "pools": {"regular": 80},
        "override": True,
        "reason": "backlog",
    }
    status, waits = await office.post(sessions, large, office.admin())
    assert (status, waits["state"]) == (202, "proposed")
    second = office.token("second", Role.OFFICE_ADMIN, SOUTH.office_id)
    status, rejected = await office.post(f"/v1/quota-changes/{waits['change_id']}/rejection", {}, second)
    assert (status, rejected["state"]) == (200, "rejected")


async def test_a_session_that_opens_later_says_when(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}/sessions"
    body = {
        "date": "2026-11-24",
        "start": "13:00",
        "end": "15:00",
        "booths": 2,
        "service_minutes": 30,
        "staff": 2,
        "pools": {"regular": 8},
        "opens_at": "2026-11-23T03:00:00Z",
    }
    _, session = await office.post(path, body, office.admin())
    assert session["opens_at"] == "2026-11-23T03:00:00Z"
    await office.world.submitted("ani")
    wish = {"application_id": "application-ani", "session_id": session["session_id"]}
    headers = {"Idempotency-Key": "much-too-early", "Authorization": f"Bearer {office.ani()}"}
    async with office.client.post("/v1/appointments", json=wish, headers=headers) as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"]) == (409, "not_open_yet")
        assert answer.headers["Retry-After"] == "3600"
        assert problem["opens_at"] == "2026-11-23T03:00:00+00:00"
    office.world.clock.advance(3600)
    assert (await office.post("/v1/appointments", wish, office.ani()))[0] == 201


async def test_whoever_asks_is_told_of_openings(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}"
    status, problem = await office.post(f"{path}/opening-notices", {}, office.ani())
    assert (status, problem["code"]) == (409, "opens_every_day")
    rule = {"kind": "weekly", "at": "14:00", "weekday": "fri"}
    await send(office, "PUT", f"{path}/facts", FACTS | {"opening": rule}, office.admin())
    status, notice = await office.post(f"{path}/opening-notices", {}, office.ani())
    assert (status, notice["next_opening"]["local_opens_at"]) == (200, "2026-11-27T14:00:00+07:00")
    assert (await send(office, "DELETE", f"{path}/opening-notices", {}, office.ani()))[0] == 204
    assert (await send(office, "DELETE", f"{path}/opening-notices", {}, office.token("dewi")))[0] == 404


@pytest.mark.parametrize(
    ("change", "field"), [({"name": "   "}, "/name"), ({"city": "  "}, "/city"), ({"city": "\u6797"}, "/city")]
)
async def test_an_outreach_has_a_name_and_a_place_that_can_be_printed(
    office: Office, change: dict[str, str], field: str
) -> None:
    path = f"/v1/offices/{SOUTH.office_id}/outreach"
    facts = {key: value for key, value in FACTS.items() if key != "expected_version"}
    body = facts | {"name": "Mal Contoh", "city": "Kota Contoh", "own_dates": ["2026-11-28"]} | change
    status, problem = await office.post(path, body, office.admin())
    assert (status, problem["errors"][0]["pointer"]) == (422, field)


@pytest.mark.acceptance("F77.outreach")
async def test_an_outreach_is_begun_by_its_office(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}/outreach"
    facts = {key: value for key, value in FACTS.items() if key != "expected_version"}
    body = facts | {"name": "Mal Contoh", "city": "Kota Contoh", "own_dates": ["2026-11-28"]}
    status, change = await office.post(path, body, office.admin())
    assert (status, change["state"]) == (200, "applied")
    _, shown = await office.get("/v1/offices/mal-contoh")
    assert (shown["kind"], shown["parent_id"], shown["own_dates"]) == ("outreach", SOUTH.office_id, ["2026-11-28"])
    _, listed = await office.get("/v1/offices", q="contoh")
    assert [(each["office_id"], each["kind"]) for each in listed["offices"]] == [("mal-contoh", "outreach")]


@pytest.mark.acceptance("Y17.working_area", "Y17.search")
async def test_a_regency_finds_the_office_that_serves_it_and_its_neighbours(office: Office) -> None:
    for path in ("/v1/offices", "/v1/quota"):
        status, found = await office.get(path, around="boven digoel")
        assert status == 200
        assert [(each["office_id"], each["serves"]) for each in found["offices"]] == [
            (EAST.office_id, True),
            (NORTH.office_id, False),
            (SOUTH.office_id, False),
        ]
        assert found["offices"][0]["distance_km"] == 0
        assert found["offices"][0]["position"]["longitude"] > 140
        assert (await office.get(path, around="Atlantis"))[1]["offices"] == []
        assert (await office.get(path, around=""))[0] == 422
    _, first = await office.get("/v1/offices", around="boven digoel", limit="1")
    _, second = await office.get("/v1/offices", around="boven digoel", limit="1", after=first["next"])
    assert [page["offices"][0]["office_id"] for page in (first, second)] == [EAST.office_id, NORTH.office_id]
    _, one = await office.get(f"/v1/offices/{EAST.office_id}")
    assert one["working_area"] == ["Kabupaten Merauke", "Kabupaten Boven Digoel"]
    _, plain = await office.get("/v1/offices", kind="outreach")
    assert plain["offices"] == []
    _, every = await office.get("/v1/offices", kind="office", q="digoel")
    assert [(each["office_id"], each["serves"]) for each in every["offices"]] == [(EAST.office_id, None)]


@pytest.mark.acceptance("Y17.working_area")
def test_every_regency_is_served_by_an_office_and_every_office_serves_one() -> None:
    offices = read_offices()
    regions = resources.files("services.identity").joinpath("data", "regions.csv").read_text("utf-8").splitlines()
    rows = [row for row in csv.DictReader(line for line in regions if not line.startswith("#"))]
    regencies = {row["name"] for row in rows if row["level"] == "regency" and row["status"] == "current"}
    assert {name for each in offices for name in each.working_area} == regencies
    assert all(each.working_area for each in offices)
    assert [len(each.working_area) for each in offices if each.name == "Kotabumi"] == [7]
