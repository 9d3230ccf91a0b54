"""The questions, which passport at which price and with which papers, and what an earlier passport changes."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.questionnaire.answers import (
    list_questions,
    list_unanswered,
    price,
    read_answers,
    tabulate_fees,
    write_answers,
)
from portal.web.forms import Form, FormError
from portal.web.page import Page, get, post
from portal.web.visit import Visit

ONE: Final = "/applications/{application_id}"
DRAFT: Final = "draft"
KEEP: Final = "keep"
_CHANGES: Final = ("kind_corrected", "answers_fitted")


def _here(visit: Visit) -> str:
    return ONE.format(application_id=visit.place("application_id"))


async def show_questions(visit: Visit, form: Form) -> web.StreamResponse:
    """Show all questions, each explained, with prices and papers beside the choice of the passport."""
    api = visit.api
    application, people, asked, tariff = await api.together(
        api.get(f"/v1{_here(visit)}"), api.get("/v1/applicants"), api.get("/v1/questionnaire"), api.get("/v1/tariffs")
    )
    if application["state"] != DRAFT:
        return visit.redirect(f"{_here(visit)}/answers", told="fixed")
    applicant_id = application["applicant_id"]
    person = next((item for item in people["applicants"] if item["applicant_id"] == applicant_id), None)
    is_child = bool(person["minor"]) if person is not None else False
    first, replacement = await api.together(
        api.get("/v1/requirements", minor=is_child, reason="new"),
        api.get("/v1/requirements", minor=is_child, reason="expired"),
    )
    questions = list_questions(asked["questions"], minor=is_child)
    unasked = {"married": "yes" if person and person["married"] else "no"} | (
        {"validity_years": "5"} if is_child else {}
    )
    return visit.render(
        "questionnaire/questions.html",
        form=form,
        application=application,
        name=person["full_name"] if person else "",
        is_child=is_child,
        questions=questions,
        known=unasked | write_answers(questions, application["answers"]),
        fees=tabulate_fees(tariff),
        tariff=tariff,
        zeros={row["code"]: row for row in tariff["zero_tariffs"]},
        first=[item for item in first["requirements"] if item["compulsory"]],
        replacement=[item for item in replacement["requirements"] if item["compulsory"]],
    )


async def save_answers(visit: Visit) -> web.StreamResponse:
    """Save the answers; price and papers follow from them."""
    form = await visit.form()
    asked: dict[str, Any] = await visit.api.get("/v1/questionnaire")
    unanswered = list_unanswered(asked["questions"], form)
    if unanswered:
        say = visit.renderer.sentence(visit.language, "questionnaire", "choose_one")
        return await show_questions(visit, form.with_errors(*(FormError(name, str(say)) for name in unanswered)))
    await visit.send("PUT", f"/v1{_here(visit)}/questionnaire", read_answers(asked["questions"], form))
    return visit.redirect(f"{_here(visit)}/answers", told="saved")


async def show_answers(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the answers with what follows from them: the price and the papers."""
    api = visit.api
    application, asked, tariff = await api.together(
        api.get(f"/v1{_here(visit)}"), api.get("/v1/questionnaire"), api.get("/v1/tariffs")
    )
    if application["answers"] is None:
        return visit.redirect(f"{_here(visit)}/questionnaire")
    questions = list_questions(asked["questions"], minor=application["minor"])
    return visit.render(
        "questionnaire/answers.html",
        application=application,
        questions=questions,
        answers=write_answers(questions, application["answers"]),
        priced=price(application["answers"], tariff),
        tariff=tariff,
        zeros={row["code"]: row for row in tariff["zero_tariffs"]},
        is_draft=application["state"] == DRAFT,
        papers=[item for item in application["requirements"] if item["compulsory"]],
        changes=[line for line in application["timeline"] if line["what"] in _CHANGES],
    )


async def show_earlier_books(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the earlier passports on record, and what differs from the answers."""
    found = await visit.api.get(f"/v1{_here(visit)}/earlier-books")
    question = found["question"]
    return visit.render(
        "questionnaire/earlier_books.html",
        form=form,
        application_id=found["application_id"],
        question=question,
        books=found["books"],
        next_try_at=found["next_try_at"],
        waits=question is None or question["state"] == "asked",
    )


async def decide_on_earlier_book(visit: Visit) -> web.StreamResponse:
    """Change the answers in one step to fit the record, or keep them."""
    form = await visit.form()
    chosen = form.text("reason")
    if not chosen:
        say = visit.renderer.sentence(visit.language, "questionnaire", "choose_one")
        return await show_earlier_books(visit, form.with_errors(FormError("reason", str(say))))
    body = {"decision": KEEP} if chosen == KEEP else {"decision": "change", "reason": chosen}
    await visit.send("POST", f"/v1{_here(visit)}/earlier-books/decision", body)
    return visit.redirect(f"{_here(visit)}/answers", told="kept" if chosen == KEEP else "fitted")


PAGES: Final[tuple[Page, ...]] = (
    get(f"{ONE}/questionnaire", show_questions),
    post(f"{ONE}/questionnaire", save_answers, show_questions),
    get(f"{ONE}/answers", show_answers),
    get(f"{ONE}/earlier-book", show_earlier_books),
    post(f"{ONE}/earlier-book", decide_on_earlier_book, show_earlier_books),
)
