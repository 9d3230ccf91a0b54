"""The code of a joint bill: asked for, taken over by its members, watched, and taken back. From deadlines only.

Each step can be repeated after a crash: SIMPONI gives the same code for the same reference, a member takes it over
once, and a code that is cancelled stays so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from services.billing.bills import model as bills
from services.billing.bills.model import Bill
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.context import UseCaseContext
from services.billing.joint_bills import model as joint_bills
from services.billing.joint_bills.model import JointBill, JointBillEnd
from services.billing.joint_bills.repository import JOINT_BILLS
from services.billing.joint_bills.states import JointBillState
from services.billing.payment import Payment
from services.billing.simponi import ALREADY_PAID, Simponi, SimponiBilling, SimponiLine, SimponiRefused
from shared.errors import UpstreamDown
from shared.logs import get_logger
from shared.store.decision import Decision
from shared.store.kinds import Record

log = get_logger(__name__)

Ask = Callable[[str], Awaitable[SimponiBilling | None]]
"""Asks SIMPONI about a code, within its budget of calls."""

TakePayments = Callable[[tuple[Payment, ...], str], Awaitable[None]]


class MemberIsPaid(Exception):
    """SIMPONI refuses to cancel a member's own code: there is money on it."""


class JointCodes:
    """Deadlines of joint bills."""

    def __init__(
        self, context: UseCaseContext, bills: BillRepository, simponi: Simponi, ask: Ask, take_payments: TakePayments
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._bills = bills
        self._simponi = simponi
        self._ask = ask
        self._take_payments = take_payments

    async def join_members(self, joint: JointBill) -> None:
        """Make every bill a member; a repeat changes nothing.

        Raises:
            CannotJoin: one cannot, by its id.
        """
        for member in joint.members:
            code = joint.code_of(member)
            await self._aggregates.change(BILLS, member.bill_id, lambda bill: bills.join(bill, code))  # noqa: B023

    async def ask_due(self, record: Record[JointBill]) -> None:
        """Ask for the code, let the members take it over, cancel their own codes, and only then tell of it."""
        joint = record.state
        try:
            if joint.billing_code is None:
                await self.join_members(joint)
                joint = await self._get_code(record)
            await self._replace_codes(joint)
        except UpstreamDown as down:
            log.warning("billing.joint_code_not_issued", joint_bill_id=record.id, reason=down.reason)
            await self._change(record.id, lambda state: joint_bills.ask_later(state, self._clock.now(), self._policy))
        except SimponiRefused as no:
            log.warning("billing.joint_code_refused", joint_bill_id=record.id, code=no.code)
            await self.end_now(record.id, JointBillEnd.REFUSED_BY_SIMPONI)
        except (bills.CannotJoin, MemberIsPaid):
            await self.end_now(record.id, JointBillEnd.MEMBER_CHANGED)
        else:
            await self._change(record.id, lambda state: joint_bills.issue(state, self._clock.now(), self._policy))
            await self._look_at(joint, "issue")

    async def _get_code(self, record: Record[JointBill]) -> JointBill:
        """Ask SIMPONI for the code and store it.

        Raises:
            UpstreamDown. SimponiRefused: also where the code that it gives is of another amount.
        """
        joint = record.state
        lines = [SimponiLine(member.bill_id, member.amount, member.description) for member in joint.members]
        description = f"Pembayaran bersama {len(lines)} tagihan paspor"
        billing = await self._simponi.issue(record.id, joint.amount, joint.expires_at, description, lines)
        if billing.amount != joint.amount:
            raise SimponiRefused("amount_differs")
        noted = await self._change(record.id, lambda state: joint_bills.note_code(state, billing.billing_code))
        return noted.state

    async def _replace_codes(self, joint: JointBill) -> None:
        """Let the members take the joint code over, then cancel their own at SIMPONI, all at the same time.

        Raises:
            CannotJoin. MemberIsPaid: its payment is taken first. UpstreamDown. SimponiRefused.
        """
        code = joint.billing_code
        if code is None:
            return
        taken = [await self._take_over(member.bill_id, joint.joint_bill_id, code) for member in joint.members]
        results = await asyncio.gather(*(self._cancel_own(bill) for bill in taken), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _take_over(self, bill_id: str, joint_bill_id: str, code: str) -> Bill:
        taken = await self._aggregates.change(
            BILLS, bill_id, lambda bill: bills.take_joint_code(bill, joint_bill_id, code)
        )
        return taken.state

    async def _cancel_own(self, bill: Bill) -> None:
        own = bill.billing_code or ""
        try:
            await self._simponi.cancel(own)
        except SimponiRefused as no:
            if no.code != ALREADY_PAID:
                raise
            await self._take_all(own, "poll")
            raise MemberIsPaid(bill.bill_id) from None

    async def poll_due(self, record: Record[JointBill]) -> None:
        """Poll the joint code: a lost notice is made up by the next poll."""
        with suppress(UpstreamDown):
            await self._look_at(record.state, "poll")
        await self._change(record.id, lambda state: joint_bills.polled(state, self._clock.now(), self._policy))

    async def expire_due(self, record: Record[JointBill]) -> None:
        """Begin to end a joint bill whose code is over."""
        await self._change(record.id, lambda state: joint_bills.end(state, JointBillEnd.EXPIRED, self._clock.now()))

    async def end_due(self, record: Record[JointBill]) -> None:
        """Take the code back at SIMPONI and let the members go; money on it is taken instead."""
        joint = record.state
        if joint.billing_code is not None and not await self._is_out_of_use(joint.billing_code):
            await self._change(record.id, lambda state: joint_bills.end_later(state, self._clock.now(), self._policy))
            return
        for member in joint.members:
            await self._aggregates.change(
                BILLS, member.bill_id, lambda bill: bills.leave_joint_bill(bill, record.id, self._clock.now())
            )
        await self._change(record.id, lambda state: joint_bills.ended(state, self._clock.now()))

    async def _is_out_of_use(self, billing_code: str) -> bool:
        """Cancel the code; return False while SIMPONI does not answer, or a bank's money on it is not booked yet."""
        try:
            await self._simponi.cancel(billing_code)
        except SimponiRefused as no:
            if no.code != ALREADY_PAID:
                return True
            try:
                return await self._take_all(billing_code, "poll")
            except UpstreamDown:
                return False
        except UpstreamDown:
            return False
        return True

    async def end_now(self, joint_bill_id: str, why: JointBillEnd) -> None:
        """Begin to end a joint bill; without a code that somebody might pay it has ended when this returns."""
        ending = await self._change(joint_bill_id, lambda state: joint_bills.end(state, why, self._clock.now()))
        if ending.state.state == JointBillState.ENDING and ending.state.billing_code is None:
            await self.end_due(ending)

    async def _look_at(self, joint: JointBill, learnt_by: str) -> None:
        if joint.billing_code is not None:
            await self._take_all(joint.billing_code, learnt_by)

    async def _take_all(self, billing_code: str, learnt_by: str) -> bool:
        """Take the payments of a code; return whether the treasury has booked all of them."""
        billing = await self._ask(billing_code)
        payments = billing.payments if billing is not None else ()
        await self._take_payments(payments, learnt_by)
        return all(payment.ntpn is not None for payment in payments)

    async def _change(
        self, joint_bill_id: str, decide: Callable[[JointBill], Decision[JointBill]]
    ) -> Record[JointBill]:
        return await self._aggregates.change(JOINT_BILLS, joint_bill_id, decide)
