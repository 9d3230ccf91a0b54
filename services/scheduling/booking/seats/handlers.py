"""Deadlines of seats: a claim without an appointment, and the end of cooling."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SEAT
from services.scheduling.booking.seats.seat import Seat
from services.scheduling.booking.waiting_list.service import WaitingList
from shared.service import DeadlineHandler
from shared.store.kinds import Record


def seat_deadlines(inventory: SeatInventory, waiting_list: WaitingList) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Every deadline of a seat; one that is kept for the waiting list is that list's."""

    async def claim_overdue(record: Record[Seat], _name: str) -> None:
        judge = waiting_list.judge_claim if record.state.kept_for is not None else inventory.judge_claim
        await judge(record)

    async def cooled(record: Record[Seat], _name: str) -> None:
        if not await waiting_list.pass_on(record):
            await inventory.warm(record)

    return {(SEAT.name, "claim"): claim_overdue, (SEAT.name, "cool"): cooled}
