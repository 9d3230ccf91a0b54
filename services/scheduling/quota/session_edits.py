"""Edits of one opened session: seats are raised, cut or passed between pools; visits that are too many are moved."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from services.scheduling.booking.appointments.appointment import Appointment, Command, can
from services.scheduling.booking.appointments.move import Relocation
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, SeatStatus
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import QuotaAboveCapacity, SessionClosed, SessionPlanWrong
from services.scheduling.offices.facts import plan_capacity
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import MOST_SEATS, Session, fitted, plan_of, replaced, resized
from services.scheduling.quota.change import ChangeState, ChangeSubject, FourEyes, QuotaChange, needs_second
from services.scheduling.quota.changes import Changes
from services.scheduling.quota.errors import CutBelowBooked, EditedMeanwhile, NothingChanges
from services.scheduling.quota.office_edits import Edit
from services.scheduling.quota.repository import QuotaChangeRepository
from services.scheduling.store_part import replacing
from services.scheduling.terms import Pool
from shared.errors import SomeoneElseChangedIt
from shared.events.codes import MoveCause
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.retry import again

MOST_WRITTEN: Final = 2 * MOST_SEATS
"""Seats that a session may have as documents, the withdrawn ones included; what can be read of it at once."""

SESSIONS_TRIED: Final = 20
"""Later sessions in which a seat is sought for one visit."""

_HELD: Final = (SeatStatus.CLAIMED, SeatStatus.TAKEN)


class VisitMover(Protocol):
    """Moves booked visits of a session elsewhere, each to the nearest later free seat of its pool."""

    async def move_away(self, appointments: list[Record[Appointment]], command_id: str) -> None:
        """Move those that can be moved now; a repeat with the same command changes nothing more."""
        ...


class SessionMover(Protocol):
    """Begins to move every booked visit of a session elsewhere."""

    async def begin(
        self, session_id: str, reason: str, actor: Actor, to: str | None = None, *, command_id: str | None = None
    ) -> object:
        """Write the job that moves them; a repeat with the same ``command_id`` meets the first one."""
        ...


@dataclass(frozen=True)
class Transfer:
    """Seats that go from one pool of a session to another: the one way in which a pool gets another's seats."""

    source: Pool
    target: Pool
    seats: int


