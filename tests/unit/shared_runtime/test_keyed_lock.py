"""Who changes the same thing comes one after the other; others do not wait for them."""

from __future__ import annotations

import asyncio

import pytest

from shared.store.keyed_lock import KeyedLock


async def test_the_same_thing_one_after_the_other_and_others_at_once() -> None:
    locks, seen = KeyedLock(), list[str]()
    may_go = asyncio.Event()

    async def change(name: str, who: str) -> None:
        async with locks.hold(name):
            seen.append(f"{who} begins")
            await may_go.wait()
            seen.append(f"{who} ends")

    working = asyncio.gather(change("a", "first"), change("a", "second"), change("b", "other"), change("a", "third"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert seen == ["first begins", "other begins"]
    may_go.set()
    await working
    alone = [each for each in seen if not each.startswith("other")]
    assert alone == [f"{who} {what}" for who in ("first", "second", "third") for what in ("begins", "ends")]


async def test_who_fails_or_gives_up_lets_the_next_one_in() -> None:
    locks, seen = KeyedLock(), list[str]()
    may_fail = asyncio.Event()

    async def failing() -> None:
        async with locks.hold("a"):
            await may_fail.wait()
            raise ValueError("no")

    async def last() -> None:
        async with locks.hold("a"):
            seen.append("last")

    first, gives_up, then = (asyncio.ensure_future(each()) for each in (failing, last, last))
    for _ in range(3):
        await asyncio.sleep(0)
    gives_up.cancel()
    may_fail.set()
    with pytest.raises(ValueError, match="no"):
        await first
    await then
    assert (gives_up.cancelled(), seen) == (True, ["last"])


async def test_nothing_is_remembered_of_what_nobody_changes() -> None:
    locks = KeyedLock()
    for number in range(100):
        async with locks.hold(str(number)):
            pass
    assert len(locks._locks) <= 1
