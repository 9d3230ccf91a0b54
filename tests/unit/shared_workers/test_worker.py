"""The side of the worker, in this process: its limits, its loop and what it answers."""

from __future__ import annotations

import io
import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.workers import worker
from shared.workers.in_thread import JobsInThread
from shared.workers.limits import READY, JobAnswer, WorkerLimits, head_line
from shared.workers.port import JobFailed
from tests.unit.shared_workers.odd_worker import answer_job

LIMITS = WorkerLimits(memory_bytes=123, niceness=5)


def job(content: bytes, **head: Any) -> bytes:
    return head_line(head, (content,)) + content


def answered(*jobs: bytes) -> tuple[int, list[Any], bytes]:
    """The exit status, the heads and all bytes of the answers."""
    written = io.BytesIO()
    status = worker.work(io.BytesIO(b"".join(jobs)), written, answer_job, 60)
    heads, rest = [], written.getvalue()
    while rest:
        line, _, rest = rest.partition(b"\n")
        heads.append(json.loads(line))
        rest = rest[sum(heads[-1]["sizes_bytes"]) :]
    return status, heads, written.getvalue()


def test_jobs_are_answered_in_turn_until_the_input_ends() -> None:
    status, heads, written = answered(job(b"one", do="echo"), job(b"", do="echo", say="two"))
    assert status == 0
    assert [(head["said"], head["sizes_bytes"]) for head in heads] == [(None, [3, 1, 0]), ("two", [0, 0, 0])]
    assert b"\noneo" in written
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_job_that_breaks_off_ends_the_worker() -> None:
    assert answered(job(b"one", do="echo")[:-1]) == (1, [], b"")


def test_what_is_raised_is_told_without_its_text() -> None:
    _, [told], written = answered(job(b"", do="fail"))
    assert (told["failed"], told["at"].split(":")[0]) == ("KeyError", "odd_worker.py")
    assert b"a name" not in written


def test_a_panic_of_a_library_is_told_too() -> None:
    class PanicException(BaseException):
        pass

    def panic(_head: Any, _content: bytes) -> JobAnswer:
        raise PanicException("text")

    written = io.BytesIO()
    assert worker.work(io.BytesIO(job(b"")), written, panic, 60) == 0
    assert json.loads(written.getvalue())["failed"] == "PanicException"


def test_limits_go_over_a_command_line() -> None:
    assert WorkerLimits.from_argument(LIMITS.as_argument()) == LIMITS


def test_a_process_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    limited: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(worker.resource, "setrlimit", limited.__setitem__)
    monkeypatch.setattr(worker, "lower_priority", lambda niceness: limited.__setitem__(-1, niceness))
    monkeypatch.setattr(worker, "Path", lambda _path: Unwritable())
    worker.limit_this_process(LIMITS)
    assert limited == {
        -1: 5,
        resource.RLIMIT_DATA: (123, 123),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
    }


class Unwritable:
    def write_text(self, _text: str) -> int:
        raise PermissionError


def test_a_worker_says_when_it_is_ready_and_prepares_before(monkeypatch: pytest.MonkeyPatch) -> None:
    written, done = io.BytesIO(), list[str]()
    monkeypatch.setattr(sys, "argv", ["worker", LIMITS.as_argument()])
    monkeypatch.setattr(worker.signal, "signal", lambda number, _action: done.append(signal.Signals(number).name))
    monkeypatch.setattr(worker, "limit_this_process", lambda limits: done.append(f"limited to {limits.memory_bytes}"))
    monkeypatch.setattr(worker, "take_pipes", lambda: (io.BytesIO(job(b"one", do="echo")), written))
    monkeypatch.setattr(worker, "drop_output", lambda descriptor: done.append(f"{descriptor} dropped"))

    def prepare() -> None:
        done.append("prepared")
        assert written.getvalue() == b""

    with pytest.raises(SystemExit) as ended:
        worker.serve(answer_job, prepare)
    assert ended.value.code == 0
    assert done == ["SIGINT", "limited to 123", "prepared", "2 dropped"]
    assert written.getvalue().startswith(READY)
    assert written.getvalue().endswith(b"\noneo")


def test_what_is_printed_is_dropped_and_answers_are_not() -> None:
    """In a process of its own, whose descriptors are its own."""
    said = (
        "import os; from shared.workers.worker import take_pipes, drop_output\n"
        "_, answers = take_pipes(); drop_output(2)\n"
        "print('printed'); os.system('echo from below; echo error >&2')\n"
        "answers.write(b'answered'); answers.flush()"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, check=True, timeout=60)  # noqa: S603
    assert (done.stdout, done.stderr) == (b"answered", b"")


def test_a_descriptor_is_dropped(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as log:
        log.write(b"before")
        worker.drop_output(log.fileno())
        log.write(b"after")
    assert (tmp_path / "log").read_bytes() == b"before"


async def test_a_thread_does_the_same_jobs_for_tests_and_tools() -> None:
    jobs = JobsInThread(answer_job)
    await jobs.start()
    assert (await jobs.ask({"do": "echo", "say": "Selamat"}, b"one")).blobs == (b"one", b"o", b"")
    with pytest.raises(JobFailed, match="KeyError"):
        await jobs.ask({"do": "fail"})
    await jobs.close()
