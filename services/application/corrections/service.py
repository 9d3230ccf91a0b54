"""Corrections by an officer at the counter: what was applied for, and a penalty that the interview finds."""

from __future__ import annotations

from dataclasses import dataclass

from services.application.applications import application as rules
from services.application.applications import correction_transitions as correcting
from services.application.applications.access import refuse_other_offices
from services.application.applications.application import Application, Author, Status
from services.application.applications.correction import Corrected, Correction
from services.application.applications.errors import StepIsOver
from services.application.applications.next_step import Step
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.context import Actor, UseCaseContext
from services.application.corrections.errors import NothingCorrected, PaymentOwed, PriceNotKnownYet, ProofNotSeen
from services.application.requirements.answers import contradiction_in
from services.application.requirements.errors import AnswersContradict
from shared.errors import NotFound
from shared.events.billing import CorrectionPriced
from shared.events.codes import PenaltyGround
from shared.events.envelope import Envelope
from shared.ids import derived_id
from shared.service import NotYet
from shared.store.decision import Decision

BILLING = Author("billing")


@dataclass(frozen=True)
class Why:
    """The officer who corrects, with the reason that must be given; the note is kept encrypted."""

    who: Actor
    reason_code: str
    note: str | None
    command_id: str


class Corrections:
    """The use cases of corrections."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def correct_kind(self, application_id: str, wanted: Corrected, why: Why) -> Seen:
        """Correct what was applied for, once the visit is certain and until the interview's outcome.

        Nothing is typed again and the seat stays; billing asks for a difference or gives it back.

        Raises:
            NotYourOffice. StepComesFirst: the visit is not paid for. StepIsOver. AnswersContradict.
            NothingCorrected: it says what holds already.
        """
        await self._refuse_strangers(application_id, why.who)
        correction = await self._correction(application_id, why)

        def decide(application: Application) -> Decision[Application]:
            self._refuse_unless_open(application, Step.COME)
            before = application.answers
            assert before is not None  # noqa: S101 - a visit is certain only after the questionnaire
            answers = correcting.answers_after(before, wanted)
            if answers == before:
                raise NothingCorrected
            contradiction = contradiction_in(answers, minor=application.minor, on_record=False)
            if contradiction is not None:
                raise AnswersContradict(contradiction)
            decision = correcting.kind_corrected(application_id, application, answers, correction)
            again = rules.hand_over_again(decision.state, self._context.settings.pace, correction.at)
            return self._line(Decision(again, decision.events), correction, "kind_corrected", why)

        return await self._changed(application_id, decide, why)

    async def find_penalty(
        self, application_id: str, ground: PenaltyGround, why: Why, *, force_majeure: bool, proof_seen: bool
    ) -> Seen:
        """Record that the book before this one is lost or damaged: billing asks for the penalty, or for none.

        Raises:
            NotYourOffice. StepComesFirst: the visitor is not here. StepIsOver. ProofNotSeen: force majeure needs it.
        """
        await self._refuse_strangers(application_id, why.who)
        if force_majeure and not proof_seen:
            raise ProofNotSeen(field="/proof_seen")
        correction = await self._correction(application_id, why)

        def decide(application: Application) -> Decision[Application]:
            self._refuse_unless_open(application, Step.INTERVIEW)
            decision = correcting.penalty_found(
                application_id, application, ground, correction, force_majeure=force_majeure
            )
            return self._line(decision, correction, f"penalty_{ground.value}", why)

        return await self._changed(application_id, decide, why)

    async def priced(self, fact: CorrectionPriced, envelope: Envelope) -> None:
        """Note the price of a correction as billing tells it."""
        detail = str(fact.difference)

        def decide(application: Application) -> Decision[Application] | None:
            state = correcting.priced(application, fact.correction_id, fact.difference, fact.bill_ids)
            return Decision(add_to_timeline(state, envelope.id, envelope.time, "correction_priced", BILLING, detail))

        try:
            await self._applications.change(fact.application_id, decide, received=envelope.id)
        except NotFound:
            raise NotYet(f"application {fact.application_id} is not known here") from None

    async def _refuse_strangers(self, application_id: str, who: Actor) -> None:
        refuse_other_offices((await self._applications.application(application_id)).state, who)

    async def _correction(self, application_id: str, why: Why) -> Correction:
        sealed = await self._applications.seal_note(why.note, application_id) if why.note else None
        correction_id = derived_id("correction", why.command_id)
        return Correction(correction_id, self._context.now(), why.who.account_id, why.reason_code, sealed)

    def _refuse_unless_open(self, application: Application, step: Step) -> None:
        self._applications.refuse_early(application, step)
        if application.status not in {Status.SUBMITTED, Status.INCOMPLETE}:
            raise StepIsOver(state=application.status.value)

    def _line(
        self, decision: Decision[Application], correction: Correction, what: str, why: Why
    ) -> Decision[Application]:
        line_id = f"correction:{correction.correction_id}"
        return with_line(decision, line_id, correction.at, what, author_of(why.who), why.reason_code)

    async def _changed(self, application_id: str, decide: rules.Decide, why: Why) -> Seen:
        return self._applications.seen(
            await self._applications.change(application_id, decide, received=why.command_id), why.who
        )


def refuse_unpaid(application: Application) -> None:
    """Return if all is paid that an officer's corrections ask for.

    Raises:
        PriceNotKnownYet: billing has not told the price of a correction yet.
        PaymentOwed: a difference or a penalty is not paid.
    """
    if correcting.being_priced(application):
        raise PriceNotKnownYet
    bills = correcting.owed(application)
    if bills:
        raise PaymentOwed([(bill.bill_id, bill.purpose, bill.amount or 0) for bill in bills])
