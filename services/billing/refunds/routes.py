"""The endpoints of refund cases: asking, following, the steps of staff, the public guide and the report."""

from __future__ import annotations

import asyncio
from typing import Final

from services.billing.bills.errors import BillUnknown
from services.billing.errors import NotYourOffice
from services.billing.http import BILLING, UseCases
from services.billing.refunds.errors import (
    AccountIsMissing,
    AnotherPairOfEyes,
    ApplicationMissing,
    NothingToRefund,
    ObjectionTooLate,
    OrderIsOut,
    PaymentUnknownToSimponi,
    PeriodTooLong,
    RefundIsDecided,
    RefundIsOpen,
    RefundOpenedByUs,
    RefundStepNotNow,
    RefundUnknown,
    RequestOfSomebodyElse,
    RuleUnknown,
    StepOfAnotherRole,
)
from services.billing.refunds.guide_page import PAGE_HEADERS, guide_page
from services.billing.refunds.model import Refund
from services.billing.refunds.schemas import (
    GUIDE_PATH,
    AccountGiven,
    GuideQuery,
    PeriodQuery,
    RefundAnswer,
    RefundGuideView,
    RefundList,
    RefundPath,
    RefundQuery,
    RefundRequest,
    RefundStatisticsView,
    RefundView,
    StepTaken,
)
from services.billing.refunds.service import NewRefund, RefundService, StepDetails
from shared.audit.reads import ReasonQuery
from shared.errors import SomeoneElseChangedIt
from shared.http.call import HTML, JSON, Answer, AnyCall, Call
from shared.http.endpoint import APPLICANT, PUBLIC, ROLES, Endpoints, PersonalData, RateLimit
from shared.http.reading import Reading
from shared.tokens import Role

LARGEST_STATEMENT_BYTES: Final = 16 * 1024
"""2000 characters in any script, escaped."""

VARIES: Final = "Accept, Accept-Language"
"""The request headers that the form of the guide depends on, for caches."""

PARTIES: Final = ROLES(Role.APPLICANT, Role.TREASURER, Role.OFFICE_ADMIN, Role.OPERATOR)
OFFICERS: Final = ROLES(Role.TREASURER, Role.OFFICE_ADMIN, Role.OPERATOR, Role.ADMINISTRATION_SECTION_HEAD)
"""The section head takes the steps of the head of the office."""
READERS: Final = ROLES(*sorted(PARTIES.roles | OFFICERS.roles))
REPORTED_TO: Final = ROLES(*sorted(OFFICERS.roles), Role.REGIONAL_OFFICER, Role.PUBLIC_RELATIONS, Role.HQ_POLICY)
"""Counts without persons."""

api = Endpoints("billing")


async def _view(billing: UseCases, case: Refund) -> RefundView:
    service = billing.find(RefundService)
    account, statements = await service.masked_account(case), await service.statements(case)
    return RefundView.from_refund(case, service.table, account, statements)


async def _view_act(call: AnyCall, case: Refund) -> RefundView:
    """Return the view of a case after an act, noted as what it shows."""
    billing = call.app[BILLING]
    subjects = billing.find(RefundService).reading(call.caller, [case]).subjects
    call.reading = Reading(subjects, kind=PersonalData.BANK_ACCOUNT)
    return await _view(billing, case)


@api.get(
    "/v1/refunds",
    summary="The refund cases of an application; for staff those of a state or overdue",
    access=READERS,
    query=RefundQuery,
    reads=PersonalData.BANK_ACCOUNT,
    answers={200: RefundList},
    pages_by="refund_id",
    refusals=(ApplicationMissing,),
)
async def list_refunds(call: Call[None, RefundQuery]) -> RefundList:
    """List own cases; those of their office for staff; all for operators. Without a state, all open ones."""
    billing, query = call.app[BILLING], call.query
    if query.application_id is not None:
        found = await billing.find(RefundService).refunds(call.caller, query.application_id)
    elif call.caller.role == Role.APPLICANT:
        raise ApplicationMissing(field="/application_id")
    else:
        found = await billing.find(RefundService).in_state(call.caller, query.state, overdue=query.overdue)
    call.reading = billing.find(RefundService).reading(call.caller, found)
    return RefundList(refunds=tuple(await asyncio.gather(*(_view(billing, case) for case in found))))


