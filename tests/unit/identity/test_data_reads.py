"""Reads by staff as identity keeps them: entries, holds, and the limits from which on reading is unusual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.identity.data_reads.entry import UnusualReading, entries_of, unusual_reading
from services.identity.data_reads.hold import (
    OwnProposal,
    ReadingHoldCommand,
    ReadingHoldGround,
    ReadingHoldState,
    decide_hold,
    hides,
    lift_hold,
    propose_hold,
)
from services.identity.data_reads.repository import READ_ENTRY, READING_ALERT
from services.identity.rules import ReadingRules
from shared.events.application import ApplicationDataRead
from shared.store.transitions import IllegalTransition
from tests.unit.identity.world import World

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)


def a_read(*accounts: str, **changed: Any) -> ApplicationDataRead:
    facts: dict[str, Any] = {
        "read_id": f"read-{'-'.join(accounts)}",
        "reader_id": "officer-1",
        "role": "front_officer",
        "office_id": "office-1",
        "kind": "picture",
        "reason": "complaint",
        "account_ids": accounts,
        "read_at": NOW,
    }
    return ApplicationDataRead(**(facts | changed))


# The limits


def read_of(count: int, **changed: Any) -> list[Any]:
    return [entry for number in range(count) for entry in entries_of(a_read(f"account-{number}", **changed))]


def elsewhere(count: int) -> list[Any]:
    return [replace(entry, elsewhere=True) for entry in read_of(count)]


RULES = ReadingRules(persons_per_hour=5, persons_elsewhere_per_hour=2)


@pytest.mark.parametrize(
    ("entries", "unusual"),
    [
        (read_of(5), {}),
        (read_of(6), {UnusualReading.MANY_PERSONS: 6}),
        (read_of(3) * 9, {}),  # the same persons again and again
        (elsewhere(2), {}),
        (elsewhere(3), {UnusualReading.OTHER_OFFICES: 3}),
        (elsewhere(6), {UnusualReading.MANY_PERSONS: 6, UnusualReading.OTHER_OFFICES: 6}),
    ],
)
def test_reading_is_unusual_above_the_limit(entries: list[Any], unusual: dict[UnusualReading, int]) -> None:
    assert unusual_reading(entries, RULES) == unusual


def test_a_list_that_the_own_step_needs_is_no_curiosity_and_one_with_a_reason_is() -> None:
    accounts = tuple(f"account-{number}" for number in range(6))
    assert unusual_reading(entries_of(a_read(*accounts, reason=None, step="step_refund")), RULES) == {}
    assert unusual_reading(entries_of(a_read(*accounts)), RULES) == {UnusualReading.MANY_PERSONS: 6}
    one_by_one = [entry for each in accounts for entry in entries_of(a_read(each, reason=None, step="step_visit"))]
    assert unusual_reading(one_by_one, RULES) == {UnusualReading.MANY_PERSONS: 6}


async def keep(world: World, count: int, **changed: Any) -> None:
    for number in range(count):
        await world.identity.data_reads.keep(a_read(f"account-{number}", **changed))


async def alerts(world: World) -> list[Any]:
    return [record.state async for record in world.store.scan(READING_ALERT)]


@pytest.fixture
def watched() -> World:
    return World(reads_per_hour=5, reads_elsewhere_per_hour=2)


async def test_the_sixth_person_within_the_hour_raises_one_line_and_counts_once(watched: World) -> None:
    with capture_logs() as lines:
        await keep(watched, 5)
        assert lines == [] and await alerts(watched) == []
        await keep(watched, 8)
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("identity.unusual_reading", "error")
    assert (line["reader_id"], line["unusual"], line["persons"]) == ("officer-1", "many_persons", 6)
    assert counted(watched, "many_persons") == 1


def counted(world: World, unusual: str) -> float:
    labels = world.identity.metrics.unusual_readings.labels(unusual=unusual)
    return float(labels._value.get())


async def test_after_an_hour_earlier_reads_count_no_more(watched: World) -> None:
    await keep(watched, 5)
    await watched.identity.data_reads.keep(a_read("another", read_at=NOW + timedelta(hours=1)))
    assert await alerts(watched) == []
    await watched.identity.data_reads.keep(a_read("one-more", read_at=NOW + timedelta(minutes=59, seconds=59)))
    assert [each.persons for each in await alerts(watched)] == [6]


async def test_another_readers_reads_are_another_count(watched: World) -> None:
    await keep(watched, 5)
    await keep(watched, 5, reader_id="officer-2", read_id="theirs")
    assert await alerts(watched) == []


async def test_persons_of_other_offices_have_a_limit_of_their_own(watched: World) -> None:
    for number in range(3):
        account = f"account-{number}"
        await watched.identity.data_reads.keep(a_read(account, elsewhere=(account,)))
        assert len(await alerts(watched)) == (number == 2)
    assert counted(watched, "other_offices") == 1


async def test_a_read_that_is_told_twice_is_one(watched: World) -> None:
    for _ in range(2):
        await watched.identity.data_reads.keep(a_read("account-1", "account-2"))
    entries = [record.state async for record in watched.store.scan(READ_ENTRY)]
    assert sorted(entry.account_id for entry in entries) == ["account-1", "account-2"]


async def test_the_search_by_time_finds_each_read_once_over_all_batches(
    watched: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.identity.data_reads.repository._BATCH", 2)
    await keep(watched, 3)  # in the same millisecond
    await watched.identity.data_reads.keep(a_read("later", read_at=NOW + timedelta(seconds=1)))
    await watched.identity.data_reads.keep(a_read("late", read_at=NOW + timedelta(minutes=1)))
    reads = watched.identity.data_reads._reads
    found = [entry.account_id async for entry in reads.entries_between(NOW, NOW + timedelta(minutes=1))]
    assert sorted(found) == ["account-0", "account-1", "account-2", "later"]


# Holds

HELD = propose_hold("account-1", ReadingHoldGround.COURT_ORDER, NOW + timedelta(days=1), "operator-1", NOW)


def approved(hold: Any) -> Any:
    return decide_hold(hold, ReadingHoldCommand.APPROVE, "operator-2", NOW)


def test_the_operator_who_proposed_a_hold_may_refuse_it_and_not_agree() -> None:
    with pytest.raises(OwnProposal):
        decide_hold(HELD, ReadingHoldCommand.APPROVE, "operator-1", NOW)
    assert decide_hold(HELD, ReadingHoldCommand.REFUSE, "operator-1", NOW).state is ReadingHoldState.REFUSED


@pytest.mark.parametrize(
    "change", [lambda hold: approved(approved(hold)), lambda hold: lift_hold(hold, "operator-1", NOW)]
)
def test_a_hold_is_decided_once_and_lifted_only_in_force(change: Callable[[Any], Any]) -> None:
    with pytest.raises(IllegalTransition):
        change(HELD)


@pytest.mark.parametrize(
    ("hold", "reason", "at", "hidden"),
    [
        (HELD, "investigation", NOW, False),
        (approved(HELD), "investigation", NOW, True),
        (approved(HELD), "complaint", NOW, False),
        (approved(HELD), None, NOW, False),
        (approved(HELD), "investigation", HELD.until - timedelta(milliseconds=1), True),
        (approved(HELD), "investigation", HELD.until, False),
        (lift_hold(approved(HELD), "operator-1", NOW), "investigation", NOW, False),
    ],
)
def test_only_a_hold_in_force_hides_and_only_reads_for_an_investigation(
    hold: Any, reason: str | None, at: datetime, hidden: bool
) -> None:
    assert hides(hold, reason, at) is hidden
