"""What the treasurer and the operators do about cases and settlement files."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.billing.access import Offices, needs_office, refuse_unless_serves, refuse_unless_serves_all
from services.billing.cases import model as cases
from services.billing.cases.model import Case, CaseOutcome, CaseState, Decide
from services.billing.errors import (
    AnswerDoesNotFit,
    CaseIsClosed,
    CaseUnknown,
    OwnFileNotYours,
    SecondPersonMustAgree,
    SettlementFileBrokeOff,
    SettlementFileDoesNotAddUp,
    SettlementFileHasWrongLine,
    SettlementSignatureWrong,
    SettlementUnknown,
    TooManyCaseNotes,
)
from services.billing.repositories import CASES, Repository, states
from services.billing.settlement.model import FileNotSigned, FileTampered, FileTruncated, FileUnreadable, Settlement
from services.billing.settlement.reconciliation import Settling
from services.billing.states import Decision
from shared.clock import Clock
from shared.store.kinds import Range, Record
from shared.tokens import Caller

MOST_FILES: Final = 100
"""Settlement files in one answer."""

MOST_PAGES: Final = 20
"""Pages of cases that are read to fill one answer for staff of some offices; what is left comes with the next call."""


@dataclass(frozen=True)
class CaseWish:
    """Which cases are wanted: of one application, or those without an answer, the most urgent first."""

    application_id: str | None = None
    overdue: bool = False
    from_due: datetime | None = None
    limit: int = 50


class CaseDesk:
    """The use cases of cases and settlement files that a person starts."""

    def __init__(self, repository: Repository, settling: Settling, clock: Clock) -> None:
        self._repository = repository
        self._settling = settling
        self._clock = clock
        self._offices = Offices(repository)

    async def cases(self, caller: Caller, wish: CaseWish) -> Sequence[Case]:
        """The cases that are wanted, of the offices that the caller serves; overdue ones are the operators' list
        (F57).
        """
        if wish.application_id is not None:
            return await self._of_callers(caller, await self._repository.cases_of(wish.application_id, wish.limit))
        until = self._clock.now() + timedelta(milliseconds=1) if wish.overdue else None
        if not needs_office(caller):
            return states(await self._repository.live_cases(Range(wish.from_due, until), wish.limit))
        return await self._live_of_callers(caller, wish, until)

    async def _live_of_callers(self, caller: Caller, wish: CaseWish, until: datetime | None) -> Sequence[Case]:
        found: dict[str, Case] = {}
        low = wish.from_due
        size = wish.limit
        for _ in range(MOST_PAGES):
            page = await self._repository.live_cases(Range(low, until), size)
            found |= {each.case_id: each for each in await self._of_callers(caller, page)}
            if len(page) < size or len(found) >= wish.limit:
                break
            last = page[-1].state.due_at
            size = size * 2 if last == low else wish.limit  # a page that all fell due in one moment is read whole
            low = last
        return list(found.values())[: wish.limit]

    async def _of_callers(self, caller: Caller, records: Sequence[Record[Case]]) -> list[Case]:
        if not needs_office(caller):
            return states(records)
        return [each for each in states(records) if caller.serves(await self._offices.of_case(each))]

    async def case(self, caller: Caller, case_id: str) -> Case:
        """One case.

        Raises:
            CaseUnknown. NotYourOffice: it is about another office's money, or about no office's.
        """
        record = await self._repository.case(case_id)
        if record is None:
            raise CaseUnknown
        if needs_office(caller):
            refuse_unless_serves(caller, await self._offices.of_case(record.state))
        return record.state

    async def note(self, caller: Caller, case_id: str, text: str, command_id: str) -> Case:
        """Write down what was found; from then on somebody is looking.

        Raises:
            CaseUnknown, NotYourOffice, CaseIsClosed, TooManyCaseNotes.
        """

        def decide(case: Case) -> Decision[Case]:
            _refuse_if_closed(case)
            if len(case.notes) >= cases.MOST_NOTES:
                raise TooManyCaseNotes(limit=cases.MOST_NOTES)
            return cases.note(case, caller.account_id, text, self._clock.now())

        return await self._decided(caller, case_id, decide, command_id)

    async def close(self, caller: Caller, case_id: str, outcome: CaseOutcome, reason: str, command_id: str) -> Case:
        """Answer a case; where money is given up, or said to be there, a second person says the same. Never whoever
        brought the file that it came from.

        Raises:
            CaseUnknown, NotYourOffice, CaseIsClosed, AnswerDoesNotFit, SecondPersonMustAgree, OwnFileNotYours.
        """

        def decide(case: Case) -> Decision[Case]:
            _refuse_if_closed(case)
            return cases.answer(case, outcome, caller.account_id, reason, self._clock.now())

        try:
            return await self._decided(caller, case_id, decide, command_id)
        except cases.SecondPersonNeeded:
            raise SecondPersonMustAgree(outcome=outcome.value) from None
        except cases.BroughtByThem:
            raise OwnFileNotYours from None
        except cases.OutcomeDoesNotFit:
            kind = (await self.case(caller, case_id)).kind
            raise AnswerDoesNotFit(fitting=sorted(each.value for each in cases.OUTCOMES[kind])) from None

    async def _decided(self, caller: Caller, case_id: str, decide: Decide, command_id: str) -> Case:
        await self.case(caller, case_id)
        return (await self._repository.change(CASES, case_id, decide, received=command_id)).state

    async def upload(self, caller: Caller, pieces: AsyncIterable[bytes], signature: str | None) -> Settlement:
        """Take a settlement file that a treasurer brings; the same content again meets the first. With SIMPONI's
        signature it is SIMPONI's word, else a claim: SIMPONI is asked about each payment that is new here.

        Raises:
            NotYourOffice: a file shows the money of every office.
            SettlementFileBrokeOff, SettlementFileDoesNotAddUp, SettlementFileHasWrongLine, SettlementSignatureWrong:
                nothing of it counts.
        """
        refuse_unless_serves_all(caller)
        try:
            return await self._settling.take_file(pieces, caller.account_id, signature=signature)
        except FileNotSigned:
            raise SettlementSignatureWrong from None
        except FileTruncated as broken:
            raise SettlementFileBrokeOff(line=broken.line) from None
        except FileTampered as broken:
            raise SettlementFileDoesNotAddUp(line=broken.line) from None
        except FileUnreadable as broken:
            raise SettlementFileHasWrongLine(line=broken.line) from None

    async def settlements(self, caller: Caller, since: date | None, until: date | None) -> Sequence[Settlement]:
        """The settlement files of some days, newest first.

        Raises:
            NotYourOffice: a file shows the money of every office.
        """
        refuse_unless_serves_all(caller)
        high = until + timedelta(days=1) if until is not None else None
        return states(await self._repository.settlements_of(Range(since, high), MOST_FILES))

    async def settlement(self, caller: Caller, settlement_id: str) -> Settlement:
        """One settlement file.

        Raises:
            SettlementUnknown. NotYourOffice: a file shows the money of every office.
        """
        refuse_unless_serves_all(caller)
        record = await self._repository.settlement(settlement_id)
        if record is None:
            raise SettlementUnknown
        return record.state


def _refuse_if_closed(case: Case) -> None:
    if case.state == CaseState.CLOSED:
        raise CaseIsClosed(outcome=case.outcome.value if case.outcome else None)
