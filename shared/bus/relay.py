"""The relay: the only way out for events. It publishes what the outboxes hold, archives it and takes it out."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog

from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.store.kinds import Kind
from shared.store.port import Store, StoreUnavailable

log = structlog.get_logger()

BATCH: Final = 200
"""Messages published and taken out together."""

LARGEST_QUEUE: Final = 10_000
"""Nudges held in memory; beyond it the sweep finds them."""

BUSY_BATCH: Final = 4
"""A batch of this many says that more are coming."""

LINGER_SECONDS: Final = 0.02
"""How long a busy relay waits for the next batch to fill: fewer, larger writes. An idle one does not wait at all."""

SWEEP_SECONDS: Final = 2.0
"""Between sweeps; with the age below, what a crash left is published within 5 s of the restart."""

SWEEP_AGE_SECONDS: Final = 2.0
"""Younger messages are left to the nudge, so that the sweep repeats little."""


class Publisher(Protocol):
    """Sends envelopes and tells which of them the broker has confirmed."""

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """The ids of those that are safely with the broker; the others stay in their outboxes."""
        ...


class Relay:
    """Nudged after each write, swept for what a crash left. Duplicates are possible here, loss is not."""

    def __init__(self, store: Store, kinds: Sequence[Kind[Any]], publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._kinds = [kind for kind in kinds if not kind.bare]
        self._publisher = publisher
        self._clock = clock
        self._nudges: asyncio.Queue[tuple[Kind[Any], Envelope]] = asyncio.Queue(LARGEST_QUEUE)

    @property
    def backlog(self) -> int:
        """How many nudged messages wait in memory."""
        return self._nudges.qsize()

    def nudge(self, kind: Kind[Any], envelopes: Sequence[Envelope]) -> None:
        """Take note of freshly written messages; never waits, and forgets what does not fit (the sweep finds it)."""
        for envelope in envelopes:
            if self._nudges.full():
                return
            self._nudges.put_nowait((kind, envelope))

    async def run(self) -> None:
        """Publish until cancelled."""
        await asyncio.gather(self._publish_nudged(), self._sweep_again_and_again())

    async def sweep(self) -> int:
        """Publish what has waited too long in any outbox; tells how many messages went out."""
        before = self._clock.now() - timedelta(seconds=SWEEP_AGE_SECONDS)
        sent = 0
        for kind in self._kinds:
            while waiting := await self._store.outbox_waiting(kind, before=before, limit=BATCH):
                confirmed = await self._publish({kind.name: (kind, waiting)})
                sent += confirmed
                if confirmed < len(waiting):
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
            await self._try_publish(grouped)
            if len(batch) >= BUSY_BATCH:
                await self._clock.sleep(LINGER_SECONDS)

    async def _try_publish(self, grouped: Mapping[str, tuple[Kind[Any], list[Envelope]]]) -> None:
        try:
            await self._publish(grouped)
        except StoreUnavailable as trouble:
            log.warning("relay_waits", reason=str(trouble))
        except Exception:
            log.exception("relay_failed")

    async def _publish(self, grouped: Mapping[str, tuple[Kind[Any], list[Envelope]]]) -> int:
        envelopes = [envelope for _, waiting in grouped.values() for envelope in waiting]
        confirmed = await self._publisher.publish(envelopes)
        by_kind: dict[str, list[Envelope]] = defaultdict(list)
        for name, (_, waiting) in grouped.items():
            by_kind[name] = [envelope for envelope in waiting if envelope.id in confirmed]
        for name, sent in by_kind.items():
            if sent:
                await self._store.mark_published(grouped[name][0], sent, now=self._clock.now())
        return len(confirmed)

    async def _sweep_again_and_again(self) -> None:
        while True:
            try:
                found = await self.sweep()
                if found:
                    log.info("relay_swept", messages=found)
            except StoreUnavailable as trouble:
                log.warning("relay_waits", reason=str(trouble))
            except Exception:
                log.exception("relay_failed")
            await self._clock.sleep(SWEEP_SECONDS)
