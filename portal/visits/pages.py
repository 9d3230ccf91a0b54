"""The visit: queue code, letter, another date, cancelling, same-day service; and who collects the passport."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.evidence.receiving import IDS_FIELD, send_with_evidence
from portal.visits.visits import (
    CHOOSES_NEW_DATE,
    GIVEN_UP,
    IN_HALL,
    MOVABLE,
    UNPAID,
    WITH_CODE,
    can_be_moved,
    draw_code,
    free_sessions,
    may_move_until,
    same_day_standing,
    seconds_to_look_again,
    to_bring,
)
from portal.web.forms import Form, FormError
from portal.web.page import Access, Page, get, post
from portal.web.visit import PLACE, NothingHere, Visit

MOST_SESSIONS: Final = 60
"""Shown at a time; later ones are a link away."""

MOST_OFFICES: Final = 200
ANSWERS: Final = {"accept": "offer-acceptance", "refuse": "offer-refusal"}
MOVES: Final = {"move": "reschedule", "special": "special-reschedule"}


async def _load(visit: Visit) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the application and its newest appointment, if there is one.

    Raises:
        Problem: the application is not there for this account.
    """
    application_id = visit.place("application_id")
    application, found = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"),
        visit.api.get("/v1/appointments", application_id=application_id, limit=1),
    )
    return application, next(iter(found["appointments"]), None)


async def _load_visit(visit: Visit) -> tuple[dict[str, Any], dict[str, Any]]:
    application, appointment = await _load(visit)
    if appointment is None:
        raise NothingHere
    return application, appointment


async def show_visit(visit: Visit, form: Form) -> web.StreamResponse:
    """Show where the visit stands, and what to come with."""
    application, appointment = await _load(visit)
    if appointment is None:
        return visit.render("visits/none.html", form=form, application=application)
    in_hall = appointment["state"] in IN_HALL
    office, waiting = await visit.api.together(
        visit.api.find(f"/v1/offices/{appointment['office']['office_id']}"),
        visit.api.find(f"/v1/appointments/{appointment['appointment_id']}/waiting") if in_hall else _nothing(),
    )
    code = appointment["queue_code"] if appointment["state"] in WITH_CODE else None
    return visit.render(
        "visits/visit.html",
        form=form,
        application=application,
        appointment=appointment,
        office=office,
        waiting=waiting,
        code=code,
        drawn_code=draw_code(code, _sentence(visit, "code_title")) if code else None,
        bring=to_bring(application["requirements"]),
        can_be_moved=can_be_moved(appointment, visit.now),
        may_move_until=may_move_until(appointment),
        can_be_given_up=appointment["state"] in GIVEN_UP,
        is_unpaid=appointment["state"] in UNPAID,
        refresh_seconds=seconds_to_look_again(appointment["state"], application["letter_state"]),
    )


async def _nothing() -> None:
    return None


async def download_letter(visit: Visit) -> web.StreamResponse:
    """Return the letter as PDF."""
    return await _file(visit, "letter", "pdf")


async def download_calendar(visit: Visit) -> web.StreamResponse:
    """Return the visit as a calendar file."""
    return await _file(visit, "calendar", "ics")


async def _file(visit: Visit, name: str, ending: str) -> web.StreamResponse:
    media_type, content = await visit.api.download(f"/v1/applications/{visit.place('application_id')}/{name}")
    return web.Response(
        body=content,
        headers={"Content-Type": media_type, "Content-Disposition": f'attachment; filename="paspor-{name}.{ending}"'},
    )


async def answer_offer(visit: Visit) -> web.StreamResponse:
    """Accept or refuse an offered seat."""
    form = await visit.form()
    answer = ANSWERS.get(form.text("answer"))
    if answer is None:
        return await show_visit(visit, form.with_errors(FormError("", _sentence(visit, "offer_choose"))))
    await visit.send("POST", f"/v1/appointments/{_id(form.text('appointment_id'))}/{answer}")
    return visit.redirect(_path(visit), told=f"told_{form.text('answer')}")


