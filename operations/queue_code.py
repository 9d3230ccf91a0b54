"""`./paspor code verify`: a queue code, a day sheet or a list of void codes, verified with published keys alone."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any, Final

from operations.output import Say
from operations.source import SourceUnreadable, open_source

LARGEST_BYTES: Final = 16 * 1024 * 1024
"""A list of a hundred thousand void codes weighs 10 MB; a sheet of the largest office 60 KB."""

HOLDS, DOES_NOT_HOLD = 0, 1
"""Exit statuses; 2 is the command line's own."""

SIGNED_MEMBERS: Final = ("signed", "queue_code")
"""Members of a service's answers that hold a signed text; nothing else in an answer is signed."""


class SignedTextUnreadable(SourceUnreadable):
    """The signed text, the keys or the list cannot be read at all."""

    kind = "text"


def verify(source: str, say: Say, *, keys: str, void: str | None) -> int:
    """Say in a sentence what a signed text says and whether it holds; `void` is a list to hold a queue code against.

    Raises:
        SignedTextUnreadable: the text, the keys or the list cannot be read.
    """
    verifier = importlib.import_module("services.scheduling.visit.offline.verifier")
    codes = importlib.import_module("services.scheduling.booking.appointments.queue_codes")
    try:
        public_keys = verifier.read_keys(_object_in(_read(keys)))
    except ValueError as problem:
        raise SignedTextUnreadable(keys, str(problem)) from None
    text = _signed_text(source, (codes.MARK, verifier.SHEET_MARK, verifier.REVOCATIONS_MARK))
    try:
        if text.startswith(f"{verifier.SHEET_MARK}."):
            return _say_sheet(verifier.read_signed(text, verifier.SHEET_MARK, public_keys), say)
        if text.startswith(f"{verifier.REVOCATIONS_MARK}."):
            return _say_list(verifier.read_revocations(text, public_keys), say)
        revocations = verifier.read_revocations(_signed_text(void, ()), public_keys) if void is not None else None
        return _say_code(codes.verify(text, public_keys), revocations, say)
    except (verifier.SignedTextInvalid, codes.QueueCodeInvalid) as problem:
        say(f"This does not hold: {problem}.")
        return DOES_NOT_HOLD


def _say_sheet(sheet: Mapping[str, Any], say: Say) -> int:
    visits, paid = len(sheet["visits"]), sum(visit["paid"] for visit in sheet["visits"])
    say(
        f"The day sheet holds: {sheet['office_id']}, {sheet['date']}, {visits} visits, {paid} of them paid, "
        f"{sheet['offline_seats']} seats for arrivals without a booking, made at {sheet['made_at']}."
    )
    return HOLDS


def _say_list(revocations: Any, say: Say) -> int:
    say(
        f"The list of void codes holds: version {revocations.version}, {len(revocations.below)} visits, good until "
        f"{revocations.valid_until.isoformat()}."
    )
    return HOLDS


def _say_code(ticket: Any, revocations: Any, say: Say) -> int:
    visit = f"visit {ticket.appointment_id} at {ticket.office_id} on {ticket.date}, version {ticket.version}"
    if revocations is None:
        say(f"The queue code holds: {visit}. Whether it is void since, --void compares.")
        return HOLDS
    listed = f"the list of version {revocations.version}, good until {revocations.valid_until.isoformat()}"
    if revocations.is_void(ticket):
        say(f"This queue code is void: it is signed, and {listed}, says that {visit} was moved or given up.")
        return DOES_NOT_HOLD
    say(f"The queue code holds: {visit}; not void by {listed}.")
    return HOLDS


def _signed_text(source: str, marks: tuple[str, ...]) -> str:
    """Return the signed text that is the source itself, or that is in its file, alone or in a service's answer."""
    if source.strip().startswith(tuple(f"{mark}." for mark in marks)):
        return source.strip()
    text = _read(source).strip()
    if not text.startswith("{"):
        return text
    answer = _object_in(text)
    named = [answer[name] for name in SIGNED_MEMBERS if isinstance(answer.get(name), str)]
    if not named:
        raise SignedTextUnreadable(source, f"it has no member {' or '.join(SIGNED_MEMBERS)}")
    return str(named[0]).strip()


def _read(source: str) -> str:
    try:
        with open_source(source, "application/json") as stream:
            raw = stream.read(LARGEST_BYTES + 1)
        if len(raw) > LARGEST_BYTES:
            raise SignedTextUnreadable(source, f"it is larger than {LARGEST_BYTES} bytes")
        return raw.decode()
    except OSError as trouble:
        raise SignedTextUnreadable(source, trouble) from None
    except ValueError:
        raise SignedTextUnreadable(source, "it is no text") from None


def _object_in(text: str) -> Mapping[str, Any]:
    """Return the JSON object in a text, or an empty one where there is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
