"""Jobs in a thread of this process, for tests and tools: no limits, and nothing to start."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from shared.workers.limits import FAILED, JobAnswer
from shared.workers.port import JobFailed
from shared.workers.worker import AnswerJob, answer_or_tell


class JobsInThread:
    """The `Workers` without processes. The caller limits how many jobs run."""

    def __init__(self, answer_job: AnswerJob) -> None:
        self._answer_job = answer_job

    async def start(self) -> None:
        return None

    async def ask(self, head: Mapping[str, Any], content: bytes = b"") -> JobAnswer:
        """Have one job done in a thread; refuses with `JobFailed`."""
        answer = await asyncio.to_thread(answer_or_tell, self._answer_job, head, content)
        if FAILED in answer.head:
            raise JobFailed(str(answer.head[FAILED]))
        return answer

    async def close(self) -> None:
        return None
