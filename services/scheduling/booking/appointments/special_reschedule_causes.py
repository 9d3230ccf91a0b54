"""Causes of a special reschedule, and the reasons for which an office refuses a request.

The causes are :class:`shared.events.codes.SpecialCause`. A new one is added there; here, if applicants may name it;
its words in `services/notification/data/reasons.toml`; and in `services/billing/rebooking/model.py`, if the state
answers for it, so that the fee may go back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.events.codes import SpecialCause

CAUSES_TO_ASK_WITH: Final = (SpecialCause.SYSTEM_FAULT, SpecialCause.ILLNESS, SpecialCause.FORCE_MAJEURE)
"""Causes that an applicant may name; the others are the office's own word."""


class SpecialRefusal(StrEnum):
    """Why the office says no."""

    EVIDENCE_MISSING = "evidence_missing"
    EVIDENCE_NOT_SUFFICIENT = "evidence_not_sufficient"
    CAUSE_NOT_PERMITTED = "cause_not_permitted"
    CAME_TO_THE_VISIT = "came_to_the_visit"
