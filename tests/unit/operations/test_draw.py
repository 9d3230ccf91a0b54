"""`./paspor draw verify` on a file: it says what does not fit and ends with a status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line.commands import main
from operations.draw import DOES_NOT_HOLD, HOLDS, NOT_YET, RecordUnreadable, read, verify
from services.scheduling.openings import draw
from tests.unit.scheduling.test_draw import record


def run(tmp_path: Path, made: object, **options: str | None) -> tuple[int, str]:
    """The exit status and what was said."""
    path, said = tmp_path / "record.json", list[str]()
    path.write_text(json.dumps(made))
    given: dict[str, Any] = {"commitment": None, "root": None, "ticket": None} | options
    return verify(str(path), said.append, **given), " ".join(said)


def test_an_honest_record(tmp_path: Path) -> None:
    assert run(tmp_path, record()) == (HOLDS, "The draw holds: 9 tickets drawn, 2 came later.")


def test_a_tampered_record(tmp_path: Path) -> None:
    made = record()
    made["order"][0], made["order"][1] = made["order"][1], made["order"][0]
    status, said = run(tmp_path, made)
    assert status == DOES_NOT_HOLD
    assert "Place 1 belongs to ticket" in said
    assert run(tmp_path, record(), root="0" * 64)[0] == DOES_NOT_HOLD
    assert run(tmp_path, record(), commitment="0" * 64)[0] == DOES_NOT_HOLD


def test_a_record_before_the_draw(tmp_path: Path) -> None:
    status, said = run(tmp_path, record() | {"seed": None})
    assert (status, record()["seed_commitment"] in said) == (NOT_YET, True)


def test_finding_oneself(tmp_path: Path) -> None:
    made = record()
    place = made["order"].index(draw.ticket_commitment("ticket-4", "salt-4")) + 1
    assert run(tmp_path, made, ticket="ticket-4:salt-4") == (
        HOLDS,
        f"The draw holds: 9 tickets drawn, 2 came later. Your ticket is number {place} in line.",
    )
    assert run(tmp_path, made, ticket="ticket-4:another")[0] == DOES_NOT_HOLD


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "[" * 100_000])
def test_what_is_no_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(RecordUnreadable):
        read(str(path))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(RecordUnreadable):
        read(str(tmp_path / "nothing.json"))


def test_the_command_line_knows_it(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record()))
    assert main(["draw", "verify", str(path)]) == HOLDS
