"""Payments that land at the deadline: billing alone, on a store in memory, against a scheduling that answers by lot.

One race is one bill and whatever its payer, the bank, SIMPONI and scheduling do around the last second of its code:
money in time, in the very second, or too late; once or twice; notices at once, late, twice, reordered or never; SIMPONI
silent at the deadline; seats that are there or not. All is drawn from the race's own number, so a number replays.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.bills.states import ENDED_BILLS, LIVE_BILLS, BillState
from services.billing.payment import Payment
from services.billing.receipts.model import Receipt, SimponiWord
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from shared.bus.dispatch import Outcome
from shared.clock import cut_to_milliseconds
from shared.events import billing as told
from shared.events.envelope import Envelope
from shared.service import NotYet
from shared.store.kinds import Kind
from shared.store.port import VersionConflict
from tests.scale import MONEY_RACES
from tests.sim.quick_store import QuickStore
from tests.unit.billing.world import APPOINTMENT, World, make_world

SEED_VARIABLE: Final = "PASPOR_MONEY_SEED"
"""Names one race to be run alone."""

OUTCOME_SECONDS: Final = 60.0
"""Late money ends within this long after it was learnt of in a seat, an offer or a refund case."""

GIVES_UP_SHARE: Final = 0.1
"""Of all races: the payer gives the seat up, or the application, within a tenth of a second of the payment."""

GIVES_UP_WITHIN_SECONDS: Final = 0.1
HELD_SHARE: Final = 0.2
"""Of all reads in such a race: others go on before the reader does."""

HELD_SECONDS: Final = 8.0
"""Whatever comes within this time may come between a read and the write that rests on it."""

FOUND_AGAIN: Final = "appointment-2"
"""The new appointment, by which a seat that was given up is the payer's again."""

SLOWEST_ANSWER_SECONDS: Final = 25.0
LATEST_NOTICE_SECONDS: Final = 900.0
WATCHED_SECONDS: Final = 2000
SETTINGS: Final = {
    "bill_validity_seconds": 660,
    "bill_watch_ended_seconds": WATCHED_SECONDS,
    "bill_poll_least_seconds": 100,
}
"""A short life of the code, a short watch after it and few looks: it is the last question that must find the money."""

MOST_STEPS: Final = 5000

RULES: Final = ("I3", "I4", "I5")

_OUTCOMES: Final = (told.BillPaid, told.RefundOpened)
Doing = Callable[[], Awaitable[Any]]


def races(part: int, parts: int) -> Iterator[int]:
    """This part's share of the races."""
    asked = os.environ.get(SEED_VARIABLE)
    if asked is not None:
        yield from ([int(asked)] if int(asked) % parts == part else [])
        return
    yield from range(part, MONEY_RACES, parts)


def replay(seed: int) -> str:
    """The command that runs one race again."""
    return f"{SEED_VARIABLE}={seed} ./paspor test sim -k money"


@dataclass
class Lot:
    """What is drawn for one race."""

    seed: int
    deltas: list[float]
    """Pay times in seconds from the code's end; above zero is too late."""
    amounts_differ: list[bool]
    ntb_first: list[bool]
    notices: list[list[float]]
    """For each payment the delays of its notices; none: it is lost, and only looking finds it."""
    silent_from: float
    silent_for: float
    released_late: bool
    rng: random.Random
    gives_up: str | None = None
    """Why the seat goes back at the moment of the payment, if it does."""
    gives_up_after: float = 0.0
    """Seconds from the payment; below zero is before it."""
    held: random.Random = field(default_factory=random.Random)
    """Decides between which read and write others go on."""


