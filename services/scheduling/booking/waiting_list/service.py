"""The waiting list: a seat that was given up is offered to the oldest entry that it fits, before it is free for all.

Two documents again: the seat, claimed under a fresh token for an appointment that is not there, and the entry, whose
write is the offer. The order is: read the entry, claim the seat, write the entry. A claim that no entry knows is undone
after the entry was touched, so that an offer to the entry as it was read before cannot be written. A taken offer
becomes an appointment by the rules of a hold: before its seat goes back, its id is buried under a tombstone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

from services.scheduling.applications import ApplicationRepository
from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.limits import Act
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.booking_path import refuse_foreign_application
from services.scheduling.booking.appointments.errors import BeingMoved, PersonHasAppointment
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.seats.invariants import MOST_NAMED
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, SeatStatus, slot_of
from services.scheduling.booking.waiting_list import entry as waiting
from services.scheduling.booking.waiting_list.entry import (
    HAS_OFFER,
    SeatOffer,
    Waiting,
    WaitingEnd,
    WaitingStatus,
)
from services.scheduling.booking.waiting_list.errors import (
    AlreadyWaiting,
    NoSeatOffered,
    WaitingOfferOver,
    WaitingWishWrong,
)
from services.scheduling.booking.waiting_list.repository import WaitingListRepository
from services.scheduling.booking.waiting_list.rules import wish_problem
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.offices.errors import PoolNotOpen
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.rules import POOLS_OF_CHANNEL, Channel
from services.scheduling.terms import Applying, Pool, local_date
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.application import ApplicationWithdrawn
from shared.events.codes import OfferEnd
from shared.ids import derived_id
from shared.service import InvariantReport, NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, StoreUnavailable

FEW_LOOKS: Final = 3
"""How often an appointment that is neither stored nor insertable is read before the request is refused."""

MOST_LOOKED_AT: Final = 1000
"""Entries that one freed seat is held against; a line whose first thousand all want other days is given up."""


@dataclass(frozen=True)
class WaitingWish:
    """A request to be put on the waiting list."""

    application_id: str
    office_ids: tuple[str, ...]
    first: date
    last: date
    pool: Pool
    actor: Actor
    command_id: str


class WaitingList:
    """The waiting list: entries and the seats offered to them."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: ApplicationRepository,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        waiting_list: WaitingListRepository,
        activity: ActivityCounters,
        inventory: SeatInventory,
        availability: ProductAvailability,
    ) -> None:
        self._availability = availability
        self._context = context
        self._activity = activity
        self._applications = applications
        self._seats = seats
        self._appointments = appointments
        self._waiting_list = waiting_list
        self._inventory = inventory

    async def enter(self, wish: WaitingWish) -> Record[Waiting]:
        """Enter the line at its end. A repeat of the command meets the entry of the first time.

        Refuses with ``NotKnownYet``, ``NotFound``, ``ApplicationIsWithdrawn``, ``PoolNotOpen``, ``OfficeNotFound``,
        ``WaitingWishWrong``, ``ProductNotOffered``, ``PersonHasAppointment`` or ``AlreadyWaiting``.
        """
        waiting_id = derived_id("waiting", wish.command_id)
        known = await self._waiting_list.waiting(waiting_id)
        if known is not None:
            return known
        copy = await self._applications.wait_for_submitted(wish.application_id, self._context.clock)
        refuse_foreign_application(copy, wish.actor)
        self._refuse_wrong_wish(wish)
        self._availability.refuse_lacking_throughout(copy, wish.office_ids, wish.first, wish.last, "/office_ids")
        if await self._appointments.live_appointment_of(copy.person_id) is not None:
            raise PersonHasAppointment
        entry = waiting.enter(
            copy.applying(wish.application_id),
            wish.office_ids,
            wish.first,
            wish.last,
            wish.pool.value,
            now=self._context.now(),
        )
        try:
            return await self._waiting_list.begin_waiting(waiting_id, entry, self._context.now())
        except AlreadyExists:
            raise await self._already(waiting_id, copy.person_id, wish.actor) from None

    def _refuse_wrong_wish(self, wish: WaitingWish) -> None:
        if wish.pool not in POOLS_OF_CHANNEL[Channel.APPLICANT]:
            raise PoolNotOpen(pool=wish.pool.value)
        zones = [self._context.offices[office_id].timezone for office_id in wish.office_ids]
        today = min(local_date(self._context.now(), zone) for zone in zones)
        problem = wish_problem(wish.office_ids, wish.first, wish.last, today=today)
        if problem is not None:
            raise WaitingWishWrong(problem=problem.value)

    async def _already(self, waiting_id: str, person_id: str, actor: Actor) -> Exception:
        if await self._waiting_list.waiting(waiting_id) is not None:
            return SomeoneElseChangedIt()
        live = await self._waiting_list.live_waiting_of(person_id)
        own = live is not None and live.state.account_id in actor.account_ids
        return AlreadyWaiting(waiting_id=live.id) if live is not None and own else AlreadyWaiting()

    async def get(self, waiting_id: str, actor: Actor) -> Record[Waiting]:
        """Return the actor's own entry. Refuses with ``NotFound``."""
        record = await self._waiting_list.waiting(waiting_id)
        if record is None or record.state.account_id not in actor.account_ids:
            raise NotFound
        return record

    async def find_by_account(self, actor: Actor) -> list[Record[Waiting]]:
        """Return the actor's own entries, the newest first."""
        return await self._waiting_list.waiting_of_accounts(actor.account_ids)

    async def ahead(self, record: Record[Waiting]) -> dict[str, int]:
        """Return how many entries stand before this one, by office; empty if it does not stand in line."""
        entry = record.state
        if entry.status is not WaitingStatus.WAITING:
            return {}
        return {
            office_id: await self._waiting_list.ahead_in_line(office_id, entry.pool, entry.queued_at)
            for office_id in entry.office_ids
        }

    async def leave(self, waiting_id: str, actor: Actor) -> Record[Waiting]:
        """Leave the waiting list; an offered seat goes to the next entry.

        Refuses with ``NotFound`` or, while the offer is being taken, ``BeingMoved``.
        """

        def decide(entry: Waiting) -> Decision[Waiting] | None:
            if not entry.live:
                return None
            if entry.status is WaitingStatus.TAKING:
                raise BeingMoved
            return waiting.leave(waiting_id, entry, now=self._context.now(), rules=self._context.rules)

        left = await self._change(await self.get(waiting_id, actor), decide)
        return await self._give_back_left_now(left)

    async def _change(
        self,
        record: Record[Waiting],
        decide: Callable[[Waiting], Decision[Waiting] | None],
        received: str | None = None,
    ) -> Record[Waiting]:
        return await self._waiting_list.change_waiting(record, decide, self._context.clock, received=received)

    async def accept(
        self, waiting_id: str, actor: Actor, command_id: str, origin: Origin = NOWHERE
    ) -> Record[Appointment]:
        """Take the offered seat: it becomes a hold. A repeat meets the hold of the first time.

        Refuses with ``NotFound``, ``NoSeatOffered``, ``WaitingOfferOver``, ``ApplicationIsWithdrawn`` or
        ``ProductNotOffered`` (the office dropped it meanwhile) or ``PersonHasAppointment``.
        """

        record = await self.get(waiting_id, actor)

        def decide(entry: Waiting) -> Decision[Waiting] | None:
            if entry.status in (WaitingStatus.TAKING, WaitingStatus.TAKEN):
                return None
            self._refuse_unanswerable(entry)
            if entry.offer != record.state.offer:
                raise SomeoneElseChangedIt
            return waiting.take(entry, now=self._context.now(), rules=self._context.rules)

        if record.state.status not in (WaitingStatus.TAKING, WaitingStatus.TAKEN):
            await self._refuse_acceptance(record.state)
        taking = await self._change(record, decide, command_id)
        held = await self._fulfil(taking)
        if held is None:
            raise PersonHasAppointment
        if taking.state.status is WaitingStatus.TAKING:
            self._activity.note(Act.HOLD, held.state, origin)
        return held

    def _refuse_unanswerable(self, entry: Waiting) -> None:
        if entry.status is not WaitingStatus.OFFERED:
            raise NoSeatOffered(state=entry.status.value)
        if self._context.now() >= entry.kept.until:
            raise WaitingOfferOver(offer_until=entry.kept.until.isoformat())

    async def _refuse_acceptance(self, entry: Waiting) -> None:
        self._refuse_unanswerable(entry)
        copy = await self._applications.wait_for_submitted(entry.application_id, self._context.clock)
        if copy.withdrawn:
            raise ApplicationIsWithdrawn
        self._availability.refuse_lacking(copy, entry.kept.slot.office_id, entry.kept.slot.date, None)
        live = await self._appointments.live_appointment_of(entry.person_id)
        if live is not None and live.id != entry.kept.appointment_id:
            raise PersonHasAppointment

    async def decline(self, waiting_id: str, actor: Actor, command_id: str) -> Record[Waiting]:
        """Leave the offered seat to the next and stand at the end of the line. Refuses with ``NotFound`` or
        ``NoSeatOffered``."""

        def decide(entry: Waiting) -> Decision[Waiting]:
            if entry.status is not WaitingStatus.OFFERED:
                raise NoSeatOffered(state=entry.status.value)
            return self._not_used(waiting_id, entry, OfferEnd.DECLINED)

        declined = await self._change(await self.get(waiting_id, actor), decide, command_id)
        return await self._give_back_left_now(declined)

    async def lapse(self, record: Record[Waiting]) -> None:
        """End an offer that was not answered in time; the seat goes to the next entry."""

        def decide(entry: Waiting) -> Decision[Waiting] | None:
            if entry.status is not WaitingStatus.OFFERED or entry.offer != record.state.offer:
                return None
            return self._not_used(record.id, entry, OfferEnd.LAPSED)

        await self._give_back_left_now(await self._change(record, decide))

    def _not_used(self, waiting_id: str, entry: Waiting, how: OfferEnd) -> Decision[Waiting]:
        return waiting.not_used(waiting_id, entry, how, now=self._context.now(), rules=self._context.rules)

    async def time_over(self, record: Record[Waiting]) -> None:
        """End an entry whose last wanted day is over."""
        await self._end(record, WaitingEnd.TIME_OVER)

    async def fulfil(self, record: Record[Waiting]) -> None:
        """Finish a taken offer whose appointment was not written, or not noted, before a crash."""
        if record.state.status is WaitingStatus.TAKING:
            await self._fulfil(record)

    async def give_back_left(self, record: Record[Waiting]) -> Record[Waiting]:
        """Release the offered seats that this entry gave up, then forget them."""
        gone = record.state.leaving
        if not gone:
            return record
        for leaving in gone:
            await self._inventory.give_back(leaving)
        return await self._change(record, partial(waiting.leaving_told, known=gone))

    async def _give_back_left_now(self, record: Record[Waiting]) -> Record[Waiting]:
        try:
            return await self.give_back_left(record)
        except (SomeoneElseChangedIt, StoreUnavailable):
            return record  # a deadline does it

    async def application_withdrawn(self, event: ApplicationWithdrawn) -> None:
        """End the live entry of an application that was withdrawn."""
        record = await self._waiting_list.live_waiting_of(event.person_id)
        if record is None or record.state.application_id != event.application_id:
            return
        left = await self._change(record, partial(self._withdraw, record.id))
        await self._give_back_left_now(left)

    def _withdraw(self, waiting_id: str, entry: Waiting) -> Decision[Waiting] | None:
        if entry.status is WaitingStatus.TAKING:
            raise NotYet(f"entry {waiting_id} is being taken")
        now, rules = self._context.now(), self._context.rules
        return waiting.leave(waiting_id, entry, now=now, rules=rules, why=WaitingEnd.WITHDRAWN) if entry.live else None

    # -- a freed seat looks for its next holder

    async def pass_on(self, record: Record[Seat]) -> bool:
        """Offer a seat that has cooled down to the first entry that it fits; return whether one got the offer."""
        now = self._context.now()
        until = waiting.offer_until(record.state, now=now, rules=self._context.rules)
        if record.state.status is not SeatStatus.COOLING or until is None:
            return False
        looked = 0
        async for entry in self._waiting_list.line(record.state.office_id, record.state.pool):
            looked += 1
            if waiting.fits(entry.state, record.id, record.state) and await self._may_still(entry, record.state):
                await self._offer(record, entry, until)
                return True
            if looked >= MOST_LOOKED_AT:
                break
        return False

    async def _may_still(self, entry: Record[Waiting], seat: Seat) -> bool:
        """Return whether the entry may have this seat; an entry whose person can use none any more is ended."""
        copy = await self._applications.application(entry.state.application_id)
        if copy is None or copy.state.withdrawn:
            await self._end(entry, WaitingEnd.WITHDRAWN)
            return False
        if await self._appointments.live_appointment_of(entry.state.person_id) is not None:
            await self._end(entry, WaitingEnd.HAS_APPOINTMENT)
            return False
        # who wants what this office does not make waits on for another of their offices or days
        return self._availability.gives_out(copy.state.product, seat.office_id, seat.date)

    async def _offer(self, record: Record[Seat], entry: Record[Waiting], until: datetime) -> None:
        context, token = self._context, self._context.ids.new()
        appointment_id = derived_id("appointment", "waiting", entry.id, token)
        claimed = seats.claimed(
            record.state, by=appointment_id, token=token, until=self._inventory.claim_until(), kept_for=entry.id
        )
        kept = await self._seats.replace_seat(record, claimed, context.clock)
        if kept.state != claimed:
            return  # the seat was changed meanwhile
        offer, office = SeatOffer(slot_of(kept.id, claimed), appointment_id, until), context.offices[claimed.office_id]

        def decide(unchanged: Waiting) -> Decision[Waiting] | None:
            # an entry that was changed or only touched since it was read gets no offer: its claim may be gone
            if unchanged != entry.state:
                return None
            return waiting.offer_seat(entry.id, unchanged, offer, office=office)

        if (await self._change(entry, decide)).state.offer != offer:
            # the seat looks for the next one at once
            await self._seats.replace_seat(kept, seats.let_go(claimed, context.now()), context.clock)

    async def judge_claim(self, record: Record[Seat]) -> None:
        """Judge an overdue claim on an offered seat, which is kept as long as its entry says so."""
        token = record.state.token

        def touch(entry: Waiting) -> Decision[Waiting] | None:
            unknown = entry.status is WaitingStatus.WAITING and waiting.kept_until(entry, token) is None
            return waiting.touched(entry) if unknown else None

        entry = await self._waiting_list.waiting(record.state.kept_for or "")
        if await self._appointments.appointment(record.state.claimed_by or "") is None and entry is not None:
            until = waiting.kept_until((await self._change(entry, touch)).state, token)
            if until is not None:
                # a lapse that is late must not be overtaken by the claim's end
                longer = seats.claimed_longer(record.state, max(until, self._inventory.claim_until()))
                await self._seats.replace_seat(record, longer, self._context.clock)
                return
        await self._inventory.judge_claim(record)

    async def offers_have_seats(self) -> InvariantReport:
        """I1: an offered seat is kept for its entry, under the token of the offer."""
        looked, broken = 0, []
        async for record in self._waiting_list.every_waiting():
            looked += 1
            if record.state.status in HAS_OFFER and not await self._is_kept(record):
                newest = await self._waiting_list.waiting(record.id)
                broken += [record.id] if newest is not None and newest.version == record.version else []
        return InvariantReport(looked, tuple(sorted(broken)[:MOST_NAMED]))

    async def _is_kept(self, record: Record[Waiting]) -> bool:
        slot = record.state.kept.slot
        seat = await self._seats.seat(slot.seat_id)
        return seat is not None and seat.state.token == slot.token

    # -- a taken offer becomes an appointment

    async def _fulfil(self, record: Record[Waiting]) -> Record[Appointment] | None:
        """Return the appointment of a taken offer, written if it is not there; None if the person has another one."""
        held = await self._appointment_of(record)

        def decide(entry: Waiting) -> Decision[Waiting] | None:
            if entry.status is not WaitingStatus.TAKING:
                return None
            if held is not None:
                return waiting.finish(record.id, entry)
            return waiting.lose(record.id, entry, now=self._context.now(), rules=self._context.rules)

        await self._give_back_left_now(await self._change(record, decide))
        return held

    async def _appointment_of(self, record: Record[Waiting]) -> Record[Appointment] | None:
        entry, offer = record.state, record.state.kept
        for _ in range(FEW_LOOKS):
            known = await self._appointments.appointment(offer.appointment_id)
            if known is not None:
                return None if known.state.status is Status.ABANDONED else known
            with contextlib.suppress(AlreadyExists):
                return await self._appointments.begin(
                    offer.appointment_id, self._hold(entry, offer), self._context.now()
                )
            if await self._appointments.appointment(offer.appointment_id) is None:
                # the person has another appointment: nobody who is slower may write this one on a seat that went back
                tombstone = Decision(appointments.tombstone(self._context.now()))
                with contextlib.suppress(AlreadyExists):
                    await self._appointments.begin(offer.appointment_id, tombstone, self._context.now())
        raise SomeoneElseChangedIt

    def _hold(self, entry: Waiting, offer: SeatOffer) -> Decision[Appointment]:
        context = self._context
        applying = Applying(entry.application_id, entry.account_id, entry.person_id)
        office = context.offices[offer.slot.office_id]
        return appointments.hold(
            offer.appointment_id, applying, offer.slot, office=office, now=context.now(), rules=context.rules
        )

    async def _end(self, record: Record[Waiting], why: WaitingEnd) -> None:
        def decide(entry: Waiting) -> Decision[Waiting] | None:
            return waiting.end(entry, why) if entry.status is WaitingStatus.WAITING else None

        await self._change(record, decide)
