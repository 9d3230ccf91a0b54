"""A payment as SIMPONI tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

PART: Final = "."
"""Stands between the treasury's number and the number of a part of its money."""


@dataclass(frozen=True)
class Payment:
    """One payment as SIMPONI reports it, by notice, poll or file."""

    billing_code: str
    ntpn: str | None
    ntb: str
    amount: int
    paid_at: datetime
    channel: str


def treasury_number(receipt_id: str) -> str:
    """Return the treasury's number (NTPN) of a receipt or of a part of one."""
    return receipt_id.partition(PART)[0]
