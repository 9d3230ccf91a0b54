"""Freed memory goes back to the system once the process has grown, and only then."""

from __future__ import annotations

import pytest

from shared import memory_return
from shared.memory_return import GROWN_BYTES, MemoryReturn, resident_bytes


async def test_the_allocator_is_asked_only_after_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [100]
    asked: list[int] = []
    monkeypatch.setattr(memory_return, "resident_bytes", lambda: held[0])
    giving_back = MemoryReturn()
    giving_back._trim = asked.append
    await giving_back.run()
    held[0] += GROWN_BYTES - 1
    await giving_back.run()
    assert asked == []
    held[0] += 1
    await giving_back.run()
    await giving_back.run()
    assert asked == [0]


async def test_without_glibc_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the C library has no such function, growth is not even looked for."""
    monkeypatch.setattr(memory_return.ctypes, "CDLL", lambda _name: object())
    giving_back = MemoryReturn()
    least = giving_back._least_bytes = -GROWN_BYTES
    await giving_back.run()
    assert giving_back._least_bytes == least


def test_what_is_held_is_told_by_the_system() -> None:
    assert resident_bytes() > 1024 * 1024
