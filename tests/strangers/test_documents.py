"""What ledger.md, opening.md and queue-code.md print is what the code makes, and they name every code there is."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_suite.home import PROJECT
from services.billing.ledger.model import Account, Entry, posting_hash
from services.scheduling.booking.seats.audit_log_facts import _STEPS
from services.scheduling.openings.opening import OpeningStatus
from services.scheduling.terms import Pool
from shared.chain.export_checks import ENTERS, LEAVES, SESSION, STAYS
from shared.chain.hashing import FORMAT, digest
from shared.chain.streaming import MEDIA_TYPE
from shared.chain.verify import LINK_TYPES, LONGEST_LINE_BYTES, read_roots, verify
from shared.events.codes import ConfirmCause, MoveCause, OfferEnd, ReleaseReason, SpecialCause
from tests.strangers import examples

PAGES = ("ledger.md", "opening.md", "queue-code.md")
BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (PROJECT / "docs" / name).read_text(encoding="utf-8")


def blocks(name: str) -> dict[str, list[str]]:
    """The named examples of a page."""
    found: dict[str, list[str]] = {}
    for _, title, text in BLOCK.findall(page(name)):
        found.setdefault(title, []).append(text)
    return found


def block(name: str, title: str) -> str:
    (text,) = blocks(name)[title]
    return text


def section(name: str, title: str) -> str:
    """The part of a page under a heading."""
    return page(name).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def content_of(signed: str) -> bytes:
    return base64.urlsafe_b64decode(signed.split(".")[2] + "==")


@pytest.mark.parametrize("name", PAGES[:2])
def test_every_printed_hash_is_that_of_the_text_before_it(name: str) -> None:
    pairs = "\n".join(blocks(name)["hashes"]).splitlines()
    assert len(pairs) >= 6
    for text, printed in zip(pairs[::2], pairs[1::2], strict=True):
        assert printed == f"= {hashlib.sha256(text.encode()).hexdigest()}"
        if text.startswith("["):
            assert printed == f"= {digest(json.loads(text))}"


async def test_the_examples_of_the_ledger_are_made_by_the_code() -> None:
    seats, roots = block("ledger.md", "seats.jsonl"), block("ledger.md", "roots.jsonl")
    assert f"{seats}\n" == await examples.export("seats", examples.SEAT_FACTS)
    assert f"{roots}\n" == await examples.roots(examples.SEAT_FACTS)
    published = read_roots(roots.encode().splitlines())
    assert verify(seats.encode().splitlines(), roots=published).links == 3
    salt = await examples.salt_of(examples.SEAT_FACTS, examples.APPOINTMENT)
    assert json.dumps(["paspor commitment", salt.salt, salt.subject], separators=(",", ":")) in page("ledger.md")
    for posting in examples.postings():
        assert f"\n= {posting.hash}\n" in section("ledger.md", "Recount: ledger")


def test_the_examples_of_the_opening_and_of_queue_codes_are_made_by_the_code() -> None:
    assert block("opening.md", "record.json") == examples.pretty(examples.opening_record())
    made: Mapping[str, str] = {
        "keys.json": examples.pretty(examples.keys()),
        "queue-code.txt": examples.queue_code(),
        "queue-code.hex": content_of(examples.queue_code()).hex(),
        "void-list.txt": examples.void_list(),
        "void-list.json": examples.pretty(json.loads(content_of(examples.void_list()))),
        "day-sheet.txt": examples.day_sheet(),
        "day-sheet.json": examples.pretty(json.loads(content_of(examples.day_sheet()))),
    }
    assert blocks("queue-code.md") == {title: [text] for title, text in made.items()}


def test_every_code_of_the_recounts_is_named_once_where_it_counts() -> None:
    text = section("ledger.md", "Recount: seats")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE))
    kinds = {"capacity": {SESSION}, "enters": ENTERS, "leaves": LEAVES, "nothing": STAYS}
    assert rows == {act: kind for kind, acts in kinds.items() for act in acts}
    codes = {*ConfirmCause, *MoveCause, *ReleaseReason, *OfferEnd, *SpecialCause, *Pool} - {OfferEnd.TAKEN}
    assert [code for code in codes if f"`{code}`" not in text] == []
    accounts = re.findall(r"^\| `(\w+)` \|", section("ledger.md", "Recount: ledger"), re.MULTILINE)
    assert accounts == list(Account)
    assert [status for status in OpeningStatus if f"`{status}`" not in section("opening.md", "The record")] == []


def test_every_step_of_a_seat_has_a_word_of_the_recount() -> None:
    class AnyEvent:
        def __getattr__(self, name: str) -> str:
            return name

    acts = {step.act for told in _STEPS.values() for step in told(AnyEvent())}
    assert acts == ENTERS | LEAVES | STAYS


def test_the_members_of_links_and_their_limits_are_named() -> None:
    text = section("ledger.md", "An export")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(LINK_TYPES)
    assert f"{LONGEST_LINE_BYTES:,} bytes" in text
    assert f"`format` ({FORMAT})" in text
    assert MEDIA_TYPE.endswith("ndjson")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)), st.integers(1, 10**12))
def test_stored_postings_have_the_hash_of_the_canonical_form(memo: str, amount: int) -> None:
    """Billing hashes in its own words: of ASCII, which memos are, the bytes are those of RFC 8785."""
    entries = (Entry(Account.TREASURY, amount), Entry(Account.REVENUE, -amount))
    stored = posting_hash(examples.MADE_AT, entries, memo, "0" * 64)
    sides: list[list[Any]] = [[entry.account.value, entry.amount] for entry in entries]
    assert stored == digest([examples.MADE_AT.isoformat(), sides, memo, "0" * 64])
