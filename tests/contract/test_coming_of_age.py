"""A child who comes of age: shown on the day, told to the guardian's account within a month, and no more acted for.

What lies in the store meanwhile says nothing of the birth date.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.repository import APPLICANT
from shared.events.identity import ChildCameOfAge
from tests.assembled import Suite
from tests.contract.test_erasure import raw
from tests.contract.test_leaving import child, family
from tests.walking import DAY_SECONDS, TYPED, Citizen, Reply

MONTH_SECONDS: Final = 31 * DAY_SECONDS
DAY: Final = timedelta(days=1)
SUBJECT: Final = "Seseorang dalam akun paspor Anda kini sudah dewasa"


@pytest.fixture
async def suite(socket_enabled: None) -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


async def view_of(citizen: Citizen, applicant_id: str) -> Reply:
    return await citizen.done("identity", "GET", f"/v1/applicants/{applicant_id}")


async def stored(suite: Suite, applicant_id: str) -> Applicant:
    state: Applicant = (await suite.services["identity"].store.get(APPLICANT, applicant_id)).state
    return state


def told(suite: Suite) -> list[Any]:
    return [envelope.data for envelope in suite.published if isinstance(envelope.data, ChildCameOfAge)]


def mails(suite: Suite) -> list[Any]:
    return [message for message in suite.agencies.mailer.taken if message.subject == SUBJECT]


async def test_it_is_shown_on_the_day(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        guardian, ward = await family(suite, citizen, 2)
        seen = await view_of(citizen, ward)
        assert (seen["minor"], seen["came_of_age"], seen["current_step"]) == (True, False, "application")
        await suite.later(2 * DAY_SECONDS)
        seen = await view_of(citizen, ward)
        assert (seen["minor"], seen["came_of_age"], seen["current_step"]) == (False, True, "own_account")
        assert seen["next_call"] is None and "account of their own" in seen["next_action"]
        listed = (await citizen.done("identity", "GET", "/v1/applicants"))["applicants"]
        assert {item["applicant_id"]: item["came_of_age"] for item in listed} == {guardian: False, ward: True}


async def test_the_guardian_is_told_once_within_a_month(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        _, ward = await family(suite, citizen, 40)
        await suite.later(MONTH_SECONDS)
        assert (told(suite), mails(suite)) == ([], [])
        await suite.later(9 * DAY_SECONDS)
        await suite.later(MONTH_SECONDS)
        assert told(suite) == [ChildCameOfAge(account_id=citizen.account_id, applicant_id=ward)]
        assert len(mails(suite)) == 1
        assert TYPED["nik"] not in mails(suite)[0].body and "ANAK" not in mails(suite)[0].body
        for _ in range(3):
            await suite.later(MONTH_SECONDS)
        assert (len(told(suite)), len(mails(suite))) == (1, 1)
        state = await stored(suite, ward)
        assert (state.came_of_age, state.minor, state.age_look_at) == (True, False, None)


async def test_what_is_stored_says_nothing_of_the_day(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        _, ward = await family(suite, citizen, 400)
        typed = child(suite, 400)
        born = date.fromisoformat(typed["birth_date"])
        seventeen = born.replace(year=born.year + 17)
        for _ in range(3):
            everything = raw(suite.services["identity"].store)
            assert born.isoformat() not in everything and seventeen.isoformat() not in everything
            look_at = (await stored(suite, ward)).age_look_at
            assert look_at == rules.next_age_look(ward, suite.clock.now())
            await suite.later(MONTH_SECONDS)


async def test_an_adult_is_never_looked_at(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        guardian, _ = await family(suite, citizen, 400)
        assert (await stored(suite, guardian)).age_look_at is None


async def test_the_guardian_acts_for_them_no_more_and_they_apply_themselves(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as grown:
        guardian, ward = await family(suite, citizen, 1)
        await citizen.begin()
        await suite.later(MONTH_SECONDS + DAY_SECONDS)
        assert len(told(suite)) == 1
        typed = {**TYPED, **child(suite, 1), "guardian_applicant_id": guardian}
        corrected = await citizen.call("identity", "PUT", f"/v1/applicants/{ward}", typed)
        assert (corrected.status, corrected["code"]) == (409, "child_came_of_age")
        assert corrected["next_call"] == {"method": "POST", "href": "/v1/registrations"}
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        begun = await citizen.call("application", "POST", "/v1/applications", {"applicant_id": ward})
        assert (begun.status, begun["code"]) == (409, "child_came_of_age")
        person_id = (await view_of(citizen, ward))["person_id"]
        await grown.register("anak@example.org")
        await grown.become_applicant(**(await own_data(citizen, ward)))
        assert (await view_of(grown, grown.applicant_id))["person_id"] == person_id
        await grown.begin()


async def own_data(citizen: Citizen, ward: str) -> dict[str, Any]:
    """What the grown child types: the data that their guardian typed, with the whole NIK."""
    seen = await view_of(citizen, ward)
    born = date.fromisoformat(seen["birth_date"])
    return {"full_name": seen["full_name"], "birth_date": seen["birth_date"], "nik": f"317401{born:%d%m%y}0007"}


@pytest.mark.parametrize("now", [datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)])
def test_looks_follow_each_other_once_a_month_and_are_spread_by_the_id(now: datetime) -> None:
    ids = [f"applicant-{number}" for number in range(50)]
    firsts = {name: rules.next_age_look(name, now) for name in ids}
    assert all(now < at <= now + 31 * DAY for at in firsts.values())
    assert len(set(firsts.values())) > 40
    for name, first in firsts.items():
        second = rules.next_age_look(name, first)
        assert 28 * DAY <= second - first <= 31 * DAY
        assert rules.next_age_look(name, second - timedelta(milliseconds=1)) == second