def draw(seed: int) -> Lot:
    """The race of that number."""
    rng = random.Random(seed)
    count = rng.choice((1, 1, 1, 2))
    lot = Lot(
        seed=seed,
        deltas=[rng.choice((0, 0, 1, -1, rng.randint(-90, 90), rng.randint(-600, 1800))) for _ in range(count)],
        amounts_differ=[rng.random() < 0.05 for _ in range(count)],
        ntb_first=[rng.random() < 0.15 for _ in range(count)],
        notices=[_notices(rng) for _ in range(count)],
        silent_from=rng.uniform(-300, 1300),
        silent_for=rng.choice((0, 0, 0, 30, 400, 1500)),
        released_late=rng.random() < 0.5,
        rng=rng,
    )
    return _given_up(lot, random.Random(f"gives up {seed}"))


def _given_up(lot: Lot, rng: random.Random) -> Lot:
    """A share of the races: paid once and in time, and given up at that moment."""
    if rng.random() >= GIVES_UP_SHARE:
        return lot
    return replace(
        lot,
        deltas=[-rng.randint(60, 300)],
        amounts_differ=[False],
        ntb_first=[False],
        notices=[rng.choice(([0.0], [rng.uniform(0, 2)], [0.0, rng.uniform(0, 2)]))],
        gives_up=rng.choice(("cancelled", "cancelled", "withdrawn")),
        gives_up_after=rng.uniform(-GIVES_UP_WITHIN_SECONDS, GIVES_UP_WITHIN_SECONDS),
        held=rng,
    )


def _notices(rng: random.Random) -> list[float]:
    kind = rng.choice(("lost", "at_once", "at_once", "late", "twice"))
    late = rng.uniform(0, LATEST_NOTICE_SECONDS)
    return {"lost": [], "at_once": [0.0], "late": [late], "twice": [0.5, late]}[kind]


@dataclass(order=True)
class _Planned:
    at: datetime
    number: int
    do: Doing = field(compare=False)


