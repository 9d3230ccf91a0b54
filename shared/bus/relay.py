"""The relay: publishes the messages of the outboxes, archives them and removes them. Events leave no other way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog

from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.store.kinds import Kind
from shared.store.port import Store, StoreUnavailable

log = structlog.get_logger()

BATCH: Final = 200
"""Messages published and removed together."""

LARGEST_QUEUE: Final = 10_000
"""Most nudged messages in memory; the sweep finds the others."""

BUSY_BATCH: Final = 4
"""A batch of this size counts as busy: more messages are coming."""

LINGER_SECONDS: Final = 0.02
"""Wait of a busy relay for the next batch to fill: fewer, larger writes. An idle relay does not wait."""

MARK_SECONDS: Final = 0.2
"""Wait before sent messages are archived and removed: few large writes, and none of them before the next message goes.
Messages that a crash leaves unmarked are sent twice, which is allowed."""

SWEEP_SECONDS: Final = 2.0
"""Interval of sweeps; with the age below, messages left by a crash are published within 5 s of the restart."""

SWEEP_AGE_SECONDS: Final = 2.0
"""The sweep leaves younger messages to the nudge, so that it repeats little."""


Grouped = Mapping[str, tuple[Kind[Any], list[Envelope]]]
"""Messages by the name of the kind whose outbox has them."""


class Publisher(Protocol):
    """Sends envelopes to the broker."""

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Return the ids that the broker has confirmed; the others stay in their outboxes."""
        ...


class Relay:
    """Publishes after each write, and sweeps for messages left by a crash. Duplicates are possible, loss is not."""

    def __init__(self, store: Store, kinds: Sequence[Kind[Any]], publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._kinds = [kind for kind in kinds if not kind.bare]
        self._publisher = publisher
        self._clock = clock
        self._nudges: asyncio.Queue[tuple[Kind[Any], Envelope]] = asyncio.Queue(LARGEST_QUEUE)
        self._sent: list[tuple[Kind[Any], list[Envelope]]] = []
        self._has_sent = asyncio.Event()

    @property
    def backlog(self) -> int:
        """The number of nudged messages in memory."""
        return self._nudges.qsize()

    def nudge(self, kind: Kind[Any], envelopes: Sequence[Envelope]) -> None:
        """Queue freshly written messages; never waits, and drops what does not fit (the sweep finds it)."""
        for envelope in envelopes:
            if self._nudges.full():
                return
            self._nudges.put_nowait((kind, envelope))

    async def run(self) -> None:
        """Publish until cancelled."""
        try:
            await asyncio.gather(self._publish_nudged(), self._mark_again_and_again(), self._sweep_again_and_again())
        finally:
            await self._guarded(self._mark_sent())

    async def sweep(self) -> int:
        """Publish messages that have waited too long in any outbox; return how many were sent."""
        before = self._clock.now() - timedelta(seconds=SWEEP_AGE_SECONDS)
        sent = 0
        for kind in self._kinds:
            while waiting := await self._store.outbox_waiting(kind, before=before, limit=BATCH):
                confirmed = await self._send({kind.name: (kind, waiting)})
                await self._mark(confirmed)
                count = sum(len(envelopes) for _, envelopes in confirmed)
                sent += count
                if count < len(waiting):
                    break
        return sent

    async def _publish_nudged(self) -> None:
        while True:
            batch = [await self._nudges.get()]
            while len(batch) < BATCH and not self._nudges.empty():
                batch.append(self._nudges.get_nowait())
            grouped: dict[str, tuple[Kind[Any], list[Envelope]]] = {}
            for kind, envelope in batch:
                grouped.setdefault(kind.name, (kind, []))[1].append(envelope)
            await self._guarded(self._publish(grouped))
            if len(batch) >= BUSY_BATCH:
                await self._clock.sleep(LINGER_SECONDS)

    async def _publish(self, grouped: Grouped) -> None:
        confirmed = await self._send(grouped)
        self._sent += confirmed
        if confirmed:
            self._has_sent.set()
        if sum(len(envelopes) for _, envelopes in self._sent) >= BATCH:
            await self._mark_sent()

    async def _send(self, grouped: Grouped) -> list[tuple[Kind[Any], list[Envelope]]]:
        """Send the messages and return those that the broker has confirmed."""
        confirmed = await self._publisher.publish([item for _, waiting in grouped.values() for item in waiting])
        sent = [(kind, [item for item in waiting if item.id in confirmed]) for kind, waiting in grouped.values()]
        return [(kind, envelopes) for kind, envelopes in sent if envelopes]

    async def _mark_again_and_again(self) -> None:
        while True:
            await self._has_sent.wait()
            await self._clock.sleep(MARK_SECONDS)
            self._has_sent.clear()
            await self._guarded(self._mark_sent())

    async def _mark_sent(self) -> None:
        sent, self._sent = self._sent, []
        await self._mark(sent)

    async def _mark(self, sent: Sequence[tuple[Kind[Any], list[Envelope]]]) -> None:
        by_kind: dict[str, tuple[Kind[Any], list[Envelope]]] = {}
        for kind, envelopes in sent:
            by_kind.setdefault(kind.name, (kind, []))[1].extend(envelopes)
        for kind, envelopes in by_kind.values():
            for start in range(0, len(envelopes), BATCH):
                await self._store.mark_published(kind, envelopes[start : start + BATCH], now=self._clock.now())

    async def _sweep_again_and_again(self) -> None:
        while True:
            await self._guarded(self._sweep_once())
            await self._clock.sleep(SWEEP_SECONDS)

    async def _sweep_once(self) -> None:
        found = await self.sweep()
        if found:
            log.info("relay_swept", messages=found)

    @staticmethod
    async def _guarded(work: Awaitable[None]) -> None:
        try:
            await work
        except StoreUnavailable as trouble:
            log.warning("relay_waits", reason=str(trouble))
        except Exception:
            log.exception("relay_failed")
