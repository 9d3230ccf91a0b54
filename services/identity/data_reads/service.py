"""Reads of personal data by staff, gathered from all services: shown to the persons, and watched."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.identity.accounts.repository import AccountRepository
from services.identity.alerts import UNUSUAL_READING, alert
from services.identity.context import UseCaseContext
from services.identity.data_reads import hold as holds
from services.identity.data_reads.entry import ReadEntry, ReadingAlert, entries_of, unusual_reading
from services.identity.data_reads.errors import ReadingHoldDecided, ReadingHoldTooLong, ReadingHoldUnknown
from services.identity.data_reads.hold import OwnProposal, ReadingHold, ReadingHoldCommand, ReadingHoldGround
from services.identity.data_reads.repository import READING_ALERT, READING_HOLD, DataReadRepository
from services.identity.metrics import Metrics
from services.identity.staff.errors import SecondOperatorNeeded
from shared.errors import NotFound
from shared.events.codes import ReadReason
from shared.events.data_reads import DataRead
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller

SAME_MOMENT: Final = 50
"""Reads of one account in one millisecond, read beyond a page so that none of them is skipped."""

DecideHold = Callable[[ReadingHold], Decision[ReadingHold] | None]


@dataclass(frozen=True)
class ReadPage:
    """Some reads of a person's data, the newest first; ``next`` is the id after which the next page begins."""

    entries: tuple[ReadEntry, ...]
    next: str | None


class DataReads:
    """The use cases of reads: keep them, show them to the persons, and alert about unusual ones."""

    def __init__(self, context: UseCaseContext, metrics: Metrics) -> None:
        self._context = context
        self._reads = DataReadRepository(context)
        self._rules = context.settings.reading_rules
        self._metrics = metrics

    async def keep(self, event: DataRead) -> None:
        """Keep a read for each person concerned, and alert if its reader has read unusually much within the hour."""
        entries = entries_of(event)
        named = [(derived_id("read_entry", event.read_id, entry.account_id), entry) for entry in entries]
        await self._reads.add(named, self._context.now())
        read_so_far = await self._reads.entries_by(event.reader_id, event.read_at)
        for unusual, persons in unusual_reading(read_so_far, self._rules).items():
            await self._alert(ReadingAlert(event.reader_id, unusual, persons, event.read_at))

    async def find_hidden_reasons(self, account_ids: Collection[str]) -> tuple[str, ...]:
        """Return the reasons of reads that a hold on one of these accounts hides now."""
        now = self._context.now()
        found = [hold for account_id in account_ids for hold in await self._reads.holds_on(account_id)]
        return tuple(reason.value for reason in ReadReason if any(holds.hides(hold, reason, now) for hold in found))

    async def page(self, caller: Caller, after: str | None, limit: int) -> ReadPage:
        """Return reads of the data of the caller's accounts. Those that a hold hides are left out while it counts.

        Raises:
            NotFound: there is no read ``after`` which the page could begin.
        """
        hidden = {account_id: await self._reads.holds_on(account_id) for account_id in caller.account_ids}
        now, found, last = self._context.now(), list[tuple[str, ReadEntry]](), await self._position(caller, after)
        while len(found) <= limit:
            batch = await self._batch(caller, last, limit + 1)
            found += [
                (record.id, record.state)
                for record in batch
                if not any(holds.hides(hold, record.state.reason, now) for hold in hidden[record.state.account_id])
            ]
            if len(batch) <= limit:
                break
            last = (batch[-1].state.read_at, batch[-1].id)
        shown = found[:limit]
        return ReadPage(tuple(entry for _, entry in shown), shown[-1][0] if len(found) > limit else None)

    async def _position(self, caller: Caller, after: str | None) -> tuple[datetime, str] | None:
        if after is None:
            return None
        record = await self._reads.entry(after)
        if record is None or record.state.account_id not in caller.account_ids:
            raise NotFound
        return record.state.read_at, record.id

    async def _batch(self, caller: Caller, last: tuple[datetime, str] | None, most: int) -> list[Record[ReadEntry]]:
        """Return the next entries of all the caller's accounts in the order of time and id, the newest first."""
        found = [
            record
            for account_id in caller.account_ids
            for record in await self._reads.entries_of(account_id, last[0] if last else None, most + SAME_MOMENT)
        ]
        in_order = sorted(found, key=lambda record: (record.state.read_at, record.id), reverse=True)
        return [record for record in in_order if last is None or (record.state.read_at, record.id) < last][:most]

    async def _alert(self, found: ReadingAlert) -> None:
        """Raise an alert once for each hour of the clock. The line comes first: a crash repeats it, and loses none."""
        hour = found.raised_at.strftime("%Y-%m-%dT%H")
        alert_id = derived_id("reading_alert", found.reader_id, found.unusual, hour)
        if await self._context.store.get(READING_ALERT, alert_id) is not None:
            return
        alert(UNUSUAL_READING, reader_id=found.reader_id, unusual=found.unusual.value, persons=found.persons)
        self._metrics.unusual_readings.labels(unusual=found.unusual.value).inc()
        try:
            await self._context.store.insert(READING_ALERT, alert_id, found, now=self._context.now())
        except AlreadyExists:
            return  # another replica told of it at the same time


