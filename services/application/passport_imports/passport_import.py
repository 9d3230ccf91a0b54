"""A file of older passports: checked by one officer, run by another as it was checked. Pure.

Keeps no number, only the file's keyed fingerprint: the second officer sends the same file again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions

CHECKED_FOR: Final = timedelta(days=7)
"""How long a checked file can be run: the second officer may be on leave for days."""

KEPT_AFTER_RUN: Final = timedelta(days=30)
"""How long a run is kept, so that a repeat finds it and goes on where it was cut off."""


class PassportImportState(StrEnum):
    """States of an import."""

    CHECKED = "checked"
    """Every row can be recorded; nothing is done yet."""
    RUNNING = "running"
    """Rows are being recorded; after a crash the same call goes on."""
    DONE = "done"


class PassportImportCommand(StrEnum):
    """Commands on an import."""

    RUN = "run"
    FINISH = "finish"


PASSPORT_IMPORT_TRANSITIONS: Final = Transitions(
    {
        (PassportImportState.CHECKED, PassportImportCommand.RUN): PassportImportState.RUNNING,
        (PassportImportState.RUNNING, PassportImportCommand.FINISH): PassportImportState.DONE,
    }
)


@dataclass(frozen=True)
class PassportImport:
    """One file. ``fingerprint`` is keyed, so that no number can be guessed from it."""

    by: str
    """The officer who had it checked."""
    fingerprint: str
    rows: int
    checked_at: datetime
    kept_until: datetime
    state: PassportImportState = PassportImportState.CHECKED
    agreed_by: str | None = None
    """The officer who ran it."""


class RunProblem(StrEnum):
    """Why a file cannot be run."""

    UNKNOWN = "unknown"
    SAME_OFFICER = "same_officer"
    OTHER_FILE = "other_file"


def checked(by: str, fingerprint: str, rows: int, now: datetime) -> PassportImport:
    """Return the import of a file without a fault."""
    return PassportImport(by, fingerprint, rows, now, now + CHECKED_FOR)


def run_problem(known: PassportImport, by: str, fingerprint: str, now: datetime) -> RunProblem | None:
    """Return why this officer cannot run this file now; none if they can."""
    if now >= known.kept_until:
        return RunProblem.UNKNOWN
    if by == known.by:
        return RunProblem.SAME_OFFICER
    return None if known.fingerprint == fingerprint else RunProblem.OTHER_FILE


def begun(known: PassportImport, by: str, now: datetime) -> PassportImport:
    """Return the import whose rows are being recorded."""
    state = PASSPORT_IMPORT_TRANSITIONS.after(known.state, PassportImportCommand.RUN)
    return replace(known, state=state, agreed_by=by, kept_until=now + KEPT_AFTER_RUN)


def finished(known: PassportImport) -> PassportImport:
    """Return the import whose last row was recorded."""
    return replace(known, state=PASSPORT_IMPORT_TRANSITIONS.after(known.state, PassportImportCommand.FINISH))
