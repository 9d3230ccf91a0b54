"""Calendar files: the visit and the last day of collection, as readers of calendars take them in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.application.applications.application import Status
from services.application.applications.book import BookFacts, BookKind
from services.application.applications.hand_over import Approval
from services.application.calendar_file.calendar_file import (
    FIXED_ZONES,
    MOST_LINE_OCTETS,
    CalendarEvent,
    escape_text,
    fold_line,
    write_calendar,
)
from services.application.calendar_file.dates import calendar_events
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.make import NOW, VISIT
from tests.unit.application.world import CARD, World

Properties = dict[str, str]


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


def read(content: bytes) -> tuple[Properties, list[Properties], set[str]]:
    """A calendar as a reader takes it in: its own properties, those of each event, and the zones it describes."""
    text = content.decode()
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= MOST_LINE_OCTETS for line in text.split("\r\n"))
    calendar: Properties = {}
    events: list[Properties] = []
    zones: set[str] = set()
    inside: list[str] = []
    for line in text.replace("\r\n ", "").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        if name == "BEGIN":
            inside.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert inside.pop() == value
        elif inside[-1] == "VEVENT":
            assert name not in events[-1]
            events[-1][name] = value
        elif inside[-1] == "VTIMEZONE":
            zones.add(value)
        elif inside == ["VCALENDAR"]:
            calendar[name] = value
    assert inside == []
    return calendar, events, zones


def moment(event: Properties, name: str) -> datetime:
    """The instant of a property, by the zone that the tz database has under its TZID."""
    ((key, value),) = ((key, value) for key, value in event.items() if key.partition(";")[0] == name)
    zone = re.fullmatch(r"[A-Z]+(?:;TZID=(.+))?", key)
    assert zone is not None
    if zone[1] is None:
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(zone[1])).astimezone(UTC)


def event(**changes: object) -> CalendarEvent:
    usual = CalendarEvent("u@paspor", 3, "Kunjungan", "Bawa", "Kanim", VISIT, VISIT + timedelta(hours=1))
    return replace(usual, **changes)  # type: ignore[arg-type]


@pytest.mark.acceptance("Y23.calendar_file")
@pytest.mark.parametrize("timezone", [*FIXED_ZONES, "America/New_York", ""])
def test_a_time_is_the_same_instant_to_every_reader(timezone: str) -> None:
    calendar, (only,), zones = read(write_calendar([event(timezone=timezone)], NOW))
    assert (moment(only, "DTSTART"), moment(only, "DTEND")) == (VISIT, VISIT + timedelta(hours=1))
    assert zones == ({timezone} if timezone in FIXED_ZONES else set())
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert (only["UID"], only["SEQUENCE"], only["STATUS"]) == ("u@paspor", "3", "CONFIRMED")
    assert moment(only, "DTSTAMP") == NOW


@pytest.mark.parametrize("timezone", FIXED_ZONES)
def test_a_zone_is_described_by_the_offset_that_it_has_in_every_month(timezone: str) -> None:
    content = write_calendar([event(timezone=timezone)], NOW).decode()
    offsets = {
        datetime(year, month, 1, tzinfo=ZoneInfo(timezone)).strftime("%z")
        for year in (1988, 2026, 2036)
        for month in range(1, 13)
    }
    assert set(re.findall(r"TZOFFSET(?:FROM|TO):(.+)\r", content)) == offsets


def test_a_day_and_a_time_without_an_end() -> None:
    day = event(starts_at=date(2026, 12, 31), ends_at=None)
    _, (whole, open_ended), zones = read(write_calendar([day, event(ends_at=None)], NOW))
    assert (whole["DTSTART;VALUE=DATE"], whole["DTEND;VALUE=DATE"]) == ("20261231", "20270101")
    assert not any(name.startswith("DTEND") for name in open_ended) and zones == set()


def test_only_a_file_of_nothing_but_cancelled_events_cancels() -> None:
    gone = event(is_cancelled=True)
    assert read(write_calendar([gone], NOW))[0]["METHOD"] == "CANCEL"
    calendar, events, _ = read(write_calendar([gone, event(uid="v@paspor")], NOW))
    assert (calendar["METHOD"], [each["STATUS"] for each in events]) == ("PUBLISH", ["CANCELLED", "CONFIRMED"])
    assert read(write_calendar([], NOW))[0]["METHOD"] == "PUBLISH"


def test_texts_are_escaped_and_long_lines_folded_between_characters() -> None:
    assert escape_text("a\\b;c,d\r\ne\nf\rg") == "a\\\\b\\;c\\,d\\ne\\nf\\ng"
    assert fold_line("x" * MOST_LINE_OCTETS) == "x" * MOST_LINE_OCTETS
    assert fold_line("x" * (MOST_LINE_OCTETS + 1)) == f"{'x' * MOST_LINE_OCTETS}\r\n x"
    folded = fold_line("é" * 200)
    assert all(len(line.encode()) <= MOST_LINE_OCTETS for line in folded.split("\r\n"))
    assert folded.replace("\r\n ", "") == "é" * 200
    injected = event(location="Kanim\r\nATTENDEE:mailto:x@example.org")
    _, (only,), _ = read(write_calendar([injected], NOW))
    assert "ATTENDEE" not in only


def test_a_visit_that_moves_keeps_its_uid_and_one_that_is_released_is_cancelled() -> None:
    state = make.with_seats(make.draft(), make.held(), make.confirmed())
    (first,) = calendar_events("a", state)
    assert (first.starts_at, first.location, first.is_cancelled) == (VISIT, "Kantor Imigrasi Jakarta Selatan", False)
    moved = make.with_seats(make.draft(), make.held(), make.confirmed(), make.rescheduled())
    (second,) = calendar_events("a", moved)
    assert (second.uid, second.starts_at) == (first.uid, VISIT + timedelta(days=1))
    assert second.sequence > first.sequence
    (gone,) = calendar_events("a", make.with_seats(make.draft(), make.held(), make.confirmed(), make.released()))
    assert (gone.uid, gone.is_cancelled) == (first.uid, True)


def test_a_seat_that_was_only_held_is_in_no_calendar() -> None:
    assert calendar_events("a", make.with_seats(make.draft(), make.held())) == ()
    assert calendar_events("a", make.with_seats(make.draft(), make.held(), make.released())) == ()


def test_the_last_day_of_collection_is_a_day_of_the_office() -> None:
    late = datetime(2026, 12, 30, 18, 0, tzinfo=UTC)  # the 31st in Jakarta
    approval = Approval(NOW, None, printed_at=late - timedelta(days=30))
    waiting = make.draft(status=Status.PRINTED, approval=approval, collect_until=late)
    (only,) = calendar_events("a", waiting)
    assert (only.starts_at, only.location, only.sequence) == (date(2026, 12, 31), "", 0)
    seated = make.with_seats(waiting, make.held(), make.confirmed())
    assert calendar_events("a", seated)[-1].location == "Kantor Imigrasi Jakarta Selatan"
    (over,) = calendar_events("a", replace(waiting, status=Status.COLLECTED, collect_until=None))
    assert (over.starts_at, over.is_cancelled, over.sequence) == (date(2026, 12, 31), True, 1)


def test_the_day_of_expiry_of_a_passport_that_was_handed_out() -> None:
    book = BookFacts(BookKind.ELECTRONIC, date(2026, 12, 1), date(2036, 12, 1))
    (only,) = calendar_events("a", make.draft(status=Status.COLLECTED, printed_book=book))
    assert (only.uid, only.starts_at, only.is_cancelled) == ("expiry-a@paspor", date(2036, 12, 1), False)
    assert calendar_events("a", make.draft(status=Status.PRINTED, printed_book=book)) == ()


@pytest.mark.acceptance("Y23.calendar_file")
async def test_the_owner_downloads_the_file_and_nobody_else(browser: Browser, world: World) -> None:
    application_id = await world.booked()
    path = f"/v1/applications/{application_id}"
    _, view = await browser.ask("GET", path)
    assert view["calendar_url"] == f"{path}/calendar"
    status, content = await browser.ask("GET", view["calendar_url"])
    calendar, (visit,), _ = read(content)
    assert (status, calendar["METHOD"], moment(visit, "DTSTART")) == (200, "PUBLISH", VISIT)
    before = int(visit["SEQUENCE"])
    await world.tell(make.rescheduled(application_id=application_id), 7)
    _, content = await browser.ask("GET", view["calendar_url"])
    _, (moved,), _ = read(content)
    assert (moved["UID"], int(moved["SEQUENCE"]) > before) == (visit["UID"], True)
    await world.tell(make.released(application_id=application_id), 8)
    _, content = await browser.ask("GET", view["calendar_url"])
    calendar, (gone,), _ = read(content)
    assert (calendar["METHOD"], gone["STATUS"], gone["UID"]) == ("CANCEL", "CANCELLED", visit["UID"])
    words = content.decode()
    assert not any(word in words for word in (CARD["full_name"], CARD["nik"], "R-001", "R-007", application_id))
    assert (await browser.headers_of(f"{path}/calendar"))["Content-Type"].startswith("text/calendar")
    assert (await browser.ask("GET", f"{path}/calendar", account="other"))[0] == 404
    assert (await browser.ask("GET", f"{path}/calendar", Role.FRONT_OFFICER))[0] == 403
