"""The examples of ledger.md, opening.md and queue-code.md, made by the code that makes the real ones."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from services.billing.ledger.journal import posting_fact
from services.billing.ledger.model import Account, Movement, Posting, posted
from services.scheduling.booking.appointments.queue_code_payload import Ticket
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.openings import draw
from services.scheduling.visit.offline.verifier import REVOCATIONS_MARK, SHEET_MARK
from shared.chain import ChainName, Chains, Fact, Salt, export_lines, roots_lines
from shared.crypto.keyring import Keyring
from shared.ids import SeededIds
from shared.store.memory import MemoryStore

DAY: Final = date(2026, 11, 24)
MADE_AT: Final = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OFFICE: Final = "jakarta-selatan"
SESSION: Final = f"{OFFICE}.{DAY}.0800"
APPOINTMENT: Final = "0d5cc0de-0000-4000-8000-000000000001"
OTHER: Final = "0d5cc0de-0000-4000-8000-000000000002"
SEATS: Final = ChainName("seats", OFFICE, DAY)
CODES: Final = QueueCodes(Keyring.parse(f"k2026:{base64.b64encode(bytes(range(32))).decode()}"))


def seat_fact(number: int, act: str, holder: str, version: int, **more: Any) -> Fact:
    """Return a step of a visit, a second for each number after the example begins."""
    public = {"act": act, "session": SESSION, "version": version} | more
    return Fact(SEATS, f"event-{number}", MADE_AT + timedelta(seconds=number), public, subject=holder)


def session_fact(**pools: int) -> Fact:
    """Return the fact that tells the seats of the session."""
    public = {"act": "session", "session": SESSION, "pools": pools, "withdrawn": 0}
    return Fact(SEATS, f"session:{SESSION}:1", MADE_AT, public)


SEAT_FACTS: Final = (
    session_fact(regular=1),
    seat_fact(1, "held", APPOINTMENT, 1, pool="regular"),
    seat_fact(2, "confirmed", APPOINTMENT, 3, pool="regular", why="paid"),
)


async def chains_of(facts: Sequence[Fact]) -> Chains:
    """Return chains that hold these facts; the same ones give the same salts and hashes."""
    chains = Chains(MemoryStore("example"), SeededIds(random.Random(1)))
    await chains.append(facts, MADE_AT)
    return chains


async def export(kind: str, facts: Sequence[Fact], extras: Any = None) -> str:
    """Return the export of the chains of these facts."""
    chains = await chains_of(facts)
    heads = [head for name in dict.fromkeys(fact.chain for fact in facts) if (head := await chains.head(name))]
    return b"".join([lines async for lines in export_lines(kind, chains, heads, MADE_AT, extras=extras)]).decode()


async def roots(facts: Sequence[Fact]) -> str:
    """Return the roots of the day on which these facts were linked."""
    chains = await chains_of(facts)
    await chains.publish_roots(facts[0].chain.stream, MADE_AT.date(), MADE_AT)
    published = await chains.roots(facts[0].chain.stream, MADE_AT.date())
    return b"".join([lines async for lines in roots_lines(MADE_AT.date(), published)]).decode()


async def salt_of(facts: Sequence[Fact], holder: str) -> Salt:
    """Return the salt that the holder of these facts is told."""
    (salt,) = await (await chains_of(facts)).salts_of(holder)
    return salt


def postings() -> tuple[Posting, ...]:
    """Return a fee that is received and then settles its bill."""
    genesis = "0" * 64
    received = Movement(Account.TREASURY, Account.AWAITING_OUTCOME, 350_000, "received", MADE_AT)
    settled = Movement(Account.AWAITING_OUTCOME, Account.REVENUE, 350_000, "settles bill-1", MADE_AT)
    return posted(posted((), received, genesis), settled, genesis)


def ledger_facts() -> tuple[Fact, ...]:
    """Return the facts of these postings."""
    name = ChainName("ledger", "all", MADE_AT.date())
    return tuple(
        Fact(name, posting.hash, posting.at, posting_fact(posting), subject="receipt-1") for posting in postings()
    )


def audit_facts() -> tuple[Fact, ...]:
    """Return two lines of an audit, one of them an override."""
    name = ChainName("audit", OFFICE, MADE_AT.date())
    line = {"role": "front_officer", "outcome": "done", "detail": None, "of": None, "words": None}
    walk_in = {"act": "visit.walk_in", "reason": "system_fault", "override": True}
    look = {"act": "applicant.read", "reason": None, "override": False}
    return (
        Fact(name, "line-1", MADE_AT, line | walk_in, subject='["line-1", "officer-1", "visit-1"]'),
        Fact(name, "line-2", MADE_AT, line | look, subject='["line-2", "officer-1", "visit-1"]'),
    )


def opening_record(tickets: int = 3, late: int = 1) -> dict[str, Any]:
    """Return the public record of an opening of so many tickets."""
    seed = "dGhpcyBzZWVkIGlzIGFuIGV4YW1wbGU"
    commitments = sorted(draw.ticket_commitment(f"ticket-{number}", f"salt-{number}") for number in range(tickets))
    root = draw.root_of(commitments)
    return {
        "format": draw.FORMAT,
        "opening_id": "opening-1",
        "state": "over",
        "office_id": OFFICE,
        "session_ids": [SESSION],
        "announced_at": "2026-11-20T02:00:00Z",
        "doors_at": "2026-11-23T01:00:00Z",
        "tickets_close_at": "2026-11-23T01:55:00Z",
        "opens_at": "2026-11-23T02:00:00Z",
        "seed_commitment": draw.hash_of(seed),
        "root": root,
        "tickets": commitments,
        "seed": seed,
        "order": draw.draw(seed, root, commitments),
        "late": [draw.ticket_commitment(f"late-{number}", f"salt-{number}") for number in range(late)],
    }


def keys() -> dict[str, Any]:
    """Return the answer with the public keys of queue codes."""
    published = CODES.published()
    return {"keys": [{"key_id": name, "algorithm": "Ed25519", "public_key": key} for name, key in published]}


def queue_code(**changes: Any) -> str:
    """Return the queue code of the example's visit."""
    visit = {"appointment_id": APPOINTMENT, "office_id": OFFICE, "date": DAY, "version": 2}
    return CODES.sign(Ticket(**(visit | changes)))


def day_sheet() -> str:
    """Return a signed sheet of one visit."""
    visit = {
        "queue_number": "A-001",
        "appointment_id": APPOINTMENT,
        "code_version": 2,
        "starts_at": "2026-11-24T01:00:00+00:00",
        "pool": "regular",
        "paid": True,
    }
    sheet = {"office_id": OFFICE, "date": DAY.isoformat(), "made_at": MADE_AT.isoformat(), "offline_seats": 5}
    return CODES.sign_content(SHEET_MARK, sheet | {"visits": [visit]})


def void_list(below: int = 2) -> str:
    """Return a signed list of void codes that names the example's visit."""
    content = {
        "version": int(MADE_AT.timestamp() * 1000),
        "issued_at": MADE_AT.isoformat(),
        "valid_until": (MADE_AT + timedelta(hours=24)).isoformat(),
        "entries": [{"appointment_id": APPOINTMENT, "below": below}],
    }
    return CODES.sign_content(REVOCATIONS_MARK, content)


def pretty(value: Any) -> str:
    """Return a JSON object as the documents print it."""
    return json.dumps(value, indent=2, ensure_ascii=False)
