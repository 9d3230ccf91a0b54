"""Transitions of an application up to its submission, and its withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import (
    Application,
    Command,
    moved,
    without_work,
)
from services.application.requirements.answers import Answers
from shared.events.application import ApplicationDrafted, ApplicationSubmitted, ApplicationWithdrawn
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition


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
    """Submit: every compulsory item is there and the applicant knows what is not paid back."""
    answers = application.answers
    if answers is None:
        raise IllegalTransition(application.status, Command.SUBMIT)
    state = replace(moved(application, Command.SUBMIT), submitted_at=now)
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
        submitted_at=now,
    )
    return Decision(state, (event,))


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
