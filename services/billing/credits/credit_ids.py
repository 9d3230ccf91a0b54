"""Ids of credits and of what follows from them: a repeat meets the first."""

from __future__ import annotations

from shared.ids import derived_id


def credit_id_of(refund_id: str) -> str:
    """Return the id of the credit of a refund case: it has one at most."""
    return derived_id("credit", refund_id)


def payout_id_of(credit_id: str) -> str:
    """Return the id of the refund case by which a credit's rest is paid out."""
    return derived_id("refund", credit_id, "payout")
