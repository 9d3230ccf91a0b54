"""Corrections over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.application.field_types import Code
from services.application.requirements.answers import ZeroTariff
from shared.events.codes import ApplicationReason, PassportKind, PenaltyGround
from shared.http.schema import Body


class KindCorrection(Body):
    """The corrected kind, and the reason for the correction."""

    passport_kind: PassportKind = Field(examples=["electronic"])
    validity_years: Literal[5, 10] = Field(examples=[10])
    reason: ApplicationReason = Field(examples=["expired"])
    zero_tariff: ZeroTariff | None = None
    reason_code: Code = Field(examples=["held_passport_before"])
    note: str | None = Field(None, max_length=2000, description="kept encrypted, for the office alone")


class PenaltyFinding(Body):
    """The finding of the interview about the previous passport."""

    ground: PenaltyGround = Field(examples=["lost"])
    force_majeure: bool = False
    proof_seen: bool = Field(False, description="the letter that force majeure needs was seen")
    reason_code: Code = Field(examples=["told_at_interview"])
    note: str | None = Field(None, max_length=2000, description="kept encrypted, for the office alone")