class Race:
    """One race on a world that is used for many."""

    def __init__(self, world: QuickWorld, lot: Lot) -> None:
        self.world, self.lot = world, lot
        self._plan: list[_Planned] = []
        self._numbers = 0
        self._heard = 0
        self._seat_is_held = True
        self._answered = False
        self._version = 1
        self._held = 0
        self.visit: str | None = None
        """The appointment that scheduling has confirmed."""
        self.told: list[tuple[datetime, Any]] = []
        self.payments: list[Payment] = []

    # the loop

    def at(self, moment: datetime, do: Doing) -> None:
        """Plan something."""
        self._numbers += 1
        soonest = max(cut_to_milliseconds(moment), self.world.clock.now())
        heapq.heappush(self._plan, _Planned(soonest, self._numbers, do))

    def after(self, seconds: float, do: Doing) -> None:
        """Plan something from now on."""
        self.at(self.world.clock.now() + timedelta(seconds=seconds), do)

    async def run(self) -> None:
        """From the held seat to where nothing is due any more."""
        bill = await self.world.issued_bill()
        self._hear()
        assert bill.expires_at is not None
        end = bill.expires_at
        self._plan_payments(bill, end)
        if self.lot.gives_up is not None:
            self.world.store.after_read = self._let_others_go_on
            moment = end + timedelta(seconds=self.lot.deltas[0] + self.lot.gives_up_after)
            self.at(moment, lambda: self._give_up(self.lot.gives_up or ""))
        if self.lot.silent_for:
            self.at(end + timedelta(seconds=self.lot.silent_from), self._silence)
            self.at(end + timedelta(seconds=self.lot.silent_from + self.lot.silent_for), self._speak)
        for _ in range(MOST_STEPS):
            moment = self._next()
            if moment is None:
                return
            self.world.clock.set(max(moment, self.world.clock.now()))
            while self._plan and self._plan[0].at <= self.world.clock.now():
                await heapq.heappop(self._plan).do()
                self._hear()
            await self._work()
            self._hear()
        raise AssertionError(f"race {self.lot.seed} never ends")

    async def _let_others_go_on(self) -> None:
        """Between a read and the write that rests on it: what comes next comes now, and takes effect as a whole."""
        if self._held or not self._plan or self.lot.held.random() >= HELD_SHARE:
            return
        until = self.world.clock.now() + timedelta(seconds=HELD_SECONDS)
        self._held += 1
        for _ in range(self.lot.held.choice((1, 1, 2, 4))):
            if not self._plan or self._plan[0].at > until:
                break
            planned = heapq.heappop(self._plan)
            self.world.clock.set(max(planned.at, self.world.clock.now()))
            await planned.do()
            self._hear()
        self._held -= 1

    async def _work(self) -> None:
        """Keep the deadlines that are due, as the worker does, but without its lanes: there are few documents."""
        store, clock = self.world.store, self.world.clock
        for kind in (BILLS, RECEIPTS):
            while (due := await store.claim_due(kind, now=clock.now(), owner="race", lease_seconds=30)) is not None:
                for name in due.names:
                    with contextlib.suppress(VersionConflict, NotYet):
                        await self.world.parts.deadlines[kind.name, name](due.record, name)

    def _next(self) -> datetime | None:
        due = [at for kind in (BILLS, RECEIPTS) if (at := self.world.store.next_due(kind)) is not None]
        return min([*due, *(each.at for each in self._plan[:1])], default=None)

    async def settle(self) -> None:
        """The day's settlement file: it alone tells of excess that came, unannounced, after the last look at a code.

        The first money of a code must be found without it.
        """
        known = {each.ntpn for each in self.world.all(RECEIPTS)}
        for payment in self.payments:
            if known and payment.ntpn not in known:
                await self.world.billing.payments.take(payment, "settlement", SimponiWord.FETCHED_SETTLEMENT)
        self._hear()

    async def _silence(self) -> None:
        self.world.simponi.down = True

    async def _speak(self) -> None:
        self.world.simponi.down = False

    # the payer, the bank and SIMPONI's notices

    def _plan_payments(self, bill: Bill, end: datetime) -> None:
        for number, delta in enumerate(self.lot.deltas):
            paid_at = end + timedelta(seconds=delta)
            wrong = self.lot.amounts_differ[number]
            payment = self.world.payment(bill, paid_at=paid_at, amount=bill.amount + wrong)
            self.payments.append(payment)
            learnable = paid_at
            if self.lot.ntb_first[number]:
                self.at(paid_at, lambda each=payment: self._bank_only(each))
                learnable = paid_at + timedelta(seconds=self.lot.rng.uniform(1, 600))
            self.at(learnable, lambda each=payment: self._arrives(each))
            for delay in self.lot.notices[number]:
                self.at(learnable + timedelta(seconds=delay), lambda each=payment: self.world.push(each))

    async def _bank_only(self, payment: Payment) -> None:
        unsettled = replace(payment, ntpn=None)
        self.world.simponi.add(unsettled)
        await self.world.push(unsettled)

    async def _arrives(self, payment: Payment) -> None:
        self.world.simponi.add(payment)

    # scheduling, by lot

    def _hear(self) -> None:
        new, self._heard = self.world.said[self._heard :], len(self.world.said)
        for envelope in new:
            self.told.append((self.world.clock.now(), envelope.data))
            self._answer(envelope)

    def _answer(self, envelope: Envelope) -> None:
        event = envelope.data
        if isinstance(event, told.BillExpired | told.BillCancelled | told.BillFailed):
            self._after_a_moment(self._release)
        elif isinstance(event, told.BillPaid):
            self._after_a_moment(lambda: self._confirm_or_seek(event.bill_id))
        elif isinstance(event, told.PaymentArrivedLate):
            self._after_a_moment(lambda: self._seek(event.bill_id))
        elif isinstance(event, told.SeatReleaseRequested):
            self._after_a_moment(lambda: self._release_for_refund(event.appointment_id))

    async def _give_up(self, reason: str) -> None:
        """The payer cancels the appointment, or withdraws the application; a certain visit is not given up so."""
        if self.visit is not None:
            return
        held, self._seat_is_held = self._seat_is_held, False
        version, now = self._newer(), self.world.clock.now()
        if reason == "withdrawn":
            self._soon(lambda: self._tell(lambda: self.world.withdrawn(at=now)))
        if held:
            self._soon(lambda: self._tell(lambda: self.world.released(reason, version=version)))

    async def _release_for_refund(self, appointment_id: str) -> None:
        if self.visit == appointment_id:
            self.visit = None
            version = self._newer()
            await self._tell(lambda: self.world.released("refund", appointment_id, version, was_confirmed=True))

    def _soon(self, do: Doing) -> None:
        """In a race that is given up, services hear of each other within moments."""
        self.after(self.lot.held.choice((0.02, 0.05, 0.3, 2.0)) * self.lot.held.random(), do)

    def _after_a_moment(self, do: Doing) -> None:
        if self.lot.gives_up is not None:
            self._soon(do)
            return
        self.after(self.lot.rng.uniform(0, SLOWEST_ANSWER_SECONDS / 2), do)

    def _newer(self) -> int:
        self._version += 1
        return self._version

    async def _release(self) -> None:
        if self._seat_is_held:
            self._seat_is_held = False
            await self._tell(lambda: self.world.released("bill_expired", version=self._newer()))

    async def _confirm_or_seek(self, bill_id: str) -> None:
        if self._answered:
            return
        if not self._seat_is_held:
            await self._seek(bill_id)
            return
        self._answered = True
        await self._confirm(bill_id, "paid")

    async def _seek(self, bill_id: str) -> None:
        if self._answered:
            return
        self._answered = True
        if self.lot.gives_up == "withdrawn":
            await self._tell(lambda: self.world.no_seat(bill_id))
            return
        if self.lot.gives_up is not None:
            await self._confirm(bill_id, "late_same_seat", FOUND_AGAIN)
            return
        way = self.lot.rng.choice(("same", "same", "offer_taken", "offer_ended", "none"))
        if way == "same":
            await self._tell(lambda: self.world.confirmed(bill_id, "late_same_seat", version=self._newer()))
        elif way == "none":
            await self._tell(lambda: self.world.no_seat(bill_id))
        else:
            await self._tell(lambda: self.world.offered(bill_id, 600))
            self.told.append((self.world.clock.now(), "offer"))
            taken = way == "offer_taken"
            self.after(self.lot.rng.uniform(1, 600), lambda: self._offer_over(bill_id, taken=taken))

    async def _offer_over(self, bill_id: str, *, taken: bool) -> None:
        if taken:
            await self._tell(
                lambda: self.world.confirmed(bill_id, "late_offer", "appointment-9", version=self._newer())
            )
        else:
            await self._tell(lambda: self.world.offer_ended(bill_id))

    async def _confirm(self, bill_id: str, cause: str, appointment_id: str = APPOINTMENT) -> None:
        """Scheduling's own write comes first; billing hears of it a moment later where seats are given up."""
        self.visit, version = appointment_id, self._newer()

        def say() -> Awaitable[Outcome]:
            return self.world.confirmed(bill_id, cause, appointment_id, version)

        if self.lot.gives_up is None:
            await self._tell(say)
        else:
            self._soon(lambda: self._tell(say))

    async def _tell(self, say: Callable[[], Awaitable[Outcome]]) -> None:
        """Deliver until it is taken, now and then once more than needed."""
        if await say() != Outcome.DONE:
            self.after(1.0, lambda: self._tell(say))
        elif self.lot.rng.random() < 0.2:
            await say()


