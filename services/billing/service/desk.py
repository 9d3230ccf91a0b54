"""What people ask of billing over HTTP: reading, a new code, giving up, proof of payment. Nothing waits outside."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.billing.domain import bill as bills
from services.billing.domain.bill import Bill, Claim, Purpose, RenewalState, Standing
from services.billing.domain.policy import JAKARTA, Policies
from services.billing.domain.receipt import Receipt
from services.billing.domain.refund import Refund
from services.billing.domain.states import BillState, Decision
from services.billing.domain.tariff import NoTariffInForce, Tariff, TariffBook, ZeroTariff
from services.billing.errors import (
    AnotherBillIsLive,
    BillCannotBeRenewed,
    BillHasEnded,
    BillIsPaid,
    BillStillPayable,
    BillUnknown,
    MoneyIsBeingPlaced,
    MoneyIsOnItsWay,
    NoCodeToPay,
    NoTariffThatDay,
    RefundUnknown,
    SeatIsGone,
    TooManyClaims,
)
from services.billing.repository import BILLS, Repository, states
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.tokens import Caller, Role

MOST_CLAIMS: Final = 5
"""Claims looked into per bill."""

BY_APPLICANT: Final = "by_applicant"


class Desk:
    """The use cases that a person starts."""

    def __init__(self, repository: Repository, clock: Clock, policies: Policies, tariffs: TariffBook) -> None:
        self._repository = repository
        self._clock = clock
        self._policy = policies.bill
        self._tariffs = tariffs

    def tariff(self, on: date | None) -> tuple[date, Tariff, list[ZeroTariff]]:
        """The tariff of a day (today in Jakarta if none is named) with its zero tariffs.

        Raises:
            NoTariffThatDay: the day lies before the first tariff.
        """
        day = on or self._clock.now().astimezone(JAKARTA).date()
        try:
            return day, self._tariffs.in_force(day), self._tariffs.zero_tariffs_on(day)
        except NoTariffInForce:
            raise NoTariffThatDay from None

    async def bill(self, caller: Caller, bill_id: str) -> Bill:
        """One bill.

        Raises:
            BillUnknown: there is none, or it is another account's.
        """
        return (await self._own_bill(caller, bill_id)).state

    async def bills(self, caller: Caller, application_id: str) -> list[Bill]:
        """The bills of an application that the caller may see, oldest first."""
        found = states(await self._repository.bills_of(application_id))
        return [bill for bill in found if _may_see(caller, bill.payer.account_id)]

    async def renew(self, caller: Caller, bill_id: str, command_id: str) -> Bill:
        """Ask for a new code and the same seat, without typing anything again (F55).

        Raises:
            BillStillPayable, MoneyIsOnItsWay, BillIsPaid, MoneyIsBeingPlaced, AnotherBillIsLive, SeatIsGone,
                BillCannotBeRenewed.
        """
        record = await self._own_bill(caller, bill_id)
        application_id = record.state.payer.application_id
        application = await self._repository.application(application_id)
        withdrawn = application is not None and application.withdrawn
        others = [each for each in states(await self._repository.bills_of(application_id)) if each.bill_id != bill_id]

        def decide(bill: Bill) -> Decision[Bill]:
            _refuse_renewal(bill, others, withdrawn=withdrawn)
            return bills.ask_renewal(bill, self._clock.now(), self._policy)

        changed = await self._repository.change(BILLS, bill_id, decide, first=record, received=command_id)
        return changed.state

    async def cancel(self, caller: Caller, bill_id: str, command_id: str) -> Bill:
        """Give an unpaid bill up; its seat goes back. A repeat finds it given up.

        Raises:
            MoneyIsOnItsWay, BillIsPaid, BillHasEnded.
        """
        record = await self._own_bill(caller, bill_id)

        def decide(bill: Bill) -> Decision[Bill]:
            if bill.state == BillState.CANCELLED:
                return Decision(bill)
            _refuse_cancellation(bill)
            return bills.cancel(bill, BY_APPLICANT, self._clock.now(), self._policy)

        changed = await self._repository.change(BILLS, bill_id, decide, first=record, received=command_id)
        return changed.state

    async def claim(
        self, caller: Caller, bill_id: str, ntpn: str | None, ntb: str | None, command_id: str
    ) -> tuple[Bill, Claim]:
        """Take a payer's word that they have paid: the code is looked at at once (F57).

        Raises:
            NoCodeToPay, TooManyClaims.
        """
        record = await self._own_bill(caller, bill_id)
        claim_id = derived_id("claim", command_id)

        def decide(bill: Bill) -> Decision[Bill]:
            if _same_claim(bill, claim_id, ntpn, ntb) is not None:
                return Decision(bill)
            if bill.billing_code is None:
                raise NoCodeToPay
            if len(bill.claims) >= MOST_CLAIMS:
                raise TooManyClaims(limit=MOST_CLAIMS)
            now = self._clock.now()
            return bills.claim(bill, Claim(claim_id, now, ntpn, ntb), now, self._policy)

        changed = await self._repository.change(BILLS, bill_id, decide, first=record, received=command_id)
        kept = _same_claim(changed.state, claim_id, ntpn, ntb)
        if kept is None:
            raise NoCodeToPay
        return changed.state, kept

    async def refund(self, caller: Caller, refund_id: str) -> Refund:
        """One refund case.

        Raises:
            RefundUnknown: there is none, or it is another account's.
        """
        record = await self._repository.refund(refund_id)
        if record is None or not _may_see(caller, record.state.account_id):
            raise RefundUnknown
        return record.state

    async def refunds(self, caller: Caller, application_id: str) -> list[Refund]:
        """The refund cases of an application that the caller may see, oldest first."""
        found = states(await self._repository.refunds_of(application_id))
        return [case for case in found if _may_see(caller, case.account_id)]

    async def receipts(self, bill_id: str) -> list[Receipt]:
        """The receipts of a bill's codes, for the treasurer."""
        return states(await self._repository.receipts_of(bill_id))

    async def _own_bill(self, caller: Caller, bill_id: str) -> Record[Bill]:
        record = await self._repository.bill(bill_id)
        if record is None or not _may_see(caller, record.state.payer.account_id):
            raise BillUnknown
        return record


