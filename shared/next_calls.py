"""The call that does a next action: what an answer tells in words, told to programs too. Data, and one look-up.

A next action is done by a call to one of the services, by the refused request itself, or outside of all services. The
tables here have an entry for every state that tells a next action, `shared.http.problem_calls` for every refusal;
`tests/contract/test_next_calls.py` finds each call among the endpoints, open to whoever is told of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from shared.tokens import Role

_NAME: Final = re.compile(r"\{([a-z_]+)\}")


class Elsewhere(StrEnum):
    """Ways to do a next action that are no call to a service."""

    AGAIN = "again"
    """The refused request itself, corrected or later."""
    WAIT = "wait"
    """Nothing is to do: the suite goes on by itself."""
    BANK = "bank"
    """Pay, or ask, at a bank, a post office or in an e-wallet."""
    OFFICE = "office"
    """Come to, or ask, the office; for its staff, a colleague or the counter."""
    CIVIL_REGISTRY = "civil_registry"
    MAILBOX = "mailbox"
    """Read the message that was sent."""
    SETTINGS = "settings"
    """An operator changes the settings of a service."""


@dataclass(frozen=True)
class NextCall:
    """An endpoint of one of the services; ``role`` is the one that it is told to, None for all."""

    method: str
    path: str
    """With the query that the endpoint needs."""
    role: Role | None = None

    @property
    def template(self) -> str:
        """Return the endpoint's path, without a query."""
        return self.path.partition("?")[0]


Way = NextCall | Elsewhere
Ways = Way | tuple[Way, ...]
"""One way, or several for callers of different roles: the first that is told to the caller's role."""


def way_for(ways: Ways, role: Role | None) -> Way:
    """Return the way for a caller of this role; ``role`` is None without a token."""
    several = ways if isinstance(ways, tuple) else (ways,)
    return next(way for way in several if not isinstance(way, NextCall) or way.role in (None, role))


def address_of(call: NextCall, known: Mapping[str, object]) -> dict[str, str]:
    """Return the call's ``method`` and ``href``; a name that is not among the ``known`` ids stays in braces."""
    href = _NAME.sub(lambda found: quote(str(known[found[1]]), safe="") if known.get(found[1]) else found[0], call.path)
    return {"method": call.method, "href": href}


def _get(path: str) -> NextCall:
    return NextCall("GET", path)


def _post(path: str) -> NextCall:
    return NextCall("POST", path)


APPLICATION: Final = "/v1/applications/{application_id}"
APPOINTMENT: Final = "/v1/appointments/{appointment_id}"

SEE_APPLICATION: Final = _get(APPLICATION)
BEGIN_APPLICATION: Final = _post("/v1/applications")
HOLD_SEAT: Final = _post("/v1/appointments")
SEE_PASSPORTS: Final = _get("/v1/passports")
SEE_BILLS: Final = _get("/v1/bills?application_id={application_id}")
SEE_REFUNDS: Final = _get("/v1/refunds?application_id={application_id}")
SEE_OPENINGS: Final = _get("/v1/openings?office_id={office_id}")
SEE_APPOINTMENTS: Final = _get("/v1/appointments?application_id={application_id}")
RENEW_BILL: Final = _post("/v1/bills/{bill_id}/renewal")

