"""What people ask of billing over HTTP, a module per topic. Nothing waits outside."""

from __future__ import annotations

from services.billing.bills.claims import MOST_CLAIMS, PaymentDesk
from services.billing.bills.requests import BillDesk
from services.billing.tariffs.service import TariffDesk

__all__ = ["MOST_CLAIMS", "Desk"]


class Desk(TariffDesk, BillDesk, PaymentDesk):
    """The use cases that a person starts."""
