"""An announced opening: its times, its line, one's place in it, and the record of the draw."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.booking.seats import CHOOSING, ID
from portal.web.dates import read_moment
from portal.web.forms import Form, FormError
from portal.web.page import Access, Page, get, post
from portal.web.visit import Visit

TAKES_TICKETS: Final = frozenset({"announced", "doors_open", "closed", "drawn", "admitting"})
ENDED: Final = frozenset({"over", "called_off"})


def say(visit: Visit, key: str, **facts: Any) -> str:
    """Return a sentence of this room in the visitor's language."""
    return str(visit.renderer.sentence(visit.language, "openings", key, **facts))


async def show_opening(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the opening to anybody; to its holder the place of the ticket too."""
    opening_id = visit.place("opening_id")
    path = f"/v1/openings/{opening_id}"
    opening, ticket, applications = await visit.api.together(
        visit.api.get(path), _find_ticket(visit, path), _choosing(visit)
    )
    office = await visit.api.get(f"/v1/offices/{opening['office_id']}")
    application = form.text("application_id") or visit.query("application")
    return visit.render(
        "openings/opening.html",
        opening=opening,
        office=office,
        ticket=ticket,
        applications=applications,
        application=application if ID.fullmatch(application) else "",
        is_doors_open=read_moment(opening["doors_at"]) <= visit.now and opening["state"] in TAKES_TICKETS,
        is_ended=opening["state"] in ENDED,
        form=form,
    )


async def _find_ticket(visit: Visit, path: str) -> Any:
    """Return the ticket that the address names, if it is the visitor's own."""
    ticket_id = visit.query("ticket")
    if visit.session is None or not ID.fullmatch(ticket_id):
        return None
    return await visit.api.find(f"{path}/tickets/{ticket_id}")


async def _choosing(visit: Visit) -> list[Any]:
    """Return the visitor's applications that have yet to choose a time."""
    if visit.session is None:
        return []
    listed = await visit.api.get("/v1/applications", limit=100)
    return [found for found in listed["applications"] if found["current_step"] == CHOOSING]


async def take_ticket(visit: Visit) -> web.StreamResponse:
    """Take a ticket, or find the one that was taken: a person has one."""
    form, opening_id = await visit.form(), visit.place("opening_id")
    application_id = form.text("application_id")
    if not ID.fullmatch(application_id):
        return await show_opening(visit, form.with_errors(FormError("application_id", say(visit, "choose_missing"))))
    ticket = await visit.send("POST", f"/v1/openings/{opening_id}/tickets", {"application_id": application_id})
    return visit.redirect(f"/openings/{opening_id}", application=application_id, ticket=str(ticket["ticket_id"]))


async def show_record(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show what is public of the draw, and how anybody can check it."""
    opening_id = visit.place("opening_id")
    record = await visit.api.get(f"/v1/openings/{opening_id}/record")
    office = await visit.api.get(f"/v1/offices/{record['office_id']}")
    return visit.render("openings/record.html", record=record, office=office)


async def download_record(visit: Visit, _form: Form) -> web.StreamResponse:
    """Hand out the whole record, as a file."""
    opening_id = visit.place("opening_id")
    media_type, content = await visit.api.download(f"/v1/openings/{opening_id}/record")
    name = f'attachment; filename="{opening_id}.json"'
    return web.Response(body=content, content_type=media_type.partition(";")[0], headers={"Content-Disposition": name})


PAGES: Final[tuple[Page, ...]] = (
    get("/openings/{opening_id}", show_opening, Access.ANYBODY),
    post("/openings/{opening_id}", take_ticket, show_opening),
    get("/openings/{opening_id}/record", show_record, Access.ANYBODY),
    get("/openings/{opening_id}/record.json", download_record, Access.ANYBODY),
)
