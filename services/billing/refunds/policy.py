"""How long each step of a refund may take, and after how long somebody asks again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.billing.states import RefundState
from services.billing.working_days import Calendar

CLAIM_DAYS: Final = 5 * 365 + 1
"""UU 9/2018 art. 63: a refund is asked for within five years of the payment."""


@dataclass(frozen=True)
class RefundPolicy:
    """Durations; ``_days`` are working days unless the name says otherwise.

    The seven days for papers, the three months for an objection and the six for its decision are the law's; the others
    are this project's assumption, since no published rule names them.
    """

    completeness_days: int = 3
    papers_days: int = 7
    """PMK 206/PMK.02/2021: the payer answers a request for data in seven working days."""
    research_days: int = 5
    recommend_days: int = 3
    decide_days: int = 5
    release_days: int = 1
    order_days: int = 2
    payment_days: int = 10
    escalate_days: int = 1
    """A step that is overdue is told of again after this."""
    object_calendar_days: int = 91
    """PMK 206/PMK.02/2021: three months."""
    objection_calendar_days: int = 182
    """PMK 206/PMK.02/2021: six months; silence grants it."""
    seat_answer_seconds: int = 60
    seat_answer_most_seconds: int = 3600
    bank_retry_seconds: int = 30
    bank_retry_most_seconds: int = 1800
    track_seconds: int = 60
    track_most_seconds: int = 3600
    book_seconds: int = 5
    """A case left midway between two writes goes on after this long."""
    calendar: Calendar = field(default_factory=Calendar)

    def step_due(self, state: RefundState, now: datetime) -> datetime | None:
        """Until when the next step out of a state must be taken; none where no step is owed."""
        if state == RefundState.OBJECTED:
            return now + timedelta(days=self.objection_calendar_days)
        days = self.days_of().get(state)
        return self.calendar.after(now, days) if days is not None else None

    def days_of(self) -> Mapping[RefundState, int]:
        """The working days that each state may last."""
        return {
            RefundState.OPENED: self.completeness_days,
            RefundState.REQUESTED: self.completeness_days,
            RefundState.INCOMPLETE: self.papers_days,
            RefundState.COMPLETE: self.research_days,
            RefundState.RESEARCHED: self.recommend_days,
            RefundState.RECOMMENDED: self.decide_days,
            RefundState.APPROVED: self.release_days,
            RefundState.RELEASED: self.order_days,
            RefundState.ORDERED: self.payment_days,
        }

    def escalate_at(self, now: datetime) -> datetime:
        """When an overdue step is told of again."""
        return self.calendar.after(now, self.escalate_days)

    def object_until(self, now: datetime) -> datetime:
        """Until when a refusal can be objected to."""
        return now + timedelta(days=self.object_calendar_days)
