"""Attacks on the privacy of persons, over HTTP in all services: what a thief, a curious officer, a second account, a
legal hold or a late payment must not do to somebody who leaves, exports or is held.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Final

import pytest

from services.application.applications.repository import APPLICATION
from services.identity.applicants.registry_match import Cause, RegistryAnswer
from services.identity.applicants.repository import APPLICANT, PERSON
from services.identity.exports.repository import EXPORT
from services.notification.contacts.repository import CARDS
from services.scheduling.booking.appointments.repository import APPOINTMENT
from shared.events.identity import ErasureOrdered, LegalHoldLifted, LegalHoldPlaced
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.tokens import Role
from tests.assembled import Suite
from tests.contract.test_erasure import HOLDS, found_in, hold_on, operator, order_of, person_of, remembered_seals, tell
from tests.contract.test_leaving import GRACE_SECONDS, LEAVINGS, WHOLE, ask, child, codes, leave, look, prove
from tests.contract.test_privacy import written_logs
from tests.unit.identity.world import BUDI
from tests.walking import DAY_SECONDS, EMAIL, Caller, Citizen, Officer, serve_visitor

KEEPER: Final = "tetap@example.org"
OTHER: Final = "lain@example.org"
EXPORTS: Final = "/v1/account/exports"
SECOND_LOOK_SECONDS: Final = LOOK_AGAIN_AFTER.total_seconds()


@pytest.fixture
async def suite(socket_enabled: None) -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


async def join(keeper: Citizen, closed: str) -> None:
    """Join the account of this address into the keeper's."""
    suite = keeper.suite
    suite.clock.advance(3600)
    asked = await keeper.done("identity", "POST", "/v1/account/joins", {"identifier": closed})
    found = {mail.to: re.search(r"(?<!\d)\d{6}(?!\d)", mail.body) for mail in suite.agencies.mailer.taken[-2:]}
    proof = {"code": found[closed].group(0), "old_code": found[KEEPER].group(0)}  # type: ignore[union-attr]
    await keeper.done("identity", "POST", f"/v1/challenges/{asked['challenge_id']}/verification", proof)
    suite.clock.advance(3600)


async def gone(suite: Suite) -> None:
    """Let the grace time pass and every service look twice."""
    await suite.later(GRACE_SECONDS)
    await suite.later(SECOND_LOOK_SECONDS)


async def said_in_both(caller: Caller, method: str, path: str, body: Any) -> None:
    """Identity refuses the call with other words in each language, and with what to do next."""
    answers = [
        await caller.call("identity", method, path, body, headers={"Accept-Language": language})
        for language in ("en", "id")
    ]
    for member in ("title", "next_action"):
        assert len({reply[member] for reply in answers}) == 2


async def place_hold(suite: Suite, subject_id: str, kind: str) -> str:
    """Two operators hold something; the hold's id."""
    async with operator(suite, "operator-1") as first, operator(suite, "operator-2") as second:
        hold_id = str((await first.done("identity", "POST", HOLDS, hold_on(suite, subject_id, kind)))["hold_id"])
        await second.done("identity", "POST", f"{HOLDS}/{hold_id}/decision", {"agree": True})
    return hold_id


async def lift_hold(suite: Suite, hold_id: str) -> None:
    """Two operators lift it."""
    async with operator(suite, "operator-1") as first, operator(suite, "operator-2") as second:
        await first.done("identity", "POST", f"{HOLDS}/{hold_id}/lifting")
        await second.done("identity", "POST", f"{HOLDS}/{hold_id}/decision", {"agree": True})


async def kept_by(suite: Suite, erasure_id: str) -> dict[str, list[str]]:
    """What each service says that it keeps, to an operator."""
    async with Officer(suite, Role.OPERATOR) as asking:
        report = await asking.done("identity", "GET", f"/v1/staff/erasures/{erasure_id}")
    assert all(item["reported_at"] for item in report["services"])
    return {item["service"]: item["kept"] for item in report["services"] if item["kept"]}


# ---- accounts that were joined ----


