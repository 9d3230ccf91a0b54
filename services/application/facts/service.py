"""Facts of other services: confirmed applicants, seats, bills, refunds, deliveries. Late, twice and in any order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from services.application.applications.applicant import Applicant, IdentityProgress
from services.application.applications.application import Application, Author, settled
from services.application.applications.service import Applications
from services.application.applications.timeline import add_to_timeline
from services.application.applications.visit import (
    PAYERS_CASES,
    Visits,
    with_bill_fact,
    with_refund,
    with_refund_moved,
    with_seat_fact,
    with_seat_unavailable,
    with_special_refused,
)
from services.application.context import UseCaseContext
from services.application.corrections.transitions import particulars_corrected
from services.application.voided_book.service import alert_of_book, note_voided_book
from shared.errors import NotFound
from shared.events import billing, scheduling
from shared.events.application import KeepIdentityCard
from shared.events.codes import SeatQuestion
from shared.events.envelope import Envelope
from shared.events.identity import (
    ApplicantAdded,
    ApplicantConfirmed,
    ApplicantRefused,
    ApplicantReopened,
    ApplicantShownBack,
    ChildCameOfAge,
)
from shared.events.message import Event
from shared.events.notification import DeliveryFailed, DeliverySent
from shared.events.subscriptions import owner_of
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record

SAME_DAY_GONE: Final = "same_day_place_gone"
_WORD_START: Final = re.compile(r"(?<!^)(?=[A-Z])")

Seeing = Callable[[Visits], Visits]

ApplicantNews = ApplicantAdded | ApplicantRefused | ApplicantReopened | ApplicantShownBack

PROGRESS: Final[Mapping[type[Event], IdentityProgress]] = {
    ApplicantAdded: IdentityProgress.PENDING,
    ApplicantReopened: IdentityProgress.PENDING,
    ApplicantShownBack: IdentityProgress.SHOWN_BACK,
    ApplicantRefused: IdentityProgress.FAILED,
}
"""News of an applicant who is not confirmed, and what it says."""


def line_of(event: type[Event]) -> str:
    """Return the timeline's word for an event: ``seat_held`` for ``SeatHeld``."""
    return _WORD_START.sub("_", event.__name__).lower()


def _detail_of(fact: Any) -> str | None:
    """Return the coded reason of a fact about a seat: of a move or a new date, its cause."""
    caused = isinstance(fact, scheduling.AppointmentRescheduled | scheduling.SpecialRescheduleOpened)
    detail: str | None = fact.cause if caused else getattr(fact, "reason", None)
    return None if detail == "asked" else detail


