"""Facts on a real broker: from outbox to effect, through crashes of the broker, doubles, waits and poison."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest

from local_suite.servers.rabbitmq import RabbitMq
from shared import context
from shared.bus import topology
from shared.bus.amqp import AmqpBus
from shared.bus.dispatch import Dispatcher
from shared.bus.relay import Relay
from shared.clock import SystemClock
from shared.events.envelope import Envelope
from shared.events.identity import AccountRegistered, ApplicantConfirmed
from shared.service import NotYet
from shared.store import Kind, Store
from shared.store.memory import MemoryStore
from tests.contract.test_store import TICKET, ticket

PATIENCE_SECONDS = 30


async def until(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    """Poll until the condition holds; the test fails after :data:`PATIENCE_SECONDS`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.02)


class Heard:
    """A handler that remembers what it heard and answers as it is told."""

    def __init__(self) -> None:
        self.messages: list[Envelope] = []
        self.troubles: list[Exception] = []

    async def __call__(self, message: object, envelope: Envelope) -> None:
        self.messages.append(envelope)
        if self.troubles:
            raise self.troubles.pop(0)


@contextlib.asynccontextmanager
async def running(url: str, heard: Heard) -> AsyncIterator[tuple[Store, AmqpBus, Relay]]:
    """Notification listening on the broker, with a relay that speaks for identity."""
    bus = AmqpBus(url, "notification", Dispatcher({AccountRegistered: heard, ApplicantConfirmed: heard}, {}))
    store = MemoryStore("identity")
    relay = Relay(store, [TICKET], bus, SystemClock())
    store.on_written = lambda kind, envelopes, _due: relay.nudge(kind, envelopes)
    async with asyncio.TaskGroup() as tasks:
        jobs = [tasks.create_task(bus.run()), tasks.create_task(relay.run())]
        try:
            await until(lambda: bus.connected)
            yield store, bus, relay
        finally:
            await bus.stop_consuming(1)
            for job in jobs:
                job.cancel()


async def say(store: Store, name: str, kind: Kind[object] = TICKET) -> None:  # type: ignore[assignment]
    await store.insert(
        kind, name, ticket(name), now=SystemClock().now(), events=[AccountRegistered(account_id=name, language="id")]
    )


@pytest.fixture
async def vhost_url(amqp_url: str) -> AsyncIterator[str]:
    """The broker with its queues emptied before and after."""
    await _purge(amqp_url)
    yield amqp_url
    await _purge(amqp_url)


async def _purge(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for queue in topology.queues():
            with contextlib.suppress(aio_pika.exceptions.AMQPError):
                await channel.queue_delete(queue.name)
                continue
            channel = await connection.channel()


async def _depth(url: str, name: str) -> int:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, passive=True)
        return queue.declaration_result.message_count or 0


async def test_a_committed_event_reaches_its_listener_and_leaves_the_outbox(vhost_url: str) -> None:
    heard = Heard()
    async with running(vhost_url, heard) as (store, _, _):
        with context.bound(context.new_causation(correlation_id="c1")):
            await say(store, "t1")
        await until(lambda: len(heard.messages) == 1)
        assert heard.messages[0].data == AccountRegistered(account_id="t1", language="id")
        assert heard.messages[0].correlation_id == "c1"
        far = SystemClock().now() + timedelta(days=1)

        async def outbox_is_empty() -> bool:
            return not await store.outbox_waiting(TICKET, before=far, limit=1)

        await until(outbox_is_empty)


async def test_not_yet_comes_again_after_the_first_rung(vhost_url: str) -> None:
    heard = Heard()
    heard.troubles = [NotYet("the fact it needs is missing")]
    async with running(vhost_url, heard) as (store, _, _):
        await say(store, "t1")
        await until(lambda: len(heard.messages) == 2)
        assert heard.messages[0].id == heard.messages[1].id


async def test_poison_is_buried_and_the_queue_goes_on(vhost_url: str) -> None:
    heard = Heard()
    heard.troubles = [RuntimeError("a bug")]
    async with running(vhost_url, heard) as (store, _, _):
        await say(store, "t1")
        await until(lambda: len(heard.messages) == 1)
        await say(store, "t2")
        await until(lambda: len(heard.messages) == 2)

        async def buried() -> bool:
            return await _depth(vhost_url, topology.dead_queue("notification")) == 1

        await until(buried)


async def test_an_unreadable_message_is_buried(vhost_url: str) -> None:
    heard = Heard()
    async with running(vhost_url, heard):
        async with await aio_pika.connect(vhost_url) as connection:
            channel = await connection.channel()
            await channel.default_exchange.publish(
                aio_pika.Message(b"not an envelope"), topology.work_queue("notification")
            )

        async def buried() -> bool:
            return await _depth(vhost_url, topology.dead_queue("notification")) == 1

        await until(buried)
        assert heard.messages == []


async def test_the_bus_survives_a_killed_broker_and_nothing_is_lost(tmp_path: Path) -> None:
    """kill -9 of the broker between writes: every event arrives after its restart, at least once."""
    broker = RabbitMq(tmp_path / "broker")
    await broker.start()
    try:
        heard = Heard()
        async with running(broker.url, heard) as (store, bus, _):
            await say(store, "before")
            await until(lambda: len(heard.messages) >= 1)
            await broker.kill()
            for number in range(20):
                await say(store, f"during{number}")
            await until(lambda: not bus.connected)
            await broker.start()
            await until(lambda: {envelope.subject for envelope in heard.messages} >= {f"during{n}" for n in range(20)})
    finally:
        await broker.stop()


async def test_every_queue_is_a_quorum_queue_with_the_promised_arguments(vhost_url: str) -> None:
    async with await aio_pika.connect(vhost_url) as connection:
        from shared.bus.amqp import declare

        channel = await connection.channel()
        await declare(channel)
        await declare(channel)
    queues = {queue.name: queue.arguments for queue in topology.queues()}
    assert all(arguments["x-queue-type"] == "quorum" for arguments in queues.values())
    work = queues[topology.work_queue("billing")]
    assert work["x-delivery-limit"] == topology.DELIVERY_LIMIT
    assert work["x-dead-letter-strategy"] == "at-least-once"
    assert work["x-overflow"] == "reject-publish"
    assert work["x-dead-letter-routing-key"] == topology.dead_queue("billing")
    rung = queues[topology.rung_queue(topology.work_queue("billing"), 10)]
    assert (rung["x-message-ttl"], rung["x-dead-letter-routing-key"]) == (10_000, topology.work_queue("billing"))
    assert "x-dead-letter-exchange" not in queues[topology.command_queue("notification")]
