"""A payment as SIMPONI tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Payment:
    """What SIMPONI tells of one payment, by whichever way."""

    billing_code: str
    ntpn: str | None
    ntb: str
    amount: int
    paid_at: datetime
    channel: str
