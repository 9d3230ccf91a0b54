"""The civil registry is down and comes back: applications go on meanwhile, and nothing is paid before its answer."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.api_client import Refused, eventually
from journeys.citizen import Citizen
from journeys.ways import Ways


async def submitted_while_down(citizen: Citizen) -> Any:
    """The view of an application that was begun, filled and submitted while the registry was down."""
    await citizen.register()
    added = await citizen.api.post(f"{citizen.at.identity}/v1/applicants", citizen.person.as_applicant())
    citizen.applicant_id = added["applicant_id"]
    await citizen.begin()
    assert (await citizen.view())["identity_state"] == "pending"
    await citizen.answer_questionnaire()
    await citizen.upload_documents()
    await citizen.submit()
    return await citizen.view()


async def code_of_hold(citizen: Citizen) -> str:
    """The code with which a seat is refused."""
    session = (await citizen.free_sessions())[0]
    with pytest.raises(Refused) as refused:
        await citizen.hold_in(session["session_id"])
    return refused.value.code


async def identity_state(citizen: Citizen) -> str:
    view = await citizen.api.get(f"{citizen.at.identity}/v1/applicants/{citizen.applicant_id}")
    return str(view["identity"]["state"])


@pytest.mark.acceptance("F23.identity_pending", "F23.rechecked", "X11.identity_first")
async def test_an_application_goes_on_while_the_registry_is_down_and_is_paid_once_it_was_asked_again(
    ways: Ways,
) -> None:
    citizen = await ways.newcomer()
    await citizen.outside.behave("dukcapil", operation="*", mode="down")
    try:
        view = await submitted_while_down(citizen)
        assert (view["state"], view["current_step"]) == ("identity_pending", "identity")
        assert {document["state"] for document in view["documents"]} == {"accepted"}
        assert await code_of_hold(citizen) == "identity_awaited"
        assert await identity_state(citizen) in ("pending", "upstream_down")
        assert await citizen.newest_bill() is None
    finally:
        await citizen.outside.behave("dukcapil", operation="*", mode="ok")
    await eventually(citizen.view, lambda seen: seen["state"] == "submitted", "the registry being asked again")
    assert await identity_state(citizen) == "passed"
    await citizen.hold_seat()
    await ways.pay(ways.reporter.way("test", ""), citizen)
    view = await citizen.view()
    assert (view["current_step"], view["bill"]["state"]) == ("come", "paid")
    order = [line["what"] for line in view["timeline"]]
    assert order.index("submitted") < order.index("identity_confirmed") < order.index("bill_requested")


@pytest.mark.acceptance("F23.rechecked", "X11.identity_first")
async def test_a_person_whom_the_registry_refuses_once_it_is_back_gets_no_seat_and_no_bill(ways: Ways) -> None:
    known = await ways.newcomer()
    citizen = Citizen(known.at, known.api, known.outside, ways.people.adult())
    await citizen.outside.behave("dukcapil", operation="*", mode="down")
    try:
        await submitted_while_down(citizen)
    finally:
        await citizen.outside.behave("dukcapil", operation="*", mode="ok")
    await eventually(lambda: identity_state(citizen), lambda state: state == "failed", "the registry's refusal")
    assert await code_of_hold(citizen) == "identity_awaited"
    view = await citizen.view()
    assert (view["state"], view["identity_state"], view["bill"]) == ("identity_pending", "pending", None)
    assert await citizen.newest_bill() is None
