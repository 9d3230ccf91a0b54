"""The codes of what an account asks for while it is signed in: a new address, a join, an export, a leaving."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem
from portal.codes.asked import CodeAsked, find_code_asked, send_again
from portal.codes.refusals import is_about_the_code, told_beside_code
from portal.web.cookies import Session
from portal.web.forms import Form, FormError
from portal.web.visit import Visit

CODE: Final = "/account/code"

NEXT: Final = {
    "change": ("/account/addresses", "address_changed"),
    "join": ("/account", "joined"),
    "export": ("/account/export", "export_begun"),
    "leave": ("/account/leave", "leave_begun"),
}
"""The page that is shown when the codes are proven, and what it tells, by purpose."""


async def show_code(visit: Visit, form: Form) -> web.StreamResponse:
    """Ask for the codes that were sent."""
    asked = find_code_asked(visit, form, is_sign_in=False)
    if asked is None or asked.purpose not in NEXT:
        return visit.redirect("/account", told="code_gone")
    try:
        challenge = await visit.api.get(f"/v1/challenges/{asked.challenge_id}")
    except Problem as problem:
        if problem.code != "challenge_not_found":
            raise
        return visit.redirect(NEXT[asked.purpose][0], told="code_gone")
    return visit.render(
        "account/code.html",
        form=form,
        asked=asked,
        back=NEXT[asked.purpose][0],
        challenge=challenge,
        code_asked=asked.sealed(visit),
    )


async def prove(visit: Visit) -> web.StreamResponse:
    """Take the codes: what was asked for begins, and the session goes on with new tokens."""
    form = await visit.form()
    asked = find_code_asked(visit, form, is_sign_in=False)
    if asked is None or asked.purpose not in NEXT:
        return visit.redirect("/account", told="code_gone")
    missing = [name for name in _names(asked) if not form.text(name)]
    if missing:
        said = [
            FormError(name, visit.renderer.sentence(visit.language, "account", f"needed_{name}")) for name in missing
        ]
        return await show_code(visit, form.with_errors(*said))
    try:
        answer = await visit.send("POST", asked.proof_path, _typed(form, asked))
    except Problem as problem:
        if problem.code == "challenge_not_found":
            return visit.redirect(NEXT[asked.purpose][0], told="code_gone")
        if not is_about_the_code(problem):
            raise
        return await show_code(visit, told_beside_code(visit, form, problem))
    visit.api.session = Session.model_validate(answer)
    path, told = NEXT[asked.purpose]
    return asked.taken_from(visit, visit.redirect(path, told=told))


async def resend(visit: Visit) -> web.StreamResponse:
    """Send new codes to both addresses."""
    form = await visit.form()
    asked = find_code_asked(visit, form, is_sign_in=False)
    if asked is None:
        return visit.redirect("/account", told="code_gone")
    answer = await send_again(visit, asked)
    fresh = CodeAsked.of_answer(answer, purpose=asked.purpose)
    return fresh.left_in(visit, visit.redirect(CODE, told="resent"))


def _names(asked: CodeAsked) -> tuple[str, ...]:
    return ("code", "old_code") if asked.second_channel else ("code",)


def _typed(form: Form, asked: CodeAsked) -> dict[str, Any]:
    return {"asker_token": asked.asker_token, **{name: form.text(name) for name in _names(asked)}}
