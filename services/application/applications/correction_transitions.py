"""Corrections by an officer at the counter, and the payments that they wait for.

A correction is open until billing has told what it costs and the bills that it asks for are known here: before that
it is not known whether something is owed, so nothing is approved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.application.applications.application import Application
from services.application.applications.correction import Corrected, Correction
from services.application.applications.visit import Bill, BillState
from services.application.requirements.answers import Answers
from shared.events.application import KindCorrected, PenaltyFound
from shared.events.codes import ApplicationReason, BillPurpose, PenaltyGround
from shared.store.decision import Decision


def answers_after(answers: Answers, corrected: Corrected) -> Answers:
    """The answers as the officer corrects them; who replaces a passport has held one."""
    return replace(
        answers,
        passport_kind=type(answers.passport_kind)(corrected.passport_kind),
        validity_years=corrected.validity_years,
        reason=corrected.reason,
        zero_tariff=corrected.zero_tariff,
        has_held_passport=corrected.reason is not ApplicationReason.NEW,
    )


def kind_corrected(
    application_id: str,
    application: Application,
    answers: Answers,
    correction: Correction,
    *,
    by_applicant: bool = False,
) -> Decision[Application]:
    """Correct what was applied for; the seat, the documents and the paid fee stay."""
    event = KindCorrected(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        passport_kind=answers.passport_kind.value,
        validity_years=answers.validity_years,
        reason=answers.reason.value,
        zero_tariff=answers.zero_tariff.value if answers.zero_tariff else None,
        corrected_at=correction.at,
        correction_id=correction.correction_id,
        by_applicant=by_applicant,
    )
    return Decision(_with(replace(application, answers=answers), correction), (event,))


def penalty_found(
    application_id: str, application: Application, ground: PenaltyGround, correction: Correction, *, force_majeure: bool
) -> Decision[Application]:
    """Record that the book before this one is lost or damaged, which the questionnaire did not tell."""
    event = PenaltyFound(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        ground=ground.value,
        force_majeure=force_majeure,
        correction_id=correction.correction_id,
    )
    return Decision(_with(application, correction), (event,))


def _with(application: Application, correction: Correction) -> Application:
    others = tuple(other for other in application.corrections if other.correction_id != correction.correction_id)
    return replace(application, corrections=(*others, correction))


def priced(application: Application, correction_id: str, difference: int, bill_ids: tuple[str, ...]) -> Application:
    """Note the price of a correction; told again, it changes nothing."""
    return replace(
        application,
        corrections=tuple(
            replace(correction, difference=difference, bill_ids=bill_ids)
            if correction.correction_id == correction_id
            else correction
            for correction in application.corrections
        ),
    )


def being_priced(application: Application) -> bool:
    """Whether a correction's price, or a bill that it asks for, is not known here yet."""
    known = {bill.bill_id for bill in application.visits.bills}
    return any(
        correction.difference is None or not known.issuperset(correction.bill_ids)
        for correction in application.corrections
    )


EXTRA_PURPOSES: Final = frozenset({BillPurpose.TOP_UP, BillPurpose.PENALTY})
SETTLED_BILLS: Final = frozenset({BillState.PAID, BillState.WAIVED, BillState.SUPERSEDED, BillState.CANCELLED})


def owed(application: Application) -> tuple[Bill, ...]:
    """Differences and penalties that are not paid: the passport waits for them."""
    return tuple(
        bill for bill in application.visits.bills if bill.purpose in EXTRA_PURPOSES and bill.state not in SETTLED_BILLS
    )
