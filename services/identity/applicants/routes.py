"""The endpoints of applicants."""

from __future__ import annotations

from typing import Final

from services.identity.accounts.account import MOST_APPLICANTS, MOST_CHILDREN
from services.identity.accounts.errors import AccountLeaving
from services.identity.applicants.correction import CorrectionState
from services.identity.applicants.errors import (
    ApplicantAlreadyAdded,
    BirthDateImpossible,
    ChildCameOfAgeAlready,
    CorrectionDecided,
    CorrectionUnknown,
    DataFixedBySubmission,
    GuardianNeeded,
    GuardianUnusable,
    IdentityAlreadyConfirmed,
    IdentityNotConfirmed,
    NikNeeded,
    NikNotSixteenDigits,
    NikOfAnotherPerson,
    NikStructureWrong,
    NothingShownBack,
    NothingToCorrect,
    PaperOfAnotherPerson,
    SecondOfficerNeeded,
    TooManyApplicants,
    TooManyChildren,
    TooManyIdentityTries,
)
from services.identity.applicants.schemas import (
    ApplicantForm,
    ApplicantsView,
    ApplicantView,
    CorrectionDecision,
    CorrectionView,
    ParticularsCorrection,
)
from services.identity.http import FORMS_PER_CALLER, IDENTITY
from shared.audit.reads import ReasonQuery
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, STAFF, Endpoints, PersonalData, RateLimit
from shared.http.reading import Reading, ReadSubject
from shared.tokens import Role

api = Endpoints("applicants")

CHECKS_PER_ADDRESS: Final = RateLimit(300, 3600.0, "address", shared=True)
"""Checks asked for from one network address, by however many accounts: as many as codes, without which there is no
account. The registry answers a number of calls a day for the whole country."""

CORRECTIONS_PER_OFFICER: Final = RateLimit(20, 60.0)
"""More than a counter corrects; less than guessing the NIK of an applicant takes."""


_PARTICULARS = (
    NikNeeded,
    NikNotSixteenDigits,
    NikStructureWrong,
    BirthDateImpossible,
    GuardianNeeded,
    GuardianUnusable,
    ApplicantAlreadyAdded,
)
_FORM = (*_PARTICULARS, TooManyIdentityTries)


@api.post(
    "/v1/applicants",
    summary="Add an applicant; the check with the civil registry starts by itself",
    access=APPLICANT,
    body=ApplicantForm,
    answers={201: ApplicantView},
    location="/v1/applicants/{applicant_id}",
    refusals=(TooManyApplicants, TooManyChildren, AccountLeaving, *_FORM),
    idempotent=True,
    cache_answer=False,
    rate=(FORMS_PER_CALLER, CHECKS_PER_ADDRESS),
)
async def add_applicant(call: Call[ApplicantForm]) -> ApplicantView:
    """Take one of the account's five places."""
    seen = await call.app[IDENTITY].applicants.add(
        call.caller.account_id, call.body.particulars(), call.body.guardian_applicant_id, call.command_id
    )
    return ApplicantView.from_seen(seen)


@api.get(
    "/v1/applicants",
    summary="All applicants of the account",
    access=APPLICANT,
    answers={200: ApplicantsView},
    pages_by="applicant_id",
)
async def list_applicants(call: Call) -> ApplicantsView:
    """Return all applicants of the caller's account."""
    found = await call.app[IDENTITY].applicants.list_applicants(call.caller.account_id)
    shown = [ApplicantView.from_seen(applicant) for applicant in found]
    children = sum(1 for seen in found if seen.applicant.by_family_card)
    return ApplicantsView(
        applicants=shown,
        places_left=max(0, MOST_APPLICANTS - len(found) + children),
        child_places_left=max(0, MOST_CHILDREN - children),
    )


@api.get(
    "/v1/applicants/{applicant_id}",
    summary="One applicant, with the state of the identity check",
    access=APPLICANT,
    answers={200: ApplicantView},
    refusals=(NotFound,),
    watches="applicant",
)
async def look_at_applicant(call: Call) -> ApplicantView:
    """Return one applicant of the caller's account."""
    identity, caller = call.app[IDENTITY], call.caller
    return ApplicantView.from_seen(
        await identity.applicants.get_applicant(caller.account_id, call.path["applicant_id"])
    )


