"""Real mongod and RabbitMQ of our own: start, stop, crash, come back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractRobustConnection
from pymongo import AsyncMongoClient

from local_suite.errors import PortInUse
from local_suite.ports import free_port
from local_suite.servers.mongod import Mongod
from local_suite.servers.rabbitmq import RabbitMq, RabbitmqctlRefused
from tests.integration.local_suite.conftest import is_running

LOOPBACK, LOOPBACK_6 = "0100007F", f"{0:024X}01000000"  # as the kernel writes 127.0.0.1 and ::1

Client = AsyncMongoClient[dict[str, Any]]


@pytest.fixture
async def mongod(tmp_path: Path) -> AsyncIterator[Mongod]:
    async with Mongod(tmp_path) as server:
        yield server


async def put(url: str, number: int) -> None:
    async with Client(url) as client, client.start_session() as session, await session.start_transaction():
        await client.test.numbers.insert_one({"_id": number}, session=session)


async def count(url: str) -> int:
    async with Client(url) as client:
        return await client.test.numbers.count_documents({})


async def test_mongod_keeps_its_data_over_a_crash_and_a_stop(mongod: Mongod) -> None:
    await put(mongod.url, 1)
    address, pid = mongod.url, mongod.pid
    await mongod.kill()
    assert not mongod.alive
    await mongod.start()
    assert mongod.url == address
    assert mongod.pid != pid
    await put(mongod.url, 2)
    await mongod.stop()
    assert not mongod.alive
    await mongod.start()
    assert await count(mongod.url) == 2


async def test_mongod_takes_its_data_to_another_port(mongod: Mongod, tmp_path: Path) -> None:
    await put(mongod.url, 1)
    await mongod.stop()
    async with Mongod(tmp_path, free_port()) as moved:
        assert moved.port != mongod.port
        assert await count(moved.url) == 1
        await put(moved.url, 2)


async def test_mongod_says_which_port_is_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"Port {port} for mongod"):
            await Mongod(tmp_path, port).start()


def listening(port: int) -> list[str]:
    """The local addresses that listen on a port, as the kernel writes them."""
    rows = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port]


async def connect(url: str) -> AbstractRobustConnection:
    return await aio_pika.connect_robust(url)


async def test_rabbitmq_keeps_durable_messages_over_a_crash_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with RabbitMq(tmp_path) as broker:
        for port in (broker.port, broker.dist_port, broker.epmd_port):
            assert set(listening(port)) <= {LOOPBACK, LOOPBACK_6}
        url = await broker.add_vhost("orders")
        connection = await aio_pika.connect(url)
        channel = await connection.channel()
        await channel.declare_queue("q", durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "q")
        await broker.settle()

        pid = broker.pid
        await broker.kill()
        await broker.start()
        assert broker.pid != pid
        again = await aio_pika.connect(url)
        async with again:
            queue = await (await again.channel()).get_queue("q")
            received = await queue.get()
            assert received is not None
            assert received.body == b"kept"
            await received.ack()
        with pytest.raises(RabbitmqctlRefused, match="add_user"):
            await broker.control("add_user", "paspor", "x")
        pids = [child.pid for child in (broker._node, broker._epmd) if child]
    async with asyncio.timeout(20):
        while any(pid and is_running(pid) for pid in pids):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.02)
