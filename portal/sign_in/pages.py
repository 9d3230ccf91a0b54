"""Signing in: an address, the code that was sent there, and on to where the visitor wanted to go.

Registering and signing in are one form: no answer before the code tells whether an address has an account.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem, ServiceDown, SignedOut
from portal.codes.asked import CodeAsked, find_code_asked, read_kept_field, send_again
from portal.codes.refusals import is_about_the_code, told_beside_code
from portal.web.binding import read_kept, safe_path
from portal.web.forms import EMPTY, Form, FormError, read_whole_number
from portal.web.page import Access, Handler, Page, get, post
from portal.web.visit import FormNotGenuine, Refill, Visit
from shared.context import trace_id

SIGN_IN: Final = "/sign-in"
CODE: Final = "/sign-in/code"
RESEND: Final = "/sign-in/resend"
HOME: Final = "/home"

_ASKED_BEFORE: Final = frozenset({"code_sent_just_now", "too_many_codes"})
"""The address has a code that counts: it is typed, whichever tab asked for it."""

_FREE_CHOICE: Final = "off_until_given"


async def show_address(visit: Visit, form: Form) -> web.Response:
    """Ask for an email address or a telephone number."""
    kept = await read_kept_field(visit)
    back = form.text("back") or visit.query("back")
    if visit.session is not None:
        return resume(visit, back, kept)
    return _address_page(visit, form, back, kept)


async def ask_for_code(visit: Visit) -> web.StreamResponse:
    """Send a code to the address."""
    kept = await read_kept_field(visit)
    if visit.session is not None:
        return resume(visit, "", kept)
    try:
        form = await visit.form()
    except (FormNotGenuine, Refill) as known:
        return _address_page(visit, known.form, known.form.text("back"), kept)
    back = safe_path(form.text("back")) if form.text("back") else ""
    if not form.text("identifier"):
        error = visit.renderer.sentence(visit.language, "sign_in", "identifier_needed")
        return _address_page(visit, form.with_errors(FormError("identifier", error)), back, kept)
    body = {
        "identifier": form.text("identifier"),
        "device_token": visit.browser.device_token,
        "proof": form.optional("proof"),
    }
    try:
        answer = await visit.send("POST", "/v1/logins", body)
    except Problem as problem:
        if problem.code in _ASKED_BEFORE and "challenge_id" in problem.facts:
            asked = CodeAsked(challenge_id=str(problem.facts["challenge_id"]), back=back)
            return await _go_to_code(visit, asked, kept, told=problem.code)
        if problem.code == "proof_of_work_needed":
            return _address_page(visit, form, back, kept, proof=problem)
        return _address_page(visit, _beside_address(form.refused(problem)), back, kept)
    return await _go_to_code(visit, CodeAsked.of_answer(answer, back=back), kept)


async def show_code(visit: Visit, form: Form) -> web.Response:
    """Ask for the code that was sent."""
    kept = await read_kept_field(visit)
    asked = find_code_asked(visit, form, is_sign_in=True)
    if visit.session is not None:
        return resume(visit, asked.back if asked is not None else "", kept)
    if asked is None:
        return visit.redirect(SIGN_IN)
    return await _code_page(visit, form, asked, kept)


async def prove(visit: Visit) -> web.StreamResponse:
    """Take the code: signed in."""
    kept = await read_kept_field(visit)
    if visit.session is not None:
        asked = find_code_asked(visit, EMPTY, is_sign_in=True)
        return resume(visit, asked.back if asked is not None else "", kept)
    try:
        form = await visit.form()
    except (FormNotGenuine, Refill) as known:
        return await show_code(visit, known.form)
    asked = find_code_asked(visit, form, is_sign_in=True)
    if asked is None:
        return _address_page(visit, EMPTY, "", kept)
    if not form.text("code") and not form.text("long_code"):
        error = visit.renderer.sentence(visit.language, "sign_in", "code_needed")
        return await _code_page(visit, form.with_errors(FormError("code", error)), asked, kept)
    try:
        answer = await visit.send(
            "POST", f"/v1/challenges/{asked.challenge_id}/verification", _typed(visit, form, asked)
        )
    except Problem as problem:
        return await _refused(visit, form, asked, kept, problem)
    visit.sign_in(answer)
    return asked.taken_from(visit, resume(visit, asked.back, kept))


async def resend(visit: Visit) -> web.StreamResponse:
    """Send another code, by the same channel or by SMS too."""
    kept = await read_kept_field(visit)
    try:
        form = await visit.form()
    except (FormNotGenuine, Refill) as known:
        return await show_code(visit, known.form)
    asked = find_code_asked(visit, form, is_sign_in=True)
    if asked is None:
        return _address_page(visit, EMPTY, "", kept)
    answer = await send_again(visit, asked, by_sms=form.text("channel") == "sms")
    return await _go_to_code(visit, CodeAsked.of_answer(answer, back=asked.back), kept, told="resent")


async def begin_with_kept(visit: Visit) -> web.StreamResponse:
    """Sign in with a form that waits to be sent: it is sealed, and only shown again, so any tab may bring it."""
    kept = await read_kept_field(visit)
    if visit.session is not None:
        return resume(visit, "", kept)
    return _address_page(visit, EMPTY, "", kept)


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the session here, and at identity if it answers."""
    await visit.form()
    session = visit.session
    if session is not None:
        with suppress(Problem, SignedOut, ServiceDown):
            await visit.send("POST", "/v1/tokens/revoke", {"refresh_token": session.refresh_token})
    visit.sign_out()
    return visit.redirect(SIGN_IN, told="signed_out")


