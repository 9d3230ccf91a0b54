"""One export of an account's data: which parts have arrived, and until when it can be downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.rules import ExportRules
from shared.store.transitions import Transitions

SERVICES: Final = ("application", "scheduling", "billing", "notification")
"""Services that send a part; identity's own is read at the download."""


class ExportState(StrEnum):
    """States of an export. When it is over it is removed."""

    COLLECTING = "collecting"
    PARTIAL = "partial"
    """A service has not answered in time: the rest can be downloaded, and the missing part comes later."""
    READY = "ready"


class ExportCommand(StrEnum):
    """Commands of an export."""

    COMPLETE = "complete"
    GIVE_UP_WAITING = "give_up_waiting"


EXPORT_TRANSITIONS: Final[Transitions[ExportState, ExportCommand]] = Transitions(
    {
        (ExportState.COLLECTING, ExportCommand.COMPLETE): ExportState.READY,
        (ExportState.COLLECTING, ExportCommand.GIVE_UP_WAITING): ExportState.PARTIAL,
        (ExportState.PARTIAL, ExportCommand.COMPLETE): ExportState.READY,
    }
)


@dataclass(frozen=True)
class Arrived:
    """The pieces of one service's part that have arrived, of how many."""

    service: str
    pieces: int
    arrived: tuple[int, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no piece is missing."""
        return len(self.arrived) == self.pieces


@dataclass(frozen=True)
class Export:
    """An export. ``private_key`` is sealed: the pieces open with it alone, and it goes with the export."""

    account_id: str
    session_id: str
    """The session that proved the addresses: the only one that may download."""
    private_key: str
    asked_at: datetime
    partial_at: datetime
    ends_at: datetime
    state: ExportState = ExportState.COLLECTING
    parts: tuple[Arrived, ...] = ()

    def part(self, service: str) -> Arrived | None:
        """Return what has arrived from this service, or None."""
        return next((part for part in self.parts if part.service == service), None)


def begin(account_id: str, session_id: str, private_key: str, rules: ExportRules, now: datetime) -> Export:
    """Return a new export that waits for every service."""
    return Export(
        account_id=account_id,
        session_id=session_id,
        private_key=private_key,
        asked_at=now,
        partial_at=now + timedelta(seconds=rules.partial_seconds),
        ends_at=now + timedelta(seconds=rules.kept_seconds),
    )


def keep_piece(export: Export, service: str, piece: int, pieces: int) -> Export:
    """Return the export with this piece; ready once no part is missing. A repeat changes nothing."""
    known = export.part(service) or Arrived(service, pieces, ())
    if piece in known.arrived or known.pieces != pieces:
        return export
    others = tuple(part for part in export.parts if part.service != service)
    kept = replace(export, parts=(*others, replace(known, arrived=tuple(sorted((*known.arrived, piece))))))
    if missing(kept):
        return kept
    return replace(kept, state=EXPORT_TRANSITIONS.after(kept.state, ExportCommand.COMPLETE))


def stop_waiting(export: Export) -> Export:
    """Return the export as far as it has come: it can be downloaded without the missing parts."""
    return replace(export, state=EXPORT_TRANSITIONS.after(export.state, ExportCommand.GIVE_UP_WAITING))


def missing(export: Export) -> tuple[str, ...]:
    """Return the services whose part has not arrived."""
    whole = {part.service for part in export.parts if part.is_whole}
    return tuple(service for service in SERVICES if service not in whole)


def deadlines(export: Export) -> Mapping[str, datetime]:
    """Return when to stop waiting for missing parts, and when the export is over."""
    waiting = {"partial": export.partial_at} if export.state is ExportState.COLLECTING else {}
    return {**waiting, "end": export.ends_at}
