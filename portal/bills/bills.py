"""Which bills a page shows, and how: shapes answers of billing for templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

LIVE: Final = frozenset({"requested", "issued", "expiry_unconfirmed", "paid_unsettled"})
"""A bill that still waits for its money."""

WAITED_FOR: Final = frozenset({"requested", "expiry_unconfirmed", "paid_unsettled"})
"""A state that ends without the payer: the page looks again soon."""

RENEWED: Final = frozenset({"expired", "failed", "cancelled"})
CLAIMED: Final = frozenset({"issued", "expiry_unconfirmed", "paid_unsettled", "expired", "cancelled"})
PURPOSES: Final = ("fee", "top_up", "penalty", "same_day")
GROUP: Final = 3
"""Signs of a billing code that are read at a time."""


def newest_of_each_purpose(bills: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is to be shown of each purpose: the bill that waits for money, else the newest; unpaid ones first."""
    shown = []
    for purpose in PURPOSES:
        of_purpose = [bill for bill in bills if bill["purpose"] == purpose and bill["state"] != "superseded"]
        live = [bill for bill in of_purpose if bill["state"] in LIVE]
        if of_purpose:
            shown.append(max(live or of_purpose, key=lambda bill: bill["requested_at"]))
    return sorted(shown, key=lambda bill: bill["state"] not in LIVE)


def can_be_renewed(bill: dict[str, Any]) -> bool:
    """Return whether the bill may be given a new code."""
    return bill["state"] in RENEWED and "renewal" in bill["remaining_steps"]


def can_be_claimed(bill: dict[str, Any]) -> bool:
    """Return whether a payment of it may have gone unseen."""
    return bill["state"] in CLAIMED and bill["issued_at"] is not None


def looks_again_soon(bills: Sequence[dict[str, Any]]) -> int | None:
    """Return after how many seconds a page without script looks again; None where nothing is waited for."""
    states = {bill["state"] for bill in bills}
    if states & WAITED_FOR:
        return 15
    return 60 if "issued" in states else None


def in_groups(code: str) -> list[str]:
    """Return the signs of a code in groups that can be read out."""
    return [code[start : start + GROUP] for start in range(0, len(code), GROUP)]


def usable_credits(owned: Sequence[dict[str, Any]], amount: int) -> list[dict[str, Any]]:
    """Return the credits that pay the whole of an amount."""
    return [credit for credit in owned if credit["state"] == "open" and credit["rest"] >= amount]
