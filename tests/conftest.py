"""Fixtures for every room: real servers, started once per run and worker, only if a test asks for them."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from journeys.reporter import Reporter
from journeys.ways import Ways
from local_suite import demo
from local_suite.parts import any_free_ports
from local_suite.suite import Suite
from shared.clock import ManualClock
from shared.http import codes
from shared.store.driver import AsyncDatabase, connect, database, disconnect
from tests import order, servers

os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
if os.path.exists("/.dockerenv"):  # noqa: PTH110 - asked once, before any test
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""A Monday, 09:00 in Jakarta."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs slow files first."""
    order.slow_first(items)


def pytest_collection_finish() -> None:
    """Spares the collector of garbage what lives until the end: all modules and all tests."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> order.Scheduling | None:
    """Says which worker takes what, unless the command line says so otherwise."""
    return order.Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def _codes_are_described() -> Iterator[None]:
    """Refuses answers whose codes their descriptions lack; production answers and logs them."""
    usual, codes.on_unknown_code = codes.on_unknown_code, _refuse_unknown_code
    yield
    codes.on_unknown_code = usual


def _refuse_unknown_code(name: str, code: str) -> None:
    raise AssertionError(f"{name} lacks the code {code}")


@pytest.fixture(scope="session")
async def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real MongoDB replica set."""
    async with servers.mongo(tmp_path_factory.mktemp("mongo")) as url:
        yield url


@pytest.fixture(scope="session")
async def amqp_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real RabbitMQ broker."""
    async with servers.rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.fixture
async def mongo_database(mongo_url: str) -> AsyncIterator[AsyncDatabase]:
    """A fresh database on the real server, dropped afterwards."""
    client = connect(mongo_url)
    name = f"test_{uuid.uuid4().hex[:12]}"
    try:
        yield database(client, name)
    finally:
        await client.drop_database(name)
        await disconnect(client)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that moves only when told, at :data:`START`."""
    return ManualClock(START)


@pytest.fixture(scope="session")
async def running_suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """The whole suite as operating-system processes, with the demo's short durations, once per worker."""
    async with Suite(tmp_path_factory.mktemp("suite"), any_free_ports(), extra=demo.SETTINGS) as suite:
        yield suite


@pytest.fixture
async def ways(running_suite: Suite) -> AsyncIterator[Ways]:
    """Citizens and officers for the running suite."""
    walking = Ways(demo.addresses(running_suite), Reporter(quiet=True))
    yield walking
    await walking.close()
