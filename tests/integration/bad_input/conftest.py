"""One suite in memory, served on loopback, for each file: waiting moves its time, and a hold lasts minutes only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.assembled import Suite
from tests.integration.bad_input.ground import Ground


@pytest.fixture(scope="module")
async def ground() -> AsyncIterator[Ground]:
    """Citizens at every station; at the end nobody was given what is no message, and every rule holds."""
    suite = Suite()
    await suite.start()
    async with suite.served(), AsyncExitStack() as stack:
        ground = Ground(suite, stack)
        for station in ("drafting", "answered", "submitted", "held", "paid"):
            citizen = await ground.newcomer(station)
            await citizen.begin()
            if station == "drafting":
                continue
            await citizen.answer()
            if station == "answered":
                continue
            await citizen.upload_everything()
            await citizen.submit()
            if station != "submitted":
                await citizen.hold()
            if station == "paid":
                await citizen.pay()
        ground.documents = [each["document_id"] for each in (await ground["paid"].view())["documents"]]
        yield ground
        assert await suite.broken_rules() == {}
    assert suite.troubles == []
