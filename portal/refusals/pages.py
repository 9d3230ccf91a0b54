"""A refused application: the reason, the letter, the ways of redress, the objection and the officer's note."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem
from portal.web.forms import Form
from portal.web.page import Page, get, post
from portal.web.visit import Visit

ONE: Final = "/applications/{application_id}"
MOST_APPEAL_CHARS: Final = 4000
"""As the service takes; the page counts them for those who type."""


def _here(visit: Visit) -> str:
    return ONE.format(application_id=visit.place("application_id"))


async def show_appeal(visit: Visit, form: Form) -> web.StreamResponse:
    """Show why the application was refused, what can be done, and the objection with the note that it opens."""
    application = await visit.api.get(f"/v1{_here(visit)}")
    if application["refusal"] is None:
        return visit.redirect(_here(visit))
    note, kept_back = await _read_note(visit) if application["appeal"] is not None else (None, None)
    return visit.render(
        "refusals/appeal.html",
        form=form,
        application=application,
        note=note,
        kept_back=kept_back,
        most_chars=MOST_APPEAL_CHARS,
    )


async def _read_note(visit: Visit) -> tuple[Any, Problem | None]:
    """Return the interviewer's note, or the refusal that says why it is not shown."""
    try:
        return await visit.api.get(f"/v1{_here(visit)}/interview-note"), None
    except Problem as problem:
        return None, problem


async def lodge_appeal(visit: Visit) -> web.StreamResponse:
    """Object to the refusal."""
    form = await visit.form()
    await visit.send("POST", f"/v1{_here(visit)}/appeal", {"text": form.text("text")})
    return visit.redirect(f"{_here(visit)}/appeal", told="lodged")


async def download_letter(visit: Visit, _form: Form) -> web.StreamResponse:
    """Hand out the letter of refusal."""
    media_type, content = await visit.api.download(f"/v1{_here(visit)}/refusal-letter")
    headers = {"Content-Type": media_type, "Content-Disposition": 'attachment; filename="surat-penolakan.pdf"'}
    return web.Response(body=content, headers=headers)


PAGES: Final[tuple[Page, ...]] = (
    get(f"{ONE}/appeal", show_appeal),
    post(f"{ONE}/appeal", lodge_appeal, show_appeal),
    get(f"{ONE}/refusal-letter", download_letter),
)
