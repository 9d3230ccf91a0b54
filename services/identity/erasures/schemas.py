"""Answers about erasures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import StringConstraints

from services.identity.erasures.report import ErasureReport
from shared.events.subscriptions import SERVICES
from shared.http.schema import Path, View


class ErasurePath(Path):
    """The id of an erasure."""

    erasure_id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


class ServiceErasureView(View):
    """One service: whether it has reported, and what it still keeps, by reason."""

    service: str
    reported_at: datetime | None
    kept: tuple[str, ...]


class ErasureView(View):
    """An erasure in all services; ``complete`` once each has reported and none keeps anything."""

    erasure_id: str
    complete: bool
    services: tuple[ServiceErasureView, ...]

    @classmethod
    def from_report(cls, erasure_id: str, report: ErasureReport) -> Self:
        """Return the view of a report."""
        told = [(service, report.services.get(service)) for service in SERVICES]
        views = tuple(
            ServiceErasureView(service=service, reported_at=item.at if item else None, kept=item.kept if item else ())
            for service, item in told
        )
        complete = all(item is not None and not item.kept for _, item in told)
        return cls(erasure_id=erasure_id, complete=complete, services=views)
