"""Passports of the account's people: how they stand, loss and damage, replacement, border crossings."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem, ServiceDown
from portal.passports.passports import (
    REPORTED,
    can_be_replaced,
    can_be_reported,
    needs_reason,
    newest_first_by_person,
)
from portal.web.forms import Form, FormError
from portal.web.page import Page, get, post
from portal.web.visit import Visit

REPORTS: Final = frozenset({"lost", "damaged"})


async def show_passports(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the passports of the account's people."""
    passports, names = await visit.api.together(visit.api.get("/v1/passports"), _names(visit))
    return visit.render("passports/passports.html", people=newest_first_by_person(passports["passports"], names))


async def show_passport(visit: Visit, form: Form) -> web.StreamResponse:
    """Show a passport and what comes next."""
    passport = await _passport(visit)
    names = await _names(visit)
    return visit.render(
        "passports/passport.html",
        form=form,
        passport=passport,
        name=names.get(passport["applicant_id"], ""),
        can_be_reported=can_be_reported(passport),
        can_be_replaced=can_be_replaced(passport),
        needs_reason=needs_reason(passport),
        is_reported=passport["state"] in REPORTED,
    )


async def show_reporting(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what follows from a report, then its form."""
    passport, tariff = await visit.api.together(_passport(visit), visit.api.get("/v1/tariffs"))
    return visit.render(
        "passports/reporting.html",
        form=form,
        passport=passport,
        penalties=tariff["penalties"],
        can_be_reported=can_be_reported(passport),
    )


async def report(visit: Visit) -> web.StreamResponse:
    """Report a passport as lost or damaged."""
    form = await visit.form()
    kind = form.text("report")
    missing = []
    if kind not in REPORTS:
        missing.append(FormError("report", _sentence(visit, "report_choose")))
    if form.text("confirmed") != "yes":
        missing.append(FormError("confirmed", _sentence(visit, "report_confirm")))
    if missing:
        return await show_reporting(visit, form.with_errors(*missing))
    path = f"/passports/{visit.place('passport_id')}"
    await visit.send("POST", f"/v1{path}/report", {"report": kind})
    return visit.redirect(path, told=f"told_{kind}")


async def show_replacing(visit: Visit, form: Form) -> web.StreamResponse:
    """Show how a replacement begins."""
    passport = await _passport(visit)
    return visit.render(
        "passports/replacing.html",
        form=form,
        passport=passport,
        can_be_replaced=can_be_replaced(passport),
        needs_reason=needs_reason(passport),
    )


async def replace(visit: Visit) -> web.StreamResponse:
    """Begin a replacement: an application whose questionnaire is filled in."""
    form = await visit.form()
    reason = form.optional("reason")
    body = {"reason": reason} if reason else {}
    begun = await visit.send("POST", f"/v1/passports/{visit.place('passport_id')}/replacement", body)
    return visit.redirect(f"/applications/{begun['application_id']}")


async def show_crossings(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the border crossings of an applicant, where their account agrees to it."""
    applicant_id = visit.place("applicant_id")
    person = await visit.api.get(f"/v1/applicants/{applicant_id}")
    try:
        found: dict[str, Any] | None = await visit.api.get(f"/v1/applicants/{applicant_id}/border-crossings")
        refusal = None
    except Problem as problem:
        if problem.status in (401, 404):
            raise
        found, refusal = None, problem
    return visit.render("passports/crossings.html", form=form, person=person, found=found, refusal=refusal)


async def _names(visit: Visit) -> dict[str, str]:
    """Return the names of the account's people; none while identity is away: a loss can be reported all the same."""
    try:
        applicants = await visit.api.get("/v1/applicants")
    except ServiceDown:
        return {}
    return {person["applicant_id"]: person["full_name"] for person in applicants["applicants"]}


async def _passport(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] = await visit.api.get(f"/v1/passports/{visit.place('passport_id')}")
    return found


def _sentence(visit: Visit, key: str) -> str:
    return str(visit.renderer.sentence(visit.language, "passports", key))


_PASSPORT: Final = "/passports/{passport_id}"

PAGES: Final[tuple[Page, ...]] = (
    get("/passports", show_passports),
    get(_PASSPORT, show_passport),
    get(_PASSPORT + "/report", show_reporting),
    post(_PASSPORT + "/report", report, show_reporting),
    get(_PASSPORT + "/replace", show_replacing),
    post(_PASSPORT + "/replace", replace, show_replacing),
    get("/applicants/{applicant_id}/border-crossings", show_crossings),
)
