"""What is written from the code says what the code says."""

from __future__ import annotations

import subprocess
from functools import partial
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


def test_stale_documents_are_told_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "documents", lambda: dict(WANTED))  # they are made once
    everything = set(documents.documents())
    assert set(documents.stale(tmp_path)) == everything
    assert set(documents.write(tmp_path)) == everything | set(documents.machine_documents())
    assert documents.stale(tmp_path) == documents.write(tmp_path) == []
    (tmp_path / "states" / "README.md").write_text("# Old\n")
    assert documents.stale(tmp_path) == [Path("states/README.md")]


def test_the_command_tells_by_its_exit_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("documents", "machine_documents", "summaries"):
        monkeypatch.setattr(documents, name, dict)
    assert documents.main(["--check"]) == 0
    assert documents.main([]) == 0
    monkeypatch.setattr(documents, "documents", lambda: {Path("no/such.md"): "text"})
    assert documents.main(["--check"]) == 1
    assert "docs/no/such.md is stale" in capsys.readouterr().out
    assert documents.main(["--chekc"]) == 2


def test_no_change_breaks_a_caller_or_a_reader() -> None:
    assert documents.breaks() == [], "run ./paspor docs if it is meant"


def test_what_breaks_callers_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path("api/x.txt")
    monkeypatch.setattr(documents, "machine_documents", dict)
    for said, expected in (("GET /v1/x\n  200\n", ""), ("GET /v1/x\n  202\n", "GET /v1/x: 200 vanished")):
        monkeypatch.setattr(documents, "summaries", partial(dict, {place: said}))
        monkeypatch.setattr(documents, "documents", partial(dict, {place: said}))
        capsys.readouterr()
        documents.main(["--check"], tmp_path)
        assert expected in capsys.readouterr().out
        documents.main([], tmp_path)
        assert expected in capsys.readouterr().out


def test_what_is_for_machines_only_is_not_committed() -> None:
    places = [f"docs/{place}" for place in documents.machine_documents()]
    ignored = (documents.PROJECT / ".gitignore").read_text().splitlines()
    assert [each for each in places if not any(Path(each).match(pattern) for pattern in ignored)] == []
    command = ["git", "ls-files", "docs"]
    kept = subprocess.run(command, cwd=documents.PROJECT, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    assert set(places).isdisjoint(kept) and "docs/api/billing.txt" in kept


def test_every_service_has_a_diagram_or_no_states() -> None:
    text = documents.state_diagrams()
    assert all(f"## {service}: " in text for service in SERVICES)
    assert text.count("stateDiagram-v2") == len(documents.state_tables())
