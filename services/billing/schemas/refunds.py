"""Refund cases over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from services.billing.domain.refund import Refund
from services.billing.schemas.common import Id
from shared.http.schema import Path, View


class RefundPath(Path):
    """The refund case in the path."""

    refund_id: Id


class RefundStepView(View):
    """One thing that happened to a refund case."""

    at: datetime
    state: str
    by: str
    note: str


class RefundView(View):
    """A refund case with its reason, the rule and who decides."""

    refund_id: str
    application_id: str | None
    bill_id: str | None
    amount: int
    currency: str = "IDR"
    state: str
    reason: str
    legal_basis: str
    decided_by: str
    opened_at: datetime
    steps: tuple[RefundStepView, ...]

    @classmethod
    def of(cls, refund: Refund) -> Self:
        """The case as it is shown."""
        steps = tuple(
            RefundStepView(at=step.at, state=step.state.value, by=step.by, note=step.note) for step in refund.steps
        )
        return cls(
            refund_id=refund.refund_id,
            application_id=refund.application_id,
            bill_id=refund.bill_id,
            amount=refund.amount,
            state=refund.state.value,
            reason=refund.reason,
            legal_basis=refund.legal_basis,
            decided_by=refund.decided_by,
            opened_at=refund.opened_at,
            steps=steps,
        )


class RefundList(View):
    """The refund cases of an application, oldest first."""

    refunds: tuple[RefundView, ...]
