"""A process that gives way: to all others of its machine, also where the kernel shares processors between sessions."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from shared import priority
from shared.priority import lower_priority

Lowered = list[tuple[str, object]]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Lowered:
    """What is asked of the kernel, in order; the process leads a session once it has begun one."""
    asked: Lowered = []

    def nice(niceness: int) -> int:
        asked.append(("nice", niceness))
        return 5 + niceness

    monkeypatch.setattr(priority.os, "nice", nice)
    monkeypatch.setattr(priority.os, "setsid", lambda: asked.append(("session", None)))
    monkeypatch.setattr(priority.os, "getpid", lambda: 7)
    monkeypatch.setattr(priority.os, "getsid", lambda _: 7)
    monkeypatch.setattr(priority.time, "sleep", lambda seconds: asked.append(("pause", seconds)))
    monkeypatch.setattr(priority.Path, "write_text", lambda _self, text: asked.append(("session_niceness", text)))
    return asked


def refuse(*errors: OSError | None) -> Callable[..., int]:
    left = list(errors)

    def answer(*_: object) -> int:
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return 0

    return answer


def test_a_process_lowers_itself_and_its_session(done: Lowered) -> None:
    lower_priority(4)
    assert done == [("nice", 4), ("session", None), ("session_niceness", "9")]


def test_no_niceness_changes_nothing(done: Lowered) -> None:
    lower_priority(0)
    assert done == []


def test_a_process_that_leads_a_session_already_lowers_that(done: Lowered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priority.os, "setsid", refuse(PermissionError()))
    lower_priority(4)
    assert done == [("nice", 4), ("session_niceness", "9")]


def test_a_session_of_others_is_left_alone(done: Lowered, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that is started by hand shares the session of its terminal."""
    monkeypatch.setattr(priority.os, "setsid", refuse(PermissionError()))
    monkeypatch.setattr(priority.os, "getsid", lambda _: 1)
    lower_priority(4)
    assert done == [("nice", 4)]


def test_a_kernel_that_takes_one_change_at_a_time_is_asked_again(
    done: Lowered, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = BlockingIOError(errno.EAGAIN, "")
    monkeypatch.setattr(priority.Path, "write_text", refuse(busy, busy, None))
    lower_priority(4)
    assert done[2:] == [("pause", priority.PAUSE_SECONDS)] * 2
    monkeypatch.setattr(priority.Path, "write_text", refuse(*[busy] * 99))
    lower_priority(4)
    assert done.count(("pause", priority.PAUSE_SECONDS)) == 2 + priority.TRIES


def test_a_kernel_without_sessions_heeds_niceness_alone(done: Lowered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priority.Path, "write_text", refuse(FileNotFoundError()))
    lower_priority(4)
    assert done == [("nice", 4), ("session", None)]
