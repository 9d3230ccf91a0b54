"""Checking the answers before an application is submitted, submitting it, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from portal.api.problem import ServiceDown
from portal.api.services import Json
from portal.papers.paper import count_done, read_papers, said
from portal.papers.places import application_of, site_of
from portal.papers.price import read_price
from portal.web.forms import Form
from portal.web.visit import Visit

DRAFT: Final = "draft"
WITHDRAWN: Final = "withdrawn"
CAN_BE_WITHDRAWN: Final = frozenset({"draft", "identity_pending", "submitted"})
"""States as the service has them; it says no by itself once the visit has begun."""

PAID: Final = frozenset({"paid", "paid_late", "paid_unsettled"})


async def show_submission(visit: Visit, form: Form) -> web.StreamResponse:
    """Show everything that is sent, what it costs and what is not paid back; afterwards what happens next."""
    view = await visit.api.get(application_of(visit))
    if view["state"] != DRAFT:
        return visit.render("papers/submitted.html", site=site_of(visit), view=view, next_action=_next(view, visit))
    if view["answers"] is None:
        return visit.redirect(f"{site_of(visit)}/questionnaire")
    applicant, questions, tariff = await visit.api.together(
        visit.api.find(f"/v1/applicants/{view['applicant_id']}"),
        visit.api.get("/v1/questionnaire"),
        _find_tariff(visit),
    )
    papers = read_papers(view, visit.language)
    done, needed = count_done(papers)
    return visit.render(
        "papers/submit.html",
        form=form,
        site=site_of(visit),
        view=view,
        applicant=applicant,
        answered=read_answers(questions["questions"], view["answers"], visit),
        papers=[paper for paper in papers if paper.is_needed or paper.pages],
        missing=[paper for paper in papers if (paper.is_needed and not paper.is_done) or paper.missing_pages],
        done=done,
        total=needed,
        price=read_price(tariff, view["answers"], visit.language) if tariff else None,
        not_refundable=said(view, "not_refundable", visit.language),
        not_refundable_basis=questions["legal_basis"],
    )


async def submit(visit: Visit) -> web.StreamResponse:
    """Submit the application."""
    form = await visit.form()
    confirmed = "yes" in form.chosen("confirmed_not_refundable")
    await visit.send("POST", f"{application_of(visit)}/submission", {"confirmed_not_refundable": confirmed})
    return visit.redirect(f"{site_of(visit)}/submit")


async def show_withdrawal(visit: Visit, form: Form) -> web.StreamResponse:
    """Ask once more before an application is taken back."""
    view = await visit.api.get(application_of(visit))
    bill = view["bill"] or {}
    return visit.render(
        "papers/withdraw.html",
        form=form,
        site=site_of(visit),
        view=view,
        is_withdrawn=view["state"] == WITHDRAWN,
        can_withdraw=view["state"] in CAN_BE_WITHDRAWN,
        is_draft=view["state"] == DRAFT,
        has_seat=(view["appointment"] or {}).get("state") in ("held", "offered", "confirmed", "special_open"),
        is_paid=bill.get("state") in PAID,
        next_action=_next(view, visit),
    )


async def withdraw(visit: Visit) -> web.StreamResponse:
    """Take the application back."""
    await visit.send("POST", f"{application_of(visit)}/withdrawal")
    return visit.redirect(f"{site_of(visit)}/withdraw")


def read_answers(questions: list[dict[str, Any]], answers: Mapping[str, Any], visit: Visit) -> list[tuple[str, str]]:
    """Return questions and answers as words, in the order of the questionnaire; what was not asked is left out."""
    told = []
    for question in questions:
        answer = answers.get(question["name"])
        if answer is None or (answer is False and not question["compulsory"]):
            continue
        told.append((said(question, "title", visit.language), answer_key(question["name"], answer)))
    return told


def answer_key(name: str, answer: Any) -> str:
    """Return the name of the sentence for an answer."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return f"answer_{name}_{answer}"


async def _find_tariff(visit: Visit) -> Json | None:
    """Return today's tariff; None where it cannot be had: everything else on the page can be checked without it."""
    try:
        return await visit.api.find("/v1/tariffs")
    except ServiceDown:
        return None


def _next(view: Mapping[str, Any], visit: Visit) -> str:
    return said(view, "next_action", visit.language)
