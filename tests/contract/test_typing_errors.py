"""A typing error from the form to the printed letter and the issuance file, over HTTP through all services."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import FieldAnswer
from shared.errors import UpstreamDown
from shared.events.application import ApplicationSubmitted
from shared.events.identity import ApplicantConfirmed
from shared.tokens import Role
from tests.assembled import Suite
from tests.unit.identity.world import BUDI, SRI, all_match
from tests.walking import Citizen, Officer

MISTYPED = {"full_name": "Budi Contoh Santosa", "birth_place": "Bandar Lampung"}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where they are blocked."""


@pytest.fixture
async def suite() -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


async def applicant(citizen: Citizen) -> Any:
    return (await citizen.done("identity", "GET", f"/v1/applicants/{citizen.applicant_id}")).body


def handed(suite: Suite) -> Any:
    (file,) = suite.agencies.dpri.files.values()
    return file.content["applicant"]


@pytest.mark.acceptance("Y25.shown_back", "Y25.corrected_until_submission", "Y24.correction")
async def test_nothing_is_applied_for_with_an_error_before_the_applicant_has_seen_it(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        suite.agencies.registry.says = all_match(full_name=FieldAnswer(True, 94), birth_place=FieldAnswer(False))
        await citizen.become_applicant(**MISTYPED)
        shown = await applicant(citizen)
        assert [note["field"] for note in shown["identity"]["shown_back"]] == ["full_name", "birth_place"]
        assert "ditulis berbeda" in suite.agencies.mailer.taken[-1].body
        await citizen.begin()
        draft = await citizen.call("application", "GET", f"/v1/applications/{citizen.application_id}")
        assert draft["identity_state"] == "pending", "a draft goes on; what it becomes waits for the applicant"
        suite.agencies.registry.says = all_match()
        form = {name: shown[name] for name in ("birth_date", "sex")} | {"nik": BUDI.nik}
        right = {"full_name": BUDI.full_name, "birth_place": BUDI.birth_place}
        await citizen.done("identity", "PUT", f"/v1/applicants/{citizen.applicant_id}", form | right)
        assert (await applicant(citizen))["identity"]["state"] == "passed"
        # seen in time, corrected in time: the draft goes on with the data of the second check
        again = {"full_name": BUDI.full_name, "birth_place": "Bandung Barat"}
        await citizen.done("identity", "PUT", f"/v1/applicants/{citizen.applicant_id}", form | again)
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        late = await citizen.call("identity", "PUT", f"/v1/applicants/{citizen.applicant_id}", form | right)
        assert (late.status, late["code"]) == (409, "data_fixed_by_submission")
        await citizen.hold()
        await citizen.pay()
        assert (handed(suite)["full_name"], handed(suite)["birth_place"]) == (BUDI.full_name, "Bandung Barat")
        assert (await suite.broken_rules(), suite.troubles) == ({}, [])


@pytest.mark.acceptance("Y25.corrected_at_counter", "Y24.correction")
async def test_what_an_officer_corrects_reaches_letter_and_issuance_system(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        suite.agencies.registry.says = all_match(full_name=FieldAnswer(True, 94))
        await citizen.register()
        await citizen.become_applicant(**MISTYPED)
        await citizen.done("identity", "POST", f"/v1/applicants/{citizen.applicant_id}/confirmation")
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        await citizen.pay()
        assert handed(suite)["full_name"] == MISTYPED["full_name"]
        written, mails = suite.agencies.writer.written, len(suite.agencies.mailer.taken)
        assert written[-1].full_name == MISTYPED["full_name"]
        async with Officer(suite, Role.FRONT_OFFICER) as front, Officer(suite, Role.INTERVIEWER) as interviewer:
            path = f"/v1/applicants/{citizen.applicant_id}/corrections"
            body = {"nik": BUDI.nik, "original": "identity_card", "full_name": BUDI.full_name}
            suite.clock.advance(1)
            made = await front.done("identity", "POST", path, body)
            assert made["state"] == "made"
            await suite.later(60)
            assert handed(suite)["full_name"] == written[-1].full_name == BUDI.full_name
            assert "diperbaiki" in "".join(mail.body for mail in suite.agencies.mailer.taken[mails:])
            waiting = await front.done("identity", "POST", path, body | {"full_name": "BUDI CONTOH WIJAYA"})
            assert handed(suite)["full_name"] == BUDI.full_name
            decision = f"{path}/{waiting['correction_id']}/decision"
            await interviewer.done("identity", "POST", decision, {"approved": True})
            await suite.later(60)
        assert handed(suite)["full_name"] == written[-1].full_name == "BUDI CONTOH WIJAYA"
        lines = [entry["what"] for entry in (await citizen.view())["timeline"]]
        assert lines.count("particulars_corrected") == 2
        assert (await suite.broken_rules(), suite.troubles) == ({}, [])
        said = str([envelope.to_fields() for envelope in suite.published])
        assert "WIJAYA" not in said and BUDI.nik not in said


def form_of(person: Particulars, **changes: Any) -> dict[str, Any]:
    """The applicant's form, filled with a person's data."""
    particulars = {"full_name": person.full_name, "nik": person.nik, "birth_place": person.birth_place}
    return particulars | {"birth_date": person.birth_date.isoformat(), "sex": person.sex.value} | changes


async def test_a_paid_seat_stays_with_the_person_it_was_paid_for(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        path = f"/v1/applicants/{citizen.applicant_id}"
        suite.agencies.registry.says = UpstreamDown("down", "dukcapil")
        # a correction, and the submission before application has heard of it
        corrected = await citizen.call("identity", "PUT", path, form_of(BUDI, birth_place="BOGOR"))
        submission = f"{citizen.application}/submission"
        sent = await citizen.call("application", "POST", submission, {"confirmed_not_refundable": True})
        assert (corrected.status, sent.status, sent["state"]) == (200, 200, "submitted")
        await suite.settle()
        await citizen.hold()
        await citizen.pay()
        assert handed(suite)["full_name"] == BUDI.full_name
        suite.agencies.registry.says = all_match()
        await citizen.call("identity", "PUT", path, form_of(SRI))
        await suite.later(60)
        assert handed(suite)["full_name"] == BUDI.full_name


async def test_a_draft_that_was_begun_for_one_person_does_not_submit_another_under_that_name(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        path = f"/v1/applicants/{citizen.applicant_id}"
        corrected = await citizen.call("identity", "PUT", path, form_of(BUDI, birth_place="BOGOR"))
        assert corrected.status == 200
        await citizen.call("identity", "PUT", path, form_of(SRI))
        await suite.settle()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        published = [envelope.data for envelope in suite.published]
        confirmed = [event for event in published if isinstance(event, ApplicantConfirmed)][-1]
        (submitted,) = [event for event in published if isinstance(event, ApplicationSubmitted)]
        assert submitted.person_id == confirmed.person_id, "one live application per person is got round"
