"""Facts of postings on the ledger's chain, and the balances that follow. The postings themselves are the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.billing.ledger.model import Posting


def posting_fact(posting: Posting) -> Mapping[str, Any]:
    """Return the fact of a posting: sides, cause and both hashes, so that anyone can compute it again."""
    return {
        "entries": [[entry.account.value, entry.amount] for entry in posting.entries],
        "memo": posting.memo,
        "posted_at": posting.at.isoformat(),
        "previous": posting.previous_hash,
        "posting": posting.hash,
    }


def amounts_of(fact: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the amounts that a posting on the chain adds, by account."""
    sums: dict[str, int] = {}
    for account, amount in fact["entries"]:
        sums[account] = sums.get(account, 0) + amount
    return sums


def sum_amounts(totals: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return the balances over many days; accounts at zero are left out."""
    sums: dict[str, int] = {}
    for amounts in totals:
        for account, amount in amounts.items():
            sums[account] = sums.get(account, 0) + amount
    return {account: amount for account, amount in sorted(sums.items()) if amount}
