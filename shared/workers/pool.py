"""A pool of worker processes, one job each: what a job takes or breaks costs its worker, never this process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from prometheus_client import Counter
from prometheus_client.registry import Collector

from shared.logs import get_logger
from shared.workers.limits import AT, FAILED, LONGEST_HEAD_BYTES, READY, SIZES, JobAnswer, WorkerLimits, head_line
from shared.workers.port import JobFailed, WorkerLost, WorkerNotStarted, WorkersBusy

log = get_logger(__name__)

PROJECT: Final = Path(__file__).resolve().parents[2]
TRIES: Final = 2
"""A worker may be killed for what others take of the machine's memory: once more, then the job is given up."""

LONGEST_WAIT_SECONDS: Final = 45.0
"""For a worker, while all are busy; a gateway gives up after 75 s."""

MOST_WAITING: Final = 64
"""Jobs that wait for a worker: each is in memory meanwhile."""

SLICE_BYTES: Final = 64 * 1024
PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "TMPDIR")
PASSED_ON_PREFIXES: Final = ("PYTHON", "MALLOC_")
"""Of the environment a worker gets nothing else: no address, no key, no password."""


class JobOutcome(StrEnum):
    """How one try of a job ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    LOST = "lost"
    LATE = "late"
    NOT_STARTED = "not_started"
    BUSY = "busy"


class WorkerFigures:
    """Metrics of all pools of one service."""

    def __init__(self) -> None:
        self._jobs = Counter(
            "paspor_worker_jobs",
            "Tries of jobs in worker processes, by how they ended.",
            ("pool", "outcome"),
            registry=None,
        )

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """Collectors for the service's metrics page."""
        return (self._jobs,)

    def count(self, pool: str, outcome: JobOutcome) -> None:
        """Count one try."""
        self._jobs.labels(pool, outcome.value).inc()


class WorkerPool:
    """The `Workers` that are processes of one module, started when needed and ended when idle.

    `most` run at a time and more jobs wait, `MOST_WAITING` of them and `LONGEST_WAIT_SECONDS` at most. `warm` of them
    are started by `start`, stay while idle, and are replaced when lost. The module calls `shared.workers.worker.serve`.
    """

    def __init__(
        self,
        name: str,
        module: str,
        limits: WorkerLimits,
        *,
        most: int = 1,
        warm: int = 0,
        longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
        most_waiting: int = MOST_WAITING,
        figures: WorkerFigures | None = None,
    ) -> None:
        self._name, self._module, self._limits = name, module, limits
        self._warm = min(warm, most)
        self._longest_wait_seconds, self._most_waiting = longest_wait_seconds, most_waiting
        self._figures = figures or WorkerFigures()
        self._turns = asyncio.Semaphore(most)
        self._waiting = 0
        self._starting = 0
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._warming: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Return the ids of the processes that run."""
        return tuple(worker.process_id for worker in self._workers)

    async def start(self) -> None:
        """Start the warm workers, and wait until they take jobs."""
        self._keep_warm()
        if self._warming is not None:
            await self._warming

    async def ask(self, head: Mapping[str, Any], content: bytes = b"") -> JobAnswer:
        """Have one job done.

        Raises:
            WorkersBusy: no turn came. WorkerNotStarted, WorkerLost: the second try failed too.
            JobFailed: it raised in its worker.
        """
        async with self._turn():
            try:
                return await self._try_twice(head, content)
            finally:
                self._keep_warm()

    async def close(self) -> None:
        """End all workers at once; jobs under way are lost."""
        self._closed = True
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        for worker in tuple(self._workers):
            await self._end(worker)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._turns.locked() and self._waiting >= self._most_waiting:
            self._count(JobOutcome.BUSY)
            raise WorkersBusy
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            self._count(JobOutcome.BUSY)
            raise WorkersBusy from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    async def _try_twice(self, head: Mapping[str, Any], content: bytes) -> JobAnswer:
        for _ in range(TRIES - 1):
            with suppress(WorkerLost, WorkerNotStarted):
                return await self._try(head, content)
        return await self._try(head, content)

    async def _try(self, head: Mapping[str, Any], content: bytes) -> JobAnswer:
        worker = self._take_idle() or await self._start()
        try:
            async with asyncio.timeout(self._limits.job_seconds):
                answer = await worker.ask(head, content, self._limits.largest_answer_bytes)
        except TimeoutError:
            await self._lose(worker, JobOutcome.LATE)
            raise WorkerLost from None
        except WorkerLost:
            await self._lose(worker, JobOutcome.LOST)
            raise
        except BaseException:  # the caller has gone: what the worker still does is of no use
            await self._end(worker)
            raise
        self._give_back(worker)
        if FAILED in answer.head:
            self._count(JobOutcome.FAILED)
            error = str(answer.head[FAILED])
            log.error("worker_job_failed", pool=self._name, error=error, at=answer.head.get(AT))
            raise JobFailed(error)
        self._count(JobOutcome.ANSWERED)
        return answer

    async def _start(self) -> _Worker:
        """Return a new worker that is ready.

        Raises:
            WorkerNotStarted: there is no process, or it ended before it was ready, or the pool is closed.
        """
        if self._closed:
            raise WorkerNotStarted
        self._starting += 1
        try:
            worker = _Worker(await self._make_process())
        except OSError as trouble:
            self._note_not_started(type(trouble).__name__)
            raise WorkerNotStarted from None
        finally:
            self._starting -= 1
        self._workers.add(worker)
        try:
            async with asyncio.timeout(self._limits.start_seconds):
                await worker.wait_until_ready()
        except (WorkerLost, TimeoutError) as trouble:
            await self._end(worker)
            self._note_not_started(type(trouble).__name__, worker.status)
            raise WorkerNotStarted from None
        except BaseException:
            await self._end(worker)
            raise
        return worker

    async def _make_process(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            self._limits.as_argument(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_HEAD_BYTES,
            cwd=PROJECT,
            env=plain_environment(),
        )

    def _take_idle(self) -> _Worker | None:
        while self._idle:
            worker = self._idle.pop()
            worker.cancel_end()
            if worker.status is None:
                return worker
            self._workers.discard(worker)
        return None

    def _give_back(self, worker: _Worker) -> None:
        self._idle.append(worker)
        worker.end_later(self._limits.idle_seconds, self._end_idle)

    def _end_idle(self, worker: _Worker) -> None:
        if len(self._workers) > self._warm:
            self._idle.remove(worker)
            self._workers.discard(worker)
            worker.end()

    async def _lose(self, worker: _Worker, outcome: JobOutcome) -> None:
        await self._end(worker)
        self._count(outcome)
        log.warning("worker_lost", pool=self._name, outcome=outcome.value, status=worker.status)

    async def _end(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        with suppress(ValueError):
            self._idle.remove(worker)
        await worker.kill()

    def _keep_warm(self) -> None:
        """Start in the background what is missing of the warm workers."""
        under_way = self._warming is not None and not self._warming.done()
        if self._has_too_few() and not self._closed and not under_way:
            self._warming = asyncio.create_task(self._start_missing())

    async def _start_missing(self) -> None:
        """Each in a turn like a job's, so that no more than `most` run."""
        with suppress(WorkerNotStarted):
            while self._has_too_few():
                async with self._turns:
                    if self._has_too_few():
                        self._give_back(await self._start())

    def _has_too_few(self) -> bool:
        return len(self._workers) + self._starting < self._warm

    def _count(self, outcome: JobOutcome) -> None:
        self._figures.count(self._name, outcome)

    def _note_not_started(self, why: str, status: int | None = None) -> None:
        self._count(JobOutcome.NOT_STARTED)
        log.error("worker_not_started", pool=self._name, why=why, status=status)


