"""A consumer's user at a real broker reads its own queue and may do nothing else; removing it ends its connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused, ProbableAuthenticationError

from local_suite.ports import free_port
from local_suite.servers.rabbitmq import RabbitMq
from operations.audit_log import AuditLog
from operations.broker_consumers import BrokerRefuses, ConsumerCommands, Management
from operations.errors import RequestMakesNoSense
from shared.bus import topology
from shared.bus.consumers import consumer_queue
from shared.events import billing, notification, scheduling
from shared.events.subscriptions import SERVICES

USERS: Final = {service: f"word-of-{service}" for service in SERVICES}
PAID: Final = billing.BillPaid.TYPE
PRINTED: Final = "paspor.application.passport.printed.v1"


class Broker:
    """A running broker and the operator's commands on it."""

    def __init__(self, running: RabbitMq, port: int, folder: Path) -> None:
        self.running = running
        self.said: list[str] = []
        password = running.url.partition(":")[2].partition(":")[2].partition("@")[0]
        self.audit = folder / "audit.log"
        management = Management(f"http://127.0.0.1:{port}", password)
        self.commands = ConsumerCommands(management, AuditLog(self.audit), self.said.append)

    async def add(self, name: str, *kinds: str) -> str:
        """Add a consumer; return the address with its password."""
        self.said.clear()
        await asyncio.to_thread(self.commands.add, name, kinds)
        password = self.said[-1].rpartition(" ")[2]
        return f"amqp://consumer-{name}:{password}@127.0.0.1:{self.running.port}/"

    async def publish(self, kind: str, body: bytes = b"{}") -> None:
        service = kind.split(".")[1]
        async with channel_of(self.running.url_of(service)) as channel:
            exchange = await channel.get_exchange(topology.EVENTS_EXCHANGE, ensure=False)
            await exchange.publish(aio_pika.Message(body), kind, mandatory=True, timeout=10)


