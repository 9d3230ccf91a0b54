"""Reads by staff over HTTP and all five services: why they read, what the person sees, and what a thief has read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from services.identity.data_reads.repository import READ_ENTRY, READING_ALERT
from services.identity.rules import ReadingRules
from shared.audit import AUDIT
from shared.events.codes import ReadReason
from shared.http.reading import Reading
from shared.tokens import Role
from tests.assembled import OFFICE, OTHER_OFFICE, Suite
from tests.unit.identity.world import BUDI
from tests.walking import PHONE, Caller, Citizen, Officer, Reply

MINE: Final = "/v1/account/data-reads"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Services are served on loopback."""


@dataclass
class Counter:
    """A citizen with a paid visit, and the staff of two offices."""

    suite: Suite
    citizen: Citizen
    stack: AsyncExitStack

    async def officer(self, role: Role = Role.FRONT_OFFICER, office_id: str = OFFICE, name: str = "") -> Caller:
        """A member of staff; by name one of several in the same role."""
        token = self.suite.token(role, name, office_id=office_id)
        return await self.stack.enter_async_context(Caller(self.suite, token))

    async def seen_by_the_person(self) -> list[Any]:
        """What the person is shown, the newest first."""
        found: list[Any] = (await self.citizen.done("identity", "GET", MINE))["data_reads"]
        return found


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    suite = Suite()
    await suite.start()
    async with suite.served(), AsyncExitStack() as stack:
        citizen = await stack.enter_async_context(Citizen(suite))
        await citizen.until_paid()
        await suite.later(61)
        yield Counter(suite, citizen, stack)
    assert suite.troubles == []


async def on_the_day(counter: Counter) -> None:
    """The morning of the visit."""
    seat = await counter.citizen.appointment()
    counter.suite.clock.set(datetime.fromisoformat(seat["starts_at"]) - timedelta(hours=1))
    await counter.suite.settle()


def needs_reason(reply: Reply) -> None:
    assert (reply.status, reply["code"]) == (422, "read_reason_needed"), reply.raw
    assert {each["code"] for each in reply["reasons"]} == set(ReadReason)
    assert all(each["en"] and each["id"] for each in reply["reasons"])
    assert reply["next_action"] and reply["next_call"]["method"]


# The reason


async def test_before_the_day_of_the_visit_an_officer_states_why_they_read(counter: Counter) -> None:
    officer, path = await counter.officer(), counter.citizen.application
    needs_reason(await officer.call("application", "GET", path))
    needs_reason(await officer.call("application", "GET", f"{path}/documents/{await a_document(counter)}/content"))
    unknown = await officer.call("application", "GET", f"{path}?reason=curiosity")
    assert (unknown.status, unknown["code"]) == (422, "malformed")
    assert await counter.seen_by_the_person() == []
    assert (await officer.done("application", "GET", f"{path}?reason=document_check"))["state"] == "submitted"
    assert [each["reason"] for each in await counter.seen_by_the_person()] == ["document_check"]


async def a_document(counter: Counter) -> str:
    return str((await counter.citizen.view())["documents"][0]["document_id"])


async def test_on_the_day_of_the_visit_the_own_office_needs_no_reason(counter: Counter) -> None:
    await on_the_day(counter)
    officer, path = await counter.officer(), counter.citizen.application
    assert (await officer.done("application", "GET", path)).status == 200
    counter.suite.clock.advance(86400)
    needs_reason(await officer.call("application", "GET", path))
    (read,) = await counter.seen_by_the_person()
    assert (read["reason"], read["why"]) == (None, "It was part of handling your matter that day.")


async def test_twin_without_the_rule_any_day_is_the_day_of_the_visit(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reading, "is_at_hand", True)
    officer = await counter.officer()
    assert (await officer.call("application", "GET", counter.citizen.application)).status == 200


