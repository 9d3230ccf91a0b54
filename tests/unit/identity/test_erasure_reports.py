"""What services tell of an erasure, joined by identity."""

from __future__ import annotations

from datetime import UTC, datetime

from services.identity.erasures.report import ErasureReport, ServiceReport, with_report

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def test_older_news_of_a_service_changes_nothing() -> None:
    newer, older = ServiceReport((), 3, NOW), ServiceReport(("legal_hold",), 2, NOW)
    told = with_report(with_report(ErasureReport(), "billing", newer), "billing", older)
    assert told.services == {"billing": newer}
    assert with_report(told, "billing", newer) == told


def test_later_news_of_a_service_takes_the_place_of_the_first() -> None:
    first, last = ServiceReport(("in_use",), 1, NOW), ServiceReport((), 2, NOW)
    assert with_report(with_report(ErasureReport(), "billing", first), "billing", last).services == {"billing": last}
