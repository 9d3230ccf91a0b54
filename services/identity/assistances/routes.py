"""The endpoints of assistance."""

from __future__ import annotations

from typing import Final

from services.identity.accounts.errors import AddressUnusable, EmailNotAscii, PhoneCountryUnserved
from services.identity.applicants.errors import NikNotSixteenDigits, PersonNotKnown
from services.identity.assistances import schemas
from services.identity.assistances.errors import (
    AddressHasNoAccount,
    AssistanceHasEnded,
    AssistanceUnknown,
    OfficeAskedTooOften,
    SeveralAccounts,
)
from services.identity.http import IDENTITY
from services.identity.sign_in.errors import (
    ChallengeNotFound,
    CodeExpired,
    CodeSentJustNow,
    CodeSuperseded,
    CodeUsed,
    CodeWrong,
    SmsBudgetSpent,
    TooManyCodes,
    TooManyTries,
)
from services.identity.staff.errors import StaffNotInService
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import ROLES, STAFF, Endpoints, RateLimit
from shared.tokens import Role

api = Endpoints("assistance")

OFFICERS: Final = STAFF(Role.FRONT_OFFICER)
PARTIES: Final = ROLES(Role.APPLICANT, Role.FRONT_OFFICER, Role.OFFICE_ADMIN)
ASKS_PER_CALLER: Final = RateLimit(20, 60.0)
TRIES_PER_CALLER: Final = RateLimit(30, 60.0)
"""Codes that one officer may type: people who misread theirs stay below it."""

ORIGINALS_PER_CALLER: Final = RateLimit(10, 60.0)

AUDITED_IN_THE_USE_CASE: Final = ("see_original",)
"""It is an override, with its reason and words."""


@api.post(
    "/v1/assistances",
    summary="Ask a person for their consent: a code is sent to them",
    description="The same answer whether or not the address has an account.",
    access=OFFICERS,
    body=schemas.AskConsent,
    answers={202: schemas.AssistanceView},
    refusals=(
        StaffNotInService,
        AddressUnusable,
        EmailNotAscii,
        PhoneCountryUnserved,
        SmsBudgetSpent,
        CodeSentJustNow,
        TooManyCodes,
        OfficeAskedTooOften,
        SomeoneElseChangedIt,
    ),
    idempotent=True,
    rate=ASKS_PER_CALLER,
)
async def ask_consent(call: Call[schemas.AskConsent]) -> schemas.AssistanceView:
    """The assistance that waits for its code."""
    assistances = call.app[IDENTITY].assistances
    seen = await assistances.ask(call.caller, call.body.identifier, call.command_id)
    return schemas.AssistanceView.from_seen(seen)


@api.post(
    "/v1/original-assistances",
    summary="Begin without a telephone: the identity card was seen",
    description="An override with its reason: the head of the office reads it in the list of that day.",
    access=OFFICERS,
    body=schemas.SeenOriginal,
    answers={201: schemas.AssistanceView},
    location="/v1/assistances/{assistance_id}",
    refusals=(
        StaffNotInService,
        NikNotSixteenDigits,
        AddressUnusable,
        EmailNotAscii,
        PersonNotKnown,
        SeveralAccounts,
        SomeoneElseChangedIt,
    ),
    idempotent=True,
    rate=ORIGINALS_PER_CALLER,
)
async def see_original(call: Call[schemas.SeenOriginal]) -> schemas.AssistanceView:
    """The live assistance."""
    assistances = call.app[IDENTITY].assistances
    return schemas.AssistanceView.from_seen(
        await assistances.see_original(call.caller, call.body.seen(), call.command_id)
    )


@api.post(
    "/v1/assistances/{assistance_id}/code",
    summary="Type the code that the person told: the assistance is live for some hours",
    access=OFFICERS,
    body=schemas.ToldCode,
    answers={200: schemas.AssistanceView},
    refusals=(
        StaffNotInService,
        AssistanceUnknown,
        AssistanceHasEnded,
        AddressHasNoAccount,
        ChallengeNotFound,
        CodeWrong,
        CodeExpired,
        CodeSuperseded,
        CodeUsed,
        TooManyTries,
        SomeoneElseChangedIt,
    ),
    idempotent=True,
    rate=TRIES_PER_CALLER,
)
async def tell_code(call: Call[schemas.ToldCode]) -> schemas.AssistanceView:
    """The live assistance."""
    assistances = call.app[IDENTITY].assistances
    seen = await assistances.tell_code(call.caller, call.path["assistance_id"], call.body.code, call.command_id)
    return schemas.AssistanceView.from_seen(seen)


@api.post(
    "/v1/assistances/{assistance_id}/end",
    summary="End an assistance before its time",
    description="The person whose account it is, the officer, or the head of the office.",
    access=PARTIES,
    answers={200: schemas.AssistanceView},
    refusals=(AssistanceUnknown, SomeoneElseChangedIt),
    idempotent=True,
)
async def end_assistance(call: Call) -> schemas.AssistanceView:
    """The ended assistance; again is no error."""
    assistances = call.app[IDENTITY].assistances
    return schemas.AssistanceView.from_seen(await assistances.end(call.caller, call.path["assistance_id"]))


@api.get(
    "/v1/assistances",
    summary="Who was allowed to act for you; for officers, for whom they may act",
    access=ROLES(Role.APPLICANT, Role.FRONT_OFFICER),
    answers={200: schemas.AssistancesView},
    pages_by="assistance_id",
)
async def list_assistances(call: Call) -> schemas.AssistancesView:
    """The newest first."""
    found = await call.app[IDENTITY].assistances.list_own(call.caller)
    return schemas.AssistancesView(assistances=[schemas.AssistanceView.from_seen(seen) for seen in found])


@api.get(
    "/v1/assistances/{assistance_id}",
    summary="One assistance: whether it is live, and until when",
    access=PARTIES,
    answers={200: schemas.AssistanceView},
    refusals=(AssistanceUnknown,),
)
async def look_at_assistance(call: Call) -> schemas.AssistanceView:
    """One assistance."""
    assistances = call.app[IDENTITY].assistances
    return schemas.AssistanceView.from_seen(await assistances.get_assistance(call.caller, call.path["assistance_id"]))
