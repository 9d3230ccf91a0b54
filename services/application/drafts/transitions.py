"""Transitions of an application up to its submission, and its withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.application.applications.application import (
    Application,
    Command,
    Status,
    moved,
    without_work,
)
from services.application.requirements.answers import Answers
from shared.events.application import (
    ApplicationDrafted,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    SubmissionAwaitsIdentity,
    SubmissionAwaitsOther,
    SubmissionReturned,
)
from shared.events.codes import ReturnReason
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition

IDENTITY_PAUSE: Final = timedelta(minutes=5)
"""Between two looks for a confirmation. Its event is what brings it: this finds one that came between the first look
for it and the draft, and the end of another application of the person."""


def drafted(application_id: str, draft: Application) -> Decision[Application]:
    """Begin a draft."""
    event = ApplicationDrafted(
        application_id=application_id,
        account_id=draft.account_id,
        applicant_id=draft.applicant_id,
        person_id=draft.person_id,
    )
    return Decision(draft, (event,))


def answered(application: Application, answers: Answers, *, minor: bool, rules_version: str) -> Decision[Application]:
    """Answer the questionnaire, for the first time or again."""
    state = replace(moved(application, Command.ANSWER), answers=answers, minor=minor, rules_version=rules_version)
    return Decision(state)


def submitted(
    application_id: str, application: Application, now: datetime, age_band: str | None = None
) -> Decision[Application]:
    """Submit: every compulsory item is there and the applicant knows what is not paid back.

    Without a confirmed identity no seat is given and nothing is priced: only `identity_confirmed` publishes the
    submission then.
    """
    if application.answers is None:
        raise IllegalTransition(application.status, Command.SUBMIT)
    if not application.identity_confirmed:
        waiting = replace(moved(application, Command.SUBMIT_UNCONFIRMED), submitted_at=now)
        event = SubmissionAwaitsIdentity(
            application_id=application_id, account_id=application.account_id, applicant_id=application.applicant_id
        )
        return Decision(waiting, (event,))
    return _published(application_id, replace(moved(application, Command.SUBMIT), submitted_at=now), age_band)


def identity_confirmed(
    application_id: str, application: Application, person_id: str, *, complete: bool, age_band: str | None
) -> Decision[Application]:
    """Note whom the civil registry has confirmed.

    What was submitted is published now or, where it is not ``complete`` for this person, is a draft again.
    """
    known = replace(application, person_id=person_id, identity_look_at=None, waiting_person_id=None)
    if application.status is Status.DRAFT:
        return Decision(known)
    if not complete:
        return returned_to_draft(application_id, known, ReturnReason.DOES_NOT_FIT)
    return _published(application_id, moved(known, Command.CONFIRM_IDENTITY), age_band)


def returned_to_draft(application_id: str, application: Application, reason: ReturnReason) -> Decision[Application]:
    """Make a submission that waits for the civil registry a draft again."""
    draft = replace(moved(application, Command.RETURN_TO_DRAFT), submitted_at=None, waiting_person_id=None)
    event = SubmissionReturned(
        application_id=application_id,
        account_id=application.account_id,
        applicant_id=application.applicant_id,
        reason=reason,
    )
    return Decision(draft, (event,))


def identity_awaited(application: Application, now: datetime) -> Decision[Application]:
    """Look for the confirmation, or the end of the other application, again after `IDENTITY_PAUSE`."""
    return Decision(replace(application, identity_look_at=now + IDENTITY_PAUSE))


def other_application_awaited(
    application_id: str, application: Application, person_id: str, now: datetime
) -> Decision[Application]:
    """Wait for the end of the other application of the person, and tell the applicant so once."""
    waiting = identity_awaited(replace(application, waiting_person_id=person_id), now)
    if application.waiting_person_id == person_id:
        return waiting
    event = SubmissionAwaitsOther(
        application_id=application_id, account_id=application.account_id, applicant_id=application.applicant_id
    )
    return replace(waiting, events=(event,))


def _published(application_id: str, application: Application, age_band: str | None) -> Decision[Application]:
    answers, submitted_at = application.answers, application.submitted_at
    assert answers is not None and submitted_at is not None  # noqa: S101 - a submission has both
    event = ApplicationSubmitted(
        application_id=application_id,
        account_id=application.account_id,
        applicant_id=application.applicant_id,
        person_id=application.person_id,
        passport_kind=answers.passport_kind.value,
        validity_years=answers.validity_years,
        reason=answers.reason.value,
        zero_tariff=answers.zero_tariff.value if answers.zero_tariff else None,
        minor=application.minor,
        age_band=age_band,
        application_number=application.number,
        submitted_at=submitted_at,
    )
    return Decision(application, (event,))


def withdrawn(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """Withdraw before the visit."""
    state = without_work(moved(application, Command.WITHDRAW))
    event = ApplicationWithdrawn(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        withdrawn_at=now,
    )
    return Decision(state, (event,))