async def test_what_is_kept_under_a_joined_account_stays_readable(suite: Suite) -> None:
    """The number of a passport is kept for ten years, wherever its holder applied: one order decides about the key."""
    async with Citizen(suite) as keeper, Citizen(suite) as closed:
        await keeper.register(KEEPER)
        await closed.until_paid()
        await serve_visitor(closed)
        await join(keeper, EMAIL)
        leaving_id = (await leave(keeper))["leaving_id"]
        await gone(suite)
        orders = [envelope.data for envelope in suite.published if isinstance(envelope.data, ErasureOrdered)]
        assert [order.erasure_id for order in orders] == [leaving_id]
        assert await kept_by(suite, leaving_id) == {"application": ["issued_passports"]}
        application = suite.services["application"]
        record = await application.store.get(APPLICATION, closed.application_id)
        vault = application.parts.service.applications.vault
        assert await vault.passport_number(closed.application_id, record.state)
        assert await suite.services["notification"].store.get(CARDS, closed.account_id) is None
        assert await suite.services["notification"].store.get(CARDS, keeper.account_id) is None
        assert (await look_as_operator(suite, leaving_id))["state"] == "erased"


async def look_as_operator(suite: Suite, leaving_id: str) -> Any:
    """The line of a leaving."""
    async with Officer(suite, Role.OPERATOR) as asking:
        lines = (await asking.done("identity", "GET", "/v1/leavings")).body["leavings"]
    return next(line for line in lines if line["leaving_id"] == leaving_id)


# ---- an address, or a NIK, that two accounts have ----


async def test_of_two_accounts_that_leave_the_last_one_takes_the_person_along(suite: Suite) -> None:
    """Each speaks for the person when the other one is ordered to go; afterwards no fingerprint of the NIK is left."""
    async with Citizen(suite) as first, Citizen(suite) as second:
        await first.register()
        await first.become_applicant()
        await second.register(OTHER)
        await second.become_applicant()
        until = suite.clock.now() + timedelta(days=365)
        await tell(suite, LegalHoldPlaced(hold_id="hold-1", subjects=(first.account_id,), until=until))
        await leave(first)
        await leave(second)
        await gone(suite)
        store = suite.services["identity"].store
        assert [record.id async for record in store.scan(PERSON)], "the held account still speaks for them"
        await tell(suite, LegalHoldLifted(hold_id="hold-1"))
        await gone(suite)
        assert [record.id async for record in store.scan(APPLICANT)] == []
        assert [record.id async for record in store.scan(PERSON)] == []


async def test_what_one_account_keeps_of_a_person_goes_though_another_speaks_for_them(suite: Suite) -> None:
    async with Citizen(suite) as mother, Citizen(suite) as father:
        await mother.until_paid()
        await serve_visitor(mother)
        await father.register(OTHER)
        await father.become_applicant()
        await write_chains(suite)
        chains = suite.services["scheduling"].parts.service.seat_chains._chains
        assert await chains.salts_of(mother.appointment_id)
        suite.clock.advance(3600)
        wish = {"what": "applicant", "applicant_ids": [mother.applicant_id]}
        assert (await leave(mother, wish))["state"] == "in_grace"
        await gone(suite)
        assert await chains.salts_of(mother.appointment_id) == [], "her account's visit is nobody's any more"
        assert [record.id async for record in suite.services["identity"].store.scan(PERSON)], "the father's stays"
        seen = (await father.done("identity", "GET", "/v1/applicants")).body["applicants"]
        assert [applicant["applicant_id"] for applicant in seen] == [father.applicant_id]


