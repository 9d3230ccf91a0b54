"""The endpoints of applicants."""

from __future__ import annotations

from services.identity.accounts.account import MOST_APPLICANTS
from services.identity.applicants.errors import (
    ApplicantAlreadyAdded,
    BirthDateImpossible,
    GuardianNeeded,
    GuardianUnusable,
    IdentityAlreadyConfirmed,
    NikNotSixteenDigits,
    NikStructureWrong,
    TooManyApplicants,
    TooManyIdentityTries,
)
from services.identity.applicants.schemas import ApplicantForm, ApplicantsView, ApplicantView
from services.identity.http import FORMS_PER_CALLER, IDENTITY
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints

api = Endpoints("applicants")


_FORM = (
    NikNotSixteenDigits,
    NikStructureWrong,
    BirthDateImpossible,
    GuardianNeeded,
    GuardianUnusable,
    ApplicantAlreadyAdded,
    TooManyIdentityTries,
)


@api.post(
    "/v1/applicants",
    summary="Add an applicant; the check with the civil registry starts by itself",
    access=APPLICANT,
    body=ApplicantForm,
    answers={201: ApplicantView},
    refusals=(TooManyApplicants, *_FORM),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def add_applicant(call: Call[ApplicantForm]) -> ApplicantView:
    """Take one of the account's five places."""
    seen = await call.app[IDENTITY].applicants.add(
        call.caller.account_id, call.body.particulars(), call.body.guardian_applicant_id, call.command_id
    )
    return ApplicantView.of(seen)


@api.get(
    "/v1/applicants",
    summary="All applicants of the account",
    access=APPLICANT,
    answers={200: ApplicantsView},
)
async def list_applicants(call: Call) -> ApplicantsView:
    """All applicants of the caller's account."""
    found = await call.app[IDENTITY].applicants.list_of(call.caller.account_id)
    shown = [ApplicantView.of(applicant) for applicant in found]
    return ApplicantsView(applicants=shown, places_left=max(0, MOST_APPLICANTS - len(shown)))


@api.get(
    "/v1/applicants/{applicant_id}",
    summary="One applicant, with the state of the identity check",
    access=APPLICANT,
    answers={200: ApplicantView},
    refusals=(NotFound,),
    watches="applicant",
)
async def look_at_applicant(call: Call) -> ApplicantView:
    """One applicant of the caller's account."""
    identity, caller = call.app[IDENTITY], call.caller
    return ApplicantView.of(await identity.applicants.get_applicant(caller.account_id, call.path["applicant_id"]))


@api.put(
    "/v1/applicants/{applicant_id}",
    summary="Correct an applicant; the check starts anew",
    access=APPLICANT,
    body=ApplicantForm,
    answers={200: ApplicantView},
    refusals=(NotFound, IdentityAlreadyConfirmed, *_FORM),
    rate=FORMS_PER_CALLER,
)
async def correct_applicant(call: Call[ApplicantForm]) -> ApplicantView:
    """Replace what an applicant says about themselves."""
    seen = await call.app[IDENTITY].applicants.correct(
        call.caller.account_id,
        call.path["applicant_id"],
        call.body.particulars(),
        call.body.guardian_applicant_id,
    )
    return ApplicantView.of(seen)


@api.post(
    "/v1/applicants/{applicant_id}/identity-checks",
    summary="Ask the civil registry again",
    access=APPLICANT,
    answers={202: ApplicantView},
    refusals=(NotFound, IdentityAlreadyConfirmed, TooManyIdentityTries),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def ask_registry_again(call: Call) -> ApplicantView:
    """Check the same particulars once more."""
    identity, caller = call.app[IDENTITY], call.caller
    seen = await identity.applicants.ask_again(caller.account_id, call.path["applicant_id"], call.command_id)
    return ApplicantView.of(seen)