async def run(world: QuickWorld, seed: int) -> list[str]:
    """Run one race on a clean slate of the world; what is wrong at its end, nothing if all is well."""
    world.store.forget()
    world.said.clear()
    world.simponi.codes.clear()
    world.simponi.down = False
    race = Race(world, draw(seed))
    try:
        await race.run()
        await race.settle()
    finally:
        world.store.after_read = None
    faults = [*_money_faults(race), *_bill_faults(race), *_slow_outcomes(race), *_visit_faults(race)]
    for name in RULES:
        report = await world.parts.invariants[name]()
        if not report.holds:
            faults.append(f"{name} broken by {report.broken}")
    return faults


def _money_faults(race: Race) -> list[str]:
    """Every rupiah that was paid is here and settles a bill or is on its way back."""
    receipts = {each.ntpn: each for each in race.world.all(RECEIPTS)}
    faults = []
    for payment in race.payments:
        receipt = receipts.get(payment.ntpn or "")
        if receipt is None:
            faults.append(f"payment {payment.ntpn} was never learnt of")
        elif receipt.state not in (ReceiptState.SETTLES_BILL, ReceiptState.IN_REFUND):
            faults.append(f"money {payment.ntpn} has no outcome: {receipt.state}")
        elif receipt.state == ReceiptState.IN_REFUND and not receipt.refund_recorded:
            faults.append(f"money {payment.ntpn} goes back without a case")
    return faults