class Facts:
    """The use cases of messages. Each is a no-op when it comes again, even where nothing remembers it."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def applicant_progress(self, fact: ApplicantNews, envelope: Envelope) -> None:
        """Note how far identity's check of an applicant is; older news than is known changes nothing."""
        record = await self._applications.repository.applicant(fact.applicant_id)
        known = record.state if record else Applicant(fact.account_id, "")
        state = known
        if isinstance(fact, ApplicantAdded):
            state = replace(state, guardian_applicant_id=fact.guardian_applicant_id)
        if record is None or envelope.aggregate_version > known.identity_version:
            state = replace(state, identity=PROGRESS[type(fact)], identity_version=envelope.aggregate_version)
        if record is not None and state == known:
            return
        await self._applications.repository.keep_applicant(
            fact.applicant_id, record, state, self._context.now(), envelope.id
        )

    async def came_of_age(self, fact: ChildCameOfAge, envelope: Envelope) -> None:
        """Note that somebody who was added as a child acts for themselves from now on.

        Raises:
            NotYet: the applicant is not known here yet.
        """
        record = await self._applications.repository.applicant(fact.applicant_id)
        if record is None:
            raise NotYet
        if not record.state.came_of_age:
            state = replace(record.state, came_of_age=True)
            await self._applications.repository.keep_applicant(
                fact.applicant_id, record, state, self._context.now(), envelope.id
            )

    async def applicant_confirmed(self, fact: ApplicantConfirmed, envelope: Envelope) -> None:
        """Keep an applicant whom identity confirmed."""
        record = await self._applications.repository.applicant(fact.applicant_id)
        known = record.state if record else Applicant(fact.account_id, fact.person_id)
        if envelope.aggregate_version <= known.confirmed_version:
            return
        state = replace(
            known,
            account_id=fact.account_id,
            person_id=fact.person_id,
            guardian_applicant_id=fact.guardian_applicant_id,
            guardian_person_id=fact.guardian_person_id,
            confirmed_version=envelope.aggregate_version,
        )
        if envelope.aggregate_version > known.identity_version:
            passed = IdentityProgress.PASSED
            state = replace(state, identity=passed, identity_version=envelope.aggregate_version)
        await self._applications.repository.keep_applicant(
            fact.applicant_id, record, state, self._context.now(), envelope.id
        )

    async def identity_card(self, command: KeepIdentityCard, envelope: Envelope) -> None:
        """Keep the applicant's data, encrypted; a corrected card reaches letter and file of the live application.

        The second write repeats with the message: it is done again when a crash came between the two.
        """
        record = await self._applications.repository.applicant(command.applicant_id)
        known = record.state if record else Applicant(command.account_id, command.person_id)
        if envelope.aggregate_version < known.card_version:
            return
        if envelope.aggregate_version > known.card_version:
            vault, is_first = self._applications.vault, known.card_sealed is None
            card_sealed = await vault.open_box(command.sealed, command.applicant_id, is_first=is_first)
            first_version = known.first_card_version or envelope.aggregate_version
            state = replace(
                known,
                card_version=envelope.aggregate_version,
                card_sealed=card_sealed,
                first_card_version=first_version,
            )
            await self._applications.repository.keep_applicant(
                command.applicant_id, record, state, self._context.now(), envelope.id
            )
        if known.card_sealed is not None and envelope.aggregate_version > known.first_card_version:
            await self._renew_papers(command, envelope)

    async def _renew_papers(self, command: KeepIdentityCard, envelope: Envelope) -> None:
        live = [
            record
            for record in await self._applications.repository.applications_of(command.account_id)
            if record.state.applicant_id == command.applicant_id and record.state.live
        ]
        for record in live:
            line_id = f"particulars:{command.applicant_id}:{envelope.aggregate_version}"

            def decide(application: Application, line_id: str = line_id) -> Decision[Application] | None:
                return particulars_corrected(application, line_id, self._context.settings.pace, self._context.now())

            await self._applications.change(record.id, decide, received=envelope.id)

    async def seat(self, fact: Any, envelope: Envelope) -> None:
        """A fact about the appointment."""
        record = await self._see(
            fact.application_id,
            envelope,
            lambda visits: with_seat_fact(visits, fact, version=envelope.aggregate_version, at=envelope.time),
            _detail_of(fact),
        )
        if isinstance(fact, scheduling.VisitVoided):
            alert_of_book(record)

    async def special_refused(self, fact: scheduling.SpecialRescheduleRefused, envelope: Envelope) -> None:
        """The office refused a new date."""
        await self._see(fact.application_id, envelope, lambda visits: with_special_refused(visits, fact), fact.reason)

    async def bill(self, fact: Any, envelope: Envelope) -> None:
        """A fact about a bill."""
        await self._see(
            fact.application_id,
            envelope,
            lambda visits: with_bill_fact(visits, fact, version=envelope.aggregate_version, at=envelope.time),
            getattr(fact, "cause", None),
        )

    async def seat_unavailable(self, fact: scheduling.SeatUnavailable, envelope: Envelope) -> None:
        """No seat was found for late money or a renewed bill, or the place of a surcharge is gone."""
        line = SAME_DAY_GONE if fact.asked_for == SeatQuestion.SAME_DAY else None
        await self._see(
            fact.application_id,
            envelope,
            lambda visits: with_seat_unavailable(visits, fact),
            fact.reason,
            line=line,
        )

    async def refund(self, fact: billing.RefundOpened, envelope: Envelope) -> None:
        """A refund case was opened; one that belongs to no application is not for us."""
        if fact.application_id is not None:
            await self._see(
                fact.application_id, envelope, lambda visits: with_refund(visits, fact, envelope.time), fact.reason
            )

    async def refund_moved(self, fact: billing.RefundMoved, envelope: Envelope) -> None:
        """A refund case took a step; the timeline names where it stands."""
        if fact.application_id is not None:
            await self._see(
                fact.application_id,
                envelope,
                lambda visits: with_refund_moved(visits, fact, version=envelope.aggregate_version, at=envelope.time),
                fact.rule or fact.needs,
                line=f"refund_{fact.state}",
            )

    async def payment_case(
        self, fact: billing.PaymentCaseOpened | billing.PaymentCaseClosed, envelope: Envelope
    ) -> None:
        """A question about a payment of the applicant's was opened or answered; the treasury's own are not for us."""
        if fact.application_id is not None and fact.kind in PAYERS_CASES:
            detail = getattr(fact, "outcome", fact.kind)
            await self._see(fact.application_id, envelope, lambda visits: visits, detail)

    async def delivery(self, fact: DeliverySent | DeliveryFailed, envelope: Envelope) -> None:
        """A message about the application was sent or could not be."""
        if fact.application_id is not None:
            await self._see(fact.application_id, envelope, lambda visits: visits, fact.template)

    async def _see(
        self, application_id: str, envelope: Envelope, see: Seeing, detail: str | None, *, line: str | None = None
    ) -> Record[Application]:
        event = cast(type[Event], type(envelope.data))
        actor = Author(owner_of(event))
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            state = replace(application, visits=see(application.visits))
            state = settled(state, self._context.settings.pace, now)
            state = add_to_timeline(state, envelope.id, envelope.time, line or line_of(event), actor, detail)
            return Decision(note_voided_book(state, now))

        try:
            return await self._applications.change(application_id, decide, received=envelope.id)
        except NotFound:
            raise NotYet(f"application {application_id} is not known here") from None
