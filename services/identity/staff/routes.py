"""The endpoints of staff sign-in and the person look-up."""

from __future__ import annotations

from typing import Final

from services.identity.applicants.errors import NikNotSixteenDigits, PersonNotKnown
from services.identity.http import IDENTITY, STAFF_LOGINS_PER_ADDRESS
from services.identity.sessions.credentials import Credentials
from services.identity.sessions.devices import Visitor
from services.identity.staff.errors import (
    OneTimePasswordExpired,
    OwnPasswordNeeded,
    PasswordNotAllowed,
    StaffCredentialsWrong,
    StaffLocked,
    StaffSuspended,
)
from services.identity.staff.schemas import PersonLookup, PersonView, SecondStepView, StaffLogin, StaffTokensView
from shared.audit.reads import refuse_without_reason
from shared.http.call import Answer, Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints, PersonalData, RateLimit
from shared.http.reading import Reading, ReadSubject
from shared.tokens import Role

api = Endpoints("staff")


LOOKUPS_PER_CALLER: Final = RateLimit(60, 60.0)


@api.post(
    "/v1/staff/logins",
    summary="Staff sign in with user name and password",
    description="202 where a second factor is due: show it at /v1/staff/logins/second-step. Somebody whose role needs "
    "one and who has none gets tokens of the role `enrolling`, which add a second factor and do nothing else.",
    access=PUBLIC,
    body=StaffLogin,
    answers={200: StaffTokensView, 202: SecondStepView},
    refusals=(
        StaffCredentialsWrong,
        StaffLocked,
        StaffSuspended,
        OwnPasswordNeeded,
        OneTimePasswordExpired,
        PasswordNotAllowed,
    ),
    rate=STAFF_LOGINS_PER_ADDRESS,
)
async def log_in_staff(call: Call[StaffLogin]) -> Answer:
    """Tokens for a member of staff, or the step that is due."""
    asked, visitor = call.body, Visitor(call.address, call.body.device_token)
    answer = await call.app[IDENTITY].staff.log_in(asked.username, asked.password, visitor)
    if isinstance(answer, Credentials):
        return Answer(200, StaffTokensView.from_credentials(answer))
    return Answer(202, SecondStepView.from_step(answer))


@api.post(
    "/v1/persons/lookup",
    summary="The person with this NIK; every look-up is audited",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    body=PersonLookup,
    reads=PersonalData.NIK,
    answers={200: PersonView},
    refusals=(NikNotSixteenDigits, PersonNotKnown),
    rate=LOOKUPS_PER_CALLER,
)
async def look_up_person(call: Call[PersonLookup]) -> PersonView:
    """The id that stands for a NIK."""
    refuse_without_reason(call)
    found = await call.app[IDENTITY].person_lookup.look_up_person(call.body.nik)
    call.reading = Reading(tuple(map(ReadSubject, found.account_ids)), about=found.person_id)
    return PersonView(person_id=found.person_id)