def _may_see(caller: Caller, account_id: str | None) -> bool:
    return caller.role != Role.APPLICANT or caller.account_id == account_id


def _same_claim(bill: Bill, claim_id: str, ntpn: str | None, ntb: str | None) -> Claim | None:
    return next(
        (each for each in bill.claims if each.claim_id == claim_id or (each.ntpn, each.ntb) == (ntpn, ntb)), None
    )


def _refuse_if_paid(bill: Bill) -> None:
    if bill.state == BillState.PAID_UNSETTLED:
        raise MoneyIsOnItsWay
    if bill.state == BillState.PAID:
        raise BillIsPaid


def _refuse_renewal(bill: Bill, others: list[Bill], *, withdrawn: bool) -> None:
    _refuse_if_paid(bill)
    if bill.live:
        raise BillStillPayable
    if bill.standing == Standing.SEAT_SOUGHT:
        raise MoneyIsBeingPlaced
    if bill.purpose != Purpose.FEE or withdrawn or bill.state in (BillState.WAIVED, BillState.SUPERSEDED):
        raise BillCannotBeRenewed(state=bill.state.value)
    asked = bill.renewal
    if asked is not None and asked.state == RenewalState.REFUSED:
        raise SeatIsGone(reason=asked.reason)
    if asked is not None and asked.state == RenewalState.GRANTED:
        raise BillCannotBeRenewed(renewed_by=asked.bill_id)
    live = next((each for each in others if each.live and each.purpose == bill.purpose), None)
    if live is not None:
        raise AnotherBillIsLive(bill_id=live.bill_id)


def _refuse_cancellation(bill: Bill) -> None:
    _refuse_if_paid(bill)
    if not bill.live:
        raise BillHasEnded(state=bill.state.value)
