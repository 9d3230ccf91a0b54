"""Verifiers in JavaScript, written from the documents alone, say of good and tampered records what ours say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.scheduling.booking.appointments.queue_code_payload import encode
from services.scheduling.booking.appointments.queue_codes import QueueCodeInvalid
from services.scheduling.booking.appointments.queue_codes import verify as verify_code
from services.scheduling.openings import draw
from services.scheduling.visit.offline.verifier import (
    REVOCATIONS_MARK,
    SHEET_MARK,
    SignedTextInvalid,
    read_keys,
    read_signed,
)
from shared.chain.hashing import link_hash, roots_hash
from shared.chain.verify import ExportWrong, read_roots, verify
from tests.strangers import examples
from tests.unit.scheduling.test_draw import TAMPERED as TAMPERED_RECORDS
from tests.unit.shared_chain.test_verify import LIFE, SEATS, changed, export, made_anew, opened, posting, seat
from tests.unit.shared_chain.test_verify import TAMPERED as TAMPERED_EXPORTS

HERE = Path(__file__).parent
OLDEST_NODE = 18


def node() -> str | None:
    """The address of a Node that is new enough."""
    found = shutil.which("node")
    if found is None:
        return None
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = re.match(r"v(\d+)\.", told)
    return found if version and int(version.group(1)) >= OLDEST_NODE else None


NODE = node()
pytestmark = pytest.mark.skipif(NODE is None, reason=f"no Node {OLDEST_NODE} or newer is on this machine")


def ask(script: str, options: Sequence[str | Path], files: Sequence[Path]) -> tuple[int, dict[str, str]]:
    """The exit status of a verifier, and what it says of each file by the file's name."""
    command = [str(NODE), str(HERE / script), *map(str, options), *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    assert run.stderr == ""
    said = dict(line.split(": ", 1) for line in run.stdout.splitlines())
    return run.returncode, {Path(name).name: verdict for name, verdict in said.items()}


def written(folder: Path, cases: Mapping[str, bytes]) -> list[Path]:
    """A file for each case, numbered: its name tells no path."""
    folder.mkdir()
    files = [folder / f"{number:03}" for number in range(len(cases))]
    for file, content in zip(files, cases.values(), strict=True):
        file.write_bytes(content)
    return files


# ---- exports of chains


def rehashed(line: bytes, **members: Any) -> bytes:
    """A link with other members, its own hash right again."""
    link = {**json.loads(line), **members}
    return json.dumps({**link, "hash": link_hash(link)}).encode()


def joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line.rstrip(b"\n") + b"\n" for line in lines)


def our_line(content: bytes, roots: Mapping[str, Mapping[int, str]] | None = None) -> int | None:
    """The first wrong line by our own verifier; None if all is sound."""
    try:
        verify(content.splitlines(), roots=roots)
    except ExportWrong as wrong:
        return wrong.line
    return None


def their_line(verdict: str) -> int | None:
    """The first wrong line by what the other verifier says."""
    return None if verdict == "holds" else int(verdict.removeprefix("line ").partition(":")[0])


async def exports() -> dict[str, bytes]:
    """Sound and tampered exports of all kinds."""
    lines = [line.rstrip(b"\n") for line in await export(LIFE)]
    cases = {how: joined(tamper(lines)) for how, (tamper, _, _) in TAMPERED_EXPORTS.items()}
    for kind, facts in (
        ("seats", examples.SEAT_FACTS),
        ("ledger", examples.ledger_facts()),
        ("audit", examples.audit_facts()),
    ):
        cases[f"sound {kind}"] = (await examples.export(kind, facts)).encode()
    cases["sound"] = joined(lines)
    cases["sound without a last line feed"] = joined(lines)[:-1]
    cases["sound with carriage returns"] = b"".join(line + b"\r\n" for line in lines)
    cases["an empty line"] = joined([*lines[:3], b"", *lines[3:]])
    cases["no chains"] = b'{"kind":"seats","format":1,"chains":{}}\n{"kind":"end","lines":1}\n'
    cases["true for the count"] = b'{"kind":"seats","format":1,"chains":{}}\n{"kind":"end","lines":true}\n'
    cases["made anew"] = joined(made_anew([*lines[:3], changed(lines[3], at="2026-11-22T02:00:02.500"), *lines[4:]]))
    cases["a fact again"] = joined(made_anew([*lines[:-1], changed(lines[4], seq=8), lines[-1]]))
    cases["a number as 1.0"] = joined(lines).replace(b'"version":1', b'"version":1.0', 1)
    cases["a number as 1e0"] = joined(lines).replace(b'"version":1', b'"version":1e0', 1)
    cases["a number in a text"] = joined(made_anew([*lines[:2], changed(lines[2], source="1.0e9"), *lines[3:]]))
    cases["other letters"] = joined(made_anew([*lines[:2], changed(lines[2], source="é\U0001f600\ufb33"), *lines[3:]]))
    names = {"\ufb33": 1, "\U0001f600": 2, "ä": 3, "a": {"b": [None, True, "\u0007/\u2028"]}}
    fact = json.loads(lines[2])["fact"] | names
    cases["other names"] = joined(made_anew([*lines[:2], changed(lines[2], fact=fact), *lines[3:]]))
    cases["a byte order mark"] = b"\xef\xbb\xbf" + joined(lines)
    return cases


