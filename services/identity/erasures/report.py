"""The report of an erasure: what each service has told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True)
class ServiceReport:
    """What one service told last: what it still keeps, and when it said so."""

    kept: tuple[str, ...]
    version: int
    at: datetime


@dataclass(frozen=True)
class ErasureReport:
    """What the services told of one erasure, by service."""

    services: Mapping[str, ServiceReport] = field(default_factory=dict)


def with_report(report: ErasureReport, service: str, told: ServiceReport) -> ErasureReport:
    """Return the report with what a service told; older news than is known changes nothing."""
    known = report.services.get(service)
    if known is not None and known.version >= told.version:
        return report
    return replace(report, services={**report.services, service: told})
