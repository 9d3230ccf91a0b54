"""One service's process: it lives, dies without warning and comes back over what its store has kept.

A life is put together like `shared.process` does it: the same relay, dispatcher, deadline worker and chores.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from shared.bus.dispatch import Dispatcher, Outcome
from shared.bus.relay import Relay
from shared.crypto.keyring import Keyring
from shared.deadlines import DeadlineWorker
from shared.events.envelope import Envelope
from shared.files.encrypted import EncryptedFiles
from shared.files.memory import MemoryFiles
from shared.ids import SeededIds
from shared.person_keys.keys import PersonKeys
from shared.person_keys.port import KeyTable
from shared.randomness import SeededRandomness
from shared.service import Chore, Parts, Platform
from shared.store.kinds import Kind
from shared.store.port import StoreUnavailable
from tests.sim.broker import Broker
from tests.sim.chaos import Chaos
from tests.sim.journal import Journal
from tests.sim.keys import CountingKeyTable
from tests.sim.loop import VirtualClock, VirtualLoop
from tests.sim.store import Crash, CrashPlan, FaultyFiles, FaultyKeyTable, FaultyStore, KeptStore
from tests.sim.watching import Change

T = TypeVar("T")

LONGEST_DOWN_SECONDS = 20.0
LARGEST_SKEW_SECONDS = 0.4
LEAST_CHORE_SECONDS = 300.0
"""Chores run at most this often: a simulated day has many seconds and the rule holds at any period."""

LEAST_CHAIN_SECONDS = 4 * 3600.0
"""Chains likewise: they are read from what is committed, whenever that is."""

Build = Callable[[Platform], Parts]


class ConnectionLost(Exception):
    """No answer: the process is not there, or it died over the request, which may have taken effect."""


@dataclass(frozen=True)
class Ground:
    """What all processes of a run share."""

    loop: VirtualLoop
    start: datetime
    chaos: Chaos
    plan: CrashPlan
    broker: Broker
    journal: Journal


class Process:
    """A service by name: its store and files stay, its lives come and go."""

    def __init__(self, name: str, build: Build, ground: Ground, *, skew_seconds: float = 0.0) -> None:
        self.name = name
        self.kept = KeptStore(name)
        self.clock = VirtualClock(ground.loop, ground.start, skew_seconds)
        self.key_table = CountingKeyTable()
        self._ring = _FIRST_RING
        self.files: EncryptedFiles = MemoryFiles(
            Keyring.parse(self._ring), self.clock, self._person_keys(self.key_table)
        )
        self.lives = 0
        self._build = build
        self._ground = ground
        self._ids = SeededIds(random.Random(f"{ground.chaos.seed}/ids/{name}"))
        self._randomness = SeededRandomness(f"{ground.chaos.seed}/randomness/{name}")
        self._life: Life | None = None
        self._stopped_seconds = 0.0
        self._up = asyncio.Event()

    @property
    def parts(self) -> Parts:
        """The parts of the present life."""
        if self._life is None:
            raise ConnectionLost(self.name)
        return self._life.parts

    @property
    def unpublished(self) -> int:
        """Messages in this service's outboxes."""
        return self.kept.unpublished([kind for kind in self.parts.kinds if not kind.bare])

    async def run(self) -> None:
        """Live, die and live again until cancelled."""
        dice = self._ground.chaos.dice(f"process/{self.name}")
        while True:
            self.lives += 1
            life = self._life = Life(self._new_store, self._platform, self._build, self)
            try:
                await life.begin()
                self._up.set()
                await life.died.wait()
            except Crash:
                life.die()
            finally:
                self._up.clear()
                self._life = None
                life.die()
            self._ground.journal.note(self.name, "died")
            stopped, self._stopped_seconds = self._stopped_seconds, 0.0
            await asyncio.sleep(stopped or dice.random() * LONGEST_DOWN_SECONDS)

    def stop(self, seconds: float) -> None:
        """End the present life at once; the next one begins that much later."""
        self._stopped_seconds = seconds
        if self._life is not None:
            self._life.die()

    async def up(self) -> None:
        """Return when there is a life that takes messages."""
        while not self._up.is_set():
            await self._up.wait()

    async def take(self, envelope: Envelope) -> Outcome | None:
        """Handle a message as a consumer does; none if the process died over it."""
        life = self._life
        if life is None:
            return None
        try:
            return await life.run(life.dispatcher.handle(envelope))
        except ConnectionLost:
            return None

    async def work(self, job: Callable[[Parts], Coroutine[Any, Any, T]]) -> T:
        """Run a request in the present life."""
        life = self._life
        if life is None or not self._up.is_set():
            raise ConnectionLost(self.name)
        return await life.run(job(life.parts))

    def _new_store(self, die: Callable[[], None]) -> FaultyStore:
        return FaultyStore(self.kept, self.name, self._ground.chaos, self._ground.plan, die)

    def _platform(self, store: FaultyStore) -> Platform:
        files = FaultyFiles(self.files, store)
        person_keys = self._person_keys(FaultyKeyTable(self.key_table, store))  # type: ignore[arg-type]
        return Platform(store, files, self.clock, self._ids, self._randomness, person_keys)  # type: ignore[arg-type]

    def take_ring(self, ring: str) -> None:
        """Let the next lives wrap the keys of files and persons with these master keys."""
        self._ring = ring
        person_keys = self._person_keys(self.key_table)
        self.files = EncryptedFiles(self.files._table, Keyring.parse(ring), self.clock, person_keys)

    def _person_keys(self, table: KeyTable) -> PersonKeys:
        return PersonKeys(table, Keyring.parse(self._ring), self.clock, self.name)

    @property
    def broker(self) -> Broker:
        """Where this process's messages go."""
        return self._ground.broker


