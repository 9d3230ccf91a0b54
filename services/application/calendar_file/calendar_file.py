"""Calendar files (RFC 5545): events with an office and a time or a day, and nothing of a person. Pure.

Times are clock times of the office with the tz database's own name of its zone. Two widely used readers know zones by
that name alone: a name of our own, with a VTIMEZONE beside it, they read as UTC, seven to nine hours off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MEDIA_TYPE: Final = "text/calendar"

FIXED_ZONES: Final = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
"""Indonesia's zones, whose clocks have not been moved since 1988: one offset describes them. Times in any other zone
are written in UTC."""

MOST_LINE_OCTETS: Final = 75
"""Of a line without its end (RFC 5545 section 3.1); what is longer goes on in the next one, behind a space."""

PRODUCT: Final = "-//Paspor//Application//ID"


@dataclass(frozen=True)
class CalendarEvent:
    """One event. ``uid`` never changes, ``sequence`` grows with each change; ``ends_at`` is None for a whole day."""

    uid: str
    sequence: int
    summary: str
    description: str
    location: str
    starts_at: datetime | date
    ends_at: datetime | None = None
    timezone: str = ""
    is_cancelled: bool = False


def write_calendar(events: Iterable[CalendarEvent], now: datetime) -> bytes:
    """Return the file of these events; where all of them are cancelled, it asks readers to take them out."""
    found = tuple(events)
    method = "CANCEL" if found and all(event.is_cancelled for event in found) else "PUBLISH"
    zones = sorted({event.timezone for event in found if event.timezone in FIXED_ZONES})
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        f"METHOD:{method}",
        *(line for zone in zones for line in _zone(zone, now)),
        *(line for event in found for line in _event(event, now)),
        "END:VCALENDAR",
    ]
    return "".join(f"{fold_line(line)}\r\n" for line in lines).encode()


def escape_text(text: str) -> str:
    """Return a text as a value of a property: what separates values is escaped, a line's end is written as a sign."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def fold_line(line: str) -> str:
    """Return a line in pieces of at most `MOST_LINE_OCTETS`, none of which cuts a character."""
    pieces, piece = [], ""
    for sign in line:
        if len((piece + sign).encode()) > MOST_LINE_OCTETS:
            pieces.append(piece)
            piece = " "
        piece += sign
    return "\r\n".join((*pieces, piece))


def _event(event: CalendarEvent, now: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escape_text(event.uid)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTAMP:{_utc(now)}"
    yield from _times(event)
    yield f"SUMMARY:{escape_text(event.summary)}"
    yield f"DESCRIPTION:{escape_text(event.description)}"
    yield f"LOCATION:{escape_text(event.location)}"
    yield f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"


def _times(event: CalendarEvent) -> Iterator[str]:
    if not isinstance(event.starts_at, datetime):
        yield f"DTSTART;VALUE=DATE:{event.starts_at:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{event.starts_at + timedelta(days=1):%Y%m%d}"
        return
    yield f"DTSTART{_moment(event.starts_at, event.timezone)}"
    if event.ends_at is not None:
        yield f"DTEND{_moment(event.ends_at, event.timezone)}"


def _moment(moment: datetime, timezone: str) -> str:
    if timezone not in FIXED_ZONES:
        return f":{_utc(moment)}"
    return f";TZID={timezone}:{moment.astimezone(ZoneInfo(timezone)):%Y%m%dT%H%M%S}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _zone(timezone: str, now: datetime) -> Iterator[str]:
    offset = f"{now.astimezone(ZoneInfo(timezone)):%z}"
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{timezone}"
    yield "BEGIN:STANDARD"
    yield "DTSTART:19880101T000000"
    yield f"TZOFFSETFROM:{offset}"
    yield f"TZOFFSETTO:{offset}"
    yield f"TZNAME:{FIXED_ZONES[timezone]}"
    yield "END:STANDARD"
    yield "END:VTIMEZONE"
