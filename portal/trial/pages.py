"""The trial page: invented people, mailbox, SMS box, bank, and the day at the office. Outside production only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

from aiohttp import web

from portal.config import Settings
from portal.trial.client import BankRefused, Outside, SimulatorAway
from portal.trial.counter import Counter
from portal.trial.letters import read_paragraphs
from portal.trial.people import invent_family
from portal.web.forms import Form, FormError
from portal.web.page import Access, FormHandler, Handler, Page, get, post
from portal.web.visit import NothingHere, Visit

BANK_REFUSALS: Final = {
    "code_unknown": "billing_code",
    "code_expired": "billing_code",
    "code_cancelled": "billing_code",
    "already_paid": "billing_code",
    "amount_wrong": "amount",
}
"""The bank's reasons, and the field that each is about; each has a sentence."""

RECEIVE, HAND_OUT = "receive", "hand_out"
MOST_ADDRESS_CHARS: Final = 254
MOST_VISITS: Final = 5
"""Shown at a time: each costs a call."""

_WORD: Final = re.compile(r"[0-9a-f]{12}")


async def show_trial(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show what can be tried here, and where to begin."""
    return visit.render("trial/trial.html", there=_there(_settings(visit)))


async def invent(visit: Visit) -> web.StreamResponse:
    """Invent an adult and a child, and let the civil registry know them; the same form sent twice makes no others."""
    _needed(_settings(visit).trial_registry_url)
    form = await visit.form()
    word = hashlib.sha256(form.key.encode()).hexdigest()[:12]
    async with Outside(_settings(visit)) as outside:
        await outside.register(invent_family(word))
    return visit.redirect(f"/trial/people/{word}")


async def show_family(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show what to type of a family that was invented."""
    _needed(_settings(visit).trial_registry_url)
    word = visit.place("word")
    if not _WORD.fullmatch(word):
        raise NothingHere
    return visit.render("trial/family.html", family=invent_family(word), there=_there(_settings(visit)))


async def show_mailbox(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the newest mails to an address."""
    settings = _settings(visit)
    _needed(settings.trial_mailbox_url)
    address = visit.query("address").strip()[:MOST_ADDRESS_CHARS]
    letters = None
    if address and not re.search(r'[\s"]', address):
        async with Outside(settings) as outside:
            letters = await outside.mails_to(address)
    return _letters(visit, "mailbox", "address", address, letters)


async def show_texts(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the newest text messages to a number."""
    settings = _settings(visit)
    _needed(settings.trial_sms_url)
    number = visit.query("number").strip()[:MOST_ADDRESS_CHARS]
    letters = None
    if number:
        async with Outside(settings) as outside:
            letters = await outside.texts_to(_international(number))
    return _letters(visit, "texts", "number", number, letters)


async def show_bank(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the form of the simulated bank."""
    _needed(_settings(visit).trial_bank_url)
    known = {name: visit.query(name)[:40] for name in ("billing_code", "amount")}
    return visit.render("trial/bank.html", form=form, known=known)


async def pay(visit: Visit) -> web.StreamResponse:
    """Pay a billing code."""
    _needed(_settings(visit).trial_bank_url)
    form = await visit.form()
    code, amount = re.sub(r"\D", "", form.text("billing_code")), re.sub(r"(?i)rp|[.,\s]", "", form.text("amount"))
    errors = []
    if not code:
        errors.append(FormError("billing_code", _say(visit, "bank_code_unknown")))
    if not re.fullmatch(r"[0-9]{1,12}", amount):
        errors.append(FormError("amount", _say(visit, "bank_amount_unreadable")))
    if errors:
        return await show_bank(visit, form.with_errors(*errors))
    async with Outside(_settings(visit)) as outside:
        try:
            await outside.pay(code, int(amount))
        except BankRefused as refused:
            name = BANK_REFUSALS.get(refused.code, "billing_code")
            key = refused.code if refused.code in BANK_REFUSALS else "code_unknown"
            return await show_bank(visit, form.with_errors(FormError(name, _say(visit, f"bank_{key}"))))
    return visit.redirect("/trial/bank", told="bank_paid")


async def show_visit(visit: Visit, form: Form) -> web.StreamResponse:
    """Show whose visit the invented office can hold today."""
    _needed(_settings(visit).trial_staff_password)
    views = (await visit.api.get("/v1/applications"))["applications"]
    called = [view for view in views if view["current_step"] in ("come", "interview")][:MOST_VISITS]
    seats = await visit.api.together(*(_seat(visit, view) for view in called))
    steps = {step: [view for view in views if view["current_step"] == step] for step in ("print", "collect")}
    visits = [(seat, view) for seat, view in zip(seats, called, strict=True) if seat is not None]
    return visit.render("trial/visit.html", form=form, visits=visits, printing=steps["print"], ready=steps["collect"])


async def hold_visit(visit: Visit) -> web.StreamResponse:
    """Let the demo staff take the next step of the visitor's own application."""
    settings = _settings(visit)
    _needed(settings.trial_staff_password)
    form = await visit.form()
    application_id, step = form.text("application_id"), form.text("step")
    # theirs, or there is none: staff may serve anybody
    view = await visit.api.get(f"/v1/applications/{_id(application_id)}")
    async with Counter(settings, visit.language) as counter:
        if step == HAND_OUT:
            await counter.hand_out(view["application_id"])
            return visit.redirect("/trial/visit", told="visit_handed_out")
        seat = await _seat(visit, view)
        if step != RECEIVE or seat is None:
            raise NothingHere
        await counter.receive(view["application_id"], seat["queue_code"] if seat["state"] == "confirmed" else None)
    return visit.redirect("/trial/visit", told="visit_received")


async def _seat(visit: Visit, view: dict[str, Any]) -> dict[str, Any] | None:
    """Return the appointment that can be held: it is confirmed, or was begun and not gone through."""
    listed = await visit.api.get("/v1/appointments", application_id=view["application_id"])
    states = {"come": "confirmed", "interview": "checked_in"}
    wanted = states.get(view["current_step"])
    return next((seat for seat in listed["appointments"] if seat["state"] == wanted), None)


def _id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise NothingHere
    return text


def _letters(visit: Visit, kind: str, name: str, asked: str, letters: Any) -> web.StreamResponse:
    shown = [(letter, read_paragraphs(letter.text, _settings(visit).public_url)) for letter in letters or ()]
    return visit.render(
        "trial/letters.html", kind=kind, name=name, asked=asked, letters=shown, has_looked=letters is not None
    )


def _international(number: str) -> str:
    digits = re.sub(r"[^\d]", "", number)
    return "+62" + digits.removeprefix("0").removeprefix("62")


def _there(settings: Settings) -> dict[str, bool]:
    """Which parts of the trial are there."""
    return {
        "registry": bool(settings.trial_registry_url),
        "mailbox": bool(settings.trial_mailbox_url),
        "texts": bool(settings.trial_sms_url),
        "bank": bool(settings.trial_bank_url),
        "visit": bool(settings.trial_staff_password),
    }


def _settings(visit: Visit) -> Settings:
    settings: Settings = visit.settings
    if settings.is_production:
        raise NothingHere
    return settings


def _needed(setting: object) -> None:
    if not setting:
        raise NothingHere


def _say(visit: Visit, key: str) -> str:
    return str(visit.renderer.sentence(visit.language, "trial", key))


def _told_if_away(handler: Handler) -> Handler:
    """Return the handler, with a page of its own where a simulator does not answer."""

    @wraps(handler)
    async def answer(visit: Visit) -> web.StreamResponse:
        try:
            return await handler(visit)
        except SimulatorAway:
            return visit.render("trial/away.html", status=503)

    return answer


def _shown(path: str, shows: FormHandler, access: Access = Access.ANYBODY) -> Page:
    page = get(path, shows, access)
    return Page(page.method, path, _told_if_away(page.handler), access)


def _taken(
    path: str, handler: Callable[[Visit], Awaitable[web.StreamResponse]], shows: FormHandler, access: Access
) -> Page:
    return post(path, _told_if_away(handler), shows, access)


PAGES: Final[tuple[Page, ...]] = (
    _shown("/trial", show_trial),
    _taken("/trial/people", invent, show_trial, Access.ANYBODY),
    _shown("/trial/people/{word}", show_family),
    _shown("/trial/mailbox", show_mailbox),
    _shown("/trial/sms", show_texts),
    _shown("/trial/bank", show_bank),
    _taken("/trial/bank", pay, show_bank, Access.ANYBODY),
    _shown("/trial/visit", show_visit, Access.SIGNED_IN),
    _taken("/trial/visit", hold_visit, show_visit, Access.SIGNED_IN),
)
