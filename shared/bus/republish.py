"""Published events once more: after a restore, or for a read model that is built again."""

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
"""How often what the broker did not confirm is sent again before the operator is told."""


class BrokerDoesNotTakeAll(Exception):
    """The broker did not confirm; what is confirmed has arrived, and the same command again sends the rest too."""


class EventsOnly:
    """A door to the broker for sending: it listens to nothing, so it takes no message from a running service."""

    def __init__(self, events: AbstractExchange) -> None:
        self._events = events

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Send all with confirms, many in flight at once; the ids that the broker has confirmed."""
        confirmed = await asyncio.gather(*(self._publish(envelope) for envelope in envelopes))
        return {envelope.id for envelope, sent in zip(envelopes, confirmed, strict=True) if sent}

    async def _publish(self, envelope: Envelope) -> bool:
        # sent now: a listener's patience with an old event begins again
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
    """A door for sending events to the broker at this address.

    Raises:
        AMQPError, OSError, TimeoutError: it does not answer.
        BrokerNotPrepared: this version's queues are not there, and this user may not make them.
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
    """Send the archived events that were published since then once more, under their old ids; tells how many.

    Inboxes drop what their service knows already, so running it twice does no harm. With ``types`` only those.
    ``told`` hears after each batch how many were sent and up to which event time.

    Raises:
        BrokerDoesNotTakeAll: some are unconfirmed after :data:`BATCH_TRIES`.
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
