"""Assistance over HTTP and all five services: nobody acts or reads for somebody else without their consent.

Each refusal has a twin that takes the guard away and shows what it keeps out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from services.identity.assistances.repository import AssistanceRepository
from services.identity.assistances.service import Assistances as Consents
from shared.assistance import ASSISTANCE_COPY, Assistance, AssistanceCopy, Assistances
from shared.audit import AUDIT, Audit, AuditLine
from shared.store.port import StoreUnavailable
from shared.tokens import Role
from tests.assembled import OFFICE, OTHER_OFFICE, Suite
from tests.unit.identity.world import BUDI, STAFF_PASSWORD, nobody
from tests.walking import ANSWERS, PHONE, Caller, Citizen, Reply

HOURS: Final = 4 * 3600
BY_SMS: Final = "081200000678"


@dataclass
class Counter:
    """A paid citizen with a proven telephone, officers of two offices, and the suite behind them."""

    suite: Suite
    citizen: Citizen
    stack: AsyncExitStack
    officers: dict[str, str] = field(default_factory=dict)

    async def officer(self, name: str, role: Role = Role.FRONT_OFFICER, office_id: str = OFFICE) -> Caller:
        """A member of staff whom identity knows, signed in for a year."""
        staff_id = await self.suite.services["identity"].parts.service.staff.hire(name, STAFF_PASSWORD, role, office_id)
        token = self.suite.token(role, staff_id, office_id=office_id)
        return await self.stack.enter_async_context(Caller(self.suite, token))

    async def ask(self, officer: Caller, identifier: str = BY_SMS) -> Reply:
        """A code is sent to the person."""
        return await officer.done("identity", "POST", "/v1/assistances", {"identifier": identifier})

    async def consent(self, officer: Caller, identifier: str = BY_SMS) -> str:
        """The person tells the code; the query with which the officer acts."""
        asked = await self.ask(officer, identifier)
        code = self.suite.agencies.newest_code(by_sms="@" not in identifier)
        path = f"/v1/assistances/{asked['assistance_id']}/code"
        live = await officer.done("identity", "POST", path, {"code": code})
        assert live["state"] == "live"
        return f"on_behalf_of={live['account_id']}&assistance={live['assistance_id']}"

    async def see(self, officer: Caller, query: str = "", what: str = "") -> Reply:
        """What the officer gets of the citizen's application."""
        return await officer.call("application", "GET", f"{self.citizen.application}{what}?{query}")

    async def lines(self, service: str = "application", act: str = "") -> list[AuditLine]:
        """The audit of a service, oldest first; of one act if it is named."""
        store = self.suite.services[service].store
        found = [record.state async for record in store.scan(AUDIT)]
        return sorted((each for each in found if act in ("", each.act)), key=lambda each: each.at)


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    suite = Suite()
    await suite.start()
    async with suite.served(), AsyncExitStack() as stack:
        citizen = await stack.enter_async_context(Citizen(suite))
        await citizen.register()
        await citizen.add_phone(PHONE)
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        await citizen.pay()
        await suite.later(61)
        yield Counter(suite, citizen, stack)
    assert suite.troubles == []


def refused(reply: Reply, status: int, code: str) -> Any:
    assert (reply.status, reply["code"]) == (status, code), reply.raw
    assert reply["next_action"]
    return reply.body


