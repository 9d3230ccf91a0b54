"""Money to pay: the code and how to pay it, payments not seen yet, receipts, one code for a family, credits."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.api.problem import ServiceDown
from portal.bills.bills import (
    can_be_claimed,
    can_be_renewed,
    in_groups,
    looks_again_soon,
    newest_of_each_purpose,
    usable_credits,
)
from portal.bills.joining import joinable, names_by_applicant, unpaid_bills
from portal.evidence.receiving import IDS_FIELD, send_with_evidence
from portal.web.forms import Form, FormError
from portal.web.page import Access, Page, get, post
from portal.web.visit import PLACE, NothingHere, Visit

LEAST_JOINED: Final = 2
MOST_LISTED: Final = 100


async def show_pay(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what is to pay, until when and how; paid, what was paid."""
    application_id = visit.place("application_id")
    application, found, owned = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"),
        visit.api.get("/v1/bills", application_id=application_id),
        visit.api.get("/v1/credits"),
    )
    bills = newest_of_each_purpose(found["bills"])
    ways, joint = await visit.api.together(_ways_to_pay(visit, bills), _joint_bill(visit, bills))
    return visit.render(
        "bills/pay.html",
        form=form,
        application=application,
        bills=bills,
        ways=ways,
        joint=joint,
        credits={bill["bill_id"]: usable_credits(owned["credits"], bill["amount"]) for bill in bills},
        can_be_renewed=can_be_renewed,
        can_be_claimed=can_be_claimed,
        in_groups=in_groups,
        refresh_seconds=looks_again_soon(bills),
    )


