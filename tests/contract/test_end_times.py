"""Applications that ended before the time of it was kept get it from their history, and then end by the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.application.applications.application import Application, Entry, Interview, Status
from services.application.applications.repository import APPLICATION
from services.application.applications.service import Applications
from services.application.erasures import end_times, transitions
from services.application.erasures.end_time_notes import END_TIMES, THE_JOB
from services.application.erasures.end_times import MOST_AT_ONCE, EndTimes
from shared.retention.sweep import PER_SECOND, ROUND_EVERY
from shared.retention.sweeping import Sweeping
from tests.assembled import Suite
from tests.unit.world import Killed

DAY = timedelta(days=1)
ENDED_AGO = 400 * DAY
A_MOMENT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def ended(now: datetime, number: int = 0, **changes: Any) -> Application:
    """An application that was refused long ago, as an earlier release left it."""
    at = now - ENDED_AGO
    begun = Application(f"{number:016d}", "account-1", f"applicant-{number}", f"person-{number}", at - DAY)
    line = Entry("refused", at, "refused", "interviewer")
    interview = Interview("refused", at, "officer-1", note_sealed="k1.note")
    return replace(begun, status=Status.REFUSED, timeline=(line,), interview=interview, **changes)


@pytest.fixture
async def suite() -> Suite:
    suite = Suite()
    await sweep(suite)
    return suite


async def sweep(suite: Suite) -> None:
    await suite.services["application"].parts.service.retention.sweeping.begin()
    await suite.later(ROUND_EVERY.total_seconds())


async def begin(suite: Suite) -> None:
    """Run the chore as a process does after its start."""
    (chore,) = [chore for chore in suite.services["application"].parts.chores if chore.name == "begin_end_times"]
    await chore.run()


async def work_off(suite: Suite) -> None:
    """Let some minutes pass, in which the job and then retention's job come to their ends."""
    for _ in range(3):
        await suite.later(60)


async def insert(suite: Suite, *states: Application) -> None:
    for number, state in enumerate(states):
        store = suite.services["application"].store
        await store.insert(APPLICATION, f"application-{number}", state, now=suite.clock.now())


async def application(suite: Suite, number: int = 0) -> Application:
    state: Application = (await suite.services["application"].store.get(APPLICATION, f"application-{number}")).state
    return state


async def job(suite: Suite) -> EndTimes | None:
    record = await suite.services["application"].store.get(END_TIMES, THE_JOB)
    return record.state if record is not None else None


async def let_a_newer_one_pass(suite: Suite) -> None:
    """Bring retention's job past the time at which the older ones ended."""
    newer = replace(ended(suite.clock.now(), 99), closed_at=suite.clock.now() - 370 * DAY)
    await suite.services["application"].store.insert(APPLICATION, "newer", newer, now=suite.clock.now())
    await sweep(suite)


async def test_the_end_comes_from_the_history_and_the_rules_count_from_it(suite: Suite) -> None:
    await let_a_newer_one_pass(suite)
    state = ended(suite.clock.now())
    await insert(suite, state)
    await sweep(suite)
    assert transitions.has_notes(await application(suite)), "retention passes over what has no time"
    await begin(suite)
    await work_off(suite)
    after = await application(suite)
    assert after.closed_at == state.timeline[-1].at
    assert not transitions.has_notes(after)
    assert await job(suite) == EndTimes(next_at=None, noted=1)


async def test_without_a_new_beginning_the_job_of_retention_has_passed_them(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go_no_further_back(_sweeping: Sweeping) -> None:
        return

    await let_a_newer_one_pass(suite)
    await insert(suite, ended(suite.clock.now()))
    monkeypatch.setattr(Sweeping, "begin_again", go_no_further_back)
    await suite.restart()
    await begin(suite)
    await work_off(suite)
    after = await application(suite)
    assert after.closed_at is not None
    assert transitions.has_notes(after)


async def test_more_than_a_batch_is_noted_at_the_pace_of_retention(suite: Suite) -> None:
    now = suite.clock.now()
    await insert(suite, *(ended(now, number) for number in range(MOST_AT_ONCE + 1)))
    await begin(suite)
    await suite.settle()
    assert await job(suite) == EndTimes(now + timedelta(seconds=MOST_AT_ONCE / PER_SECOND), MOST_AT_ONCE)
    await suite.later(MOST_AT_ONCE / PER_SECOND)
    await suite.later(1)
    assert await job(suite) == EndTimes(next_at=None, noted=MOST_AT_ONCE + 1)
    assert all([(await application(suite, number)).closed_at for number in range(MOST_AT_ONCE + 1)])


@pytest.mark.parametrize("dies_at", ["second application", "new beginning"])
async def test_a_kill_in_the_middle_is_finished_by_the_next_process(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    await let_a_newer_one_pass(suite)
    await insert(suite, ended(suite.clock.now(), 0), ended(suite.clock.now(), 1))
    store = suite.services["application"].store
    with monkeypatch.context() as patch:
        change, calls = Applications.change, iter(range(10))

        async def dies(self: Applications, *arguments: Any, **named: Any) -> Any:
            if next(calls) == 1:
                raise Killed
            return await change(self, *arguments, **named)

        async def dies_before_it_begins(_sweeping: Sweeping) -> None:
            raise Killed

        if dies_at == "second application":
            patch.setattr(Applications, "change", dies)
        else:
            patch.setattr(Sweeping, "begin_again", dies_before_it_begins)
        await suite.restart()
        await begin(suite)
        with pytest.raises(Killed):
            await work_off(suite)
    first = await store.get(APPLICATION, "application-0")
    assert first.state.closed_at is not None
    await suite.restart()
    await work_off(suite)
    assert [transitions.has_notes(await application(suite, number)) for number in (0, 1)] == [False, False]
    assert (await application(suite)).closed_at == first.state.closed_at
    left = await job(suite)
    assert left is not None and left.next_at is None


async def test_nothing_is_done_where_no_end_is_missing(suite: Suite) -> None:
    now = suite.clock.now()
    live = replace(ended(now, 1), status=Status.APPROVED)
    await insert(suite, replace(ended(now), closed_at=now), live)
    await begin(suite)
    assert await job(suite) is None
    assert await application(suite, 1) == live


async def test_an_older_release_beside_this_one_begins_the_job_again(suite: Suite) -> None:
    await insert(suite, ended(suite.clock.now()))
    await begin(suite)
    await work_off(suite)
    await suite.services["application"].store.insert(
        APPLICATION, "later", ended(suite.clock.now(), 7), now=suite.clock.now()
    )
    await begin(suite)
    await work_off(suite)
    assert await job(suite) == EndTimes(next_at=None, noted=2)


def test_a_job_at_work_keeps_its_next_batch() -> None:
    at_work = EndTimes(A_MOMENT, 3)
    assert end_times.go_on(at_work, A_MOMENT + DAY) == at_work
    assert end_times.deadlines(at_work) == {"run": A_MOMENT}
    assert end_times.deadlines(end_times.rest(at_work)) == {}
