"""The side of a worker process: one job after another from its input, under limits of its own, until the input ends.

A module that is run as a worker ends with::

    if __name__ == "__main__":
        serve(answer_job)

It gets no secrets and opens no connections. What a library prints is dropped: it may be about the job.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from shared.priority import lower_priority
from shared.workers.limits import AT, FAILED, READY, SIZES, JobAnswer, WorkerLimits, head_line

OOM_SCORE: Final = 1000
"""The first to be killed where memory runs out: a job is tried again, the service is not restarted."""

GRACE_SECONDS: Final = 5.0
"""A worker ends itself so long after a job's time: its service ends it at that time, unless the service is gone."""

AnswerJob = Callable[[Mapping[str, Any], bytes], JobAnswer]
"""Takes the job's head and its bytes. What it raises is told by class and place, and the worker goes on."""


def serve(answer_job: AnswerJob, prepare: Callable[[], None] | None = None) -> NoReturn:
    """Work until the input ends; ``prepare`` loads what every job needs before the first one is taken."""
    limits = WorkerLimits.from_argument(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the service ends us by the pipe
    limit_this_process(limits)
    jobs, answers = take_pipes()
    if prepare is not None:
        prepare()
    drop_output(2)  # not before: why a worker cannot start is for the service's log
    answers.write(READY)
    answers.flush()
    sys.exit(work(jobs, answers, answer_job, limits.job_seconds + GRACE_SECONDS))


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return where jobs come from and answers go; what a library prints is not taken for an answer."""
    answers = os.fdopen(os.dup(1), "wb")
    drop_output(1)
    return sys.stdin.buffer, answers


def drop_output(descriptor: int) -> None:
    """Drop what is written there from now on; a file would refuse it (``RLIMIT_FSIZE``)."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def limit_this_process(limits: WorkerLimits) -> None:
    """Bound the memory, forbid files and core dumps, and be the first to go where the machine's memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    lower_priority(limits.niceness)
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def work(jobs: BinaryIO, answers: BinaryIO, answer_job: AnswerJob, longest_job_seconds: float) -> int:
    """Answer jobs until there are no more; returns the exit status. A job that takes too long ends the process."""
    while line := jobs.readline():
        head = json.loads(line)
        [size_bytes] = head[SIZES]
        content = jobs.read(size_bytes)
        if len(content) < size_bytes:
            return 1
        signal.setitimer(signal.ITIMER_REAL, longest_job_seconds)  # SIGALRM ends even what hangs in a library
        answer = answer_or_tell(answer_job, head, content)
        del content
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(head_line(answer.head, answer.blobs))
        for blob in answer.blobs:
            answers.write(blob)
        answers.flush()
        del answer
    return 0


def answer_or_tell(answer_job: AnswerJob, head: Mapping[str, Any], content: bytes) -> JobAnswer:
    """Return the answer, or class and place of what the job raised."""
    try:
        return answer_job(head, content)
    except BaseException as error:  # a panic of a library in Rust is no `Exception`
        last = traceback.extract_tb(error.__traceback__)[-1]
        return JobAnswer({FAILED: type(error).__name__, AT: f"{Path(last.filename).name}:{last.lineno}"})
