"""The waiting room in front of an opening: taking a ticket, reading its place, and the turn that a hold needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from services.scheduling.applications import ApplicationCopy, ApplicationRepository
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.openings import admission
from services.scheduling.openings import opening as waiting_room
from services.scheduling.openings.cache import OpeningCache
from services.scheduling.openings.draw import ticket_commitment
from services.scheduling.openings.errors import (
    DoorsNotOpen,
    NotYourTurn,
    OpeningIsOver,
    OpeningNotFound,
    PersonHasTicket,
    TicketNeeded,
    TurnMissed,
)
from services.scheduling.openings.opening import (
    ENDED,
    IN_DRAW,
    Opening,
    OpeningRules,
    OpeningTicket,
    TicketStanding,
)
from services.scheduling.openings.repository import OpeningRepository, ticket_id_of
from services.scheduling.store_part import replacing
from services.scheduling.terms import Pool
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.events_stream import Watching
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, StoreUnavailable

log = structlog.get_logger()

SALT_BYTES: Final = 16

WATCH_SECONDS: Final = 2.0
"""Interval at which all event streams of one ticket read it, together."""

_SETTLED: Final = frozenset({TicketStanding.IN_DRAW, TicketStanding.WAITING})
"""Standings in which the ticket itself does not change, so that a cached copy is enough."""


@dataclass(frozen=True)
class PlaceInLine:
    """The place of a ticket in line, as its holder sees it."""

    ticket_id: str
    ticket: OpeningTicket
    opening_id: str
    opening: Opening
    standing: TicketStanding
    number: int | None
    expected_at: datetime | None
    admitted_until: datetime | None
    next_look_at: datetime
    looked_at: datetime

    @property
    def people_ahead(self) -> int | None:
        """Return numbers between this one and the turn; some of their holders may have left."""
        if self.standing is not TicketStanding.WAITING or self.number is None:
            return None
        return self.number - self.opening.line.admitted

    @property
    def retry_after_seconds(self) -> int:
        """Return whole seconds until the next look."""
        return max(1, math.ceil((self.next_look_at - self.looked_at).total_seconds()))


@dataclass(frozen=True)
class Turn:
    """A ticket that is admitted and may hold a seat of the opening."""

    ticket: Record[OpeningTicket]
    number: int


class WaitingRoom:
    """The waiting room: gives tickets and answers their place, from memory where nothing has changed."""

    def __init__(
        self,
        context: UseCaseContext,
        openings: OpeningRepository,
        applications: ApplicationRepository,
        cache: OpeningCache,
        rules: OpeningRules,
    ) -> None:
        self._context = context
        self._applications = applications
        self._openings = openings
        self._cache = cache
        self._rules = rules
        self.watching = Watching(context.clock, WATCH_SECONDS)

    async def take_ticket(self, opening_id: str, application_id: str, actor: Actor) -> PlaceInLine:
        """Return a place in the draw while the doors are open, or at the end of the line afterwards.

        One ticket for each person and opening: asking again gives the same one, and after a missed turn a new place at
        the end. Refuses with ``OpeningNotFound``, ``NotKnownYet``, ``NotFound``, ``ApplicationIsWithdrawn``,
        ``DoorsNotOpen``, ``OpeningIsOver`` and ``PersonHasTicket``.
        """
        record = await self._opening(opening_id)
        copy = await self._applications.wait_for_submitted(application_id, self._context.clock)
        if copy.account_id not in actor.account_ids:
            raise NotFound
        if copy.withdrawn:
            raise ApplicationIsWithdrawn
        self._refuse_closed(record.state)
        ticket_id = ticket_id_of(opening_id, copy.person_id)
        if not waiting_room.takes_present(record.state, self._context.now()):
            return await self._come_late(record, ticket_id, application_id, copy, actor)
        ticket = self._ticket(opening_id, ticket_id, application_id, copy)
        try:
            kept = await self._openings.begin_ticket(ticket_id, ticket, self._context.now())
        except AlreadyExists:
            kept = await self._own_ticket(ticket_id, actor)
        self._cache.tickets.put(ticket_id, kept)
        return await self._place(record, kept)

    def _refuse_closed(self, opening: Opening) -> None:
        now = self._context.now()
        if opening.status in ENDED:
            raise OpeningIsOver(state=opening.status.value)
        if now < opening.doors_at:
            raise DoorsNotOpen(
                doors_at=opening.doors_at.isoformat(),
                tickets_close_at=opening.tickets_close_at.isoformat(),
                retry_after_seconds=min(86_400, math.ceil((opening.doors_at - now).total_seconds())),
            )

    def _ticket(self, opening_id: str, ticket_id: str, application_id: str, copy: ApplicationCopy) -> OpeningTicket:
        salt = self._context.randomness.token(SALT_BYTES)
        return OpeningTicket(
            opening_id=opening_id,
            person_id=copy.person_id,
            application_id=application_id,
            account_id=copy.account_id,
            salt=salt,
            commitment=ticket_commitment(ticket_id, salt),
            taken_at=self._context.now(),
        )

    async def _come_late(
        self, record: Record[Opening], ticket_id: str, application_id: str, copy: ApplicationCopy, actor: Actor
    ) -> PlaceInLine:
        kept = await self._openings.ticket(ticket_id)
        if kept is None:
            number = await self._openings.next_late_number(record.id, self._context.now())
            ticket = waiting_room.joined_late(self._ticket(record.id, ticket_id, application_id, copy), number)
            try:
                kept = await self._openings.begin_ticket(ticket_id, ticket, self._context.now())
            except AlreadyExists:
                kept = await self._own_ticket(ticket_id, actor)
        elif kept.state.account_id not in actor.account_ids:
            raise PersonHasTicket
        place = await self._place(record, kept)
        turn_over = waiting_room.has_had_turn(record.state, place.standing, place.number)
        if place.standing is TicketStanding.MISSED or turn_over:
            kept = await self._to_the_end(record, kept)
            place = await self._place(record, kept)
        self._cache.tickets.put(ticket_id, kept)
        return place

    async def _own_ticket(self, ticket_id: str, actor: Actor) -> Record[OpeningTicket]:
        kept = await self._openings.ticket(ticket_id)
        if kept is None or kept.state.account_id not in actor.account_ids:
            raise PersonHasTicket
        return kept

    async def _to_the_end(self, record: Record[Opening], kept: Record[OpeningTicket]) -> Record[OpeningTicket]:
        """Give a ticket a new number at the end; no other number changes. A repeat finds it there already."""
        late_number = await self._openings.next_late_number(record.id, self._context.now())
        drawn_place = await self._drawn_place(record, kept)

        def decide(ticket: OpeningTicket) -> Decision[OpeningTicket]:
            return Decision(waiting_room.to_the_end(record.state, ticket, drawn_place, late_number))

        return await self._openings.change_ticket(kept.id, decide, self._context.clock)

    async def find_place(self, opening_id: str, ticket_id: str, actor: Actor) -> PlaceInLine:
        """Return the place of a ticket; reads the store only where a cached copy is not enough.

        Raises:
            NotFound: there is no such ticket, or the actor is not its holder.
        """
        record = await self._opening(opening_id)
        kept = self._cache.tickets.get(ticket_id)
        if kept is None:
            kept = await self._fresh(ticket_id)
        if kept is None or kept.state.account_id not in actor.account_ids or kept.state.opening_id != opening_id:
            raise NotFound
        place = await self._place(record, kept, mend=False)
        if place.standing in _SETTLED:
            return place
        return await self._place(record, await self._fresh(ticket_id) or kept)

    async def _fresh(self, ticket_id: str) -> Record[OpeningTicket] | None:
        kept = await self._openings.ticket(ticket_id)
        if kept is not None:
            self._cache.tickets.put(ticket_id, kept)
        return kept

    async def _opening(self, opening_id: str) -> Record[Opening]:
        record = await self._cache.opening(opening_id)
        if record is None:
            raise OpeningNotFound
        return record

    async def _place(self, record: Record[Opening], kept: Record[OpeningTicket], *, mend: bool = True) -> PlaceInLine:
        """Return the place of a ticket; with ``mend`` one that missed the fixed list goes to the end first."""
        opening, now = record.state, self._context.now()
        number = waiting_room.number_of(opening, kept.state, await self._drawn_place(record, kept))
        stands = waiting_room.standing(opening, kept.state, number)
        if mend and number is None and stands is TicketStanding.OUTSIDE and opening.status not in ENDED:
            kept = await self._to_the_end(record, kept)
            self._cache.tickets.put(kept.id, kept)
            return await self._place(record, kept, mend=False)
        rules = self._rules.admission
        expected = None
        if number is not None and stands is TicketStanding.WAITING:
            expected = waiting_room.expected_at(opening, number, now, rules)
        return PlaceInLine(
            ticket_id=kept.id,
            ticket=kept.state,
            opening_id=record.id,
            opening=opening,
            standing=stands,
            number=number,
            expected_at=expected,
            admitted_until=admission.admitted_until(opening.line, number, rules) if number is not None else None,
            next_look_at=waiting_room.next_look_at(opening, expected, now, self._context.randomness.fraction()),
            looked_at=now,
        )

    async def _drawn_place(self, record: Record[Opening], kept: Record[OpeningTicket]) -> int | None:
        drawn = record.state.status not in IN_DRAW and record.state.seed is not None
        return await self._cache.place(record, kept.id) if drawn and not kept.state.late else None

    async def turn(self, session_id: str, pool: Pool, person_id: str) -> Turn | None:
        """Return the turn that a hold of this session needs; None where no opening gives its seats out.

        Refuses with ``TicketNeeded``, ``NotYourTurn`` (with the time to come back) or ``TurnMissed``.
        """
        record = await self._cache.find_by_session(session_id)
        if record is None or pool is not Pool.REGULAR:
            return None
        kept = await self._openings.ticket(ticket_id_of(record.id, person_id))
        if kept is None:
            raise TicketNeeded(opening_id=record.id, doors_at=record.state.doors_at.isoformat())
        place = await self._place(record, kept)
        if place.standing is TicketStanding.WAITING:
            # another replica may have let them in a moment ago
            record = await self._cache.newest(record.id) or record
            place = await self._place(record, kept)
        return self._judged(kept, place)

    def _judged(self, kept: Record[OpeningTicket], place: PlaceInLine) -> Turn | None:
        number = place.number
        if place.opening.status in ENDED:
            return None
        if number is None or place.standing in (TicketStanding.IN_DRAW, TicketStanding.WAITING):
            expected = place.expected_at or place.opening.opens_at
            raise NotYourTurn(
                opening_id=place.opening_id,
                ticket_id=place.ticket_id,
                people_ahead=place.people_ahead,
                expected_at=expected.isoformat(),
                retry_after_seconds=place.retry_after_seconds,
            )
        if number < place.opening.line.lapsed:
            raise TurnMissed(opening_id=place.opening_id, ticket_id=place.ticket_id)
        return Turn(kept, number)

    async def took(self, turn: Turn, appointment_id: str) -> None:
        """Count the seat that a turn won. Never raises: a seat that is not counted makes room when the turn is over."""
        if turn.ticket.state.served:
            return
        served = waiting_room.served(turn.ticket.state, turn.number, appointment_id)
        decide = replacing(turn.ticket.state, Decision(served))
        try:
            kept = await self._openings.change_ticket(turn.ticket.id, decide, self._context.clock, turn.ticket)
        except (SomeoneElseChangedIt, StoreUnavailable) as trouble:
            log.info("turn_not_counted", ticket_id=turn.ticket.id, reason=type(trouble).__name__)
            return
        self._cache.tickets.put(turn.ticket.id, kept)
