"""Notes whose application a call shows to staff, and at which step; see `shared.audit.acting`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.application.applications.application import Application
from services.application.applications.step_at_hand import step_at_hand
from services.application.context import Actor
from services.application.http import APPLICATION
from shared.events.codes import PersonalData
from shared.http.call import AnyCall
from shared.http.reading import Reading, ReadSubject
from shared.tokens import Role

NOTHING_SHOWN: Final = "nothing_shown"
"""In place of a step: there was no application to show, so no person is read of and no reason is asked for."""


def note_act(call: AnyCall, shown: Application) -> None:
    """Note the application that the answer of an act shows."""
    subject = ReadSubject(shown.account_id, shown.office_id or shown.assisting_office_id)
    is_assisted = getattr(call.query, "on_behalf_of", None) is not None and call.caller.role is Role.FRONT_OFFICER
    assistance_id = call.query.assistance if is_assisted else None  # else it was not checked, and may be made up
    call.reading = Reading((subject,), assistance_id=assistance_id, kind=PersonalData.APPLICATION)


def note_reading(call: AnyCall, reader: Actor, shown: Iterable[Application]) -> None:
    """Note the applications that the reader is shown. One whose step is at hand makes the read part of that step."""
    applications, now = list(shown), call.app[APPLICATION].context.now()
    if not applications:
        call.reading = Reading(step=NOTHING_SHOWN)
        return
    subjects = (
        ReadSubject(application.account_id, application.office_id or application.assisting_office_id)
        for application in applications
    )
    own = (application for application in applications if application.office_id == reader.office_id)
    steps = (step for application in own if (step := step_at_hand(application, now)) is not None)
    assistance_id = reader.assistance.assistance_id if reader.assistance is not None else None
    call.reading = Reading(tuple(dict.fromkeys(subjects)), next(steps, None), assistance_id)
