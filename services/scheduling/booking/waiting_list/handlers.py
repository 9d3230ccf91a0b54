"""Deadlines of entries of the waiting list."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.booking.waiting_list.entry import Waiting
from services.scheduling.booking.waiting_list.repository import WAITING
from services.scheduling.booking.waiting_list.service import WaitingList
from shared.service import DeadlineHandler
from shared.store.kinds import Record


def waiting_list_deadlines(waiting_list: WaitingList) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Every deadline of an entry."""

    async def time_over(record: Record[Waiting], _name: str) -> None:
        await waiting_list.time_over(record)

    async def offer_lapsed(record: Record[Waiting], _name: str) -> None:
        await waiting_list.lapse(record)

    async def take_overdue(record: Record[Waiting], _name: str) -> None:
        await waiting_list.fulfil(record)

    async def left(record: Record[Waiting], _name: str) -> None:
        await waiting_list.give_back_left(record)

    return {
        (WAITING.name, "end"): time_over,
        (WAITING.name, "offer"): offer_lapsed,
        (WAITING.name, "take"): take_overdue,
        (WAITING.name, "leave"): left,
    }