async def test_a_person_is_looked_up_and_searched_for_with_a_reason(counter: Counter) -> None:
    officer = await counter.officer(office_id=OTHER_OFFICE)
    lookup = {"nik": BUDI.nik}
    needs_reason(await officer.call("identity", "POST", "/v1/persons/lookup", lookup))
    unknown = await officer.call("identity", "POST", "/v1/persons/lookup", {"nik": "3174011203880099"})
    needs_reason(unknown)  # without a reason a NIK that is known looks like one that is not
    asked = lookup | {"reason": "person_at_counter"}
    person = await officer.done("identity", "POST", "/v1/persons/lookup", asked)
    search = {"person_id": person["person_id"]}
    needs_reason(await officer.call("application", "POST", "/v1/application-searches", search))
    asked = search | {"reason": "person_at_counter"}
    await officer.done("application", "POST", "/v1/application-searches", asked)
    seen = [(each["kind"], each["office_id"]) for each in await counter.seen_by_the_person()]
    assert seen == [("application", OTHER_OFFICE), ("nik", OTHER_OFFICE)]
    nothing = {"person_id": "0190c2f4-7c1e-7000-8000-000000000001"}
    assert (await officer.done("application", "POST", "/v1/application-searches", nothing))["applications"] == []


async def test_a_refund_is_read_for_the_step_by_those_whose_step_it_is(counter: Counter) -> None:
    citizen = counter.citizen
    wish = {"bill_id": (await citizen.view())["bill"]["bill_id"], "reason": "force_majeure", "note": "banjir"}
    case = (await citizen.done("billing", "POST", "/v1/refunds", wish)).body
    path, treasurer = f"/v1/refunds/{case['refund_id']}", await counter.officer(Role.TREASURER)
    assert (await treasurer.done("billing", "GET", path))["state"] == "requested"
    assert len((await treasurer.done("billing", "GET", "/v1/refunds"))["refunds"]) == 1
    counter.suite.clock.advance(1)
    await citizen.done("billing", "POST", f"{path}/withdrawal")
    needs_reason(await treasurer.call("billing", "GET", path))
    needs_reason(await treasurer.call("billing", "GET", "/v1/refunds?state=withdrawn"))
    assert (await treasurer.done("billing", "GET", f"{path}?reason=complaint")).status == 200
    assert {(each["kind"], each["role"]) for each in await counter.seen_by_the_person()} == {
        ("bank_account", "treasurer")
    }
    assert [each["reason"] for each in await counter.seen_by_the_person()] == ["complaint", None, None]


async def test_flags_that_were_judged_are_read_with_a_reason(counter: Counter) -> None:
    head, path = await counter.officer(Role.OFFICE_ADMIN), f"/v1/offices/{OFFICE}/flags"
    assert (await head.done("scheduling", "GET", path)).status == 200
    needs_reason(await head.call("scheduling", "GET", f"{path}?state=harmless"))
    assert (await head.done("scheduling", "GET", f"{path}?state=harmless&reason=supervision")).status == 200
    assert (await head.done("scheduling", "GET", f"/v1/offices/{OFFICE}/special-requests")).status == 200


# What the person sees


async def test_the_person_sees_role_office_time_kind_and_reason_and_no_officer(counter: Counter) -> None:
    officer = await counter.officer(name="0190c2f4-7c1e-7000-8000-0000000000aa")
    read_at = counter.suite.clock.now()
    await officer.done("application", "GET", f"{counter.citizen.application}?reason=complaint")
    reply = await counter.citizen.done("identity", "GET", MINE)
    (read,) = reply["data_reads"]
    assert abs(datetime.fromisoformat(read.pop("read_at")) - read_at) < timedelta(minutes=1)
    assert read == {
        "role": "front_officer",
        "office_id": OFFICE,
        "kind": "application",
        "what": "Your application",
        "what_in_indonesian": "Permohonan Anda",
        "what_id": "Permohonan Anda",
        "during_assistance": False,
        "reason": "complaint",
        "why": "A complaint is dealt with.",
        "why_in_indonesian": "Pengaduan sedang ditangani.",
        "why_id": "Pengaduan sedang ditangani.",
    }
    assert b"0000000000aa" not in reply.raw
    known = {"If-None-Match": next(value for name, value in reply.headers.items() if name.lower() == "etag")}
    held = await counter.citizen.call("identity", "GET", MINE, headers=known)
    assert (held.status, held.raw) == (304, b"")
    await officer.done("application", "GET", f"{counter.citizen.application}?reason=supervision")
    fresh = await counter.citizen.call("identity", "GET", MINE, headers=known)
    assert (fresh.status, len(fresh["data_reads"])) == (200, 2)


