"""The audit on chains, one per office and day, and what heads of offices and operators read of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from shared.audit.entries import AUDIT, Audit, AuditLine
from shared.chain import CAPITAL, ChainName, Chains, ChainStream, Fact, Link, TimedSource, export_lines
from shared.clock import Clock
from shared.ids import Ids, new_event_id
from shared.store.kinds import Record
from shared.store.port import Store

STREAM: Final = "audit"
NO_OFFICE: Final = "none"
"""The scope of acts that concern no one office."""


def fact_of(record: Record[AuditLine]) -> Fact:
    """Return the chained fact of a line: act, role, reason and outcome; of actor and subject only a commitment."""
    line = record.state
    name = ChainName(STREAM, line.office_id or NO_OFFICE, line.at.astimezone(CAPITAL).date())
    public = {
        "act": line.act,
        "role": line.role,
        "outcome": line.outcome,
        "reason": line.reason,
        "override": line.override,
        "detail": line.detail,
        "of": line.of,
        "words": line.words,
    }
    whom = json.dumps([record.id, line.actor_id, line.subject])
    return Fact(name, record.id, line.at, public, subject=whom)


class AuditBook:
    """Chains the audit of one service and reads it. ``Audit`` writes it."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._audit = Audit(store, clock, ids)
        self._chains = Chains(store, ids)
        source = TimedSource(store, AUDIT, "order", "state.at", lambda record: [fact_of(record)])
        self.kept = ChainStream(STREAM, source, self._chains, store, clock, owner=new_event_id())

    async def export(self, first: date, last: date, office_id: str | None) -> AsyncIterator[bytes]:
        """The chains of these days, the last one included: of one office, or of all."""
        heads = await self._chains.heads(STREAM, first, last, scope=office_id)
        async for lines in export_lines(STREAM, self._chains, heads, self._clock.now(), extras=self._who_and_what):
            yield lines

    async def overrides(self, office_id: str, day: date) -> Sequence[Record[AuditLine]]:
        """The overrides of an office on a day of the capital, chained yet or not: its head's daily list (F21).

        Offices are closed when the day turns in the capital, so it is their own day too.
        """
        since = datetime.combine(day, time(), CAPITAL)
        return await self._audit.overrides(office_id, since, since + timedelta(days=1))

    def today(self) -> date:
        """The day in the capital."""
        return self._clock.now().astimezone(CAPITAL).date()

    async def _who_and_what(self, links: Sequence[Link]) -> Sequence[Mapping[str, Any]]:
        meant = await self._chains.subjects([link.commitment for link in links if link.commitment])
        return [_told(meant.get(link.commitment or "")) for link in links]


def _told(whom: str | None) -> Mapping[str, Any]:
    if whom is None:
        return {}
    _, actor_id, subject = json.loads(whom)
    return {"actor_id": actor_id, "subject": subject}
