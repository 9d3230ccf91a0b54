"""What a refused applicant is told, and how refund cases show in the application."""

from __future__ import annotations

from typing import Any

import pytest

from services.application.applications.appeal_texts import REFUND_GUIDE, grounds, ways
from services.application.applications.schemas import ApplicationView
from services.application.applications.visit import Visits, with_refund, with_refund_moved
from services.application.requirements.rule_set import load_rules
from services.application.texts import TIMELINE
from shared.events import billing
from tests.unit.application import make
from tests.unit.application.world import INTERVIEWER, World


async def view_of(world: World, application_id: str) -> ApplicationView:
    return ApplicationView.from_seen(await world.look(application_id), load_rules())


@pytest.mark.acceptance("X14.reason", "X14.rule", "X14.redress")
@pytest.mark.parametrize("code", ["false_statement", "other"])
async def test_a_refusal_carries_reason_rule_and_ways_of_redress(world: World, code: str) -> None:
    application_id = await world.at_the_counter()
    assert (await view_of(world, application_id)).refusal is None
    await world.service.counter.record_interview(application_id, "refused", code, None, INTERVIEWER, world.command())
    view = await view_of(world, application_id)
    assert view.refusal is not None
    assert view.refusal.reason_code == code
    assert "8/2014" in view.refusal.rule
    assert view.refusal.reason and view.refusal.reason_id
    assert [way.code for way in view.refusal.redress] == ["objection", "appeal", "ombudsman", "refund", "apply_again"]
    assert all(way.rule and way.text and way.text_id for way in view.refusal.redress)
    assert REFUND_GUIDE in {way.link for way in view.refusal.redress}
    assert "redress" in view.next_action
    assert view.refund_guide == REFUND_GUIDE


def test_the_last_ground_speaks_for_all_others() -> None:
    assert grounds()[-1].code == "other"
    assert len({ground.code for ground in grounds()}) == len(grounds())
    assert {way.link for way in ways()} == {None, REFUND_GUIDE}


def moved(state: str, **more: Any) -> billing.RefundMoved:
    return billing.RefundMoved(
        refund_id="r", receipt_id="x", amount=5, reason="late_payment", state=state, **{"account_id": "acc", **more}
    )


@pytest.mark.acceptance("F62.actor_and_deadline")
async def test_every_step_of_a_refund_is_in_the_application(world: World) -> None:
    application_id = await world.booked()
    ids = {"application_id": application_id, "account_id": "acc"}
    await world.tell(billing.RefundOpened(refund_id="r", receipt_id="x", amount=5, reason="late_payment", **ids), 1)
    until = make.VISIT
    await world.tell(moved("incomplete", needs="papers", due_at=until, **ids), 2)
    shown = (await view_of(world, application_id)).refunds[0]
    assert (shown.state, shown.needs, shown.deadline) == ("incomplete", "papers", until)
    await world.tell(moved("refused", rule="papers_not_given", **ids), 4)
    await world.tell(moved("requested", **ids), 3)
    shown = (await view_of(world, application_id)).refunds[0]
    assert (shown.state, shown.refused_by_rule, shown.needs) == ("refused", "papers_not_given", None)
    await world.tell(moved("paid"), 5)
    lines = [line.what for line in (await view_of(world, application_id)).timeline]
    assert {"refund_opened", "refund_incomplete", "refund_refused", "refund_requested"} <= set(lines)


def test_a_step_that_comes_before_the_opening_is_kept() -> None:
    visits = with_refund_moved(Visits(), moved("complete"), version=3, at=make.VISIT)
    opened = billing.RefundOpened(refund_id="r", receipt_id="x", amount=5, reason="late_payment")
    visits = with_refund(visits, opened, make.VISIT)
    assert [refund.state for refund in visits.refunds] == ["complete"]
    released = with_refund_moved(visits, moved("released"), version=5, at=make.VISIT)
    assert with_refund_moved(released, moved("approved"), version=5, at=make.VISIT) == released
    other = moved("requested").model_copy(update={"refund_id": "r2"})
    visits = with_refund_moved(visits, other, version=1, at=make.VISIT)
    visits = with_refund_moved(visits, moved("researched"), version=4, at=make.VISIT)
    assert [refund.state for refund in visits.refunds] == ["researched", "requested"]


def test_every_state_of_a_refund_has_its_line() -> None:
    states = "requested incomplete complete researched recommended approved released ordered paid credited refused"
    assert {f"refund_{state}" for state in f"{states} objected withdrawn".split()} <= set(TIMELINE)
