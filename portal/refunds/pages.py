"""Money that goes back: what can be had back, and each case step by step."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web

from portal.evidence.receiving import IDS_FIELD, send_with_evidence
from portal.refunds.refunds import (
    BANKS,
    OTHER_BANK,
    OVER,
    can_be_credited,
    can_be_withdrawn,
    needs_account,
    paid_bills,
    reasons_by_code,
    stages_by_state,
    stages_to_come,
    takes_account,
    write_basis,
)
from portal.web.forms import Form, FormError
from portal.web.page import Access, Page, get, post
from portal.web.visit import NothingHere, Visit

ANSWERS: Final = {"papers": "papers", "resubmission": "resubmission", "objection": "objection"}


async def show_asking(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what can be had back of an application's payments, and the form to ask for it."""
    application_id = visit.place("application_id")
    application, bills, refunds, guide = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"),
        visit.api.get("/v1/bills", application_id=application_id),
        visit.api.get("/v1/refunds", application_id=application_id),
        visit.api.get("/v1/refund-guide"),
    )
    return visit.render(
        "refunds/asking.html",
        form=form,
        application=application,
        bills=paid_bills(bills["bills"]),
        refunds=refunds["refunds"],
        guide=guide,
        stages=stages_by_state(guide),
        reasons=[reason for reason in guide["reasons"] if not reason["automatic"]],
        basis_of=partial(write_basis, language=visit.language),
        by_itself=[reason for reason in guide["reasons"] if reason["automatic"]],
    )


async def ask(visit: Visit) -> web.StreamResponse:
    """Ask for the money of a payment."""
    opened: list[str] = []

    async def send(form: Form) -> None:
        body = {
            "bill_id": form.text("bill_id"),
            "reason": form.text("reason"),
            "note": form.text("note"),
            "evidence_ids": form.chosen(IDS_FIELD),
        }
        opened.append((await visit.send("POST", "/v1/refunds", body))["refund_id"])

    shown = await send_with_evidence(visit, "refund", send, show_asking)
    return shown or visit.redirect(f"/refunds/{opened[0]}", told="told_asked")


async def show_refund(visit: Visit, form: Form) -> web.StreamResponse:
    """Show a case step by step, and what its holder can do."""
    refund, guide = await visit.api.together(
        visit.api.get(f"/v1/refunds/{visit.place('refund_id')}"), visit.api.get("/v1/refund-guide")
    )
    return visit.render(
        "refunds/refund.html",
        form=form,
        refund=refund,
        guide=guide,
        stages=stages_by_state(guide),
        reasons=reasons_by_code(guide),
        to_come=stages_to_come(refund),
        takes_account=takes_account(refund),
        needs_account=needs_account(refund),
        can_be_credited=can_be_credited(refund),
        can_be_withdrawn=can_be_withdrawn(refund),
        is_over=refund["state"] in OVER,
        basis_of=partial(write_basis, language=visit.language),
        banks=BANKS,
        other_bank=OTHER_BANK,
    )


async def give_account(visit: Visit) -> web.StreamResponse:
    """Name the bank account that the money shall go to."""
    form = await visit.form()
    chosen = form.text("bank_code")
    body = {
        "bank_code": form.text("bank_code_typed") if chosen in ("", OTHER_BANK) else chosen,
        "account_number": form.text("account_number"),
        "holder_name": form.text("holder_name"),
    }
    await visit.send("PUT", f"/v1/refunds/{visit.place('refund_id')}/bank-account", body)
    return visit.redirect(_path(visit), told="told_account")


async def answer(visit: Visit) -> web.StreamResponse:
    """Send what was asked for, new proof, or an objection."""

    async def send(form: Form) -> None:
        way = ANSWERS.get(form.text("way"))
        if way is None:
            raise _WayMissing
        body = {"note": form.text("note"), "evidence_ids": form.chosen(IDS_FIELD)}
        await visit.send("POST", f"/v1/refunds/{visit.place('refund_id')}/{way}", body)

    try:
        shown = await send_with_evidence(visit, "refund", send, show_refund)
    except _WayMissing:
        error = FormError("way", str(visit.renderer.sentence(visit.language, "refunds", "way_missing")))
        shown = await show_refund(visit, (await visit.form()).with_errors(error))
    return shown or visit.redirect(_path(visit), told="told_answered")


class _WayMissing(Exception):
    """It was not said whether new proof is sent or an objection is made."""


async def withdraw(visit: Visit) -> web.StreamResponse:
    """Take a request back."""
    await visit.send("POST", f"/v1/refunds/{visit.place('refund_id')}/withdrawal")
    return visit.redirect(_path(visit), told="told_withdrawn")


async def choose_credit(visit: Visit) -> web.StreamResponse:
    """Keep the money as a credit for later bills."""
    await visit.send("POST", f"/v1/refunds/{visit.place('refund_id')}/credit")
    return visit.redirect(_path(visit), told="told_credited")


async def download_receipt(visit: Visit) -> web.StreamResponse:
    """Return the receipt of a payout as PDF."""
    refund: dict[str, Any] = await visit.api.get(f"/v1/refunds/{visit.place('refund_id')}")
    if not refund.get("receipt"):
        raise NothingHere
    media_type, content = await visit.api.download(f"/v1/refunds/{refund['refund_id']}/receipt/pdf")
    name = f'attachment; filename="paspor-{refund["refund_id"]}.pdf"'
    return web.Response(body=content, headers={"Content-Type": media_type, "Content-Disposition": name})


async def _to_refund(visit: Visit) -> web.StreamResponse:
    """Lead from the address of a form, as a reload or a change of language asks for it, to its page."""
    return visit.redirect(_path(visit))


def _path(visit: Visit) -> str:
    return f"/refunds/{visit.place('refund_id')}"


_ASK: Final = "/applications/{application_id}/refund"
_REFUND: Final = "/refunds/{refund_id}"

PAGES: Final[tuple[Page, ...]] = (
    get(_ASK, show_asking),
    post(_ASK, ask, show_asking, Access.ANYBODY, takes_files=True),
    get(_REFUND, show_refund),
    post(_REFUND + "/bank-account", give_account, show_refund),
    post(_REFUND + "/answer", answer, show_refund, Access.ANYBODY, takes_files=True),
    post(_REFUND + "/withdrawal", withdraw, show_refund),
    post(_REFUND + "/credit", choose_credit, show_refund),
    Page("GET", _REFUND + "/receipt", download_receipt),
    *(Page("GET", f"{_REFUND}/{name}", _to_refund) for name in ("bank-account", "answer", "withdrawal", "credit")),
)
