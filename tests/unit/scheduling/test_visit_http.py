"""The visit over HTTP: forms, access, refusals, and the display as a stream."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from shared.events.scheduling import SchedulingEvidenceNamed
from tests.unit.scheduling.test_http import Office, _loopback_allowed, office, served
from tests.unit.scheduling.world import EAST, NORTH, SOUTH, START, TUESDAY, make_world, number_of, plan, weekly

__all__ = ["_loopback_allowed", "office"]

WEDNESDAY = TUESDAY + timedelta(days=1)
MORNING = datetime(2026, 11, 24, 1, 30, tzinfo=START.tzinfo)
BASE = f"/v1/offices/{SOUTH.office_id}"


async def arrived(office: Office, person: str = "ani") -> Any:
    """A paid visitor who checked in this morning."""
    paid = await office.world.paid(person)
    office.world.clock.set(paid.state.seat.starts_at)
    body = {"number": paid.state.seat.queue_number}
    status, view = await office.post("/v1/check-ins", body, office.front())
    assert (status, view["state"]) == (200, "checked_in")
    return await office.world.appointment(paid.id)


@pytest.mark.acceptance("F71.at_once")
async def test_an_interrupted_visit_to_its_new_date(office: Office) -> None:
    record = await arrived(office)
    path = f"/v1/appointments/{record.id}"
    reason = {"reason": "system_fault"}
    assert (await office.post(f"{path}/interruption", reason, office.ani()))[0] == 403
    assert (await office.post(f"{path}/interruption", {}, office.front()))[0] == 422
    status, problem = await office.post(f"{path}/interruption", reason, office.front(NORTH.office_id))
    assert (status, problem["code"]) == (403, "not_your_office")
    status, view = await office.post(f"{path}/interruption", reason, office.front())
    assert (status, view["state"], view["current_step"]) == (200, "special_open", "choose_new_date")
    assert (view["special"]["cause"], view["special"]["until"]) == ("system_fault", view["deadline"])
    status, problem = await office.post(f"{path}/interruption", reason, office.front())
    assert (status, problem["code"]) == (409, "not_possible_now")
    target = {"session_id": office.world.session_id(EAST, WEDNESDAY)}
    assert (await office.post(f"{path}/special-reschedule", target, office.token("stranger")))[0] == 404
    status, view = await office.post(f"{path}/special-reschedule", target, office.ani())
    assert (status, view["state"], view["office"]["office_id"]) == (200, "confirmed", EAST.office_id)


@pytest.mark.acceptance("F70.request", "F70.decision", "F72.no_show", "F72.causes_shown", "F72.until_when")
async def test_asking_after_a_missed_visit_and_the_offices_word(office: Office) -> None:
    paid = await office.paid()
    office.world.clock.set(paid.state.seat.ends_at + timedelta(minutes=30))
    await office.world.worker.run_due()
    path = f"/v1/appointments/{paid.id}"
    _, view = await office.get(path, office.ani())
    assert view["special_causes"] == ["system_fault", "illness", "force_majeure"]
    assert view["deadline"] == view["special_ask_until"]
    for wrong in (
        {"cause": "laziness", "evidence": "none"},
        {"cause": "illness"},
        {"cause": "illness", "evidence": "x"},
    ):
        assert (await office.post(f"{path}/special-requests", wrong, office.ani()))[0] == 422
    asked = {"cause": "illness", "evidence": "letter of Dr Contoh"}
    status, view = await office.post(f"{path}/special-requests", asked, office.ani())
    assert (status, view["special"]["state"], view["special_causes"]) == (200, "asked", [])
    status, listed = await office.get(f"{BASE}/special-requests", office.admin())
    assert [each["evidence"] for each in listed["requests"]] == ["letter of Dr Contoh"]
    assert (await office.get(f"{BASE}/special-requests", office.admin(NORTH.office_id)))[0] == 403
    unfit: list[dict[str, Any]] = [{"granted": False}, {"granted": True, "reason": "evidence_missing"}]
    for wrong in unfit:
        assert (await office.post(f"{path}/special-decision", wrong, office.admin()))[0] == 422
    word = {"granted": False, "reason": "evidence_not_sufficient"}
    status, view = await office.post(f"{path}/special-decision", word, office.admin())
    assert (status, view["special"]["state"], view["special"]["reason"]) == (200, "refused", "evidence_not_sufficient")
    status, problem = await office.post(f"{path}/special-decision", {"granted": True}, office.admin())
    assert (status, problem["code"]) == (409, "no_special_asked")


def shown(*names: str) -> list[dict[str, str]]:
    return [{"evidence_id": name, "url": f"/v1/evidence/{name}/content"} for name in names]


async def told_of_evidence(office: Office) -> list[Any]:
    return list(await office.world.said(SchedulingEvidenceNamed))


@pytest.mark.acceptance("Y21.reschedule_files", "Y21.seen_by_decider")
async def test_pictures_of_a_request_for_a_new_date_are_shown_to_the_office(office: Office) -> None:
    paid = await office.paid()
    office.world.clock.set(paid.state.seat.ends_at + timedelta(minutes=30))
    await office.world.worker.run_due()
    path = f"/v1/appointments/{paid.id}"
    asked = {"cause": "illness", "evidence": "letter of Dr Contoh", "evidence_ids": ["e-1", "e-2", "e-1"]}
    too_many = asked | {"evidence_ids": [f"e-{number}" for number in range(6)]}
    assert (await office.post(f"{path}/special-requests", too_many, office.ani()))[0] == 422
    status, view = await office.post(f"{path}/special-requests", asked, office.ani(), key="the-same-key")
    assert (status, view["evidence_files"]) == (200, shown("e-1", "e-2"))
    assert (await office.post(f"{path}/special-requests", asked, office.ani(), key="the-same-key"))[0] == 200
    _, listed = await office.get(f"{BASE}/special-requests", office.admin())
    assert [each["evidence_files"] for each in listed["requests"]] == [shown("e-1", "e-2")]
    (event,) = await told_of_evidence(office)
    assert (event.purpose, event.case_id, event.evidence_ids) == ("special_reschedule", paid.id, ("e-1", "e-2"))
    assert (event.account_ids, event.office_id) == (("account-ani",), SOUTH.office_id)
    _, view = await office.post(f"{path}/special-decision", {"granted": True}, office.admin())
    assert (view["state"], view["evidence_files"]) == ("special_open", shown("e-1", "e-2")), "kept with the decision"


async def test_a_request_without_pictures_tells_of_none(office: Office) -> None:
    paid = await office.paid()
    office.world.clock.set(paid.state.seat.ends_at + timedelta(minutes=30))
    await office.world.worker.run_due()
    asked = {"cause": "illness", "evidence": "letter of Dr Contoh"}
    _, view = await office.post(f"/v1/appointments/{paid.id}/special-requests", asked, office.ani())
    assert (view["evidence_files"], await told_of_evidence(office)) == ([], [])


@pytest.mark.acceptance("Y21.seen_by_decider")
async def test_pictures_of_a_walk_in_are_shown_to_the_office() -> None:
    async with served(make_world(templates=weekly(plan(4, walk_in=2)))) as office:
        office.world.clock.set(MORNING)
        body = {"reason": "urgent", "evidence": "funeral abroad", "evidence_ids": ["e-1"]}
        status, view = await office.post(f"{BASE}/walk-ins", body, office.front())
        assert (status, view["evidence_files"]) == (201, shown("e-1"))
        (event,) = await told_of_evidence(office)
        assert (event.purpose, event.case_id, event.evidence_ids) == ("walk_in", view["appointment_id"], ("e-1",))
        assert (event.account_ids, event.office_id) == ((), SOUTH.office_id)
        path = f"/v1/appointments/{view['appointment_id']}"
        assert (await office.get(path, office.admin()))[1]["evidence_files"] == shown("e-1")
        assert (await office.get(path, office.admin(NORTH.office_id)))[0] == 403
        _, plain = await office.post(f"{BASE}/walk-ins", {"reason": "walk_in"}, office.front())
        assert (plain["evidence_files"], len(await told_of_evidence(office))) == ([], 1)


@pytest.mark.acceptance("F71.outage_day")
async def test_an_outage_day_is_a_job_that_can_be_followed(office: Office) -> None:
    await office.paid()
    body = {"date": TUESDAY.isoformat(), "reason": "system_fault"}
    assert (await office.post(f"{BASE}/interruptions", body, office.front()))[0] == 403
    status, job = await office.post(f"{BASE}/interruptions", body, office.admin())
    assert (status, job["state"], job["kind"]) == (202, "running", "interruption")
    for _ in range(4):
        await office.world.pass_time(61)
    status, job = await office.get(f"{BASE}/bulk-jobs/{job['job_id']}", office.admin())
    assert (status, job["finished"], job["special_opened"]) == (200, 1, 1)
    status, jobs = await office.get(f"{BASE}/bulk-jobs", office.admin())
    assert [each["job_id"] for each in jobs["jobs"]] == [job["job_id"]]
    assert (await office.get(f"{BASE}/bulk-jobs/unknown", office.admin()))[0] == 404


async def test_a_queue_number_is_found_as_it_is_said(office: Office) -> None:
    paid = await office.world.paid("ani")
    office.world.clock.set(paid.state.seat.starts_at)
    said = paid.state.seat.queue_number.lower().replace("-", " ")
    status, problem = await office.post("/v1/check-ins", {"number": "1"}, office.front())
    wrong = problem["errors"][0]
    assert (status, wrong["pointer"], wrong["rule"], wrong["example"]) == (422, "/number", "queue_number", "A-001")
    status, view = await office.post("/v1/check-ins", {"number": said}, office.front())
    assert (status, view["state"]) == (200, "checked_in")


@pytest.mark.acceptance("F73.by_application_number")
async def test_the_application_number_is_found_as_it_is_printed_or_typed(office: Office) -> None:
    paid = await office.world.paid("ani")
    office.world.clock.set(paid.state.seat.starts_at)
    number = number_of("ani")
    status, problem = await office.post("/v1/check-ins", {"application_number": number[:15]}, office.front())
    wrong = problem["errors"][0]
    assert (status, wrong["pointer"], wrong["rule"]) == (422, "/application_number", "application_number")
    unknown = {"application_number": "2026000000000000"}
    assert (await office.post("/v1/check-ins", unknown, office.front()))[0] == 404
    typed = {"application_number": " ".join([number[:4], number[4:10], number[10:]])}
    status, problem = await office.post("/v1/check-ins", typed, office.front(NORTH.office_id))
    assert (status, problem["code"]) == (403, "not_your_office")
    assert (await office.post("/v1/check-ins", {**typed, "person_id": "person-ani"}, office.front()))[0] == 422
    status, view = await office.post("/v1/check-ins", typed, office.front())
    assert (status, view["state"], view["appointment_id"]) == (200, "checked_in", paid.id)


async def test_the_queue_the_calls_and_the_wait(office: Office) -> None:
    record = await arrived(office)
    path = f"/v1/appointments/{record.id}/waiting"
    _, view = await office.get(path, office.ani())
    assert (view["state"], view["ahead"], view["expected_minutes"]) == ("waiting", 0, 0)
    assert (await office.get(path, office.token("stranger")))[0] == 404
    _, queue = await office.get(f"{BASE}/queue", office.front())
    assert [each["number"] for each in queue["numbers"]] == [record.state.seat.queue_number]
    assert (await office.get(f"{BASE}/queue", office.front(NORTH.office_id)))[0] == 403
    status, called = await office.post(f"{BASE}/calls", {"booth": "3"}, office.front())
    assert (status, called["visit_id"], called["booth"]) == (200, record.id, "3")
    status, problem = await office.post(f"{BASE}/calls", {"booth": "3"}, office.front())
    assert (status, problem["code"]) == (409, "nobody_waits")
    base = f"{BASE}/calls/{record.id}"
    for action, state in [
        ("park", "parked"),
        ("resume", "waiting"),
    ]:
        status, view = await office.post(f"{base}/{action}", token=office.front())
        assert (status, view["state"]) == (200, state)
    status, problem = await office.post(f"{base}/missed", token=office.front())
    assert (status, problem["code"]) == (409, "not_possible_at_counter")
    await office.post(f"{BASE}/calls", {"booth": "3"}, office.front())
    assert (await office.post(f"{base}/recall", token=office.front()))[1]["calls"] == 3
    assert (await office.post(f"{base}/missed", token=office.front()))[1]["state"] == "missed"
    await office.post(f"{base}/resume", token=office.front())
    await office.post(f"{BASE}/calls", {"booth": "3"}, office.front())
    assert (await office.post(f"{base}/served", token=office.front()))[1]["state"] == "served"
    _, view = await office.get(path, office.ani())
    assert (view["state"], view["ahead"]) == ("served", None)


async def test_the_wait_of_who_is_not_here(office: Office) -> None:
    paid = await office.paid()
    _, view = await office.get(f"/v1/appointments/{paid.id}/waiting", office.ani())
    assert (view["state"], view["office_waiting"], view["queue_number"]) == ("not_here", 0, None)


async def test_the_display_is_public_and_streams_what_changes(office: Office) -> None:
    record = await arrived(office)
    status, shown = await office.get(f"{BASE}/display")
    assert (status, shown["called"], shown["waiting"]) == (200, [], 1)
    assert (await office.get("/v1/offices/nowhere/display/events"))[0] == 404
    async with office.client.get(f"{BASE}/display/events") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert await stream.content.readuntil(b"\n\n") == b"retry: 3000\n\n"
        first = await stream.content.readuntil(b"\n\n")
        assert b'"called":[]' in first
        await office.post(f"{BASE}/calls", {"booth": "7"}, office.front())
        reading = asyncio.ensure_future(stream.content.readuntil(b"\n\n"))
        for _ in range(1000):
            office.world.clock.advance(1)
            await asyncio.sleep(0)
            if reading.done():
                break
        second = await reading
        assert record.state.seat.queue_number.encode() in second and b'"booth":"7"' in second
    event_id = second.split(b"id: ")[1].split(b"\n")[0].decode()
    headers = {"Last-Event-ID": event_id}
    async with office.client.get(f"{BASE}/display/events", headers=headers) as stream:
        assert await stream.content.readuntil(b"\n\n") == b"retry: 3000\n\n"
        await office.post(f"{BASE}/calls/{record.id}/recall", token=office.front())
        reading = asyncio.ensure_future(stream.content.readuntil(b"\n\n"))
        for _ in range(1000):
            office.world.clock.advance(1)
            await asyncio.sleep(0)
            if reading.done():
                break
        assert b'"calls":2' in await reading, "what was seen before does not come again"


@pytest.mark.acceptance("F21.reason_or_refused")
async def test_a_walk_in_needs_a_reason_and_evidence(office: Office) -> None:
    path = f"{BASE}/walk-ins"
    for wrong in ({}, {"reason": "because"}, {"reason": ""}):
        assert (await office.post(path, wrong, office.front()))[0] == 422
    status, problem = await office.post(path, {"reason": "verification_unavailable"}, office.front())
    assert (status, problem["code"]) == (422, "evidence_needed")
    body = {"reason": "verification_unavailable", "evidence": "KTP lama no. 7"}
    assert (await office.post(path, body, office.ani()))[0] == 403
    status, problem = await office.post(path, body, office.front())
    assert (status, problem["code"]) == (409, "no_walk_in_seat")


@pytest.mark.acceptance("X6.check_in_on_proof")
async def test_proof_of_payment_lets_somebody_in(office: Office) -> None:
    held = await office.world.hold()
    await office.world.hear(office.world.requested(held))
    office.world.clock.set(held.state.seat.starts_at)
    body = {"application_id": "application-ani"}
    assert (await office.post("/v1/check-ins", body, office.front()))[1]["code"] == "not_paid_yet"
    assert (await office.post("/v1/check-ins", body | {"ntpn": "short"}, office.front()))[0] == 422
    status, view = await office.post("/v1/check-ins", body | {"ntpn": "0A1B2C3D4E5F6G7H"}, office.front())
    assert (status, view["state"]) == (200, "on_proof")


async def test_papers(office: Office) -> None:
    await office.paid()
    status, problem = await office.get(f"{BASE}/same-day", office.front(), date=TUESDAY.isoformat())
    assert (status, problem["code"]) == (409, "same_day_list_not_ready")
    office.world.clock.set(START + timedelta(days=1, hours=3))
    status, listed = await office.get(f"{BASE}/same-day", office.front())
    assert (status, listed["visits"], listed["date"]) == (200, [], TUESDAY.isoformat())
    status, sheet = await office.get(f"{BASE}/day-sheets/{TUESDAY}", office.front())
    assert (status, len(sheet["visits"])) == (200, 1)
    assert sheet["signed"].startswith("PSD1.")
    headers = {"Authorization": f"Bearer {office.front()}"}
    async with office.client.get(f"{BASE}/day-sheets/{TUESDAY}/paper", headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
        assert (await answer.read()).startswith(b"%PDF-")
    assert (await office.get(f"{BASE}/day-sheets/tomorrow", office.front()))[0] == 422
    assert (await office.get(f"{BASE}/day-sheets/{TUESDAY}", office.front(NORTH.office_id)))[0] == 403
    status, revoked = await office.get("/v1/queue-code-revocations")
    assert (status, revoked["entries"], revoked["signed"][:5]) == (200, 0, "PSR1.")


@pytest.mark.acceptance("F9.import_as_file")
async def test_importing_an_offline_day(office: Office) -> None:
    paid = await office.paid()
    office.world.clock.set(paid.state.seat.starts_at)
    line = {"line_id": "1", "kind": "booked", "arrived_at": "2026-11-24T01:05:00Z", "appointment_id": paid.id}
    wrong = [
        line | {"number": "A-001"},
        line | {"reason": "outage"},
        {"line_id": "1", "kind": "counter", "arrived_at": "2026-11-24T01:05:00Z"},
        line | {"arrived_at": "yesterday"},
    ]
    path = f"{BASE}/offline-visits"
    for each in wrong:
        assert (await office.post(path, {"date": TUESDAY.isoformat(), "lines": [each]}, office.front()))[0] == 422
    assert (await office.post(path, {"date": TUESDAY.isoformat(), "lines": []}, office.front()))[0] == 422
    counter = {"line_id": "2", "kind": "counter", "arrived_at": "2026-11-24T01:06:00Z", "reason": "outage"}
    status, done = await office.post(path, {"date": TUESDAY.isoformat(), "lines": [line, counter]}, office.front())
    assert (status, [each["outcome"] for each in done["lines"]]) == (200, ["recorded", "over_quota"])
    assert (done["offline_seats"], done["offline_used"]) == (0, 0)
    assert (await office.world.appointment(paid.id)).state.status is Status.CHECKED_IN
    ahead = {"date": WEDNESDAY.isoformat(), "lines": [counter]}
    assert (await office.post(path, ahead, office.front()))[1]["code"] == "offline_day_ahead"
