"""RabbitMQ: one connection per process that comes back by itself, confirmed publishing, consuming with retry rungs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractExchange,
    AbstractIncomingMessage,
    AbstractQueue,
    ExchangeType,
)
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError

from shared.bus import topology
from shared.bus.dispatch import Dispatcher, Outcome, Verdict
from shared.events.envelope import Envelope, UnreadableMessage
from shared.events.subscriptions import COMMANDS, SUBSCRIBERS, commands_for

log = structlog.get_logger()

PREFETCH: Final = 32
"""Messages handled at once per queue and process; bounds memory and the work lost by a crash."""

PUBLISH_SECONDS: Final = 5.0
"""How long a confirm may take before the message counts as unsent (it stays in its outbox)."""

RECONNECT_SECONDS: Final = 0.5
"""Between tries to reach the broker."""

HEARD = frozenset(event.TYPE for event, listeners in SUBSCRIBERS.items() if listeners) | {
    command.TYPE for command in COMMANDS
}
"""The types that somebody listens to: for these a publish without a queue to take it is a failure."""

_TROUBLE = (AMQPError, OSError, asyncio.TimeoutError, RuntimeError)


class AmqpBus:
    """One service's door to the broker. It survives the broker's restart; the relay sends again what is unconfirmed."""

    def __init__(self, url: str, service: str, dispatcher: Dispatcher) -> None:
        self._url = url
        self._service = service
        self._dispatcher = dispatcher
        self._connection: AbstractConnection | None = None
        self._events: AbstractExchange | None = None
        self._commands: AbstractExchange | None = None
        self._default: AbstractExchange | None = None
        self._consumers: list[tuple[AbstractQueue, str]] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def connected(self) -> bool:
        """Whether messages can be sent and taken right now."""
        return self._events is not None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._stay_connected()
            except _TROUBLE as trouble:
                log.warning("broker_unreachable", reason=type(trouble).__name__)
            finally:
                self._forget()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Send all with confirms, many in flight at once; the ids that the broker has confirmed."""
        if not self.connected:
            return set()
        results = await asyncio.gather(*(self._publish(envelope) for envelope in envelopes))
        return {envelope.id for envelope, confirmed in zip(envelopes, results, strict=True) if confirmed}

    async def stop_consuming(self, seconds: float) -> None:
        """Take no more messages and let the running handlers end, up to the given time; the others are redelivered."""
        self._stopping = True
        for queue, tag in self._consumers:
            with contextlib.suppress(*_TROUBLE):
                await asyncio.wait_for(queue.cancel(tag), PUBLISH_SECONDS)
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=seconds)

    async def _stay_connected(self) -> None:
        closed = asyncio.Event()
        connection = await aio_pika.connect(self._url, timeout=PUBLISH_SECONDS)
        try:
            connection.close_callbacks.add(lambda *_: closed.set())
            self._connection = connection
            publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
            publishing.close_callbacks.add(lambda *_: closed.set())
            events, commands = await declare(publishing)
            self._default = publishing.default_exchange
            self._commands = commands
            self._events = events
            log.info("broker_connected")
            await self._consume(connection, closed)
            await closed.wait()
            log.warning("broker_connection_lost")
        finally:
            with contextlib.suppress(*_TROUBLE):
                await connection.close()

    async def _consume(self, connection: AbstractConnection, closed: asyncio.Event) -> None:
        names = [topology.work_queue(self._service)]
        if commands_for(self._service):
            names.append(topology.command_queue(self._service))
        self._consumers = []
        for name in names:
            channel = await connection.channel(publisher_confirms=False)
            channel.close_callbacks.add(lambda *_: closed.set())
            await channel.set_qos(prefetch_count=PREFETCH)
            queue = await channel.get_queue(name, ensure=False)
            self._consumers.append((queue, await queue.consume(self._take)))

    async def _take(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        try:
            await self._settle(message)
        except _TROUBLE as trouble:
            log.warning("message_returned", reason=type(trouble).__name__, message_id=message.message_id)
            with contextlib.suppress(*_TROUBLE):
                await message.nack(requeue=True)

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        is_command = message.exchange == topology.COMMANDS_EXCHANGE or bool(message.headers.get("x-command"))
        queue = topology.command_queue(self._service) if is_command else topology.work_queue(self._service)
        try:
            envelope = Envelope.from_bytes(message.body)
        except UnreadableMessage as unreadable:
            log.error("message_unreadable", message_id=message.message_id, reason=str(unreadable))
            verdict = Verdict(Outcome.POISON, UnreadableMessage.__name__)
        else:
            verdict = await self._dispatcher.judge(envelope)
        if verdict.outcome is Outcome.LATER:
            await self._wait_on_rung(message, queue, is_command, verdict.because)
        elif verdict.outcome is Outcome.POISON and not is_command:
            await self._bury(message, verdict.because)
        await message.ack()

    async def _wait_on_rung(self, message: AbstractIncomingMessage, queue: str, is_command: bool, because: str) -> None:
        attempt = int(str(message.headers.get("x-attempt", 0))) + 1
        age = self._age_seconds(message)
        if age > topology.LONGEST_RETRY_SECONDS:
            log.error("message_gave_up", message_id=message.message_id, age_seconds=int(age))
            if not is_command:
                await self._bury(message, f"{because}, too long")
            return
        if age > topology.ALERT_AFTER_SECONDS:
            log.error("message_waits_long", message_id=message.message_id, age_seconds=int(age))
        headers = {"x-attempt": attempt, "x-command": 1 if is_command else 0}
        await self._send_on(message, topology.rung_queue(queue, topology.rung_for(attempt)), headers)

    async def _bury(self, message: AbstractIncomingMessage, because: str) -> None:
        headers = {
            topology.BURIED_BY: self._service,
            topology.BURIED_BECAUSE: because,
            topology.BURIED_AT: datetime.now(UTC).isoformat(timespec="seconds"),
        }
        await self._send_on(message, topology.dead_queue(self._service), headers)

    async def _send_on(self, message: AbstractIncomingMessage, queue: str, headers: Mapping[str, int | str]) -> None:
        if self._default is None:
            raise RuntimeError("the broker connection is gone")
        copy = aio_pika.Message(
            message.body,
            message_id=message.message_id,
            type=message.type,
            timestamp=message.timestamp,
            content_type=message.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers=dict(headers),
        )
        await self._default.publish(copy, queue, mandatory=True, timeout=PUBLISH_SECONDS)

    async def _publish(self, envelope: Envelope) -> bool:
        exchange = self._commands if envelope.is_command else self._events
        if exchange is None:
            return False
        try:
            await exchange.publish(
                on_the_wire(envelope), envelope.type, mandatory=envelope.type in HEARD, timeout=PUBLISH_SECONDS
            )
        except (PublishError, DeliveryError, *_TROUBLE) as trouble:
            log.warning("message_unconfirmed", message_type=envelope.type, reason=type(trouble).__name__)
            return False
        return True

    @staticmethod
    def _age_seconds(message: AbstractIncomingMessage) -> float:
        return (datetime.now(UTC) - message.timestamp).total_seconds() if message.timestamp else 0.0

    def _forget(self) -> None:
        self._connection = self._events = self._commands = self._default = None
        self._consumers = []


def on_the_wire(envelope: Envelope, sent_at: datetime | None = None) -> aio_pika.Message:
    """The envelope as the broker carries it: persistent and known by its id.

    A consumer's patience with a message counts from the envelope's own time, or from ``sent_at``.
    """
    return aio_pika.Message(
        envelope.to_bytes(),
        message_id=envelope.id,
        type=envelope.type,
        timestamp=sent_at or envelope.time,
        content_type="application/cloudevents+json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


async def declare(channel: AbstractChannel) -> tuple[AbstractExchange, AbstractExchange]:
    """Declare the whole topology, idempotently: the events exchange and the commands exchange come back."""
    events = await channel.declare_exchange(topology.EVENTS_EXCHANGE, ExchangeType.TOPIC, durable=True)
    commands = await channel.declare_exchange(topology.COMMANDS_EXCHANGE, ExchangeType.DIRECT, durable=True)
    exchanges = {topology.EVENTS_EXCHANGE: events, topology.COMMANDS_EXCHANGE: commands}
    for queue in topology.queues():
        declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
        for exchange, key in queue.bindings:
            await declared.bind(exchanges[exchange], key)
    return events, commands
