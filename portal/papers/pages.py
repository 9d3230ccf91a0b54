"""The papers of an application: what is needed, how to send it, and what came of it."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem
from portal.files.receiving import Received, receive_file, send_file
from portal.papers.old_passport import decide_on_old_passport, show_old_passport
from portal.papers.paper import MOST_PAGES, TAKES_PAPERS, Paper, count_done, find_paper, read_page, read_papers, said
from portal.papers.pictures import PICTURES
from portal.papers.pieces import PIECES
from portal.papers.places import application_of, read_code, read_id, site_of
from portal.papers.submission import show_submission, show_withdrawal, submit, withdraw
from portal.web.cookies import VISITOR_SECONDS
from portal.web.forms import Form
from portal.web.page import Page, get, post
from portal.web.visit import NothingHere, Visit

LOW_DATA: Final = "low_data"
ON: Final = "on"
NAMED_PAPERS: Final = frozenset(
    {"birth_certificate", "marriage_certificate", "diploma", "baptism_letter", "moving_abroad_letter"}
)
"""Papers of which one is enough for an item, that a person may name; all of them have a word here."""


async def show_papers(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show which papers are needed, and where each of them stands."""
    view = await visit.api.get(application_of(visit))
    papers = read_papers(view, visit.language)
    done, needed = count_done(papers)
    return visit.render(
        "papers/list.html",
        site=site_of(visit),
        view=view,
        needed=[paper for paper in papers if paper.is_needed],
        others=[paper for paper in papers if not paper.is_needed],
        done=done,
        total=needed,
        is_under_way=any(paper.is_under_way for paper in papers),
        is_draft=view["state"] == "draft",
        takes_papers=view["state"] in TAKES_PAPERS,
    )


async def show_paper(visit: Visit, form: Form) -> web.StreamResponse:
    """Show one paper: how it should look, what came, and the form to send a page."""
    view = await visit.api.get(application_of(visit))
    paper = find_paper(read_papers(view, visit.language), read_code(visit, "requirement"))
    if paper is None:
        raise NothingHere
    wanted = visit.query("document")
    newest = next((known for known in view["documents"] if known["document_id"] == wanted), None)
    shown = read_page(newest, visit.language) if newest is not None else None
    asked_page = visit.query("page")
    page = int(asked_page) if asked_page.isascii() and asked_page.isdigit() and len(asked_page) < 4 else paper.next_page
    family = await _find_family_pages(visit, paper, view) if paper.shared_under and not paper.pages else []
    return visit.render(
        "papers/paper.html",
        form=form,
        site=site_of(visit),
        paper=paper,
        shown=shown,
        page=min(max(1, page), MOST_PAGES),
        most_pages=MOST_PAGES,
        is_under_way=paper.is_under_way,
        takes_papers=view["state"] in TAKES_PAPERS,
        named=[code for code in paper.accepts if code in NAMED_PAPERS],
        family=family,
        saves_data=is_low_data(visit),
    )


async def take_page(visit: Visit) -> web.StreamResponse:
    """Take a page that was sent without script."""
    async with receive_file(visit) as received:
        try:
            document = await send_file(visit, received, f"{application_of(visit)}/documents", _about(visit, received))
        except Problem as problem:
            if problem.status in (401, 404):
                raise
            return await show_paper(visit, received.form.refused(problem))
    return visit.redirect(_paper_path(visit), document=document["document_id"])


async def remove_page(visit: Visit) -> web.StreamResponse:
    """Take a page away."""
    await visit.send("DELETE", f"{application_of(visit)}/documents/{read_id(visit, 'document_id')}")
    return visit.redirect(_paper_path(visit), told="told_removed")


async def use_family_page(visit: Visit) -> web.StreamResponse:
    """Use the picture that was uploaded for another person of the account."""
    form = await visit.form()
    same = {"application_id": form.text("application_id"), "document_id": form.text("document_id")}
    body = {"requirement": form.text("paper"), "page": 1, "same_as": same}
    document = await visit.send("POST", f"{application_of(visit)}/documents", body)
    return visit.redirect(_paper_path(visit), document=document["document_id"])


async def choose_low_data(visit: Visit) -> web.StreamResponse:
    """Remember whether little data is to be sent and loaded."""
    form = await visit.form()
    response = visit.redirect(_paper_path(visit))
    name = visit.cookies.prefix + LOW_DATA
    rest: dict[str, Any] = {
        "path": "/",
        "secure": visit.settings.is_encrypted,
        "httponly": True,
        "samesite": "Lax",
    }
    if form.text(LOW_DATA) == ON:
        response.set_cookie(name, ON, max_age=VISITOR_SECONDS, **rest)
    else:
        response.del_cookie(name, **rest)
    return response


def is_low_data(visit: Visit) -> bool:
    """Return whether this browser asked for little data."""
    return visit.request.cookies.get(visit.cookies.prefix + LOW_DATA) == ON


def _about(visit: Visit, received: Received) -> dict[str, Any]:
    form = received.form
    page = form.text("page")
    return {
        "requirement": form.text("paper") or read_code(visit, "requirement"),
        "page": int(page) if page.isascii() and page.isdigit() and len(page) < 4 else 1,
    }


def _paper_path(visit: Visit) -> str:
    return f"{site_of(visit)}/papers/{read_code(visit, 'requirement')}"


async def _find_family_pages(visit: Visit, paper: Paper, view: dict[str, Any]) -> list[dict[str, str]]:
    """Return pictures of other people of the account that may stand for this paper too."""
    found = await visit.api.get("/v1/applications", limit=50)
    pages = []
    for other in found["applications"]:
        if other["application_id"] == view["application_id"]:
            continue
        titles = {item["code"]: said(item, "title", visit.language) for item in other["requirements"]}
        for document in other["documents"]:
            fits = document["paper"] in paper.shared_under
            is_there = document["page"] == 1 and read_page(document, visit.language).is_there
            if fits and is_there:
                pages.append(
                    {
                        "application_id": other["application_id"],
                        "document_id": document["document_id"],
                        "paper": document["paper"],
                        "number": other["number"],
                        "title": titles.get(document["requirement"], paper.title),
                    }
                )
    return pages


_APPLICATION: Final = "/applications/{application_id}"
_PAPER: Final = _APPLICATION + "/papers/{requirement}"

PAGES: Final[tuple[Page, ...]] = (
    get(_APPLICATION + "/papers", show_papers),
    get(_PAPER, show_paper),
    post(_PAPER, take_page, show_paper, takes_files=True),
    post(_PAPER + "/pages/{document_id}/removal", remove_page, show_paper),
    post(_PAPER + "/family", use_family_page, show_paper),
    post(_PAPER + "/low-data", choose_low_data, show_paper),
    *PICTURES,
    *PIECES,
    get(_APPLICATION + "/submit", show_submission),
    post(_APPLICATION + "/submit", submit, show_submission),
    get(_APPLICATION + "/withdraw", show_withdrawal),
    post(_APPLICATION + "/withdraw", withdraw, show_withdrawal),
    get(_APPLICATION + "/old-passport", show_old_passport),
    post(_APPLICATION + "/old-passport", decide_on_old_passport, show_old_passport),
)
