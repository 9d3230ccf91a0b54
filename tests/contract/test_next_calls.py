"""Every next action has a door: the call that does it exists, and is open to whoever is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

import pytest

from devtools.docs_command import endpoints_of
from services.application.applications.next_step import ActionCode
from services.application.applications.next_step import Step as ApplicationStep
from services.application.passports.passport import PassportStep
from services.billing.bills import texts as bill_texts
from services.billing.credits.states import CreditState
from services.billing.joint_bills.states import JointBillState
from services.billing.refunds.states import RefundState
from services.identity.applicants.applicant import IdentityState
from services.identity.assistances.assistance import AssistanceState
from services.identity.exports.export import ExportState
from services.identity.leaving.leaving import LeavingState
from services.scheduling.booking.appointments.appointment import Status as AppointmentStatus
from services.scheduling.booking.waiting_list.entry import WaitingStatus
from services.scheduling.openings.opening import TicketStanding
from services.scheduling.quota.change import ChangeState
from shared.events.codes import EvidencePurpose, LeavingObjection
from shared.events.subscriptions import SERVICES
from shared.http.endpoint import Access, Door, Endpoint
from shared.http.problem_calls import PROBLEM_CALLS
from shared.http.runtime_refusals import refusals_of_runtime
from shared.next_calls import NEXT_CALLS, NextCall, Ways, way_for
from shared.tokens import Role
from tests.contract.test_refusals import EVERY

BILL_GUIDANCE: Final = [told for told in vars(bill_texts).values() if isinstance(told, bill_texts.Guidance)]
BILL_CODES: Final = {
    told.call_code for told in [*BILL_GUIDANCE, *bill_texts._BY_STATE.values(), *bill_texts._OWED.values()]
}
CODES: Final[Mapping[str, Iterable[str]]] = {
    "applicant": IdentityState,
    "leaving": LeavingState,
    "leaving_objection": LeavingObjection,
    "data_export": ExportState,
    "assistance": AssistanceState,
    "application": ActionCode,
    "appointment": [*AppointmentStatus, "offer_ended"],
    "ticket": TicketStanding,
    "waiting_entry": WaitingStatus,
    "quota_change": ChangeState,
    "evidence": ["uploading", *EvidencePurpose, "named", "refused", "removed"],
    "passport": PassportStep,
    "bill": BILL_CODES,
    "credit": CreditState,
    "joint_bill": JointBillState,
    "refund": RefundState,
}
"""Every code that a service can tell, by kind of answer."""

TOLD_TO: Final = {"assistance": Role.FRONT_OFFICER, "quota_change": Role.OFFICE_ADMIN}
"""Whom the next action of a kind addresses; all others are the applicant's."""

ENDPOINTS: Final = {
    (endpoint.method, endpoint.path): endpoint for service in SERVICES for endpoint in endpoints_of(service)
}


def may_call(access: Access, role: Role | None) -> bool:
    """Whether a caller of this role, or without a token, is let in."""
    if access.door is Door.OPEN:
        return True
    return role is not None and access.door is Door.BEARER and access.lets_in(role)


def needed_of(endpoint: Endpoint) -> set[str]:
    """The members that the endpoint's query must have."""
    fields = endpoint.query.model_fields if endpoint.query is not None else {}
    return {name for name, field in fields.items() if field.is_required()}


def closed(ways: Ways, role: Role | None) -> str:
    """What is wrong with the way that a caller of this role is told; empty if nothing is."""
    way = way_for(ways, role)
    if not isinstance(way, NextCall):
        return ""
    endpoint = ENDPOINTS.get((way.method, way.template))
    if endpoint is None:
        return f"no service has {way.method} {way.path}"
    lacking = needed_of(endpoint) - set(parse_qs(way.path.partition("?")[2]))
    if lacking:
        return f"{way.method} {way.path} lacks {', '.join(sorted(lacking))}"
    return "" if may_call(endpoint.access, role) else f"{role} may not call {way.method} {way.path}"


def roles_of(endpoint: Endpoint) -> list[Role | None]:
    """The roles that an endpoint's refusals are told to; None where no token is asked for."""
    if endpoint.access.door is not Door.BEARER:
        return [None]
    return list(endpoint.access.roles or [role for role in Role if role not in (Role.SERVICE, Role.ENROLLING)])


def keys_of(code: str) -> list[str]:
    """The entries of a refusal: one, or one for each step that may come first."""
    if code == "step_comes_first":
        return [f"{code}:{step}" for step in ApplicationStep]
    if code == "identity_already_confirmed":
        return [code, f"{code}:another_nik"]
    return [code]


def without_door(calls: Mapping[str, Ways], endpoint: Endpoint) -> set[str]:
    """What is wrong with the next actions of the refusals of an endpoint."""
    found = set()
    for refusal in (*endpoint.refusals, *refusals_of_runtime(endpoint)):
        for key in keys_of(refusal.code):
            if key not in calls:
                found.add(f"{key}: no entry")
                continue
            found |= {f"{key}: {wrong}" for role in roles_of(endpoint) if (wrong := closed(calls[key], role))}
    return found


@pytest.mark.parametrize("kind", CODES)
def test_every_state_has_an_entry_and_no_entry_is_left_over(kind: str) -> None:
    assert set(NEXT_CALLS[kind]) == {str(code) for code in CODES[kind]}
    assert set(NEXT_CALLS) == set(CODES)


@pytest.mark.acceptance("F31.next_action")
@pytest.mark.parametrize("kind", CODES)
def test_every_call_of_a_state_is_open_to_whom_it_is_told(kind: str) -> None:
    role = TOLD_TO.get(kind, Role.APPLICANT)
    assert {code: closed(way, role) for code, way in NEXT_CALLS[kind].items() if closed(way, role)} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_of_every_endpoint_has_a_door_for_every_role(service: str) -> None:
    assert set().union(*(without_door(PROBLEM_CALLS, endpoint) for endpoint in endpoints_of(service))) == set()


def test_no_entry_is_left_over() -> None:
    told = {refusal.code for refusal in EVERY} | {
        refusal.code
        for endpoint in ENDPOINTS.values()
        for refusal in (*endpoint.refusals, *refusals_of_runtime(endpoint))
    }
    assert set(PROBLEM_CALLS) - {key for code in told for key in keys_of(code)} == {"method_not_allowed", "not_http"}


HOLD: Final = ENDPOINTS["POST", "/v1/appointments"]


@pytest.mark.parametrize(
    ("ways", "wrong"),
    [
        (None, "application_not_submitted: no entry"),
        (NextCall("POST", "/v1/nowhere"), "application_not_submitted: no service has POST /v1/nowhere"),
        (
            NextCall("GET", "/v1/applicants"),
            "application_not_submitted: front_officer may not call GET /v1/applicants",
        ),
        (
            NextCall("GET", "/v1/appointments"),
            "application_not_submitted: GET /v1/appointments lacks application_id",
        ),
    ],
)
def test_a_code_without_a_door_is_found(ways: Ways | None, wrong: str) -> None:
    """The twin: no entry, a call that does not exist, and one that is closed to a role that is told of it."""
    calls = {code: way for code, way in PROBLEM_CALLS.items() if code != "application_not_submitted"}
    assert without_door(PROBLEM_CALLS, HOLD) == set()
    assert without_door(calls | ({"application_not_submitted": ways} if ways else {}), HOLD) == {wrong}


def test_a_state_without_an_entry_is_found() -> None:
    """The twin: a state that is new."""

    class State(StrEnum):
        NEW = "new"

    assert {str(code) for code in [*IdentityState, State.NEW]} - set(NEXT_CALLS["applicant"]) == {"new"}
