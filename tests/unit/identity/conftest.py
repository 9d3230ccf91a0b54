"""A fresh identity for every test."""

from __future__ import annotations

import pytest

from tests.unit.identity.world import World


@pytest.fixture
def world() -> World:
    """Identity on empty storage."""
    return World()