class Life:
    """One run of a process, from its start to its death."""

    def __init__(
        self,
        new_store: Callable[[Callable[[], None]], FaultyStore],
        platform: Callable[[FaultyStore], Platform],
        build: Build,
        process: Process,
    ) -> None:
        self.died = asyncio.Event()
        self._process = process
        self._tasks: set[asyncio.Task[Any]] = set()
        self.store = new_store(self.die)
        self.parts = parts = build(platform(self.store))
        self.dispatcher = Dispatcher(parts.events, parts.commands)
        sleepy = _Sleepy(process.kept, process.clock, [kind for kind in parts.kinds if not kind.bare])
        self._relay = Relay(self.store, parts.kinds, process.broker.publisher(), sleepy)  # type: ignore[arg-type]
        watchful = _Watchful(process.kept, process.clock)
        owner = f"{process.name}:{process.lives}"
        self._deadlines = DeadlineWorker(self.store, parts.kinds, parts.deadlines, watchful, owner)  # type: ignore[arg-type]
        self._sleepy, self._watchful = sleepy, watchful

    async def begin(self) -> None:
        """Seed, then start the background work."""
        kept = self._process.kept
        kept.on_written = self._on_written
        kept.on_claimed = self._watchful.changed.set
        while self.parts.start is not None:
            try:
                await self.parts.start()
                break
            except StoreUnavailable:
                await asyncio.sleep(1.0)
        self._spawn(self._relay.run())
        self._spawn(self._deadlines.run())
        for chore in self.parts.chores:
            self._spawn(_again_and_again(chore))

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result. Raises `ConnectionLost` if this life ends first."""
        task = self._spawn(work)
        await asyncio.wait({task})
        if task.cancelled() or isinstance(task.exception(), Crash):
            raise ConnectionLost(self._process.name)
        return task.result()  # type: ignore[no-any-return]

    def die(self) -> None:
        """Stop in the middle of everything."""
        if self.died.is_set():
            return
        self.died.set()
        self.store.alive = False
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    def _on_written(self, kind: Kind[Any], envelopes: Sequence[Envelope], due_at: datetime | None) -> None:
        journal = self._process._ground.journal
        for envelope in envelopes:
            journal.note(self._process.name, f"commits {envelope.type} {envelope.subject[:8]}")
        self._relay.nudge(kind, envelopes)
        self._deadlines.nudge(due_at)
        self._watchful.changed.set()
        if envelopes:
            self._sleepy.written.set()


class _Sleepy:
    """The relay's clock: between sweeps it sleeps for as long as all outboxes are empty."""

    def __init__(self, kept: KeptStore, clock: VirtualClock, kinds: list[Kind[Any]]) -> None:
        self.written = asyncio.Event()
        self._kept = kept
        self._clock = clock
        self._kinds = kinds

    def now(self) -> datetime:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        while not self._kept.unpublished(self._kinds):
            self.written.clear()
            await self.written.wait()
            await self._clock.sleep(seconds)
            return
        await self._clock.sleep(seconds)


class _Watchful:
    """The deadline worker's clock: instead of polling each second it sleeps until something can be due."""

    def __init__(self, kept: KeptStore, clock: VirtualClock) -> None:
        self.changed = Change()
        self._kept = kept
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        least = self.now() + timedelta(seconds=seconds)
        while True:
            self.changed.clear()
            due = self._kept.due_next()
            wait = None if due is None else max(0.0, (max(due, least) - self.now()).total_seconds())
            if not await self.changed.within(wait):
                return


async def _again_and_again(chore: Chore) -> None:
    while True:
        await _tolerating_an_absent_store(chore.run)
        least = LEAST_CHAIN_SECONDS if chore.name.startswith("chain_") else LEAST_CHORE_SECONDS
        await asyncio.sleep(max(chore.every_seconds, least))


async def _tolerating_an_absent_store(run: Callable[[], Awaitable[None]]) -> None:
    try:
        await run()
    except StoreUnavailable:
        return


_FIRST_RING = "k1:" + base64.b64encode(b"m" * 32).decode()
