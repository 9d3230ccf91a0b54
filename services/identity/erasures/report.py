"""The report of an erasure: the last word of each service on it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True)
class ServiceReport:
    """The last word of one service: the reasons of what it still keeps, and its time."""

    kept: tuple[str, ...]
    version: int
    at: datetime


@dataclass(frozen=True)
class ErasureReport:
    """The last word of each service on one erasure."""

    services: Mapping[str, ServiceReport] = field(default_factory=dict)


def with_report(report: ErasureReport, service: str, told: ServiceReport) -> ErasureReport:
    """Return the report with what a service told; older news than is known changes nothing."""
    known = report.services.get(service)
    if known is not None and known.version >= told.version:
        return report
    return replace(report, services={**report.services, service: told})