class SessionEdits:
    """Fits the seats of a session to what its office wants."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        quota_changes: QuotaChangeRepository,
        facts_cache: OfficeFactsCache,
        bookable_sessions: BookableSessions,
        changes: Changes,
        mover: VisitMover,
        bulk_moves: SessionMover,
        limits: FourEyes,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._seats = seats
        self._appointments = appointments
        self._quota_changes = quota_changes
        self._facts_cache = facts_cache
        self._bookable_sessions = bookable_sessions
        self._changes = changes
        self._mover = mover
        self._bulk_moves = bulk_moves
        self._limits = limits
        changes.register({ChangeSubject.SESSION: self._apply, ChangeSubject.TRANSFER: self._apply})

    async def put(
        self, session_id: str, edit: Edit, pools: Mapping[Pool, int], *, bulk_move: bool = False
    ) -> Record[QuotaChange]:
        """Give the pools of a session these sizes. What a pool gains is free at once; only free seats are withdrawn.

        Refuses with ``SessionNotFound``, ``NotYourOffice``, ``EditedMeanwhile``, ``NothingChanges``,
        ``QuotaAboveCapacity`` (unless signed), ``SessionPlanWrong`` and, unless ``bulk_move``, ``CutBelowBooked``. A
        large change waits for a second administrator.
        """
        record, edit = await self._editable(session_id, edit)
        wanted = {pool: size for pool, size in pools.items() if size}
        known = await self._quota_changes.quota_change(_change_id(edit))
        if known is None:
            await self._refuse(record, edit, wanted, bulk_move=bulk_move)
        return await self._submit(record, edit, ChangeSubject.SESSION, wanted, bulk_move=bulk_move)

    async def transfer(self, session_id: str, edit: Edit, wish: Transfer) -> Record[QuotaChange]:
        """Pass free seats of one pool to another. Refuses like :meth:`put`."""
        record, edit = await self._editable(session_id, edit)
        wanted: Counter[Pool] = Counter(record.state.pools)
        wanted[wish.source] -= wish.seats
        wanted[wish.target] += wish.seats
        known = await self._quota_changes.quota_change(_change_id(edit))
        if known is None:
            if wish.source is wish.target:
                raise NothingChanges(field="/to")
            if wanted[wish.source] < 0:
                size = record.state.pools.get(wish.source, 0)
                raise CutBelowBooked(field="/seats", pool=wish.source.value, booked=0, seats=size)
            await self._refuse(record, edit, wanted, bulk_move=False)
        return await self._submit(record, edit, ChangeSubject.TRANSFER, dict(+wanted), bulk_move=False)

    async def _editable(self, session_id: str, edit: Edit) -> tuple[Record[Session], Edit]:
        record = await self._bookable_sessions.session(session_id)
        self._facts_cache.refuse_other_office(record.state.office_id, edit.actor)
        return record, replace(edit, office_id=record.state.office_id)

    async def _submit(
        self,
        record: Record[Session],
        edit: Edit,
        subject: ChangeSubject,
        wanted: Mapping[Pool, int],
        *,
        bulk_move: bool,
    ) -> Record[QuotaChange]:
        before: Counter[Pool] = Counter(record.state.pools)
        after = Counter(wanted)
        raised, cut = (after - before).total(), (before - after).total()
        change = QuotaChange(
            office_id=edit.office_id,
            subject=subject,
            subject_id=record.id,
            author=edit.actor.account_id,
            reason=edit.reason,
            made_at=self._context.now(),
            state=ChangeState.PROPOSED,
            expected_version=edit.expected_version,
            before={"pools": {pool.value: size for pool, size in before.items()}},
            after={"pools": {pool.value: size for pool, size in after.items()}},
            raised=raised,
            cut=cut,
            bulk_move=bulk_move,
            override=edit.override,
        )
        second = needs_second(raised, cut, before.total(), self._limits)
        return await self._changes.submit(_change_id(edit), change, edit.actor, second_needed=second)

    async def _refuse(
        self, record: Record[Session], edit: Edit, wanted: Mapping[Pool, int], *, bulk_move: bool
    ) -> None:
        session = record.state
        if record.version != edit.expected_version:
            raise EditedMeanwhile(field="/expected_version", version=record.version)
        if wanted == session.pools:
            raise NothingChanges
        if session.starts_at <= self._context.now():
            raise SessionClosed(starts_at=session.starts_at.isoformat())
        possible = plan_capacity(plan_of(session), self._facts_cache.facts(session.office_id).state)
        asked = sum(wanted.values())
        if asked > max(possible, session.capacity) and not edit.override:
            raise QuotaAboveCapacity(field="/pools", capacity=possible, asked=asked)
        gained = sum(max(0, size - session.pools.get(pool, 0)) for pool, size in wanted.items())
        if asked > MOST_SEATS or session.written + gained > MOST_WRITTEN:
            raise SessionPlanWrong(field="/pools", problem="too_many_seats")
        if not bulk_move:
            await self._refuse_below_booked(record, wanted)

    async def _refuse_below_booked(self, record: Record[Session], wanted: Mapping[Pool, int]) -> None:
        free = await self._seats.free_seats([record.id])
        for pool, size in record.state.pools.items():
            booked = size - free.get((record.id, pool), 0)
            if wanted.get(pool, 0) < min(booked, size):
                raise CutBelowBooked(field=f"/pools/{pool}", pool=pool.value, booked=booked)

    async def _apply(self, change: Record[QuotaChange]) -> bool:
        """Withdraw seats, write the new pools, then write the seats gained; each step can be repeated."""
        session = await self._bookable_sessions.session(change.state.subject_id)
        if session.state.change_id == change.id:
            return True
        wanted = {Pool(pool): size for pool, size in change.state.after["pools"].items() if size}
        if session.state.edited_by != change.id:
            if session.state.edited_by is not None:
                raise SomeoneElseChangedIt
            session = await self._begin(session, change, wanted)
        await self._seats.write_seats([session], self._context.now())
        cuts = _cuts(change.state)
        if await self._cut(change, cuts, may_move=change.state.bulk_move):
            await self._save(session, fitted(session.state))
            return True
        if session.state.starts_at > self._context.now():
            return False
        # the day came before all visits could be moved: those left are received, and the pools say so
        short = Counter(cuts) - await self._withdrawn(change)
        await self._save(session, fitted(replace(session.state, pools=Counter(session.state.pools) + short)))
        return True

    async def _begin(
        self, session: Record[Session], change: Record[QuotaChange], wanted: Mapping[Pool, int]
    ) -> Record[Session]:
        if session.version != change.state.expected_version:
            raise EditedMeanwhile(field="/expected_version", version=session.version)
        cuts = _cuts(change.state)
        if not change.state.bulk_move and not await self._cut(change, cuts, may_move=False):
            await self._give_back(session, change)
            pool = next(iter(cuts))
            raise CutBelowBooked(field=f"/pools/{pool}", pool=pool.value)
        return await self._save(session, resized(session.state, wanted, change.id))

    async def _give_back(self, session: Record[Session], change: Record[QuotaChange]) -> None:
        """Give back, as new seats, those that a change withdrew before another booking took one of its seats."""
        lost = await self._withdrawn(change)
        begun = await self._save(session, replaced(session.state, lost, change.id))
        await self._seats.write_seats([begun], self._context.now())
        # its last change stays what it was: this one was not made
        await self._save(begun, replace(begun.state, edited_by=None))

    async def _cut(self, change: Record[QuotaChange], cuts: Mapping[Pool, int], *, may_move: bool) -> bool:
        """Withdraw the seats that the change cuts; return whether all are withdrawn by now."""
        if not cuts:
            return True
        taken = await self._withdrawn(change)
        missing = {pool: size - taken[pool] for pool, size in cuts.items()}
        for pool in missing:
            while missing[pool] > 0 and await self._withdraw_one(change, pool, cooling=may_move):
                missing[pool] -= 1
        short = {pool: size for pool, size in missing.items() if size > 0}
        if short and may_move:
            await self._move_away(change, short)
        return not short

    async def _withdraw_one(self, change: Record[QuotaChange], pool: Pool, *, cooling: bool) -> bool:
        now, session_id = self._context.now(), change.state.subject_id
        if await self._seats.withdraw_one(session_id, pool, change.id, now):
            return True
        if not cooling:
            return False
        for record in await self._seats.seats_of(session_id):
            if record.state.pool == pool and record.state.status is SeatStatus.COOLING:
                withdrawn = Decision(seats.withdrawn(record.state, change.id))
                with contextlib.suppress(SomeoneElseChangedIt):
                    await self._seats.change_seat(record, replacing(record.state, withdrawn), self._context.clock)
                    return True
        return False

    async def _move_away(self, change: Record[QuotaChange], short: Mapping[Pool, int]) -> None:
        """Move as many visits as seats are missing: those that were booked last; all visits of a closed session."""
        if not sum(change.state.after["pools"].values()):
            actor = Actor(change.state.author, change.state.office_id, is_staff=True)
            await self._bulk_moves.begin(change.state.subject_id, change.state.reason, actor, command_id=change.id)
            return
        booked: dict[Pool, list[Record[Appointment]]] = {pool: [] for pool in short}
        for seat in await self._seats.seats_of(change.state.subject_id):
            holder = await self._holder(seat.state) if seat.state.pool in booked else None
            if holder is not None and can(holder.state, Command.BEGIN_MOVE):
                booked[Pool(seat.state.pool)].append(holder)
        for pool, size in short.items():
            last = sorted(booked[pool], key=lambda visit: (visit.state.made_at, visit.id))[-size:]
            await self._mover.move_away(last, change.id)

    async def _holder(self, seat: Seat) -> Record[Appointment] | None:
        if seat.status not in _HELD or seat.claimed_by is None:
            return None
        record = await self._appointments.appointment(seat.claimed_by)
        if record is None or record.state.slot is None or record.state.slot.token != seat.token:
            return None
        return record

    async def _withdrawn(self, change: Record[QuotaChange]) -> Counter[Pool]:
        found = await self._seats.seats_of(change.state.subject_id)
        return Counter(Pool(seat.state.pool) for seat in found if seat.state.withdrawn_by == change.id)

    async def _save(self, record: Record[Session], session: Session) -> Record[Session]:
        decide = replacing(record.state, Decision(session))
        return await self._sessions.change_session(record, decide, self._context.clock)


def _cuts(change: QuotaChange) -> dict[Pool, int]:
    before, after = change.before["pools"], change.after["pools"]
    cuts = {Pool(pool): size - after.get(pool, 0) for pool, size in before.items()}
    return {pool: size for pool, size in cuts.items() if size > 0}


def _change_id(edit: Edit) -> str:
    return derived_id("quota_change", edit.command_id)


class NearestLater:
    """Moves visits one by one, each to the nearest later session of its office with a free seat of its pool."""

    def __init__(
        self,
        context: UseCaseContext,
        appointments: AppointmentRepository,
        bookable_sessions: BookableSessions,
        availability: ProductAvailability,
        relocation: Relocation,
    ) -> None:
        self._availability = availability
        self._context = context
        self._appointments = appointments
        self._bookable_sessions = bookable_sessions
        self._relocation = relocation

    async def move_away(self, appointments: list[Record[Appointment]], command_id: str) -> None:
        """See :class:`VisitMover`; a visit without a free seat within `Rules.late_offer_days` stays for another try."""
        for visit in appointments:
            command = derived_id("moved_by_office", command_id, visit.id)
            await again(partial(self._move, visit.id, command))

    async def _move(self, appointment_id: str, command_id: str) -> None:
        record = await self._appointments.appointment(appointment_id)
        if record is None or record.has_received(command_id):
            return
        slot, days = record.state.seat, self._context.rules.late_offer_days
        found = await self._bookable_sessions.soonest([slot.office_id], Pool(slot.pool), days, SESSIONS_TRIED)
        for later in await self._availability.that_fit(record.state.application_id, found):
            if record is None or not can(record.state, Command.BEGIN_MOVE):
                return
            if later.session.starts_at <= slot.starts_at:
                continue
            cause = MoveCause.MOVED_BY_OFFICE
            if await self._relocation.reach(record, later.session_id, cause, command_id) is not None:
                return
            record = await self._appointments.appointment(appointment_id)
