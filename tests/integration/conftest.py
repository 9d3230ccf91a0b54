"""Fixtures of the integration room."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from shared.store.driver import connect, disconnect


@pytest.fixture(scope="module")
async def used_again(mongo_url: str) -> AsyncIterator[tuple[str, str]]:
    """The server and the name of one database for all tests of a module; each begins by making it empty."""
    name = f"again_{uuid.uuid4().hex[:12]}"
    yield mongo_url, name
    client = connect(mongo_url)
    await client.drop_database(name)
    await disconnect(client)


@pytest.fixture
async def urls(mongo_url: str) -> AsyncIterator[tuple[str, list[str]]]:
    """The server, and the databases to drop from it."""
    names: list[str] = []
    yield mongo_url, names
    client = connect(mongo_url)
    for name in names:
        await client.drop_database(name)
    await disconnect(client)
