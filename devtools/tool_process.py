"""Runs a developer's tool (pytest, ruff, mypy ...) in the foreground of this terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from local_suite.home import PROJECT, home
from local_suite.parent_death import end_with_parent


def run_tool(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, stdout: IO[str] | int | None = None
) -> int:
    """Runs it in the project's folder and returns its exit status. TERM is passed on; Ctrl-C reaches it by itself."""
    parent = os.getpid()
    process = subprocess.Popen(
        command, cwd=PROJECT, env=tool_environment(env), stdout=stdout, preexec_fn=lambda: _begin(parent)
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
    }
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def captured_tool(
    command: Sequence[str],
    *,
    cwd: Path = PROJECT,
    env: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> tuple[int, str]:
    """Runs it quietly; returns exit status and everything it printed.

    Raises:
        subprocess.TimeoutExpired: it took longer than `seconds`.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env=tool_environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def tool_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of tools: what they keep between runs lies in PASPOR_HOME."""
    cache = home() / "cache"
    return {
        **os.environ,
        "RUFF_CACHE_DIR": str(cache / "ruff"),
        "MYPY_CACHE_DIR": str(cache / "mypy"),
        **(more or {}),
    }


def _begin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent(parent, signal.SIGTERM)
