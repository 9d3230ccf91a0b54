"""Fixtures of the integration room."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.store.driver import connect, disconnect


@pytest.fixture
async def urls(mongo_url: str) -> AsyncIterator[tuple[str, list[str]]]:
    """The server, and the databases to drop from it."""
    names: list[str] = []
    yield mongo_url, names
    client = connect(mongo_url)
    for name in names:
        await client.drop_database(name)
    await disconnect(client)
