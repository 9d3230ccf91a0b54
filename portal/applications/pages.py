"""Applications: begun for one person after the other, and the page that tells at once how one stands."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem, ServiceDown
from portal.applications.journey import (
    COLOURS,
    can_withdraw,
    is_open,
    list_missing_papers,
    list_steps,
    newest,
    tell_now,
)
from portal.web.forms import Form
from portal.web.page import Page, get, post
from portal.web.visit import Visit

APPLICATIONS: Final = "/applications"
ONE: Final = f"{APPLICATIONS}/{{application_id}}"
_ALREADY_OPEN: Final = "application_already_open"


async def lead_home(visit: Visit, _form: Form) -> web.StreamResponse:
    """Lead to the list of applications, which is home."""
    return visit.redirect("/home")


async def show_begin(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the people for whom an application can be begun, and those of whom one is open."""
    found, theirs = await visit.api.together(visit.api.get("/v1/applicants"), visit.api.get("/v1/applications"))
    open_ones = {item["applicant_id"]: item for item in reversed(theirs["applications"]) if is_open(item)}
    people = [person for person in found["applicants"] if not person["came_of_age"]]
    free = [person for person in people if person["applicant_id"] not in open_ones]
    ready = [person for person in free if person["identity"]["state"] != "failed"]
    return visit.render(
        "applications/begin.html",
        form=form,
        has_people=bool(found["applicants"]),
        ready=[(person["applicant_id"], person["full_name"]) for person in ready],
        refused=[person for person in free if person["identity"]["state"] == "failed"],
        started=[
            (person, open_ones[person["applicant_id"]]) for person in people if person["applicant_id"] in open_ones
        ],
        chosen=visit.query("applicant") or (ready[0]["applicant_id"] if len(ready) == 1 else ""),
    )


async def begin(visit: Visit) -> web.StreamResponse:
    """Begin an application; of a person who has one open, lead to it."""
    form = await visit.form()
    try:
        begun = await visit.send("POST", "/v1/applications", {"applicant_id": form.text("applicant_id")})
    except Problem as problem:
        known = problem.facts.get("application_id")
        if problem.code != _ALREADY_OPEN or not isinstance(known, str):
            raise
        return visit.redirect(f"{APPLICATIONS}/{known}", told="already_open")
    return visit.redirect(f"{APPLICATIONS}/{begun['application_id']}/questionnaire")


async def _if_there(call: Awaitable[Any]) -> Any:
    """Return what a call answers, None where its service is down: the rest of the page is shown all the same."""
    try:
        return await call
    except ServiceDown:
        return None


async def show_status(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show what to do now, all steps, the visit, the payment and everything else of one application."""
    application_id = visit.place("application_id")
    api = visit.api
    application, people, visits, bills = await api.together(
        api.get(f"/v1/applications/{application_id}"),
        _if_there(api.get("/v1/applicants")),
        _if_there(api.get("/v1/appointments", application_id=application_id)),
        _if_there(api.get("/v1/bills", application_id=application_id)),
    )
    all_bills = bills["bills"] if bills is not None else []
    seat = newest(visits["appointments"], "made_at") if visits is not None else None
    bill = newest(all_bills, "requested_at")
    names = {person["applicant_id"]: person["full_name"] for person in people["applicants"]} if people else {}
    now = tell_now(application, seat, all_bills)
    return visit.render(
        "applications/status.html",
        application=application,
        name=names.get(application["applicant_id"], ""),
        now_to_do=now,
        waits=application["next_action_code"] == "wait" or now.told_by is not application,
        colour=COLOURS.get(application["state"], "blue"),
        steps=list_steps(application),
        seat=seat,
        bill=bill,
        is_paid=any(item["paid_at"] for item in all_bills),
        is_whole=None not in (people, visits, bills),
        missing_papers=list_missing_papers(application),
        can_withdraw=can_withdraw(application),
        is_open=is_open(application),
        corrections=[line for line in application["timeline"] if line["what"] in ("kind_corrected", "answers_fitted")],
    )


PAGES: Final[tuple[Page, ...]] = (
    get(APPLICATIONS, lead_home),
    get(f"{APPLICATIONS}/new", show_begin),
    post(f"{APPLICATIONS}/new", begin, show_begin),
    get(ONE, show_status),
)
