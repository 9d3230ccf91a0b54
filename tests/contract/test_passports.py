"""A passport with all services: collected, lost, told by mail and SMS, and replaced in one call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.assembled import Suite
from tests.walking import PHONE, Citizen, serve_visitor

LOST = "Paspor Anda dilaporkan hilang"


@dataclass
class Holder:
    """Somebody who has collected a passport."""

    suite: Suite
    citizen: Citizen

    async def states(self) -> list[str]:
        """The states of the account's passports, the newest first."""
        listed = await self.citizen.done("application", "GET", "/v1/passports")
        return [passport["state"] for passport in listed["passports"]]


@pytest.fixture
async def holder(socket_enabled: None) -> AsyncIterator[Holder]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.register()
        await citizen.add_phone(PHONE)
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        await citizen.pay()
        await serve_visitor(citizen)
        yield Holder(suite, citizen)
    assert suite.troubles == []


@pytest.mark.acceptance("F49.passports_shown", "F51.prefilled_replacement")
async def test_a_lost_passport_is_told_of_and_replaced_in_one_call(holder: Holder) -> None:
    suite, citizen = holder.suite, holder.citizen
    listed = await citizen.done("application", "GET", "/v1/passports")
    (shown,) = listed["passports"]
    assert (shown["state"], shown["passport_number_masked"]) == ("collected", "*****567")
    path = f"/v1/passports/{shown['passport_id']}"
    for _ in range(2):
        await citizen.done("application", "POST", f"{path}/report", {"report": "lost"})
    await suite.settle()
    assert [mail.subject for mail in suite.agencies.mailer.taken].count(LOST) == 1
    assert sum("hilang dan diblokir" in message.text for message in suite.agencies.sms.taken) == 1
    begun = await citizen.done("application", "POST", f"{path}/replacement", {})
    assert (begun["answers"]["reason"], begun["current_step"]) == ("lost", "documents")
    assert await holder.states() == ["lost"]
    citizen.application_id = begun["application_id"]
    await citizen.upload_everything()
    await citizen.submit()
    second = await citizen.call("application", "POST", f"{path}/replacement", {})
    assert (second.status, second["code"]) == (409, "replacement_under_way")
    assert second["application_id"] == citizen.application_id
