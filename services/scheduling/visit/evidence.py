"""Evidence that visitors name or show: sealed with the key of their account, or of the visit where there is none."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.visit.offline.offline_day import OfflineDay, RecordedLine
from shared.ids import derived_id
from shared.person_keys.cipher import is_persons
from shared.person_keys.errors import PersonErased
from shared.person_keys.keys import PersonKeys

SPECIAL_EVIDENCE: Final = "special_evidence"
COUNTER_EVIDENCE: Final = "walk_in_evidence"
OFFLINE_EVIDENCE: Final = "offline_evidence"
"""Names of the fields that the values are bound to, beside the id of their visit or line."""


def evidence_subject(appointment_id: str, state: Appointment) -> str:
    """Return the subject of the key for a booked visitor's evidence: their account."""
    return state.account_id or appointment_id


def line_owner(office_id: str, day: date, line_id: str) -> str:
    """Return the id that an offline line's evidence is bound to, and whose key seals it: its visitor has no account."""
    return derived_id("offline_line", office_id, day.isoformat(), line_id)


class EvidenceVault:
    """Seals and opens evidence, each bound to its visit or line."""

    def __init__(self, person_keys: PersonKeys) -> None:
        self._person_keys = person_keys

    async def seal(self, evidence: str, *, subject_id: str, owner_id: str, field: str) -> str:
        """Return evidence as it is kept.

        Raises:
            PersonErased: the subject's key was destroyed.
        """
        return (await self._person_keys.cipher(subject_id)).seal(evidence, owner_id=owner_id, field=field)

    async def open(self, sealed: str, *, subject_id: str, owner_id: str, field: str) -> str | None:
        """Return evidence in clear; None of an erased person: lists show what is left of the visit."""
        with suppress(PersonErased):
            return (await self._person_keys.cipher(subject_id)).open(sealed, owner_id=owner_id, field=field)
        return None

    async def appointment_turned(self, appointment_id: str, state: Appointment) -> Appointment:
        """Return the appointment with its evidence sealed by keys of persons."""
        special, walk_in = state.special, state.walk_in
        if special is not None and special.evidence is not None:
            subject_id = evidence_subject(appointment_id, state)
            again = await self._turned(special.evidence, subject_id, appointment_id, SPECIAL_EVIDENCE)
            state = replace(state, special=replace(special, evidence=again))
        if walk_in is not None and walk_in.evidence is not None:
            again = await self._turned(walk_in.evidence, appointment_id, appointment_id, COUNTER_EVIDENCE)
            state = replace(state, walk_in=replace(walk_in, evidence=again))
        return state

    async def offline_day_turned(self, _day_id: str, state: OfflineDay) -> OfflineDay:
        """Return the day with the evidence of its lines sealed by keys of persons."""
        lines: dict[str, RecordedLine] = {}
        for line_id, line in state.lines.items():
            owner = line_owner(state.office_id, state.day, line_id)
            again = await self._turned(line.evidence, owner, owner, OFFLINE_EVIDENCE) if line.evidence else None
            lines[line_id] = replace(line, evidence=again)
        return replace(state, lines=lines)

    async def _turned(self, sealed: str, subject_id: str, owner_id: str, field: str) -> str:
        return (await self._person_keys.cipher(subject_id)).turned(sealed, owner_id=owner_id, field=field)


def is_appointment_current(_appointment_id: str, state: Appointment) -> bool:
    """Return whether all evidence of the appointment is sealed by keys of persons."""
    of_special = state.special.evidence if state.special is not None else None
    of_walk_in = state.walk_in.evidence if state.walk_in is not None else None
    return all(is_persons(sealed) for sealed in (of_special, of_walk_in) if sealed is not None)


def is_offline_day_current(_day_id: str, state: OfflineDay) -> bool:
    """Return whether all evidence of the day's lines is sealed by keys of persons."""
    return all(is_persons(line.evidence) for line in state.lines.values() if line.evidence is not None)
