"""Publishes archived events again: after a restore, or to rebuild a read model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import aio_pika
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError

from shared.bus import topology
from shared.bus.amqp import HEARD, PUBLISH_SECONDS, ensure_topology, on_the_wire
from shared.bus.relay import BATCH, Publisher
from shared.events.envelope import Envelope
from shared.store.port import Store

BATCH_TRIES: Final = 3
"""Tries of an unconfirmed event before `BrokerDoesNotTakeAll`."""


class BrokerDoesNotTakeAll(Exception):
    """The broker did not confirm some events; running the same command again sends them."""


class EventsOnly:
    """A publisher of events that consumes nothing, so that it takes no message from a running service."""

    def __init__(self, events: AbstractExchange) -> None:
        self._events = events

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Send all with confirms, many in flight at once; return the ids that the broker has confirmed."""
        confirmed = await asyncio.gather(*(self._publish(envelope) for envelope in envelopes))
        return {envelope.id for envelope, sent in zip(envelopes, confirmed, strict=True) if sent}

    async def _publish(self, envelope: Envelope) -> bool:
        # sent now: the retry limit of an old event begins again
        message = on_the_wire(envelope, sent_at=datetime.now(UTC))
        try:
            await self._events.publish(
                message, envelope.type, mandatory=envelope.type in HEARD, timeout=PUBLISH_SECONDS
            )
        except (TimeoutError, PublishError, DeliveryError, AMQPError, OSError, RuntimeError):
            return False
        return True


@asynccontextmanager
async def events_only(url: str) -> AsyncIterator[EventsOnly]:
    """Connect to the broker at this address to send events.

    Raises:
        AMQPError, OSError, TimeoutError: it does not answer.
        BrokerNotPrepared: this version's queues are missing, and this user may not make them.
    """
    async with await aio_pika.connect(url, timeout=PUBLISH_SECONDS) as connection:
        await ensure_topology(connection)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield EventsOnly(await channel.get_exchange(topology.EVENTS_EXCHANGE, ensure=False))


async def republish(
    store: Store,
    publisher: Publisher,
    *,
    since: datetime,
    types: Collection[str] = (),
    batch: int = BATCH,
    told: Callable[[int, datetime], None] = lambda sent, upto: None,
) -> int:
    """Send archived events that were published since then again, under their old ids; return how many.

    Inboxes drop events that took effect already, so that running it twice does no harm. With ``types`` only those.
    ``told`` is called after each batch with the number sent and the time of the last event.

    Raises:
        BrokerDoesNotTakeAll: some events are unconfirmed after :data:`BATCH_TRIES`.
    """
    sent, after = 0, None
    while events := await store.archived(since=since, limit=batch, after=after):
        after = events[-1].id
        wanted = [event for event in events if not types or event.type in types]
        await _send(publisher, wanted)
        sent += len(wanted)
        told(sent, events[-1].time)
        if len(events) < batch:
            break
    return sent


async def _send(publisher: Publisher, events: Sequence[Envelope]) -> None:
    waiting = list(events)
    for _ in range(BATCH_TRIES):
        if not waiting:
            return
        confirmed = await publisher.publish(waiting)
        waiting = [event for event in waiting if event.id not in confirmed]
    if waiting:
        raise BrokerDoesNotTakeAll(f"The broker did not confirm {len(waiting)} of {len(events)} events.")