@api.get(
    "/v1/refunds/{refund_id}",
    summary="A refund case with its reason, rule, deadline and steps",
    access=READERS,
    path_model=RefundPath,
    query=ReasonQuery,
    reads=PersonalData.BANK_ACCOUNT,
    answers={200: RefundView},
    refusals=(RefundUnknown, NotYourOffice),
    watches="refund",
)
async def show_refund(call: Call[None, ReasonQuery, RefundPath]) -> RefundView:
    """Show one case."""
    billing = call.app[BILLING]
    case = await billing.find(RefundService).refund(call.caller, call.path.refund_id)
    call.reading = billing.find(RefundService).reading(call.caller, [case])
    return await _view(billing, case)


@api.post(
    "/v1/refunds",
    summary="Ask for the money of a bill",
    access=PARTIES,
    body=RefundRequest,
    max_body_bytes=LARGEST_STATEMENT_BYTES,
    answers={201: RefundView},
    location="/v1/refunds/{refund_id}",
    idempotent=True,
    rate=RateLimit(10, 60.0),
    refusals=(BillUnknown, NotYourOffice, NothingToRefund, RefundIsOpen, SomeoneElseChangedIt),
    description="A reason outside the table is answered with a case that is refused and names the rule.",
)
async def ask_refund(call: Call[RefundRequest]) -> RefundView:
    """Request a refund."""
    billing, body = call.app[BILLING], call.body
    new = NewRefund(body.bill_id, body.reason, body.note, body.receipt_id, tuple(body.evidence_ids))
    return await _view_act(call, await billing.find(RefundService).request(call.caller, new, call.command_id))


@api.put(
    "/v1/refunds/{refund_id}/bank-account",
    summary="Name the account that the money shall go to; the bank is asked about it",
    access=APPLICANT,
    path_model=RefundPath,
    body=AccountGiven,
    answers={200: RefundView},
    rate=RateLimit(10, 60.0),
    refusals=(RefundUnknown, OrderIsOut, SomeoneElseChangedIt),
)
async def give_bank_account(call: Call[AccountGiven, None, RefundPath]) -> RefundView:
    """Store the account; its number is sealed and only ever shown masked."""
    billing = call.app[BILLING]
    return await _view(
        billing, await billing.find(RefundService).give_account(call.caller, call.path.refund_id, call.body.payee())
    )


@api.post(
    "/v1/refunds/{refund_id}/papers",
    summary="Send what was asked for",
    access=APPLICANT,
    path_model=RefundPath,
    body=RefundAnswer,
    max_body_bytes=LARGEST_STATEMENT_BYTES,
    answers={200: RefundView},
    idempotent=True,
    refusals=(RefundUnknown, RefundStepNotNow, SomeoneElseChangedIt),
)
async def send_papers(call: Call[RefundAnswer, None, RefundPath]) -> RefundView:
    """Answer the office, which looks at the case again."""
    billing = call.app[BILLING]
    named = tuple(call.body.evidence_ids)
    case = await billing.find(RefundService).answer(
        call.caller, call.path.refund_id, call.body.note, call.command_id, named
    )
    return await _view(billing, case)


@api.post(
    "/v1/refunds/{refund_id}/resubmission",
    summary="Ask again after a refusal, with new proof",
    access=APPLICANT,
    path_model=RefundPath,
    body=RefundAnswer,
    max_body_bytes=LARGEST_STATEMENT_BYTES,
    answers={200: RefundView},
    idempotent=True,
    refusals=(RefundUnknown, RefundStepNotNow, SomeoneElseChangedIt),
)
async def resubmit_refund(call: Call[RefundAnswer, None, RefundPath]) -> RefundView:
    """Begin a refused case again."""
    billing = call.app[BILLING]
    named = tuple(call.body.evidence_ids)
    case = await billing.find(RefundService).resubmit(
        call.caller, call.path.refund_id, call.body.note, call.command_id, named
    )
    return await _view(billing, case)


@api.post(
    "/v1/refunds/{refund_id}/objection",
    summary="Object to a refusal",
    access=APPLICANT,
    path_model=RefundPath,
    body=RefundAnswer,
    max_body_bytes=LARGEST_STATEMENT_BYTES,
    answers={200: RefundView},
    idempotent=True,
    refusals=(RefundUnknown, RefundStepNotNow, ObjectionTooLate, SomeoneElseChangedIt),
)
async def object_to_refusal(call: Call[RefundAnswer, None, RefundPath]) -> RefundView:
    """Object to a refusal; headquarters looks again, and silence grants it."""
    billing = call.app[BILLING]
    named = tuple(call.body.evidence_ids)
    case = await billing.find(RefundService).object_to(
        call.caller, call.path.refund_id, call.body.note, call.command_id, named
    )
    return await _view(billing, case)


