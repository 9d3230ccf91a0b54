"""A told call is made as it is told: with the query that it needs, and with that of the refused request."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.next_calls import SEE_APPOINTMENTS, SEE_BILLS, SEE_OPENINGS, SEE_REFUNDS, address_of
from tests.assembled import Suite
from tests.walking import Citizen


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Services are served on loopback."""


@pytest.fixture
async def citizen() -> AsyncIterator[Citizen]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        yield citizen


LISTS = [SEE_APPOINTMENTS, SEE_BILLS, SEE_OPENINGS, SEE_REFUNDS]
SERVICE_OF = {"appointments": "scheduling", "bills": "billing", "openings": "scheduling", "refunds": "billing"}


@pytest.mark.acceptance("F31.next_action")
async def test_lists_that_need_a_query_are_told_with_it(citizen: Citizen) -> None:
    await citizen.until_submitted()
    await citizen.hold()
    known = {"application_id": citizen.application_id, "office_id": "jakarta-selatan"}
    for told in LISTS:
        call = address_of(told, known)
        service = SERVICE_OF[told.template.rpartition("/")[2]]
        assert (await citizen.call(service, call["method"], call["href"])).status == 200, call


async def test_the_refused_request_is_told_with_its_query(citizen: Citizen) -> None:
    await citizen.register()
    unknown = "/v1/challenges/unknown/resend?channel=sms"
    refused = await citizen.call("identity", "POST", unknown)
    assert refused.status == 404
    early = await citizen.call("billing", "GET", "/v1/bills?application_id=%20")
    assert (early.status, early["next_call"]) == (422, {"method": "GET", "href": "/v1/bills?application_id=%20"})
