"""Open and closed days of an office.

An office is open on the weekdays of its hours, but not on its own holidays (`OfficeFacts.holidays`, which its
administrator keeps over HTTP) nor, by a template, on public holidays and joint leave
(`shared/calendar/national.py`). An outreach is open on its own dates only.
"""

from __future__ import annotations

from datetime import date, time

from services.scheduling.offices.facts import OfficeFacts, OfficeKind


def receives_on(facts: OfficeFacts, day: date) -> bool:
    """Return whether the office itself receives on that day: no holiday of its own, or a date of the outreach."""
    if facts.kind is OfficeKind.OUTREACH:
        return day in facts.own_dates
    return day not in facts.holidays


def within_hours(facts: OfficeFacts, day: date, start: time, end: time) -> bool:
    """Return whether a session lies within the opening hours of that day; an outreach has no hours but its dates."""
    if facts.kind is OfficeKind.OUTREACH:
        return receives_on(facts, day)
    return receives_on(facts, day) and any(
        hours.weekday == day.weekday() and hours.opens <= start and end <= hours.closes for hours in facts.hours
    )
