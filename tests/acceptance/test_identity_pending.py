"""The civil registry is down and comes back: applications go on meanwhile, and nothing is paid before its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from journeys.api_client import Api, Refused, eventually
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


async def refusal_of_hold(citizen: Citizen, code: str) -> Any:
    """The problem with which a seat is refused, once scheduling has heard of the submission."""
    session = (await citizen.free_sessions())[0]
    body = {"application_id": citizen.application_id, "session_id": session["session_id"]}
    async with Api(patience_seconds=0) as impatient:
        impatient.token = citizen.api.token

        async def hold() -> Any:
            with pytest.raises(Refused) as refused:
                await impatient.post(f"{citizen.at.scheduling}/v1/appointments", body)
            return refused.value.problem

        return await eventually(hold, lambda problem: problem["code"] == code, f"the refusal {code}")


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
        problem = await refusal_of_hold(citizen, "identity_awaited")
        assert problem["next_call"] == {"method": "GET", "href": f"/v1/applications/{citizen.application_id}"}
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
    view = await eventually(citizen.view, lambda seen: seen["state"] == "draft", "the draft coming back")
    await refusal_of_hold(citizen, "application_not_submitted")
    assert (view["identity_state"], view["bill"]) == ("pending", None)
    assert await citizen.newest_bill() is None


async def test_a_seat_asked_for_with_a_draft_is_refused_with_the_call_that_comes_first(ways: Ways) -> None:
    citizen = await ways.newcomer()
    await citizen.register()
    await citizen.become_applicant()
    await citizen.begin()
    problem = await refusal_of_hold(citizen, "application_not_submitted")
    submission = f"/v1/applications/{citizen.application_id}/submission"
    assert problem["next_call"] == {"method": "POST", "href": submission}
    await citizen.answer_questionnaire()
    await citizen.upload_documents()
    await citizen.api.post(citizen.at.application + problem["next_call"]["href"], {"confirmed_not_refundable": True})
    assert await citizen.hold_seat()


async def test_of_two_accounts_that_apply_for_one_person_meanwhile_the_second_waits_for_the_first(ways: Ways) -> None:
    first = await ways.newcomer()
    twin = replace(first.person, email=f"lain.{first.person.email}")
    second = Citizen(first.at, Api(), first.outside, twin)
    await first.outside.behave("dukcapil", operation="*", mode="down")
    try:
        for citizen in (first, second):
            await submitted_while_down(citizen)
    finally:
        await first.outside.behave("dukcapil", operation="*", mode="ok")

    async def states() -> set[tuple[str, str]]:
        views = [await citizen.view() for citizen in (first, second)]
        return {(view["state"], view["identity_state"]) for view in views}

    ends = {("submitted", "confirmed"), ("identity_pending", "another_open")}
    await eventually(states, lambda found: found == ends, "one application going on and one waiting")
