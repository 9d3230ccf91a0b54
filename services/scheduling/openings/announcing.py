"""Openings: announcing them, drawing the line in front of them, letting it in, and the public record of all that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from services.scheduling.context import Actor, UseCaseContext, refuse_unless_own_office
from services.scheduling.errors import NotYourOffice
from services.scheduling.offices.bookable_sessions import SeatStore
from services.scheduling.offices.errors import SessionNotFound
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import Session
from services.scheduling.openings import admission, draw
from services.scheduling.openings import opening as waiting_room
from services.scheduling.openings.admission import Census
from services.scheduling.openings.cache import OpeningCache, RecentlyUsed
from services.scheduling.openings.errors import OpeningHasBegun, OpeningNotFound, OpeningPlanWrong, SessionHasOpening
from services.scheduling.openings.notice import is_told_daily
from services.scheduling.openings.opening import (
    Opening,
    OpeningPlan,
    OpeningRules,
    OpeningStatus,
)
from services.scheduling.openings.repository import OPENING, OpeningRepository
from services.scheduling.store_part import replacing
from services.scheduling.terms import Pool
from shared.crypto.fields import FieldCipher
from shared.ids import derived_id
from shared.key_turn.steps import TurnedKind
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.transitions import IllegalTransition

log = structlog.get_logger()

SEED_BYTES: Final = 32
SEED: Final = "seed"
"""Name of the field that a sealed seed is bound to, beside its opening."""

MOST_RECORDS_KEPT: Final = 4
RECORD_SECONDS: Final = 10.0
"""How old a served public record may be: it is long, and many ask for it at the same time."""

BY_RULE: Final = "rule"
RULE_AHEAD_SECONDS: Final = 24 * 3600
"""How long before its instant an opening is announced that an office's rule brings."""

DOORS_BY_RULE_SECONDS: Final = 30 * 60
MOST_SESSIONS_BY_RULE: Final = 500
LONGEST_LISTING_DAYS: Final = 92

SURE_OF_SEATS: Final = 2
"""Free seats are not counted while more are left than this many times the room inside."""


@dataclass(frozen=True)
class OpeningWish:
    """A request to announce an opening."""

    plan: OpeningPlan
    actor: Actor
    command_id: str


