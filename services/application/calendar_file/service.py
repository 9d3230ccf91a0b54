"""The calendar file of an application, for its owner."""

from __future__ import annotations

from services.application.applications.access import refuse_strangers
from services.application.applications.service import Applications
from services.application.calendar_file.calendar_file import write_calendar
from services.application.calendar_file.dates import calendar_events
from services.application.context import Actor, UseCaseContext


class CalendarFiles:
    """The use case of calendar files."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def of_application(self, application_id: str, who: Actor) -> bytes:
        """Return the file with the application's dates; without any event while no visit is certain.

        Raises:
            NotFound: it is not the caller's.
        """
        record = await self._applications.application(application_id)
        refuse_strangers(record.state, who)
        return write_calendar(calendar_events(record.id, record.state), self._context.now())
