"""The passports that follow from applications: printed, collected, cancelled, and older ones replaced.

Application hears its own events. A passport is brought in step with its application as that stands now, so that an
event which comes again or late changes nothing, and one that a crash has held up is made good.
"""

from __future__ import annotations

from services.application.alerts import PASSPORT_NUMBER_TAKEN, alert
from services.application.applications.application import Application, Status
from services.application.applications.book import BookFacts, expected_book
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.passports.passport import (
    HELD,
    PASSPORT_TRANSITIONS,
    Passport,
    PassportCommand,
    PassportSource,
    PassportState,
    cancelled,
    collected,
    replaced,
)
from services.application.passports.repository import PassportRepository
from services.application.passports.vault import PassportVault
from services.application.requirements.requirement import day_at_capital
from shared.events.application import ApplicationRefused, PassportCollected, PassportPrinted
from shared.person_keys.errors import PersonErased
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again


class PassportRecords:
    """Keeps passports in step with the applications that they are printed for."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications
        self.repository = PassportRepository(context)
        self.vault = PassportVault(context.settings, context.person_keys)

    async def follow(self, event: PassportPrinted | PassportCollected | ApplicationRefused) -> Record[Passport] | None:
        """Bring the passport of the event's application in step with it, and return it; None where no book was printed,
        or its number is another one's.
        """
        found = await self._applications.repository.application(event.application_id)
        if found is None or found.state.passport_number_sealed is None:
            return None
        passport = await self._find_or_record(found.id, found.state)
        if passport is not None and found.state.status is Status.COLLECTED:
            await self._collect(passport)
        elif passport is not None and found.state.status is Status.CLOSED:
            await self._cancel(passport)
        return passport

    async def record(self, number: str, passport: Passport) -> Record[Passport] | None:
        """Write a passport under its number, or return the one that has the number; None where that was erased.

        The given state's `number_sealed` and `fingerprints` are filled in here.
        """
        prints = self.vault.prints_of(number)
        passport_id = self.vault.id_of(prints)
        known = await self.repository.holder_of_number(prints)
        if known is not None:
            return known
        try:
            state = await self.vault.sealed(passport_id, number, passport)
            return await self.repository.insert(passport_id, state)
        except AlreadyExists:
            return await self.repository.holder_of_number(prints)
        except PersonErased:
            return None

    async def record_older(self, number: str, passport: Passport) -> Record[Passport] | None:
        """As `record`, for a book that is taken over; where the person was handed a newer one, that has replaced it."""
        newer = [
            known
            for known in await self.repository.of_person(passport.person_id)
            if known.state.state in HELD and known.state.book.issued_on > passport.book.issued_on
        ]
        if newer:
            newest = max(newer, key=lambda known: known.state.book.issued_on)
            passport = replaced(passport, newest.id, self._context.now())
        return await self.record(number, passport)

    async def erase(self, passport_id: str) -> bool:
        """Destroy the number's key and remove the passport; return whether there was anything to erase.

        The key goes first: what a crash leaves is not shown any more, and the next try removes it.
        """

        async def attempt() -> bool:
            record = await self.repository.passport(passport_id)
            if record is None:
                return False
            await self._context.person_keys.destroy(passport_id)
            if not await self.repository.remove(record):
                raise VersionConflict(f"passport {passport_id} was written meanwhile")
            return True

        return await again(attempt)

    async def _find_or_record(self, application_id: str, application: Application) -> Record[Passport] | None:
        known = await self.repository.of_application(application_id)
        if known is not None:
            return known
        try:
            number = await self._applications.vault.passport_number(application_id, application)
        except PersonErased:
            return None
        if not number:
            return None
        found = await self.record(number, await self._printed(application_id, application))
        if found is not None and not _is_same_book(found.state, application_id, application):
            alert(PASSPORT_NUMBER_TAKEN, application_id=application_id, passport_id=found.id)
            return None
        return found

    async def _printed(self, application_id: str, application: Application) -> Passport:
        applicant = await self._applications.repository.applicant(application.applicant_id)
        return Passport(
            person_id=application.person_id,
            account_id=application.account_id,
            applicant_id=application.applicant_id,
            book=application.printed_book or self._expected(application),
            source=PassportSource.PRINTED,
            recorded_at=self._context.now(),
            number_sealed="",
            fingerprints=(),
            of_child=applicant is not None and applicant.state.guardian_applicant_id is not None,
            state=PassportState.PRINTED,
            office_id=application.office_id,
            application_id=application_id,
        )

    def _expected(self, application: Application) -> BookFacts:
        approval = application.approval
        printed_at = approval.printed_at if approval is not None else None
        printed_on = day_at_capital(printed_at or application.started_at)
        return expected_book(application.answers, minor=application.minor, printed_on=printed_on)

    async def _collect(self, passport: Record[Passport]) -> None:
        """Move it to its holder, then the older books of the person out of its way."""
        now = self._context.now()

        def collect(state: Passport) -> Decision[Passport] | None:
            return Decision(collected(state, now)) if _allows(state, PassportCommand.COLLECT) else None

        def replace_by(state: Passport) -> Decision[Passport] | None:
            return Decision(replaced(state, passport.id, now)) if _allows(state, PassportCommand.REPLACE) else None

        await self.repository.change(passport.id, collect)
        for older in await self.repository.of_person(passport.state.person_id):
            if older.id != passport.id and older.state.book.issued_on <= passport.state.book.issued_on:
                await self.repository.change(older.id, replace_by)

    async def _cancel(self, passport: Record[Passport]) -> None:
        now = self._context.now()

        def cancel(state: Passport) -> Decision[Passport] | None:
            return Decision(cancelled(state, now)) if _allows(state, PassportCommand.CANCEL) else None

        await self.repository.change(passport.id, cancel)


def _allows(passport: Passport, command: PassportCommand) -> bool:
    return PASSPORT_TRANSITIONS.allows(passport.state, command)


def _is_same_book(passport: Passport, application_id: str, application: Application) -> bool:
    is_of_person = passport.person_id == application.person_id
    return is_of_person and passport.application_id in (None, application_id)
