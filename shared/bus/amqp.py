"""RabbitMQ client: one connection per process that reconnects, confirmed publishing, consuming with retry rungs."""

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
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity, DeliveryError, PublishError
from aiormq.exceptions import ChannelAccessRefused

from shared.bus import topology
from shared.bus.dispatch import Dispatcher, Outcome, Verdict
from shared.events.envelope import CONTENT_TYPE, Envelope, UnreadableMessage
from shared.events.subscriptions import COMMANDS, ROOM_SUBSCRIBERS, SERVICES, SUBSCRIBERS, commands_for, rooms_of
from shared.service import RoomConsumer

log = structlog.get_logger()

PREFETCH: Final = 32
"""Messages handled at once per queue and process; limits memory and the work lost by a crash."""

PUBLISH_SECONDS: Final = 5.0
"""Wait for a confirm before the message counts as unsent (it stays in its outbox)."""

RECONNECT_SECONDS: Final = 0.5
"""Wait between tries to reach the broker."""

HEARD = (
    frozenset(event.TYPE for event, listeners in SUBSCRIBERS.items() if listeners)
    | {event.TYPE for events in ROOM_SUBSCRIBERS.values() for event in events}
    | {command.TYPE for command in COMMANDS}
)
"""Message types with a subscriber: publishing one of these without a queue that takes it is a failure."""

_TROUBLE = (AMQPError, OSError, asyncio.TimeoutError, RuntimeError)


_COMMANDS_ARRIVE_BY: Final = (topology.COMMANDS_EXCHANGE, topology.FIRST_COMMANDS_EXCHANGE)


class BrokerNotPrepared(RuntimeError):
    """The broker lacks queues or exchanges of this version: `deploy/prepare_rabbitmq.py` makes them."""


