"""Border crossings: asked of the border system for their traveller, with a consent, and forgotten within hours."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog

from services.application.applications.applicant import Applicant
from services.application.applications.earlier_book_findings import is_holder_seen
from services.application.applications.errors import StepComesFirst
from services.application.applications.next_step import Step
from services.application.applications.service import Applications
from services.application.context import Actor, UseCaseContext
from services.application.crossings.crossing import (
    FRESH_FOR,
    PURPOSE,
    Crossing,
    CrossingConsent,
    CrossingCopy,
    consent_heard,
    contradicts,
)
from services.application.crossings.errors import CrossingsConsentMissing, CrossingsOfGrownChild
from services.application.crossings.ports import BorderCrossings
from services.application.crossings.repository import CrossingRepository
from services.application.crossings.vault import CrossingVault
from services.application.passports.passport import PassportSource
from services.application.passports.repository import PassportRepository
from services.application.requirements.answers import is_minor
from services.application.requirements.requirement import day_at_capital
from shared.errors import NotFound, UpstreamDown
from shared.events.envelope import Envelope
from shared.events.identity import AccountRegistered, ConsentsChanged
from shared.store.decision import Decision
from shared.store.kinds import Record

log = structlog.get_logger()


class SourceState(StrEnum):
    """States of the border system, as the list tells them."""

    __schema_name__ = "CrossingSourceState"

    OFF = "off"
    """It is not connected here."""
    ANSWERED = "answered"
    DOWN = "down"
    """It does not answer; what it told before is shown with its time, if it is not forgotten yet."""


@dataclass(frozen=True)
class SeenCrossings:
    """The crossings of an applicant, and since when they are known."""

    applicant_id: str
    source: SourceState
    crossings: tuple[Crossing, ...] = ()
    as_of: datetime | None = None
    is_contradicting: bool = False


class Crossings:
    """The use cases of border crossings. Without a source there are none, and nothing is asked or refused."""

    def __init__(self, context: UseCaseContext, applications: Applications, source: BorderCrossings | None) -> None:
        self._context = context
        self._applications = applications
        self._source = source
        self._vault = CrossingVault(context.person_keys)
        self._passports = PassportRepository(context)
        self.repository = CrossingRepository(context.store, context.clock)

    async def see(self, applicant_id: str, who: Actor) -> SeenCrossings:
        """Return the crossings of an applicant of the caller's own account.

        Raises:
            NotFound: the applicant is not of this account.
            StepComesFirst: the identity is not confirmed; or no officer has seen their originals yet, and a stranger's
                NIK and birth date are enough to add an applicant.
            CrossingsOfGrownChild: they were added as a child and are 17.
            CrossingsConsentMissing: the account has not agreed.
        """
        record = await self._applications.repository.applicant(applicant_id)
        if record is None or record.state.account_id not in who.for_accounts:
            raise NotFound
        if self._source is None:
            return SeenCrossings(applicant_id, SourceState.OFF)
        if not record.state.complete:
            raise StepComesFirst(Step.IDENTITY)
        card = await self._applications.card(applicant_id)
        now = self._context.now()
        if record.state.guardian_applicant_id is not None and (
            record.state.came_of_age or not is_minor(card.birth_date, day_at_capital(now), married=False)
        ):
            raise CrossingsOfGrownChild(applicant_id=applicant_id)
        if not await self._is_holder_seen(record):
            raise StepComesFirst(Step.COME)
        await self._refuse_without_consent(who.account_id)
        known = await self.repository.copy(applicant_id)
        if known is not None and known.state.sealed is not None and now < known.state.asked_at + FRESH_FOR:
            return await self._shown(known, SourceState.ANSWERED)
        try:
            crossings = await self._source.list_crossings(card.nik, card.birth_date)
        except UpstreamDown as down:
            log.warning("border_crossings_down", reason=down.reason)
            if known is None:
                return SeenCrossings(applicant_id, SourceState.DOWN)
            return await self._shown(known, SourceState.DOWN)
        await self._keep(applicant_id, who.account_id, crossings, now)
        return SeenCrossings(applicant_id, SourceState.ANSWERED, crossings, now, contradicts(crossings, now))

    async def hear_registration(self, event: AccountRegistered, _envelope: Envelope) -> None:
        """Note the consent that was given with the registration."""
        if PURPOSE in event.given_purposes:
            await self._hear(event.account_id, is_given=True, version=0)

    async def hear_consents(self, event: ConsentsChanged, envelope: Envelope) -> None:
        """Note the consent; what is kept is forgotten at once when it is withdrawn, also by a repeat after a crash."""
        if event.purpose != PURPOSE:
            return
        consent = await self._hear(event.account_id, is_given=event.is_given, version=envelope.aggregate_version)
        if not consent.is_given:
            for record in await self.repository.copies_of(event.account_id):
                await self._forget(record.id)

    async def forget_due(self, record: Record[CrossingCopy], _name: str) -> None:
        """Forget an answer whose time is over."""
        now = self._context.now()

        def decide(copy: CrossingCopy) -> Decision[CrossingCopy] | None:
            is_over = copy.kept_until is not None and copy.kept_until <= now
            return Decision(replace(copy, sealed=None)) if is_over else None

        await self.repository.change_copy(record.id, decide)

    async def list_kept(self, *account_ids: str) -> dict[str, tuple[Crossing, ...]]:
        """Return what is kept of the accounts' applicants, by applicant, for an export of their data."""
        kept = await self.repository.copies_of(*account_ids)
        return {
            record.id: await self._vault.open(record.id, record.state.sealed)
            for record in kept
            if record.state.sealed is not None
        }

    async def _hear(self, account_id: str, *, is_given: bool, version: int) -> CrossingConsent:
        def decide(consent: CrossingConsent) -> Decision[CrossingConsent] | None:
            heard = consent_heard(consent, is_given=is_given, version=version)
            return Decision(heard) if heard is not None else None

        return (await self.repository.change_consent(account_id, decide)).state

    async def _is_holder_seen(self, record: Record[Applicant]) -> bool:
        """Return whether the applicant was at a counter for this account: by an application, or by a passport.

        A passport from a file, or one that a guardian's account had, tells nothing about this account.
        """
        account_id = record.state.account_id
        applications = await self._applications.repository.applications_of(account_id)
        if any(known.state.applicant_id == record.id and is_holder_seen(known.state) for known in applications):
            return True
        own = (known.state for known in await self._passports.of_accounts((account_id,)))
        return any(
            passport.applicant_id == record.id
            and passport.source is not PassportSource.IMPORTED
            and passport.passed_on_at is None
            for passport in own
        )

    async def _refuse_without_consent(self, account_id: str) -> None:
        if not await self.repository.has_consent(account_id):
            raise CrossingsConsentMissing(purpose=PURPOSE)

    async def _keep(self, applicant_id: str, account_id: str, crossings: tuple[Crossing, ...], now: datetime) -> None:
        """Keep an answer; a consent that was withdrawn while it was on its way takes it away again."""
        sealed = await self._vault.seal(applicant_id, crossings)
        await self.repository.keep(applicant_id, CrossingCopy(account_id, now, sealed))
        try:
            await self._refuse_without_consent(account_id)
        except CrossingsConsentMissing:
            await self._forget(applicant_id)
            raise

    async def _forget(self, applicant_id: str) -> None:
        with suppress(NotFound):
            await self.repository.change_copy(applicant_id, lambda copy: Decision(replace(copy, sealed=None)))

    async def _shown(self, record: Record[CrossingCopy], source: SourceState) -> SeenCrossings:
        copy, now = record.state, self._context.now()
        is_kept = copy.sealed is not None and copy.kept_until is not None and now < copy.kept_until
        crossings = await self._vault.open(record.id, copy.sealed) if is_kept and copy.sealed is not None else ()
        return SeenCrossings(record.id, source, crossings, copy.asked_at, contradicts(crossings, now))
