"""The cover letter and its holder at the counter, through all five services over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.tokens import Role
from tests.assembled import Suite
from tests.walking import DAY_SECONDS, TYPED, Citizen, Officer


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Services are served on loopback."""


@pytest.fixture
async def citizen() -> AsyncIterator[Citizen]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.until_paid()
        yield citizen


async def come(citizen: Citizen) -> None:
    """It is the minute of the visit."""
    seat = await citizen.appointment()
    citizen.suite.clock.set(citizen.suite.clock.now().fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
    await citizen.suite.settle()


async def letter(citizen: Citizen) -> bytes:
    return (await citizen.done("application", "GET", f"{citizen.application}/letter")).raw


@pytest.mark.acceptance("F73.by_application_number")
async def test_without_code_and_letter_the_number_on_it_is_enough(citizen: Citizen) -> None:
    number = (await citizen.view())["number"]
    await come(citizen)
    async with Officer(citizen.suite, Role.FRONT_OFFICER) as front:
        unknown = await front.call("scheduling", "POST", "/v1/check-ins", {"application_number": "2026000000000000"})
        assert (unknown.status, unknown["code"]) == (404, "not_found")
        seen = await front.done("scheduling", "POST", "/v1/check-ins", {"application_number": number})
    assert (seen["state"], seen["appointment_id"]) == ("checked_in", citizen.appointment_id)


@pytest.mark.acceptance("F73.by_nik")
async def test_without_any_paper_the_nik_is_enough(citizen: Citizen) -> None:
    await come(citizen)
    async with Officer(citizen.suite, Role.FRONT_OFFICER) as front:
        asked = {"nik": TYPED["nik"], "reason": "person_at_counter"}
        person = await front.done("identity", "POST", "/v1/persons/lookup", asked)
        seen = await front.done("scheduling", "POST", "/v1/check-ins", {"person_id": person["person_id"]})
    assert (seen["state"], seen["appointment_id"]) == ("checked_in", citizen.appointment_id)


@pytest.mark.acceptance("F73.downloads", "F73.until_collection")
async def test_the_letter_is_downloaded_as_often_as_wanted_until_the_passport_is_collected(citizen: Citizen) -> None:
    first = await letter(citizen)
    await come(citizen)
    assert await letter(citizen) == first
    suite = citizen.suite
    async with Officer(suite, Role.FRONT_OFFICER) as front, Officer(suite, Role.INTERVIEWER) as interviewer:
        code = (await citizen.appointment())["queue_code"]
        await front.done("scheduling", "POST", "/v1/check-ins", {"queue_code": code})
        assert await letter(citizen) == first
        seen = [item["code"] for item in (await citizen.view())["requirements"] if item["document_id"]]
        await interviewer.done("application", "POST", f"{citizen.application}/originals", {"requirements": seen})
        await interviewer.done("application", "POST", f"{citizen.application}/interview", {"outcome": "approved"})
        assert await letter(citizen) == first
        suite.agencies.dpri.printed = True
        await suite.later(DAY_SECONDS)
        assert (await citizen.view())["current_step"] == "collect"
        assert await letter(citizen) == first
        await front.done("application", "POST", f"{citizen.application}/collection", {"collected_by": "self"})
    assert (await citizen.view())["state"] == "collected"
