"""Letting a line in: never more than fit, as fast as people are served, and everybody once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.scheduling.openings import admission
from services.scheduling.openings.admission import AdmissionRules, Batch, Census, Line

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RULES = AdmissionRules(
    admission_seconds=60, room_smallest=10, room_largest=40, a_second_most=20, pace_first=20.0, stall_seconds=5
)


def tick(line: Line, seconds: float, *, total: int = 1000, lapsing: int = 0, inside: int = 0, free: int = 5000) -> Line:
    return admission.ticked(line, Census(total, lapsing, inside, free), NOW + timedelta(seconds=seconds), RULES)


def test_the_room_is_filled_and_no_more_than_that() -> None:
    first = tick(Line(), 0)
    assert (first.admitted, first.room, first.a_second) == (10, 10, 10.0)
    assert tick(first, 1).admitted == 10


def test_the_room_grows_with_those_served_up_to_its_largest() -> None:
    line = tick(tick(Line(), 0), 1, inside=10)
    assert (line.room, line.admitted) == (20, 30)
    line = tick(line, 2, inside=30)
    assert (line.room, line.admitted) == (40, 50)
    line = tick(line, 3, inside=50)
    assert line.room == 40


def test_no_more_in_a_second_than_the_limit() -> None:
    line = replace(tick(Line(), 0), room=40)
    assert tick(line, 1).admitted == 10 + 20
    assert tick(line, 1.5).admitted == 10 + 30
    assert tick(replace(line, room=1000), 500).admitted == 10 + 100, "a line that stood still does not rush"
    same_moment = tick(line, 0)
    assert (same_moment.admitted, same_moment.a_second) == (10, line.a_second)


def test_the_pace_rises_in_time_and_is_halved_when_ticks_come_late() -> None:
    rules = replace(RULES, a_second_most=100, room_smallest=1000)

    def after(line: Line, second: int, late_seconds: float = 0.0) -> Line:
        census = Census(100_000, 0, 0, 100_000, late_seconds)
        return admission.ticked(line, census, NOW + timedelta(seconds=second), rules)

    line = after(Line(), 0)
    assert (line.pace, line.admitted) == (20.0, 20)
    line = after(line, 1, 0.49)
    assert (line.pace, line.admitted) == (30.0, 50)
    line = after(line, 2, 0.5)
    assert (line.pace, line.admitted) == (15.0, 65)
    line = after(after(after(line, 3, 9), 4, 9), 5, 9)
    assert line.pace == rules.pace_smallest
    for second in range(6, 20):
        line = after(line, second)
    assert line.pace == 100.0


def test_no_more_than_there_are_seats_or_people() -> None:
    assert tick(Line(), 0, free=3).admitted == 3
    assert tick(Line(), 0, free=0).admitted == 0
    assert tick(Line(), 0, total=4).admitted == 4


def test_a_room_in_which_nothing_moves_is_halved_but_stays_a_room() -> None:
    line = replace(tick(Line(), 0), room=40, admitted=40, batches=(Batch(40, NOW),))
    assert tick(line, 4).room == 40
    stalled = tick(line, 5)
    assert stalled.room == 20
    assert tick(stalled, 6).room == 20, "the halved room has its time, too"
    assert tick(tick(stalled, 10), 15).room == 10


def test_a_turn_ends_and_makes_room_for_the_next() -> None:
    line = tick(Line(), 0)
    assert admission.admitted_until(line, 9, RULES) == NOW + timedelta(seconds=60)
    assert admission.admitted_until(line, 10, RULES) is None
    later = tick(line, 60, lapsing=4)
    assert (later.lapsed, later.served_before, later.admitted) == (10, 4, 24)
    assert admission.admitted_until(later, 9, RULES) is None
    assert admission.admitted_until(later, 10, RULES) == NOW + timedelta(seconds=120)


def test_turns_of_one_moment_share_a_batch() -> None:
    line = tick(tick(tick(Line(), 0), 1, inside=5), 2, inside=10)
    assert len(line.batches) == 1
    line = tick(line, 6, inside=20)
    assert [batch.at for batch in line.batches] == [NOW, NOW + timedelta(seconds=6)]
    assert tick(line, 7, inside=20, total=line.admitted).batches == line.batches


def test_the_line_is_looked_at_often_only_while_it_moves() -> None:
    line = tick(Line(), 0)
    assert admission.next_tick(line, NOW, RULES) == NOW + timedelta(seconds=1)
    assert admission.next_tick(replace(line, total=10), NOW, RULES) == NOW + timedelta(seconds=5)
    assert admission.next_tick(replace(line, a_second=0.0), NOW, RULES) == NOW + timedelta(seconds=5)


def test_it_is_over_once_nobody_was_there_for_a_whole_turn() -> None:
    line = tick(Line(), 0, total=0)
    assert not admission.is_over(line, NOW + timedelta(seconds=59), RULES)
    quiet = line
    for seconds in range(5, 60, 5):
        quiet = tick(quiet, seconds, total=0)
    assert admission.is_over(quiet, NOW + timedelta(seconds=60), RULES)
    unseen = tick(line, 59, total=0)
    assert not admission.is_over(unseen, NOW + timedelta(seconds=60), RULES), "nobody looked in between"
    busy = tick(quiet, 59, total=1)
    assert not admission.is_over(busy, NOW + timedelta(seconds=60), RULES)
    assert not admission.is_over(Line(), NOW, RULES)


@pytest.mark.parametrize("human_seconds", [2, 20])
def test_the_rate_follows_how_fast_people_are_served(human_seconds: int) -> None:
    """Everybody inside holds a seat after so long; the measured rate settles near the room over that time."""
    line, done = Line(), 0
    entered: list[int] = []
    for second in range(60):
        done = sum(1 for at in entered if second - at >= human_seconds)
        before = line.admitted
        line = admission.ticked(
            line,
            Census(100_000, 0, done, 100_000),
            NOW + timedelta(seconds=second),
            replace(RULES, admission_seconds=600),
        )
        entered += [second] * (line.admitted - before)
    possible = min(RULES.a_second_most, RULES.room_largest / human_seconds)
    assert 0.5 * possible <= line.a_second <= 1.3 * possible
    assert line.admitted - done <= RULES.room_largest + RULES.a_second_most