async def test_what_the_answer_of_an_act_shows_is_a_read_too(counter: Counter) -> None:
    """A thief with a token who acts instead of reading is found as well."""
    await on_the_day(counter)
    officer = await counter.officer()
    await officer.done("application", "POST", f"{counter.citizen.application}/letter")
    (read,) = await counter.seen_by_the_person()
    assert (read["kind"], read["role"], read["reason"]) == ("application", "front_officer", None)


async def test_a_made_up_assistance_is_no_ground_of_a_read(counter: Counter) -> None:
    await on_the_day(counter)
    officer = await counter.officer()
    await officer.done("application", "GET", f"{counter.citizen.application}?assistance=made-up")
    assert [each["during_assistance"] for each in await counter.seen_by_the_person()] == [False]
    store = counter.suite.services["application"].store
    reasons = [record.state.reason async for record in store.scan(AUDIT) if record.state.act == "read_application"]
    assert reasons == ["step_visit"]


async def test_nobody_else_sees_the_reads_of_a_person(counter: Counter) -> None:
    officer = await counter.officer()
    await officer.done("application", "GET", f"{counter.citizen.application}?reason=complaint")
    async with Citizen(counter.suite) as other:
        await other.register("orang.lain@example.org")
        assert (await other.done("identity", "GET", MINE))["data_reads"] == []
        store = counter.suite.services["identity"].store
        (entry,) = [record async for record in store.scan(READ_ENTRY)]
        assert (await other.call("identity", "GET", f"{MINE}?after={entry.id}")).status == 404
    assert (await officer.call("identity", "GET", MINE)).status == 403