@api.put(
    "/v1/applicants/{applicant_id}",
    summary="Correct an applicant until an application is submitted; the check starts again",
    access=APPLICANT,
    body=ApplicantForm,
    answers={200: ApplicantView},
    refusals=(
        NotFound,
        ChildCameOfAgeAlready,
        DataFixedBySubmission,
        IdentityAlreadyConfirmed,
        TooManyApplicants,
        TooManyChildren,
        AccountLeaving,
        *_FORM,
    ),
    rate=(FORMS_PER_CALLER, CHECKS_PER_ADDRESS),
)
async def correct_applicant(call: Call[ApplicantForm]) -> ApplicantView:
    """Replace the particulars of an applicant."""
    seen = await call.app[IDENTITY].applicants.correct(
        call.caller.account_id,
        call.path["applicant_id"],
        call.body.particulars(),
        call.body.guardian_applicant_id,
    )
    return ApplicantView.from_seen(seen)


@api.post(
    "/v1/applicants/{applicant_id}/identity-checks",
    summary="Ask the civil registry again",
    access=APPLICANT,
    answers={202: ApplicantView},
    refusals=(NotFound, IdentityAlreadyConfirmed, TooManyIdentityTries),
    idempotent=True,
    cache_answer=False,
    rate=(FORMS_PER_CALLER, CHECKS_PER_ADDRESS),
)
async def ask_registry_again(call: Call) -> ApplicantView:
    """Check the same particulars once more."""
    identity, caller = call.app[IDENTITY], call.caller
    seen = await identity.applicants.ask_again(caller.account_id, call.path["applicant_id"], call.command_id)
    return ApplicantView.from_seen(seen)


@api.post(
    "/v1/applicants/{applicant_id}/confirmation",
    summary="Confirm data that the civil registry writes differently, as they were typed",
    access=APPLICANT,
    answers={200: ApplicantView},
    refusals=(NotFound, NothingShownBack, SomeoneElseChangedIt),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def confirm_applicant(call: Call) -> ApplicantView:
    """Keep the data as typed."""
    identity, caller = call.app[IDENTITY], call.caller
    return ApplicantView.from_seen(
        await identity.applicants.keep_as_typed(caller.account_id, call.path["applicant_id"])
    )


@api.post(
    "/v1/applicants/{applicant_id}/corrections",
    summary="Correct a confirmed applicant, the original in hand",
    description="A typing error is corrected at once. Another NIK, birth date or sex, or another name, waits for a "
    "second officer of the same office.",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=ParticularsCorrection,
    answers={201: CorrectionView},
    location="/v1/applicants/{applicant_id}/corrections/{correction_id}",
    refusals=(
        NotFound,
        IdentityNotConfirmed,
        PaperOfAnotherPerson,
        NothingToCorrect,
        NikOfAnotherPerson,
        CorrectionDecided,
        SomeoneElseChangedIt,
        *_PARTICULARS,
    ),
    idempotent=True,
    rate=CORRECTIONS_PER_OFFICER,
)
async def correct_confirmed_applicant(call: Call[ParticularsCorrection]) -> CorrectionView:
    """The correction: made, or waiting for a second officer."""
    seen = await call.app[IDENTITY].officer_corrections.propose(
        call.caller, call.path["applicant_id"], call.body.proposal(), call.command_id
    )
    return CorrectionView.from_seen(seen)


@api.get(
    "/v1/applicants/{applicant_id}/corrections/{correction_id}",
    summary="A correction of the own office, with the data before and after it while it waits",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.DOCUMENTS_SECTION_HEAD),
    answers={200: CorrectionView},
    refusals=(CorrectionUnknown,),
    query=ReasonQuery,
    reads=PersonalData.NIK,
)
async def look_at_correction(call: Call[None, ReasonQuery]) -> CorrectionView:
    """The correction, for the officer who decides about it."""
    seen = await call.app[IDENTITY].officer_corrections.get_correction(
        call.caller, call.path["applicant_id"], call.path["correction_id"]
    )
    call.reading = Reading(step="nothing_shown")  # a decided correction has no data any more
    if seen.correction.state is CorrectionState.PROPOSED:
        call.reading = Reading((ReadSubject(seen.account_id, seen.correction.office_id),), "step_correction")
    return CorrectionView.from_seen(seen, with_changes=True)


@api.post(
    "/v1/applicants/{applicant_id}/corrections/{correction_id}/decision",
    summary="Decide as the second officer about a correction that changes who somebody is",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.DOCUMENTS_SECTION_HEAD),
    body=CorrectionDecision,
    answers={200: CorrectionView},
    refusals=(
        CorrectionUnknown,
        CorrectionDecided,
        SecondOfficerNeeded,
        NikOfAnotherPerson,
        SomeoneElseChangedIt,
        *_PARTICULARS,
    ),
    idempotent=True,
)
async def decide_correction(call: Call[CorrectionDecision]) -> CorrectionView:
    """The decided correction; again is no error."""
    seen = await call.app[IDENTITY].officer_corrections.decide(
        call.caller, call.path["applicant_id"], call.path["correction_id"], approved=call.body.approved
    )
    return CorrectionView.from_seen(seen)
