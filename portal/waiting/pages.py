"""The waiting list: joining it for offices and days, one's place, and the seat that is offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from portal.booking.seats import CHOOSING, ID
from portal.offices.search import find_offices
from portal.web.forms import Form, FormError
from portal.web.page import Page, get, post
from portal.web.visit import NothingHere, Visit

LIVING: Final = frozenset({"waiting", "offered", "taking"})
MOST_OFFICES: Final = 5
USUAL_DAYS: Final = 30
POOLS: Final = ("regular", "priority")


def entry_of(entries: Iterable[Mapping[str, Any]], application_id: str) -> Mapping[str, Any] | None:
    """Return the application's entry that lives, or the newest that has ended."""
    own = [entry for entry in entries if entry["application_id"] == application_id]
    living = next((entry for entry in own if entry["state"] in LIVING), None)
    return living or max(own, key=lambda entry: str(entry["made_at"]), default=None)


def chance_of(entry: Mapping[str, Any]) -> str:
    """Return the sentence that tells the chance, by how many wait before this one where the fewest do."""
    fewest = min(entry["ahead"].values(), default=0)
    return "chance_first" if fewest == 0 else "chance_good" if fewest < 10 else "chance_small"


def say(visit: Visit, key: str, **facts: Any) -> str:
    """Return a sentence of this room in the visitor's language."""
    return str(visit.renderer.sentence(visit.language, "waiting", key, **facts))


async def show_waiting(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the place in the list and what is offered; without an entry, the form to join."""
    application_id = visit.place("application_id")
    application, listed = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"), visit.api.get("/v1/waiting-list", limit=100)
    )
    entry = entry_of(listed["entries"], application_id)
    if entry is not None and entry["state"] in LIVING:
        every = (await visit.api.get("/v1/offices", limit=200))["offices"]
        names = {office["office_id"]: office["name"] for office in every}
        return visit.render(
            "waiting/entry.html",
            application=application,
            entry=entry,
            names=names,
            chance=chance_of(entry),
            form=form,
        )
    asked = visit.query("office") if ID.fullmatch(visit.query("office")) else ""
    office = await visit.api.find(f"/v1/offices/{asked}") if asked else None
    kind = (application["answers"] or {}).get("passport_kind", "")
    found = await find_offices(visit, kind, office["name"] if office is not None else "")
    chosen = {*form.chosen("office_ids"), asked}
    shown = {office["office_id"]: office["name"] for office in found.every if office["office_id"] in chosen}
    if found.search.asks:
        shown |= {office["office_id"]: office["name"] for office in found.offices}
    return visit.render(
        "waiting/join.html",
        application=application,
        can_join=application["current_step"] == CHOOSING,
        ended=entry,
        found=found,
        offices=list(shown.items()),
        asked=asked,
        first=(visit.now + timedelta(days=1)).date().isoformat(),
        last=(visit.now + timedelta(days=USUAL_DAYS)).date().isoformat(),
        form=form,
    )


async def join(visit: Visit) -> web.StreamResponse:
    """Join the list."""
    form, application_id = await visit.form(), visit.place("application_id")
    offices = form.chosen("office_ids")
    errors = []
    if not 1 <= len(offices) <= MOST_OFFICES:
        errors.append(FormError("office_ids", say(visit, "offices_number", most=MOST_OFFICES)))
    errors += [FormError(name, say(visit, "date_missing")) for name in ("from", "to") if form.date(name) is None]
    if errors:
        return await show_waiting(visit, form.with_errors(*errors))
    pool = form.text("pool")
    wish = {
        "application_id": application_id,
        "office_ids": offices,
        "from": form.date("from"),
        "to": form.date("to"),
        "pool": pool if pool in POOLS else POOLS[0],
    }
    await visit.send("POST", "/v1/waiting-list", wish)
    return _back(visit, "joined")


async def accept(visit: Visit) -> web.StreamResponse:
    """Take the offered seat."""
    await visit.send("POST", f"/v1/waiting-list/{await _named_entry(visit)}/acceptance")
    return visit.redirect(f"/applications/{visit.place('application_id')}/booking", told="held")


async def refuse(visit: Visit) -> web.StreamResponse:
    """Let the offered seat go to the next one; the place in the list stays."""
    await visit.send("POST", f"/v1/waiting-list/{await _named_entry(visit)}/refusal")
    return _back(visit, "refused")


async def leave(visit: Visit) -> web.StreamResponse:
    """Leave the list."""
    await visit.send("DELETE", f"/v1/waiting-list/{await _named_entry(visit)}")
    return _back(visit, "left")


def _back(visit: Visit, told: str) -> web.StreamResponse:
    return visit.redirect(f"/applications/{visit.place('application_id')}/waiting-list", told=told)


async def _named_entry(visit: Visit) -> str:
    named = (await visit.form()).text("waiting_id")
    if not ID.fullmatch(named):
        raise NothingHere
    return named


PAGES: Final[tuple[Page, ...]] = (
    get("/applications/{application_id}/waiting-list", show_waiting),
    post("/applications/{application_id}/waiting-list", join, show_waiting),
    post("/applications/{application_id}/waiting-list/acceptance", accept, show_waiting),
    post("/applications/{application_id}/waiting-list/refusal", refuse, show_waiting),
    post("/applications/{application_id}/waiting-list/leaving", leave, show_waiting),
)
