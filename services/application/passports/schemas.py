"""Passports over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from services.application.applications.book import BookKind
from services.application.field_types import Id
from services.application.passports.passport import PassportSource, PassportState, next_step
from services.application.passports.service import PassportSeen
from services.application.passports.texts import STEPS
from shared.events.codes import PassportReport
from shared.fields.numbers import PassportNumber
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, NextCallView, View, view_next_call

MOST_ZONE_CHARACTERS = 200
"""Of a typed zone: two lines of 44 signs, with the spaces that people put between them."""


class ReportPassport(Body):
    """Report a passport that was handed out."""

    report: Annotated[PassportReport, Field(strict=False)] = Field(examples=["lost"])


class UndoReport(Body):
    """Undo a report with the book in hand."""

    number: PassportNumber


class RecordOldPassport(Body):
    """An earlier book that an officer has in hand: its zone, or its number with check digit and expiry date."""

    kind: Annotated[BookKind, Field(strict=False)] = Field(examples=["ordinary"])
    issued_on: IsoDate = Field(examples=["2019-03-04"])
    zone: str | None = Field(
        None,
        max_length=MOST_ZONE_CHARACTERS,
        description="both lines at the foot of the data page, 44 signs each",
        examples=[f"{'P<IDNLATIHAN<<SARI<CONTOH':<<44}\nA7654321<4IDN9002052F2503044<<<<<<<<<<<<<<02"],
    )
    number: PassportNumber | None = None
    check_digit: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] | None = Field(
        None, description="the sign behind the number in the second line of the zone"
    )
    expires_on: IsoDate | None = Field(None, examples=["2024-03-04"])
    office_id: Id | None = Field(None, description="the office that issued it, where the book names one")


class PassportView(View):
    """A passport; of its number the last signs alone."""

    passport_id: str
    applicant_id: str
    passport_number_masked: str = Field(description="the last three signs of the number", examples=["*****567"])
    kind: Annotated[str, OneOf(BookKind)]
    issued_on: date
    expires_on: date
    is_expired: bool
    office_id: str | None
    state: Annotated[str, OneOf(PassportState)]
    source: Annotated[str, OneOf(PassportSource)]
    application_id: str | None
    collected_at: datetime | None
    reported_at: datetime | None
    replaced_by: str | None = Field(description="the passport that took its place")
    next_action: str
    next_action_in_indonesian: str
    next_call: NextCallView | None

    @classmethod
    def from_seen(cls, seen: PassportSeen) -> Self:
        """Return the view of a passport."""
        passport, step = seen.passport, next_step(seen.passport, seen.on)
        told = STEPS[step]
        return cls(
            passport_id=seen.passport_id,
            applicant_id=passport.applicant_id,
            passport_number_masked=f"{'*' * 5}{seen.number_end}",
            kind=passport.book.kind.value,
            issued_on=passport.book.issued_on,
            expires_on=passport.book.expires_on,
            is_expired=passport.expired(seen.on),
            office_id=passport.office_id,
            state=passport.state.value,
            source=passport.source.value,
            application_id=passport.application_id,
            collected_at=passport.collected_at,
            reported_at=passport.reported_at,
            replaced_by=passport.replaced_by,
            next_action=told.en,
            next_action_in_indonesian=told.id,
            next_call=view_next_call("passport", step, passport_id=seen.passport_id),
        )


class PassportsView(ListView):
    """Passports, the newest first."""

    passports: list[PassportView]

    @classmethod
    def from_seen(cls, seen: list[PassportSeen]) -> Self:
        """Return the view of passports."""
        return cls(passports=[PassportView.from_seen(passport) for passport in seen])
