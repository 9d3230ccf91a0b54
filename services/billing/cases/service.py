"""Use cases of cases that the treasurer and the operators start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.billing.access import needs_office, refuse_unless_serves
from services.billing.bills.claim_evidence import evidence_of_claims
from services.billing.bills.offices import BillOffices
from services.billing.bills.repository import BillRepository
from services.billing.cases import model as cases
from services.billing.cases.errors import (
    AnswerDoesNotFit,
    CaseIsClosed,
    CaseUnknown,
    OwnFileNotYours,
    SecondPersonMustAgree,
    TooManyCaseNotes,
)
from services.billing.cases.model import Case, CaseState, Decide
from services.billing.cases.repository import CASES, CaseRepository
from services.billing.context import UseCaseContext
from services.billing.receipts.repository import ReceiptRepository
from services.billing.store_part import states
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.store.decision import Decision
from shared.store.kinds import Range, Record
from shared.tokens import Caller

OF_A_PAYER: Final = frozenset({PaymentCaseKind.CLAIM_UNCONFIRMED, PaymentCaseKind.ARRIVED_ON_PROOF})
"""Cases that begin with a payer's word."""

MOST_PAGES: Final = 20
"""Pages of cases that are read to fill one answer for staff of some offices; what is left comes with the next call."""


@dataclass(frozen=True)
class CaseFilter:
    """Filter of cases: those of one application, or all open ones, the most urgent first."""

    application_id: str | None = None
    overdue: bool = False
    from_due: datetime | None = None
    limit: int = 50


class CaseService:
    """List, show, annotate and close cases."""

    def __init__(
        self,
        context: UseCaseContext,
        cases: CaseRepository,
        bills: BillRepository,
        receipts: ReceiptRepository,
        offices: BillOffices,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._cases = cases
        self._bills = bills
        self._receipts = receipts
        self._offices = offices

    async def cases(self, caller: Caller, wanted: CaseFilter) -> Sequence[Case]:
        """Return the matching cases of the offices that the caller serves, the most urgent first."""
        if wanted.application_id is not None:
            return await self._visible_to(caller, await self._cases.cases_of(wanted.application_id, wanted.limit))
        until = self._clock.now() + timedelta(milliseconds=1) if wanted.overdue else None
        if not needs_office(caller):
            return states(await self._cases.live_cases(Range(wanted.from_due, until), wanted.limit))
        return await self._live_cases_of_offices(caller, wanted, until)

    async def _live_cases_of_offices(
        self, caller: Caller, wanted: CaseFilter, until: datetime | None
    ) -> Sequence[Case]:
        found: dict[str, Case] = {}
        low = wanted.from_due
        size = wanted.limit
        for _ in range(MOST_PAGES):
            page = await self._cases.live_cases(Range(low, until), size)
            found |= {case.case_id: case for case in await self._visible_to(caller, page)}
            if len(page) < size or len(found) >= wanted.limit:
                break
            last = page[-1].state.due_at
            size = size * 2 if last == low else wanted.limit  # a page that all fell due in one moment is read whole
            low = last
        return list(found.values())[: wanted.limit]

    async def _visible_to(self, caller: Caller, records: Sequence[Record[Case]]) -> list[Case]:
        if not needs_office(caller):
            return states(records)
        return [case for case in states(records) if caller.serves(await self._office_of(case))]

    async def case(self, caller: Caller, case_id: str) -> Case:
        """Return one case.

        Raises:
            CaseUnknown. NotYourOffice: it is about another office's money, or about no office's.
        """
        record = await self._cases.case(case_id)
        if record is None:
            raise CaseUnknown
        if needs_office(caller):
            refuse_unless_serves(caller, await self._office_of(record.state))
        return record.state

    async def evidence_ids(self, case: Case) -> tuple[str, ...]:
        """Return the pictures that the payer of a case names in their claims; none where no payer says anything."""
        if case.kind not in OF_A_PAYER or case.subject.bill_id is None:
            return ()
        bill = await self._bills.bill(case.subject.bill_id)
        return evidence_of_claims(bill.state) if bill is not None else ()

    async def note(self, caller: Caller, case_id: str, text: str, command_id: str) -> Case:
        """Add a note to a case; it is then under investigation.

        Raises:
            CaseUnknown, NotYourOffice, CaseIsClosed, TooManyCaseNotes.
        """

        def decide(case: Case) -> Decision[Case]:
            _refuse_if_closed(case)
            if len(case.notes) >= cases.MOST_NOTES:
                raise TooManyCaseNotes(limit=cases.MOST_NOTES)
            return cases.note(case, caller.account_id, text, self._clock.now())

        return await self._change_case(caller, case_id, decide, command_id)

    async def close(
        self, caller: Caller, case_id: str, outcome: PaymentCaseOutcome, reason: str, command_id: str
    ) -> Case:
        """Close a case. An outcome that gives money up, or confirms it, needs a second person.

        The account that brought the settlement file of the case can neither propose nor confirm.

        Raises:
            CaseUnknown, NotYourOffice, CaseIsClosed, AnswerDoesNotFit, SecondPersonMustAgree, OwnFileNotYours.
        """

        def decide(case: Case) -> Decision[Case]:
            _refuse_if_closed(case)
            return cases.answer(case, outcome, caller.account_id, reason, self._clock.now())

        try:
            return await self._change_case(caller, case_id, decide, command_id)
        except cases.CaseNeedsSecondPerson:
            raise SecondPersonMustAgree(outcome=outcome.value) from None
        except cases.BroughtByThem:
            raise OwnFileNotYours from None
        except cases.OutcomeDoesNotFit:
            kind = (await self.case(caller, case_id)).kind
            raise AnswerDoesNotFit(fitting=sorted(outcome.value for outcome in cases.OUTCOMES[kind])) from None

    async def _office_of(self, case: Case) -> str | None:
        """Return the office of the bill, the application or the receipt that a case is about."""
        about = case.subject
        office = await self._offices.of_bill_id(about.bill_id)
        office = office or await self._offices.of_application(about.application_id)
        if office is not None or about.ntpn is None:
            return office
        receipt = await self._receipts.receipt(about.ntpn)
        return await self._offices.of_bill_id(receipt.state.bill_id) if receipt is not None else None

    async def _change_case(self, caller: Caller, case_id: str, decide: Decide, command_id: str) -> Case:
        await self.case(caller, case_id)
        return (await self._aggregates.change(CASES, case_id, decide, received=command_id)).state


def _refuse_if_closed(case: Case) -> None:
    if case.state == CaseState.CLOSED:
        raise CaseIsClosed(outcome=case.outcome.value if case.outcome else None)