class AmqpBus:
    """One service's connection to the broker. It survives a restart; the relay sends unconfirmed messages again."""

    def __init__(
        self,
        url: str,
        service: str,
        dispatcher: Dispatcher,
        *,
        schemas_url: str | None = None,
        room: RoomConsumer | None = None,
    ) -> None:
        """``schemas_url`` is where the schemas of messages are served, for readers outside the suite. With a ``room``
        its queue is consumed, and not the service's own."""
        self._room = room
        self._url = url
        self._schemas_url = schemas_url
        self._service = service
        self._dispatcher = dispatcher
        self._connection: AbstractConnection | None = None
        self._events: AbstractExchange | None = None
        self._commands: AbstractExchange | None = None
        self._own: AbstractExchange | None = None
        self._consumers: list[tuple[AbstractQueue, str]] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._is_away = False  # logged already, and not connected again since

    @property
    def connected(self) -> bool:
        """Whether messages can be sent and consumed now."""
        return self._events is not None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            was_connected = False
            try:
                await self._stay_connected()
                was_connected = True
            except _TROUBLE as trouble:
                self._tell_of_trouble(type(trouble).__name__)
            finally:
                self._forget()
            if was_connected and not self._stopping:
                self._tell_of_trouble("connection lost")
            await asyncio.sleep(RECONNECT_SECONDS)

    def _tell_of_trouble(self, reason: str) -> None:
        """Warn once per loss, however many tries follow."""
        say = log.debug if self._is_away else log.warning
        say("broker_unreachable", reason=reason)
        self._is_away = True

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Send all with confirms, many in flight at once; return the ids that the broker has confirmed."""
        if not self.connected:
            return set()
        results = await asyncio.gather(*(self._publish(envelope) for envelope in envelopes))
        return {envelope.id for envelope, confirmed in zip(envelopes, results, strict=True) if confirmed}

    async def stop_consuming(self, seconds: float) -> None:
        """Stop consuming and wait for running handlers, up to the given time; other messages are redelivered."""
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
            await ensure_topology(connection)
            publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
            publishing.close_callbacks.add(lambda *_: closed.set())
            self._own = await publishing.get_exchange(topology.own_exchange(self._service), ensure=False)
            self._commands = await publishing.get_exchange(topology.COMMANDS_EXCHANGE, ensure=False)
            self._events = await publishing.get_exchange(topology.EVENTS_EXCHANGE, ensure=False)
            log.info("broker_connected")
            self._is_away = False
            await self._consume(connection, closed)
            await closed.wait()
        finally:
            with contextlib.suppress(*_TROUBLE):
                await connection.close()

    async def _consume(self, connection: AbstractConnection, closed: asyncio.Event) -> None:
        self._consumers = []
        for name in self._queue_names():
            channel = await connection.channel(publisher_confirms=False)
            channel.close_callbacks.add(lambda *_: closed.set())
            await channel.set_qos(prefetch_count=PREFETCH if self._room is None else self._room.at_once)
            queue = await channel.get_queue(name, ensure=False)
            self._consumers.append((queue, await queue.consume(self._take)))

    def _queue_names(self) -> list[str]:
        if self._room is not None:
            return [topology.room_queue(self._service, self._room.room)]
        names = [topology.work_queue(self._service)]
        if commands_for(self._service):
            names.append(topology.command_queue(self._service))
        return names

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
        sent_to = message.exchange
        is_command = sent_to in _COMMANDS_ARRIVE_BY or bool(message.headers.get("x-command"))
        queue = self._queue_names()[-1 if is_command else 0]
        try:
            envelope = Envelope.from_bytes(message.body)
        except UnreadableMessage as unreadable:
            log.error("message_unreadable", message_id=message.message_id, reason=str(unreadable))
            verdict = Verdict(Outcome.POISON, UnreadableMessage.__name__)
        else:
            if sent_to and message.routing_key != envelope.type and sent_to != topology.own_exchange(self._service):
                # the broker lets a service send under its own types only, whatever the body then says it is
                log.error("message_of_another_type", message_id=message.message_id, message_type=envelope.type)
                verdict = Verdict(Outcome.POISON, "TypeNotItsOwn")
            else:
                verdict = await self._dispatcher.judge(envelope)
        if verdict.outcome is Outcome.LATER:
            await self._wait_on_rung(message, queue, is_command, verdict.because)
        elif verdict.outcome is Outcome.POISON and self._buries(is_command):
            await self._bury(message, verdict.because)
        await message.ack()

    async def _wait_on_rung(self, message: AbstractIncomingMessage, queue: str, is_command: bool, because: str) -> None:
        attempt = int(str(message.headers.get("x-attempt", 0))) + 1
        age = self._age_seconds(message)
        if age > topology.LONGEST_RETRY_SECONDS:
            log.error("message_gave_up", message_id=message.message_id, age_seconds=int(age))
            if self._buries(is_command):
                await self._bury(message, f"{because}, too long")
            return
        if age > topology.ALERT_AFTER_SECONDS:
            log.error("message_waits_long", message_id=message.message_id, age_seconds=int(age))
        headers = {"x-attempt": attempt, "x-command": 1 if is_command else 0}
        await self._send_on(message, topology.rung_queue(queue, topology.rung_for(attempt)), headers)

    def _buries(self, is_command: bool) -> bool:
        """Return whether what was given up rests for operators: no secret does, and no work that is decided anyway."""
        return not is_command and self._room is None

    async def _bury(self, message: AbstractIncomingMessage, because: str) -> None:
        headers = {
            topology.BURIED_BY: self._service,
            topology.BURIED_BECAUSE: because,
            topology.BURIED_AT: datetime.now(UTC).isoformat(timespec="seconds"),
        }
        await self._send_on(message, topology.dead_queue(self._service), headers)

    async def _send_on(self, message: AbstractIncomingMessage, queue: str, headers: Mapping[str, int | str]) -> None:
        if self._own is None:
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
        await self._own.publish(copy, queue, mandatory=True, timeout=PUBLISH_SECONDS)

    async def _publish(self, envelope: Envelope) -> bool:
        exchange = self._commands if envelope.is_command else self._events
        if exchange is None:
            return False
        try:
            message = on_the_wire(envelope, schemas_url=self._schemas_url)
            await exchange.publish(message, envelope.type, mandatory=envelope.type in HEARD, timeout=PUBLISH_SECONDS)
        except (PublishError, DeliveryError, *_TROUBLE) as trouble:
            log.warning("message_unconfirmed", message_type=envelope.type, reason=type(trouble).__name__)
            return False
        return True

    @staticmethod
    def _age_seconds(message: AbstractIncomingMessage) -> float:
        return (datetime.now(UTC) - message.timestamp).total_seconds() if message.timestamp else 0.0

    def _forget(self) -> None:
        self._connection = self._events = self._commands = self._own = None
        self._consumers = []


def on_the_wire(
    envelope: Envelope, sent_at: datetime | None = None, *, schemas_url: str | None = None
) -> aio_pika.Message:
    """Return the envelope as a persistent message with its id.

    The time limit of a consumer's retries counts from the envelope's own time, or from ``sent_at``.
    """
    return aio_pika.Message(
        envelope.to_bytes(schemas_url),
        message_id=envelope.id,
        type=envelope.type,
        timestamp=sent_at or envelope.time,
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


async def declare(channel: AbstractChannel) -> tuple[AbstractExchange, AbstractExchange]:
    """Declare the whole topology, idempotently, its marker last; return the events and the commands exchange."""
    made = {
        name: await channel.declare_exchange(name, ExchangeType(kind), durable=True)
        for name, kind in topology.exchanges()
        if name != topology.marker_exchange()
    }
    for queue in topology.queues():
        declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
        for exchange, key in queue.bindings:
            await declared.bind(made[exchange], key)
    await channel.declare_exchange(topology.marker_exchange(), ExchangeType.DIRECT, durable=True)
    return made[topology.EVENTS_EXCHANGE], made[topology.COMMANDS_EXCHANGE]


async def ensure_topology(connection: AbstractConnection) -> None:
    """Check that the broker has this version's topology, and declare it if the user may.

    Raises:
        BrokerNotPrepared: something is missing, and only the deployment's own user may declare it.
    """
    try:
        checking = await connection.channel(publisher_confirms=False)
        await checking.declare_exchange(topology.marker_exchange(), passive=True)
        for service in SERVICES:
            await checking.declare_queue(topology.work_queue(service), passive=True)
            if commands_for(service):
                await checking.declare_queue(topology.command_queue(service), passive=True)
            for room in rooms_of(service):
                await checking.declare_queue(topology.room_queue(service, room), passive=True)
        await checking.close()
        return
    except ChannelNotFoundEntity:
        log.info("broker_lacks_topology")
    declaring = await connection.channel(publisher_confirms=False)
    try:
        await declare(declaring)
    except ChannelAccessRefused:
        raise BrokerNotPrepared from None
    await declaring.close()
