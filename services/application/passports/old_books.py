"""An earlier book that an officer has in hand at the counter: taken by its zone, or by number and check digit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from services.application.applications.access import refuse_other_offices
from services.application.applications.book import BookFacts, BookKind, is_too_long
from services.application.applications.next_step import Step
from services.application.applications.service import Applications
from services.application.context import Actor, UseCaseContext
from services.application.passports.errors import (
    BookFactsMissing,
    CheckDigitWrong,
    ExpiryBeforeIssue,
    PassportHolderDiffers,
    PassportNumberOfAnother,
    PassportRecordedOtherwise,
    ValidityTooLong,
    ZoneUnreadable,
)
from services.application.passports.passport import Passport, PassportSource, PassportState
from services.application.passports.recording import PassportRecords
from services.application.passports.service import Passports, PassportSeen
from services.application.passports.zone import ZoneFault, number_fits, read_zone
from services.application.requirements.requirement import day_at_capital
from shared.errors import NotFound
from shared.fields.numbers import PASSPORT_NUMBER


@dataclass(frozen=True)
class BookInHand:
    """The book as the officer typed it off: its zone, or number, check digit and expiry."""

    kind: BookKind
    issued_on: date
    zone: str | None = field(default=None, repr=False)
    number: str | None = field(default=None, repr=False)
    check_digit: str | None = None
    expires_on: date | None = None
    office_id: str | None = None


@dataclass(frozen=True)
class _Read:
    number: str = field(repr=False)
    expires_on: date
    birth_digits: str | None = field(repr=False)


class OldBooks:
    """The use case of officers at the visit."""

    def __init__(
        self, context: UseCaseContext, applications: Applications, records: PassportRecords, passports: Passports
    ) -> None:
        self._context = context
        self._applications = applications
        self._records = records
        self._passports = passports

    async def record(self, application_id: str, book: BookInHand, who: Actor) -> PassportSeen:
        """Record the applicant's earlier passport by the word of the officer; the same again is no error.

        Raises:
            NotYourOffice. ApplicationEnded, StepComesFirst: the visitor is not at the counter.
            BookFactsMissing, ZoneUnreadable, CheckDigitWrong, ExpiryBeforeIssue, ValidityTooLong: the book was typed
                wrongly.
            PassportHolderDiffers: it is not the applicant's. PassportNumberOfAnother: the number is another person's.
            PassportRecordedOtherwise: it is theirs, with other facts.
        """
        record = await self._applications.application(application_id)
        application = record.state
        refuse_other_offices(application, who)
        self._applications.refuse_early(application, Step.INTERVIEW)
        read = _read(book)
        if book.issued_on >= read.expires_on or book.issued_on > day_at_capital(self._context.now()):
            raise ExpiryBeforeIssue(field="/issued_on", issued_on=book.issued_on, expires_on=read.expires_on)
        if is_too_long(book.issued_on, read.expires_on):
            raise ValidityTooLong(field="/issued_on", issued_on=book.issued_on, expires_on=read.expires_on)
        card = await self._applications.card(application.applicant_id)
        if read.birth_digits is not None and read.birth_digits != f"{card.birth_date:%y%m%d}":
            raise PassportHolderDiffers(field="/zone")
        applicant = await self._applications.repository.applicant(application.applicant_id)
        passport = Passport(
            person_id=application.person_id,
            account_id=application.account_id,
            applicant_id=application.applicant_id,
            book=BookFacts(book.kind, book.issued_on, read.expires_on),
            source=PassportSource.READ_BY_OFFICER,
            recorded_at=self._context.now(),
            number_sealed="",
            fingerprints=(),
            of_child=applicant is not None and applicant.state.guardian_applicant_id is not None,
            state=PassportState.COLLECTED,
            office_id=book.office_id,
            recorded_by=who.account_id,
        )
        known = await self._records.record_older(read.number, passport)
        if known is None:
            raise NotFound
        if known.state.person_id != application.person_id:
            raise PassportNumberOfAnother(field="/zone" if book.zone is not None else "/number")
        is_other_office = book.office_id is not None and known.state.office_id != book.office_id
        if known.state.book != passport.book or is_other_office:
            raise PassportRecordedOtherwise
        return await self._passports.seen_one(known)


def _read(book: BookInHand) -> _Read:
    if book.zone is not None:
        try:
            zone = read_zone(book.zone)
        except ZoneFault as fault:
            if fault.fields:
                raise CheckDigitWrong(fault.fields, "/zone") from None
            raise ZoneUnreadable from None
        if re.fullmatch(PASSPORT_NUMBER.pattern, zone.number) is None:
            raise CheckDigitWrong(("number",), "/zone")
        return _Read(zone.number, zone.expires_on, zone.birth_digits)
    if book.number is None or book.check_digit is None or book.expires_on is None:
        raise BookFactsMissing(field="/zone")
    if not number_fits(book.number, book.check_digit):
        raise CheckDigitWrong(("number",), "/check_digit")
    return _Read(book.number, book.expires_on, None)