NEXT_CALLS: Final[Mapping[str, Mapping[str, Way]]] = {
    "applicant": {
        "pending": Elsewhere.WAIT,
        "upstream_down": Elsewhere.WAIT,
        "shown_back": NextCall("POST", "/v1/applicants/{applicant_id}/confirmation"),
        "failed": NextCall("PUT", "/v1/applicants/{applicant_id}"),
        "passed": BEGIN_APPLICATION,
    },
    "leaving": {
        "asked": Elsewhere.WAIT,
        "objected": _post("/v1/account/leavings"),
        "in_grace": _post("/v1/account/leavings/{leaving_id}/undo"),
        "asked_again": Elsewhere.WAIT,
        "undone": Elsewhere.WAIT,
        "ordered": Elsewhere.WAIT,
        "erased": Elsewhere.WAIT,
    },
    "leaving_objection": {
        "live_application": _get("/v1/applications"),
        "passport_not_collected": Elsewhere.OFFICE,
        "money_under_way": _get("/v1/applications"),
        "last_address": NextCall("PUT", "/v1/account/phone"),
        "guardian_of_others": _get("/v1/applicants"),
        "grown_child": Elsewhere.OFFICE,
    },
    "data_export": {
        "collecting": Elsewhere.WAIT,
        "partial": _get("/v1/account/exports/{export_id}/archive"),
        "ready": _get("/v1/account/exports/{export_id}/archive"),
    },
    "assistance": {
        "asked": _post("/v1/assistances/{assistance_id}/code"),
        "live": _post("/v1/assistances/{assistance_id}/end"),
        "ended": _post("/v1/assistances"),
    },
    "application": {
        "answer_questionnaire": NextCall("PUT", f"{APPLICATION}/questionnaire"),
        "upload_documents": _post(f"{APPLICATION}/documents"),
        "submit": _post(f"{APPLICATION}/submission"),
        "check_earlier_book": _post(f"{APPLICATION}/earlier-books/decision"),
        "see_identity_check": _get("/v1/applicants/{applicant_id}"),
        "end_other_application": Elsewhere.OFFICE,
        "choose_seat": HOLD_SEAT,
        "answer_offer": _post(f"{APPOINTMENT}/offer-acceptance"),
        "choose_new_date": _post(f"{APPOINTMENT}/special-reschedule"),
        "ask_special_reschedule": _post(f"{APPOINTMENT}/special-requests"),
        "renew_bill": RENEW_BILL,
        "pay": Elsewhere.BANK,
        "wait": Elsewhere.WAIT,
        "come": Elsewhere.OFFICE,
        "ask_office": Elsewhere.OFFICE,
        "collect": Elsewhere.OFFICE,
        "read_refusal": SEE_APPLICATION,
        "begin_again": BEGIN_APPLICATION,
        "nothing": Elsewhere.WAIT,
    },
    "appointment": {
        "gathering": Elsewhere.WAIT,
        "held": SEE_BILLS,
        "awaiting_payment": Elsewhere.BANK,
        "offered": _post(f"{APPOINTMENT}/offer-acceptance"),
        "confirmed": Elsewhere.OFFICE,
        "moving": Elsewhere.WAIT,
        "checked_in": Elsewhere.WAIT,
        "used": SEE_APPLICATION,
        "on_proof": Elsewhere.WAIT,
        "used_on_proof": Elsewhere.WAIT,
        "void": Elsewhere.OFFICE,
        "special_open": _post(f"{APPOINTMENT}/special-reschedule"),
        "special_moving": Elsewhere.WAIT,
        "special_ended": Elsewhere.OFFICE,
        "no_show": _post(f"{APPOINTMENT}/special-requests"),
        "released": HOLD_SEAT,
        "abandoned": HOLD_SEAT,
        "unavailable": HOLD_SEAT,
        "offer_ended": SEE_REFUNDS,
    },
    "ticket": {
        "in_draw": Elsewhere.WAIT,
        "waiting": Elsewhere.WAIT,
        "admitted": HOLD_SEAT,
        "served": SEE_BILLS,
        "missed": _post("/v1/openings/{opening_id}/tickets"),
        "outside": SEE_OPENINGS,
    },
    "waiting_entry": {
        "waiting": Elsewhere.WAIT,
        "offered": _post("/v1/waiting-list/{waiting_id}/acceptance"),
        "taking": Elsewhere.WAIT,
        "taken": SEE_APPOINTMENTS,
        "left": HOLD_SEAT,
        "ended": HOLD_SEAT,
    },
    "quota_change": {
        "proposed": _post("/v1/quota-changes/{change_id}/approval"),
        "approved": Elsewhere.WAIT,
        "applied": Elsewhere.WAIT,
        "rejected": _get("/v1/offices/{office_id}/template"),
        "failed": _get("/v1/quota-changes/{change_id}"),
    },
    "evidence": {
        "uploading": NextCall("PATCH", "/v1/evidence/{evidence_id}/content"),
        "refund": _post("/v1/refunds"),
        "special_reschedule": _post(f"{APPOINTMENT}/special-requests"),
        "payment_claim": _post("/v1/bills/{bill_id}/payment-claims"),
        "walk_in": Elsewhere.OFFICE,
        "named": Elsewhere.WAIT,
        "refused": _post("/v1/evidence"),
        "removed": _post("/v1/evidence"),
    },
    "passport": {
        "collect": Elsewhere.OFFICE,
        "keep": Elsewhere.WAIT,
        "replace": _post("/v1/passports/{passport_id}/replacement"),
        "see_newer": SEE_PASSPORTS,
        "begin_again": BEGIN_APPLICATION,
    },
    "bill": {
        "code_requested": Elsewhere.WAIT,
        "pay": Elsewhere.BANK,
        "pay_together": _get("/v1/joint-bills/{joint_bill_id}"),
        "settlement": Elsewhere.WAIT,
        "paid": SEE_APPLICATION,
        "free_of_charge": SEE_APPLICATION,
        "ended": RENEW_BILL,
        "over": SEE_APPLICATION,
        "replaced": SEE_BILLS,
        "late_money": Elsewhere.WAIT,
        "refund": SEE_REFUNDS,
    },
    "credit": {
        "open": _post("/v1/credits/{credit_id}/bills"),
        "spent": _get("/v1/applications"),
        "paid_out": NextCall("PUT", "/v1/refunds/{refund_id}/bank-account"),
    },
    "joint_bill": {
        "requested": Elsewhere.WAIT,
        "issued": Elsewhere.BANK,
        "ending": Elsewhere.WAIT,
        "paid": _get("/v1/applications"),
        "expired": _post("/v1/joint-bills"),
        "cancelled": _post("/v1/joint-bills"),
        "failed": _post("/v1/joint-bills"),
    },
    "refund": {
        "opened": NextCall("PUT", "/v1/refunds/{refund_id}/bank-account"),
        "requested": NextCall("PUT", "/v1/refunds/{refund_id}/bank-account"),
        "incomplete": _post("/v1/refunds/{refund_id}/papers"),
        "complete": Elsewhere.WAIT,
        "researched": Elsewhere.WAIT,
        "recommended": Elsewhere.WAIT,
        "approved": Elsewhere.WAIT,
        "released": NextCall("PUT", "/v1/refunds/{refund_id}/bank-account"),
        "ordered": Elsewhere.WAIT,
        "paid": Elsewhere.BANK,
        "credited": _get("/v1/credits"),
        "refused": _post("/v1/refunds/{refund_id}/resubmission"),
        "objected": Elsewhere.WAIT,
        "withdrawn": SEE_APPLICATION,
    },
}
"""By kind of answer and code: the state of the thing, or the step that the answer tells."""


def next_call(kind: str, code: str, **known: object) -> dict[str, str] | None:
    """Return method and address of the call that does the next action; None where it is done elsewhere.

    ``kind`` and ``code`` name an entry of `NEXT_CALLS`; ``known`` are the ids that fill the address.

    Raises:
        KeyError: there is no such entry.
    """
    way = NEXT_CALLS[kind][code]
    return address_of(way, known) if isinstance(way, NextCall) else None
