"""Refusals about how to pay."""

from __future__ import annotations

from services.billing.bills.states import BillState
from shared.errors import Refusal, fact_types


class NothingToPayHere(Refusal):
    """It was asked how to pay a bill that has no code to pay: paid, ended, or still without one."""

    status = 409
    code = "nothing_to_pay_here"
    facts_told = fact_types(state=BillState)
    title = "This bill has no code that can be paid now."
    title_id = "Tagihan ini tidak mempunyai kode yang dapat dibayar sekarang."
    next_action = "Look at the bill for its next step; do not pay an old code."
    next_action_id = "Lihat langkah berikutnya pada tagihan; jangan membayar kode lama."
