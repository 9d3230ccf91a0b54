"""Real servers for tests: given by address, else from containers where Docker answers, else our own embedded ones."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

MONGO_IMAGE: Final = os.environ.get("PASPOR_TEST_MONGO_IMAGE", "mongo:6.0")
RABBITMQ_IMAGE: Final = os.environ.get("PASPOR_TEST_RABBITMQ_IMAGE", "rabbitmq:3.13-management")
ALREADY_INITIALIZED: Final = 23


def docker_serves(image: str) -> bool:
    """Whether a Docker engine answers and has the image or can pull it; PASPOR_TEST_SERVERS=embedded says no."""
    if os.environ.get("PASPOR_TEST_SERVERS") == "embedded":
        return False
    try:
        import docker

        client = docker.from_env(timeout=3)
        client.ping()
        if not client.images.list(name=image):
            docker.from_env(timeout=120).images.pull(image)
    except Exception:
        return False
    return True


@asynccontextmanager
async def mongo(folder: Path) -> AsyncIterator[str]:
    """The address of a MongoDB replica set; the servers live as long as the block."""
    if url := os.environ.get("TEST_MONGO_URL"):
        yield url
    elif docker_serves(MONGO_IMAGE):
        async with _mongo_container() as url:
            yield url
    else:
        from local_suite.servers.mongod import Mongod

        async with Mongod(folder / "mongod") as server:
            yield server.url


@asynccontextmanager
async def rabbitmq(folder: Path) -> AsyncIterator[str]:
    """The address of a RabbitMQ broker; the server lives as long as the block."""
    if url := os.environ.get("TEST_AMQP_URL"):
        yield url
    elif docker_serves(RABBITMQ_IMAGE):
        async with _rabbitmq_container() as url:
            yield url
    else:
        from local_suite.servers.rabbitmq import RabbitMq

        async with RabbitMq(folder / "rabbitmq") as server:
            yield server.url


@asynccontextmanager
async def _mongo_container() -> AsyncIterator[str]:
    import pymongo
    from pymongo.errors import OperationFailure
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    container = (
        DockerContainer(MONGO_IMAGE)
        .with_command("mongod --replSet rs0 --bind_ip_all")
        .with_exposed_ports(27017)
        .waiting_for(LogMessageWaitStrategy("Waiting for connections"))
    )
    with container:
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(27017)}"
        url = f"mongodb://{address}/?directConnection=true"
        client: pymongo.AsyncMongoClient[dict[str, object]] = pymongo.AsyncMongoClient(url)
        try:
            members = {"_id": "rs0", "members": [{"_id": 0, "host": "localhost:27017"}]}
            await client.admin.command("replSetInitiate", members)
        except OperationFailure as refused:
            if refused.code != ALREADY_INITIALIZED:
                raise
        while not (await client.admin.command("hello"))["isWritablePrimary"]:  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.05)
        await client.close()
        yield url


@asynccontextmanager
async def _rabbitmq_container() -> AsyncIterator[str]:
    from testcontainers.community.rabbitmq import RabbitMqContainer

    with RabbitMqContainer(RABBITMQ_IMAGE) as container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(container.port)
        yield f"amqp://guest:guest@{host}:{port}/"
