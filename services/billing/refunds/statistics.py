"""The report on refunds: a pure function of the cases, so that anybody can work it out again from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from services.billing.refunds.model import Refund
from services.billing.refunds.states import OPEN_REFUNDS, RefundState

LONG_OPEN: Final = timedelta(days=30)
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class RefundStatistics:
    """Statistics of some cases: outcomes and durations."""

    requests: int
    automatic: int
    approved: int
    """Ever approved, whatever came after."""
    refused: int
    """Refused now."""
    paid: int
    credited: int
    open: int
    open_over_30_days: int
    paid_rupiah: int
    median_days: float | None
    """From opening to payment or credit, in days with one decimal; None if nothing was paid yet."""
    by_reason: Mapping[str, int]


def statistics_of(cases: Sequence[Refund], now: datetime) -> RefundStatistics:
    """Return the report on these cases."""
    states = Counter(case.state for case in cases)
    given = [case for case in cases if case.state in (RefundState.PAID, RefundState.CREDITED)]
    still = [case for case in cases if case.state in OPEN_REFUNDS]
    days = [((case.ended_at or now) - case.opened_at).total_seconds() / DAY_SECONDS for case in given]
    return RefundStatistics(
        requests=len(cases),
        automatic=sum(case.automatic for case in cases),
        approved=sum(any(step.state == RefundState.APPROVED for step in case.steps) for case in cases),
        refused=states[RefundState.REFUSED],
        paid=states[RefundState.PAID],
        credited=states[RefundState.CREDITED],
        open=len(still),
        open_over_30_days=sum(now - case.opened_at > LONG_OPEN for case in still),
        paid_rupiah=sum(case.amount for case in given if case.state == RefundState.PAID),
        median_days=round(median(days), 1) if days else None,
        by_reason=dict(sorted(Counter(case.reason for case in cases).items())),
    )
