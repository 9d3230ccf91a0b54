"""How to pay, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from services.billing.field_types import StateView
from services.billing.payment_channels.service import WaysToPay
from shared.calendar.working_days import JAKARTA
from shared.http.schema import LocalMoment, View


class PaymentChannelView(StateView, in_indonesian=("title", "hours", "limit", "steps")):
    """One way to pay: when it is open, what it takes, and its steps."""

    code: str
    title: str
    title_id: str
    hours: str
    hours_id: str
    limit: str
    limit_id: str
    most_amount: int | None
    """The largest bill that it takes, in rupiah."""
    steps: tuple[str, ...]
    steps_id: tuple[str, ...]


class PaymentChannelsView(View):
    """Every way to pay."""

    channels: tuple[PaymentChannelView, ...]


class HowToPayView(View):
    """How one bill is paid, with its code in the steps. The bank's time of the payment counts, not its arrival here."""

    billing_code: str
    amount: int
    currency: str = "IDR"
    expires_at: datetime
    expires_at_local: LocalMoment
    channels: tuple[PaymentChannelView, ...]

    @classmethod
    def from_ways(cls, ways: WaysToPay) -> Self:
        """Return the view of the ways to pay a bill."""
        return cls(
            billing_code=ways.billing_code,
            amount=ways.amount,
            expires_at=ways.expires_at,
            expires_at_local=ways.expires_at.astimezone(ZoneInfo(ways.timezone or JAKARTA.key)).isoformat(),
            channels=tuple(map(PaymentChannelView.model_validate, ways.channels)),
        )
