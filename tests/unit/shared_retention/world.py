"""A service with one shelf of things, its retention, and two replicas of it, under a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from shared.clock import ManualClock
from shared.crypto.keyring import Keyring
from shared.deadlines import DeadlineWorker
from shared.events.identity import ErasureOrdered, IdentityErasureDone, LegalHoldLifted, LegalHoldPlaced
from shared.events.message import Event
from shared.retention.erasing import ERASURE
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.retention.rule import Ending, ErasingWay, RetentionRule, RuleBook
from shared.retention.service import RETENTION_KINDS, Retention
from shared.retention.shelf import Item, Order, Shelf
from shared.retention.sweeping import SWEEP
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.memory import MemoryStore
from tests.conftest import START
from tests.unit.world import envelope_of, key, seeded_platform

KEEP: Final = timedelta(days=30)
ACCOUNT: Final = "account-1"
APPLICANT: Final = "applicant-1"


@dataclass(frozen=True)
class Thing:
    """Something about a person; ``ended_at`` is when its rule's clock started, None while it is in use."""

    owner: str
    words: str | None
    ended_at: datetime | None


THING: Final[Kind[Thing]] = Kind(
    "thing",
    Thing,
    indexes=(Index("ended", ("state.ended_at",)), Index("owner", ("state.owner",))),
)
RULE: Final = RetentionRule(
    name="things",
    service="identity",
    collections=("thing",),
    data="words",
    starts="the end",
    keep=KEEP,
    ending=Ending.SWEEP,
    erasing=(ErasingWay.REMOVE_FIELDS,),
    binds=False,
    ground="a test",
    source="design",
    valid_from=date(2026, 1, 1),
)


class Keys:
    """Notes whose keys were destroyed."""

    def __init__(self) -> None:
        self.destroyed: list[str] = []

    async def destroy(self, subject_id: str) -> None:
        self.destroyed.append(subject_id)


class World:
    """One service; ``binds`` says whether its rule is kept against an order."""

    def __init__(
        self,
        *,
        binds: bool = False,
        per_second: float = 10.0,
        rules: RuleBook | None = None,
        look_again_after: timedelta = LOOK_AGAIN_AFTER,
        opens: bool | None = None,
    ) -> None:
        """``opens``: things can be put under a key of their own, if what they are sealed with opens."""
        self.clock = ManualClock(START)
        self.store = MemoryStore("identity")
        self.keys = Keys()
        self.broken: set[str] = set()
        """Things that cannot be erased."""
        self.apart: list[str] = []
        """Things that were put under a key of their own."""
        self._opens = opens
        platform = seeded_platform(self.store, self.clock, Keyring.parse(key("k1", 1)))
        shelf = Shelf("things", "things", of=self._of, between=self._between)
        self.retention = Retention(
            "identity",
            platform,
            [shelf],
            told=IdentityErasureDone,
            keys=self.keys,
            rules=rules or RuleBook((replace(RULE, binds=binds),)),
            per_second=per_second,
            look_again_after=look_again_after,
        )
        self.worker = self.replica("one")

    def replica(self, owner: str) -> DeadlineWorker:
        """A worker on the same store."""
        kinds = (THING, *RETENTION_KINDS)
        return DeadlineWorker(self.store, kinds, self.retention.deadlines(), self.clock, owner)

    async def add(self, thing_id: str, *, owner: str = ACCOUNT, days_ago: float | None = 0) -> None:
        """Something that ended so long ago, or is in use."""
        ended_at = None if days_ago is None else self.clock.now() - timedelta(days=days_ago)
        await self.store.insert(THING, thing_id, Thing(owner, f"words of {thing_id}", ended_at), now=START)

    async def left(self) -> set[str]:
        """The things whose words are there."""
        return {record.id async for record in self.store.scan(THING) if record.state.words is not None}

    async def hears(self, event: Event) -> None:
        """Deliver an event."""
        await self.retention.events()[type(event)](event, envelope_of(event, self.clock.now()))

    async def order(self, erasure_id: str = "erasure-1", *, whole_account: bool = True) -> None:
        """Order the erasure of the account, or of its applicant."""
        await self.hears(
            ErasureOrdered(
                erasure_id=erasure_id,
                account_id=ACCOUNT,
                applicant_ids=(APPLICANT,),
                person_ids=("person-1",),
                whole_account=whole_account,
            )
        )

    async def place_hold(self, *subjects: str, days: float = 10, hold_id: str = "hold-1") -> None:
        until = self.clock.now() + timedelta(days=days)
        await self.hears(LegalHoldPlaced(hold_id=hold_id, subjects=subjects, until=until))

    async def lift_hold(self, hold_id: str = "hold-1") -> None:
        await self.hears(LegalHoldLifted(hold_id=hold_id))

    async def passes(self, span: timedelta) -> int:
        """Let time pass, then run what is due."""
        self.clock.advance(span.total_seconds())
        return await self.worker.run_due()

    async def told(self) -> list[tuple[str, ...]]:
        """What was told to be kept, oldest first."""
        waiting = await self.store.outbox_waiting(ERASURE, before=START.replace(year=2100), limit=100)
        return [envelope.data.kept for envelope in waiting]  # type: ignore[union-attr]

    async def erasure(self, erasure_id: str = "erasure-1") -> Any:
        record = await self.store.get(ERASURE, erasure_id)
        assert record is not None
        return record.state

    async def sweep(self) -> Any:
        record = await self.store.get(SWEEP, "things")
        assert record is not None
        return record.state

    async def _of(self, order: Order) -> list[Item]:
        wanted = (order.account_id, *order.applicant_ids) if order.whole_account else order.applicant_ids
        found = await self.store.find(THING, "owner", {"state.owner": tuple(wanted)})
        return [self._item(record) for record in found if record.state.words is not None]

    async def _between(self, low: datetime | None, high: datetime, limit: int) -> list[Item]:
        found = await self.store.find(THING, "ended", within={"state.ended_at": Range(low, high)}, limit=limit)
        return [self._item(record) for record in found]

    def _item(self, record: Record[Thing]) -> Item:
        async def erase() -> bool:
            if record.id in self.broken:
                raise RuntimeError("it cannot be erased")
            before = await self.store.get(THING, record.id)

            def decide(thing: Thing) -> Decision[Thing]:
                return Decision(replace(thing, words=None))

            after = await change(self.store, self.clock, THING, record.id, decide)
            return before is not None and after.version != before.version

        async def keep_apart() -> bool:
            self.apart += [record.id] if self._opens else []
            return bool(self._opens)

        at = record.state.ended_at
        item = Item(record.id, frozenset({record.id, record.state.owner}), at, erase, record.state.owner, at=at)
        return item if self._opens is None else replace(item, keep_apart=keep_apart)
