"""Chains: each fact once, no gap, whoever else writes and wherever the chainer dies (I10)."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from shared.chain import ChainName
from shared.chain.feed import LEASE_SECONDS, PAGE, PAGES_AT_ONCE, SECOND_LOOK_SECONDS
from shared.chain.kinds import FEED, HEAD, LINK
from tests.unit.shared_chain.world import DAY, T0, Dying, Killed, Shuffling, Unguarded, World

NAME = ChainName("notes", "all", DAY)


async def test_facts_are_linked_once_they_are_old_enough_and_never_again() -> None:
    world = World()
    await world.write(10)
    feed = world.feed()
    await feed.drain()
    assert await world.numbers() == [1, 2, 3, 4, 5]  # the fifth is 6 s old, the sixth exactly 5 s
    world.later(seconds=5)
    assert await feed.drain() == 5
    assert await feed.drain() == 0
    head = await feed.chains.head(NAME)
    assert head is not None and (head.seq, head.totals) == (10, {"amount": 55})
    assert (await world.checks().only_grow_and_miss_nothing()).holds


async def test_pages_of_a_run_are_few_and_the_next_run_goes_on() -> None:
    world = World()
    await world.write(PAGE * PAGES_AT_ONCE + 3)
    world.later(seconds=60)
    feed = world.feed()
    assert 0 < await feed.run() < PAGE * PAGES_AT_ONCE + 3
    await feed.drain()
    assert len(await world.numbers()) == PAGE * PAGES_AT_ONCE + 3


async def test_what_was_committed_late_is_found_by_the_second_look() -> None:
    world = World()
    await world.write(3)
    world.later(seconds=10)
    await world.feed().drain()
    await world.write(1, at=T0)  # a stalled process writes with an old time
    world.later(seconds=10)
    await world.feed().drain()
    assert await world.numbers() == [1, 2, 3]
    world.later(seconds=SECOND_LOOK_SECONDS)
    second = world.feed(name="notes.second", lag=SECOND_LOOK_SECONDS)
    await second.drain()
    assert await world.numbers() == [1, 2, 3, 4]
    assert (await world.checks(second).only_grow_and_miss_nothing()).holds


async def test_a_missing_fact_is_named() -> None:
    world = World()
    await world.write(3)
    world.later(seconds=10)
    await world.feed().drain()
    await world.write(1, at=T0)
    report = await world.checks().only_grow_and_miss_nothing()
    assert report.broken == ("note-4",)


@pytest.mark.parametrize("after", [False, True])
async def test_killed_at_any_write_it_resumes_without_gap_or_double(after: bool) -> None:
    at = 0
    while True:
        at += 1
        world = World()
        await world.write(4)
        await world.write(2, at=T0 + timedelta(days=1))
        world.later(days=2)
        try:
            await world.feed(Dying(world.base, at, after=after), owner="first").drain()
            died = False
        except Killed:
            died = True
        world.later(seconds=LEASE_SECONDS + 1)
        await world.feed(owner="second").drain()
        assert await world.numbers() == [1, 2, 3, 4], at
        assert await world.numbers(DAY + timedelta(days=1)) == [5, 6], at
        head = await world.chains().head(NAME)
        assert head is not None and (head.seq, head.totals) == (4, {"amount": 10}), at
        assert (await world.checks().only_grow_and_miss_nothing()).holds, at
        if not died:
            break
    assert at > 10  # every write of a whole run was tried


@pytest.mark.parametrize("seed", range(30))
async def test_two_chainers_at_once_are_fenced(seed: int) -> None:
    world = World()
    await world.write(12)
    world.later(seconds=60)
    facts = (await world.feed().source.read(T0, world.clock.now(), None, 100)).facts
    shuffled = Shuffling(world.base, seed)
    # the lease is left aside: both are let loose on the same facts, as if one had slept through its lease
    both = [world.chains(shuffled).append(facts[start:], world.clock.now()) for start in (0, seed % 5)]
    await asyncio.gather(*both)
    assert sorted(await world.numbers()) == list(range(1, 13))
    head = await world.chains().head(NAME)
    assert head is not None and (head.seq, head.totals) == (12, {"amount": 78})
    await world.feed().drain()
    assert (await world.checks().only_grow_and_miss_nothing()).holds


async def test_twin_with_the_guard_off_two_chainers_fork_the_chain() -> None:
    broken = 0
    for seed in range(30):
        world = World()
        await world.write(12)
        world.later(seconds=60)
        facts = (await world.feed().source.read(T0, world.clock.now(), None, 100)).facts
        shuffled = Shuffling(Unguarded(world.base), seed)
        both = [world.chains(shuffled).append(facts, world.clock.now()) for _ in range(2)]
        await asyncio.gather(*both, return_exceptions=True)
        broken += not (await world.checks().only_grow_and_miss_nothing()).holds
    assert broken > 0


async def test_a_lease_keeps_others_out_until_it_is_over_and_then_fences_off_its_old_owner() -> None:
    world = World()
    await world.write(PAGE * PAGES_AT_ONCE * 2, at=T0)
    world.later(seconds=60)
    first, second = world.feed(owner="first"), world.feed(owner="second")
    record = await first._leased()
    assert record is not None
    assert await second.run() == 0
    world.later(seconds=LEASE_SECONDS + 1)
    assert await second.run() > 0
    kept = await world.base.get(FEED, "notes")
    # the first wakes up: what it links is linked already, and where it is it cannot say
    assert await first._read_on_or_give_up(record) == 0
    assert await world.base.get(FEED, "notes") == kept


async def test_salts_can_be_erased_and_the_chain_still_holds() -> None:
    world = World()
    await world.write(6)
    world.later(seconds=10)
    await world.feed().drain()
    chains = world.chains()
    links = [link async for link in chains.links(NAME.text)]
    assert len({link.commitment for link in links}) == 3  # one per author
    assert "author" not in repr(links)
    commitments = [link.commitment for link in links if link.commitment]
    assert set((await chains.subjects(commitments)).values()) == {"author-0", "author-1", "author-2"}
    assert await chains.forget("author-1") == 1
    assert set((await chains.subjects(commitments)).values()) == {"author-0", "author-2"}
    assert (await world.checks().only_grow_and_miss_nothing()).holds
    assert [link async for link in chains.links(NAME.text)] == links


async def test_roots_are_published_once_a_day_and_bind_what_was_there() -> None:
    world = World()
    await world.write(4)
    world.later(days=1)
    feed = world.feed()
    await feed.drain()
    today = date(2026, 11, 23)
    assert await feed.publish_roots("notes", today) == 1
    assert await feed.publish_roots("notes", today) == 0
    [root] = await world.chains().roots("notes", DAY)
    assert (root.chain, root.seq) == (NAME.text, 4)
    assert (await world.checks().only_grow_and_miss_nothing()).holds


@pytest.mark.parametrize("harm", ["changed", "removed", "cut", "rewritten"])
async def test_what_does_not_only_grow_is_found(harm: str) -> None:
    world = World()
    await world.write(5)
    world.later(days=1)
    feed = world.feed()
    await feed.drain()
    await feed.publish_roots("notes", date(2026, 11, 23))
    links = world.base._documents[LINK.name]
    if harm == "changed":
        links[f"{NAME.text}#3"]["state"]["fact"]["amount"] = 4
    elif harm == "removed":
        del links[f"{NAME.text}#3"]
    elif harm == "cut":
        del links[f"{NAME.text}#5"]
    else:  # everything made anew, hashes and head too; only the published root tells
        other = World()
        await other.write(4)
        await other.write(1, at=T0)
        other.later(days=1)
        await other.feed().drain()
        world.base._documents[LINK.name] = other.base._documents[LINK.name]
        world.base._documents[HEAD.name] = other.base._documents[HEAD.name]
    report = await world.checks().only_grow_and_miss_nothing()
    assert any(each.startswith(NAME.text) for each in report.broken)