@api.post(
    "/v1/refunds/{refund_id}/withdrawal",
    summary="Take a request back that is not decided",
    access=PARTIES,
    path_model=RefundPath,
    answers={200: RefundView},
    idempotent=True,
    refusals=(
        RefundUnknown,
        NotYourOffice,
        RefundIsDecided,
        RefundOpenedByUs,
        RequestOfSomebodyElse,
        SomeoneElseChangedIt,
    ),
    description="For the applicant, or the officer who asked. The payment stays as it was; it can be asked back again.",
)
async def take_request_back(call: Call[None, None, RefundPath]) -> RefundView:
    """Take a request back; a repeat is no error."""
    service = call.app[BILLING].find(RefundService)
    return await _view_act(call, await service.take_back(call.caller, call.path.refund_id, call.command_id))


@api.post(
    "/v1/refunds/{refund_id}/credit",
    summary="Keep an approved refund as a credit for coming fees",
    access=APPLICANT,
    path_model=RefundPath,
    answers={200: RefundView},
    idempotent=True,
    refusals=(RefundUnknown, RefundStepNotNow, SomeoneElseChangedIt),
    description="Only until its payment is ordered. The credit can be paid out later.",
)
async def keep_refund_as_credit(call: Call[None, None, RefundPath]) -> RefundView:
    """Keep the money as a credit."""
    service = call.app[BILLING].find(RefundService)
    return await _view_act(call, await service.choose_credit(call.caller, call.path.refund_id, call.command_id))


@api.post(
    "/v1/refunds/{refund_id}/steps",
    summary="Take the step of a refund that is yours",
    access=OFFICERS,
    path_model=RefundPath,
    body=StepTaken,
    max_body_bytes=LARGEST_STATEMENT_BYTES,
    answers={200: RefundView},
    idempotent=True,
    refusals=(
        RefundUnknown,
        NotYourOffice,
        StepOfAnotherRole,
        AnotherPairOfEyes,
        AccountIsMissing,
        RuleUnknown,
        RefundStepNotNow,
        PaymentUnknownToSimponi,
        SomeoneElseChangedIt,
    ),
    description="Treasurers: find_complete, ask_papers, research. Office heads: recommend. The decider that the reason "
    "names: approve, refuse, credit. Headquarters: grant_objection, uphold_refusal. For research, approve and "
    "grant_objection SIMPONI is asked once more whether it knows the payment: `confirmation` tells how that stands, "
    "and the step counts with its yes.",
)
async def take_refund_step(call: Call[StepTaken, None, RefundPath]) -> RefundView:
    """Take a step of the case; every step is in the audit."""
    billing, body = call.app[BILLING], call.body
    details = StepDetails(body.rule, tuple(body.papers), body.note)
    case = await billing.find(RefundService).step(call.caller, call.path.refund_id, body.step, details, call.command_id)
    return await _view_act(call, case)


@api.get(
    GUIDE_PATH,
    summary="How money goes back: reasons, who decides, deadlines, rules",
    access=PUBLIC,
    query=GuideQuery,
    answers={200: RefundGuideView},
    other_media_types=(HTML,),
    description="For browsers a page in the language of the query, else of Accept-Language; JSON for everybody else.",
)
async def show_refund_guide(call: Call[None, GuideQuery]) -> Answer:
    """Show the public explanation."""
    service = call.app[BILLING].find(RefundService)
    guide = RefundGuideView.from_table(service.table, service.policy, service.today())
    if call.preferred(JSON, HTML) == JSON:
        return Answer(200, guide, headers={"Vary": VARIES})
    language = call.query.language or call.language
    headers = {"Vary": VARIES, "Content-Language": language, **PAGE_HEADERS}
    return Answer(200, guide_page(guide, language), headers=headers, media_type=HTML)


@api.get(
    "/v1/refund-statistics",
    summary="Report the outcomes of the refund cases that were opened in a period",
    access=REPORTED_TO,
    query=PeriodQuery,
    answers={200: RefundStatisticsView},
    refusals=(PeriodTooLong,),
)
async def show_refund_statistics(call: Call[None, PeriodQuery]) -> RefundStatisticsView:
    """Show the report on refund cases."""
    since, until = call.query.since, call.query.until
    return RefundStatisticsView.from_statistics(
        since, until, await call.app[BILLING].find(RefundService).statistics(call.caller, since, until)
    )
