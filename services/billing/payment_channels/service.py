"""The use cases of how to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.billing.bills.own_bill import OwnBills
from services.billing.bills.states import BillState
from services.billing.payment_channels.errors import NothingToPayHere
from services.billing.payment_channels.model import PaymentChannel, channels_for, channels_in_general
from shared.tokens import Caller


@dataclass(frozen=True)
class WaysToPay:
    """How one bill is paid."""

    billing_code: str
    amount: int
    expires_at: datetime
    timezone: str | None
    channels: tuple[PaymentChannel, ...]


class PaymentChannels:
    """Explains how to pay, in general and one bill."""

    def __init__(self, own_bills: OwnBills, channels: tuple[PaymentChannel, ...]) -> None:
        self._own_bills = own_bills
        self._channels = channels

    def in_general(self) -> tuple[PaymentChannel, ...]:
        """Return every channel."""
        return channels_in_general(self._channels)

    async def of_bill(self, caller: Caller, bill_id: str) -> WaysToPay:
        """Return the channels that take a bill, with its code in their steps.

        Raises:
            BillUnknown: there is none, or it is another account's. NothingToPayHere: it has no code to pay now.
        """
        bill = (await self._own_bills.find(caller, bill_id)).state
        if bill.state != BillState.ISSUED or bill.billing_code is None or bill.expires_at is None:
            raise NothingToPayHere(state=bill.state)
        zone = bill.seat.timezone if bill.seat else bill.timezone
        channels = channels_for(self._channels, bill.billing_code, bill.amount)
        return WaysToPay(bill.billing_code, bill.amount, bill.expires_at, zone, channels)
