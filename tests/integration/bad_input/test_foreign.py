"""Bad input over HTTP: what belongs to another account or another office."""

from __future__ import annotations

import re
from typing import Final

from shared.http.endpoint import Door, Endpoint
from shared.tokens import Role
from tests.assembled import OTHER_OFFICE
from tests.integration.bad_input.ground import NOBODYS_ID, Ground, refused, those
from tests.walking import Caller

THEIRS: Final = {"application_id", "applicant_id", "appointment_id", "bill_id", "document_id"}
LISTS: Final = {
    "list_bills": "bills",
    "list_refunds": "refunds",
    "list_appointments": "appointments",
    "list_deliveries": "deliveries",
}
BY_BODY: Final = {"begin", "hold_seat", "enter_waiting_list", "book_party"}
"""They name somebody's thing in the body; what was never heard of may still be on its way there: 409, ask again."""


def _is_about_somebody(each: Endpoint) -> bool:
    about = set(each.places) | set(each.query.model_fields if each.query else {})
    return bool(about & THEIRS or each.name in BY_BODY) and (
        each.access.door is Door.BEARER and (not each.access.roles or Role.APPLICANT in each.access.roles)
    )


@those(_is_about_somebody)
async def test_what_is_another_accounts_is_not_there(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged(), Caller(ground.suite, ground["drafting"].token) as stranger:
        reply = await ground.ask(stranger, service, endpoint)
        if endpoint.name in LISTS:
            assert (reply.status, reply[LISTS[endpoint.name]]) == (200, [])
        elif endpoint.method == "HEAD":
            assert reply.status == 404
        else:
            theirs = refused(reply, 404)
            if endpoint.name not in BY_BODY:
                path = re.sub(r"{[^}]*}", NOBODYS_ID, endpoint.path)
                nobodys = refused(await ground.ask(stranger, service, endpoint, path=path), 404)
                assert theirs["code"] == nobodys["code"], "the answer tells that it exists"


@those(
    lambda each: (
        bool(each.access.roles)
        and Role.APPLICANT not in each.access.roles
        and bool({"application_id", "office_id"} & set(each.places))
    )
)
async def test_staff_of_another_office_may_not(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged():
        for role in sorted(endpoint.access.roles & {Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN}):
            async with ground.officer(role, OTHER_OFFICE) as officer:
                refused(await ground.ask(officer, service, endpoint), 403, "not_your_office")


async def test_a_visitor_of_another_office_cannot_be_checked_in(ground: Ground) -> None:
    async with ground.unchanged(), ground.officer(Role.FRONT_OFFICER, OTHER_OFFICE) as officer:
        seat = await ground["paid"].appointment()
        for visitor in ({"appointment_id": seat["appointment_id"]}, {"queue_code": seat["queue_code"]}):
            refused(await officer.call("scheduling", "POST", "/v1/check-ins", visitor), 403, "not_your_office")


async def test_an_officer_cannot_act_for_an_account_that_is_not_the_owners(ground: Ground) -> None:
    """Whoever acts for somebody has their consent: naming an account, the owner's or another's, is none (F3)."""
    async with ground.unchanged(), ground.officer(Role.FRONT_OFFICER, OTHER_OFFICE) as officer:
        for account_id in (ground["paid"].account_id, ground["drafting"].account_id):
            address = f"{ground['paid'].application}?on_behalf_of={account_id}"
            problem = refused(await officer.call("application", "GET", address), 403, "assistance_needed")
            assert problem["door"] == "/v1/assistances"
