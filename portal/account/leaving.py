"""Leaving: closing the account, or removing an applicant or an address. Asked twice, then proven by codes."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.account.leavings import can_be_undone, find_open, find_refused
from portal.account.proving import CODE
from portal.codes.asked import CodeAsked
from portal.web.forms import Form, FormError
from portal.web.visit import Visit

LEAVE: Final = "/account/leave"
_WHAT: Final = frozenset({"account", "applicant", "address"})


async def show_leave(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what goes on, and what can be removed."""
    leavings, applicants = await visit.api.together(
        visit.api.get("/v1/account/leavings"), visit.api.get("/v1/applicants")
    )
    leaving = find_open(leavings["leavings"])
    return visit.render(
        "account/leave.html",
        form=form,
        leaving=leaving,
        can_undo=leaving is not None and can_be_undone(leaving),
        refused=find_refused(leavings["leavings"]) if leaving is None else None,
        applicants=applicants["applicants"],
    )


async def ask_whether_sure(visit: Visit) -> web.StreamResponse:
    """Tell what would happen, and ask once more."""
    form = await visit.form()
    wrong = _wrong_in(visit, form)
    if wrong is not None:
        return await show_leave(visit, form.with_errors(wrong))
    chosen = form.chosen("applicant_ids") if form.text("what") == "applicant" else []
    names = []
    if chosen:
        answer = await visit.api.get("/v1/applicants")
        names = [person["full_name"] for person in answer["applicants"] if person["applicant_id"] in chosen]
    return visit.render(
        "account/leave_sure.html",
        what=form.text("what"),
        channel=form.text("channel"),
        chosen=chosen,
        names=names,
    )


async def ask(visit: Visit) -> web.StreamResponse:
    """Ask for the codes of a leaving; one that goes on already is shown."""
    form = await visit.form()
    wrong = _wrong_in(visit, form)
    if wrong is not None:
        return await show_leave(visit, form.with_errors(wrong))
    body: dict[str, Any] = {"what": form.text("what")}
    if body["what"] == "applicant":
        body["applicant_ids"] = form.chosen("applicant_ids")
    if body["what"] == "address":
        body["channel"] = form.text("channel")
    answer = await visit.send("POST", "/v1/account/leavings", body)
    if answer["challenge"] is None:
        return visit.redirect(LEAVE, told="leave_begun")
    return CodeAsked.of_answer(answer["challenge"], purpose="leave").left_in(visit, visit.redirect(CODE))


async def undo(visit: Visit) -> web.StreamResponse:
    """Keep everything."""
    await visit.form()
    await visit.send("POST", f"/v1/account/leavings/{visit.place('leaving_id')}/undo")
    return visit.redirect(LEAVE, told="leave_undone")


def _wrong_in(visit: Visit, form: Form) -> FormError | None:
    what = form.text("what")
    if what not in _WHAT:
        return FormError("what", visit.renderer.sentence(visit.language, "account", "what_needed"))
    if what == "applicant" and not form.chosen("applicant_ids"):
        return FormError("applicant_ids", visit.renderer.sentence(visit.language, "account", "applicant_needed"))
    return None
