"""What billing refuses, each with its next action; a module per topic."""

from __future__ import annotations

from services.billing.errors.bills import (
    AnotherBillIsLive,
    BillCannotBeRenewed,
    BillHasEnded,
    BillIsPaid,
    BillStillPayable,
    BillUnknown,
    MoneyIsBeingPlaced,
    MoneyIsOnItsWay,
    SeatIsGone,
)
from services.billing.errors.payments import NoCodeToPay, TooManyClaims
from services.billing.errors.refunds import RefundUnknown
from services.billing.errors.tariffs import (
    NoTariffThatDay,
    SecondPersonNeeded,
    TariffChangeDecided,
    TariffChangeUnknown,
    TariffDayIsTaken,
    TariffIncomplete,
    TariffReachesBack,
)

__all__ = [
    "AnotherBillIsLive",
    "BillCannotBeRenewed",
    "BillHasEnded",
    "BillIsPaid",
    "BillStillPayable",
    "BillUnknown",
    "MoneyIsBeingPlaced",
    "MoneyIsOnItsWay",
    "NoCodeToPay",
    "NoTariffThatDay",
    "RefundUnknown",
    "SeatIsGone",
    "SecondPersonNeeded",
    "TariffChangeDecided",
    "TariffChangeUnknown",
    "TariffDayIsTaken",
    "TariffIncomplete",
    "TariffReachesBack",
    "TooManyClaims",
]
