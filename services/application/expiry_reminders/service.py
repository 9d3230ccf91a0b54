"""Expiry reminders: for as long as an account has a passport, also years after its application has ended."""

from __future__ import annotations

from services.application.applications.application import HOLDS_PERSON
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.passports.expiry import expiry_postponed, expiry_reminded
from services.application.passports.passport import Passport
from services.application.passports.repository import PassportRepository
from services.application.requirements.answers import is_minor
from services.application.requirements.requirement import day_at_capital
from shared.store.decision import Decision
from shared.store.kinds import Record


class ExpiryReminders:
    """The use case of the deadline ``expiry_reminder``."""

    def __init__(self, context: UseCaseContext, applications: Applications, passports: PassportRepository) -> None:
        self._context = context
        self._applications = applications
        self._passports = passports

    async def remind_due(self, record: Record[Passport], _name: str) -> None:
        """Remind the passport's account, once: the holder's, a guardian's for a child, and from the 17th birthday on
        the holder's own alone. It waits while a replacement is under way, or the grown child has no account yet.
        """
        must_wait = await self._is_being_replaced(record.state) or not await self._may_be_told(record.state)
        now = self._context.now()

        def decide(passport: Passport) -> Decision[Passport] | None:
            if must_wait and passport.account_id == record.state.account_id:
                return expiry_postponed(passport, now)
            return expiry_reminded(record.id, passport, now)

        await self._passports.change(record.id, decide)

    async def _is_being_replaced(self, passport: Passport) -> bool:
        """Return whether the account has an application for the holder, or anybody has submitted one for them."""
        repository = self._applications.repository
        if await repository.live_application_of(passport.applicant_id) is not None:
            return True
        found = await repository.live_applications_for(passport.person_id)
        return any(record.state.status in HOLDS_PERSON for record in found)

    async def _may_be_told(self, passport: Passport) -> bool:
        """Return whether the account still speaks for the holder."""
        applicant = await self._applications.repository.applicant(passport.applicant_id)
        if applicant is None:
            return False
        if not passport.of_child:
            return True
        if applicant.state.came_of_age or applicant.state.card_sealed is None:
            return False
        card = await self._applications.vault.card(passport.applicant_id, applicant.state)
        return is_minor(card.birth_date, day_at_capital(self._context.now()), married=False)
