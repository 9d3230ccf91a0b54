"""The endpoints of officers who settle whose application counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.application.applications.access import SEEING
from services.application.applications.errors import ApplicationEnded
from services.application.applications.reading import note_reading
from services.application.applications.schemas import ApplicationView, view_application
from services.application.context import Actor
from services.application.drafts.errors import AnotherPersonsApplication, TooLateToWithdraw
from services.application.drafts.settlement_schemas import ClosingForPerson, FoundApplications, PersonSearch
from services.application.http import APPLICATION
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, PersonalData, RateLimit
from shared.tokens import Role

api = Endpoints("office")

SEARCHES_PER_OFFICER: Final = RateLimit(60, 60.0)
"""As look-ups of persons in identity, which come before."""


@api.post(
    "/v1/application-searches",
    summary="The live applications for a person at the counter, in whichever account",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    body=PersonSearch,
    answers={200: FoundApplications},
    reads=PersonalData.APPLICATION,
    rate=SEARCHES_PER_OFFICER,
)
async def search_by_person(call: Call[PersonSearch]) -> FoundApplications:
    """The live applications for a person."""
    reader = Actor.from_caller(call.caller)
    found = await call.app[APPLICATION].settlement.find_by_person(call.body.person_id)
    note_reading(call, reader, (record.state for record in found))
    call.reading = replace(call.reading, about=call.body.person_id)
    return FoundApplications.from_records(found, reader)


@api.post(
    "/v1/applications/{application_id}/closing",
    summary="Close an application whose person applies with another account",
    description="Both sides are told. Before the visit, by the office of the visit; by any office while there is none.",
    access=STAFF(Role.FRONT_OFFICER, Role.OFFICE_ADMIN),
    body=ClosingForPerson,
    answers={200: ApplicationView},
    refusals=(*SEEING, AnotherPersonsApplication, TooLateToWithdraw, ApplicationEnded),
    idempotent=True,
)
async def close_for_person(call: Call[ClosingForPerson]) -> ApplicationView:
    """The closed application."""
    body = call.body
    seen = await call.app[APPLICATION].settlement.close_for_person(
        call.path["application_id"], body.person_id, body.reason_code, Actor.from_caller(call.caller), call.command_id
    )
    return view_application(call, seen)