async def show_moving(visit: Visit, form: Form) -> web.StreamResponse:
    """Show where the visit may move to: sessions of its office or of another one."""
    application, appointment = await _load_visit(visit)
    is_special = appointment["state"] == CHOOSES_NEW_DATE
    if not is_special and not can_be_moved(appointment, visit.now):
        return visit.render(
            "visits/not_movable.html",
            form=form,
            application=application,
            appointment=appointment,
            may_move_until=may_move_until(appointment),
            is_confirmed=appointment["state"] == MOVABLE,
        )
    office_id = _id(visit.query("office_id") or form.text("office_id") or appointment["office"]["office_id"])
    kind = application["answers"]["passport_kind"] if application["answers"] else None
    offices, found = await visit.api.together(
        visit.api.get("/v1/offices", limit=MOST_OFFICES, passport_kind=kind),
        visit.api.get(f"/v1/offices/{office_id}/sessions", limit=MOST_SESSIONS, after=visit.query("after") or None),
    )
    return visit.render(
        "visits/moving.html",
        form=form,
        application=application,
        appointment=appointment,
        offices=[(office["office_id"], f"{office['name']}, {office['city']}") for office in offices["offices"]],
        office_id=office_id,
        sessions=free_sessions(found["sessions"], appointment),
        after=found.get("next"),
        is_special=is_special,
        may_move_until=may_move_until(appointment),
    )


async def move(visit: Visit) -> web.StreamResponse:
    """Move the visit; by what kind of right is said by the form, so that it means the same however often it is sent."""
    form = await visit.form()
    kind = MOVES.get(form.text("kind"))
    if kind is None:
        raise NothingHere
    session_id = form.text("session_id")
    if not session_id:
        return await show_moving(visit, form.with_errors(FormError("session_id", _sentence(visit, "move_choose"))))
    appointment_id = _id(form.text("appointment_id"))
    await visit.send("POST", f"/v1/appointments/{appointment_id}/{kind}", {"session_id": session_id})
    return visit.redirect(_path(visit), told="told_moved")


