"""Money and the withdrawal of its application: pay time decides which of the two came first."""

from __future__ import annotations

from datetime import datetime

from services.billing.rules import whole_seconds


def paid_after(paid_at: datetime, withdrawn_at: datetime | None) -> bool:
    """Return whether money was paid after the withdrawal of its application, so that it is refunded.

    Pay time decides, not the order of the events. The bank keeps whole seconds; within the second of the withdrawal
    the payer has the benefit of the doubt. Money that was paid before follows the rule of withdrawals.
    """
    return withdrawn_at is not None and whole_seconds(paid_at) >= whole_seconds(withdrawn_at)
