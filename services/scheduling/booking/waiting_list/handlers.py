"""Seats beyond the single hold (waiting list, families, conduct): due deadlines and chores, each to its use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from services.scheduling.booking.abuse.repository import CONDUCT
from services.scheduling.booking.parties.repository import PARTY
from services.scheduling.booking.seats.seat import Seat
from services.scheduling.booking.waiting_list.repository import WAITING
from services.scheduling.repository import APPOINTMENT, SEAT
from services.scheduling.use_cases import Scheduling
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

CONDUCT_EVERY_SECONDS: Final = 1.0
"""How long a count may stay in one process only; also what a crash forgets."""

Step = Callable[[Record[Any]], Awaitable[object]]


def seat_deadlines(service: Scheduling) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Every deadline of seats, entries of the waiting list, parties and conduct."""
    waiting_list, parties, seating = service.waiting_list, service.parties, service.seating

    async def claim_overdue(record: Record[Seat]) -> None:
        judge = waiting_list.judge_claim if record.state.kept_for is not None else seating.judge_claim
        await judge(record)

    async def cooled(record: Record[Seat]) -> None:
        if not await waiting_list.pass_on(record):
            await seating.warm(record)

    steps: dict[tuple[str, str], Step] = {
        (SEAT.name, "claim"): claim_overdue,
        (SEAT.name, "cool"): cooled,
        (WAITING.name, "end"): waiting_list.time_over,
        (WAITING.name, "offer"): waiting_list.lapse,
        (WAITING.name, "take"): waiting_list.fulfil,
        (WAITING.name, "leave"): waiting_list.tell_left,
        (PARTY.name, "gather"): parties.decide,
        (APPOINTMENT.name, "gather"): parties.decide_member,
        (CONDUCT.name, "forget"): service.conduct.forget,
    }
    return {key: _handler(step) for key, step in steps.items()}


def seat_chores(service: Scheduling) -> list[Chore]:
    """What is to be done again and again."""
    return [Chore("conduct", CONDUCT_EVERY_SECONDS, service.conduct.keep_up)]


def _handler(step: Step) -> DeadlineHandler:
    async def handle(record: Record[Any], _name: str) -> None:
        await step(record)

    return handle