async def show_special(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the form of a new date without paying again, or the state of the request."""
    application, appointment = await _load_visit(visit)
    return visit.render("visits/special.html", form=form, application=application, appointment=appointment)


async def ask_special(visit: Visit) -> web.StreamResponse:
    """Ask for a new date without paying again."""

    async def send(form: Form) -> None:
        body = {"cause": form.text("cause"), "evidence": form.text("evidence"), "evidence_ids": form.chosen(IDS_FIELD)}
        await visit.send("POST", f"/v1/appointments/{_id(form.text('appointment_id'))}/special-requests", body)

    shown = await send_with_evidence(visit, "special_reschedule", send, show_special)
    return shown or visit.redirect(f"{_path(visit)}/special", told="told_special_asked")


async def show_cancelling(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what cancelling means, and ask once more."""
    application, appointment = await _load_visit(visit)
    return visit.render(
        "visits/cancelling.html",
        form=form,
        application=application,
        appointment=appointment,
        can_be_given_up=appointment["state"] in GIVEN_UP,
        is_unpaid=appointment["state"] in UNPAID,
    )


async def cancel(visit: Visit) -> web.StreamResponse:
    """Give the visit up; a paid one only where the loss of the fee is said knowingly."""
    form = await visit.form()
    if form.text("confirmed") != "yes":
        return await show_cancelling(
            visit, form.with_errors(FormError("confirmed", _sentence(visit, "cancel_confirm")))
        )
    query = {"confirmed_not_refundable": "true"} if form.text("fee") == "lost" else {}
    path = f"/v1/appointments/{_id(form.text('appointment_id'))}/cancellation"
    await visit.send("POST", path, None, **query)
    return visit.redirect(_path(visit), told="told_cancelled")


async def show_same_day(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what the same-day service costs, and whether it can be had."""
    application, appointment = await _load(visit)
    tariff = await visit.api.get("/v1/tariffs")
    return visit.render(
        "visits/same_day.html",
        form=form,
        application=application,
        appointment=appointment,
        amount=tariff["same_day_amount"],
        basis=tariff["legal_basis"],
        standing=same_day_standing(appointment, visit.now) if appointment else "no_visit",
    )


async def show_proxy(visit: Visit, form: Form) -> web.StreamResponse:
    """Show who may collect the passport."""
    application_id = visit.place("application_id")
    application, proxy = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"), visit.api.get(f"/v1/applications/{application_id}/proxy")
    )
    return visit.render("visits/proxy.html", form=form, application=application, proxy=proxy)


async def name_proxy(visit: Visit) -> web.StreamResponse:
    """Name the person who may collect the passport."""
    form = await visit.form()
    body = {"full_name": form.text("full_name"), "nik": form.text("nik")}
    await visit.send("PUT", f"/v1/applications/{visit.place('application_id')}/proxy", body)
    return visit.redirect(_proxy_path(visit), told="told_proxy")


async def withdraw_proxy(visit: Visit) -> web.StreamResponse:
    """Withdraw the permission to collect the passport."""
    await visit.send("DELETE", f"/v1/applications/{visit.place('application_id')}/proxy")
    return visit.redirect(_proxy_path(visit), told="told_proxy_withdrawn")


async def download_authority(visit: Visit) -> web.StreamResponse:
    """Return the letter of authority that the holder signs."""
    media_type, content = await visit.api.download("/v1/forms/letter_of_authority")
    headers = {"Content-Type": media_type, "Content-Disposition": 'attachment; filename="surat-kuasa.pdf"'}
    return web.Response(body=content, headers=headers)


async def _to_visit(visit: Visit) -> web.StreamResponse:
    """Lead from the address of a form, as a reload or a change of language asks for it, to its page."""
    return visit.redirect(_path(visit))


async def _to_proxy(visit: Visit) -> web.StreamResponse:
    return visit.redirect(_proxy_path(visit))


def _path(visit: Visit) -> str:
    return f"/applications/{visit.place('application_id')}/visit"


def _proxy_path(visit: Visit) -> str:
    return f"/applications/{visit.place('application_id')}/proxy"


def _id(text: str) -> str:
    """Return an id of a hidden field or of the query.

    Raises:
        NothingHere: it is none.
    """
    if PLACE.fullmatch(text) is None:
        raise NothingHere
    return text


def _sentence(visit: Visit, key: str) -> str:
    return str(visit.renderer.sentence(visit.language, "visits", key))


_VISIT: Final = "/applications/{application_id}/visit"
_PROXY: Final = "/applications/{application_id}/proxy"

PAGES: Final[tuple[Page, ...]] = (
    get(_VISIT, show_visit),
    Page("GET", _VISIT + "/letter", download_letter),
    Page("GET", _VISIT + "/calendar", download_calendar),
    post(_VISIT + "/offer", answer_offer, show_visit),
    get(_VISIT + "/reschedule", show_moving),
    post(_VISIT + "/reschedule", move, show_moving),
    get(_VISIT + "/special", show_special),
    post(_VISIT + "/special", ask_special, show_special, Access.ANYBODY, takes_files=True),
    get(_VISIT + "/cancel", show_cancelling),
    post(_VISIT + "/cancel", cancel, show_cancelling),
    get(_VISIT + "/same-day", show_same_day),
    get(_PROXY, show_proxy),
    post(_PROXY, name_proxy, show_proxy),
    post(_PROXY + "/withdrawal", withdraw_proxy, show_proxy),
    Page("GET", _VISIT + "/offer", _to_visit),
    Page("GET", _PROXY + "/withdrawal", _to_proxy),
    Page("GET", _PROXY + "/letter", download_authority),
)
