"""One child process that cannot outlive the process that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from local_suite.parent_death import end_with_parent
from local_suite.private_files import PRIVATE, make_private_folder

POLL_SECONDS = 0.02
KILL_SECONDS = 30.0  # a process in an uninterruptible read or write ends only after it
PRIVATE_UMASK = 0o077  # what servers and services write is readable by this user only


def open_log(path: Path) -> IO[bytes]:
    """Open a log to append to; only this user can read it and its folder."""
    make_private_folder(path.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE), "ab")


class Child:
    """A process in a session of its own (Ctrl-C reaches its parent only), its output appended to a log file.

    Start it from a thread that lives as long as the child should: the kernel counts the end of the starting thread
    as the end of the parent. Not bound to an event loop.
    """

    def __init__(
        self, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        self._command = [str(part) for part in command]
        self._env = dict(env)
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None
        self.log = log

    @property
    def pid(self) -> int | None:
        """Process id, also of a child that has ended; None before the first start."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """True from start until the process has ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """Exit status (negative: the signal); None while running or before the first start."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Starts the process. Refuses while it runs."""
        if self.alive:
            raise RuntimeError(f"{self._command[0]} runs already as {self.pid}")
        parent = os.getpid()
        with open_log(self.log) as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
                umask=PRIVATE_UMASK,
                preexec_fn=lambda: end_with_parent(parent, signal.SIGKILL),
            )

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process if it still runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill_group(self) -> None:
        """SIGKILL to the process and to what it started."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()

    async def ended(self, timeout_seconds: float) -> bool:
        """Waits until the process has ended; False if it still runs after the timeout."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while self.alive:
            if loop.time() >= deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def stop(self, grace_seconds: float) -> None:
        """TERM, then KILL when the grace is over. Returns when the process has ended."""
        if not self.alive:
            return
        self.signal(signal.SIGTERM)
        if not await self.ended(grace_seconds):
            await self.kill()

    async def kill(self) -> None:
        """KILL, for tests and for what will not stop. Returns when the process has ended."""
        if not self.alive:
            return
        self.kill_group()
        if not await self.ended(KILL_SECONDS):
            raise RuntimeError(f"process {self.pid} does not end on SIGKILL")
