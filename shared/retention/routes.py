"""The retention job over HTTP: the same address in every service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final, Self

from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.http.paging import ListView
from shared.http.schema import View
from shared.retention.service import Retention
from shared.retention.sweeping import SweepProgress
from shared.tokens import Role

READERS: Final = STAFF(Role.OPERATOR)


class ShelfView(View):
    """One shelf of data: its rule, and how far the job is with it. ``due`` of 1000 means at least so many."""

    shelf: str
    rule: str
    keep_days: int
    valid_from: date
    due: int
    done: int
    held: int
    failed: int
    last_run_at: datetime | None
    next_run_at: datetime | None

    @classmethod
    def from_progress(cls, progress: SweepProgress) -> Self:
        """Return the view of a shelf."""
        sweep = progress.sweep
        return cls(
            shelf=progress.shelf,
            rule=progress.rule.name,
            keep_days=progress.rule.keep.days,
            valid_from=progress.rule.valid_from,
            due=progress.due,
            done=sweep.done if sweep else 0,
            held=sweep.held if sweep else 0,
            failed=sweep.failed if sweep else 0,
            last_run_at=sweep.last_run_at if sweep else None,
            next_run_at=sweep.next_at if sweep else None,
        )


class RetentionView(ListView):
    """The retention job of a service."""

    service: str
    shelves: tuple[ShelfView, ...]


def retention_endpoints(service: str, retention_of: Callable[[Call[Any, Any, Any]], Retention]) -> Endpoints:
    """Return the endpoint of a service's retention job; ``retention_of`` finds the job in the running application."""
    api = Endpoints("retention")

    @api.get(
        f"/v1/retention/{service}",
        operation=f"show_retention_of_{service}",
        summary="How far the retention job is: what is due, erased, held and failed, by rule",
        access=READERS,
        answers={200: RetentionView},
        pages_by="shelf",
    )
    async def show_retention(call: Call) -> RetentionView:
        """Show every shelf that the job ends by its time."""
        report = await retention_of(call).sweeping.report()
        return RetentionView(service=service, shelves=tuple(map(ShelfView.from_progress, report)))

    return api
