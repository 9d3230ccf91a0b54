"""The dates of an application: its visits, the last day to collect its passport, and the day that expires. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.application.applications.application import Application, Status
from services.application.applications.visit import Seat, SeatState
from services.application.calendar_file.calendar_file import CalendarEvent
from services.application.issuance.transitions import COLLECTION_DAYS

_OVER: Final = frozenset({SeatState.RELEASED, SeatState.SPECIAL_OPEN, SeatState.SPECIAL_ENDED, SeatState.VOIDED})
"""States in which a visit that was certain does not take place."""

_VISIT: Final = "Kunjungan kantor imigrasi / Passport visit"
_BRING: Final = "Bawa dokumen asli dan surat pengantar.\nBring the originals and the cover letter."
_LAST_DAY: Final = "Batas pengambilan paspor / Last day to collect the passport"
_COLLECT: Final = (
    "Paspor yang tidak diambil sampai tanggal ini dibatalkan.\n"
    "A passport that is not collected by this day is cancelled."
)

_EXPIRES: Final = "Paspor habis berlaku / Passport expires"
_RENEW: Final = (
    "Banyak negara menolak paspor yang berlaku kurang dari enam bulan.\n"
    "Many countries let nobody in whose passport is valid for less than six months."
)


def calendar_events(application_id: str, application: Application) -> tuple[CalendarEvent, ...]:
    """Return every visit that was certain once, the last day to collect a printed passport, and for one that was handed
    out the last day on which it is valid.
    """
    return (
        *_visits(application),
        *_collection(application_id, application),
        *_expiry(application_id, application),
    )


def _visits(application: Application) -> Iterator[CalendarEvent]:
    for seat in sorted(application.visits.seats, key=lambda seat: seat.at):
        if seat.queue_number is not None and seat.starts_at is not None:
            yield _visit(seat)


def _visit(seat: Seat) -> CalendarEvent:
    assert seat.starts_at is not None  # noqa: S101 - only such visits come here
    return CalendarEvent(
        uid=f"visit-{seat.appointment_id}@paspor",
        sequence=seat.version,
        summary=_VISIT,
        description=_BRING,
        location=seat.office_name or "",
        starts_at=seat.starts_at,
        ends_at=seat.ends_at,
        timezone=seat.office_timezone or "",
        is_cancelled=seat.state in _OVER,
    )


def _collection(application_id: str, application: Application) -> Iterator[CalendarEvent]:
    printed_at = application.approval.printed_at if application.approval is not None else None
    if printed_at is None:
        return
    seat, is_over = application.visits.last_seat, application.status is not Status.PRINTED
    until = (application.collect_until or printed_at + timedelta(days=COLLECTION_DAYS)).astimezone(
        ZoneInfo(application.office_timezone)
    )
    yield CalendarEvent(
        uid=f"collection-{application_id}@paspor",
        sequence=int(is_over),
        summary=_LAST_DAY,
        description=_COLLECT,
        location=(seat.office_name if seat is not None else None) or "",
        starts_at=until.date(),
        is_cancelled=is_over,
    )


def _expiry(application_id: str, application: Application) -> Iterator[CalendarEvent]:
    book = application.printed_book
    if book is None or application.status is not Status.COLLECTED:
        return
    yield CalendarEvent(
        uid=f"expiry-{application_id}@paspor",
        sequence=0,
        summary=_EXPIRES,
        description=_RENEW,
        location="",
        starts_at=book.expires_on,
    )