async def test_a_stranger_who_typed_the_nik_keeps_nobody_here(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as stranger:
        await citizen.register()
        await citizen.become_applicant()
        await stranger.register(OTHER)
        suite.agencies.registry.says = RegistryAnswer(refusal=Cause.NAME_DIFFERS)
        await stranger.become_applicant(full_name="NAMA LAIN SEKALI")
        view = await stranger.done("identity", "GET", f"/v1/applicants/{stranger.applicant_id}")
        assert view["identity"]["state"] == "failed"
        await leave(citizen)
        await gone(suite)
        store = suite.services["identity"].store
        assert [record.id async for record in store.scan(PERSON)] == []
        assert [record.id async for record in store.scan(APPLICANT)] == [stranger.applicant_id]


async def write_chains(suite: Suite) -> None:
    """Let scheduling write what happened to its seats into its chain."""
    for _ in range(3):
        for chore in suite.services["scheduling"].parts.chores:
            if "seat" in chore.name or "chain" in chore.name:
                await chore.run()
        suite.clock.advance(60)


# ---- legal holds ----


async def test_held_evidence_can_still_be_read(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Officer(suite, Role.OFFICE_ADMIN) as head:
        await citizen.until_paid()
        seat = await citizen.appointment()
        suite.clock.set(suite.clock.now().fromisoformat(seat["ends_at"]) + timedelta(minutes=30))
        await suite.settle()
        asked = {"cause": "illness", "evidence": "surat dokter Contoh"}
        path = f"/v1/appointments/{citizen.appointment_id}"
        await citizen.done("scheduling", "POST", f"{path}/special-requests", asked)
        refused = {"granted": False, "reason": "evidence_not_sufficient"}
        await head.done("scheduling", "POST", f"{path}/special-decision", refused)
        await place_hold(suite, citizen.account_id, "account")
        person_id = await person_of(suite, citizen)
        await tell(suite, order_of(citizen, person_id), ("scheduling",))
        await suite.later(SECOND_LOOK_SECONDS)
        scheduling = suite.services["scheduling"]
        record = await scheduling.store.get(APPOINTMENT, citizen.appointment_id)
        assert record.state.special.evidence is not None, "the hold keeps it"
        found = await scheduling.keys.ciphers([citizen.account_id])
        assert citizen.account_id in found, "and the key that opens it"


async def test_a_hold_on_an_application_keeps_its_applicant_until_it_is_lifted(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.until_submitted()
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        suite.clock.advance(3600)
        hold_id = await place_hold(suite, citizen.application_id, "application")
        leaving_id = (await leave(citizen))["leaving_id"]
        await suite.later(GRACE_SECONDS)
        await suite.later(SECOND_LOOK_SECONDS)
        store = suite.services["identity"].store
        assert await store.get(APPLICANT, citizen.applicant_id) is not None
        assert (await look_as_operator(suite, leaving_id))["state"] == "ordered"
        assert "legal_hold" in (await kept_by(suite, leaving_id))["identity"]
        await lift_hold(suite, hold_id)
        await suite.later(SECOND_LOOK_SECONDS)
        assert await store.get(APPLICANT, citizen.applicant_id) is None
        assert (await look_as_operator(suite, leaving_id))["state"] == "erased"


async def test_an_address_that_was_held_goes_once_the_hold_is_lifted(suite: Suite) -> None:
    """Else the account could never again add, change or close anything."""
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.add_phone()
        suite.clock.advance(3600)
        hold_id = await place_hold(suite, citizen.account_id, "account")
        leaving_id = (await leave(citizen, {"what": "address", "channel": "sms"}))["leaving_id"]
        await suite.later(GRACE_SECONDS)
        await suite.later(3 * DAY_SECONDS)
        assert (await look(citizen, leaving_id))["state"] == "ordered"
        assert (await citizen.done("identity", "GET", "/v1/account"))["phone"] is not None
        await lift_hold(suite, hold_id)
        await suite.later(DAY_SECONDS)
        assert (await look(citizen, leaving_id))["state"] == "erased"
        assert (await citizen.done("identity", "GET", "/v1/account"))["phone"] is None
        assert (await ask(citizen, WHOLE)).status == 202, "nothing is open any more"


async def test_a_hold_on_somebody_who_was_erased_at_that_moment_can_be_lifted(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        store = suite.services["identity"].store
        [person] = [record async for record in store.scan(PERSON)]
        hold_id = await place_hold(suite, person.id, "person")
        await store.remove(PERSON, person)  # identity's own erasure was between its look at the holds and this
        await lift_hold(suite, hold_id)
        async with operator(suite, "operator-1") as first:
            assert (await first.done("identity", "GET", f"{HOLDS}/{hold_id}"))["state"] == "lifted"


async def test_a_hold_on_a_person_does_not_hold_a_stranger_who_typed_their_nik(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as stranger:
        await citizen.register()
        await citizen.become_applicant()
        await stranger.register(OTHER)
        suite.agencies.registry.says = RegistryAnswer(refusal=Cause.NAME_DIFFERS)
        await stranger.become_applicant(full_name="NAMA LAIN SEKALI")
        [person] = [record async for record in suite.services["identity"].store.scan(PERSON)]
        await place_hold(suite, person.id, "person")
        [held] = [envelope.data for envelope in suite.published if isinstance(envelope.data, LegalHoldPlaced)]
        assert {citizen.account_id, citizen.applicant_id, person.id} == set(held.subjects)


@pytest.mark.parametrize("kind", ["account", "person", "application"])
async def test_no_operator_agrees_to_a_hold_or_its_end_of_their_own(suite: Suite, kind: str) -> None:
    async with Citizen(suite) as citizen, operator(suite, "operator-1") as alone:
        await citizen.register()
        await citizen.become_applicant()
        [person] = [record async for record in suite.services["identity"].store.scan(PERSON)]
        subjects = {"account": citizen.account_id, "person": person.id, "application": "0198c0de-1"}
        hold = (await alone.done("identity", "POST", HOLDS, hold_on(suite, subjects[kind], kind))).body
        path = f"{HOLDS}/{hold['hold_id']}"
        own = await alone.call("identity", "POST", f"{path}/decision", {"agree": True})
        assert (own.status, own["code"]) == (403, "second_operator_needed")
        await said_in_both(alone, "POST", f"{path}/decision", {"agree": True})
        async with operator(suite, "operator-2") as second:
            await second.done("identity", "POST", f"{path}/decision", {"agree": True})
        await alone.done("identity", "POST", f"{path}/lifting")
        own = await alone.call("identity", "POST", f"{path}/decision", {"agree": True})
        assert (own.status, own["code"]) == (403, "second_operator_needed")
        assert (await alone.done("identity", "GET", path))["state"] == "lift_proposed"


# ---- a thief in another session ----


async def sign_in_again(suite: Suite, stack: AsyncExitStack, email: str = EMAIL) -> Citizen:
    """Another session of the same account."""
    suite.clock.advance(61)
    thief = await stack.enter_async_context(Citizen(suite))
    await thief.register(email)
    return thief


async def test_codes_that_the_owner_types_never_begin_an_export_for_another_session(suite: Suite) -> None:
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(Citizen(suite))
        await owner.register()
        thief = await sign_in_again(suite, stack)
        assert thief.account_id == owner.account_id
        of_thief = (await thief.done("identity", "POST", EXPORTS))["challenge"]
        code_of_thief = suite.agencies.newest_code()
        asked = await owner.call("identity", "POST", EXPORTS)
        await suite.settle()
        assert asked.status == 202, "a thief's question neither holds the owner's back nor takes its code"
        challenge = asked["challenge"]
        assert challenge["challenge_id"] != of_thief["challenge_id"]
        path = f"/v1/challenges/{challenge['challenge_id']}/verification"
        code = suite.agencies.newest_code()
        if code_of_thief != code:
            wrong = await owner.call("identity", "POST", path, {"code": code_of_thief})
            assert wrong["code"] == "code_wrong"
        await owner.done("identity", "POST", path, {"code": code})
        [seen] = (await owner.done("identity", "GET", EXPORTS))["exports"]
        assert seen["downloadable_here"]
        archive = f"{EXPORTS}/{seen['export_id']}/archive"
        stolen = await thief.call("identity", "GET", archive)
        assert (stolen.status, stolen["code"]) == (403, "export_of_another_session")
        assert (await owner.call("identity", "GET", archive)).status == 200


async def test_a_code_for_a_thiefs_wish_to_leave_is_none_for_the_owners(suite: Suite) -> None:
    """The owner removes an applicant; the thief, at the same moment, asks to close the account."""
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(Citizen(suite))
        await owner.register()
        await owner.become_applicant()
        thief = await sign_in_again(suite, stack)
        await ask(thief, WHOLE)
        asked = await ask(owner, {"what": "applicant", "applicant_ids": [owner.applicant_id]})
        assert (await prove(owner, asked)).status == 200
        [leaving] = (await owner.done("identity", "GET", LEAVINGS)).body["leavings"]
        assert (leaving["what"], leaving["leaving_id"]) == ("applicant", asked["leaving_id"])


async def test_one_session_of_two_is_not_asked_twice_for_the_same(suite: Suite) -> None:
    """The hourly limit of codes counts for the address, whichever session asks."""
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(Citizen(suite))
        await owner.register()
        suite.clock.advance(3601)
        sessions = [owner, *[await sign_in_again(suite, stack) for _ in range(3)]]
        answers = []
        for _ in range(3):
            suite.clock.advance(61)
            answers += [await session.call("identity", "POST", EXPORTS) for session in sessions]
        assert {(reply.status) for reply in answers} == {202, 429}
        assert sum(reply.status == 202 for reply in answers) <= 5


# ---- exports ----


async def begin_export(citizen: Citizen) -> str:
    """Ask and prove the one address; the export's id."""
    challenge = (await citizen.done("identity", "POST", EXPORTS))["challenge"]
    path = f"/v1/challenges/{challenge['challenge_id']}/verification"
    await citizen.done("identity", "POST", path, {"code": citizen.suite.agencies.newest_code()})
    return str((await citizen.done("identity", "GET", EXPORTS))["exports"][0]["export_id"])


async def test_an_export_is_no_use_after_the_account_was_closed(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        await leave(citizen)
        await suite.later(GRACE_SECONDS - 3600)
        export_id = await begin_export(citizen)
        paths = (("identity", f"{EXPORTS}/{export_id}/archive"), ("application", f"/v1/exported-files/{export_id}"))
        for service, path in paths:
            assert (await citizen.call(service, "GET", path)).status == 200, "everything is read in the grace time"
        await suite.later(3600)
        await suite.later(SECOND_LOOK_SECONDS)
        for service, path in paths:
            reply = await citizen.call(service, "GET", path)
            assert (reply.status, reply["code"]) == (401, "session_over"), service
        identity = suite.services["identity"]
        assert [record.id async for record in identity.store.scan(EXPORT)] == []
        assert [name async for name in identity.files.older_than(suite.clock.now() + timedelta(days=1))] == []


async def test_an_archive_that_is_fetched_again_and_again_is_limited(socket_enabled: None) -> None:
    suite = Suite()
    await suite.start()
    async with suite.served(rate_factor=1), Citizen(suite) as citizen:
        await citizen.register()
        export_id = await begin_export(citizen)
        path = f"{EXPORTS}/{export_id}/archive"
        replies = [await citizen.call("identity", "GET", path) for _ in range(15)]
        late = [reply for reply in replies if reply.status == 429]
        assert len(late) >= 4
        assert late[0]["title"] and late[0]["next_action"] and late[0].headers["Retry-After"]


async def test_an_export_shows_the_page_in_both_languages_and_no_script(suite: Suite) -> None:
    """A name with markup in it stays text."""
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        export_id = await begin_export(citizen)
        reply = await citizen.done("identity", "GET", f"{EXPORTS}/{export_id}/archive")
        with zipfile.ZipFile(io.BytesIO(reply.raw)) as archive:
            page, data = archive.read("index.html").decode(), json.loads(archive.read("data.json"))
        assert "<script" not in page and "Data Anda" in page and "Your data" in page
        assert data["parts"]["identity"]["applicants"][0]["nik"] == BUDI.nik


async def test_an_export_does_not_show_what_a_hold_hides(suite: Suite) -> None:
    """Reads for an investigation are shown once the hold on them ends, in the list and in the archive alike."""
    async with AsyncExitStack() as stack:
        citizen = await stack.enter_async_context(Citizen(suite))
        officer = await stack.enter_async_context(Officer(suite, Role.FRONT_OFFICER))
        first, second = [await stack.enter_async_context(operator(suite, f"operator-{at}")) for at in (1, 2)]
        await citizen.until_paid()
        for reason in ("investigation", "complaint"):
            await officer.done("application", "GET", f"{citizen.application}?reason={reason}")
        until = (suite.clock.now() + timedelta(days=30)).isoformat()
        wish = {"account_id": citizen.account_id, "reason": "law_enforcement", "until": until}
        hold_id = (await first.done("identity", "POST", "/v1/data-read-holds", wish))["hold_id"]
        path = f"/v1/data-read-holds/{hold_id}"
        await second.done("identity", "POST", f"{path}/decision", {"approved": True})
        suite.clock.advance(3601)
        archive = f"{EXPORTS}/{await begin_export(citizen)}/archive"
        assert await reasons_in(citizen, archive) == {"complaint"}
        await first.done("identity", "POST", f"{path}/end")
        assert await reasons_in(citizen, archive) == {"complaint", "investigation"}


async def reasons_in(citizen: Citizen, archive: str) -> set[str]:
    """The reasons of reads of the application in an archive."""
    reply = await citizen.done("identity", "GET", archive)
    with zipfile.ZipFile(io.BytesIO(reply.raw)) as opened:
        parts, page = json.loads(opened.read("data.json"))["parts"], opened.read("index.html").decode()
    found = {act["reason"] for act in parts["application"]["staff_acts"] if act["act"] == "read_application"}
    assert ("investigation" in page) is ("investigation" in found)
    return found


# ---- children ----


async def test_a_child_who_comes_of_age_in_the_grace_time_decides(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        guardian = citizen.applicant_id
        await citizen.become_applicant(**child(suite, 5), guardian_applicant_id=guardian)
        leaving = await leave(citizen)
        assert leaving["state"] == "in_grace"
        await suite.later(GRACE_SECONDS)
        late = await look(citizen, leaving["leaving_id"])
        assert (late["state"], codes(late["objections"])) == ("objected", ["grown_child"])
        [told] = late["objections"]
        assert told["text"] and told["text_id"] and told["next_action"] and told["next_action_id"]
        seen = (await citizen.done("identity", "GET", "/v1/applicants")).body["applicants"]
        assert len(seen) == 2, "nothing was erased"
        messages = (await citizen.done("notification", "GET", "/v1/deliveries")).body["deliveries"]
        assert "leaving_objected" in {message["template"] for message in messages}


async def test_an_officer_notes_no_agreement_of_a_child(suite: Suite) -> None:
    """Else a guardian could have it noted years before the child may say anything."""
    async with Citizen(suite) as citizen, Officer(suite, Role.FRONT_OFFICER) as officer:
        await citizen.register()
        await citizen.become_applicant()
        typed = child(suite, 400)
        await citizen.become_applicant(**typed, guardian_applicant_id=citizen.applicant_id)
        looked = {"nik": typed["nik"], "reason": "person_at_counter"}
        person = await officer.done("identity", "POST", "/v1/persons/lookup", looked)
        body = {"person_id": person["person_id"]}
        early = await officer.call("identity", "POST", "/v1/leaving-agreements", body)
        assert (early.status, early["code"], early["field"]) == (409, "not_grown_yet", "/person_id")
        await said_in_both(officer, "POST", "/v1/leaving-agreements", body)
        record = await suite.services["identity"].store.get(APPLICANT, citizen.applicant_id)
        assert not record.state.may_leave


# ---- money that comes late ----


async def test_money_that_comes_after_the_account_was_erased_finds_no_person(suite: Suite) -> None:
    with remembered_seals() as seals, written_logs() as stream:
        async with Citizen(suite) as citizen:
            await citizen.until_submitted()
            await citizen.hold()
            bill = await citizen.bill()
            await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
            suite.clock.advance(3600)
            assert (await leave(citizen))["state"] == "in_grace"
            await gone(suite)
            await suite.later(2 * DAY_SECONDS)
            assert found_in(suite, seals) == []
            before = set(suite.services["billing"].key_table.records)
            citizen.bill = lambda: _known(bill)  # type: ignore[method-assign]
            await citizen.pay()
            await suite.later(DAY_SECONDS)
            assert found_in(suite, seals) == []
            made = set(suite.services["billing"].key_table.records) - before
            assert citizen.account_id not in made and citizen.applicant_id not in made
            assert (suite.troubles, await suite.broken_rules()) == ([], {})
    assert EMAIL not in stream.getvalue() and BUDI.nik not in stream.getvalue()


async def _known(bill: Any) -> Any:
    return bill


# ---- the whole of it ----


async def test_a_life_over_http_leaves_nothing_that_tells_of_the_person(suite: Suite) -> None:
    """Registered, exported, read by staff, served, left: two days after the order no store and no log has them."""
    with remembered_seals() as seals, written_logs() as stream:
        async with Citizen(suite) as citizen, Officer(suite, Role.FRONT_OFFICER) as officer:
            await citizen.until_paid()
            await officer.done("application", "GET", f"{citizen.application}?reason=document_check")
            await serve_visitor(citizen)
            suite.clock.advance(3601)
            await begin_export(citizen)
            suite.clock.advance(3601)
            leaving_id = (await leave(citizen))["leaving_id"]
            await gone(suite)
            await suite.later(2 * DAY_SECONDS)
            assert found_in(suite, seals) == []
            assert await kept_by(suite, leaving_id) == {"application": ["issued_passports"]}
            assert (suite.troubles, await suite.broken_rules()) == ([], {})
    text = stream.getvalue()
    assert not [word for word in (EMAIL, BUDI.nik, BUDI.full_name) if word in text]


# ---- officers ----


@pytest.mark.parametrize("reason", ["", "x", "curiosity", "DOCUMENT_CHECK", "document_check%20", "%00"])
async def test_an_empty_or_invented_reason_reads_nothing(suite: Suite, reason: str) -> None:
    async with Citizen(suite) as citizen, Officer(suite, Role.FRONT_OFFICER) as officer:
        await citizen.until_submitted()
        for service, path in (("application", citizen.application),):
            reply = await officer.call(service, "GET", f"{path}?reason={reason}")
            assert reply.status == 422
            assert BUDI.full_name.encode() not in reply.raw
        body = {"nik": BUDI.nik, "reason": reason}
        reply = await officer.call("identity", "POST", "/v1/persons/lookup", body)
        assert (reply.status, reply["code"]) == (422, "malformed")
        assert "person_id" not in reply.body
        assert (await citizen.done("identity", "GET", "/v1/account/data-reads"))["data_reads"] == []


async def test_pages_of_reads_join_without_a_gap_or_a_repeat(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Officer(suite, Role.FRONT_OFFICER) as officer, Citizen(suite) as other:
        await citizen.until_paid()
        await other.register(OTHER)
        for _ in range(7):
            await officer.done("application", "GET", f"{citizen.application}?reason=document_check")
        mine = "/v1/account/data-reads"
        pages, path = [], f"{mine}?limit=3"
        while True:
            page = (await citizen.done("identity", "GET", path)).body
            pages.append(page["data_reads"])
            if page["next"] is None:
                break
            path = f"{mine}?limit=3&after={page['next']}"
            stolen = await other.call("identity", "GET", path)
            assert (stolen.status, stolen["code"]) == (404, "not_found")
        assert [len(page) for page in pages] == [3, 3, 1]


# ---- breaches ----


async def test_no_operator_agrees_to_their_own_notices(suite: Suite) -> None:
    async with operator(suite, "operator-1") as alone, operator(suite, "operator-2") as second:
        facts = {
            "cause": "stolen_access",
            "kinds": ["bank_account"],
            "measures": ["access_withdrawn"],
            "found_at": suite.clock.now().isoformat(),
            "estimated_persons": 0,
        }
        future = {**facts, "found_at": (suite.clock.now() + timedelta(seconds=5)).isoformat()}
        assert (await alone.call("identity", "POST", "/v1/breaches", future)).status == 422
        breach_id = (await alone.done("identity", "POST", "/v1/breaches", facts))["entry"]["breach_id"]
        path = f"/v1/breaches/{breach_id}"
        told = {"told_at": suite.clock.now().isoformat(), "reference": f"B-{BUDI.nik}"}
        assert (await alone.call("identity", "POST", f"{path}/agency-notice", told)).status == 422, "it is exported"
        early = await alone.call("identity", "POST", f"{path}/proposals", {"step": "notices"})
        assert (early.status, early["code"]) == (409, "breach_search_not_done")
        await alone.done("identity", "POST", f"{path}/proposals", {"step": "dismissal"})
        own = await alone.call("identity", "POST", f"{path}/decision", {"approved": True})
        assert (own.status, own["code"]) == (403, "second_operator_needed")
        moved = await second.call("identity", "PUT", path, facts)
        assert moved.status == 409, "what is proposed stays as it was read"
        await second.done("identity", "POST", f"{path}/decision", {"approved": True})
        assert (await alone.done("identity", "GET", path))["entry"]["state"] == "dismissed"
