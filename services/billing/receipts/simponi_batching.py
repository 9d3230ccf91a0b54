"""Batches questions to SIMPONI about codes: many in few calls, within a call budget, urgent ones first.

Questions that come during a call wait and share the next one. So a single question is asked at
once, and a hundred thousand that fall due together need a few hundred calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final

from services.billing.metrics import Metrics
from services.billing.simponi import Simponi, SimponiBilling
from shared.clock import Clock
from shared.logs import get_logger

log = get_logger(__name__)

BURST_SECONDS: Final = 6.0
"""Calls of so many seconds may be saved up while nothing is asked."""

PATIENT_SHARE: Final = 5
"""Every fifth place of a call goes to the oldest question, so that urgent ones cannot starve the others."""


class Urgency(IntEnum):
    """The priority of a question, the most urgent first."""

    LAST_QUESTION = 0
    """A seat waits for the answer."""
    CLAIMED = 1
    """A person says that they have paid, or a bank does."""
    ROUTINE = 2


@dataclass(eq=False)
class _Question:
    code: str
    urgency: Urgency
    answers: list[asyncio.Future[SimponiBilling | None]] = field(default_factory=list)


class Budget:
    """So many calls a minute; what was not used is saved up for a short while only."""

    def __init__(self, clock: Clock, calls_per_minute: int) -> None:
        self._clock = clock
        self._per_second = calls_per_minute / 60
        self._most = max(1.0, self._per_second * BURST_SECONDS)
        self._saved = self._most
        self._counted_at: datetime | None = None

    async def take(self) -> None:
        """Return once a call may be made."""
        while (wait := self._wait_seconds()) > 0:
            await self._clock.sleep(wait)
        self._saved -= 1

    def _wait_seconds(self) -> float:
        now = self._clock.now()
        if self._counted_at is not None:
            gone = max(0.0, (now - self._counted_at).total_seconds())
            self._saved = min(self._most, self._saved + gone * self._per_second)
        self._counted_at = now
        missing = 1 - self._saved
        return missing / self._per_second if missing > 1e-9 else 0.0


class SimponiBatcher:
    """One queue of questions in front of SIMPONI, for the whole process."""

    def __init__(
        self, simponi: Simponi, clock: Clock, metrics: Metrics, *, calls_per_minute: int, codes_per_call: int
    ) -> None:
        self._metrics = metrics
        self._simponi = simponi
        self._budget = Budget(clock, calls_per_minute)
        self._codes_per_call = codes_per_call
        self._waiting: dict[str, _Question] = {}
        self._sending: asyncio.Task[None] | None = None
        self.calls = 0

    async def status(self, billing_code: str, urgency: Urgency = Urgency.ROUTINE) -> SimponiBilling | None:
        """Return SIMPONI's record of a code; None if it does not know the code.

        Raises:
            UpstreamDown: it does not answer now.
        """
        question = self._waiting.setdefault(billing_code, _Question(billing_code, urgency))
        question.urgency = min(question.urgency, urgency)
        answer: asyncio.Future[SimponiBilling | None] = asyncio.get_running_loop().create_future()
        question.answers.append(answer)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())
        return await answer

    async def close(self) -> None:
        """Stop asking; waiting callers are cancelled."""
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # questions asked in this turn of the loop join the call
                await self._budget.take()
                await self._call(self._next())
        finally:
            _cancel(list(self._waiting.values()))
            self._waiting.clear()

    def _next(self) -> list[_Question]:
        chosen = choose(list(self._waiting.values()), self._codes_per_call)
        for question in chosen:
            del self._waiting[question.code]
        return chosen

    async def _call(self, questions: list[_Question]) -> None:
        self.calls += 1
        self._metrics.codes_per_call.observe(len(questions))
        try:
            if len(questions) == 1:
                code = questions[0].code
                known = {code: await self._simponi.status(code)}
            else:
                known = dict(await self._simponi.statuses([question.code for question in questions]))
        except Exception as trouble:
            self._metrics.unanswered_calls.inc()
            for answer in _open(questions):
                answer.set_exception(trouble)
        except BaseException:
            _cancel(questions)
            raise
        else:
            for question in questions:
                for answer in _open([question]):
                    answer.set_result(known.get(question.code))


def choose(waiting: Sequence[_Question], most: int) -> list[_Question]:
    """Return the questions of the next call: the urgent ones, and in every fifth place the oldest.

    ``waiting`` is in the order in which the questions came.
    """
    if len(waiting) <= most:
        return list(waiting)
    longest = list(waiting[: most // PATIENT_SHARE])
    taken = set(map(id, longest))
    rest = deque(
        sorted((question for question in waiting if id(question) not in taken), key=lambda question: question.urgency)
    )
    return longest + [rest.popleft() for _ in range(most - len(longest))]


def _open(questions: Sequence[_Question]) -> list[asyncio.Future[SimponiBilling | None]]:
    return [answer for question in questions for answer in question.answers if not answer.done()]


def _cancel(questions: Sequence[_Question]) -> None:
    for answer in _open(questions):
        answer.cancel()
