"""`./paspor draw verify`: the draw of an opening, done again from its public record and nothing else."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from operations.source import SourceUnreadable, open_source

LARGEST_RECORD_BYTES: Final = 64 * 1024 * 1024
"""A hundred thousand tickets and their order weigh 14 MB."""

HOLDS, DOES_NOT_HOLD, NOT_YET = 0, 1, 3
"""Exit statuses; 2 is the command line's own."""


class RecordUnreadable(SourceUnreadable):
    """The record cannot be read at all."""

    kind = "record"


def verify(
    source: str, say: Callable[[str], None], *, commitment: str | None, root: str | None, ticket: str | None
) -> int:
    """Do the draw again and say in a sentence whether the record is what it should be."""
    draw = importlib.import_module("services.scheduling.openings.draw")
    record = read(source)
    try:
        mistake: str | None = draw.first_mistake(record, commitment=commitment, root=root)
    except draw.NotDrawnYet:
        say("This opening is not drawn yet: its seed is not public. Keep the commitment and come back.")
        say(f"commitment {record['seed_commitment']}")
        return NOT_YET
    if mistake is not None:
        say(f"This record does not hold. {mistake}")
        return DOES_NOT_HOLD
    say(f"The draw holds: {len(record['order'])} tickets drawn, {len(record['late'])} came later.")
    return HOLDS if ticket is None else _find(ticket, record, draw.ticket_commitment, say)


def _find(ticket: str, record: Mapping[str, Any], commit: Callable[[str, str], str], say: Callable[[str], None]) -> int:
    ticket_id, _, salt = ticket.partition(":")
    commitment = commit(ticket_id, salt)
    line = [*record["order"], *record["late"]]
    if commitment not in line:
        say("Your ticket is not in this record. Check the number and the salt; if they are right, complain.")
        return DOES_NOT_HOLD
    say(f"Your ticket is number {line.index(commitment) + 1} in line.")
    return HOLDS


def read(source: str) -> Mapping[str, Any]:
    """Return the record in a file, or at an address.

    Raises:
        RecordUnreadable: there is nothing, too much, or no JSON object.
    """
    try:
        with open_source(source, "application/json") as stream:
            raw = stream.read(LARGEST_RECORD_BYTES + 1)
        if len(raw) > LARGEST_RECORD_BYTES:
            raise RecordUnreadable(source, f"it is larger than {LARGEST_RECORD_BYTES} bytes")
        record = json.loads(raw)
    except OSError as trouble:
        raise RecordUnreadable(source, trouble) from None
    except (ValueError, RecursionError):
        raise RecordUnreadable(source, "it is no JSON") from None
    if not isinstance(record, dict):
        raise RecordUnreadable(source, "it is no JSON object")
    return record
