"""Exports verify with nothing but themselves; a tampered, cut or reordered one is refused with its first wrong line."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.chain import ChainName, Chains, Fact, export_lines
from shared.chain.hashing import digest, link_hash, roots_hash
from shared.chain.verify import ExportWrong, read_roots, verify
from shared.ids import SeededIds
from shared.store.memory import MemoryStore

T0 = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SEATS = ChainName("seats", "office-1", date(2026, 11, 23))
SESSION = "session-1"


def seat(number: int, act: str, holder: str, version: int, *, seconds: int, session: str = SESSION) -> Fact:
    public = {"act": act, "session": session, "pool": "regular", "version": version}
    return Fact(SEATS, f"event-{number}", T0 + timedelta(seconds=seconds), public, subject=holder)


def opened(seats: int, *, number: int = 0, seconds: int = 0) -> Fact:
    public = {"act": "session", "session": SESSION, "pools": {"regular": seats}}
    return Fact(SEATS, f"session-{number}", T0 + timedelta(seconds=seconds), public)


LIFE = [
    opened(2),
    seat(1, "held", "a", 1, seconds=1),
    seat(2, "held", "b", 1, seconds=2),
    seat(3, "confirmed", "a", 3, seconds=3),
    seat(4, "released", "b", 2, seconds=4),
    seat(5, "held", "c", 1, seconds=5),
    seat(6, "checked_in", "a", 4, seconds=6),
]


async def export(facts: Sequence[Fact], kind: str = "seats") -> list[bytes]:
    chains = Chains(MemoryStore("test"), SeededIds(random.Random(1)))
    await chains.append(facts, T0)
    names = list(dict.fromkeys(fact.chain for fact in facts))
    heads = [head for name in names if (head := await chains.head(name))]
    exported = [block async for block in export_lines(kind, chains, heads, T0)]
    return b"".join(exported).splitlines(keepends=True)


def changed(line: bytes, **members: Any) -> bytes:
    return json.dumps({**json.loads(line), **members}).encode()


def made_anew(lines: list[bytes]) -> list[bytes]:
    """Whoever tampers may also compute every hash again."""
    previous, anew = json.loads(lines[1])["previous"], []
    for line in lines[1:-1]:
        link = {**json.loads(line), "previous": previous}
        link["hash"] = previous = link_hash(link)
        anew.append(json.dumps(link).encode())
    head = json.loads(lines[0])
    head["chains"] = {SEATS.text: {"seq": len(anew), "hash": previous}}
    return [json.dumps(head).encode(), *anew, lines[-1]]


async def test_a_sound_export_verifies_whatever_the_order_of_its_facts() -> None:
    found = verify(await export(LIFE))
    assert (found.kind, found.links) == ("seats", 7)
    assert "2 at most" in found.remarks[0]
    for seed in range(20):
        facts = list(LIFE)
        random.Random(seed).shuffle(facts)
        verify(await export(facts))


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int, str]] = {
    "changed": (lambda lines: [*lines[:3], changed(lines[3], at="2026-11-22T02:00:09"), *lines[4:]], 4, "changed"),
    "other hash": (lambda lines: [*lines[:3], changed(lines[3], hash="0" * 64), *lines[4:]], 4, "changed"),
    "other commitment": (lambda lines: [*lines[:3], changed(lines[3], commitment="0" * 64), *lines[4:]], 4, "changed"),
    "missing": (lambda lines: [*lines[:3], *lines[4:]], 4, "missing"),
    "doubled": (lambda lines: [*lines[:4], lines[3], *lines[4:]], 5, "doubled"),
    "reordered": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 4, "order"),
    "cut before the end": (lambda lines: lines[:-1], 9, "cut"),
    "cut in the middle": (lambda lines: lines[:4], 5, "cut"),
    "last link missing": (lambda lines: [*lines[:-2], lines[-1]], 8, "promises"),
    "more after the end": (lambda lines: [*lines, lines[-2]], 10, "ended"),
    "other count": (lambda lines: [*lines[:-1], changed(lines[-1], lines=3)], 9, "counts"),
    "first link missing": (lambda lines: [lines[0], *lines[2:]], 2, "missing"),
    "no header": (lambda lines: lines[1:], 1, "kind"),
    "unknown kind": (lambda lines: [changed(lines[0], kind="sea"), *lines[1:]], 1, "kind"),
    "unknown format": (lambda lines: [changed(lines[0], format=2), *lines[1:]], 1, "format"),
    "no ends": (lambda lines: [changed(lines[0], chains=[]), *lines[1:]], 1, "ends"),
    "bad end": (lambda lines: [changed(lines[0], chains={"x": {"seq": True, "hash": ""}}), *lines[1:]], 1, "ends"),
    "unnamed chain": (lambda lines: [changed(lines[0], chains={}), *lines[1:]], 2, "does not name"),
    "other previous": (lambda lines: [*lines[:2], changed(lines[2], previous="0" * 64), *lines[3:]], 3, "follow"),
    "no member": (lambda lines: [*lines[:2], b'{"chain": "x"}', *lines[3:]], 3, "has no"),
    "no JSON": (lambda lines: [*lines[:2], b"seats", *lines[3:]], 3, "not JSON"),
    "no object": (lambda lines: [*lines[:2], b"[]", *lines[3:]], 3, "JSON object"),
    "a fraction": (lambda lines: [*lines[:2], changed(lines[2], more=10.0), *lines[3:]], 3, "canonical form"),
    "a large number": (lambda lines: [*lines[:2], changed(lines[2], more=2**53), *lines[3:]], 3, "canonical form"),
    "half a letter": (lambda lines: [*lines[:2], changed(lines[2], more="\ud800"), *lines[3:]], 3, "canonical form"),
    "too deep": (lambda lines: [*lines[:2], b"[" * 60_000, *lines[3:]], 3, "not JSON"),
    "not UTF-8": (lambda lines: [*lines[:2], lines[2].replace(b"held", b"h\xe4ld"), *lines[3:]], 3, "not JSON"),
    "true for a number": (lambda lines: [lines[0], changed(lines[1], seq=True), *lines[2:]], 2, "another type"),
    "true for the format": (lambda lines: [changed(lines[0], format=True), *lines[1:]], 1, "format"),
    "time of another type": (lambda lines: [*lines[:2], changed(lines[2], at=5), *lines[3:]], 3, "another type"),
    "too long": (lambda lines: [*lines[:2], b"[" * 70_000, *lines[3:]], 3, "longer"),
    "empty": (lambda _lines: [], 1, "cut"),
    "header's hash": (
        lambda lines: [changed(lines[0], chains={SEATS.text: {"seq": 7, "hash": "0"}}), *lines[1:]], 9, "does not end"
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
async def test_a_tampered_export_is_refused_and_the_first_wrong_line_named(how: str) -> None:
    tamper, line, word = TAMPERED[how]
    with pytest.raises(ExportWrong) as refused:
        verify(tamper(await export(LIFE)))
    assert refused.value.line == line
    assert str(refused.value).startswith(f"Line {line} is wrong: ") and word in str(refused.value)


async def test_a_fact_told_twice_is_refused_even_with_right_hashes() -> None:
    lines = await export(LIFE)
    again = changed(lines[4], seq=8)
    with pytest.raises(ExportWrong, match="told before"):
        verify(made_anew([*lines[:-1], again, lines[-1]]))


async def test_with_published_roots_an_export_that_was_made_anew_is_refused() -> None:
    lines = await export(LIFE)
    end = json.loads(lines[0])["chains"][SEATS.text]
    roots = {SEATS.text: {end["seq"]: end["hash"]}}
    verify(lines, roots=roots)
    forged = made_anew([*lines[:3], changed(lines[3], at="2026-11-22T02:00:02.500+00:00"), *lines[4:]])
    verify(forged)
    with pytest.raises(ExportWrong, match=r"Line 8 .*root was published"):
        verify(forged, roots=roots)
    shorter = made_anew([*lines[:-2], changed(lines[-1], lines=7)])
    verify(shorter)
    with pytest.raises(ExportWrong, match="a root of link 7 was published"):
        verify(shorter, roots=roots)


async def test_more_holders_than_seats_are_refused_even_with_right_hashes() -> None:
    with pytest.raises(ExportWrong, match="Line 5 is wrong: with it 3 hold a seat of session session-1"):
        verify(await export([*LIFE[:3], seat(9, "held", "d", 1, seconds=3)]))
    with pytest.raises(ExportWrong, match="has no seats in the pool regular"):
        verify(await export([opened(2), seat(9, "held", "d", 1, seconds=3, session="session-2")]))


async def test_capacity_that_changes_is_followed() -> None:
    three = [seat(number, "held", str(number), 1, seconds=number) for number in range(1, 4)]
    verify(await export([opened(2), *three, opened(3, number=1, seconds=9)]))
    verify(await export([opened(3), *three, opened(2, number=1, seconds=9)]))
    with pytest.raises(ExportWrong):
        verify(await export([opened(3), opened(2, number=1, seconds=0), *three]))


async def test_a_holder_who_moves_within_the_day_sits_in_one_place() -> None:
    other = Fact(SEATS, "session-9", T0, {"act": "session", "session": "session-2", "pools": {"regular": 1}})
    moves = [
        seat(7, "moved_out", "a", 5, seconds=7),
        seat(8, "moved_in", "a", 5, seconds=7, session="session-2"),
        seat(9, "held", "d", 1, seconds=8),
    ]
    for facts in ([*LIFE, other, *moves], [other, *reversed(moves), *LIFE]):
        assert verify(await export(facts)).links == len(facts)
    elsewhere = seat(10, "held", "e", 1, seconds=9, session="session-2")
    with pytest.raises(ExportWrong, match="session-2"):
        verify(await export([*LIFE, other, *moves, elsewhere]))


def posting(number: int, entries: list[list[Any]], **other: Any) -> Fact:
    content = [T0.isoformat(), entries, "received", "p0"]
    public = {"posted_at": content[0], "entries": entries, "memo": "received", "previous": "p0"}
    public["posting"] = digest_of(content)
    return Fact(ChainName("ledger", "all", T0.date()), f"posting-{number}", T0, {**public, **other}, subject="r")


def digest_of(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize(
    ("fact", "word"),
    [
        (posting(1, [["treasury", 10], ["revenue", -9]]), "balance"),
        (posting(1, [["treasury", True], ["revenue", -1]]), "whole rupiah"),
        (posting(1, [["treasury", 10], ["revenue", -10]], memo="other"), "posting was changed"),
        (posting(1, [["treasury", 10]], posted_at=None), "balance"),
        (Fact(ChainName("ledger", "all", T0.date()), "x", T0, {"entries": 7}), "no posting"),
        (Fact(ChainName("ledger", "all", T0.date()), "x", T0, {"entries": []}), "no posting"),
    ],
)
async def test_a_ledger_with_a_wrong_posting_is_refused_even_with_right_hashes(fact: Fact, word: str) -> None:
    right = posting(0, [["treasury", 10], ["awaiting_outcome", -10]])
    assert "treasury 10" in verify(await export([right], "ledger")).remarks[0]
    with pytest.raises(ExportWrong, match=word):
        verify(await export([right, fact], "ledger"))


async def test_an_audit_with_an_override_without_reason_is_refused() -> None:
    name = ChainName("audit", "office-1", T0.date())
    good = Fact(name, "1", T0, {"act": "a", "override": True, "reason": "system_fault"})
    verify(await export([good], "audit"))
    with pytest.raises(ExportWrong, match="without a reason"):
        verify(await export([good, Fact(name, "2", T0, {"act": "a", "override": True, "reason": None})], "audit"))
    with pytest.raises(ExportWrong, match="no line of an audit"):
        verify(await export([Fact(name, "2", T0, {"what": "a"})], "audit"))
    with pytest.raises(ExportWrong, match="no fact of a seat"):
        verify(await export([Fact(SEATS, "2", T0, {"what": "a"})], "seats"))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1"},
        {"version": True},
        {"session": 7},
        {"pool": None},
        {"act": "session", "pools": {"regular": "2"}},
        {"act": "session", "pools": [2]},
        {"act": ["held"]},
        {"act": None},
    ],
)
async def test_a_seat_whose_members_are_of_another_type_is_refused_even_with_right_hashes(changes: Any) -> None:
    public = {"act": "held", "session": SESSION, "pool": "regular", "version": 1}
    for wrong in (Fact(SEATS, "event-9", T0, public | changes, "x"), Fact(SEATS, "event-9", T0, public)):
        with pytest.raises(ExportWrong, match="Line 3 is wrong: it is no fact of a seat"):
            verify(await export([opened(2), wrong]))


@pytest.mark.parametrize("changes", [{"override": 1}, {"override": None}, {"reason": 1}, {"reason": ""}])
async def test_an_override_is_true_with_a_reason_or_false(changes: Any) -> None:
    name = ChainName("audit", "office-1", T0.date())
    with pytest.raises(ExportWrong, match="Line 2 is wrong"):
        verify(await export([Fact(name, "1", T0, {"act": "a", "override": True, "reason": "r"} | changes)], "audit"))


def test_published_roots_are_read_whole_or_not_at_all() -> None:
    head, root = {"kind": "roots", "format": 1}, {"chain": SEATS.text, "seq": 7, "hash": "ab"}
    end = {"kind": "end", "lines": 2, "root": roots_hash([(SEATS.text, 7, "ab")])}
    lines = [json.dumps(line).encode() for line in (head, root, end)]
    assert read_roots(lines) == {SEATS.text: {7: "ab"}}
    wrong_ends = [end | {"lines": 1}, end | {"lines": 3}, end | {"root": "0" * 64}, {"kind": "end", "lines": 2}]
    wrong_roots = [root | {"seq": "7"}, root | {"hash": "ac"}, root | {"chain": 1}, {}]
    wrong_heads = [head | {"format": 2}, head | {"format": True}, head | {"kind": "seats"}, {"kind": "roots"}]
    for wrong in (
        *([json.dumps(wrong_head).encode(), *lines[1:]] for wrong_head in wrong_heads),
        *(lines[:-1], lines[1:], [*lines, lines[1]], []),
        *([*lines[:2], json.dumps(wrong_end).encode()] for wrong_end in wrong_ends),
        *([lines[0], json.dumps(wrong_root).encode(), lines[2]] for wrong_root in wrong_roots),
    ):
        with pytest.raises(ExportWrong):
            read_roots(wrong)
    assert digest("x") != digest("y")
