"""The newest records of several accounts: those of a person whose accounts were joined (docs/adr/0049)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from shared.store.kinds import Record

S = TypeVar("S")


async def newest_of(
    account_ids: tuple[str, ...],
    find: Callable[[str], Awaitable[list[Record[S]]]],
    moment: Callable[[S], datetime],
    most: int,
) -> list[Record[S]]:
    """Return the records that ``find`` tells of each account, the newest first by ``moment``, ``most`` in all.

    Each account is asked for itself, so that many records of one do not hide newer ones of another.
    """
    found = [record for account_id in account_ids for record in await find(account_id)]
    return sorted(found, key=lambda record: moment(record.state), reverse=True)[:most]