async def recounts() -> dict[str, bytes]:
    """Exports with right hashes whose facts agree or contradict each other."""
    return await seat_recounts() | await malformed_facts() | await posting_recounts() | await audit_recounts()


async def seat_recounts() -> dict[str, bytes]:
    three = [seat(number, "held", str(number), 1, seconds=number) for number in range(1, 4)]
    moved = [
        opened(2),
        *LIFE[1:4],
        seat(7, "moved_out", "a", 5, seconds=7),
        seat(8, "moved_in", "a", 5, seconds=7, session="session-2"),
    ]
    facts: dict[str, list[Any]] = {
        "too many": [*LIFE[:3], seat(9, "held", "d", 1, seconds=3)],
        "no such pool": [opened(2), seat(9, "held", "d", 1, seconds=3, session="session-2")],
        "more seats later": [opened(2), *three, opened(3, number=1, seconds=9)],
        "fewer seats later": [opened(3), *three, opened(2, number=1, seconds=9)],
        "fewer seats at once": [opened(3), opened(2, number=1, seconds=0), *three],
        "moved to nowhere": moved,
        "in any order": [*reversed(LIFE)],
        "left before it came": [opened(1), seat(1, "released", "a", 1, seconds=1), seat(2, "held", "a", 2, seconds=0)],
        "left, then another at once": [
            opened(1),
            seat(1, "held", "a", 1, seconds=1),
            seat(2, "held", "b", 1, seconds=2),
            seat(3, "released", "a", 2, seconds=2),
        ],
        "an unknown act": [opened(1), seat(1, "queued", "a", 1, seconds=1)],
        "visits and misses": [
            opened(1),
            seat(1, "held", "a", 1, seconds=1),
            seat(2, "checked_in", "a", 2, seconds=2),
            seat(3, "missed", "b", 2, seconds=2),
        ],
    }
    return {name: joined(await export(told)) for name, told in facts.items()}


async def malformed_facts() -> dict[str, bytes]:
    cases: dict[str, bytes] = {}
    lines = [line.rstrip(b"\n") for line in await export(LIFE)]
    for name, changes in {
        "version as text": {"version": "1"},
        "version as true": {"version": True},
        "session as number": {"session": 7},
        "pool as null": {"pool": None},
        "act as list": {"act": ["held"]},
        "act as null": {"act": None},
        "pools as list": {"act": "session", "pools": [1]},
        "seats as text": {"act": "session", "pools": {"regular": "1"}},
    }.items():
        fact = json.loads(lines[2])["fact"] | changes
        cases[name] = joined(made_anew([*lines[:2], changed(lines[2], fact=fact), *lines[3:]]))
    cases["no holder"] = joined(made_anew([*lines[:2], changed(lines[2], commitment=None), *lines[3:]]))
    return cases


async def posting_recounts() -> dict[str, bytes]:
    cases: dict[str, bytes] = {}
    right = posting(0, [["treasury", 10], ["awaiting_outcome", -10]])
    for name, wrong in {
        "a sound posting": posting(1, [["treasury", 10], ["revenue", -10]]),
        "an unbalanced posting": posting(1, [["treasury", 10], ["revenue", -9]]),
        "a posting of true": posting(1, [["treasury", True], ["revenue", -1]]),
        "a posting of text": posting(1, [["treasury", "10"], ["revenue", -10]]),
        "a changed posting": posting(1, [["treasury", 10], ["revenue", -10]], memo="other"),
        "entries of three": posting(1, [["treasury", 10, 1], ["revenue", -10, 1]]),
        "entries of a number": replace(right, source="posting-1", public={**right.public, "entries": 7}),
    }.items():
        cases[name] = joined(await export([right, wrong], "ledger"))
    return cases


async def audit_recounts() -> dict[str, bytes]:
    cases: dict[str, bytes] = {}
    for name, changes in {
        "an override without reason": {"reason": None},
        "an override with an empty reason": {"reason": ""},
        "an override that is a number": {"override": 1},
    }.items():
        first, _ = examples.audit_facts()
        wrong = replace(first, source="line-3", public={**first.public, **changes})
        cases[name] = joined(await export([first, wrong], "audit"))
    return cases


