"""At every station of the journey the answers say where one stands: step, what remains, what now and until when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from tests.assembled import Suite
from tests.walking import Citizen, serve_visitor

MOST_STEPS: Final = 13
"""F33: a newcomer's journey needs no more."""


@pytest.fixture
async def citizen() -> AsyncIterator[Citizen]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        yield citizen


def told(view: Any) -> tuple[str, list[str]]:
    """The current step and the remaining ones, of an answer that says all that F31 asks for."""
    assert view["next_action"].strip() and view["next_action_id"].strip()
    assert view["next_action"] != view["next_action_id"]
    assert "deadline" in view
    assert view["current_step"] not in view["remaining_steps"]
    return view["current_step"], view["remaining_steps"]


@pytest.mark.acceptance("F31.current_step", "F31.remaining_steps", "F31.next_action", "F33.thirteen_steps")
async def test_every_station_tells_what_comes_next_and_the_way_is_short(citizen: Citizen) -> None:
    await citizen.register()
    await citizen.become_applicant()
    applicant = await citizen.done("identity", "GET", f"/v1/applicants/{citizen.applicant_id}")
    told(applicant.body)
    await citizen.begin()
    walked: list[str] = []
    before: list[str] | None = None
    for go_on in (None, citizen.answer, citizen.upload_everything, citizen.submit, citizen.hold, citizen.pay):
        if go_on is not None:
            await go_on()
        step, remaining = told(await citizen.view())
        assert before is None or remaining == before[before.index(step) + 1 :], "a step came back"
        walked.append(step)
        before = remaining
    assert walked == ["questionnaire", "documents", "submit", "choose_seat", "pay", "come"]
    await serve_visitor(citizen)
    view = await citizen.view()
    assert told(view) == ("finished", [])
    proving = ["register", "type the code", "add the applicant"]
    assert len([*proving, *walked, *(before or [])]) <= MOST_STEPS


@pytest.mark.acceptance("F31.deadline")
async def test_where_time_matters_the_deadline_is_told(citizen: Citizen) -> None:
    await citizen.until_submitted()
    assert (await citizen.view())["deadline"] is None
    await citizen.hold()
    bill = await citizen.bill()
    view = await citizen.view()
    assert view["deadline"] == bill["deadline"] == bill["expires_at"]
    told(bill)
    seat = await citizen.appointment()
    told(seat)
    await citizen.pay()
    view = await citizen.view()
    assert view["deadline"] == view["appointment"]["starts_at"]


async def test_the_timeline_tells_what_happened_when_and_who_did_it(citizen: Citizen) -> None:
    await citizen.until_paid()
    await serve_visitor(citizen)
    lines = (await citizen.view())["timeline"]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    for line in lines:
        assert line["what"] and line["who"] and line["text"].strip() and line["text_id"].strip()
        assert line["by"] is None, "accounts of officers are for staff only"
    assert {"applicant", "billing", "scheduling", "front_officer", "interviewer"} <= {line["who"] for line in lines}
