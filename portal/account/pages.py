"""The account: its addresses, letters, what is known and was looked at, consents, export, and leaving."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from portal.account import addresses, assistances, exports, leaving, privacy, proving
from portal.account.leavings import find_open
from portal.web.forms import Form
from portal.web.page import Page, get, post
from portal.web.visit import Visit

ACCOUNT: Final = "/account"
LETTERS: Final = "/account/letters"


async def show_account(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show what the account holds and where each part is changed."""
    account, preferences, leavings = await visit.api.together(
        visit.api.get("/v1/account"), visit.api.find("/v1/preferences"), visit.api.get("/v1/account/leavings")
    )
    return visit.render(
        "account/overview.html",
        account=account,
        letters=preferences,
        leaving=find_open(leavings["leavings"]),
    )


async def show_letters(visit: Visit, form: Form) -> web.StreamResponse:
    """Ask for the language and the ways of messages."""
    return visit.render("account/letters.html", form=form, letters=await visit.api.get("/v1/preferences"))


async def choose_letters(visit: Visit) -> web.StreamResponse:
    """Keep the language and the ways of messages."""
    form = await visit.form()
    body = {"language": form.text("language"), "channels": form.chosen("channels")}
    await visit.send("PUT", "/v1/preferences", body)
    return visit.redirect(ACCOUNT, told="letters_chosen")


PAGES: Final[tuple[Page, ...]] = (
    get(ACCOUNT, show_account),
    get(LETTERS, show_letters),
    post(LETTERS, choose_letters, show_letters),
    get("/account/addresses", addresses.show_addresses),
    get("/account/addresses/email", addresses.show_addresses),
    post("/account/addresses/email", addresses.change_email, addresses.show_addresses),
    get("/account/addresses/phone", addresses.show_addresses),
    post("/account/addresses/phone", addresses.change_phone, addresses.show_addresses),
    get("/account/join", addresses.show_join),
    post("/account/join", addresses.join, addresses.show_join),
    get("/account/code", proving.show_code),
    post("/account/code", proving.prove, proving.show_code),
    get("/account/code/resend", proving.show_code),
    post("/account/code/resend", proving.resend, proving.show_code),
    get("/account/reads", privacy.show_reads),
    get("/account/consents", privacy.show_consents),
    get("/account/consents/{purpose}", privacy.show_consents),
    post("/account/consents/{purpose}", privacy.choose, privacy.show_consents),
    get("/account/export", exports.show_exports),
    post("/account/export", exports.ask, exports.show_exports),
    get("/account/export/{export_id}/data", exports.download_data),
    get("/account/export/{export_id}/files", exports.download_files),
    get("/account/leave", leaving.show_leave),
    post("/account/leave", leaving.ask, leaving.show_leave),
    get("/account/leave/sure", leaving.show_leave),
    post("/account/leave/sure", leaving.ask_whether_sure, leaving.show_leave),
    get("/account/leave/{leaving_id}/undo", leaving.show_leave),
    post("/account/leave/{leaving_id}/undo", leaving.undo, leaving.show_leave),
    get("/account/assistances", assistances.show_assistances),
    get("/account/assistances/{assistance_id}/end", assistances.show_assistances),
    post("/account/assistances/{assistance_id}/end", assistances.end, assistances.show_assistances),
)
