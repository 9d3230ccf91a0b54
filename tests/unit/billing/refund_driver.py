"""Drives refund cases as payers and staff do: the callers, and a method for each step."""

from __future__ import annotations

from typing import Any

from services.billing.bills.model import Bill
from services.billing.refunds.model import Refund
from services.billing.refunds.service import NewRefund, StepDetails
from services.billing.refunds.treasury import Payee
from services.billing.rules import RefundPolicy
from shared.events import scheduling
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role
from tests.unit.billing.world import ACCOUNT, World, make_world

OWNER = Caller(ACCOUNT, Role.APPLICANT, "s")
STRANGER = Caller("account-9", Role.APPLICANT, "s")
TREASURER = Caller("treasurer-1", Role.TREASURER, "s", "office-1")
HEAD = Caller("head-1", Role.OFFICE_ADMIN, "s", "office-1")
OPERATOR = Caller("operator-1", Role.OPERATOR, "s")
SECOND = Caller("operator-2", Role.OPERATOR, "s")
PAYEE = Payee("002", "1234567890", "Siti Contoh")
DAY = 86_400
POLICY = RefundPolicy()


class RefundDriver:
    """A world with a caller for every step of a refund."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.service = world.billing.refunds
        self.commands = 0

    def command(self) -> str:
        self.commands += 1
        return f"command-{self.commands}"

    async def paid_bill(self) -> Bill:
        """A bill that is paid in time and has its visit."""
        bill = await self.world.issued_bill()
        await self.world.pay(bill)
        await self.world.confirmed(bill.bill_id, "paid")
        return self.world.bill()

    async def ask(self, bill: Bill, reason: str = "agent_error", caller: Caller = OWNER, **words: Any) -> Refund:
        case: Refund = await self.service.request(
            caller, NewRefund(bill.bill_id, reason, "the bank took it twice", **words), self.command()
        )
        return case

    async def account(self, case: Refund, caller: Caller = OWNER) -> Refund:
        given: Refund = await self.service.give_account(caller, case.refund_id, PAYEE)
        await self.world.work()
        return self.case(given)

    async def step(self, case: Refund, caller: Caller, name: str, **words: Any) -> Refund:
        await self.service.step(caller, case.refund_id, name, StepDetails(**words), self.command())
        return await self.world.simponi_answers(case.refund_id)

    async def recommended(self, case: Refund) -> Refund:
        """With its account, looked into and recommended."""
        await self.account(case)
        await self.step(case, TREASURER, "find_complete")
        await self.step(case, TREASURER, "research")
        return await self.step(case, HEAD, "recommend")

    async def approved(self, case: Refund) -> Refund:
        await self.recommended(case)
        return await self.step(case, OPERATOR, "approve")

    def case(self, case: Refund) -> Refund:
        return next(refund for refund in self.world.refunds() if refund.refund_id == case.refund_id)

    async def released(self) -> None:
        """Scheduling gives the seat back, as it was asked."""
        await self.world.released("refund_approved", version=9, was_confirmed=True)

    async def refuses_release(self, case: Refund, reason: str) -> None:
        facts = {name: self.world.visit()[name] for name in KEYS}
        await self.world.hear(scheduling.ReleaseRefused(**facts, refund_id=case.refund_id, reason=reason))

    def states(self) -> list[str]:
        return [event.state for event in self.world.heard("RefundMoved")]


KEYS = ("appointment_id", "application_id", "account_id", "person_id", "office_id")


def make_driver(store: MemoryStore | None = None, **settings: Any) -> RefundDriver:
    return RefundDriver(make_world(store, **settings))
