"""Money and the withdrawal of its application: pay time decides which of the two came first."""

from __future__ import annotations

from datetime import datetime

from services.billing.rules import whole_seconds


def paid_after(paid_at: datetime, withdrawn_at: datetime | None) -> bool:
    """Whether money was paid once its application had been withdrawn, so that it goes back; never by when it was heard.

    The bank keeps whole seconds. Within the second of the withdrawal nobody can tell which came first: the doubt is the
    payer's. What was paid before follows the rule of withdrawals.
    """
    return withdrawn_at is not None and whole_seconds(paid_at) >= whole_seconds(withdrawn_at)
