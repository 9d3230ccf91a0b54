"""The process that decodes pictures: one job after another from its input, with limits of its own, until input ends.

A job is one line of JSON (``media_type``, ``size_bytes``, ``least_side_pixels``) and the bytes; an answer is one line
of JSON (``refused``, or ``size_bytes``, ``width``, ``height``, ``flags``) and the bytes. It gets no secrets and opens
no connections.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from services.application.documents.picture_decoding import TOO_MUCH_MEMORY, Unusable, decode

OOM_SCORE: Final = 1000
"""The first to be killed where memory runs out: a picture is tried again, the service is not restarted."""


def main(memory_bytes: int) -> int:
    """Work until the input ends; ``memory_bytes`` is the most that this process may hold."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the service ends us by the pipe
    limit_this_process(memory_bytes)
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := jobs.readline():
        job = json.loads(head)
        content = jobs.read(job["size_bytes"])
        if len(content) < job["size_bytes"]:
            return 1
        answer_job(answers, job, content)
        del content
    return 0


def limit_this_process(memory_bytes: int) -> None:
    """Bound the memory, forbid files and core dumps, and be the first to go where the machine's memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def answer_job(answers: BinaryIO, job: dict[str, Any], content: bytes) -> None:
    """Decode and answer; memory that is refused is an answer like any other."""
    head: dict[str, Any]
    written = b""
    try:
        found = decode(content, job["media_type"], job["least_side_pixels"])
        written = found.content
        head = {"size_bytes": len(written), "width": found.width, "height": found.height, "flags": found.flags}
    except Unusable as unusable:
        head = {"refused": unusable.reason}
    except MemoryError:
        head = {"refused": TOO_MUCH_MEMORY}
    answers.write(json.dumps(head).encode() + b"\n" + written)
    answers.flush()


if __name__ == "__main__":
    # what a library prints must not be taken for an answer
    out = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(out, "w")
    sys.exit(main(int(sys.argv[1])))