def assume_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: whoever names an account is believed to have its consent, as it was before."""

    async def require(_book: Any, caller: Any, account_id: str, _assistance_id: str | None) -> Assistance:
        return Assistance("assumed", AssistanceCopy(account_id, caller.account_id, caller.office_id or ""))

    monkeypatch.setattr(Assistances, "require", require)


# Without consent


async def test_nobody_reads_or_withdraws_for_another_without_consent(counter: Counter) -> None:
    stranger = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    own = await counter.officer("own.officer")
    query = f"on_behalf_of={counter.citizen.account_id}"
    for officer in (stranger, own):
        for what in ("", "/letter"):
            problem = refused(await counter.see(officer, query, what), 403, "assistance_needed")
            assert problem["door"] == "/v1/assistances"
        path = f"{counter.citizen.application}/withdrawal?{query}"
        refused(await officer.call("application", "POST", path), 403, "assistance_needed")
        refused(await officer.call("application", "GET", f"/v1/applications?{query}"), 403, "assistance_needed")
    assert (await counter.citizen.view())["state"] == "submitted"


async def test_twin_without_the_guard_any_office_withdraws_anybodys(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assume_consent(monkeypatch)
    stranger = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    query = f"on_behalf_of={counter.citizen.account_id}"
    assert (await counter.see(stranger, query)).status == 200
    done = await stranger.call("application", "POST", f"{counter.citizen.application}/withdrawal?{query}")
    assert (done.status, done["state"]) == (200, "withdrawn")


async def test_the_office_itself_does_not_do_what_is_the_persons_own(counter: Counter) -> None:
    """The office's work on the day gives no right to withdraw, to answer, to submit, to upload or to the letter."""
    own, path = await counter.officer("own.officer"), counter.citizen.application
    assert (await counter.see(own, "reason=applicant_asked")).status == 200
    refused(await own.call("application", "POST", f"{path}/withdrawal"), 403, "assistance_needed")
    refused(await own.call("application", "PUT", f"{path}/questionnaire", ANSWERS), 403, "assistance_needed")
    submission = {"confirmed_not_refundable": True}
    refused(await own.call("application", "POST", f"{path}/submission", submission), 403, "assistance_needed")
    upload = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": 1000}
    refused(await own.call("application", "POST", f"{path}/documents", upload), 403, "assistance_needed")
    refused(await counter.see(own, what="/letter"), 403, "assistance_needed")


async def test_a_made_up_assistance_is_of_no_use(counter: Counter) -> None:
    own = await counter.officer("own.officer")
    query = f"on_behalf_of={counter.citizen.account_id}&assistance=0190c2f4-7c1e-7000-8000-000000000001"
    refused(await counter.see(own, query), 409, "not_known_yet")


async def test_only_front_officers_begin_and_use_an_assistance(counter: Counter) -> None:
    head = await counter.officer("head", Role.OFFICE_ADMIN)
    refused(await head.call("identity", "POST", "/v1/assistances", {"identifier": BY_SMS}), 403, "not_allowed")
    hold = {"application_id": counter.citizen.application_id, "session_id": "s"}
    refused(await head.call("scheduling", "POST", "/v1/appointments", hold), 403, "not_allowed")
    own = await counter.officer("own.officer")
    refused(await own.call("scheduling", "POST", "/v1/appointments", hold), 403, "assistance_needed")


# With the code