async def _ways_to_pay(visit: Visit, bills: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how to pay each bill that has a code of its own."""
    payable = [bill for bill in bills if bill["state"] == "issued" and bill["billing_code"]]
    found = await visit.api.together(*(visit.api.find(f"/v1/bills/{bill['bill_id']}/how-to-pay") for bill in payable))
    return {bill["bill_id"]: ways for bill, ways in zip(payable, found, strict=True) if ways is not None}


async def _joint_bill(visit: Visit, bills: list[dict[str, Any]]) -> dict[str, Any] | None:
    joint_id = next((bill["joint_bill_id"] for bill in bills if bill.get("joint_bill_id")), None)
    return await visit.api.find(f"/v1/joint-bills/{joint_id}") if joint_id else None


async def renew(visit: Visit) -> web.StreamResponse:
    """Ask for a new code in place of one that has ended."""
    await visit.send("POST", f"/v1/bills/{visit.place('bill_id')}/renewal")
    return visit.redirect(_pay_path(visit), told="told_renewal")


async def use_credit(visit: Visit) -> web.StreamResponse:
    """Pay a bill with a credit."""
    form = await visit.form()
    credit_id = form.text("credit_id")
    if not credit_id:
        return await show_pay(visit, form.with_errors(FormError("", _sentence(visit, "credit_missing"))))
    await visit.send("POST", f"/v1/credits/{_id(credit_id)}/bills", {"bill_id": visit.place("bill_id")})
    return visit.redirect(_pay_path(visit), told="told_credit_used")


async def show_claim(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the form of a payment that is not seen yet, and earlier claims."""
    bill = await visit.api.get(f"/v1/bills/{visit.place('bill_id')}")
    if bill["application_id"] != visit.place("application_id"):
        raise NothingHere
    return visit.render("bills/claim.html", form=form, bill=bill, can_be_claimed=can_be_claimed(bill))


async def claim(visit: Visit) -> web.StreamResponse:
    """Tell of a payment that is not seen yet, with its numbers and pictures."""

    async def send(form: Form) -> None:
        body = {
            "ntpn": form.optional("ntpn"),
            "ntb": form.optional("ntb"),
            "evidence_ids": form.chosen(IDS_FIELD),
        }
        await visit.send("POST", f"/v1/bills/{visit.place('bill_id')}/payment-claims", body)

    shown = await send_with_evidence(visit, "payment_claim", send, show_claim)
    return shown or visit.redirect(_pay_path(visit), told="told_claimed")


async def show_receipts(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the receipt of each payment of an application, with the treasury's number."""
    application_id = visit.place("application_id")
    application, found = await visit.api.together(
        visit.api.get(f"/v1/applications/{application_id}"),
        visit.api.get("/v1/bills", application_id=application_id),
    )
    paid = [bill for bill in found["bills"] if bill.get("receipt")]
    receipts = await visit.api.together(*(visit.api.find(bill["receipt"]) for bill in paid))
    return visit.render(
        "bills/receipt.html",
        application=application,
        receipts=[receipt for receipt in receipts if receipt is not None],
        has_bill=bool(found["bills"]),
    )


async def download_receipt(visit: Visit) -> web.StreamResponse:
    """Return a receipt as PDF."""
    receipt = await visit.api.get(f"/v1/bills/{visit.place('bill_id')}/receipt")
    if receipt["application_id"] != visit.place("application_id"):
        raise NothingHere
    media_type, content = await visit.api.download(receipt["pdf"])
    return web.Response(
        body=content,
        content_type=media_type.partition(";")[0],
        headers={"Content-Disposition": f'attachment; filename="{receipt["ntpn"]}.pdf"'},
    )


async def show_joining(visit: Visit, form: Form) -> web.StreamResponse:
    """Show the unpaid bills of the account, to choose those that one code shall pay."""
    applications, names = await visit.api.together(visit.api.get("/v1/applications", limit=MOST_LISTED), _names(visit))
    return visit.render(
        "bills/joining.html",
        form=form,
        bills=joinable(applications["applications"]),
        names=names,
        least=LEAST_JOINED,
    )


async def _names(visit: Visit) -> dict[str, str]:
    """Return the names of the account's people; without them, while identity is away, a code can be paid as well."""
    try:
        return names_by_applicant((await visit.api.get("/v1/applicants"))["applicants"])
    except ServiceDown:
        return {}


async def join(visit: Visit) -> web.StreamResponse:
    """Ask for one code that pays the chosen bills."""
    form = await visit.form()
    chosen = form.chosen("bill_ids")
    if len(chosen) < LEAST_JOINED:
        return await show_joining(visit, form.with_errors(FormError("bill_ids", _sentence(visit, "joint_choose_two"))))
    joint = await visit.send("POST", "/v1/joint-bills", {"bill_ids": chosen})
    return visit.redirect(f"/joint-bills/{joint['joint_bill_id']}", told="told_joined")


async def show_joint(visit: Visit, form: Form) -> web.StreamResponse:
    """Show one code that pays several bills."""
    joint, channels, applications, names = await visit.api.together(
        visit.api.get(f"/v1/joint-bills/{visit.place('joint_bill_id')}"),
        visit.api.get("/v1/payment-channels"),
        visit.api.get("/v1/applications", limit=MOST_LISTED),
        _names(visit),
    )
    holders = {row["application_id"]: names.get(row["applicant_id"], "") for row in applications["applications"]}
    return visit.render(
        "bills/joint.html",
        form=form,
        joint=joint,
        channels=channels["channels"],
        holders=holders,
        in_groups=in_groups,
        is_waited_for=joint["state"] in ("requested", "issued", "ending"),
    )


async def cancel_joint(visit: Visit) -> web.StreamResponse:
    """Give the joint code up: each bill has a code of its own again."""
    joint_id = visit.place("joint_bill_id")
    await visit.send("POST", f"/v1/joint-bills/{joint_id}/cancellation")
    return visit.redirect(f"/joint-bills/{joint_id}", told="told_joint_cancelled")


async def show_credits(visit: Visit, form: Form) -> web.StreamResponse:
    """Show money of refunds that pays later bills."""
    owned, applications = await visit.api.together(
        visit.api.get("/v1/credits"), visit.api.get("/v1/applications", limit=MOST_LISTED)
    )
    unpaid = unpaid_bills(applications["applications"])
    return visit.render("bills/credits.html", form=form, credits=owned["credits"], unpaid=unpaid)


async def pay_with_credit(visit: Visit) -> web.StreamResponse:
    """Pay a chosen bill with a credit."""
    form = await visit.form()
    bill_id = form.text("bill_id")
    if not bill_id:
        return await show_credits(visit, form.with_errors(FormError("", _sentence(visit, "credit_bill_missing"))))
    await visit.send("POST", f"/v1/credits/{visit.place('credit_id')}/bills", {"bill_id": bill_id})
    return visit.redirect("/credits", told="told_credit_used")


async def pay_credit_out(visit: Visit) -> web.StreamResponse:
    """Have a credit paid out: a refund begins, which asks for a bank account."""
    credit = await visit.send("POST", f"/v1/credits/{visit.place('credit_id')}/payout")
    refund_id = credit["payout_refund_id"]
    if refund_id:
        return visit.redirect(f"/refunds/{refund_id}")
    return visit.redirect("/credits", told="told_payout")


async def _to_pay(visit: Visit) -> web.StreamResponse:
    """Lead from the address of a form, as a reload or a change of language asks for it, to its page."""
    return visit.redirect(_pay_path(visit))


async def _to_joint(visit: Visit) -> web.StreamResponse:
    return visit.redirect(f"/joint-bills/{visit.place('joint_bill_id')}")


async def _to_credits(visit: Visit) -> web.StreamResponse:
    return visit.redirect("/credits")


def _pay_path(visit: Visit) -> str:
    return f"/applications/{visit.place('application_id')}/pay"


def _id(text: str) -> str:
    """Return an id of a hidden field; what is none names nothing."""
    if PLACE.fullmatch(text) is None:
        raise NothingHere
    return text


def _sentence(visit: Visit, key: str) -> str:
    return str(visit.renderer.sentence(visit.language, "bills", key))


_PAY: Final = "/applications/{application_id}/pay"
_CLAIM: Final = _PAY + "/{bill_id}/claim"

PAGES: Final[tuple[Page, ...]] = (
    get(_PAY, show_pay),
    post(_PAY + "/{bill_id}/renewal", renew, show_pay),
    post(_PAY + "/{bill_id}/credit", use_credit, show_pay),
    get(_CLAIM, show_claim),
    post(_CLAIM, claim, show_claim, Access.ANYBODY, takes_files=True),
    get("/applications/{application_id}/receipt", show_receipts),
    Page("GET", "/applications/{application_id}/receipt/{bill_id}/pdf", download_receipt),
    get("/joint-bills", show_joining),
    post("/joint-bills", join, show_joining),
    get("/joint-bills/{joint_bill_id}", show_joint),
    post("/joint-bills/{joint_bill_id}/cancellation", cancel_joint, show_joint),
    Page("GET", _PAY + "/{bill_id}/renewal", _to_pay),
    Page("GET", _PAY + "/{bill_id}/credit", _to_pay),
    Page("GET", "/joint-bills/{joint_bill_id}/cancellation", _to_joint),
    Page("GET", "/credits/{credit_id}/bills", _to_credits),
    Page("GET", "/credits/{credit_id}/payout", _to_credits),
    get("/credits", show_credits),
    post("/credits/{credit_id}/bills", pay_with_credit, show_credits),
    post("/credits/{credit_id}/payout", pay_credit_out, show_credits),
)
