"""``python -m local_suite.preload SOCKET PARENT MODULE...``: imports the modules once, then starts each by forking.

Importing what a service stands on takes two to three seconds of a processor, five times over at a start and again at
each restart. A fork of a process that has it all takes milliseconds. What is forked is an ordinary process: a child of
the process that asked (which adopts it), in a session of its own, with its own command line, environment and log.

Only the standard library is imported here by name, and a module that does the same; there are no threads and no event
loop before the fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from local_suite.parent_death import end_with_parent

REQUEST_BYTES: Final = 200_000
"""Of one request: module, environment and folder; sockets of this kind carry 208 KiB."""

PADDING: Final = "-" * 120
"""The last argument of this process: room for the command line of what is forked."""

READY: Final = b"ready"
"""Sent by this process first, once everything is imported."""

ADOPTED_SECONDS: Final = 5.0
_ARG_START: Final = 48 - 3  # fields of /proc/self/stat after the name, which is the second
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Serve until the parent closes its end of the socket."""
    handle, parent, *modules = sys.argv[1:]
    control = socket.socket(fileno=int(handle))
    for module in modules:
        if module != PADDING:
            _import(module)
    gc.collect()
    gc.freeze()  # what is here now is in every fork: looking through it there would copy its pages
    control.send(READY)
    while True:
        message, handles, _, _ = socket.recv_fds(control, REQUEST_BYTES, 1)
        if not message:
            return
        pid = _fork_twice(json.loads(message), handles[0], int(parent), control)
        os.close(handles[0])
        control.send(json.dumps({"pid": pid}).encode())


def _import(module: str) -> None:
    """Import what `python -m MODULE` runs. What cannot be imported says so when it is started."""
    with contextlib.suppress(Exception):
        name = module
        if importlib.import_module(module).__spec__.submodule_search_locations:  # type: ignore[union-attr]
            name = f"{module}.__main__"
            importlib.import_module(name)
        del sys.modules[name]  # it is run, not imported, after the fork


def _fork_twice(request: dict[str, Any], log: int, parent: int, control: socket.socket) -> int | None:
    """Start a process of this parent; its id, or None if this process cannot be forked safely."""
    if threading.active_count() > 1:
        return None
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        os.close(reading)
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            control.close()
            _become(request, log, parent)
        os.write(writing, str(pid).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        started = int(pipe.read())
    os.waitpid(between, 0)  # from here on it is the parent's own child
    return started


def _become(request: dict[str, Any], log: int, parent: int) -> None:
    """Be the process that was asked for; never returns."""
    status = 1
    try:
        _end_with(parent)
        os.setsid()
        os.umask(request["umask"])
        os.chdir(request["cwd"])
        _take_output(log)
        os.environ.clear()
        os.environ.update(request["environment"])
        module = request["module"]
        _show_command(module)
        sys.argv = [module]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            threading._shutdown()  # type: ignore[attr-defined]
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _end_with(parent: int) -> None:
    """Wait until the parent has adopted this process, then be killed when it ends."""
    give_up_at = time.monotonic() + ADOPTED_SECONDS
    while os.getppid() != parent:
        if time.monotonic() > give_up_at:
            os._exit(1)
        time.sleep(0.001)
    end_with_parent(parent, signal.SIGKILL)


def _take_output(log: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, 256)


def _show_command(module: str) -> None:
    """Let `ps` show `python -m MODULE`, as for a process that was started so."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_START + 1])
        command = "\0".join([sys.executable, "-m", module]).encode() + b"\0"
        if len(command) <= end - start:
            ctypes.memmove(start, command.ljust(end - start, b"\0"), end - start)


if __name__ == "__main__":
    main()