async def test_reads_are_paged_from_the_newest_to_the_oldest_each_once(counter: Counter) -> None:
    officer = await counter.officer()
    for reason in ("complaint", "supervision", "correction", "fraud_review", "system_fault"):
        await officer.done("application", "GET", f"{counter.citizen.application}?reason={reason}")
        counter.suite.clock.advance(1)
    found, after = list[str](), ""
    while True:
        page = await counter.citizen.done("identity", "GET", f"{MINE}?limit=2{after}")
        found += [each["reason"] for each in page["data_reads"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == ["system_fault", "fraud_review", "correction", "supervision", "complaint"]


async def test_reads_during_an_assistance_are_shown_as_such(counter: Counter) -> None:
    suite, citizen = counter.suite, counter.citizen
    await citizen.add_phone(PHONE)
    staff = suite.services["identity"].parts.service.staff
    staff_id = await staff.hire("own.officer", "a long demo password", Role.FRONT_OFFICER, OFFICE)
    officer = await counter.officer(name=staff_id)
    asked = await officer.done("identity", "POST", "/v1/assistances", {"identifier": PHONE})
    code = {"code": suite.agencies.newest_code(by_sms=True)}
    live = await officer.done("identity", "POST", f"/v1/assistances/{asked['assistance_id']}/code", code)
    query = f"on_behalf_of={live['account_id']}&assistance={live['assistance_id']}"
    await officer.done("application", "GET", f"/v1/applications?{query}")
    assert (await officer.done("application", "GET", f"{citizen.application}/letter?{query}")).status == 200
    seen = [(each["kind"], each["during_assistance"], each["why"]) for each in await counter.seen_by_the_person()]
    assert seen == [
        ("letter", True, "You agreed to be assisted."),
        ("application", True, "You agreed to be assisted."),
    ]


# Holds


async def hold(counter: Counter, until: datetime) -> tuple[Caller, Caller, Any]:
    """A hold that one operator proposed, and the two operators."""
    first = await counter.officer(Role.OPERATOR, name="operator-1")
    second = await counter.officer(Role.OPERATOR, name="operator-2")
    wish = {
        "account_id": counter.citizen.account_id,
        "reason": "law_enforcement",
        "until": until.isoformat(),
    }
    return first, second, (await first.done("identity", "POST", "/v1/data-read-holds", wish)).body


async def read_for(counter: Counter, *reasons: str) -> None:
    officer = await counter.officer()
    for reason in reasons:
        await officer.done("application", "GET", f"{counter.citizen.application}?reason={reason}")
        counter.suite.clock.advance(1)


async def shown(counter: Counter) -> list[str]:
    return [each["reason"] for each in await counter.seen_by_the_person()]


async def test_a_hold_of_two_operators_hides_reads_for_an_investigation_until_its_date(counter: Counter) -> None:
    await read_for(counter, "complaint", "investigation")
    assert await shown(counter) == ["investigation", "complaint"]  # without a hold everything is shown
    until = counter.suite.clock.now() + timedelta(days=30)
    first, second, held = await hold(counter, until)
    assert await shown(counter) == ["investigation", "complaint"]
    decision = f"/v1/data-read-holds/{held['hold_id']}/decision"
    alone = await first.call("identity", "POST", decision, {"approved": True})
    assert (alone.status, alone["code"]) == (403, "second_operator_needed")
    for _ in range(2):  # again is no error
        agreed = await second.done("identity", "POST", decision, {"approved": True})
        assert (agreed["state"], agreed["decided_by"]) == ("in_force", "operator-2")
    assert await shown(counter) == ["complaint"]
    await read_for(counter, "investigation", "supervision")
    assert await shown(counter) == ["supervision", "complaint"]
    counter.suite.clock.set(until - timedelta(milliseconds=1))
    assert await shown(counter) == ["supervision", "complaint"]
    counter.suite.clock.set(until)
    assert await shown(counter) == ["supervision", "investigation", "investigation", "complaint"]


async def test_a_page_is_full_although_a_hold_hides_reads_in_between(counter: Counter) -> None:
    await read_for(counter, "complaint", "investigation", "investigation", "investigation", "supervision")
    _, second, held = await hold(counter, counter.suite.clock.now() + timedelta(days=1))
    await second.done("identity", "POST", f"/v1/data-read-holds/{held['hold_id']}/decision", {"approved": True})
    page = await counter.citizen.done("identity", "GET", f"{MINE}?limit=2")
    assert [each["reason"] for each in page["data_reads"]] == ["supervision", "complaint"]
    assert page["next"] is None


async def test_a_hold_that_was_refused_or_lifted_hides_nothing(counter: Counter) -> None:
    await read_for(counter, "investigation")
    first, second, held = await hold(counter, counter.suite.clock.now() + timedelta(days=1))
    path = f"/v1/data-read-holds/{held['hold_id']}"
    early = await second.call("identity", "POST", f"{path}/end")
    assert (early.status, early["code"]) == (409, "reading_hold_decided")
    assert (await second.done("identity", "POST", f"{path}/decision", {"approved": False}))["state"] == "refused"
    late = await second.call("identity", "POST", f"{path}/decision", {"approved": True})
    assert (late.status, late["code"], late["state"]) == (409, "reading_hold_decided", "refused")
    assert await shown(counter) == ["investigation"]
    first, second, held = await hold(counter, counter.suite.clock.now() + timedelta(days=1))
    path = f"/v1/data-read-holds/{held['hold_id']}"
    await second.done("identity", "POST", f"{path}/decision", {"approved": True})
    assert await shown(counter) == []
    for _ in range(2):
        assert (await first.done("identity", "POST", f"{path}/end"))["state"] == "lifted"
    assert await shown(counter) == ["investigation"]
    listed = (await first.done("identity", "GET", "/v1/data-read-holds"))["holds"]
    assert sorted(each["state"] for each in listed) == ["lifted", "refused"]


async def test_a_hold_lasts_ninety_days_at_most_and_is_on_an_account_that_exists(counter: Counter) -> None:
    now = counter.suite.clock.now()
    operator = await counter.officer(Role.OPERATOR)
    wish = {"account_id": counter.citizen.account_id, "reason": "court_order"}
    for until in (now - timedelta(seconds=1), now + timedelta(days=90, minutes=1)):
        body = wish | {"until": until.isoformat()}
        refused = await operator.call("identity", "POST", "/v1/data-read-holds", body)
        assert (refused.status, refused["code"], refused["most_days"]) == (422, "reading_hold_too_long", 90)
    body = wish | {"until": (now + timedelta(days=90)).isoformat()}
    first = await operator.done("identity", "POST", "/v1/data-read-holds", body, key="the-same-key")
    again = await operator.done("identity", "POST", "/v1/data-read-holds", body, key="the-same-key")
    assert first["hold_id"] == again["hold_id"]
    body["account_id"] = "0190c2f4-7c1e-7000-8000-000000000001"
    assert (await operator.call("identity", "POST", "/v1/data-read-holds", body)).status == 404
    assert (await operator.call("identity", "POST", "/v1/data-read-holds/unknown/decision", {"approved": True}))[
        "code"
    ] == "reading_hold_unknown"
    head = await counter.officer(Role.OFFICE_ADMIN)
    assert (await head.call("identity", "GET", "/v1/data-read-holds")).status == 403


# A stolen token


@pytest.mark.acceptance("Y24.breach_register")
async def test_a_stolen_officer_token_the_query_names_the_persons_whose_data_it_read(counter: Counter) -> None:
    suite, citizen = counter.suite, counter.citizen
    async with Citizen(suite) as spared:
        await spared.register("orang.lain@example.org")
        thief = await counter.officer(name="stolen-officer")
        honest = await counter.officer(name="honest-officer")
        begun_at = suite.clock.now()
        await honest.done("application", "GET", f"{citizen.application}?reason=complaint")
        suite.clock.advance(60)
        await thief.done("application", "GET", f"{citizen.application}?reason=applicant_asked")
        suite.clock.advance(60)
        first = await counter.officer(Role.OPERATOR, name="operator-1")
        second = await counter.officer(Role.OPERATOR, name="operator-2")
        found_at = suite.clock.now()
        entry = {
            "cause": "stolen_access",
            "kinds": ["application"],
            "measures": ["access_withdrawn", "police_told"],
            "found_at": found_at.isoformat(),
            "begun_at": begun_at.isoformat(),
            "ended_at": found_at.isoformat(),
            "estimated_persons": 10,
            "words": "Token petugas dicuri di warung.",
        }
        path = f"/v1/breaches/{(await first.done('identity', 'POST', '/v1/breaches', entry))['entry']['breach_id']}"
        scope = {
            "since": begun_at.isoformat(),
            "until": found_at.isoformat(),
            "reader_ids": ["stolen-officer"],
        }
        await first.done("identity", "POST", f"{path}/searches", scope)
        view = (await first.done("identity", "GET", path)).body
        assert (view["search"]["persons"], view["entry"]["found_persons"]) == (1, 1)
        persons = await first.done("identity", "GET", f"{path}/persons")
        assert (persons["account_ids"], persons["next"]) == ([citizen.account_id], None)
        notices = (await second.done("identity", "GET", f"{path}/notices")).body
        mails = len(suite.agencies.mailer.taken)
        await first.done("identity", "POST", f"{path}/proposals", {"step": "notices"})
        alone = await first.call("identity", "POST", f"{path}/decision", {"approved": True})
        assert (alone.status, alone["code"]) == (403, "second_operator_needed")
        assert len(suite.agencies.mailer.taken) == mails
        await second.done("identity", "POST", f"{path}/decision", {"approved": True})
        (mail,) = suite.agencies.mailer.taken[mails:]
        assert (mail.to, mail.subject) == ("warga.contoh@example.org", "Pemberitahuan tentang data pribadi Anda")
        for line in notices["to_person_id"].splitlines():
            assert line in mail.body
        assert "Token petugas" not in mail.body
        told = (await first.done("identity", "GET", path)).body
        assert told["entry"]["state"] == "notified" and told["entry"]["persons_told_at"]


async def test_a_reader_of_many_persons_is_alerted_once_an_hour(counter: Counter) -> None:
    """The way from a read over HTTP to the alert; the edge of the limit stands beside the rule."""
    suite = counter.suite
    suite.services["identity"].parts.service.data_reads._rules = ReadingRules(persons_per_hour=0)
    thief = await counter.officer(name="stolen-officer")
    for _ in range(3):
        await thief.done("application", "GET", f"{counter.citizen.application}?reason=complaint")
    alerts = [record.state async for record in suite.services["identity"].store.scan(READING_ALERT)]
    assert [(each.reader_id, each.unusual, each.persons) for each in alerts] == [("stolen-officer", "many_persons", 1)]


async def test_staff_of_the_office_itself_is_no_stranger(counter: Counter) -> None:
    async with Officer(counter.suite, Role.INTERVIEWER, OTHER_OFFICE) as far:
        refused = await far.call("application", "GET", f"{counter.citizen.application}?reason=complaint")
        assert (refused.status, refused["code"]) == (403, "not_your_office")
    assert await counter.seen_by_the_person() == []  # nothing was shown to them
