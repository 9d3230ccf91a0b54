"""Until when the next step of a refund case is taken: `RefundPolicy` in `services/billing/rules.py` has the days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.billing.refunds.states import RefundState
from services.billing.rules import RefundPolicy


def step_due(policy: RefundPolicy, state: RefundState, now: datetime) -> datetime | None:
    """Return until when the next step out of a state must be taken; None where no step is owed."""
    if state == RefundState.OBJECTED:
        return now + timedelta(days=policy.objection_calendar_days)
    days = working_days_of(policy).get(state)
    return policy.calendar.after(now, days) if days is not None else None


def working_days_of(policy: RefundPolicy) -> Mapping[RefundState, int]:
    """Return the working days that each state may last."""
    return {
        RefundState.OPENED: policy.completeness_days,
        RefundState.REQUESTED: policy.completeness_days,
        RefundState.INCOMPLETE: policy.papers_days,
        RefundState.COMPLETE: policy.research_days,
        RefundState.RESEARCHED: policy.recommend_days,
        RefundState.RECOMMENDED: policy.decide_days,
        RefundState.APPROVED: policy.release_days,
        RefundState.RELEASED: policy.order_days,
        RefundState.ORDERED: policy.payment_days,
    }
