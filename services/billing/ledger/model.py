"""Double entry: whole rupiah, each posting balanced and chained to the one before by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Account(StrEnum):
    """The accounts that postings move money between."""

    TREASURY = "treasury"
    AWAITING_OUTCOME = "awaiting_outcome"
    REVENUE = "revenue"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"
    CREDITED = "credited"
    RETAINED = "retained"
    DIVIDED = "divided"
    """Between a payment for several bills and its parts; zero once it is divided."""


@dataclass(frozen=True)
class Entry:
    """One side of a posting; debits are positive, credits negative."""

    account: Account
    amount: int


@dataclass(frozen=True)
class Posting:
    """One movement, balanced to zero, chained to the one before by its hash."""

    at: datetime
    entries: tuple[Entry, ...]
    memo: str
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Movement:
    """The data of a posting: the amount leaves ``source``'s side and is held for ``to``."""

    source: Account
    to: Account
    amount: int
    memo: str
    at: datetime


def posted(postings: tuple[Posting, ...], movement: Movement, genesis: str) -> tuple[Posting, ...]:
    """Return the postings with one more. Money that the treasury holds is a debit; the purposes are credits."""
    entries = (Entry(movement.source, movement.amount), Entry(movement.to, -movement.amount))
    previous = postings[-1].hash if postings else genesis
    digest = posting_hash(movement.at, entries, movement.memo, previous)
    return (*postings, Posting(movement.at, entries, movement.memo, previous, digest))


def posting_hash(at: datetime, entries: Sequence[Entry], memo: str, previous: str) -> str:
    """Return the hash of a posting with the hash of the one before in it."""
    sides: list[object] = [[entry.account.value, entry.amount] for entry in entries]
    return chain_hash([at.isoformat(), sides, memo, previous])


def chain_hash(parts: Sequence[object]) -> str:
    """Return the SHA-256 over the parts as compact JSON, in hex."""
    return hashlib.sha256(json.dumps(list(parts), separators=(",", ":")).encode()).hexdigest()


def balances(postings: Sequence[Posting]) -> dict[Account, int]:
    """Return the balance of each account by these postings; accounts at zero are left out."""
    sums: dict[Account, int] = {}
    for posting in postings:
        for entry in posting.entries:
            sums[entry.account] = sums.get(entry.account, 0) + entry.amount
    return {account: amount for account, amount in sums.items() if amount}


def chain_faults(postings: Sequence[Posting], genesis: str) -> list[str]:
    """Return the faults of a chain of postings; empty if every link holds and every posting balances."""
    faults = []
    previous = genesis
    for number, posting in enumerate(postings):
        if sum(entry.amount for entry in posting.entries) != 0:
            faults.append(f"posting {number} does not balance")
        if posting.previous_hash != previous:
            faults.append(f"posting {number} does not follow the one before")
        if posting.hash != posting_hash(posting.at, posting.entries, posting.memo, posting.previous_hash):
            faults.append(f"posting {number} was changed")
        previous = posting.hash
    return faults
