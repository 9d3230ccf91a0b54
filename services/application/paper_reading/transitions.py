"""A page after its reading: what the verdict does to the document. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final, get_args

from services.application.applications.document import (
    MACHINE,
    Document,
    DocumentCommand,
    DocumentState,
    accepted,
    moved,
    not_read,
    refused,
)
from services.application.paper_reading.verdict import FACTS, Agreement, Verdict

NOT_RECOGNISED: Final = "not_recognised"
"""Why a page is not accepted where the reader gives no code of its own."""

PAPERS_OF_PARENTS: Final = frozenset({"parent_ktp", "parent_passport", "parents_marriage_certificate"})
"""Items whose papers are not the applicant's: either parent's is taken, so they are compared with nothing."""

MOST_FINDINGS: Final = 20
_CODE: Final = re.compile(r"[a-z][a-z_]{0,39}\Z")
_AGREEMENTS: Final = frozenset(get_args(Agreement))


def is_compared(requirement: str) -> bool:
    """Return whether the papers of an item are compared with the applicant's facts."""
    return requirement not in PAPERS_OF_PARENTS


def is_being_read(document: Document) -> bool:
    """Return whether a verdict on the page still counts."""
    return document.state is DocumentState.CHECKING


def codes_of(verdict: Verdict) -> Verdict:
    """Return the verdict with codes only: a reader that was taken over by a picture cannot put its text here."""
    return Verdict(
        outcome=verdict.outcome if verdict.outcome in ("accepted", "refused") else "flagged",
        reason=_code(verdict.reason),
        kind=_code(verdict.kind),
        confidence=min(1.0, max(0.0, verdict.confidence)),
        findings=tuple(finding for finding in verdict.findings if _code(finding))[:MOST_FINDINGS],
        agreements={name: word for name, word in verdict.agreements.items() if name in FACTS and word in _AGREEMENTS},
    )


def judged(document: Document, verdict: Verdict, now: datetime) -> Document:
    """Return the document by the verdict on its page; what decoding doubted is never accepted by a machine.

    Raises:
        IllegalTransition: the document is not being read.
    """
    told = codes_of(verdict)
    known = replace(
        document,
        kind=told.kind,
        confidence=told.confidence,
        findings=told.findings,
        agreements=told.agreements,
    )
    if told.outcome == "refused":
        return refused(known, told.reason or NOT_RECOGNISED, MACHINE, now)
    if told.outcome == "accepted" and not document.flags:
        return accepted(known, MACHINE, now)
    reason = (told.reason or NOT_RECOGNISED,) if told.outcome == "flagged" else ()
    return replace(
        moved(known, DocumentCommand.FLAG),
        flags=(*document.flags, *reason),
        check_until=None,
        decided_at=now,
        decided_by=MACHINE,
    )


def overdue(document: Document, now: datetime) -> Document | None:
    """Return the document flagged as not read, or None where it is not being read or has time left."""
    until = document.check_until
    if not is_being_read(document) or until is None or now < until:
        return None
    return not_read(document, now)


def _code(word: str | None) -> str | None:
    return word if word is not None and _CODE.match(word) else None
