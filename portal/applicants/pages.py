"""People an account applies for: oneself and family, their data, and the check at the civil registry."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem
from portal.applicants.people import COLOURS, case_of, list_gaps, list_guardians, read_particulars
from portal.web.forms import Form, FormError
from portal.web.page import Page, get, post
from portal.web.visit import Visit

PEOPLE: Final = "/applicants"
_ALREADY_ADDED: Final = "applicant_already_added"


async def show_people(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show everybody the account applies for, each with the next step."""
    found, theirs = await visit.api.together(visit.api.get("/v1/applicants"), visit.api.get("/v1/applications"))
    open_ones = {
        item["applicant_id"]: item["application_id"]
        for item in reversed(theirs["applications"])
        if item["current_step"] != "finished"
    }
    return visit.render(
        "applicants/list.html",
        people=[(person, case_of(person)) for person in found["applicants"]],
        colours=COLOURS,
        open_ones=open_ones,
        places_left=found["places_left"],
        child_places_left=found["child_places_left"],
    )


async def show_new(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the form for somebody to apply for."""
    found = await visit.api.get("/v1/applicants")
    return visit.render(
        "applicants/new.html",
        form=form,
        guardians=list_guardians(found["applicants"]),
        is_first=not found["applicants"],
        has_place=found["places_left"] > 0 or found["child_places_left"] > 0,
    )


async def add_person(visit: Visit) -> web.StreamResponse:
    """Add somebody; the civil registry is asked at once."""
    form = await visit.form()
    gaps = list_gaps(form)
    if gaps:
        return await show_new(visit, _told_gaps(visit, form, gaps))
    try:
        added = await visit.send("POST", "/v1/applicants", read_particulars(form))
    except Problem as problem:
        return _lead_to_known(visit, problem)
    return visit.redirect(f"{PEOPLE}/{added['applicant_id']}", told="added")


async def show_person(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show one person's data and how the identity check stands, with what to do."""
    applicant_id = visit.place("applicant_id")
    person, theirs = await visit.api.together(
        visit.api.get(f"/v1/applicants/{applicant_id}"), visit.api.get("/v1/applications")
    )
    own = [item for item in theirs["applications"] if item["applicant_id"] == applicant_id]
    return visit.render(
        "applicants/person.html",
        person=person,
        case=case_of(person),
        colours=COLOURS,
        live=next((item for item in own if item["current_step"] != "finished"), None),
        correctors=[line for item in own for line in item["timeline"] if line["what"].startswith("particulars_")],
    )


async def ask_registry_again(visit: Visit) -> web.StreamResponse:
    """Have the same data checked once more."""
    applicant_id = visit.place("applicant_id")
    await visit.send("POST", f"/v1/applicants/{applicant_id}/identity-checks")
    return visit.redirect(f"{PEOPLE}/{applicant_id}", told="asked_again")


async def show_difference(visit: Visit, form: Form) -> web.StreamResponse:
    """Show back what was typed where the registry writes it differently."""
    applicant_id = visit.place("applicant_id")
    person = await visit.api.get(f"/v1/applicants/{applicant_id}")
    if case_of(person) != "differs":
        return visit.redirect(f"{PEOPLE}/{applicant_id}")
    return visit.render("applicants/confirm.html", form=form, person=person)


async def keep_as_typed(visit: Visit) -> web.StreamResponse:
    """Keep the data as they were typed."""
    applicant_id = visit.place("applicant_id")
    await visit.send("POST", f"/v1/applicants/{applicant_id}/confirmation")
    return visit.redirect(f"{PEOPLE}/{applicant_id}", told="kept")


async def show_correction(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the data to be corrected; numbers are typed again, since they are never shown whole."""
    applicant_id = visit.place("applicant_id")
    person, found = await visit.api.together(
        visit.api.get(f"/v1/applicants/{applicant_id}"), visit.api.get("/v1/applicants")
    )
    return visit.render(
        "applicants/correct.html", form=form, person=person, guardians=list_guardians(found["applicants"], applicant_id)
    )


async def correct_person(visit: Visit) -> web.StreamResponse:
    """Correct typing errors; the registry is asked again."""
    applicant_id = visit.place("applicant_id")
    form = await visit.form()
    person: dict[str, Any] = await visit.api.get(f"/v1/applicants/{applicant_id}")
    gaps = list_gaps(form, has_family_card=person["family_card_number"] is not None)
    if gaps:
        return await show_correction(visit, _told_gaps(visit, form, gaps))
    try:
        await visit.send("PUT", f"/v1/applicants/{applicant_id}", read_particulars(form))
    except Problem as problem:
        return _lead_to_known(visit, problem)
    return visit.redirect(f"{PEOPLE}/{applicant_id}", told="corrected")


def _told_gaps(visit: Visit, form: Form, gaps: list[str]) -> Form:
    said = (visit.renderer.sentence(visit.language, "applicants", f"gap.{name}") for name in gaps)
    return form.with_errors(*(FormError(name, str(text)) for name, text in zip(gaps, said, strict=True)))


def _lead_to_known(visit: Visit, problem: Problem) -> web.StreamResponse:
    """Lead to the person who was added before; every other refusal is shown with the form.

    Raises:
        Problem.
    """
    known = problem.facts.get("applicant_id")
    if problem.code != _ALREADY_ADDED or not isinstance(known, str):
        raise problem
    return visit.redirect(f"{PEOPLE}/{known}", told="already_added")


PAGES: Final[tuple[Page, ...]] = (
    get(PEOPLE, show_people),
    get(f"{PEOPLE}/new", show_new),
    post(f"{PEOPLE}/new", add_person, show_new),
    get(f"{PEOPLE}/{{applicant_id}}", show_person),
    post(f"{PEOPLE}/{{applicant_id}}", ask_registry_again, show_person),
    get(f"{PEOPLE}/{{applicant_id}}/confirm", show_difference),
    post(f"{PEOPLE}/{{applicant_id}}/confirm", keep_as_typed, show_difference),
    get(f"{PEOPLE}/{{applicant_id}}/correct", show_correction),
    post(f"{PEOPLE}/{{applicant_id}}/correct", correct_person, show_correction),
)
