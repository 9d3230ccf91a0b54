"""Two accounts apply for one person: an officer finds both by the NIK and settles it, over HTTP in all services."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.tokens import Role
from tests.assembled import Suite
from tests.unit.identity.world import BUDI
from tests.walking import Citizen, Officer

STRANGER = "orang.lain@example.org"
LOOKUP = {"nik": BUDI.nik, "reason": "person_at_counter"}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where they are blocked."""


@pytest.fixture
async def suite() -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


@pytest.mark.acceptance("Y25.draft_blocks_nobody", "Y25.found_by_person")
async def test_an_officer_settles_whose_application_counts(suite: Suite) -> None:
    async with Citizen(suite) as stranger, Citizen(suite) as citizen:
        await stranger.until_paid(STRANGER)
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        body = {"confirmed_not_refundable": True}
        refused = await citizen.call("application", "POST", f"{citizen.application}/submission", body)
        assert (refused.status, refused["code"]) == (409, "person_applies_elsewhere")
        mails = len(suite.agencies.mailer.taken)
        async with Officer(suite, Role.FRONT_OFFICER) as officer:
            person = await officer.done("identity", "POST", "/v1/persons/lookup", LOOKUP)
            search = {"person_id": person["person_id"], "reason": "person_at_counter"}
            found = await officer.done("application", "POST", "/v1/application-searches", search)
            theirs = {each["application_id"]: each["can_close"] for each in found["applications"]}
            assert theirs == {stranger.application_id: True, citizen.application_id: True}
            closing = {"person_id": person["person_id"], "reason_code": "not_known_to_person"}
            await officer.done("application", "POST", f"{stranger.application}/closing", closing)
        told = [(mail.to, mail.subject) for mail in suite.agencies.mailer.taken[mails:]]
        assert (STRANGER, "Petugas menutup permohonan Anda") in told
        assert ("warga.contoh@example.org", "Anda dapat mengirim permohonan Anda sekarang") in told
        assert (await stranger.appointment())["state"] == "released"
        await citizen.submit()
        await citizen.hold()
        assert (await citizen.appointment())["state"] == "awaiting_payment"
        assert (await suite.broken_rules(), suite.troubles) == ({}, [])


async def test_the_fee_of_a_closed_application_is_kept_and_its_account_may_ask_for_it(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Officer(suite, Role.FRONT_OFFICER) as officer:
        await citizen.until_paid()
        suite.clock.advance(3600)
        person = await officer.done("identity", "POST", "/v1/persons/lookup", LOOKUP)
        closing = {"person_id": person["person_id"], "reason_code": "not_known_to_person"}
        mails = len(suite.agencies.mailer.taken)
        await officer.done("application", "POST", f"{citizen.application}/closing", closing)
        await suite.later(600)
        told = suite.agencies.mailer.taken[mails:]
        assert [mail.subject for mail in told] == ["Petugas menutup permohonan Anda"]
        assert "tidak dikembalikan secara otomatis" in told[0].body and "/refund-guide" in told[0].body
        cases = f"/v1/refunds?application_id={citizen.application_id}"
        assert (await citizen.done("billing", "GET", cases))["refunds"] == []
        bill_id = (await citizen.view())["bill"]["bill_id"]
        wish = {"bill_id": bill_id, "reason": "service_not_delivered", "note": "saya membayar"}
        asked = await citizen.done("billing", "POST", "/v1/refunds", wish)
        assert asked["state"] == "requested"
        assert (await suite.broken_rules(), suite.troubles) == ({}, [])
