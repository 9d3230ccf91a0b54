"""Use cases of joint bills that a person starts: open, read, cancel. No call waits for another agency."""

from __future__ import annotations

from services.billing.access import may_see
from services.billing.bills import model as bills
from services.billing.bills.code_requests import description_of
from services.billing.bills.model import Bill
from services.billing.bills.own_bill import OwnBills
from services.billing.bills.states import BillState
from services.billing.context import UseCaseContext
from services.billing.joint_bills import model as joint_bills
from services.billing.joint_bills.errors import (
    BillCannotBeJoined,
    BillEndsTooSoon,
    BillNamedTwice,
    JointBillIsOver,
    JointBillUnknown,
)
from services.billing.joint_bills.joint_codes import JointCodes
from services.billing.joint_bills.model import JointBill, JointBillEnd
from services.billing.joint_bills.repository import JOINT_BILLS, JointBillRepository
from services.billing.joint_bills.states import LIVE_JOINT_BILLS, JointBillState
from services.billing.rules import JOINT_BILL_LEAST_SHARE, seconds
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.tokens import Caller


class JointBillService:
    """Open, read and cancel joint bills of the caller's account."""

    def __init__(
        self,
        context: UseCaseContext,
        joint_bills: JointBillRepository,
        own_bills: OwnBills,
        codes: JointCodes,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._rules = context.rules
        self._joint_bills = joint_bills
        self._own_bills = own_bills
        self._codes = codes

    async def open(self, caller: Caller, bill_ids: tuple[str, ...], command_id: str) -> JointBill:
        """Open a joint bill of these bills; its code follows. A repeat of the command finds the same one.

        Raises:
            BillUnknown: one is not there, or it is another account's. BillNamedTwice. BillCannotBeJoined: one is paid,
                has ended, has no code yet, or is a member of another joint bill. BillEndsTooSoon.
        """
        joint_id = derived_id("joint bill", caller.account_id, command_id)
        known = await self._joint_bills.joint_bill(joint_id)
        if known is not None:
            return known.state
        twice = next((bill_id for bill_id in bill_ids if bill_ids.count(bill_id) > 1), None)
        if twice is not None:
            raise BillNamedTwice(field="/bill_ids", bill_id=twice)
        found = [(await self._own_bills.find(caller, bill_id)).state for bill_id in bill_ids]
        for bill in found:
            self._refuse_unless_joinable(bill)
        described = [(bill, description_of(bill)) for bill in found]
        opened = joint_bills.open_joint_bill(joint_id, caller.account_id, described, self._clock.now())
        await self._aggregates.insert(JOINT_BILLS, joint_id, opened)
        try:
            await self._codes.join_members(opened.state)
        except bills.CannotJoin as taken:
            await self._codes.end_now(joint_id, JointBillEnd.MEMBER_CHANGED)
            raise BillCannotBeJoined(field="/bill_ids", bill_id=str(taken)) from None
        return await self.joint_bill(caller, joint_id)

    def _refuse_unless_joinable(self, bill: Bill) -> None:
        if bill.joint is not None:
            raise BillCannotBeJoined(field="/bill_ids", bill_id=bill.bill_id, joint_bill_id=bill.joint.joint_bill_id)
        if bill.state != BillState.ISSUED or bill.payable_code is None or bill.expires_at is None:
            raise BillCannotBeJoined(field="/bill_ids", bill_id=bill.bill_id)
        least = self._rules.bill.validity_seconds // JOINT_BILL_LEAST_SHARE
        if bill.expires_at < self._clock.now() + seconds(least):
            raise BillEndsTooSoon(field="/bill_ids", bill_id=bill.bill_id, least_seconds=least)

    async def joint_bill(self, caller: Caller, joint_bill_id: str) -> JointBill:
        """Return a joint bill of the caller's account.

        Raises:
            JointBillUnknown
        """
        record = await self._joint_bills.joint_bill(joint_bill_id)
        if record is None or not may_see(caller, record.state.account_id):
            raise JointBillUnknown
        return record.state

    async def cancel(self, caller: Caller, joint_bill_id: str, command_id: str) -> JointBill:
        """Begin to end a joint bill; each of its bills then has a code of its own. A repeat changes nothing.

        Raises:
            JointBillUnknown. JointBillIsOver: it is paid or has ended otherwise.
        """
        joint = await self.joint_bill(caller, joint_bill_id)

        def decide(state: JointBill) -> Decision[JointBill]:
            if state.state == JointBillState.CANCELLED:
                return Decision(state)
            if state.state not in LIVE_JOINT_BILLS:
                raise JointBillIsOver(state=state.state.value)
            return joint_bills.end(state, JointBillEnd.BY_APPLICANT, self._clock.now())

        changed = await self._aggregates.change(JOINT_BILLS, joint.joint_bill_id, decide, received=command_id)
        return changed.state
