"""Evidence: one picture that supports a request for an exception, from its first byte to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.application.applications.document import Picture
from shared.events.codes import EvidencePurpose
from shared.store.transitions import Transitions

MOST_FILES_A_DAY: Final = 20
"""Uploads begun for one purpose by one caller on one day of UTC, refused ones included: four full requests."""

NAMED_WITHIN: Final = timedelta(days=7)
"""Evidence that no request names within this is removed: no decision rests on it."""

UPLOAD_ABANDONED: Final = "upload_abandoned"
NEVER_NAMED: Final = "never_named"


class EvidenceState(StrEnum):
    """States of evidence."""

    UPLOADING = "uploading"
    KEPT = "kept"
    REFUSED = "refused"
    """It is no usable picture."""
    REMOVED = "removed"
    """No request named it in time."""


class EvidenceCommand(StrEnum):
    """Commands of evidence."""

    KEEP = "keep"
    REFUSE = "refuse"
    REMOVE = "remove"


EVIDENCE_TRANSITIONS: Final[Transitions[EvidenceState, EvidenceCommand]] = Transitions(
    {
        (EvidenceState.UPLOADING, EvidenceCommand.KEEP): EvidenceState.KEPT,
        (EvidenceState.UPLOADING, EvidenceCommand.REFUSE): EvidenceState.REFUSED,
        (EvidenceState.KEPT, EvidenceCommand.REMOVE): EvidenceState.REMOVED,
    }
)
FINAL_EVIDENCE_STATES: Final = frozenset({EvidenceState.REFUSED, EvidenceState.REMOVED})
"""Kept evidence that a request names stays as it is until its retention rule removes the whole document."""


@dataclass(frozen=True)
class EvidenceCase:
    """The request that names the evidence: whose office may see it."""

    case_id: str
    office_id: str | None
    named_at: datetime


@dataclass(frozen=True)
class Evidence:
    """One picture. The file's own name is not kept: people put their names into it."""

    purpose: EvidencePurpose
    account_id: str | None
    """The account that it is of; None of a visitor at the counter, who has none."""
    uploaded_by: str
    office_id: str | None
    """The office of the officer who uploads it for a visitor."""
    day: str
    number: int
    """Which upload of the caller's day and purpose it is; see `MOST_FILES_A_DAY`."""
    media_type: str
    size_bytes: int
    created_at: datetime
    upload_until: datetime
    file_id: str | None
    """Where the bytes lie: the upload while uploading, then the checked picture; none once thrown away."""
    state: EvidenceState = EvidenceState.UPLOADING
    sha256: str | None = None
    stored_bytes: int | None = None
    reason: str | None = None
    flags: tuple[str, ...] = ()
    kept_at: datetime | None = None
    case: EvidenceCase | None = None
    counts_from: datetime | None = None
    """When the clock of its retention rule started: once a request named it, or once it was refused or removed."""


def key_subject(evidence_id: str, evidence: Evidence) -> str:
    """Return the subject whose key the picture lies under: its account, or itself where there is none."""
    return evidence.account_id or evidence_id


def kept(evidence: Evidence, picture: Picture, now: datetime) -> Evidence:
    """Return the evidence once its picture was looked at; its own bytes are those of the cleaned picture from now on.

    Raises:
        IllegalTransition: it is not being uploaded any more.
    """
    return replace(
        _moved(evidence, EvidenceCommand.KEEP),
        file_id=picture.file_id,
        media_type=picture.media_type,
        sha256=picture.sha256,
        stored_bytes=picture.stored_bytes,
        flags=picture.flags,
        kept_at=now,
    )


def looked_at_later(evidence: Evidence, at: datetime) -> Evidence:
    """Return the evidence of which all bytes are there, with the time of the next look in place of its upload's end."""
    return replace(evidence, upload_until=min(at, evidence.upload_until))


def refused(evidence: Evidence, reason: str, now: datetime) -> Evidence:
    """Return the evidence refused for a coded reason; its bytes are no longer referred to."""
    return replace(_moved(evidence, EvidenceCommand.REFUSE), reason=reason, file_id=None, counts_from=now)


def removed(evidence: Evidence, now: datetime) -> Evidence:
    """Return evidence that no request has named, without its picture."""
    return replace(_moved(evidence, EvidenceCommand.REMOVE), reason=NEVER_NAMED, file_id=None, counts_from=now)


def named(evidence: Evidence, case: EvidenceCase) -> Evidence:
    """Return the evidence as that of a case; one that is of a case already, or has ended, stays as it is."""
    if evidence.case is not None or evidence.state in FINAL_EVIDENCE_STATES:
        return evidence
    return replace(evidence, case=case, counts_from=case.named_at)


def is_of(evidence: Evidence, account_ids: tuple[str, ...], office_id: str | None) -> bool:
    """Return whether evidence is of one of the accounts that name it, or of a visitor without one at that office."""
    if evidence.account_id is not None:
        return evidence.account_id in account_ids
    return not account_ids and office_id is not None and evidence.office_id == office_id


def deadlines(evidence: Evidence) -> Mapping[str, datetime]:
    """Return when the upload must be complete, and by when a request must name what is kept."""
    if evidence.state is EvidenceState.UPLOADING:
        return {"upload": evidence.upload_until}
    if evidence.state is EvidenceState.KEPT and evidence.case is None and evidence.kept_at is not None:
        return {"naming": evidence.kept_at + NAMED_WITHIN}
    return {}


def next_step(evidence: Evidence) -> str:
    """Return the code of what its owner does next: name it in a request of its purpose, once it is kept."""
    if evidence.state is not EvidenceState.KEPT:
        return evidence.state.value
    return "named" if evidence.case is not None else evidence.purpose.value


def _moved(evidence: Evidence, command: EvidenceCommand) -> Evidence:
    return replace(evidence, state=EVIDENCE_TRANSITIONS.after(evidence.state, command))
