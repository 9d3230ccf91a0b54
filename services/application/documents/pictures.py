"""Inspecting uploads: decoded in a process of its own with limits on memory and time, or in a thread of this one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.application.documents.picture_decoding import (
    LEAST_SIDE_PIXELS,
    LONGEST_KEPT_SIDE_PIXELS,
    MOST_PIXELS,
    Unusable,
    decode,
)
from services.application.documents.ports import Inspected, InspectedPage, InspectionUnavailable, PictureRefused
from shared.logs import get_logger

log = get_logger(__name__)

__all__ = [
    "LEAST_SIDE_PIXELS",
    "LONGEST_KEPT_SIDE_PIXELS",
    "MOST_PIXELS",
    "PictureInspector",
    "PictureProcesses",
    "WorkerLimits",
]

JPEG: Final = "image/jpeg"
WORKER: Final = "services.application.documents.picture_worker"
PROJECT: Final = Path(__file__).resolve().parents[3]
MEMORY_BYTES: Final = 192 * 1024 * 1024
"""Private memory of one worker: what the largest picture takes (130 MiB, see `LARGEST_DECODED_BYTES`), its file of
10 MiB, and a third more. Beyond it the picture is refused."""

JOB_SECONDS: Final = 20.0
"""For one picture; the largest takes half a second of a whole processor."""

TRIES: Final = 2
"""A worker may be killed for what others take of the machine's memory: once more, then the picture is refused."""

IDLE_SECONDS: Final = 20.0
"""After so long without a picture a worker ends: it holds 20 to 50 MiB."""

SLICE_BYTES: Final = 64 * 1024
LONGEST_HEAD_BYTES: Final = 64 * 1024
NOT_DECODED: Final = "not_decoded"
PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "TMPDIR")
PASSED_ON_PREFIXES: Final = ("PYTHON", "MALLOC_")
"""Of the environment a worker gets nothing else: no address, no key, no password."""


@dataclass(frozen=True)
class PictureInspector:
    """The `Inspector` that decodes in a thread of this process: for tests and tools. The caller limits how many."""

    least_side_pixels: int = LEAST_SIDE_PIXELS

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        """The picture; refuses with `PictureRefused`."""
        return Inspected((await asyncio.to_thread(self.look_at, content, media_type),))

    def look_at(self, content: bytes, media_type: str) -> InspectedPage:
        """As `inspect`, in the calling thread."""
        try:
            found = decode(content, media_type, self.least_side_pixels)
        except Unusable as unusable:
            raise PictureRefused(unusable.reason) from None
        return InspectedPage(found.content, JPEG, found.width, found.height, found.flags)


@dataclass(frozen=True)
class WorkerLimits:
    """Limits of one worker."""

    memory_bytes: int = MEMORY_BYTES
    job_seconds: float = JOB_SECONDS
    idle_seconds: float = IDLE_SECONDS


class WorkerLost(Exception):
    """The worker was killed, crashed, or did not answer in time."""


class PictureProcesses:
    """The `Inspector` that decodes in worker processes, started when needed and ended when idle.

    The caller limits how many pictures are looked at together: as many workers run. A worker that is killed or hangs
    costs that picture a second try and then a refusal, never this process.
    """

    def __init__(
        self, limits: WorkerLimits | None = None, *, least_side_pixels: int = LEAST_SIDE_PIXELS, module: str = WORKER
    ) -> None:
        self._limits = limits or WorkerLimits()
        self._least_side_pixels = least_side_pixels
        self._module = module
        self._idle: list[_Worker] = []

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        """The picture; refuses with `PictureRefused`, or `InspectionUnavailable` where no worker can be started."""
        for attempt in range(1, TRIES + 1):
            worker = self._take_idle() or await self._start()
            try:
                async with asyncio.timeout(self._limits.job_seconds):
                    found = await worker.ask(content, media_type, self._least_side_pixels)
            except (WorkerLost, TimeoutError) as lost:
                await worker.kill()
                log.warning("picture_worker_lost", attempt=attempt, why=type(lost).__name__, status=worker.status)
            except PictureRefused:
                self._give_back(worker)
                raise
            except BaseException:
                await worker.kill()
                raise
            else:
                self._give_back(worker)
                return found
        raise PictureRefused(NOT_DECODED)

    async def close(self) -> None:
        """End the idle workers."""
        idle, self._idle = self._idle, []
        for worker in idle:
            await worker.kill()

    def _take_idle(self) -> _Worker | None:
        while self._idle:
            worker = self._idle.pop()
            worker.cancel_end()
            if worker.status is None:
                return worker
        return None

    def _give_back(self, worker: _Worker) -> None:
        self._idle.append(worker)
        worker.end_later(self._limits.idle_seconds, self._forget)

    def _forget(self, worker: _Worker) -> None:
        with suppress(ValueError):
            self._idle.remove(worker)

    async def _start(self) -> _Worker:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._module,
                str(self._limits.memory_bytes),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_HEAD_BYTES,
                cwd=PROJECT,
                env=_plain_environment(),
            )
        except OSError as trouble:
            log.error("picture_worker_not_started", why=type(trouble).__name__)
            raise InspectionUnavailable from None
        return _Worker(process)


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both were asked for
        self._process, self._jobs, self._answers = process, process.stdin, process.stdout
        self._end: asyncio.TimerHandle | None = None

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.returncode

    async def ask(self, content: bytes, media_type: str, least_side_pixels: int) -> Inspected:
        """Have one picture decoded. Refuses with `PictureRefused` or `WorkerLost`."""
        head = {"media_type": media_type, "size_bytes": len(content), "least_side_pixels": least_side_pixels}
        try:
            self._jobs.write(json.dumps(head).encode() + b"\n")
            view = memoryview(content)
            for start in range(0, len(content), SLICE_BYTES):
                self._jobs.write(view[start : start + SLICE_BYTES])
                await self._jobs.drain()
            answer: dict[str, Any] = json.loads(await self._answers.readuntil(b"\n"))
            if "refused" in answer:
                raise PictureRefused(answer["refused"])
            written = await self._answers.readexactly(answer["size_bytes"])
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            raise WorkerLost from None
        page = InspectedPage(written, JPEG, answer["width"], answer["height"], tuple(answer["flags"]))
        return Inspected((page,))

    def end_later(self, seconds: float, ended: Any) -> None:
        """End it after so long, unless it is taken before."""

        def end() -> None:
            ended(self)
            self._jobs.close()

        self._end = asyncio.get_running_loop().call_later(seconds, end)

    def cancel_end(self) -> None:
        """It is needed again."""
        if self._end is not None:
            self._end.cancel()

    async def kill(self) -> None:
        """End it at once and wait for it."""
        self.cancel_end()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _plain_environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }
