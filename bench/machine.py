"""On what and of what the figures were measured."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from local_suite.service_process import memory_mb

MEASURED: Final = ("services", "shared", "simulators", "local_suite", "journeys", "bench")
"""Folders whose code decides the figures."""


def machine() -> str:
    """Processor, cores, memory and system in one line."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return f"{model}, {os.cpu_count()} cores, {memory / 1024**2:.0f} GiB, {platform.system()} {platform.release()}"


def commit() -> str:
    """The short id of the measured commit, with a mark where the work tree differs from it."""
    known = _git("rev-parse", "--short", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--", *MEASURED)
    return f"{known}{' with changes' if changed else ''}"


def today() -> str:
    """The date of the run, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def resident_mib(pid: int) -> float:
    """Return the memory of a process in MiB, shared pages counted by share (PSS); 0 if it cannot be read."""
    return memory_mb(pid) or 0.0


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _git(*words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parent,
        )
    except OSError:
        return ""
    return done.stdout.strip()