def _bill_faults(race: Race) -> list[str]:
    """No bill is paid but expired: the first payment in time pays it, whatever was heard when."""
    faults = []
    for bill in race.world.all(BILLS):
        fitting = [each for each in race.payments if each.amount == bill.amount]
        in_time = [each for each in fitting if bill.expires_at and each.paid_at <= bill.expires_at]
        if bill.state in LIVE_BILLS:
            faults.append(f"bill {bill.bill_id} is still {bill.state}")
        if race.lot.gives_up == "withdrawn" and bill.state == BillState.CANCELLED:
            continue  # nobody waits for a seat any more; that the money goes back is a fault of money
        if in_time and bill.state != BillState.PAID and bill.standing != BillOutcome.REFUND:
            faults.append(f"paid in time, yet {bill.state} on {bill.standing}")
        if fitting and bill.state in ENDED_BILLS and bill.standing != BillOutcome.REFUND:
            faults.append(f"paid but {bill.state}: {bill.standing}")
        if bill.standing == BillOutcome.SEAT_SOUGHT:
            faults.append(f"bill {bill.bill_id} still seeks a seat")
    return faults


def _visit_faults(race: Race) -> list[str]:
    """I11, I12 for one visit: what scheduling has confirmed stands on money that is not on its way back."""
    if race.visit is None or race.lot.gives_up is None:
        return []
    receipts = {each.ntpn: each for each in race.world.all(RECEIPTS)}
    faults = []
    for bill in race.world.all(BILLS):
        money = receipts.get(bill.settled_by or "")
        if bill.standing != BillOutcome.APPOINTMENT or money is None or money.state != ReceiptState.SETTLES_BILL:
            stands = f"{bill.state} on {bill.standing}, its money {money.state if money else None}"
            faults.append(f"I11: visit {race.visit} is confirmed, its bill is {stands}")
        elif bill.seat is None or bill.seat.appointment_id != race.visit:
            faults.append(f"I14: visit {race.visit} is confirmed, its bill waits on {bill.seat}")
    return faults


def _slow_outcomes(race: Race) -> list[str]:
    """From the moment it was learnt of, late money waits no longer than a minute for a seat, an offer or a case."""
    receipts: list[Receipt] = race.world.all(RECEIPTS)
    first = min((each.learnt_at for each in receipts if each.learnt_by != "settlement"), default=None)
    ends = [at for at, event in race.told if event == "offer" or isinstance(event, _OUTCOMES)]
    if first is None or not race.payments:
        return []
    after = [at for at in ends if at >= first]
    if not after:
        return ["money was learnt of and nothing came of it"]
    waited = (min(after) - first).total_seconds()
    return [f"money waited {waited:.0f} s for its outcome"] if waited > OUTCOME_SECONDS else []


class QuickWorld(World):
    """Billing on the quick store."""

    store: QuickStore

    def all(self, kind: Kind[Any]) -> list[Any]:
        """Every state of a kind."""
        return self.store.states(kind)


def new_world() -> QuickWorld:
    """A world for many races."""
    usual = make_world(QuickStore(), **SETTINGS)
    usual.__class__ = QuickWorld
    assert isinstance(usual, QuickWorld)
    return usual
