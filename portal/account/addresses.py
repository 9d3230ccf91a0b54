"""Addresses of the account: each change takes a code from the new one and one from an address of before."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.account.proving import CODE
from portal.codes.asked import CodeAsked
from portal.web.forms import Form, FormError
from portal.web.visit import Visit

_CHANNELS: Final = frozenset({"email", "sms"})


async def show_addresses(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the addresses and a form for each."""
    return visit.render("account/addresses.html", form=form, account=await visit.api.get("/v1/account"))


async def change_email(visit: Visit) -> web.StreamResponse:
    """Ask for the codes of a new email address."""
    return await _change(visit, "email")


async def change_phone(visit: Visit) -> web.StreamResponse:
    """Ask for the codes of a new telephone number."""
    return await _change(visit, "phone")


async def show_join(visit: Visit, form: Form) -> web.StreamResponse:
    """Tell what joining is, and ask for an address of the other account."""
    return visit.render("account/join.html", form=form)


async def join(visit: Visit) -> web.StreamResponse:
    """Ask for the codes of another account that is to become part of this one."""
    form = await visit.form()
    if not form.text("identifier"):
        return await show_join(visit, _needed(visit, form, "identifier"))
    answer = await visit.send("POST", "/v1/account/joins", {"identifier": form.text("identifier")})
    return _go_to_code(visit, answer, "join")


async def _change(visit: Visit, name: str) -> web.StreamResponse:
    form = await visit.form()
    if not form.text(name):
        return await show_addresses(visit, _needed(visit, form, name))
    body: dict[str, Any] = {name: form.text(name)}
    if form.text("prove_by") in _CHANNELS:
        body["prove_by"] = form.text("prove_by")
    return _go_to_code(visit, await visit.send("PUT", f"/v1/account/{name}", body), "change")


def _needed(visit: Visit, form: Form, name: str) -> Form:
    return form.with_errors(FormError(name, visit.renderer.sentence(visit.language, "account", f"needed_{name}")))


def _go_to_code(visit: Visit, challenge: dict[str, Any], purpose: str) -> web.Response:
    return CodeAsked.of_answer(challenge, purpose=purpose).left_in(visit, visit.redirect(CODE))
