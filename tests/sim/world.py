"""The world of one run: services as processes, a broker between them, time, faults, and what went wrong."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.ids import SeededIds
from shared.store import codec
from shared.store.port import StoreUnavailable
from tests.sim.broker import Broker
from tests.sim.calling import Asked, Reply, answer
from tests.sim.chaos import CALM, Chaos
from tests.sim.journal import Journal
from tests.sim.loop import VirtualClock, VirtualLoop
from tests.sim.process import LARGEST_SKEW_SECONDS, Build, ConnectionLost, Ground, Process
from tests.sim.store import CrashPlan

QUIET_LIMIT_SECONDS = 3 * 86400
"""After the faults end everything must have settled within this much virtual time."""

STUCK_AFTER_STEPS = 400_000
"""Lines of journal after which a run is going round in circles."""


class Storms:
    """When which outside agency is away for long."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._spans: dict[str, tuple[datetime, datetime]] = {}

    def plan(self, agency: str, begins: datetime, ends: datetime) -> None:
        """The agency does not answer from then to then."""
        self._spans[agency] = (begins, ends)

    def away(self, agency: str) -> bool:
        """Whether it is away now."""
        begins, ends = self._spans.get(agency, (self._now(), self._now()))
        return begins <= self._now() < ends

    def end(self) -> None:
        """Everybody is there again."""
        self._spans.clear()


class GoesInCircles(Exception):
    """The run does the same again and again."""


class World:
    """One run of one seed."""

    def __init__(
        self,
        loop: VirtualLoop,
        start: datetime,
        chaos: Chaos,
        *,
        plan: CrashPlan | None = None,
        verbose: bool = False,
        skewed: bool = True,
    ) -> None:
        self.loop = loop
        self.chaos = chaos
        self.clock = VirtualClock(loop, start)
        self.journal = Journal(loop.time, verbose=verbose)
        self.broker = Broker(chaos, self.journal)
        self.plan = plan or CrashPlan()
        self.processes: dict[str, Process] = {}
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self.told_to_operators: set[str] = set()
        """Error lines that are alerts by design: the state of the world is bad, the code is not."""
        self.storms = Storms(self.clock.now)
        self._skewed = skewed
        self._ground = Ground(loop, start, chaos, self.plan, self.broker, self.journal)
        self._tasks: list[asyncio.Task[Any]] = []
        self._event_ids = SeededIds(chaos.dice("event ids"))

    def add(self, name: str, build: Build) -> Process:
        """Put a service into the world; it starts with `begin`."""
        skew = (self.chaos.dice("skew").random() * 2 - 1) * LARGEST_SKEW_SECONDS if self._skewed else 0.0
        process = self.processes[name] = Process(name, build, self._ground, skew_seconds=skew)
        self.broker.consumers[name] = process
        return process

    async def begin(self) -> None:
        """Start every service and wait until they are up."""
        structlog.configure(processors=[self._hear], cache_logger_on_first_use=False)
        codec.new_event_id = self._event_ids.new  # type: ignore[attr-defined]
        for process in self.processes.values():
            self._tasks.append(asyncio.create_task(process.run()))
        for process in self.processes.values():
            await process.up()

    async def end(self) -> None:
        """Stop everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something that belongs to the world, not to a process."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    def violated(self, rule: str, what: str) -> None:
        """Write down that a rule was broken."""
        line = f"{rule}: {what}"
        if line not in self.violations:
            self.violations.append(line)
            self.journal.note("VIOLATION", line)

    async def ask(self, service: str, asked: Asked) -> Reply:
        """Call a service's endpoint. Raises `ConnectionLost` where there is no answer."""
        process = self.processes[service]
        await asyncio.sleep(self.chaos.dice("http").random() * 0.01)
        try:
            reply = await process.work(lambda parts: answer(parts, asked))
        except ConnectionLost:
            self.journal.note(service, f"{asked}: connection lost")
            raise
        except StoreUnavailable:
            reply = Reply(503, code="unavailable")
        except Exception:
            self.violated("mistake of the code", f"{asked} at {service}:\n{traceback.format_exc(limit=-8)}")
            reply = Reply(500, code="internal")
        self.journal.note(service, f"{asked}: {reply.status} {reply.code}")
        if self.chaos.happens("answer_to_client_lost", "http"):
            raise ConnectionLost(service)
        return reply

    async def calm_down(self) -> None:
        """No more faults."""
        self.journal.note("world", "faults end")
        self.chaos.rates = CALM
        self.storms.end()
        for process in self.processes.values():
            await process.up()

    async def until(
        self, holds: Callable[[], bool | Awaitable[bool]], limit_seconds: float, look_seconds: float
    ) -> bool:
        """Wait for something; whether it came within the limit."""
        end = self.clock.now() + timedelta(seconds=limit_seconds)
        while self.clock.now() < end:
            said = holds()
            if await said if isinstance(said, Awaitable) else said:
                return True
            if self.journal.count > STUCK_AFTER_STEPS:
                raise GoesInCircles
            await asyncio.sleep(look_seconds)
        return False

    def nothing_under_way(self) -> bool:
        """Whether every committed message was published and has ended at every consumer."""
        return not self.broker.under_way and not any(process.unpublished for process in self.processes.values())

    def _hear(self, _logger: Any, method: str, event: Mapping[str, Any]) -> Any:
        if method in ("error", "exception", "critical") or event.get("exc_info"):
            self._note_error(event)
        self.counts[str(event.get("event"))] += 1
        raise structlog.DropEvent

    def _note_error(self, event: Mapping[str, Any]) -> None:
        words = {key: value for key, value in event.items() if key not in ("exc_info", "event")}
        text = f"{event.get('event')} {words}"
        if event.get("exc_info"):
            text += "\n" + traceback.format_exc(limit=-8)
        if event.get("event") in self.told_to_operators:
            self.journal.note("alert", text)
            return
        self.violated("error log", text)
