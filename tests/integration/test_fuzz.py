"""Each service, spoken to as its own description says, rightly and wrongly, by every role: never a fault of ours.

One bounded run per service and caller, the same calls each time; a failure prints the call that repeats it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import pytest

from shared.events.subscriptions import SERVICES
from shared.http.endpoint import Access, Door, Endpoint
from shared.tokens import Role
from tests.assembled import OFFICE, Suite
from tests.contract.openapi_fuzz import fuzz_openapi
from tests.scale import FUZZ_EXAMPLES, scaled
from tests.walking import Citizen

MAX_SECONDS: Final = scaled(short=300, long=3600)
"""Only a run that hangs takes so long: on two slow and busy cores the longest was seen to take more than 60."""

ROLES: Final = {
    "identity": (Role.APPLICANT, Role.FRONT_OFFICER, Role.OFFICE_ADMIN, Role.OPERATOR),
    "application": (Role.APPLICANT, Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.OPERATOR),
    "scheduling": (Role.APPLICANT, Role.FRONT_OFFICER, Role.OFFICE_ADMIN, Role.OPERATOR),
    "billing": (Role.APPLICANT, Role.TREASURER, Role.FRONT_OFFICER, Role.OFFICE_ADMIN, Role.OPERATOR),
    "notification": (Role.APPLICANT, Role.OFFICE_ADMIN, Role.REGIONAL_OFFICER, Role.OPERATOR),
}
"""Who speaks to whom. The first one also calls what is open to anybody; each next one what was shut to those before."""


def share_of(service: str, role: Role, endpoints: Sequence[Endpoint]) -> list[str]:
    """The operations that this role is the first to be let into."""
    before = ROLES[service][: ROLES[service].index(role)]
    return [
        each.name
        for each in endpoints
        if _opens(each.access, role, first=not before)
        and not any(_opens(each.access, one, first=True) for one in before)
    ]


def _opens(access: Access, role: Role, *, first: bool) -> bool:
    if access.door is not Door.BEARER:
        return first
    return not access.roles or role in access.roles


@dataclass(frozen=True)
class Ground:
    """The suite with one paid application in it, so that there is something to find, and what is known of it."""

    suite: Suite
    owner: str
    known: dict[str, str]


@pytest.fixture(scope="module")
async def ground() -> AsyncIterator[Ground]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.until_paid()
        view = await citizen.view()
        known = {
            "application_id": citizen.application_id,
            "applicant_id": citizen.applicant_id,
            "appointment_id": citizen.appointment_id,
            "bill_id": citizen.bill_id,
            "document_id": view["documents"][0]["document_id"],
            "office_id": OFFICE,
        }
        yield Ground(suite, citizen.account_id, known)


@pytest.mark.parametrize(
    ("service", "role"), [(service, role) for service, roles in ROLES.items() for role in roles], ids=str
)
async def test_a_service_keeps_its_word(service: str, role: Role, ground: Ground) -> None:
    suite = ground.suite
    report = await fuzz_openapi(
        suite.urls[service],
        token=suite.token(role, ground.owner if role is Role.APPLICANT else ""),
        examples=FUZZ_EXAMPLES,
        max_seconds=MAX_SECONDS,
        only=share_of(service, role, suite.services[service].parts.endpoints),
        known=ground.known,
    )
    report.assert_clean()
    await suite.settle()
    assert suite.troubles == []
    assert await suite.broken_rules() == {}


@pytest.mark.parametrize("service", SERVICES)
def test_every_endpoint_is_somebodys_share(service: str, ground: Ground) -> None:
    endpoints = ground.suite.services[service].parts.endpoints
    shared_out = [name for role in ROLES[service] for name in share_of(service, role, endpoints)]
    assert sorted(shared_out) == sorted(each.name for each in endpoints)
