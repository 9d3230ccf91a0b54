"""Fixtures of scheduling's tests."""

from __future__ import annotations

import pytest

from tests.unit.scheduling.world import World, make_world


@pytest.fixture
async def world() -> World:
    """Two regular seats at 08:00 every day in each of three offices."""
    made = make_world()
    assert made.parts.start is not None
    await made.parts.start()
    return made
