"""The endpoints of cases, for the treasurer and the operators."""

from __future__ import annotations

import asyncio
from typing import Final

from services.billing.cases.errors import (
    AnswerDoesNotFit,
    CaseIsClosed,
    CaseUnknown,
    OwnFileNotYours,
    SecondPersonMustAgree,
    TooManyCaseNotes,
)
from services.billing.cases.model import Case
from services.billing.cases.schemas import CaseClosure, CaseList, CasePath, CaseQuery, CaseView, NewCaseNote
from services.billing.cases.service import CaseFilter, CaseService
from services.billing.errors import NotYourOffice
from services.billing.http import BILLING, TREASURY
from shared.errors import SomeoneElseChangedIt
from shared.http.call import AnyCall, Call
from shared.http.endpoint import Endpoints
from shared.http.paging import cut_after, moment_cursor, moment_of

LARGEST_NOTE_BYTES: Final = 8192
"""A thousand characters, each escaped at its longest."""

MOST_OF_ONE_MOMENT: Final = 100
"""Cases read beyond a page: those of its first moment, which were shown before, and one that tells of another page."""

api = Endpoints("billing")


async def _view(call: AnyCall, case: Case) -> CaseView:
    return CaseView.from_case(case, await call.app[BILLING].find(CaseService).evidence_ids(case))


@api.get(
    "/v1/cases",
    summary="Payments that do not add up: overdue ones, or those of an application",
    access=TREASURY,
    query=CaseQuery,
    answers={200: CaseList},
)
async def list_cases(call: Call[None, CaseQuery]) -> CaseList:
    """List cases, the most urgent first."""
    wanted = call.query
    since = moment_of(wanted.after) if wanted.after is not None else wanted.from_due
    case_filter = CaseFilter(wanted.application_id, wanted.overdue, since, wanted.limit + MOST_OF_ONE_MOMENT)
    found = await call.app[BILLING].find(CaseService).cases(call.caller, case_filter)
    shown, following = cut_after(
        found, wanted.after, wanted.limit, lambda case: moment_cursor(case.due_at, case.case_id)
    )
    return CaseList(cases=tuple(await asyncio.gather(*(_view(call, case) for case in shown))), next=following)


@api.get(
    "/v1/cases/{case_id}",
    summary="A case with its owner, its due time and everything that was done",
    access=TREASURY,
    path_model=CasePath,
    answers={200: CaseView},
    refusals=(CaseUnknown, NotYourOffice),
)
async def show_case(call: Call[None, None, CasePath]) -> CaseView:
    """Show one case."""
    return await _view(call, await call.app[BILLING].find(CaseService).case(call.caller, call.path.case_id))


@api.post(
    "/v1/cases/{case_id}/notes",
    summary="Write down what was found about a case",
    access=TREASURY,
    path_model=CasePath,
    body=NewCaseNote,
    max_body_bytes=LARGEST_NOTE_BYTES,
    answers={200: CaseView},
    idempotent=True,
    refusals=(CaseUnknown, NotYourOffice, CaseIsClosed, TooManyCaseNotes, SomeoneElseChangedIt),
)
async def note_case(call: Call[NewCaseNote, None, CasePath]) -> CaseView:
    """Add a note; the case is then under investigation, and a proposed answer is dropped."""
    service = call.app[BILLING].find(CaseService)
    return await _view(call, await service.note(call.caller, call.path.case_id, call.body.text, call.command_id))


@api.post(
    "/v1/cases/{case_id}/closure",
    summary="Answer a case; where money is given up, two people do",
    access=TREASURY,
    path_model=CasePath,
    body=CaseClosure,
    max_body_bytes=LARGEST_NOTE_BYTES,
    answers={200: CaseView},
    idempotent=True,
    refusals=(
        CaseUnknown,
        NotYourOffice,
        CaseIsClosed,
        AnswerDoesNotFit,
        SecondPersonMustAgree,
        OwnFileNotYours,
        SomeoneElseChangedIt,
    ),
)
async def close_case(call: Call[CaseClosure, None, CasePath]) -> CaseView:
    """Propose an outcome as the first of two people (`proposed`), or close the case as the second."""
    service, answer = call.app[BILLING].find(CaseService), call.body
    closed = await service.close(call.caller, call.path.case_id, answer.outcome, answer.reason, call.command_id)
    return await _view(call, closed)