class _Worker:
    """One process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both were asked for
        self._process, self._jobs, self._answers = process, process.stdin, process.stdout
        self._end: asyncio.TimerHandle | None = None

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.returncode

    async def wait_until_ready(self) -> None:
        """Wait for its first line. Raises `WorkerLost`."""
        try:
            line = await self._answers.readuntil(b"\n")
        except (OSError, EOFError, asyncio.LimitOverrunError):
            raise WorkerLost from None
        if line != READY:
            raise WorkerLost

    async def ask(self, head: Mapping[str, Any], content: bytes, largest_answer_bytes: int) -> JobAnswer:
        """Have one job done. Raises `WorkerLost`, also for an answer that is none: its word is not trusted."""
        try:
            self._jobs.write(head_line(head, (content,)))
            view = memoryview(content)
            for start in range(0, len(content), SLICE_BYTES):
                self._jobs.write(view[start : start + SLICE_BYTES])
                await self._jobs.drain()
            told = json.loads(await self._answers.readuntil(b"\n"))
            sizes_bytes = _sizes(told, largest_answer_bytes)
            blobs = [await self._answers.readexactly(size_bytes) for size_bytes in sizes_bytes]
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            raise WorkerLost from None
        return JobAnswer(told, tuple(blobs))

    def end_later(self, seconds: float, end: Any) -> None:
        """Call ``end`` after so long, unless it is taken before."""
        self._end = asyncio.get_running_loop().call_later(seconds, end, self)

    def cancel_end(self) -> None:
        """It is needed again."""
        if self._end is not None:
            self._end.cancel()

    def end(self) -> None:
        """Have it end by itself: there are no more jobs."""
        self._jobs.close()

    async def kill(self) -> None:
        """End it at once and wait for it."""
        self.cancel_end()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _sizes(told: Any, largest_answer_bytes: int) -> list[int]:
    """Return the sizes of an answer's blobs, and take them out of its head. Raises ValueError for any other form."""
    sizes_bytes = told.pop(SIZES, None) if isinstance(told, dict) else None
    if not isinstance(sizes_bytes, list) or not all(type(size) is int and size >= 0 for size in sizes_bytes):
        raise ValueError("no answer of a worker")
    if sum(sizes_bytes) > largest_answer_bytes:
        raise ValueError("an answer that is too large")
    return sizes_bytes


def plain_environment() -> dict[str, str]:
    """Return what a worker gets of this process's environment."""
    return {
        name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }
