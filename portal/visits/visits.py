"""Facts of a visit and the acts that it allows: shapes answers of scheduling for templates. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import segno
from markupsafe import Markup

WITH_CODE: Final = frozenset({"confirmed", "moving", "checked_in", "on_proof"})
"""The queue code opens the door."""

IN_HALL: Final = frozenset({"checked_in", "on_proof"})
MOVABLE: Final = "confirmed"
CHOOSES_NEW_DATE: Final = "special_open"
GIVEN_UP: Final = frozenset({"held", "awaiting_payment", "confirmed"})
UNPAID: Final = frozenset({"held", "awaiting_payment", "gathering"})
PASSING: Final = frozenset({"gathering", "held", "moving", "special_moving"})
"""A state that ends by itself within seconds: the page looks again soon."""

CODE_PIXELS: Final = 280
"""Width of the queue code, so that it fits a screen of 320 pixels."""

CODES_KEPT: Final = 256
"""Drawing one takes some 20 ms; the page of somebody who waits in the hall is loaded again and again."""

PAY_UNTIL_HOUR: Final = 12
CAPITAL: Final = ZoneInfo("Asia/Jakarta")


@lru_cache(maxsize=CODES_KEPT)
def draw_code(code: str, title: str) -> Markup:
    """Return a QR code as SVG inside HTML: no script, no style, and smaller where the screen is."""
    drawn = segno.make(code, error="m", micro=False)
    modules = drawn.symbol_size(border=4)[0]
    scale = max(2, CODE_PIXELS // modules)
    svg = drawn.svg_inline(scale=scale, border=4, title=title, svgclass="paspor-qr", light="#fff")
    size = modules * scale
    return Markup(svg.replace("<svg ", f'<svg role="img" viewBox="0 0 {size} {size}" ', 1))  # noqa: S704 - made here; segno escapes the title


def to_bring(requirements: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the papers whose originals an officer looks at: those that are required and those that were uploaded."""
    return [item for item in requirements if item["need"] == "required" or item.get("document_id")]


def seconds_to_look_again(state: str, letter_state: str | None) -> int | None:
    """Return after how many seconds a page without script looks again; None where nothing is waited for."""
    if state in PASSING:
        return 10
    if state in IN_HALL:
        return 30
    if state in ("awaiting_payment", "offered") or letter_state == "being_made":
        return 60
    return None


def may_move_until(appointment: dict[str, Any]) -> date:
    """Return the last day on which a visit may be moved: the one before it."""
    return date.fromisoformat(appointment["session"]["date"]) - timedelta(days=1)


def can_be_moved(appointment: dict[str, Any], now: datetime) -> bool:
    """Return whether the visit may go to another session today."""
    today = now.astimezone(ZoneInfo(appointment["office"]["timezone"])).date()
    return appointment["state"] == MOVABLE and appointment["moves_left"] > 0 and today <= may_move_until(appointment)


def free_sessions(sessions: Sequence[dict[str, Any]], appointment: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sessions with a free seat of the visit's kind, without its own."""
    pool = appointment["session"]["pool"]
    own = appointment["session"]["session_id"] if appointment["state"] != CHOOSES_NEW_DATE else None
    return [
        session
        for session in sessions
        if session["session_id"] != own and session["pools"].get(pool, {"free": 0})["free"] > 0
    ]


def same_day_standing(appointment: dict[str, Any], now: datetime) -> str:
    """Return how it stands with the same-day service: a word of `same_day_*` in the room's sentences."""
    place = appointment["same_day"]
    if appointment["session"]["pool"] == "same_day":
        return "booked"
    if place is not None:
        return str(place["state"])
    visit_day = date.fromisoformat(appointment["session"]["date"])
    if appointment["state"] not in WITH_CODE:
        return "not_paid"
    today = now.astimezone(ZoneInfo(appointment["office"]["timezone"])).date()
    if today < visit_day:
        return "wait"
    if today > visit_day or now.astimezone(CAPITAL).hour >= PAY_UNTIL_HOUR:
        return "too_late"
    return "today"
