"""A pool of worker processes: what is killed, hangs, raises or lies costs its own job and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from shared.workers import pool as pools
from shared.workers.limits import JobAnswer, WorkerLimits
from shared.workers.pool import WorkerFigures, WorkerPool
from shared.workers.port import JobFailed, WorkerLost, WorkerNotStarted, WorkersBusy

MODULE: Final = "tests.unit.shared_workers.odd_worker"
LIMITS: Final = WorkerLimits(memory_bytes=256 * 1024 * 1024)
IMPATIENT: Final = WorkerLimits(memory_bytes=256 * 1024 * 1024, job_seconds=0.2)


@asynccontextmanager
async def running(limits: WorkerLimits = LIMITS, module: str = MODULE, **more: Any) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool("odd", module, limits, **more)
    try:
        yield pool
    finally:
        await pool.close()


def counted(figures: WorkerFigures) -> dict[str, float]:
    """How many tries ended in which way."""
    registry = CollectorRegistry()
    for collector in figures.collectors:
        registry.register(collector)
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return {s.labels["outcome"]: s.value for s in samples if s.name == "paspor_worker_jobs_total"}


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.005)


async def test_one_process_does_one_job_after_another_and_answers_in_several_blobs() -> None:
    async with running() as pool:
        first = await pool.ask({"do": "echo", "say": "Selamat"}, b"\n" + b"x" * 200_000)
        second = await pool.ask({"do": "echo"})
        assert first.blobs == (b"\n" + b"x" * 200_000, b"\n", b"")
        assert first.head == {"process": second.head["process"], "said": "Selamat"}
        assert pool.process_ids == (first.head["process"],)


async def test_what_a_job_raises_is_told_by_class_and_place_and_the_worker_goes_on() -> None:
    figures = WorkerFigures()
    async with running(figures=figures) as pool:
        with capture_logs() as lines, pytest.raises(JobFailed, match="KeyError") as failed:
            await pool.ask({"do": "fail"})
        assert failed.value.error == "KeyError"
        assert "name" not in str(lines) + str(failed.value)
        [line] = lines
        assert (line["event"], line["error"], line["at"].split(":")[0]) == (
            "worker_job_failed",
            "KeyError",
            "odd_worker.py",
        )
        [before] = pool.process_ids
        assert (await pool.ask({"do": "echo"})).head["process"] == before
    assert counted(figures) == {"failed": 1, "answered": 1}


async def test_a_library_that_prints_is_not_taken_for_an_answer() -> None:
    async with running() as pool:
        assert (await pool.ask({"do": "chat"}, b"yes")).blobs[0] == b"yes"


async def test_memory_beyond_the_limit_is_an_error_of_that_job() -> None:
    async with running() as pool:
        with pytest.raises(JobFailed, match="MemoryError"):
            await pool.ask({"do": "take_memory"})
        assert (await pool.ask({"do": "echo"}, b"next")).blobs[0] == b"next"


async def test_a_worker_writes_no_files(tmp_path: Path) -> None:
    async with running() as pool:
        with pytest.raises(JobFailed, match="OSError"):
            await pool.ask({"do": "write_file", "path": str(tmp_path / "kept")})
    assert (tmp_path / "kept").read_bytes() == b""


async def test_a_worker_gets_no_secrets_is_the_first_to_go_and_as_nice_as_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PASPOR_MASTER_KEYS", "k1:invented")
    monkeypatch.setenv("AMQP_URL", "amqp://invented")
    limits = WorkerLimits(memory_bytes=LIMITS.memory_bytes, niceness=1)
    async with running(limits) as pool:
        seen = (await pool.ask({"do": "tell_surroundings"})).head
    assert not [name for name in seen["environment"] if name.startswith("PASPOR") or "URL" in name]
    assert seen["niceness"] == min(19, os.nice(0) + 1)
    assert seen["leads_session"]
    assert seen["session_niceness"] in (None, seen["niceness"]), "a kernel that groups by session heeds it too"
    assert seen["oom_score"] == 1000
    assert "invented" not in seen["argument"]


# killed, hanging, lying


async def test_a_killed_worker_is_tried_once_more(tmp_path: Path) -> None:
    figures = WorkerFigures()
    async with running(figures=figures) as pool:
        answer = await pool.ask({"do": "die_once", "mark": str(tmp_path / "died")}, b"kept")
        assert answer.blobs[0] == b"kept"
    assert counted(figures) == {"lost": 1, "answered": 1}


async def test_twin_without_a_second_try_a_killed_worker_loses_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "TRIES", 1)
    async with running() as pool:
        with pytest.raises(WorkerLost):
            await pool.ask({"do": "die_once", "mark": str(tmp_path / "died")})


async def test_a_job_that_kills_its_workers_is_given_up_and_costs_no_other_job() -> None:
    async with running(most=2) as pool:
        killing, good = await asyncio.gather(
            pool.ask({"do": "die"}), pool.ask({"do": "echo"}, b"good"), return_exceptions=True
        )
        assert isinstance(killing, WorkerLost)
        assert isinstance(good, JobAnswer) and good.blobs[0] == b"good"
        assert (await pool.ask({"do": "echo"}, b"next")).blobs[0] == b"next"


async def test_a_worker_that_is_killed_from_outside_in_the_middle_of_a_job_costs_a_second_try() -> None:
    async with running() as pool:
        await pool.ask({"do": "echo"}, b"first")
        [worker] = pool.process_ids
        os.kill(worker, signal.SIGSTOP)
        asking = asyncio.create_task(pool.ask({"do": "echo"}, b"second"))
        await asyncio.sleep(0)
        os.kill(worker, signal.SIGKILL)
        assert (await asking).blobs[0] == b"second"
        assert worker not in pool.process_ids


async def test_a_worker_that_died_while_it_was_idle_costs_nothing() -> None:
    figures = WorkerFigures()
    async with running(figures=figures) as pool:
        await pool.ask({"do": "echo"})
        [worker] = pool._idle
        os.kill(worker.process_id, signal.SIGKILL)
        await until(lambda: worker.status is not None)
        assert (await pool.ask({"do": "echo"}, b"next")).blobs[0] == b"next"
        assert len(pool.process_ids) == 1
    assert counted(figures) == {"answered": 2}


@pytest.mark.parametrize("job", ["hang", "lie", "flood"])
async def test_a_worker_that_hangs_or_lies_is_ended(job: str) -> None:
    figures = WorkerFigures()
    async with running(IMPATIENT, figures=figures) as pool:
        with pytest.raises(WorkerLost):
            await pool.ask({"do": job})
        assert pool.process_ids == ()
    assert counted(figures) == {"late" if job == "hang" else "lost": 2}


async def test_a_caller_who_goes_takes_the_worker_along() -> None:
    async with running() as pool:
        asking = asyncio.create_task(pool.ask({"do": "hang"}))
        await until(lambda: bool(pool.process_ids))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert pool.process_ids == ()
        assert (await pool.ask({"do": "echo"}, b"next")).blobs[0] == b"next"


# what cannot be started


async def test_where_there_is_no_process_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent")
    figures = WorkerFigures()
    async with running(figures=figures, warm=1) as pool:
        await pool.start()
        with pytest.raises(WorkerNotStarted):
            await pool.ask({"do": "echo"})
    assert set(counted(figures)) == {"not_started"}


async def test_a_worker_that_ends_before_it_is_ready_was_not_started() -> None:
    async with running(module="tests.unit.shared_workers.stillborn_worker") as pool:
        with capture_logs() as lines, pytest.raises(WorkerNotStarted):
            await pool.ask({"do": "echo"})
    assert [(line["event"], line["status"]) for line in lines] == [("worker_not_started", 3)] * 2


async def test_a_closed_pool_starts_nothing_more() -> None:
    pool = WorkerPool("odd", MODULE, LIMITS, warm=1)
    await pool.start()
    await pool.close()
    assert pool.process_ids == ()
    with pytest.raises(WorkerNotStarted):
        await pool.ask({"do": "echo"})
    assert pool.process_ids == ()


# how many


class Counting(WorkerPool):
    """A pool that keeps how many processes there were at most."""

    seen = 0

    async def _make_process(self) -> asyncio.subprocess.Process:
        self.seen = max(self.seen, len(self._workers) + self._starting)
        return await super()._make_process()


async def six_jobs(guard_off: Callable[[WorkerPool], Awaitable[None]] | None = None) -> int:
    pool = Counting("odd", MODULE, LIMITS, most=2, warm=2)
    if guard_off is not None:
        await guard_off(pool)
    await asyncio.gather(*(pool.ask({"do": "echo"}) for _ in range(6)))
    await pool.close()
    assert pool.seen <= 2, f"{pool.seen} processes at once"
    return pool.seen


async def test_no_more_run_at_a_time_than_allowed() -> None:
    assert await six_jobs() == 2


async def test_twin_without_turns_as_many_run_as_there_are_jobs() -> None:
    async def without_turns(pool: WorkerPool) -> None:
        pool._turns = asyncio.Semaphore(100)

    with pytest.raises(AssertionError, match="6 processes at once"):
        await six_jobs(without_turns)


async def test_a_job_whose_turn_does_not_come_is_told_so() -> None:
    figures = WorkerFigures()
    async with running(longest_wait_seconds=0.02, most_waiting=1, figures=figures) as pool:
        hanging = asyncio.create_task(pool.ask({"do": "hang"}))
        await until(lambda: bool(pool.process_ids))
        ends = await asyncio.gather(*(pool.ask({"do": "echo"}) for _ in range(2)), return_exceptions=True)
        assert [type(end) for end in ends] == [WorkersBusy, WorkersBusy]
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
    assert counted(figures) == {"busy": 2}


async def test_an_idle_worker_ends_by_itself() -> None:
    limits = WorkerLimits(memory_bytes=LIMITS.memory_bytes, idle_seconds=0.01)
    async with running(limits) as pool:
        await pool.ask({"do": "echo"})
        [worker] = pool._workers
        async with asyncio.timeout(20):
            await worker._process.wait()
        assert (worker.status, pool.process_ids, pool._idle) == (0, (), [])


async def test_warm_workers_are_there_before_the_first_job_and_stay_and_are_replaced() -> None:
    limits = WorkerLimits(memory_bytes=LIMITS.memory_bytes, idle_seconds=0.01)
    async with running(limits, most=2, warm=2) as pool:
        await pool.start()
        at_first = set(pool.process_ids)
        assert len(at_first) == 2
        for worker in tuple(pool._idle):
            pool._end_idle(worker)
        assert set(pool.process_ids) == at_first
        assert (await pool.ask({"do": "echo"})).head["process"] in at_first
        with pytest.raises(WorkerLost):
            await pool.ask({"do": "die"})
        await until(lambda: len(pool._idle) == 2)
        assert set(pool.process_ids).isdisjoint(at_first)
