"""A file of staff to hire: checked first, then run as it was checked. Keeps no name, only the file's fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions

CHECKED_FOR: Final = timedelta(hours=24)
"""How long a checked file can be run: until the next day somebody else may have hired, moved or closed something."""

KEPT_AFTER_RUN: Final = timedelta(days=30)
"""How long a run is kept, so that a repeat finds it and hires each once."""


class ImportState(StrEnum):
    """States of an import."""

    CHECKED = "checked"
    """Every row can be hired; nothing is done yet."""
    RUNNING = "running"
    """Rows are being hired; after a crash the same call goes on."""
    DONE = "done"


class ImportCommand(StrEnum):
    """Commands on an import."""

    RUN = "run"
    FINISH = "finish"


IMPORT_TRANSITIONS: Final = Transitions(
    {
        (ImportState.CHECKED, ImportCommand.RUN): ImportState.RUNNING,
        (ImportState.RUNNING, ImportCommand.FINISH): ImportState.DONE,
    }
)


@dataclass(frozen=True)
class StaffImport:
    """One file, as one member of staff had it checked. ``fingerprint`` is keyed: names cannot be guessed from it."""

    by: str
    fingerprint: str
    rows: int
    checked_at: datetime
    kept_until: datetime
    state: ImportState = ImportState.CHECKED


class RunProblem(StrEnum):
    """Why a file cannot be run."""

    UNKNOWN = "unknown"
    OTHER_FILE = "other_file"


def checked(by: str, fingerprint: str, rows: int, now: datetime) -> StaffImport:
    """Return the import of a file without a fault."""
    return StaffImport(by, fingerprint, rows, now, now + CHECKED_FOR)


def run_problem(known: StaffImport, by: str, fingerprint: str, now: datetime) -> RunProblem | None:
    """Return why this person cannot run this file now; none if they can. An import of somebody else is unknown."""
    if known.by != by or now >= known.kept_until:
        return RunProblem.UNKNOWN
    return None if known.fingerprint == fingerprint else RunProblem.OTHER_FILE


def begun(known: StaffImport, now: datetime) -> StaffImport:
    """Return the import whose rows are being hired."""
    state = IMPORT_TRANSITIONS.after(known.state, ImportCommand.RUN)
    return replace(known, state=state, kept_until=now + KEPT_AFTER_RUN)


def finished(known: StaffImport) -> StaffImport:
    """Return the import whose last row was dealt with."""
    return replace(known, state=IMPORT_TRANSITIONS.after(known.state, ImportCommand.FINISH))
