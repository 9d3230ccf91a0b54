"""The expected ways in which scheduling says no; each is a sentence, a stable code and a next action."""

from __future__ import annotations

from services.scheduling.errors.appointments import (
    ApplicationIsWithdrawn,
    BeingMoved,
    FeeWouldBeLost,
    NoMovesLeft,
    NotPossibleNow,
    OfferOver,
    PersonHasAppointment,
    SameSession,
    TooFarToMove,
    TooLateToMove,
)
from services.scheduling.errors.counter import (
    NotPaidYet,
    QueueCodeNotValid,
    QueueCodeReplaced,
    TooEarlyToCheckIn,
    VisitMissed,
    VisitOnAnotherDay,
)
from services.scheduling.errors.offices import (
    NotYourOffice,
    OfficeNotFound,
    PoolNotOpen,
    QuotaAboveCapacity,
    SessionClosed,
    SessionExists,
    SessionNotFound,
    SessionPlanWrong,
    SessionSoldOut,
)
from services.scheduling.errors.quota import NotOpenYet
from services.scheduling.errors.special import (
    NoSpecialAsked,
    NoSpecialLeft,
    SpecialAlreadyAsked,
    SpecialCauseNotPermitted,
    SpecialOver,
    TooLateForSpecial,
)

__all__ = [
    "ApplicationIsWithdrawn",
    "BeingMoved",
    "FeeWouldBeLost",
    "NoMovesLeft",
    "NoSpecialAsked",
    "NoSpecialLeft",
    "NotOpenYet",
    "NotPaidYet",
    "NotPossibleNow",
    "NotYourOffice",
    "OfferOver",
    "OfficeNotFound",
    "PersonHasAppointment",
    "PoolNotOpen",
    "QueueCodeNotValid",
    "QueueCodeReplaced",
    "QuotaAboveCapacity",
    "SameSession",
    "SessionClosed",
    "SessionExists",
    "SessionNotFound",
    "SessionPlanWrong",
    "SessionSoldOut",
    "SpecialAlreadyAsked",
    "SpecialCauseNotPermitted",
    "SpecialOver",
    "TooEarlyToCheckIn",
    "TooFarToMove",
    "TooLateForSpecial",
    "TooLateToMove",
    "VisitMissed",
    "VisitOnAnotherDay",
]
