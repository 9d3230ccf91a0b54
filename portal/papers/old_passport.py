"""An earlier passport on record, and the applicant's decision about it."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.papers.paper import said
from portal.papers.places import application_of, site_of
from portal.web.forms import Form
from portal.web.visit import Visit

CHANGE: Final = "change"
KEEP: Final = "keep"


async def show_old_passport(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what is known of earlier passports, and the choice where it differs from the answers."""
    found = await visit.api.get(f"{application_of(visit)}/earlier-books")
    question = found["question"]
    return visit.render(
        "papers/old_passport.html",
        form=form,
        site=site_of(visit),
        question=question,
        text=said(question, "text", visit.language) if question else "",
        books=found["books"],
        is_asked=bool(question) and question["state"] == "asked",
    )


async def decide_on_old_passport(visit: Visit) -> web.StreamResponse:
    """Let the answers follow the record, or keep them."""
    form = await visit.form()
    body: dict[str, Any] = {"decision": KEEP if form.text("decision") == KEEP else CHANGE}
    if body["decision"] == CHANGE:
        body["reason"] = form.text("decision") or None
    await visit.send("POST", f"{application_of(visit)}/earlier-books/decision", body)
    return visit.redirect(f"{site_of(visit)}/old-passport", told=f"told_{body['decision']}")