class ReadingHolds:
    """The use cases of operators who delay that a person sees reads for an investigation."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._reads = DataReadRepository(context)
        self._longest = timedelta(days=context.settings.reading_rules.longest_hold_days)

    async def propose(
        self, caller: Caller, account_id: str, ground: ReadingHoldGround, until: datetime, command_id: str
    ) -> Record[ReadingHold]:
        """Propose a hold; it counts once another operator agrees. A repeat of the command meets the first one.

        Raises:
            NotFound: there is no such account. ReadingHoldTooLong: it would end too late, or has ended.
        """
        now, hold_id = self._context.now(), derived_id("reading_hold", command_id)
        if await self._accounts.account(account_id) is None:
            raise NotFound
        if not now < until <= now + self._longest:
            raise ReadingHoldTooLong(field="/until", most_days=self._longest.days)
        proposed = holds.propose_hold(account_id, ground, until, caller.account_id, now)
        try:
            return await self._context.store.insert(READING_HOLD, hold_id, proposed, now=now)
        except AlreadyExists:
            return await self._get(hold_id)

    async def decide(self, caller: Caller, hold_id: str, *, approved: bool) -> Record[ReadingHold]:
        """Approve a hold as a second operator, or refuse it. Again by the same operator is no error.

        Raises:
            ReadingHoldUnknown, ReadingHoldDecided. SecondOperatorNeeded: the caller proposed it.
        """
        command = ReadingHoldCommand.APPROVE if approved else ReadingHoldCommand.REFUSE
        wanted = holds.HOLD_TRANSITIONS.after(holds.ReadingHoldState.PROPOSED, command)

        def decide(hold: ReadingHold) -> Decision[ReadingHold] | None:
            if (hold.state, hold.decided_by) == (wanted, caller.account_id):
                return None
            try:
                return Decision(holds.decide_hold(hold, command, caller.account_id, self._context.now()))
            except IllegalTransition:
                raise ReadingHoldDecided(state=hold.state.value) from None
            except OwnProposal:
                raise SecondOperatorNeeded from None

        return await self._change(hold_id, decide)

    async def lift(self, caller: Caller, hold_id: str) -> Record[ReadingHold]:
        """Lift a hold before its date. Again is no error.

        Raises:
            ReadingHoldUnknown. ReadingHoldDecided: it is not in force.
        """

        def decide(hold: ReadingHold) -> Decision[ReadingHold] | None:
            if hold.state is holds.ReadingHoldState.LIFTED:
                return None
            try:
                return Decision(holds.lift_hold(hold, caller.account_id, self._context.now()))
            except IllegalTransition:
                raise ReadingHoldDecided(state=hold.state.value) from None

        return await self._change(hold_id, decide)

    async def newest(self) -> list[Record[ReadingHold]]:
        """Return the holds, newest first (100 at most)."""
        return await self._reads.newest_holds()

    async def _get(self, hold_id: str) -> Record[ReadingHold]:
        record = await self._context.store.get(READING_HOLD, hold_id)
        if record is None:
            raise ReadingHoldUnknown
        return record

    async def _change(self, hold_id: str, decide: DecideHold) -> Record[ReadingHold]:
        first = await self._get(hold_id)
        return await change(self._context.store, self._context.clock, READING_HOLD, hold_id, decide, first=first)