def keeping(handler: Handler) -> Handler:
    """Return the handler, which loses no form that is carried along where a service does not answer."""

    async def answer(visit: Visit) -> web.StreamResponse:
        try:
            return await handler(visit)
        except ServiceDown as down:
            kept = await read_kept_field(visit)
            if not kept:
                raise
            form, trace = await visit.form(), down.trace_id or trace_id()
            return visit.render("sign_in/down.html", status=503, again=form, kept=kept, trace=trace)

    return answer


def resume(visit: Visit, back: str, kept: str) -> web.Response:
    """Go on where the visitor was: to the form that they had filled, to the page that they wanted, or home."""
    found = read_kept(visit, kept)
    if found is not None:
        path, values = found
        return visit.render("sign_in/kept.html", action=safe_path(path), values=values)
    return visit.redirect(safe_path(back) if back else HOME)


async def _go_to_code(visit: Visit, asked: CodeAsked, kept: str, told: str = "") -> web.Response:
    """Go to the page of the code; a form that is carried along is too large for an address or a cookie."""
    if kept:
        return asked.left_in(visit, await _code_page(visit, EMPTY, asked, kept, told=told))
    return asked.left_in(visit, visit.redirect(CODE, told=told))


def _typed(visit: Visit, form: Form, asked: CodeAsked) -> dict[str, Any]:
    body: dict[str, Any] = {"asker_token": asked.asker_token, "device_token": visit.browser.device_token}
    if form.text("long_code"):
        body["long_code"] = form.text("long_code")
    else:
        body["code"] = form.text("code")
    if asked.second_channel:
        body["second_code"] = form.optional("second_code")
        body["second_lost"] = "yes" in form.chosen("second_lost")
    version = read_whole_number(form.text("notice_version"))
    if version is not None:
        body["consents"] = {"notice_version": version, "purposes": form.chosen("purposes")}
    return body


async def _refused(visit: Visit, form: Form, asked: CodeAsked, kept: str, problem: Problem) -> web.StreamResponse:
    """Show what follows from a refusal: the step of the second address, the days to wait, or a sentence by the code."""
    if problem.code == "second_code_needed":
        is_new = not asked.second_channel
        asked = asked.model_copy(update={"second_channel": str(problem.facts.get("second_code_channel") or "email")})
        if not is_new:
            error = visit.renderer.sentence(visit.language, "sign_in", "second_code_needed")
            form = form.with_errors(FormError("second_code", error))
        return asked.left_in(visit, await _code_page(visit, form, asked, kept))
    if problem.code == "recovery_waits":
        return visit.render("sign_in/recovery.html", opens_at=problem.facts.get("recover_at"), problem=problem)
    if problem.code == "challenge_not_found":
        return _address_page(visit, EMPTY, asked.back, kept, told="code_gone")
    told = told_beside_code(visit, form, problem) if is_about_the_code(problem) else form.refused(problem)
    return await _code_page(visit, told, asked, kept)


async def _code_page(visit: Visit, form: Form, asked: CodeAsked, kept: str, *, told: str = "") -> web.Response:
    try:
        challenge, notice = await visit.api.together(
            visit.api.get(f"/v1/challenges/{asked.challenge_id}"), visit.api.get("/v1/privacy-notice")
        )
    except Problem as problem:
        if problem.code == "challenge_not_found":
            return _address_page(visit, EMPTY, asked.back, kept, told="code_gone")
        raise
    return visit.render(
        "sign_in/code.html",
        form=form,
        challenge=challenge,
        asked=asked,
        code_asked=asked.sealed(visit),
        kept=kept,
        notice=notice,
        free=[purpose for purpose in notice["purposes"] if purpose["choice"] == _FREE_CHOICE],
        told=told or visit.query("told"),
    )


def _address_page(
    visit: Visit, form: Form, back: str, kept: str, *, proof: Problem | None = None, told: str = ""
) -> web.Response:
    told = told or visit.query("told")
    return visit.render("sign_in/address.html", form=form, back=back, kept=kept, proof=proof, told=told)


def _beside_address(form: Form) -> Form:
    errors = tuple(
        FormError("identifier" if error.name in ("email", "phone") else error.name, error.text) for error in form.errors
    )
    return Form(form.values, errors, form.key)


PAGES: Final[tuple[Page, ...]] = (
    get(SIGN_IN, show_address, Access.ANYBODY),
    post(SIGN_IN, keeping(ask_for_code), show_address, Access.ANYBODY),
    get(CODE, show_code, Access.ANYBODY),
    post(CODE, keeping(prove), show_code, Access.ANYBODY),
    get(RESEND, show_code, Access.ANYBODY),
    post(RESEND, keeping(resend), show_code, Access.ANYBODY),
    get("/sign-in/kept", show_address, Access.ANYBODY),
    post("/sign-in/kept", begin_with_kept, None, Access.ANYBODY),
    post("/sign-out", sign_out, None, Access.ANYBODY),
)
