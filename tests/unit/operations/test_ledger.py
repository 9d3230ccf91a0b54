"""`paspor ledger verify`: exit status and a sentence, from the export alone."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from pathlib import Path

import pytest

from command_line.commands import main
from local_suite.errors import CommandError
from operations import ledger
from shared.chain.hashing import roots_hash
from tests.unit.shared_chain.test_verify import LIFE, SEATS, export


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    path = tmp_path / "seats.jsonl"
    path.write_bytes(b"".join(asyncio.run(export(LIFE))))
    return path


def run(*words: str) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = main(["ledger", "verify", *words])
    return status, said.getvalue()


def test_a_sound_export_ends_with_0_and_says_what_it_holds(exported: Path) -> None:
    status, said = run(str(exported))
    assert status == ledger.HOLDS
    assert "The seats export holds: 7 links on 1 chains" in said
    assert "never more holders than seats; 2 at most" in said


def test_a_tampered_one_ends_with_1_and_names_the_line(exported: Path) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join([*lines[:4], lines[4].replace(b"confirmed", b"offered"), *lines[5:]]))
    status, said = run(str(exported))
    assert status == ledger.DOES_NOT_HOLD
    assert said.startswith("This does not hold. Line 5 is wrong: link 4 of seats:office-1:2026-11-23 was changed")
    exported.write_bytes(b"".join(lines[:-1]))
    assert run(str(exported))[0] == ledger.DOES_NOT_HOLD


def test_published_roots_are_held_against_it(exported: Path, tmp_path: Path) -> None:
    end = json.loads(exported.read_bytes().splitlines()[0])["chains"][SEATS.text]
    roots = tmp_path / "roots.jsonl"
    for digest, status in ((end["hash"], ledger.HOLDS), ("0" * 64, ledger.DOES_NOT_HOLD)):
        end_line = {"kind": "end", "lines": 2, "root": roots_hash([(SEATS.text, 7, digest)])}
        lines = [{"kind": "roots", "format": 1}, {"chain": SEATS.text, "seq": 7, "hash": digest}, end_line]
        roots.write_text("\n".join(map(json.dumps, lines)))
        assert run(str(exported), "--roots", str(roots))[0] == status


def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot be read: .*No such file"):
        ledger.verify_export(str(tmp_path / "none"), print, roots=None)
