"""Limits of one worker process, and the way both sides write a job and its answer into a pipe.

A message is one line of JSON, with the sizes of its blobs in ``sizes_bytes``, and then the blobs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

LONGEST_HEAD_BYTES: Final = 64 * 1024
SIZES: Final = "sizes_bytes"
FAILED: Final = "failed"
"""Head of the answer about a job that raised: the name of the class, and `AT`."""

AT: Final = "at"
"""Module and line that raised: never the text of the exception, which may hold what the job is about."""

READY: Final = b'{"ready": true}\n'
"""The first line of a worker, once it has loaded what it needs."""


@dataclass(frozen=True)
class WorkerLimits:
    """Limits of one worker process."""

    memory_bytes: int
    """Private memory (``RLIMIT_DATA``); what asks for more gets a ``MemoryError``."""
    job_seconds: float = 20.0
    start_seconds: float = 30.0
    """From the start of the process until it takes a job."""
    idle_seconds: float = 20.0
    """After so long without a job a worker ends, unless it is one of those that are kept warm."""
    niceness: int = 0
    """0 is as urgent as the service, 19 the least urgent; it counts against every process of the machine."""
    largest_answer_bytes: int = 32 * 1024 * 1024
    """All blobs of one answer; a worker that announces more is ended."""

    def as_argument(self) -> str:
        """Return the limits as one word of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, word: str) -> WorkerLimits:
        """Return the limits that `as_argument` wrote."""
        return cls(**json.loads(word))


@dataclass(frozen=True)
class JobAnswer:
    """An answer to a job: what is told in JSON, and blobs beside it."""

    head: Mapping[str, Any] = field(default_factory=dict)
    blobs: tuple[bytes, ...] = field(default=(), repr=False)


def head_line(head: Mapping[str, Any], blobs: Sequence[bytes]) -> bytes:
    """Return the first line of a message."""
    return json.dumps({**head, SIZES: [len(blob) for blob in blobs]}).encode() + b"\n"
