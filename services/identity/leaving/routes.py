"""The endpoints of leaving."""

from __future__ import annotations

from typing import Final

from services.identity.applicants.errors import PersonNotKnown
from services.identity.http import FORMS_PER_CALLER, IDENTITY, LINKS_PER_ADDRESS
from services.identity.leaving import schemas
from services.identity.leaving.errors import (
    AddressNotThere,
    GrownChildDecides,
    GuardianOfOthers,
    LastAddressStays,
    LeavingOpen,
    LeavingOver,
    NotGrownYet,
)
from services.identity.leaving.leaving import LeavingKind, LeavingState
from services.identity.leaving.service import LeavingSeen
from services.identity.leaving.undo_page import LeavingPageStep, leaving_page
from services.identity.page import PAGE_HEADERS, PageLanguage
from services.identity.sign_in.errors import SmsBudgetSpent
from services.identity.sign_in.routes import ASKING
from shared.errors import NotFound
from shared.http.call import HTML, Answer, Call
from shared.http.endpoint import APPLICANT, PUBLIC, STAFF, Endpoints, RateLimit
from shared.sessions import SessionOver
from shared.tokens import Role

api = Endpoints("leaving")

AGREEMENTS_PER_OFFICER: Final = RateLimit(20, 60.0)
"""More than a counter sees."""


@api.post(
    "/v1/account/leavings",
    summary="Ask to close the account, or to remove applicants or an address: codes are sent",
    description="Every address of the account gets a code; both together, at the challenge's verification, begin it. "
    "To remove an address the other one agrees. The same request again meets the leaving that goes on.",
    access=APPLICANT,
    body=schemas.LeavingRequest,
    answers={202: schemas.LeavingStartView},
    refusals=(
        LeavingOpen,
        GrownChildDecides,
        GuardianOfOthers,
        AddressNotThere,
        LastAddressStays,
        SmsBudgetSpent,
        *ASKING,
        SessionOver,
        NotFound,
    ),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def ask_to_leave(call: Call[schemas.LeavingRequest]) -> schemas.LeavingStartView:
    """Send a code to every address that has to agree."""
    leavings = call.app[IDENTITY].leavings
    start = await leavings.ask(call.caller, call.body.wish(), call.language, call.command_id)
    return schemas.LeavingStartView.from_start(start)


@api.get(
    "/v1/account/leavings",
    summary="The leavings of the caller's account, the newest first",
    access=APPLICANT,
    answers={200: schemas.LeavingsView},
    pages_by="leaving_id",
)
async def list_own_leavings(call: Call) -> schemas.LeavingsView:
    """Return the leavings of the caller's account."""
    found = await call.app[IDENTITY].leavings.list_leavings(call.caller.account_id)
    return schemas.LeavingsView(leavings=[schemas.LeavingView.from_seen(seen) for seen in found])


@api.get(
    "/v1/account/leavings/{leaving_id}",
    summary="Where a leaving stands, what stands against it, and what stays",
    access=APPLICANT,
    answers={200: schemas.LeavingView},
    refusals=(NotFound,),
    watches="leaving",
)
async def look_at_leaving(call: Call) -> schemas.LeavingView:
    """Return one leaving of the caller's account."""
    leavings = call.app[IDENTITY].leavings
    return schemas.LeavingView.from_seen(await leavings.get_leaving(call.caller.account_id, call.path["leaving_id"]))


@api.post(
    "/v1/account/leavings/{leaving_id}/undo",
    summary="Undo a leaving before anything is erased",
    access=APPLICANT,
    answers={200: schemas.LeavingView},
    refusals=(NotFound, LeavingOver),
    idempotent=True,
    rate=FORMS_PER_CALLER,
)
async def undo_leaving(call: Call) -> schemas.LeavingView:
    """Undo a leaving of the caller's account."""
    leavings = call.app[IDENTITY].leavings
    return schemas.LeavingView.from_seen(await leavings.undo(call.caller.account_id, call.path["leaving_id"]))


@api.get(
    "/v1/leaving-undo/{link}",
    summary="The page behind the link that undoes a leaving",
    description="For browsers, without scripts. Looking changes nothing: mail programs open links by themselves.",
    access=PUBLIC,
    query=PageLanguage,
    answers={200: HTML},
    rate=LINKS_PER_ADDRESS,
)
async def show_leaving_undo(call: Call[None, PageLanguage]) -> Answer:
    """The page that asks whether to undo."""
    return _page(call, await call.app[IDENTITY].leavings.look_at_link(call.path["link"]))


@api.post(
    "/v1/leaving-undo/{link}",
    summary="Undo a leaving by the link of its message",
    description="Everything stays, and every session is ended. A repeat finds it done.",
    access=PUBLIC,
    query=PageLanguage,
    answers={200: HTML},
    rate=LINKS_PER_ADDRESS,
)
async def undo_leaving_by_link(call: Call[None, PageLanguage]) -> Answer:
    """Undo, and the page that says so."""
    try:
        return _page(call, await call.app[IDENTITY].leavings.undo_by_link(call.path["link"]))
    except LeavingOver:
        return _page(call, None)


def _page(call: Call[None, PageLanguage], seen: LeavingSeen | None) -> Answer:
    step, what = LeavingPageStep.OVER, LeavingKind.ACCOUNT
    if seen is not None:
        what, is_undone = seen.leaving.wish.what, seen.leaving.state is LeavingState.UNDONE
        step = LeavingPageStep.DONE if is_undone else step
        step = LeavingPageStep.ASK if seen.leaving.can_be_undone else step
    return Answer(200, leaving_page(step, what, call.query.language or call.language), headers=PAGE_HEADERS)


@api.get(
    "/v1/leavings",
    summary="Leavings of all accounts: dates and codes, without personal data",
    access=STAFF(Role.OPERATOR),
    query=schemas.LeavingsQuery,
    answers={200: schemas.LeavingListView},
    pages_by="leaving_id",
)
async def list_leavings(call: Call[None, schemas.LeavingsQuery]) -> schemas.LeavingListView:
    """Return the leavings in a state, or all."""
    found = await call.app[IDENTITY].leavings.list_all(call.query.state)
    return schemas.LeavingListView(leavings=[schemas.LeavingLineView.from_seen(seen) for seen in found])


@api.post(
    "/v1/leaving-agreements",
    summary="A grown child agrees to be removed by their guardian, the card in hand",
    access=STAFF(Role.FRONT_OFFICER),
    body=schemas.LeavingAgreement,
    answers={200: schemas.LeavingAgreementView},
    refusals=(PersonNotKnown, NotGrownYet),
    idempotent=True,
    rate=AGREEMENTS_PER_OFFICER,
)
async def note_leaving_agreement(call: Call[schemas.LeavingAgreement]) -> schemas.LeavingAgreementView:
    """Note the agreement."""
    return schemas.LeavingAgreementView(accounts=await call.app[IDENTITY].leavings.note_agreement(call.body.person_id))
