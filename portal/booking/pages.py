"""Choosing an office, a day and a time; the seat that is kept until it is paid; a family that books together."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem
from portal.booking.seats import (
    BOOKED_BEFORE,
    CHOOSING,
    EARLIER_STEPS,
    ID,
    KEPT,
    NEW_DATE,
    OFFERED,
    alternatives_of,
    choices_of,
    errors_of_choice,
    last_lost,
    living_of,
    until_of,
    wish_of,
)
from portal.offices.chart import chart_of
from portal.offices.days import days_of
from portal.offices.search import EVERY_OFFICE, find_offices
from portal.web.forms import EMPTY, Form, FormError
from portal.web.page import Page, get, post
from portal.web.visit import NothingHere, Visit

DAYS_SHOWN: Final = 14
LONGEST_AHEAD: Final = 62
"""Days; no office opens its seats earlier."""

MOST_IN_PARTY: Final = 5

OWN_PAGE: Final = frozenset(
    {
        "session_sold_out",
        "product_not_offered",
        "person_has_appointment",
        "too_many_holds",
        "too_many_people_on_device",
        "too_many_seats_given_up",
        "party_broken",
    }
)
"""Refusals that tell what can be had instead, or from when on: more than a sentence beside a field."""


def say(visit: Visit, key: str, **facts: Any) -> str:
    """Return a sentence of this room in the visitor's language."""
    return str(visit.renderer.sentence(visit.language, "booking", key, **facts))


def booking_path(visit: Visit) -> str:
    """Return the path of the application's booking."""
    return f"/applications/{visit.place('application_id')}/booking"


async def show_booking(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the seat that is kept; without one, the offices to choose from."""
    application_id = visit.place("application_id")
    application, listed = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"),
        visit.api.get("/v1/appointments", application_id=application_id),
    )
    appointments = listed["appointments"]
    living = living_of(appointments)
    if living is not None:
        if living["state"] not in KEPT | {OFFERED, NEW_DATE}:
            return visit.redirect(f"/applications/{application_id}/visit")
        return visit.render("booking/held.html", application=application, seat=living, form=form)
    if application["current_step"] in EARLIER_STEPS or application["state"] == "withdrawn":
        return visit.render("booking/not_yet.html", application=application)
    kind = (application["answers"] or {}).get("passport_kind", "")
    found = await find_offices(visit, kind)
    shown = [office["office_id"] for office in found.offices] if found.search.asks else ()
    return visit.render(
        "offices/choose.html",
        application=application,
        found=found,
        chart=chart_of(found.every, shown),
        lost=last_lost(appointments),
        form=form,
    )


def _first_day(visit: Visit) -> str | None:
    """Return the first day to be shown; None for today and what is no day, or too far."""
    try:
        asked = date.fromisoformat(visit.query("from"))
    except ValueError:
        return None
    today = visit.now.date()
    return asked.isoformat() if today < asked <= today + timedelta(days=LONGEST_AHEAD) else None


async def _read_days(visit: Visit, path: str) -> Any:
    first = _first_day(visit)
    if first is None:
        return await visit.api.get(f"{path}/quota")
    last = date.fromisoformat(first) + timedelta(days=DAYS_SHOWN)
    return await visit.api.get(f"{path}/quota", **{"from": first, "to": last.isoformat()})


async def show_calendar(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the free days of an office, and the times of the day that was chosen."""
    application_id, office_id = visit.place("application_id"), visit.place("office_id")
    path = f"/v1/offices/{office_id}"
    application, office, quota, openings = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"),
        visit.api.get(path),
        _read_days(visit, path),
        visit.api.get("/v1/openings", office_id=office_id),
    )
    days = days_of(quota, visit.now, last_booking=visit.now + BOOKED_BEFORE)
    choices = choices_of(days, visit.query("day"), visit.now)
    fee = None
    if choices is not None and "same_day" in choices.pools:
        fee = (await visit.api.get("/v1/tariffs"))["same_day_amount"]
    first = date.fromisoformat(_first_day(visit) or visit.now.date().isoformat())
    return visit.render(
        "booking/calendar.html",
        application=application,
        office=office,
        days=days,
        choices=choices,
        asked_day=visit.query("day"),
        fee=fee,
        later=(first + timedelta(days=DAYS_SHOWN + 1)).isoformat(),
        earlier=max(first - timedelta(days=DAYS_SHOWN + 1), visit.now.date()).isoformat() if _first_day(visit) else "",
        openings=[opening for opening in openings["openings"] if opening["state"] not in ("over", "called_off")],
        form=form,
    )


async def hold_seat(visit: Visit) -> web.StreamResponse:
    """Keep the chosen seat."""
    form, application_id = await visit.form(), visit.place("application_id")
    errors = errors_of_choice(form, say(visit, "time_missing"))
    if errors:
        return await show_calendar(visit, form.with_errors(*errors))
    try:
        await visit.send("POST", "/v1/appointments", wish_of(form, application_id))
    except Problem as problem:
        answer = await _tell_refusal(visit, problem, form)
        if answer is None:
            raise
        return answer
    return visit.redirect(booking_path(visit), told="held")


