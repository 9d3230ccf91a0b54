"""Checks who may see and change an application."""

from __future__ import annotations

from typing import Final

from services.application import errors
from services.application.applications.application import Application
from services.application.applications.errors import ApplicationEnded, StepIsOver
from services.application.context import Actor
from shared.assistance import ASSISTANCE_REFUSALS, AssistanceNeeded
from shared.errors import NotFound
from shared.tokens import Role

OFFICE_ROLES: Final = frozenset(
    {
        *(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
        *(Role.ADJUDICATOR, Role.PRINTER, Role.DOCUMENTS_SECTION_HEAD),
    }
)
"""Roles that belong to one office and work on its applications, each by the endpoints that let it in."""


def refuse_strangers(application: Application, who: Actor) -> None:
    """Nothing for the owner, for an officer whose assistance covers the application, and for staff of the office.

    Refuses other applicants with ``NotFound``, other staff with ``NotYourOffice``, an assistance for somebody else
    with ``NotFound`` or, for another person of the same account, with ``AssistanceOfAnother``.
    """
    if not who.is_staff:
        if application.account_id not in who.for_accounts:
            raise NotFound
        return
    if who.on_behalf_of is not None:
        if application.account_id not in who.for_accounts:
            raise NotFound
        refuse_uncovered(application.person_id, who)
        return
    refuse_other_offices(application, who)


def refuse_unassisted(application: Application, who: Actor) -> None:
    """Nothing for the owner and for an officer whose assistance covers the application.

    For what is the applicant's own to do or to have: the office's work on the day gives no right to it. Refuses other
    officers as :func:`refuse_strangers` does, those of the office itself with ``AssistanceNeeded``.
    """
    refuse_strangers(application, who)
    if who.is_staff and who.on_behalf_of is None:
        raise AssistanceNeeded


def refuse_uncovered(person_id: str, who: Actor) -> None:
    """Nothing unless staff act for somebody without an assistance, or with one that does not cover this person."""
    if who.on_behalf_of is None:
        return
    if who.assistance is None:
        raise AssistanceNeeded
    who.assistance.refuse_uncovered(person_id)


def refuse_other_offices(application: Application, who: Actor) -> None:
    """Nothing for staff of the appointment's office, or of the one that assists while there is no appointment."""
    office_id = application.office_id or application.assisting_office_id
    if who.role not in OFFICE_ROLES or office_id is None or office_id != who.office_id:
        raise errors.NotYourOffice


SEEING = (NotFound, errors.NotYourOffice, *ASSISTANCE_REFUSALS)


LATE = (ApplicationEnded, StepIsOver)
