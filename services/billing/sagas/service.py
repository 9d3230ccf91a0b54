"""Sagas: the state of an application's money, stuck steps, retries with a reason, and overrides by two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.billing.access import needs_office, refuse_unless_serves
from services.billing.bills import model as bills
from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.offices import BillOffices, office_of_bills
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.states import LIVE_BILLS, BillState
from services.billing.context import UseCaseContext
from services.billing.errors import SecondPersonNeeded
from services.billing.receipts.late_payments import LatePayments
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import RECEIPTS, ReceiptRepository
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import REFUNDS, RefundRepository
from services.billing.sagas import model as saga
from services.billing.sagas.errors import OverrideDecided, OverrideDoesNotFit, OverrideUnknown, SagaUnknown
from services.billing.sagas.explainer import Explainer
from services.billing.sagas.model import Act, Instance, Override, OverrideCommand, Position
from services.billing.sagas.repository import OVERRIDES, SagaRepository
from services.billing.store_part import states
from shared.audit import Audit
from shared.ids import derived_id
from shared.logs import get_logger
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller

log = get_logger(__name__)

PUSHED: Final[Mapping[str, tuple[str, ...]]] = {
    "bill": ("ask", "poll"),
    "receipt": ("drive", "outcome"),
    "refund": ("confirm", "book", "seat", "verify", "order", "track"),
}
"""Deadlines that a retry brings forward: questions and repeats, never an end."""


_GOING_BACK: Final = (ReceiptState.IN_REFUND, ReceiptState.REFUNDED)


@dataclass(frozen=True)
class ApplicationMoney:
    """The bills, receipts and refund cases of one application."""

    bills: Sequence[Bill]
    receipts: Sequence[Receipt]
    refunds: Sequence[Refund]


@dataclass(frozen=True)
class OverrideProposal:
    """A proposed override."""

    application_id: str
    act: Act
    target: str
    reason: str


@dataclass(frozen=True)
class SagaStatus:
    """A saga with its overrides."""

    instance: Instance
    overrides: Sequence[Override]


@dataclass(frozen=True)
class StuckStep:
    """A position past its limit, with its application if known."""

    application_id: str | None
    position: Position


class Sagas:
    """Show sagas, list stuck steps, retry them, and propose and decide overrides."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        sagas: SagaRepository,
        offices: BillOffices,
        explainer: Explainer,
        late_payments: LatePayments,
        audit: Audit,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policies = context.rules
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._queries = sagas
        self._offices = offices
        self._explainer = explainer
        self._late_payments = late_payments
        self._audit = audit

    async def saga(self, caller: Caller, application_id: str) -> SagaStatus:
        """Return the saga of an application.

        Raises:
            SagaUnknown. NotYourOffice: the application is another office's.
        """
        whole = await self._read_money(application_id)
        if not whole.bills and not whole.refunds:
            raise SagaUnknown
        refuse_unless_serves(caller, office_of_bills(list(whole.bills)))
        overrides = states(await self._queries.overrides_of(application_id))
        return SagaStatus(self._instance(application_id, whole), overrides)

    async def stuck(self, caller: Caller) -> list[StuckStep]:
        """Return all positions past their limit by more than the margin, the longest first. Read by indexes.

        For a treasurer, those of the offices that they serve.
        """
        now, margin = self._clock.now(), timedelta(seconds=saga.STUCK_MARGIN_SECONDS)
        before = now - margin
        found = [
            StuckStep(bill.payer.application_id, saga.bill_position(bill, self._policies.bill))
            for bill in states(await self._queries.bills_standing_still(before))
        ]
        for receipt in states(await self._queries.receipts_standing_still(before)):
            position = saga.receipt_position(receipt, self._policies.receipt)
            found.append(StuckStep(await self._application_of(receipt), position))
        refunds = states(await self._queries.refunds_standing_still(before))
        found += [StuckStep(refund.application_id, saga.refund_position(refund)) for refund in refunds]
        late = [item for item in found if item.position.is_stuck(now, margin)]
        if needs_office(caller):
            mine = {
                application_id: caller.serves(await self._offices.of_application(application_id))
                for application_id in _applications(late)
            }
            late = [item for item in late if item.application_id is not None and mine[item.application_id]]
        return sorted(late, key=lambda item: item.position.limit or now)

    async def retry(self, caller: Caller, application_id: str, reason: str, command_id: str) -> SagaStatus:
        """Bring the next questions and repeats of an application forward to now. Audited with its reason.

        Raises:
            SagaUnknown, NotYourOffice.
        """
        seen = await self.saga(caller, application_id)
        async with self._audit.doing(
            caller, "saga.retry", subject=application_id, reason=reason, command_id=command_id
        ) as doing:
            open_ones = [position for position in seen.instance.positions if position.step is not saga.StepName.OVER]
            for position in open_ones:
                await self._push(position)
            doing.detail = f"pushed_{len(open_ones)}"
        return await self.saga(caller, application_id)

    async def propose(self, caller: Caller, proposal: OverrideProposal, command_id: str) -> Override:
        """Propose an override; a second person must approve it. A repeat meets the first.

        Raises:
            SagaUnknown, NotYourOffice, OverrideDoesNotFit, OverrideNeedsReason.
        """
        whole = await self._read_money(proposal.application_id)
        if not whole.bills:
            raise SagaUnknown
        refuse_unless_serves(caller, office_of_bills(list(whole.bills)))
        override_id = derived_id("saga_override", command_id)
        known = await self._queries.override(override_id)
        if known is not None:
            return known.state
        if not any(_act_fits(proposal.act, bill) for bill in whole.bills if bill.bill_id == proposal.target):
            raise OverrideDoesNotFit
        await self._audit.note(
            caller,
            f"saga.propose_{proposal.act.value}",
            subject=proposal.application_id,
            reason=proposal.reason,
            override=True,
            command_id=command_id,
        )
        proposed = Override(
            override_id,
            proposal.application_id,
            proposal.act,
            proposal.target,
            proposal.reason,
            caller.account_id,
            self._clock.now(),
        )
        return await self._insert_or_find(proposed)

    async def decide(
        self, caller: Caller, application_id: str, override_id: str, *, approve: bool, command_id: str
    ) -> Override:
        """Approve or decline an override as the second person; an approved one is carried out at once.

        Raises:
            OverrideUnknown, NotYourOffice, OverrideDecided, SecondPersonNeeded.
        """
        record = await self._queries.override(override_id)
        if record is None or record.state.application_id != application_id:
            raise OverrideUnknown
        if needs_office(caller):
            refuse_unless_serves(caller, await self._offices.of_application(application_id))
        command = OverrideCommand.APPROVE if approve else OverrideCommand.DECLINE
        act = f"saga.{command.value}_{record.state.act.value}"
        reason = record.state.reason
        async with self._audit.doing(
            caller, act, subject=application_id, reason=reason, override=approve, command_id=command_id
        ):
            now = self._clock.now()

            def decide(override: Override) -> Decision[Override]:
                return Decision(saga.decided(override, command, caller.account_id, now))

            try:
                record = await self._aggregates.change(
                    OVERRIDES, override_id, decide, first=record, received=command_id
                )
            except saga.SamePerson:
                raise SecondPersonNeeded from None
            except IllegalTransition:
                raise OverrideDecided(state=record.state.state.value) from None
        if approve:
            record = await self.apply(record)
        return record.state

    async def apply(self, record: Record[Override]) -> Record[Override]:
        """Carry out an approved override; repeated after a crash, with the same outcome."""
        override = record.state
        if override.state != saga.OverrideState.APPROVED:
            return record
        try:
            done = await self._carry_out(override)
        except NotYet:
            done = False
        outcome = f"{override.act.value}_done" if done else "money_went_on_by_itself"
        log.info("billing.override", override_id=override.override_id, act=override.act.value, outcome=outcome)
        return await self._aggregates.change(
            OVERRIDES, override.override_id, lambda state: Decision(saga.ended(state, outcome, done=done))
        )

    async def _read_money(self, application_id: str) -> ApplicationMoney:
        known = states(await self._bills.bills_of(application_id))
        refunds = states(await self._refunds.refunds_of(application_id))
        return ApplicationMoney(known, await self._explainer.receipts(known), refunds)

    def _instance(self, application_id: str, whole: ApplicationMoney) -> Instance:
        return saga.instance(application_id, whole.bills, whole.receipts, whole.refunds, self._policies)

    async def _application_of(self, receipt: Receipt) -> str | None:
        bill = await self._bills.bill(receipt.bill_id) if receipt.bill_id else None
        return bill.state.payer.application_id if bill is not None else None

    async def _push(self, position: Position) -> None:
        kinds: Mapping[str, Kind[Any]] = {"bill": BILLS, "receipt": RECEIPTS, "refund": REFUNDS}
        now = self._clock.now()

        def decide(state: Any) -> Decision[Any]:
            return Decision(replace(state, due=brought_forward(state.due, PUSHED[position.about], now)))

        await self._aggregates.change(kinds[position.about], position.id, decide)

    async def _insert_or_find(self, proposed: Override) -> Override:
        record = await self._aggregates.insert(OVERRIDES, proposed.override_id, Decision(proposed))
        record = record or await self._queries.override(proposed.override_id)
        return record.state if record is not None else proposed

    async def _carry_out(self, override: Override) -> bool:
        """Do the act and return whether it took effect; nothing is done if the money has gone on by itself."""
        if override.act is Act.SEND_MONEY_BACK:
            await self._late_payments.no_seat(override.target)
            bill = await self._bills.bill(override.target)
            receipt = await self._receipts.receipt(bill.state.late_receipt_id or "") if bill is not None else None
            return receipt is not None and receipt.state.state in _GOING_BACK
        now, policy = self._clock.now(), self._policies.bill
        record = await self._aggregates.change(
            BILLS,
            override.target,
            lambda bill: bills.drop(bill, override.reason, now, policy) if bill.state in LIVE_BILLS else Decision(bill),
        )
        return record.state.state == BillState.CANCELLED and record.state.cause == override.reason


def _applications(late: Sequence[StuckStep]) -> set[str]:
    return {item.application_id for item in late if item.application_id is not None}


def brought_forward(due: Mapping[str, datetime], names: Sequence[str], now: datetime) -> Mapping[str, datetime]:
    """Return the deadlines with these names brought forward to now, if they are set."""
    return {name: min(at, now) if name in names else at for name, at in due.items()}


def _act_fits(act: Act, bill: Bill) -> bool:
    """Return whether the act applies to the bill in its current state."""
    if act is Act.SEND_MONEY_BACK:
        return bill.standing == BillOutcome.SEAT_SOUGHT
    return bill.live and bill.state != BillState.PAID_UNSETTLED
