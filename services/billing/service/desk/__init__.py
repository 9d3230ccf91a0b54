"""What people ask of billing over HTTP, a module per topic. Nothing waits outside."""

from __future__ import annotations

from services.billing.service.desk.bills import BillDesk
from services.billing.service.desk.payments import MOST_CLAIMS, PaymentDesk
from services.billing.service.desk.tariffs import TariffDesk

__all__ = ["MOST_CLAIMS", "Desk"]


class Desk(TariffDesk, BillDesk, PaymentDesk):
    """The use cases that a person starts."""
