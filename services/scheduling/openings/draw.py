"""The draw of an opening, simple enough to be repeated with a shell: nothing but SHA-256 over printed text.

Everything that is hashed is ASCII text as it is printed in the public record:

- the seed's commitment is the hash of the seed,
- a ticket's commitment is the hash of ``TICKET_ID:SALT``, so that the list has no names,
- the root is the hash of the sorted commitments, a line feed after each,
- the order is that of the hashes of ``SEED ROOT COMMITMENT`` written without spaces.

The seed is chosen and committed before the first ticket, the root is published before the seed is shown: the operator
of the service cannot choose the seed after seeing the tickets, and others cannot guess the order before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

FORMAT: Final = "paspor-opening-1"
"""Names the form of a public record; another form gets another name."""

HASH_CHARACTERS: Final = 64


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in lower-case hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def ticket_commitment(ticket_id: str, salt: str) -> str:
    """Return the hash of a ticket that the public list shows; its holder finds it there with the salt."""
    return hash_of(f"{ticket_id}:{salt}")


def root_of(commitments: Sequence[str]) -> str:
    """Return the hash of the whole list; ``commitments`` must be sorted."""
    return hash_of("".join(f"{commitment}\n" for commitment in commitments))


def draw_key(seed: str, root: str, commitment: str) -> str:
    """Return the key that the list is sorted by; different tickets have different keys, so the order is unambiguous."""
    return hash_of(f"{seed}{root}{commitment}")


def draw(seed: str, root: str, commitments: Sequence[str]) -> list[str]:
    """Return the drawn order of the list, the first to be let in first."""
    return sorted(commitments, key=lambda commitment: draw_key(seed, root, commitment))


class NotDrawnYet(Exception):
    """The record ends before the draw: there is nothing to compute again."""


def first_mistake(record: Mapping[str, Any], *, commitment: str | None = None, root: str | None = None) -> str | None:
    """Return the first thing in a public record that does not fit, as a sentence; None if the draw is what it says.

    ``commitment`` and ``root`` are copies made while the doors were open and after they closed: with them even a record
    that is forged as a whole is found out.

    Raises:
        NotDrawnYet: the seed is not shown yet.
    """
    mistake = _form_mistake(record)
    if mistake is not None:
        return mistake
    tickets, order = list(record["tickets"]), list(record["order"])
    checks: tuple[tuple[bool, str], ...] = (
        (commitment in (None, record["seed_commitment"]), "The commitment is not the one that was written down."),
        (root in (None, record["root"]), "The root is not the one that was written down."),
        (hash_of(record["seed"]) == record["seed_commitment"], "The seed is not the one that was committed to."),
        (tickets == sorted(set(tickets)), "The list of tickets is not sorted, or it holds a ticket twice."),
        (root_of(tickets) == record["root"], "The list of tickets is not the one whose root was published."),
        (len(order) == len(tickets), f"The order has {len(order)} places for {len(tickets)} tickets."),
    )
    broken = next((sentence for holds, sentence in checks if not holds), None)
    return broken or _order_mistake(draw(record["seed"], record["root"], tickets), order, record["late"])


def _order_mistake(right: Sequence[str], order: Sequence[str], late: Sequence[str]) -> str | None:
    for place, (should, recorded) in enumerate(zip(right, order, strict=True), start=1):
        if should != recorded:
            return f"Place {place} belongs to ticket {should[:12]}..., the record gives it to {recorded[:12]}..."
    if len(set(late)) != len(late):
        return "A ticket stands twice among those that came later."
    return None


def _form_mistake(record: Mapping[str, Any]) -> str | None:
    if record.get("format") != FORMAT:
        return f"This is not a record of the form {FORMAT}."
    if record.get("seed") is None and isinstance(record.get("seed_commitment"), str):
        raise NotDrawnYet
    if not isinstance(record.get("seed"), str):
        return "The record has no seed that can be read."
    for name in ("seed_commitment", "root"):
        if not _is_hash(record.get(name)):
            return f"The record has no {name} that can be read."
    for name in ("tickets", "order", "late"):
        listed = record.get(name)
        if not isinstance(listed, list) or not all(_is_hash(value) for value in listed):
            return f"The record has no list of {name} that can be read."
    return None


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == HASH_CHARACTERS and set(value) <= set("0123456789abcdef")