class Openings:
    """Announces and runs openings; each step is one write, and a deadline repeats it after a crash."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        openings: OpeningRepository,
        seats: SeatStore,
        cache: OpeningCache,
        rules: OpeningRules,
        seeds: FieldCipher,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._openings = openings
        self._seats = seats
        self._cache = cache
        self._rules = rules
        self._seeds = seeds
        self._records: RecentlyUsed[tuple[datetime, int, dict[str, Any]]] = RecentlyUsed(MOST_RECORDS_KEPT)

    def turned_kind(self) -> TurnedKind[Opening]:
        """Return how the seeds of openings are put under the current master key."""

        async def turned(opening_id: str, opening: Opening) -> Opening:
            seed = self._seeds.open(opening.sealed_seed, owner_id=opening_id, field=SEED)
            return replace(opening, sealed_seed=self._seeds.seal(seed, owner_id=opening_id, field=SEED))

        return TurnedKind(OPENING, lambda _id, opening: not self._seeds.needs_rotation(opening.sealed_seed), turned)

    async def announce(self, wish: OpeningWish) -> Record[Opening]:
        """Announce an opening and commit to its seed.

        Refuses with ``NotYourOffice``, ``OpeningPlanWrong``, ``SessionNotFound`` or ``SessionHasOpening``. A repeat of
        the command meets the opening of the first time.
        """
        refuse_unless_own_office(wish.actor, wish.plan.office_id)
        opening_id = derived_id("opening", wish.command_id)
        known = await self._openings.opening(opening_id)
        if known is not None:
            return known
        problem = waiting_room.plan_problem(wish.plan, self._context.now(), self._rules)
        if problem is not None:
            raise OpeningPlanWrong(problem=problem.value)
        for session_id in wish.plan.session_ids:
            await self._refuse_foreign(session_id, wish.plan)
        return await self._begin(opening_id, wish.plan, wish.actor.account_id)

    async def _refuse_foreign(self, session_id: str, plan: OpeningPlan) -> None:
        session = await self._sessions.session(session_id)
        if session is None:
            raise SessionNotFound(session_id=session_id)
        if session.state.office_id != plan.office_id:
            raise NotYourOffice(session_id=session_id)
        if session.state.starts_at <= plan.opens_at:
            raise OpeningPlanWrong(problem="session_before_opening", session_id=session_id)

    async def _begin(self, opening_id: str, plan: OpeningPlan, by: str) -> Record[Opening]:
        now, seed = self._context.now(), self._context.randomness.token(SEED_BYTES)
        opening = waiting_room.announced(
            plan,
            by=by,
            seed_commitment=draw.hash_of(seed),
            sealed_seed=self._seeds.seal(seed, owner_id=opening_id, field=SEED),
            now=now,
            rules=self._rules,
        )
        try:
            record = await self._openings.begin_opening(opening_id, opening, now)
        except AlreadyExists as taken:
            earlier = await self._openings.opening(opening_id)
            if earlier is None:
                raise SessionHasOpening from taken
            return earlier
        self._cache.remember(record)
        return record

    async def announce_by_rule(self, facts_cache: OfficeFactsCache) -> int:
        """Announce the openings that offices' rules bring within a day; return how many are new.

        An office that gives out each new day as it enters the horizon has none: there is nothing to wait for.
        """
        now, begun = self._context.now(), 0
        for office in self._context.offices.all():
            rule = facts_cache.rule(office.office_id)
            coming = None if is_told_daily(rule) else facts_cache.next_opening(office, now)
            if coming is not None and coming.at - now <= timedelta(seconds=RULE_AHEAD_SECONDS):
                until = coming.at + timedelta(days=LONGEST_LISTING_DAYS)
                found = await self._sessions.sessions([office.office_id], coming.at, until)
                opening = [session for session in found if session.state.opens_at == coming.at]
                begun += await self._announce_for(opening[:MOST_SESSIONS_BY_RULE], coming.at, office.office_id)
        return begun

    async def _announce_for(self, sessions: Sequence[Record[Session]], opens_at: datetime, office_id: str) -> int:
        """Announce the opening of an office at that instant and return 1; 0 if it is announced or cannot be.

        Its id comes from office and instant, so that every replica may try it any number of times.
        """
        opening_id = derived_id("opening", office_id, opens_at.isoformat())
        plan = OpeningPlan(
            office_id=office_id,
            session_ids=tuple(session.id for session in sessions),
            doors_at=opens_at - timedelta(seconds=DOORS_BY_RULE_SECONDS),
            tickets_close_at=opens_at - timedelta(seconds=self.shortest_closed_seconds),
            opens_at=opens_at,
        )
        impossible = waiting_room.plan_problem(plan, self._context.now(), self._rules) is not None
        if not sessions or impossible or await self._openings.opening(opening_id) is not None:
            return 0
        try:
            await self._begin(opening_id, plan, BY_RULE)
        except SessionHasOpening:
            log.info("opening_by_rule_not_needed", opening_id=opening_id, office_id=office_id)
            return 0
        return 1

    @property
    def shortest_closed_seconds(self) -> int:
        """Return the time from the end of the tickets to the opening: list, root and draw are done by then."""
        return 3 * (self._rules.settle_seconds + self._rules.reveal_seconds)

    async def call_off(self, opening_id: str, actor: Actor) -> Record[Opening]:
        """Call an opening off. Refuses with ``OpeningNotFound``, ``NotYourOffice`` or ``OpeningHasBegun``."""

        def call_off(opening: Opening) -> Decision[Opening] | None:
            if opening.status is OpeningStatus.CALLED_OFF:
                return None
            try:
                return Decision(waiting_room.called_off(opening))
            except IllegalTransition:
                raise OpeningHasBegun(state=opening.status.value) from None

        record = await self._openings.opening(opening_id)
        if record is None:
            raise OpeningNotFound
        refuse_unless_own_office(actor, record.state.office_id)
        record = await self._openings.change_opening(record, call_off, self._context.clock)
        self._cache.remember(record)
        return record

    async def get(self, opening_id: str) -> Record[Opening]:
        """Return the opening as it was a second ago at most; refuses with ``OpeningNotFound``."""
        record = await self._cache.opening(opening_id)
        if record is None:
            raise OpeningNotFound
        return record

    async def find_by_office(self, office_id: str) -> list[Record[Opening]]:
        """Return an office's openings, the newest first; refuses with ``OfficeNotFound``."""
        return await self._openings.openings_of(self._context.offices[office_id].office_id)

    async def open_doors(self, record: Record[Opening]) -> None:
        """Open the doors: tickets are given out from now on."""
        await self._save(record, waiting_room.doors_opened(record.state))

    async def close(self, record: Record[Opening]) -> None:
        """Fix the list of those present, page by page, then publish its root.

        A crash leaves pages that are never read: pages are named by the root of their list, and the opening names the
        root.
        """
        listed = await self._openings.present_tickets(record.id)
        root = draw.root_of([entry.commitment for entry in listed])
        now = self._context.now()
        await self._openings.write_list(record.id, root, listed, now)
        closed = waiting_room.closed(record.state, root=root, present=len(listed), now=now, rules=self._rules)
        await self._save(record, closed)
        log.info("opening_closed", opening_id=record.id, present=len(listed), root=root)

    async def draw(self, record: Record[Opening]) -> None:
        """Publish the seed: with the fixed list it gives the order."""
        seed = self._seeds.open(record.state.sealed_seed, owner_id=record.id, field=SEED)
        await self._save(record, waiting_room.drawn(record.state, seed))

    async def begin(self, record: Record[Opening]) -> None:
        """Begin to admit the line: the opening's instant has come."""
        seats = await self._free_seats(record.state)
        await self._save(record, waiting_room.begun(record.state, seats, self._context.now()))

    async def admit(self, record: Record[Opening]) -> None:
        """Admit as many as the rules of admission allow, or end the opening."""
        now, rules, line = self._context.now(), self._rules.admission, record.state.line
        lapsed = admission.lapsing(line, now, rules)
        lapsing = await self._openings.served(record.id, line.lapsed, lapsed) if lapsed > line.lapsed else 0
        inside = await self._openings.served(record.id, lapsed)
        left = record.state.seats - line.served_before - lapsing - inside
        sure = left > SURE_OF_SEATS * max(line.room, rules.room_largest)
        census = Census(
            total=record.state.present + await self._openings.late_numbers(record.id),
            served_lapsing=lapsing,
            served_inside=inside,
            free=left if sure else await self._free_seats(record.state),
            late_seconds=(now - (record.state.tick_at or now)).total_seconds(),
        )
        moved = admission.ticked(line, census, now, rules)
        await self._save(record, waiting_room.advanced(record.state, moved, now, self._rules))

    async def forget(self, record: Record[Opening]) -> None:
        """Remove the tickets of an opening that ended long ago, some at a time; its public record stays."""
        now = self._context.now()
        if not record.state.late_kept:
            await self._openings.keep_late_list(record.id, now)
            await self._save(record, waiting_room.late_list_kept(record.state))
        elif await self._openings.remove_tickets(record.id, waiting_room.FORGOTTEN_AT_ONCE):
            await self._save(record, waiting_room.forgotten(record.state, now))
            log.info("opening_tickets_forgotten", opening_id=record.id)
        else:
            self._cache.remember(await self._openings.touch_opening(record, now))

    async def _free_seats(self, opening: Opening) -> int:
        free = await self._seats.free_seats(opening.session_ids)
        return sum(count for (_, pool), count in free.items() if pool == Pool.REGULAR.value)

    async def _save(self, record: Record[Opening], state: Opening) -> None:
        decide = replacing(record.state, Decision(state))
        self._cache.remember(await self._openings.change_opening(record, decide, self._context.clock))

    async def record(self, opening_id: str) -> dict[str, Any]:
        """Return the public record: everything needed to repeat the draw, and no names."""
        record = await self.get(opening_id)
        now = self._context.now()
        kept = self._records.get(opening_id)
        if kept is not None and kept[1] == _stage(record) and now - kept[0] < timedelta(seconds=RECORD_SECONDS):
            return kept[2]
        made = await self._make_record(record)
        self._records.put(opening_id, (now, _stage(record), made))
        return made

    async def _make_record(self, record: Record[Opening]) -> dict[str, Any]:
        state = record.state
        listed = await self._openings.read_list(record.id, state.root) if state.root is not None else []
        tickets = [entry.commitment for entry in listed]
        drawn = state.seed is not None and state.root is not None
        return {
            "format": draw.FORMAT,
            "opening_id": record.id,
            "state": state.status.value,
            "office_id": state.office_id,
            "session_ids": list(state.session_ids),
            "announced_at": state.announced_at,
            "doors_at": state.doors_at,
            "tickets_close_at": state.tickets_close_at,
            "opens_at": state.opens_at,
            "seed_commitment": state.seed_commitment,
            "root": state.root,
            "tickets": tickets,
            "seed": state.seed,
            "order": draw.draw(state.seed or "", state.root or "", tickets) if drawn else [],
            "late": await self._late(record) if drawn else [],
        }

    async def _late(self, record: Record[Opening]) -> list[str]:
        kept = record.state.late_kept
        return await (self._openings.kept_late_list if kept else self._openings.late_tickets)(record.id)


def _stage(record: Record[Opening]) -> int:
    return list(OpeningStatus).index(record.state.status)