async def test_ledger_comes_to_the_same_first_wrong_line(tmp_path: Path) -> None:
    cases = await exports() | await recounts()
    status, said = ask("ledger.mjs", [], written(tmp_path / "exports", cases))
    theirs = dict(zip(cases, map(their_line, said.values()), strict=True))
    ours = {name: our_line(content) for name, content in cases.items()}
    assert theirs == ours
    assert status == 1
    assert ours["sound"] is None and ours["other names"] is None and ours["in any order"] is None
    assert ours["too many"] == 5 and ours["a number as 1.0"] == 3 and ours["made anew"] is None
    assert sum(line is None for line in ours.values()) >= 15


async def test_ledger_holds_an_export_against_published_roots(tmp_path: Path) -> None:
    lines = [line.rstrip(b"\n") for line in await export(LIFE)]
    end = json.loads(lines[0])["chains"][SEATS.text]
    root = {"chain": SEATS.text, "seq": end["seq"], "hash": end["hash"]}
    total = {"kind": "end", "lines": 2, "root": roots_hash([(SEATS.text, end["seq"], end["hash"])])}
    published = joined([json.dumps(line).encode() for line in ({"kind": "roots", "format": 1}, root, total)])
    shorter = joined(made_anew([*lines[:-2], changed(lines[-1], lines=7)]))
    anew = joined(made_anew([*lines[:3], changed(lines[3], at="2026-11-22T02:00:02.500"), *lines[4:]]))
    cases = {"sound": joined(lines), "anew": anew, "shorter": shorter}
    files = written(tmp_path / "exports", cases)
    roots = tmp_path / "roots.jsonl"
    roots.write_bytes(published)
    status, said = ask("ledger.mjs", ["--roots", roots], files)
    ours = [our_line(content, read_roots(published.splitlines())) for content in cases.values()]
    assert [their_line(verdict) for verdict in said.values()] == ours == [None, 8, 8]
    assert status == 1
    tampered = {
        "other root": published.replace(end["hash"].encode(), b"0" * 64, 1),
        "other count": published.replace(b'"lines": 2', b'"lines": 3'),
        "cut": published.rpartition(b"{")[0],
        "no roots": joined(lines),
        "another format": published.replace(b'"format": 1', b'"format": 2'),
    }
    for content in tampered.values():
        roots.write_bytes(content)
        with pytest.raises(ExportWrong) as wrong:
            read_roots(content.splitlines())
        assert {their_line(verdict) for verdict in ask("ledger.mjs", ["--roots", roots], files)[1].values()} == {
            wrong.value.line
        }


async def test_the_holder_of_a_salt_finds_their_steps(tmp_path: Path) -> None:
    salt = await examples.salt_of(examples.SEAT_FACTS, examples.APPOINTMENT)
    [file] = written(tmp_path / "exports", {"": (await examples.export("seats", examples.SEAT_FACTS)).encode()})
    for holder, steps in ((examples.APPOINTMENT, "holds: held, confirmed"), (examples.OTHER, "holds: no step")):
        assert ask("ledger.mjs", ["--holder", f"{salt.salt}:{holder}"], [file]) == (0, {file.name: steps})


# ---- openings


def our_verdict(record: Mapping[str, Any], **noted: str) -> str:
    try:
        return "holds" if draw.first_mistake(record, **noted) is None else "wrong"
    except draw.NotDrawnYet:
        return "not drawn yet"


def test_opening_comes_to_the_same_verdict(tmp_path: Path) -> None:
    cases: dict[str, dict[str, Any]] = {
        f"sound {count}": examples.opening_record(count, count) for count in (0, 1, 3, 90)
    }
    for how, (tamper, _) in TAMPERED_RECORDS.items():
        cases[how] = examples.opening_record(9, 2)
        tamper(cases[how])
    cases["not drawn"] = examples.opening_record() | {"seed": None, "order": [], "late": []}
    files = written(tmp_path / "records", {how: json.dumps(record).encode() for how, record in cases.items()})
    status, said = ask("opening.mjs", [], files)
    theirs = dict(zip(cases, said.values(), strict=True))
    simple = {how: word if word in ("holds", "not drawn yet") else "wrong" for how, word in theirs.items()}
    assert simple == {how: our_verdict(record) for how, record in cases.items()}
    assert status == 1 and list(simple.values()).count("wrong") == len(TAMPERED_RECORDS)


