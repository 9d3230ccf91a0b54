"""Notes whose passports a call shows to staff; see `shared.audit.acting`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.application.context import Actor
from services.application.passports.service import PassportSeen
from shared.events.codes import PersonalData
from shared.http.call import AnyCall
from shared.http.reading import Reading, ReadSubject

NOTHING_SHOWN: Final = "nothing_shown"
"""In place of a step: there was no passport to show, so no person is read of and no reason is asked for."""


def note_passports(call: AnyCall, reader: Actor, shown: Iterable[PassportSeen]) -> None:
    """Note the passports that a read shows."""
    subjects = _subjects(shown)
    if not subjects:
        call.reading = Reading(step=NOTHING_SHOWN)
        return
    assistance_id = reader.assistance.assistance_id if reader.assistance is not None else None
    call.reading = Reading(subjects, assistance_id=assistance_id)


def note_shown_passport(call: AnyCall, shown: PassportSeen, reader: Actor | None = None) -> None:
    """Note the passport that the answer of an act shows."""
    assistance = reader.assistance if reader is not None else None
    call.reading = Reading(
        _subjects([shown]),
        assistance_id=assistance.assistance_id if assistance is not None else None,
        kind=PersonalData.PASSPORT,
    )


def _subjects(shown: Iterable[PassportSeen]) -> tuple[ReadSubject, ...]:
    found = (ReadSubject(seen.passport.account_id, seen.passport.office_id) for seen in shown)
    return tuple(dict.fromkeys(found))
