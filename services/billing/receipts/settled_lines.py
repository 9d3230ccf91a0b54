"""Payments as settlement files showed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.billing.payment import PART
from services.billing.receipts.repository import RECEIPTS
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind, Range


@dataclass(frozen=True)
class SettledLine:
    """One payment as a settlement file showed it; its id is the NTPN."""

    ntpn: str
    billing_code: str
    amount: int
    day: date
    settlement_id: str
    number: int


SETTLED_LINES: Final[Kind[SettledLine]] = Kind(
    "settled_line", SettledLine, bare=True, indexes=(Index("ntpn", ("state.ntpn",)),)
)
KINDS: Final[tuple[Kind[Any], ...]] = (SETTLED_LINES,)


class SettledLineRepository(StorePart):
    """The queries of lines that settlement files showed, and of the receipts that they are compared with."""

    async def keep_lines(self, lines: Sequence[SettledLine]) -> int:
        """Remember lines that were shown; tells how many were new."""
        items = [(line.ntpn, line) for line in lines]
        return await self._store.insert_missing(SETTLED_LINES, items, now=self._clock.now())

    async def settled_line(self, ntpn: str) -> SettledLine | None:
        """Return the line that showed this money."""
        record = await self._store.get(SETTLED_LINES, ntpn)
        return record.state if record else None

    async def settled_lines(self, ntpns: Sequence[str]) -> dict[str, SettledLine]:
        """Return the lines that showed any of these."""
        wanted = {"state.ntpn": tuple(ntpns)}
        found = await self._store.find(SETTLED_LINES, "ntpn", wanted, limit=len(ntpns))
        return {record.id: record.state for record in found}

    async def shown(self, ntpns: Sequence[str]) -> set[str]:
        """Return those of these numbers that a file has shown, from the index alone."""
        counted = await self._store.tally(SETTLED_LINES, "ntpn", ("state.ntpn",), {"state.ntpn": tuple(ntpns)})
        return {str(ntpn) for (ntpn,) in counted}

    async def replace_line(self, line: SettledLine) -> None:
        """Replace a line that a corrected file of the same day shows differently."""
        record = await self._store.get(SETTLED_LINES, line.ntpn)
        if record is not None:
            await self._store.save(SETTLED_LINES, record, line, now=self._clock.now())

    async def booked(self, ntpns: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Amount and code of the receipts with these numbers, answered from the index without reading one."""
        by = ("state.ntpn", "state.amount", "state.billing_code")
        counted = await self._store.tally(RECEIPTS, "ntpn", by, {"state.ntpn": tuple(ntpns)})
        return {str(ntpn): (int(amount), str(code)) for ntpn, amount, code in counted}

    async def learnt_between(self, low: datetime, high: datetime) -> list[str]:
        """Return the treasury's numbers that were learnt in this time, answered from the index; no part of one."""
        span = {"state.learnt_at": Range(low, high)}
        counted = await self._store.tally(RECEIPTS, "learnt", ("state.ntpn",), within=span)
        return sorted(str(ntpn) for (ntpn,) in counted if PART not in str(ntpn))
