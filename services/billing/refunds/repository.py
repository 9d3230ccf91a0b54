"""Refund cases in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, Final

from services.billing.refunds.model import Refund
from services.billing.refunds.states import RefundState
from services.billing.store_part import MOST_OF_ONE_APPLICATION, StorePart
from shared.store.kinds import Index, Kind, Range, Record

MOST_LISTED: Final = 200
"""Cases in one answer to staff: more than an office works on in a week."""

PAGE: Final = 500

REFUNDS: Final[Kind[Refund]] = Kind(
    "refund",
    Refund,
    indexes=(
        Index("application", ("state.application_id", "state.opened_at")),
        Index("receipt", ("state.receipt_id", "state.opened_at")),
        Index("appointment", ("state.appointment_id",)),
        Index("state", ("state.state", "state.opened_at")),
        Index("step", ("state.state", "state.step_due_at")),
        Index("opened", ("state.opened_at",)),
        Index("ended", ("state.ended_at",)),
        Index("office_state", ("state.office_id", "state.state", "state.opened_at")),
        Index("office_step", ("state.office_id", "state.state", "state.step_due_at")),
    ),
    deadlines=lambda refund: refund.due,
)
KINDS: Final[tuple[Kind[Any], ...]] = (REFUNDS,)


class RefundRepository(StorePart):
    """The queries of refund cases."""

    async def refund(self, refund_id: str) -> Record[Refund] | None:
        """Return the refund case with this id, or None."""
        return await self._store.get(REFUNDS, refund_id)

    async def refunds_of(self, application_id: str) -> list[Record[Refund]]:
        """Return the refund cases of an application, oldest first."""
        wanted = {"state.application_id": application_id}
        return await self._store.find(REFUNDS, "application", wanted, limit=MOST_OF_ONE_APPLICATION)

    async def refunds_on(self, receipt_id: str) -> list[Record[Refund]]:
        """Return the refund cases about one receipt, oldest first."""
        return await self._store.find(
            REFUNDS, "receipt", {"state.receipt_id": receipt_id}, limit=MOST_OF_ONE_APPLICATION
        )

    async def refunds_at(self, appointment_id: str) -> list[Record[Refund]]:
        """Return the refund cases that asked for an appointment to go back."""
        wanted = {"state.appointment_id": appointment_id}
        return await self._store.find(REFUNDS, "appointment", wanted, limit=MOST_OF_ONE_APPLICATION)

    async def refunds_in(
        self, states: Iterable[RefundState], *, overdue_at: datetime | None, offices: tuple[str, ...] | None = None
    ) -> list[Record[Refund]]:
        """Cases in one of these states; with a time, those whose step was due before it, most overdue first.

        With ``offices`` only theirs.
        """
        wanted: dict[str, Any] = {"state.state": tuple(sorted(state.value for state in states))}
        if offices is not None:
            wanted["state.office_id"] = offices
        index = "office_" if offices is not None else ""
        if overdue_at is None:
            return await self._store.find(REFUNDS, f"{index}state", wanted, limit=MOST_LISTED)
        within = {"state.step_due_at": Range(None, overdue_at)}
        found = await self._store.find(REFUNDS, f"{index}step", wanted, within=within, limit=MOST_LISTED)
        return sorted(found, key=lambda record: record.state.step_due_at or overdue_at)

    async def refunds_opened(self, since: datetime, before: datetime) -> AsyncIterator[Refund]:
        """Yield every case opened in that time, oldest first, page by page."""
        seen: set[str] = set()
        low, limit = since, PAGE
        while True:
            page = await self._store.find(
                REFUNDS, "opened", within={"state.opened_at": Range(low, before)}, limit=limit
            )
            fresh = [record for record in page if record.id not in seen]
            for record in fresh:
                yield record.state
            if len(page) < limit:
                return
            last = page[-1].state.opened_at
            seen = {record.id for record in page if record.state.opened_at == last}
            limit = PAGE if last > low else limit * 2
            low = last

    def all_refunds(self) -> AsyncIterator[Record[Refund]]:
        """Return every refund case, for the checks of running rules."""
        return self._store.scan(REFUNDS)