async def _tell_refusal(visit: Visit, problem: Problem, form: Form) -> web.StreamResponse | None:
    """Return the page of a refusal that leads on; None where the form with a sentence does."""
    application_id, facts = visit.place("application_id"), problem.facts
    opening_id = str(facts.get("opening_id", ""))
    if problem.code in ("ticket_needed", "not_your_turn", "turn_missed") and ID.fullmatch(opening_id):
        ticket_id = str(facts.get("ticket_id", ""))
        return visit.redirect(f"/openings/{opening_id}", application=application_id, ticket=ticket_id)
    if problem.code not in OWN_PAGE:
        return None
    other = await _application_of(visit, problem) if problem.code == "person_has_appointment" else ""
    if other == application_id:
        return visit.redirect(booking_path(visit), told="held_already")
    every = (await visit.api.get("/v1/offices", limit=EVERY_OFFICE))["offices"]
    return visit.render(
        "booking/refused.html",
        status=409 if problem.status == 409 else 429,
        problem=problem,
        application_id=application_id,
        alternatives=alternatives_of(facts) if problem.code == "session_sold_out" and form.is_filled else [],
        zones={office["office_id"]: office["timezone"] for office in every},
        offices=facts.get("nearest") or [] if problem.code == "product_not_offered" else [],
        until=until_of(facts),
        other=other,
        typed=form,
    )


async def _application_of(visit: Visit, problem: Problem) -> str:
    """Return the application that has the person's seat, where it is the visitor's own; empty otherwise."""
    named = str(problem.facts.get("appointment_id") or "")
    seat = await visit.api.find(f"/v1/appointments/{named}") if ID.fullmatch(named) else None
    return str(seat["application_id"]) if seat else ""


async def release_seat(visit: Visit) -> web.StreamResponse:
    """Give the kept seat back."""
    await visit.send("POST", f"/v1/appointments/{await _named_seat(visit)}/cancellation")
    return visit.redirect(booking_path(visit), told="released")


async def accept_offer(visit: Visit) -> web.StreamResponse:
    """Take the seat that is offered after a late payment."""
    await visit.send("POST", f"/v1/appointments/{await _named_seat(visit)}/offer-acceptance")
    return visit.redirect(f"/applications/{visit.place('application_id')}/visit")


async def refuse_offer(visit: Visit) -> web.StreamResponse:
    """Do without the seat that is offered: the money comes back."""
    await visit.send("POST", f"/v1/appointments/{await _named_seat(visit)}/offer-refusal")
    return visit.redirect(f"/applications/{visit.place('application_id')}/refund")


async def _named_seat(visit: Visit) -> str:
    named = (await visit.form()).text("appointment_id")
    if not ID.fullmatch(named):
        raise NothingHere
    return named


async def show_family(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the applications of the account that can be booked together with this one, and the times of a day."""
    application_id, office_id = visit.place("application_id"), visit.place("office_id")
    path = f"/v1/offices/{office_id}"
    listed, applicants, office, quota = await visit.api.together(
        visit.api.get("/v1/applications", limit=100),
        visit.api.get("/v1/applicants", limit=100),
        visit.api.get(path),
        _read_days(visit, path),
    )
    choosing = [found for found in listed["applications"] if found["current_step"] == CHOOSING]
    if application_id not in {application["application_id"] for application in choosing}:
        return visit.redirect(booking_path(visit))
    days = days_of(quota, visit.now, last_booking=visit.now + BOOKED_BEFORE)
    return visit.render(
        "booking/family.html",
        application_id=application_id,
        choosing=sorted(choosing, key=lambda found: found["application_id"] != application_id),
        names={person["applicant_id"]: person["full_name"] for person in applicants["applicants"]},
        office=office,
        days=days,
        choices=choices_of(days, visit.query("day"), visit.now),
        form=form,
    )


async def hold_together(visit: Visit) -> web.StreamResponse:
    """Keep a seat for each of the family in one session: all or none."""
    form = await visit.form()
    errors = errors_of_choice(form, say(visit, "time_missing"))
    chosen = form.chosen("application_ids")
    if not 2 <= len(chosen) <= MOST_IN_PARTY:
        errors += (FormError("application_ids", say(visit, "family_number", most=MOST_IN_PARTY)),)
    if errors:
        return await show_family(visit, form.with_errors(*errors))
    wish = {"application_ids": chosen, "session_id": form.text("session_id"), "pool": "regular"}
    try:
        party = await visit.send("POST", "/v1/parties", wish)
    except Problem as problem:
        answer = await _tell_refusal(visit, problem, EMPTY)
        if answer is None:
            raise
        return answer
    if party["state"] == "broken":
        return await show_family(visit, form.with_errors(FormError("session_id", say(visit, "family_broken"))))
    return visit.redirect(booking_path(visit), told="family_held")


PAGES: Final[tuple[Page, ...]] = (
    get("/applications/{application_id}/booking", show_booking),
    post("/applications/{application_id}/booking/release", release_seat, show_booking),
    post("/applications/{application_id}/booking/offer-acceptance", accept_offer, show_booking),
    post("/applications/{application_id}/booking/offer-refusal", refuse_offer, show_booking),
    get("/applications/{application_id}/booking/{office_id}", show_calendar),
    post("/applications/{application_id}/booking/{office_id}", hold_seat, show_calendar),
    get("/applications/{application_id}/booking/{office_id}/family", show_family),
    post("/applications/{application_id}/booking/{office_id}/family", hold_together, show_family),
)
