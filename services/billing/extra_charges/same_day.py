"""Bills that no seat waits on: a new code for what is owed, and the surcharge for a passport on the same day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from services.billing.bills import model as bills
from services.billing.bills.model import Bill, Purpose, Seat, Standing
from services.billing.bills.own_bill import Counter
from services.billing.errors import (
    CutOffPassed,
    NotTheDayOfTheVisit,
    NotYourOffice,
    NoVisitToHurry,
    SameDayPlaceNeeded,
)
from services.billing.extra_charges.correction import paid_fee
from services.billing.repositories import BILLS, Missing, states
from services.billing.rules import JAKARTA, cut_off
from services.billing.states import BillState, Decision
from services.billing.tariffs.model import LineCode, same_day_price
from shared.errors import NotFound
from shared.events.scheduling import SameDaySeatReserved
from shared.ids import derived_id
from shared.service import NotYet
from shared.store.kinds import Record
from shared.tokens import Caller

log = structlog.get_logger()

OWED: Final = frozenset({Purpose.TOP_UP, Purpose.PENALTY})
"""What the passport waits for: it cannot be given up, and has a new code at any time."""

_OVER: Final = frozenset({BillState.EXPIRED, BillState.FAILED, BillState.CANCELLED, BillState.SUPERSEDED})


def _going_on(known: Sequence[Bill]) -> Bill | None:
    """The surcharge that is paid, or can be, for a place that is still there."""
    surcharges = [each for each in known if each.purpose == Purpose.SAME_DAY and each.state not in _OVER]
    return next((each for each in surcharges if each.live or bills.bought(each)), None)


class AsideDesk(Counter):
    """The use cases of bills that no seat waits on."""

    async def ask_same_day(self, caller: Caller, application_id: str) -> Bill:
        """The surcharge for a visitor who is at the office and has paid the fee; unpaid, the visit stays regular (F74).

        Its bill is made when scheduling has taken a place in the day's quota (:meth:`hurry`); asking meets that bill.

        Raises:
            NotFound, NotYourOffice, NoVisitToHurry, NotTheDayOfTheVisit, CutOffPassed, SameDayPlaceNeeded.
        """
        known = states(await self._repository.bills_of(application_id))
        if not known:
            raise NotFound
        fee = paid_fee(known)
        if fee is None or fee.seat is None or fee.standing != Standing.APPOINTMENT:
            raise NoVisitToHurry
        if fee.seat.office_id != caller.office_id:
            raise NotYourOffice
        if any(line.code == LineCode.SAME_DAY.value for line in fee.price.lines):
            raise NoVisitToHurry
        going_on = _going_on(known)
        if going_on is not None:
            return going_on
        self._refuse_time(fee.seat)
        raise SameDayPlaceNeeded(appointment_id=fee.seat.appointment_id)

    def _refuse_time(self, seat: Seat) -> None:
        now, zone = self._clock.now(), ZoneInfo(seat.timezone)
        day = seat.starts_at.astimezone(zone).date()
        until = cut_off(day, self._policy.same_day_pay_until)
        if now.astimezone(zone).date() != day:
            raise NotTheDayOfTheVisit(date=day.isoformat())
        if now >= until:
            raise CutOffPassed(cut_off=until.astimezone(zone).isoformat())

    async def hurry(self, event: SameDaySeatReserved, received: str) -> None:
        """A visit has a place in today's same-day quota: bill its surcharge, once. Unpaid in time, the place goes back.

        Raises:
            NotYet: that the fee is paid and its visit certain has not been heard of here.
        """
        known = states(await self._repository.bills_of(event.application_id))
        fee = paid_fee(known)
        if fee is None or fee.standing is None:
            raise NotYet(f"no paid visit of application {event.application_id} is known")
        if fee.standing != Standing.APPOINTMENT or _going_on(known) is not None:
            log.info("billing.surcharge_not_needed", application_id=event.application_id)
            return
        now = self._clock.now()
        decision = bills.request(
            derived_id("bill", Purpose.SAME_DAY.value, event.reservation_id),
            fee.payer,
            Purpose.SAME_DAY,
            same_day_price(await self._tariffs.book(), now.astimezone(JAKARTA).date()),
            None,
            now,
            self._policy,
            pay_until=event.pay_until,
            timezone=event.office_timezone,
            reservation_id=event.reservation_id,
        )
        await self._repository.insert(BILLS, decision.state.bill_id, decision, received=received)

    async def _renew_owed(self, record: Record[Bill]) -> Bill:
        """A new bill of the same price for what is owed still; the ended one gives way to it."""
        old, now = record.state, self._clock.now()
        new_id = derived_id("bill", record.id, "again")
        again = bills.request(
            new_id,
            old.payer,
            old.purpose,
            old.price,
            None,
            now,
            self._policy,
            replaces_bill_id=record.id,
            timezone=old.timezone,
        )
        await self._written(new_id, again)
        changed = await self._repository.change(BILLS, record.id, lambda bill: self._replaced(bill, new_id))
        return changed.state

    def _replaced(self, bill: Bill, new_id: str) -> Decision[Bill]:
        if bill.state not in (BillState.EXPIRED, BillState.FAILED):
            return Decision(bill)
        now = self._clock.now()
        granted = bills.renewal_granted(bill, new_id, now).state
        return bills.supersede(granted, new_id, now, self._policy)

    async def _written(self, bill_id: str, decision: Decision[Bill]) -> Bill:
        await self._repository.insert(BILLS, bill_id, decision)
        record = await self._repository.bill(bill_id)
        if record is None:
            raise Missing(f"bill {bill_id}")
        return record.state
