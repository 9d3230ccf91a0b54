"""Applications that ended before the time of their end was kept get it from their history, a few at a time.

The job of retention goes through applications by that time and never back, so it begins again once all have theirs. A
process that is killed in between leaves the deadline: the next one goes on with those that still lack it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from services.application.applications.application import Application
from services.application.applications.repository import APPLICATION
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.erasures import end_times
from services.application.erasures.end_times import MOST_AT_ONCE, EndTimes
from services.application.erasures.transitions import ended_at
from shared.service import Chore, DeadlineHandler
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record

END_TIMES: Final[Kind[EndTimes]] = Kind("end_times", EndTimes, deadlines=end_times.deadlines, bare=True)
THE_JOB: Final = "end_times"
"""The one document of the kind."""

BEGIN_EVERY_SECONDS: Final = 3600.0
"""How often it is looked: while two releases run side by side the older one still ends applications without a time."""


class EndTimeNotes:
    """Notes when applications ended, ``per_second`` of them at most; ``sweep_again`` begins retention's job again."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: Applications,
        sweep_again: Callable[[], Awaitable[None]],
        per_second: float,
    ) -> None:
        self._context = context
        self._applications = applications
        self._sweep_again = sweep_again
        self._per_second = per_second

    async def begin(self) -> None:
        """Let the job go on if an application lacks the time of its end."""
        if not await self._without_end_time(1):
            return
        now = self._context.now()

        def decide(job: EndTimes) -> Decision[EndTimes]:
            return Decision(end_times.go_on(job, now))

        fresh = EndTimes(next_at=None)
        await change(self._context.store, self._context.clock, END_TIMES, THE_JOB, decide, fresh=fresh)

    async def run_due(self, record: Record[EndTimes], _name: str) -> None:
        """Note the ends of one batch; after the last one retention's job begins again.

        Raises:
            VersionConflict: another replica did it meanwhile.
        """
        found = await self._without_end_time(MOST_AT_ONCE)
        for application in found:
            await self._applications.change(application.id, _with_end_time)
        now, after = self._context.now(), end_times.rest(record.state)
        if found:
            after = end_times.ran(record.state, len(found), self._per_second, now)
        else:
            await self._sweep_again()
        await self._context.store.save(END_TIMES, record, after, now=now)

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the handler of the next batch."""
        return {(END_TIMES.name, "run"): self.run_due}

    def chores(self) -> tuple[Chore, ...]:
        """Return the chore that begins the job."""
        return (Chore("begin_end_times", BEGIN_EVERY_SECONDS, self.begin),)

    async def _without_end_time(self, most: int) -> list[Record[Application]]:
        """Return ended applications without the time of their end, by the index that has it."""
        return await self._context.store.find(APPLICATION, "closed", {"state.closed_at": None}, limit=most)


def _with_end_time(application: Application) -> Decision[Application] | None:
    """Return the application with the time of its end, if it has ended and lacks it."""
    if application.live or application.closed_at is not None:
        return None
    return Decision(replace(application, closed_at=ended_at(application)))