@pytest.mark.acceptance("F3.officer_letter")
async def test_with_the_code_that_the_person_tells_the_officer_acts_for_them(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    seen = await counter.see(officer, query)
    assert seen.status == 200
    assert seen["appointment"]["queue_code"] is None, "the code of the letter is the visitor's own"
    letter = await counter.see(officer, query, "/letter")
    assert letter.raw.startswith(b"%PDF")
    assert len((await officer.done("application", "GET", f"/v1/applications?{query}"))["applications"]) == 1
    done = await officer.done("application", "POST", f"{counter.citizen.application}/withdrawal?{query}")
    assert done["state"] == "withdrawn"
    acts = {each.reason for each in await counter.lines(act="withdraw")}
    assert acts == {f"assistance:{query.rsplit('=', 1)[1]}"}


async def test_the_code_goes_to_the_person_and_names_the_office_and_they_are_told(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    asked = await counter.ask(officer)
    assert BY_SMS[-6:] not in asked.raw.decode()
    sms = counter.suite.agencies.sms.taken[-1].text
    assert OFFICE in sms and "loket" in sms
    code = counter.suite.agencies.newest_code(by_sms=True)
    await officer.done("identity", "POST", f"/v1/assistances/{asked['assistance_id']}/code", {"code": code})
    told = [counter.suite.agencies.mailer.taken[-1].body, counter.suite.agencies.sms.taken[-1].text]
    assert all(OFFICE in each and "dapat bertindak" in each for each in told), told


async def test_a_wrong_code_begins_nothing_and_the_tries_are_counted(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    asked = await counter.ask(officer)
    path, right = f"/v1/assistances/{asked['assistance_id']}/code", counter.suite.agencies.newest_code(by_sms=True)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for left in (4, 3, 2, 1, 0):
        assert (
            refused(await officer.call("identity", "POST", path, {"code": wrong}), 422, "code_wrong")["tries_left"]
            == left
        )
    refused(await officer.call("identity", "POST", path, {"code": right}), 429, "too_many_tries")


async def test_a_code_of_consent_signs_nobody_in_and_a_sign_in_code_is_no_consent(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    asked = await counter.ask(officer)
    code = counter.suite.agencies.newest_code(by_sms=True)
    record = await AssistanceRepository(counter.suite.services["identity"].parts.service.context).assistance(
        asked["assistance_id"]
    )
    async with Caller(counter.suite) as anybody:
        path = f"/v1/challenges/{record.state.challenge_id}"
        refused(
            await anybody.call("identity", "POST", f"{path}/verification", {"code": code}), 404, "challenge_not_found"
        )
        refused(await anybody.call("identity", "GET", path), 404, "challenge_not_found")
        refused(await anybody.call("identity", "POST", f"{path}/resend"), 404, "challenge_not_found")
        await anybody.done("identity", "POST", "/v1/logins", {"identifier": BY_SMS})
    sign_in = counter.suite.agencies.newest_code(by_sms=True)
    path = f"/v1/assistances/{asked['assistance_id']}/code"
    if sign_in != code:
        refused(await officer.call("identity", "POST", path, {"code": sign_in}), 422, "code_wrong")


async def test_only_the_code_that_this_officer_asked_for_counts(counter: Counter) -> None:
    """A second officer's code comes to the same telephone: telling it to the first one begins nothing."""
    first = await counter.officer("own.officer")
    asked = await counter.ask(first)
    await counter.suite.later(61)
    second = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    await counter.ask(second)
    code = counter.suite.agencies.newest_code(by_sms=True)
    path = f"/v1/assistances/{asked['assistance_id']}/code"
    refused(await first.call("identity", "POST", path, {"code": code}), 409, "code_superseded")
    refused(await second.call("identity", "POST", path, {"code": code}), 404, "assistance_unknown")


async def test_an_address_without_an_account_looks_the_same_until_its_holder_tells_the_code(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    known, unknown = await counter.ask(officer), await counter.ask(officer, "081200000999")
    assert known.status == unknown.status == 202
    assert {name for name, each in known.body.items() if each is None} == {
        name for name, each in unknown.body.items() if each is None
    }
    code = counter.suite.agencies.newest_code(by_sms=True)
    path = f"/v1/assistances/{unknown['assistance_id']}/code"
    refused(await officer.call("identity", "POST", path, {"code": code}), 409, "address_has_no_account")


# Its bounds


@pytest.mark.parametrize(("seconds", "status"), [(HOURS - 2, 200), (HOURS, 403)])
async def test_it_ends_by_itself(counter: Counter, seconds: int, status: int) -> None:
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    record = await counter.suite.services["application"].store.get(ASSISTANCE_COPY, query.rsplit("=", 1)[1])
    counter.suite.clock.set(record.state.expires_at - timedelta(seconds=HOURS - seconds))
    reply = await counter.see(officer, query)
    assert reply.status == status
    if status == 403:
        assert reply["code"] == "assistance_over"
        await counter.suite.settle()
        view = await officer.done("identity", "GET", f"/v1/assistances/{query.rsplit('=', 1)[1]}")
        assert (view["state"], view["ended_for"], view["applicant_ids"]) == ("ended", "expired", [])


async def test_twin_without_its_time_it_never_ends(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    store, now = counter.suite.services["application"].store, counter.suite.clock.now()
    record = await store.get(ASSISTANCE_COPY, query.rsplit("=", 1)[1])
    endless = replace(record.state, expires_at=now + timedelta(days=3650), forget_at=None)
    await store.save(ASSISTANCE_COPY, record, endless, now=now)
    counter.suite.clock.advance(30 * HOURS)
    assert (await counter.see(officer, query)).status == 200


async def test_it_is_of_no_use_to_another_officer_office_or_account(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    colleague = await counter.officer("colleague")
    far = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    staff_id = (await officer.done("identity", "GET", "/v1/assistances"))["assistances"][0]["officer_id"]
    moved_token = counter.suite.token(Role.FRONT_OFFICER, staff_id, office_id=OTHER_OFFICE)
    moved = await counter.stack.enter_async_context(Caller(counter.suite, moved_token))
    for another in (colleague, far, moved):
        refused(await counter.see(another, query), 403, "assistance_of_another")
    other = f"on_behalf_of=somebody-else&assistance={query.rsplit('=', 1)[1]}"
    refused(await counter.see(officer, other), 403, "assistance_of_another")


async def test_of_anothers_application_nothing_is_seen(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    async with Citizen(counter.suite) as other:
        await other.register("lain.contoh@example.org")
        await other.become_applicant(nik=nobody(7).nik, full_name="ORANG CONTOH")
        await other.begin()
        query = await counter.consent(officer)
        refused(await officer.call("application", "GET", f"{other.application}?{query}"), 404, "not_found")
        body = {"applicant_id": other.applicant_id}
        refused(await officer.call("application", "POST", f"/v1/applications?{query}", body), 404, "not_found")


@pytest.mark.parametrize("by", ["person", "officer", "head"])
async def test_it_can_be_ended_before_its_time(counter: Counter, by: str) -> None:
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    path = f"/v1/assistances/{query.rsplit('=', 1)[1]}"
    far = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    refused(await far.call("identity", "POST", f"{path}/end"), 404, "assistance_unknown")
    async with Citizen(counter.suite) as other:
        await other.register("lain.contoh@example.org")
        refused(await other.call("identity", "POST", f"{path}/end"), 404, "assistance_unknown")
    head = await counter.officer("head", Role.OFFICE_ADMIN)
    enders: dict[str, Caller] = {"person": counter.citizen, "officer": officer, "head": head}
    assert (await counter.see(officer, query)).status == 200
    if by != "head":
        assert (await enders[by].done("identity", "GET", "/v1/assistances"))["assistances"][0]["state"] == "live"
    for _ in range(2):
        ended = await enders[by].done("identity", "POST", f"{path}/end")
        assert ended["ended_for"] == {"person": "account"}.get(by, by)
    refused(await counter.see(officer, query), 403, "assistance_over")
    refused(await officer.call("identity", "POST", f"{path}/code", {"code": "123456"}), 409, "assistance_has_ended")


@pytest.mark.parametrize("act", ["lock", "reassignment"])
async def test_a_locked_or_moved_officer_keeps_none(counter: Counter, act: str) -> None:
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    head = await counter.officer("head", Role.OFFICE_ADMIN)
    members = (await head.done("identity", "GET", "/v1/staff/members"))["staff"]
    staff_id = next(each["staff_id"] for each in members if each["username"] == "own.officer")
    body = {"reason": "suspected_misuse"}
    if act == "reassignment":
        body = {"reason": "transfer", "role": "front_officer", "office_id": OFFICE}
    await head.done("identity", "POST", f"/v1/staff/members/{staff_id}/{act}", body)
    refused(await counter.see(officer, query), 403, "assistance_over")
    if act == "lock":
        asked = await officer.call("identity", "POST", "/v1/assistances", {"identifier": BY_SMS})
        refused(asked, 403, "staff_not_in_service")


async def test_twin_a_locked_officer_would_go_on_for_as_long_as_their_token(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_consents: Any, _officer_id: str) -> None:
        return None

    monkeypatch.setattr(Consents, "end_of_officer", nothing)
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    head = await counter.officer("head", Role.OFFICE_ADMIN)
    members = (await head.done("identity", "GET", "/v1/staff/members"))["staff"]
    staff_id = next(each["staff_id"] for each in members if each["username"] == "own.officer")
    await head.done("identity", "POST", f"/v1/staff/members/{staff_id}/lock", {"reason": "suspected_misuse"})
    assert (await counter.see(officer, query)).status == 200


async def test_an_office_has_as_many_codes_sent_as_an_hour_allows_whoever_they_go_to(counter: Counter) -> None:
    rules = counter.suite.services["identity"].settings.assistance_codes_per_office_hour
    officers = [await counter.officer(f"officer.{each}") for each in range(2)]
    for each in range(rules):
        await officers[each % 2].done("identity", "POST", "/v1/assistances", {"identifier": f"08120001{each:04d}"})
    one_more = {"identifier": "081200020000"}
    problem = refused(
        await officers[0].call("identity", "POST", "/v1/assistances", one_more), 429, "office_asked_too_often"
    )
    assert problem["resend_after"]
    far = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    assert (await far.call("identity", "POST", "/v1/assistances", one_more)).status == 202
    counter.suite.clock.advance(3600)
    assert (await officers[0].call("identity", "POST", "/v1/assistances", {"identifier": BY_SMS})).status == 202


async def submitted(counter: Counter, email: str = "lain.contoh@example.org") -> Citizen:
    """Another citizen, with a submitted application and no seat."""
    other = await counter.stack.enter_async_context(Citizen(counter.suite))
    await other.register(email)
    await other.become_applicant(nik=nobody(7).nik, full_name="ORANG CONTOH")
    await other.begin()
    await other.answer()
    await other.upload_everything()
    await other.submit()
    return other


@pytest.mark.acceptance("F3.officer_books")
async def test_a_seat_is_held_for_somebody_with_their_consent_only(counter: Counter) -> None:
    officer, other = await counter.officer("own.officer"), await submitted(counter)
    body = {"application_id": other.application_id, "session_id": (await other.sessions())[-1]["session_id"]}
    refused(await officer.call("scheduling", "POST", "/v1/appointments", body), 403, "assistance_needed")
    of_citizen = (await counter.consent(officer)).rsplit("&", 1)[1]
    hold = f"/v1/appointments?{of_citizen}"
    refused(await officer.call("scheduling", "POST", hold, body), 403, "assistance_of_another")
    assert (await other.done("scheduling", "GET", f"/v1/appointments?application_id={other.application_id}")).body == {
        "appointments": [],
        "next": None,
    }
    await counter.suite.later(61)
    of_other = (await counter.consent(officer, "lain.contoh@example.org")).rsplit("&", 1)[1]
    held = await officer.done("scheduling", "POST", f"/v1/appointments?{of_other}", body)
    assert (held.status, held["state"]) == (201, "held")
    reasons = {each.reason for each in await counter.lines("scheduling", "hold_seat") if each.outcome == "done"}
    assert reasons == {of_other.replace("=", ":")}


async def test_twin_without_the_guard_any_officer_holds_for_anybody(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assume_consent(monkeypatch)
    officer, other = await counter.officer("own.officer"), await submitted(counter)
    body = {"application_id": other.application_id, "session_id": (await other.sessions())[-1]["session_id"]}
    assert (await officer.done("scheduling", "POST", "/v1/appointments", body))["state"] == "held"


# By the letter


async def test_the_letter_is_consent_once_for_the_person_on_it(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    scanned = {"queue_code": (await counter.citizen.appointment())["queue_code"]}
    far = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    refused(await far.call("scheduling", "POST", "/v1/letter-assistances", scanned), 403, "not_your_office")
    forged = {"queue_code": scanned["queue_code"][:-4] + "AAAA"}
    refused(await officer.call("scheduling", "POST", "/v1/letter-assistances", forged), 422, "queue_code_not_valid")
    begun = await officer.done("scheduling", "POST", "/v1/letter-assistances", scanned, key="one-scan-of-it")
    again = await officer.done("scheduling", "POST", "/v1/letter-assistances", scanned, key="one-scan-of-it")
    assert begun.body == again.body
    view = await officer.done("identity", "GET", f"/v1/assistances/{begun['assistance_id']}")
    assert (view["state"], view["consent"], view["applicant_ids"]) == ("live", "letter", [counter.citizen.applicant_id])
    query = f"on_behalf_of={view['account_id']}&assistance={view['assistance_id']}"
    assert (await counter.see(officer, query)).status == 200
    refused(await officer.call("scheduling", "POST", "/v1/letter-assistances", scanned), 409, "letter_used_up")


async def test_by_the_letter_nobody_else_of_the_account_is_dealt_with(counter: Counter) -> None:
    officer, citizen = await counter.officer("own.officer"), counter.citizen
    first = citizen.application_id, citizen.applicant_id
    await citizen.become_applicant(nik=nobody(8).nik, full_name="ORANG CONTOH")
    await citizen.begin()
    second, citizen.application_id, citizen.applicant_id = citizen.application_id, *first
    scanned = {"queue_code": (await citizen.appointment())["queue_code"]}
    begun = await officer.done("scheduling", "POST", "/v1/letter-assistances", scanned)
    query = f"on_behalf_of={citizen.account_id}&assistance={begun['assistance_id']}"
    assert (await counter.see(officer, query)).status == 200
    denied = await officer.call("application", "GET", f"/v1/applications/{second}?{query}")
    refused(denied, 403, "assistance_of_another")
    listed = (await officer.done("application", "GET", f"/v1/applications?{query}"))["applications"]
    assert [each["application_id"] for each in listed] == [citizen.application_id]
    giving_up = await officer.call("application", "POST", f"/v1/applications/{second}/withdrawal?{query}")
    refused(giving_up, 403, "assistance_of_another")


# Without a telephone


@pytest.mark.acceptance("F21.reason_or_refused", "F21.daily_list")
async def test_an_original_seen_is_an_override_that_the_head_reads_that_day(counter: Counter) -> None:
    officer, head = await counter.officer("own.officer"), await counter.officer("head", Role.OFFICE_ADMIN)
    card = {"nik": BUDI.nik, "reason": "telephone_lost", "words": "Telepon hilang kemarin."}
    for lacking in ("reason", "words"):
        body = {name: each for name, each in card.items() if name != lacking}
        assert (await officer.call("identity", "POST", "/v1/original-assistances", body)).status == 422
    unknown = await officer.call("identity", "POST", "/v1/original-assistances", card | {"nik": nobody(9).nik})
    refused(unknown, 404, "person_not_known")
    live = await officer.done("identity", "POST", "/v1/original-assistances", card, key="one-card-seen")
    again = await officer.done("identity", "POST", "/v1/original-assistances", card, key="one-card-seen")
    assert (live["assistance_id"], live["consent"]) == (again["assistance_id"], "original")
    query = f"on_behalf_of={live['account_id']}&assistance={live['assistance_id']}"
    assert (await counter.see(officer, query)).status == 200
    listed = (await head.done("identity", "GET", "/v1/audit/identity/overrides"))["overrides"]
    assert [(each["act"], each["reason"]) for each in listed] == [("assistance_by_original", "telephone_lost")] * 2
    for each in listed:
        assert BUDI.nik not in str(each)


async def test_an_original_begins_nothing_that_the_audit_does_not_tell(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> str:
        raise StoreUnavailable("away")

    officer = await counter.officer("own.officer")
    monkeypatch.setattr(Audit, "note", away)
    card = {"nik": BUDI.nik, "reason": "no_telephone", "words": "Tidak punya telepon."}
    assert (await officer.call("identity", "POST", "/v1/original-assistances", card)).status >= 500
    monkeypatch.undo()
    assert (await officer.done("identity", "GET", "/v1/assistances"))["assistances"] == []


# Reads


async def picture_path(counter: Counter) -> str:
    document = (await counter.citizen.view())["documents"][0]["document_id"]
    return f"/documents/{document}/content"


@pytest.mark.acceptance("Y24.reads_audited")
async def test_every_read_is_a_line_with_who_what_and_why(counter: Counter) -> None:
    officer = await counter.officer("own.officer")
    query, picture = await counter.consent(officer), await picture_path(counter)
    assistance = f"assistance:{query.rsplit('=', 1)[1]}"
    far = await counter.officer("far.officer", office_id=OTHER_OFFICE)
    assert (await counter.see(officer, query, picture)).status == 200
    assert (await counter.see(officer, "", picture)).status == 422
    assert (await counter.see(officer, "reason=complaint", picture)).status == 200
    assert (await counter.see(far, "reason=complaint", picture)).status == 403
    lines = await counter.lines(act="read_picture")
    document = picture.split("/")[2]
    assert {each.subject for each in lines} == {document}
    assert sorted((str(each.reason), each.outcome, str(each.office_id)) for each in lines) == sorted([
        (assistance, "done", OFFICE),
        ("unstated", "refused", OFFICE),
        ("complaint", "done", OFFICE),
        ("complaint", "refused", OTHER_OFFICE),
    ])  # fmt: skip
    assert {each.role for each in lines} == {"front_officer"}
    assert (await counter.see(officer, query, "/letter")).status == 200
    assert [each.reason for each in await counter.lines(act="read_letter")] == [assistance]
    assert (await counter.see(officer, query)).status == 200
    assert [each.reason for each in await counter.lines(act="read_application")] == [assistance]


async def test_an_owners_reads_are_their_own(counter: Counter) -> None:
    assert (await counter.citizen.call("application", "GET", counter.citizen.application)).status == 200
    assert [each for each in await counter.lines() if each.act.startswith("read_")] == []


@pytest.mark.parametrize("what", ["picture", "letter", "application"])
async def test_what_cannot_be_audited_is_not_read(counter: Counter, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> str:
        raise StoreUnavailable("away")

    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    path = {"picture": await picture_path(counter), "letter": "/letter", "application": ""}[what]
    good = await counter.see(officer, query, path)
    assert good.status == 200
    monkeypatch.setattr(Audit, "note", away)
    reply = await counter.see(officer, query, path)
    assert reply.status >= 500
    assert good.raw[:64] not in reply.raw


async def test_twin_an_audit_that_swallows_its_trouble_lets_the_read_through(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def swallow(*_: Any, **__: Any) -> str:
        return ""

    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    before = len(await counter.lines(act="read_letter"))
    monkeypatch.setattr(Audit, "note", swallow)
    assert (await counter.see(officer, query, "/letter")).status == 200
    assert len(await counter.lines(act="read_letter")) == before


async def test_a_repeat_after_the_assistance_has_ended_shows_nothing(counter: Counter) -> None:
    """What staff were answered is not kept: a repeat passes consent and audit again."""
    officer = await counter.officer("own.officer")
    query = await counter.consent(officer)
    path = f"{counter.citizen.application}/withdrawal?{query}"
    await officer.done("application", "POST", path, key="same-key-12345678")
    assistance_id = query.rsplit("=", 1)[1]
    await counter.citizen.done("identity", "POST", f"/v1/assistances/{assistance_id}/end")
    again = await officer.call("application", "POST", path, key="same-key-12345678")
    assert again.status == 403
