"""A worker that does what its job says, good and bad."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.workers.limits import JobAnswer
from shared.workers.worker import serve


def answer_job(head: Mapping[str, Any], content: bytes) -> JobAnswer:
    """Do as the head says."""
    return JOBS[head["do"]](head, content)


def echo(head: Mapping[str, Any], content: bytes) -> JobAnswer:
    return JobAnswer({"process": os.getpid(), "said": head.get("say")}, (content, content[:1], b""))


def die(_head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("dead")


def die_once(head: Mapping[str, Any], content: bytes) -> JobAnswer:
    """A file that is there says that a try has died already."""
    mark = Path(head["mark"])
    if mark.exists():
        return echo(head, content)
    mark.touch()
    return die(head, content)


def hang(_head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    while True:
        time.sleep(60)


def fail(_head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    raise KeyError("a name that must not be told")


def chat(head: Mapping[str, Any], content: bytes) -> JobAnswer:
    print("a library prints", "and complains", flush=True)  # noqa: T201
    return echo(head, content)


def lie(_head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    os.write(answers(), b'{"sizes_bytes": [-1]}\n')
    return hang({}, b"")


def flood(_head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    os.write(answers(), b'{"sizes_bytes": [999999999999]}\n')
    return hang({}, b"")


def answers() -> int:
    """The pipe for answers: the highest descriptor that was duplicated."""
    pipes = [int(name) for name in os.listdir("/proc/self/fd") if _is_pipe(name)]  # noqa: PTH208
    return max(pipes)


def _is_pipe(name: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{name}").startswith("pipe:")  # noqa: PTH115
    except OSError:
        return False


def take_memory(_head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    return JobAnswer({"size": len(bytearray(1024 * 1024 * 1024))})


def write_file(head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    return JobAnswer({"written": Path(head["path"]).write_bytes(b"kept")})


def tell_surroundings(_head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    session = Path("/proc/self/autogroup")
    return JobAnswer(
        {
            "environment": sorted(os.environ),
            "niceness": os.nice(0),
            "oom_score": int(Path("/proc/self/oom_score_adj").read_text()),
            "argument": sys.argv[1],
            "leads_session": os.getsid(0) == os.getpid(),
            "session_niceness": int(session.read_text().split()[-1]) if session.exists() else None,
        }
    )


JOBS = {
    function.__name__: function
    for function in (echo, die, die_once, hang, fail, chat, lie, flood, take_memory, write_file, tell_surroundings)
}

if __name__ == "__main__":
    serve(answer_job)
