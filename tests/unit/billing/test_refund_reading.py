"""Refunds are read as part of the step by those whose step it is, and for a day after one's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.billing.refunds.model import Refund, RefundStep
from services.billing.refunds.states import RefundState
from services.billing.refunds.transitions import FEE_OFFICER, OFFICE_HEAD, SEEN_AFTER, StepActor, is_in_hands_of

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
CASE = Refund(
    refund_id="refund-1",
    receipt_id="receipt-1",
    amount=350_000,
    state=RefundState.REQUESTED,
    reason="force_majeure",
    legal_basis="PP 59/2020",
    decided_by=FEE_OFFICER,
    opened_at=NOW,
    application_id="application-1",
    account_id="account-1",
    bill_id="bill-1",
)


@pytest.mark.parametrize(
    ("state", "role", "decided_by", "in_hands"),
    [
        (RefundState.REQUESTED, "treasurer", FEE_OFFICER, True),
        (RefundState.ORDERED, "treasurer", FEE_OFFICER, True),
        (RefundState.REQUESTED, "operator", FEE_OFFICER, True),
        (RefundState.REQUESTED, "office_admin", OFFICE_HEAD, True),
        (RefundState.REQUESTED, "front_officer", OFFICE_HEAD, False),
        (RefundState.PAID, "treasurer", FEE_OFFICER, False),
        (RefundState.REFUSED, "treasurer", FEE_OFFICER, False),
    ],
)
def test_an_open_case_is_in_the_hands_of_the_roles_that_take_steps_in_it(
    state: RefundState, role: str, decided_by: str, in_hands: bool
) -> None:
    case = replace(CASE, state=state, decided_by=decided_by)
    assert is_in_hands_of(case, StepActor(role, "somebody"), NOW) is in_hands


def test_who_took_a_step_sees_for_a_day_how_it_ended() -> None:
    step = RefundStep(NOW, RefundState.APPROVED, "treasurer", "approve", "treasurer-1")
    paid = replace(CASE, state=RefundState.PAID, steps=(step,))
    mine, other = StepActor("treasurer", "treasurer-1"), StepActor("treasurer", "treasurer-2")
    assert is_in_hands_of(paid, mine, NOW + SEEN_AFTER - timedelta(seconds=1))
    assert not is_in_hands_of(paid, mine, NOW + SEEN_AFTER)
    assert not is_in_hands_of(paid, other, NOW)
