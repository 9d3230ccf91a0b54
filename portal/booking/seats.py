"""Seats of an application: the one that lives, what may be chosen, and what the API is sent for a choice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from portal.offices.days import Day
from portal.web.dates import CAPITAL_ZONE
from portal.web.forms import Form, FormError

KEPT: Final = frozenset({"gathering", "held", "awaiting_payment"})
"""A seat is kept, and not paid."""

OFFERED: Final = "offered"
NEW_DATE: Final = "special_open"
LIVING: Final = KEPT | {OFFERED, NEW_DATE, "moving", "confirmed", "checked_in", "on_proof", "special_moving"}
ENDED_UNTAKEN: Final = frozenset({"released", "abandoned", "unavailable"})

BOOKED_BEFORE: Final = timedelta(hours=3)
"""Sessions are booked so long before they begin (`booking_closes_seconds` of scheduling, by default)."""

SAME_DAY_UNTIL: Final = time(10)
"""In Jakarta, in every zone: same-day service is asked for in the morning of the day (as scheduling's default)."""

NEEDS: Final = ("child", "elderly", "disability", "pregnant")
POOLS: Final = ("regular", "priority", "same_day")
IF_UNPAID: Final = ("regular", "cancel")

CHOOSING: Final = "choose_seat"
EARLIER_STEPS: Final = frozenset({"identity", "questionnaire", "documents", "submit"})

ID: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._~:-]{1,64}")


def living_of(appointments: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the appointment that lives; an application has one at most."""
    return next((seat for seat in appointments if seat["state"] in LIVING), None)


def last_lost(appointments: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the newest appointment, if its seat was given up or lapsed."""
    newest = max(appointments, key=lambda seat: str(seat["made_at"]), default=None)
    return newest if newest is not None and newest["state"] in ENDED_UNTAKEN else None


@dataclass(frozen=True)
class Choices:
    """The choices of one day."""

    day: Day
    pools: tuple[str, ...]
    """Kinds of seat that have a free one."""


def choices_of(days: Iterable[Day], date: str, now: datetime) -> Choices | None:
    """Return what may be chosen on that day; None where it has no free seat."""
    day = next((shown for shown in days if shown.date == date and shown.is_bookable), None)
    if day is None:
        return None
    pools = tuple(pool for pool in POOLS if day.free(pool) and (pool != "same_day" or may_ask_same_day(day, now)))
    return Choices(day, pools) if pools else None


def may_ask_same_day(day: Day, now: datetime) -> bool:
    """Return whether same-day seats of that day can be asked for now: in its morning, by Jakarta's clock."""
    local = now.astimezone(datetime.fromisoformat(day.times[0].local_start).tzinfo)
    return local.date().isoformat() == day.date and now.astimezone(CAPITAL_ZONE).time() < SAME_DAY_UNTIL


def errors_of_choice(form: Form, missing: str) -> tuple[FormError, ...]:
    """Return what lacks of a choice before it is sent; `missing` is the sentence for a time that is not chosen."""
    return () if ID.fullmatch(form.text("session_id")) else (FormError("session_id", missing),)


def wish_of(form: Form, application_id: str) -> dict[str, Any]:
    """Return the body of `POST /v1/appointments`; fields that belong to another kind of seat are left out."""
    pool = form.text("pool", POOLS[0])
    wish: dict[str, Any] = {"application_id": application_id, "session_id": form.text("session_id"), "pool": pool}
    if pool == "priority" and form.text("priority_need"):
        wish["priority_need"] = form.text("priority_need")
    if pool == "same_day" and form.text("if_unpaid"):
        wish["if_unpaid"] = form.text("if_unpaid")
    return wish


def alternatives_of(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the sessions that a refusal names instead, each once, the earliest first."""
    named = [*(facts.get("earliest") or ()), *(facts.get("nearest") or ())]
    by_id = {session["session_id"]: session for session in named}
    return sorted(by_id.values(), key=lambda session: str(session["starts_at"]))


def until_of(facts: Mapping[str, Any]) -> str | None:
    """Return the moment that a refusal names: from then on it can be tried again."""
    return facts.get("until")