def test_opening_compares_what_was_written_down_and_finds_a_ticket(tmp_path: Path) -> None:
    record = examples.opening_record(9, 2)
    [file] = written(tmp_path / "records", {"sound": json.dumps(record).encode()})
    for name, key in (("commitment", "seed_commitment"), ("root", "root")):
        for noted in (record[key], "0" * 64):
            _, said = ask("opening.mjs", [f"--{name}", noted], [file])
            assert (
                (said[file.name] == "holds") == (our_verdict(record, **{name: noted}) == "holds") == (noted != "0" * 64)
            )
    line = [*record["order"], *record["late"]]
    for ticket in ("ticket-4:salt-4", "late-1:salt-1"):
        place = line.index(draw.ticket_commitment(*ticket.split(":"))) + 1
        assert ask("opening.mjs", ["--ticket", ticket], [file]) == (0, {file.name: f"number {place}"})
    assert ask("opening.mjs", ["--ticket", "ticket-4:another"], [file])[0] == 1


# ---- queue codes, day sheets, void lists


def our_content(text: str) -> Any:
    """What our verifiers read from a signed text; None if it does not hold."""
    text, keys = text.strip(), read_keys(examples.keys())
    try:
        if text.startswith(f"{SHEET_MARK}."):
            return read_signed(text, SHEET_MARK, keys)
        if text.startswith(f"{REVOCATIONS_MARK}."):
            return read_signed(text, REVOCATIONS_MARK, keys)
        ticket = verify_code(text, keys)
    except (QueueCodeInvalid, SignedTextInvalid):
        return None
    return {**vars(ticket), "date": ticket.date.isoformat()}


def signed(mark: str, content: bytes) -> str:
    """A text that our key has signed, whatever its content."""
    text = f"{mark}.k2026.{encode(content)}"
    return f"{text}.{encode(examples.CODES._keys['k2026'].sign(text.encode()))}"


def texts() -> dict[str, str]:
    """Sound and tampered signed texts."""
    sound = {"code": examples.queue_code(), "sheet": examples.day_sheet(), "list": examples.void_list()}
    cases = dict(sound)
    for name, text in sound.items():
        mark, key_id, content, signature = text.split(".")
        other = content[:-6] + ("A" if content[-6] != "A" else "B") + content[-5:]
        tampered: Mapping[str, list[str]] = {
            "content": [mark, key_id, other, signature],
            "key": [mark, "k2025", content, signature],
            "mark": ["PSR1" if mark != "PSR1" else "PSP1", key_id, content, signature],
            "unknown mark": ["PSX1", key_id, content, signature],
            "spare bits": [mark, key_id, content, signature[:-1] + chr(ord(signature[-1]) + 1)],
            "padding": [mark, key_id, content, f"{signature}=="],
            "other letters": [mark, key_id, content, signature.replace("-", "+").replace("_", "/")],
            "short": [mark, key_id, content, signature[:-4]],
            "no signature": [mark, key_id, content, ""],
            "three parts": [mark, key_id, content],
            "five parts": [mark, key_id, content, signature, ""],
        }
        cases |= {f"{name}, {how}": ".".join(parts) for how, parts in tampered.items()}
        cases[f"{name}, blanks"] = f" \t{text}\r\n"
    cases["nothing"] = ""
    for ticket in ({"date": date(1, 1, 1)}, {"date": date(9999, 12, 31)}, {"version": 65_535}, {"office_id": "k"}):
        cases[f"code of {ticket}"] = examples.queue_code(**ticket)
    payload = bytes.fromhex("010d5cc0de0000400080000000000000010002000b4a68")
    for name, content in {
        "no office": payload,
        "the longest office": payload + b"o" * 60,
        "an office too long": payload + b"o" * 61,
        "another layout": b"\x02" + payload[1:] + b"o",
        "day 0": payload[:-4] + bytes(4) + b"o",
        "the day after the last": payload[:-4] + (3652060).to_bytes(4, "big") + b"o",
        "an office of other letters": payload + b"\xc3\xa9",
    }.items():
        cases[name] = signed("PSP1", content)
    cases["with spaces, as before"] = signed(SHEET_MARK, b'{"date": "2026-11-24", "visits": []}')
    return cases


def test_queue_code_reads_the_same_from_the_same_texts(tmp_path: Path) -> None:
    cases = texts()
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(examples.keys()))
    files = written(tmp_path / "texts", {name: text.encode() for name, text in cases.items()})
    status, said = ask("queue_code.mjs", [keys], files)
    read: Callable[[str], Any] = lambda verdict: None if verdict == "does not hold" else json.loads(verdict)  # noqa: E731
    theirs = dict(zip(cases, map(read, said.values()), strict=True))
    ours = {name: our_content(text) for name, text in cases.items()}
    assert theirs == ours
    holding = {name for name, content in ours.items() if content is not None}
    assert holding >= {"code", "sheet", "list", "code, blanks", "the longest office", "with spaces, as before"}
    assert status == 1 and len(holding) == 12
