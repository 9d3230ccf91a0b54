"""A payment as SIMPONI tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Payment:
    """One payment as SIMPONI reports it, by notice, poll or file."""

    billing_code: str
    ntpn: str | None
    ntb: str
    amount: int
    paid_at: datetime
    channel: str
