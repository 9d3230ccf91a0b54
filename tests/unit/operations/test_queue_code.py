"""`paspor code verify`: exit status and a sentence, from the text and the published keys alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from command_line.commands import main
from local_suite.errors import CommandError
from operations import queue_code
from operations.queue_code import DOES_NOT_HOLD, HOLDS, SignedTextUnreadable, verify
from services.scheduling.booking.appointments.queue_code_payload import Ticket
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.visit.offline.verifier import REVOCATIONS_MARK, SHEET_MARK
from shared.crypto.keyring import Keyring

VISIT = "11111111-1111-4111-8111-111111111111"
CODES = QueueCodes(Keyring.parse(f"k1:{base64.b64encode(b'1' * 32).decode()}"))
CODE = CODES.sign(Ticket(VISIT, "jakarta-selatan", date(2026, 11, 25), 2))
VISITS = [{"appointment_id": VISIT, "paid": True}, {"appointment_id": "other", "paid": False}]
SHEET = CODES.sign_content(
    SHEET_MARK,
    {"office_id": "jakarta-selatan", "date": "2026-11-25", "made_at": "now", "offline_seats": 3, "visits": VISITS},
)


def void_list(below: Mapping[str, int]) -> str:
    entries = [{"appointment_id": visit, "below": version} for visit, version in below.items()]
    times = {"issued_at": "2026-11-24T10:00:00+00:00", "valid_until": "2026-11-25T10:00:00+00:00"}
    return CODES.sign_content(REVOCATIONS_MARK, {"version": 7, "entries": entries, **times})


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The answer of `GET /v1/queue-code-keys` in a file."""
    path = tmp_path / "keys.json"
    listed = [{"key_id": name, "algorithm": "Ed25519", "public_key": key} for name, key in CODES.published()]
    path.write_text(json.dumps({"keys": listed}))
    return path


def run(text: str, keys: Path, void: str | None = None) -> tuple[int, str]:
    """The exit status and what was said."""
    said = list[str]()
    return verify(text, said.append, keys=str(keys), void=void), " ".join(said)


def test_a_queue_code_holds(keys: Path, tmp_path: Path) -> None:
    for source in (CODE, f" {CODE}\n"):
        status, said = run(source, keys)
        assert status == HOLDS
        assert said.startswith(f"The queue code holds: visit {VISIT} at jakarta-selatan on 2026-11-25, version 2.")
    file = tmp_path / "code"
    for text in (CODE, f"{CODE}\n", json.dumps({"queue_code": CODE, "state": "confirmed"})):
        file.write_text(text)
        assert run(str(file), keys)[0] == HOLDS


def test_a_day_sheet_holds(keys: Path, tmp_path: Path) -> None:
    file = tmp_path / "sheet.json"
    file.write_text(json.dumps({"office_id": "another", "signed": SHEET}))
    for source in (SHEET, str(file)):
        status, said = run(source, keys)
        assert status == HOLDS
        assert said.startswith("The day sheet holds: jakarta-selatan, 2026-11-25, 2 visits, 1 of them paid, 3 seats")


def test_a_list_of_void_codes_holds(keys: Path) -> None:
    said = "The list of void codes holds: version 7, 1 visits, good until 2026-11-25T10:00:00+00:00."
    assert run(void_list({VISIT: 2}), keys) == (HOLDS, said)


@pytest.mark.parametrize(("below", "status"), [({VISIT: 3}, DOES_NOT_HOLD), ({VISIT: 2}, HOLDS), ({}, HOLDS)])
def test_a_code_is_held_against_the_list(keys: Path, tmp_path: Path, below: Mapping[str, int], status: int) -> None:
    void = tmp_path / "void.json"
    void.write_text(json.dumps({"signed": void_list(below)}))
    answered, said = run(CODE, keys, str(void))
    assert answered == status
    assert ("is void: it is signed" in said) == (status == DOES_NOT_HOLD) != ("not void by the list" in said)


@pytest.mark.parametrize("text", [CODE, SHEET, void_list({})], ids=["code", "sheet", "list"])
def test_a_tampered_text_does_not_hold(keys: Path, tmp_path: Path, text: str) -> None:
    mark, key_id, content, signature = text.split(".")
    other = ("A" if content[-6] != "A" else "B").join([content[:-6], content[-5:]])
    spare = signature[:-1] + chr(ord(signature[-1]) + 1)
    assert base64.urlsafe_b64decode(f"{spare}==") == base64.urlsafe_b64decode(f"{signature}==")
    for wrong in ([mark, key_id, other, signature], [mark, "k2", content, signature], [mark, key_id, content, spare]):
        status, said = run(".".join(wrong), keys)
        assert (status, said[:20]) == (DOES_NOT_HOLD, "This does not hold: ")
    file = tmp_path / "text"
    file.write_text(f"PSX1.{key_id}.{content}.{signature}")
    assert run(str(file), keys)[0] == DOES_NOT_HOLD


def test_a_list_signed_by_another_does_not_count(keys: Path, tmp_path: Path) -> None:
    void = tmp_path / "void"
    void.write_text(SHEET)
    assert run(CODE, keys, str(void))[0] == DOES_NOT_HOLD


@pytest.mark.parametrize(
    "answer",
    ["", "no JSON", "[]", "{}", '{"keys": 7}', '{"keys": [7]}', '{"keys": [{"key_id": "k1", "public_key": "AA"}]}'],
)
def test_keys_that_cannot_be_read(tmp_path: Path, answer: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(answer)
    with pytest.raises(SignedTextUnreadable, match=r"The text at .*keys\.json cannot be read: these are not the keys"):
        run(CODE, path)


def test_texts_that_cannot_be_read(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(str(tmp_path / "none"), keys)
    file = tmp_path / "file"
    contents: dict[str, Any] = {"no text": b"\xff", "no member signed or": b'{"signed": 7}', "no member": b"{"}
    for said, content in contents.items():
        file.write_bytes(content)
        with pytest.raises(SignedTextUnreadable, match=said):
            run(str(file), keys)
    file.write_text(CODE)
    monkeypatch.setattr(queue_code, "LARGEST_BYTES", len(CODE))
    assert run(str(file), keys)[0] == HOLDS
    file.write_text(f"{CODE}\n")
    with pytest.raises(SignedTextUnreadable, match="larger than"):
        run(str(file), keys)


def test_the_command_line_knows_it(keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", "verify", CODE, "--keys", str(keys)]) == HOLDS
    assert main(["code", "verify", CODE[:-9] + "AAAAAAAAA", "--keys", str(keys)]) == DOES_NOT_HOLD
    assert main(["code", "verify", CODE, "--keys", "nowhere"]) == 1
    assert "cannot be read" in capsys.readouterr().err
