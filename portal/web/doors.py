"""The page at which a refusal's next action is done: from the call that the API names to a page of this site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from portal.api.problem import Problem
from portal.web.visit import PLACE

_ONE: Final = "/applications/{application_id}"
_HOME: Final = "/home"


@dataclass(frozen=True)
class Door:
    """A page, and the sentence of the link to it."""

    path: str
    says: str


_DOORS: Final[tuple[tuple[str, str, Door], ...]] = (
    ("", "/v1/account", Door("/account", "door.account")),
    ("", "/v1/account/phone", Door("/account/addresses", "door.addresses")),
    ("", "/v1/account/consents/{purpose}", Door("/account/consents", "door.consents")),
    ("", "/v1/account/exports...", Door("/account/export", "door.export")),
    ("", "/v1/account/leavings...", Door("/account/leave", "door.leave")),
    ("", "/v1/assistances...", Door("/account/assistances", "door.assistances")),
    ("", "/v1/privacy-notice", Door("/help/privacy", "door.privacy")),
    ("", "/v1/challenges/{challenge_id}/resend", Door("/sign-in", "door.sign_in")),
    ("", "/v1/logins", Door("/sign-in", "door.sign_in")),
    ("", "/v1/registrations", Door("/sign-in", "door.sign_in")),
    ("", "/v1/tokens/refresh", Door("/sign-in", "door.sign_in")),
    ("POST", "/v1/applicants", Door("/applicants/new", "door.new_person")),
    ("GET", "/v1/applicants", Door("/applicants", "door.people")),
    ("PUT", "/v1/applicants/{applicant_id}", Door("/applicants/{applicant_id}/correct", "door.correct_person")),
    ("GET", "/v1/applicants/{applicant_id}", Door("/applicants/{applicant_id}", "door.person")),
    ("", "/v1/applicants/{applicant_id}/confirmation", Door("/applicants/{applicant_id}/confirm", "door.person")),
    ("POST", "/v1/applications", Door("/applications/new", "door.new_application")),
    ("GET", "/v1/applications", Door(_HOME, "door.home")),
    ("", "/v1/applications/{application_id}", Door(_ONE, "door.application")),
    ("", "/v1/applications/{application_id}/appeal", Door(f"{_ONE}/appeal", "door.appeal")),
    ("GET", "/v1/applications/{application_id}/interview-note", Door(f"{_ONE}/appeal", "door.appeal")),
    ("", "/v1/applications/{application_id}/documents...", Door(f"{_ONE}/papers", "door.papers")),
    ("", "/v1/applications/{application_id}/earlier-books/decision", Door(f"{_ONE}/earlier-book", "door.earlier_book")),
    ("", "/v1/applications/{application_id}/proxy", Door(f"{_ONE}/proxy", "door.proxy")),
    ("", "/v1/applications/{application_id}/questionnaire", Door(f"{_ONE}/questionnaire", "door.questionnaire")),
    ("", "/v1/applications/{application_id}/submission", Door(f"{_ONE}/submit", "door.submit")),
    ("POST", "/v1/appointments", Door(f"{_ONE}/booking", "door.booking")),
    ("GET", "/v1/appointments", Door(f"{_ONE}/visit", "door.visit")),
    ("GET", "/v1/appointments/{appointment_id}", Door(f"{_ONE}/visit", "door.visit")),
    ("", "/v1/appointments/{appointment_id}/offer-acceptance", Door(_ONE, "door.application")),
    ("", "/v1/appointments/{appointment_id}/reschedule", Door(f"{_ONE}/visit/reschedule", "door.reschedule")),
    ("", "/v1/appointments/{appointment_id}/special-requests", Door(f"{_ONE}/visit/special", "door.special")),
    ("", "/v1/appointments/{appointment_id}/special-reschedule", Door(f"{_ONE}/visit/special", "door.special")),
    ("", "/v1/bills...", Door(f"{_ONE}/pay", "door.pay")),
    ("", "/v1/credits...", Door("/credits", "door.credits")),
    ("", "/v1/evidence...", Door(_ONE, "door.application")),
    ("POST", "/v1/joint-bills", Door("/joint-bills", "door.joint_bills")),
    ("", "/v1/joint-bills/{joint_bill_id}", Door("/joint-bills/{joint_bill_id}", "door.joint_bills")),
    ("", "/v1/offices", Door("/offices", "door.offices")),
    ("", "/v1/offices/{office_id}...", Door("/offices/{office_id}", "door.office")),
    ("GET", "/v1/openings", Door("/offices/{office_id}", "door.office")),
    ("", "/v1/openings/{opening_id}/tickets...", Door("/openings/{opening_id}", "door.opening")),
    ("", "/v1/passports", Door("/passports", "door.passports")),
    ("", "/v1/passports/{passport_id}/replacement", Door("/passports/{passport_id}", "door.passports")),
    ("", "/v1/refunds", Door(f"{_ONE}/refund", "door.refund")),
    ("", "/v1/refunds/{refund_id}...", Door("/refunds/{refund_id}", "door.refund")),
    ("", "/v1/waiting-list/{waiting_id}...", Door(f"{_ONE}/waiting-list", "door.waiting_list")),
)
"""Method (any, where it is empty), path of the API (`...` stands for the rest) and page; the first that fits."""

_NAME: Final = re.compile(r"\{([a-z_]+)\}")
FALLBACK: Final = Door(_HOME, "door.home")
"""Where an id that the page's address needs is not known."""

DOORS: Final = tuple(door for _method, _path, door in _DOORS)


def _compile(path: str) -> re.Pattern[str]:
    whole, has_rest = path.removesuffix("..."), path.endswith("...")
    return re.compile(_NAME.sub(r"(?P<\1>[^/]+)", re.escape(whole).replace(r"\{", "{").replace(r"\}", "}"))
                      + ("(?:/.*)?" if has_rest else ""))  # fmt: skip


_COMPILED: Final = tuple((method, _compile(path), door) for method, path, door in _DOORS)


def find_door(problem: Problem, places: Mapping[str, Any]) -> Door | None:
    """Return the page of a refusal's next call; None where it names none, or one that is no citizen's.

    `places` are the ids in the address of the page that was asked for.
    """
    call = problem.next_call
    if call is None:
        return None
    method, parts = str(call.get("method", "")), urlsplit(str(call.get("href", "")))
    for wanted, pattern, door in _COMPILED:
        found = pattern.fullmatch(parts.path)
        if found is not None and wanted in ("", method):
            known = {**places, **problem.facts, **dict(parse_qsl(parts.query)), **found.groupdict()}
            return _fill(door, known)
    return None


def _fill(door: Door, known: Mapping[str, Any]) -> Door:
    names = _NAME.findall(door.path)
    values = {name: str(known.get(name) or "") for name in names}
    if not all(PLACE.fullmatch(value) for value in values.values()):
        return FALLBACK
    return Door(door.path.format(**{name: quote(value, safe="") for name, value in values.items()}), door.says)
