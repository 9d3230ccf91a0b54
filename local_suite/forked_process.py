"""Processes that are forked off one which has imported everything: see `local_suite.preload`."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from local_suite.child_process import PRIVATE_UMASK, Child, open_log
from local_suite.home import PROJECT
from local_suite.preload import PADDING, READY, REQUEST_BYTES

PRELOAD_SECONDS: Final = 60.0
"""How long the imports may take; then parts are started the ordinary way."""

SOURCES: Final = ("services", "shared", "simulators", "local_suite")
_PR_SET_CHILD_SUBREAPER: Final = 36
COVERAGE_VARIABLES: Final = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
"""Set while the lines that a test runs are counted; a fork's lines would be lost."""

_libc = ctypes.CDLL(None, use_errno=True)


class Preloader:
    """One process that holds the imports of all parts; starts them by forking as long as the sources are the same."""

    def __init__(self, modules: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self._modules = tuple(dict.fromkeys(modules))
        self._log = log
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._began_at = 0.0
        self._ready = False
        self._waiting = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Process id, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Begin the imports; returns at once. Does nothing where forks could not be watched or counted."""
        counted = any(os.environ.get(name) for name in COVERAGE_VARIABLES)
        if counted or self.pid is not None or _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            return
        self.stop()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(PRELOAD_SECONDS)
        arguments = [str(its.fileno()), str(os.getpid()), *self._modules, PADDING]
        with its, open_log(self._log) as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local_suite.preload", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=PROJECT,
                pass_fds=[its.fileno()],
                start_new_session=True,
                umask=PRIVATE_UMASK,
            )
        self._control, self._began_at = ours, time.time()

    def wait_until_ready(self) -> None:
        """Return when the imports are done, or when there is nothing to wait for. Blocks: call it in a thread."""
        with self._waiting:
            if self._control is None or self._ready:
                return
            try:
                self._ready = self._control.recv(REQUEST_BYTES) == READY
            except OSError:
                self._ready = False

    def stop(self) -> None:
        """End it; what it has started goes on."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = None
        self._ready = False

    def fork(self, module: str, environment: Mapping[str, str], log: Path, cwd: Path) -> int | None:
        """Start a module; its process id, or None if it must be started the ordinary way."""
        if (
            self._control is None
            or not self._ready
            or self.pid is None
            or module not in self._modules
            or self._is_stale()
        ):
            return None
        request = {"module": module, "environment": dict(environment), "cwd": str(cwd), "umask": PRIVATE_UMASK}
        message = json.dumps(request).encode()
        if len(message) > REQUEST_BYTES:
            return None
        try:
            with open_log(log) as output:
                socket.send_fds(self._control, [message], [output.fileno()])
            answer = self._control.recv(REQUEST_BYTES)
            pid: int | None = json.loads(answer)["pid"] if answer else None
        except (OSError, ValueError):
            self.stop()
            return None
        return pid

    def _is_stale(self) -> bool:
        """Whether a source was changed since the imports; then forks would run what was there before."""
        files = (file for folder in SOURCES for file in (PROJECT / folder).rglob("*.py"))
        return any(file.stat().st_mtime > self._began_at for file in files)


class ForkedChild(Child):
    """A child that the preloader starts where it can, else an ordinary one."""

    def __init__(self, preloader: Preloader, module: str, *, log: Path, env: Mapping[str, str], cwd: Path) -> None:
        super().__init__([sys.executable, "-m", module], log=log, env=env, cwd=cwd)
        self._preloader = preloader
        self._module = module
        self._folder = cwd
        self._forked: int | None = None
        self._status: int | None = None

    @property
    def pid(self) -> int | None:
        """Process id, also of a child that has ended; None before the first start."""
        return self._forked if self._forked is not None else super().pid

    @property
    def alive(self) -> bool:
        """True from start until the process has ended."""
        if self._forked is None:
            return super().alive
        return self.returncode is None

    @property
    def returncode(self) -> int | None:
        """Exit status (negative: the signal); None while running or before the first start."""
        if self._forked is None:
            return super().returncode
        if self._status is None:
            try:
                pid, status = os.waitpid(self._forked, os.WNOHANG)
            except ChildProcessError:
                self._status = -signal.SIGKILL
            else:
                self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def start(self) -> None:
        """Starts the process. Refuses while it runs."""
        if self.alive:
            raise RuntimeError(f"{self._module} runs already as {self.pid}")
        self._status = None
        self._forked = self._preloader.fork(self._module, self._env, self.log, self._folder)
        if self._forked is None:
            super().start()
            self._preloader.start()  # for the next time: it has ended, or the sources have changed

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process if it still runs."""
        if self._forked is None:
            super().signal(number)
        elif self.alive:
            os.kill(self._forked, number)

    def kill_group(self) -> None:
        """SIGKILL to the process and to what it started."""
        if self._forked is None:
            super().kill_group()
        elif self.alive:
            try:
                os.killpg(self._forked, signal.SIGKILL)
            except ProcessLookupError:
                os.kill(self._forked, signal.SIGKILL)
