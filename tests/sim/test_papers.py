"""Papers that a machine reads, in a world in which it is slow, away, broken and killed: everybody comes through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.application.applications import document
from tests.sim import sim

PAPERS = sim.SHAPES["papers"]
READER_AWAY = replace(PAPERS, papers="reader away")


def test_every_page_is_decided_while_the_reader_does_what_it_likes() -> None:
    result = sim.run(0, shape=PAPERS)
    assert not result.violations, sim.report(result)
    received, checked = (result.counts.get(f"event Document{word}", 0) for word in ("Received", "Checked"))
    assert received >= 3 * PAPERS.citizens
    assert checked == received
    assert result.counts["paper_read"] > 0


def test_without_a_reader_everybody_comes_through_by_officers() -> None:
    result = sim.run(1, shape=READER_AWAY)
    assert not result.violations, sim.report(result)
    assert result.counts.get("event DocumentChecked", 0) >= 3 * PAPERS.citizens
    assert result.counts.get("paper_read", 0) == 0


def test_twin_without_a_time_pages_are_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    read = document.to_be_read

    def to_be_read_at_leisure(*given: Any) -> document.Document:
        return replace(read(*given), check_until=None)

    monkeypatch.setattr(document, "to_be_read", to_be_read_at_leisure)
    result = sim.run(1, shape=READER_AWAY)
    assert any(violation.startswith("I21") for violation in result.violations)