@contextlib.asynccontextmanager
async def channel_of(url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(url) as connection:
        yield await connection.channel(publisher_confirms=True, on_return_raises=True)


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    port, folder = free_port(), tmp_path_factory.mktemp("consumers")
    async with RabbitMq(folder / "rabbitmq", users=USERS, management_port=port) as running:
        yield Broker(running, port, folder)


async def taken(url: str, queue: str) -> list[bytes]:
    """Everything that waits in a queue, taken as its reader."""
    found = []
    async with channel_of(url) as channel:
        reading = await channel.get_queue(queue, ensure=False)
        while (message := await reading.get(fail=False)) is not None:
            found.append(message.body)
            await message.ack()
    return found


async def test_a_consumer_is_told_its_kinds_alone(broker: Broker) -> None:
    url = await broker.add("statistik", PAID)
    await broker.publish(PAID, b"paid")
    await broker.publish(PRINTED, b"printed")
    assert await taken(url, consumer_queue("statistik")) == [b"paid"]
    await asyncio.to_thread(broker.commands.list)
    assert any(line.startswith("statistik: ") for line in broker.said)


async def test_it_may_publish_nothing_and_declare_bind_or_delete_nothing(broker: Broker) -> None:
    url = await broker.add("kantor-pusat", PAID)
    own = consumer_queue("kantor-pusat")
    for exchange, key in (
        (topology.EVENTS_EXCHANGE, PAID),
        (topology.COMMANDS_EXCHANGE, notification.SendOtp.TYPE),
        (topology.own_exchange("billing"), topology.dead_queue("billing")),
        ("amq.topic", PAID),
        ("", own),
        ("", topology.work_queue("billing")),
    ):
        with pytest.raises(ChannelAccessRefused):
            async with channel_of(url) as channel:
                target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
                await target.publish(aio_pika.Message(b"{}"), key, timeout=10)
    with pytest.raises(ChannelAccessRefused):
        async with channel_of(url) as channel:
            await channel.declare_queue("paspor.invented", durable=True)
    with pytest.raises(ChannelAccessRefused):
        async with channel_of(url) as channel:
            await channel.declare_exchange("paspor.invented")
    with pytest.raises(ChannelAccessRefused):
        async with channel_of(url) as channel:
            await (await channel.get_queue(own, ensure=False)).bind(topology.EVENTS_EXCHANGE, PRINTED)
    for queue in (own, topology.work_queue("billing")):
        with pytest.raises(ChannelAccessRefused):
            async with channel_of(url) as channel:
                await channel.queue_delete(queue)


async def test_it_reads_no_queue_of_others(broker: Broker) -> None:
    url = await broker.add("satu", PAID)
    await broker.add("satu-dua", PAID)
    for queue in (
        *(topology.work_queue(service) for service in SERVICES),
        *(topology.dead_queue(service) for service in SERVICES),
        topology.command_queue("notification"),
        topology.room_queue("application", "paper_reading"),
        consumer_queue("satu-dua"),
    ):
        with pytest.raises(ChannelAccessRefused):
            await taken(url, queue)


async def test_with_the_deployments_own_user_all_of_it_goes(broker: Broker) -> None:
    """The twin: it is the rights that refuse."""
    await broker.add("kembaran", PAID)
    async with channel_of(broker.running.url) as channel:
        events = await channel.get_exchange(topology.EVENTS_EXCHANGE, ensure=False)
        await events.publish(aio_pika.Message(b"{}"), PAID, timeout=10)
        await channel.declare_queue("paspor.invented", durable=True)
        await channel.queue_delete("paspor.invented")
        assert await (await channel.get_queue(consumer_queue("kembaran"), ensure=False)).get(fail=False) is not None


async def test_a_new_password_ends_the_one_before(broker: Broker) -> None:
    before = await broker.add("berganti", PAID)
    after = await broker.add("berganti", PAID)
    assert before != after
    with pytest.raises(ProbableAuthenticationError):
        await aio_pika.connect(before)
    async with channel_of(after):
        pass


async def test_a_removed_consumer_is_cut_off_and_comes_back_no_more(broker: Broker) -> None:
    url = await broker.add("dicabut", PAID)
    connection = await aio_pika.connect(url)
    closed = asyncio.Event()
    connection.close_callbacks.add(lambda *_: closed.set())
    channel = await connection.channel()
    reading = await channel.get_queue(consumer_queue("dicabut"), ensure=False)
    with contextlib.suppress(AMQPError):
        await reading.consume(lambda message: message.ack())
    await asyncio.to_thread(broker.commands.remove, "dicabut")
    async with asyncio.timeout(30):
        await closed.wait()
    with pytest.raises(ProbableAuthenticationError):
        await aio_pika.connect(url)
    await asyncio.to_thread(broker.commands.remove, "dicabut")
    await broker.publish(PAID, b"to nobody who was removed")


async def test_what_makes_no_sense_is_refused_with_a_sentence(broker: Broker) -> None:
    for name, kinds in (
        ("Kantor Pusat", [PAID]),
        ("x" * 41, [PAID]),
        ("billing\n", [PAID]),
        ("kantor", []),
        ("kantor", [scheduling.AppointmentConfirmed.TYPE]),
        ("kantor", ["#"]),
    ):
        with pytest.raises(RequestMakesNoSense):
            broker.commands.add(name, kinds)
    with pytest.raises(RequestMakesNoSense):
        broker.commands.remove(".*")


async def test_the_acts_are_in_the_audit_and_no_password_is(broker: Broker) -> None:
    url = await broker.add("tercatat", PAID)
    lines = [json.loads(line) for line in broker.audit.read_text().splitlines()]
    assert [line["act"] for line in lines if line.get("consumer") == "tercatat"] == ["consumer_added"]
    password = re.search(r":([^:@]+)@", url)
    assert password is not None and password.group(1) not in broker.audit.read_text()


async def test_a_wrong_password_of_the_operator_is_told(broker: Broker, tmp_path: Path) -> None:
    port = free_port()
    commands = ConsumerCommands(Management(f"http://127.0.0.1:{port}", "guessed"), AuditLog(tmp_path / "a"), print)
    with pytest.raises(BrokerRefuses, match="gives no answer"):
        await asyncio.to_thread(commands.list)
    with pytest.raises(RequestMakesNoSense):
        Management("file:///etc/passwd", "x")
