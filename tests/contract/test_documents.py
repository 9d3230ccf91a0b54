"""What is written from the code says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools import docs_command as documents
from shared.events.subscriptions import SERVICES

WANTED = documents.documents()


@pytest.mark.parametrize("place", WANTED, ids=str)
def test_the_published_documents_are_fresh(place: Path) -> None:
    """`./paspor docs` writes them."""
    written = documents.DOCS / place
    assert written.exists() and written.read_text(encoding="utf-8") == WANTED[place], "run ./paspor docs"


def test_stale_documents_are_told_and_written(tmp_path: Path) -> None:
    everything = set(documents.documents())
    assert set(documents.stale(tmp_path)) == everything
    assert set(documents.write(tmp_path)) == everything
    assert documents.stale(tmp_path) == documents.write(tmp_path) == []
    (tmp_path / "states" / "README.md").write_text("# Old\n")
    assert documents.stale(tmp_path) == [Path("states/README.md")]


def test_the_command_tells_by_its_exit_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "documents", dict)
    assert documents.main(["--check"]) == 0
    assert documents.main([]) == 0
    monkeypatch.setattr(documents, "documents", lambda: {Path("no/such.md"): "text"})
    assert documents.main(["--check"]) == 1
    assert "docs/no/such.md is stale" in capsys.readouterr().out
    assert documents.main(["--chekc"]) == 2


def test_every_service_has_a_diagram_or_no_states() -> None:
    text = documents.state_diagrams()
    assert all(f"## {service}: " in text for service in SERVICES)
    assert text.count("stateDiagram-v2") == len(documents.state_tables())
