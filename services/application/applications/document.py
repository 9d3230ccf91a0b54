"""A document, one page of an item: from the first byte of its upload to the officer's decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions

LARGEST_NUMBER_OF_DOCUMENTS: Final = 100
"""Uploads per application, replaced and refused ones included."""

FIRST_PAGE: Final = 1
LARGEST_NUMBER_OF_PAGES: Final = 10
"""Pages of one item: a family card has one, a diploma with its marks four; the rest is brought to the office."""


class DocumentState(StrEnum):
    """States of a document."""

    UPLOADING = "uploading"
    CHECKING = "checking"
    """Kept, and being read by the machine."""
    ACCEPTED = "accepted"
    FLAGGED = "flagged"
    REFUSED = "refused"
    REPLACED = "replaced"
    REMOVED = "removed"
    """Taken away by who sent it; nothing has taken its place."""


class DocumentCommand(StrEnum):
    """Commands of a document."""

    CHECK = "check"
    ACCEPT = "accept"
    FLAG = "flag"
    REFUSE = "refuse"
    REPLACE = "replace"
    REMOVE = "remove"


DOCUMENT_TRANSITIONS: Final[Transitions[DocumentState, DocumentCommand]] = Transitions(
    {
        (DocumentState.UPLOADING, DocumentCommand.CHECK): DocumentState.CHECKING,
        (DocumentState.UPLOADING, DocumentCommand.ACCEPT): DocumentState.ACCEPTED,
        (DocumentState.UPLOADING, DocumentCommand.FLAG): DocumentState.FLAGGED,
        (DocumentState.UPLOADING, DocumentCommand.REFUSE): DocumentState.REFUSED,
        (DocumentState.UPLOADING, DocumentCommand.REPLACE): DocumentState.REPLACED,
        (DocumentState.CHECKING, DocumentCommand.ACCEPT): DocumentState.ACCEPTED,
        (DocumentState.CHECKING, DocumentCommand.FLAG): DocumentState.FLAGGED,
        (DocumentState.CHECKING, DocumentCommand.REFUSE): DocumentState.REFUSED,
        (DocumentState.CHECKING, DocumentCommand.REPLACE): DocumentState.REPLACED,
        (DocumentState.FLAGGED, DocumentCommand.ACCEPT): DocumentState.ACCEPTED,
        (DocumentState.FLAGGED, DocumentCommand.REFUSE): DocumentState.REFUSED,
        (DocumentState.FLAGGED, DocumentCommand.REPLACE): DocumentState.REPLACED,
        (DocumentState.ACCEPTED, DocumentCommand.ACCEPT): DocumentState.ACCEPTED,
        (DocumentState.ACCEPTED, DocumentCommand.REFUSE): DocumentState.REFUSED,
        (DocumentState.ACCEPTED, DocumentCommand.REPLACE): DocumentState.REPLACED,
        (DocumentState.UPLOADING, DocumentCommand.REMOVE): DocumentState.REMOVED,
        (DocumentState.CHECKING, DocumentCommand.REMOVE): DocumentState.REMOVED,
        (DocumentState.FLAGGED, DocumentCommand.REMOVE): DocumentState.REMOVED,
        (DocumentState.ACCEPTED, DocumentCommand.REMOVE): DocumentState.REMOVED,
        (DocumentState.REFUSED, DocumentCommand.REMOVE): DocumentState.REMOVED,
    }
)
FINAL_DOCUMENT_STATES: Final = frozenset({DocumentState.REPLACED, DocumentState.REMOVED})
STANDING_STATES: Final = (DocumentState.ACCEPTED, DocumentState.FLAGGED)
"""States in which a document takes the place of earlier ones."""
PRESENT_STATES: Final = (*STANDING_STATES, DocumentState.CHECKING)
"""States that count as "there" for a submission: neither a doubt, which is an officer's to settle, nor a reading that
is under way delays it."""

MACHINE: Final = "machine"
"""Decides on a document where no officer does."""

NOT_READ: Final = "not_read"
"""The flag of a page that no machine has read: an officer looks at it."""

TOO_MANY_BEING_READ: Final = "too_many_being_read"
"""The flag of a page that came while as many pages of its account were being read as may be."""


@dataclass(frozen=True)
class Document:
    """One page of an item, from one upload. The file's own name is not kept: people put their names into it."""

    document_id: str
    requirement: str
    """The code of the listed item."""
    paper: str
    """Which of the accepted papers it is; the item's own code if the applicant did not say."""
    media_type: str
    size_bytes: int
    created_at: datetime
    upload_until: datetime
    """Until when the bytes may come; with all of them there, when they are looked at again."""
    file_id: str | None
    """Where the bytes lie: the upload while uploading, then the checked picture; none once thrown away."""
    page: int = FIRST_PAGE
    """Which page of its item, from 1 to `LARGEST_NUMBER_OF_PAGES`."""
    state: DocumentState = DocumentState.UPLOADING
    sha256: str | None = None
    stored_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    reason: str | None = None
    flags: tuple[str, ...] = ()
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    """``machine`` or the role of the officer."""
    check_until: datetime | None = None
    """While it is being read: when it is flagged instead."""
    kind: str | None = None
    """The kind of paper that the machine saw; None where it saw none."""
    confidence: float | None = None
    """Of the kind, from 0 to 1."""
    findings: tuple[str, ...] = ()
    """Codes of what is wrong with the picture's quality."""
    agreements: Mapping[str, str] = field(default_factory=dict)
    """``agrees``, ``differs`` or ``not_read`` of each typed fact; never a text of the picture."""

    @property
    def asked_again(self) -> bool:
        """Return whether an officer refused it: another picture of this page is awaited."""
        return self.state is DocumentState.REFUSED and self.decided_by != MACHINE


@dataclass(frozen=True)
class Picture:
    """The findings of an inspection of a good (or doubtful) upload, and where the cleaned picture lies."""

    file_id: str
    media_type: str
    sha256: str
    stored_bytes: int
    width: int
    height: int
    flags: tuple[str, ...] = ()

    @property
    def decoded(self) -> bool:
        """Return whether it could be decoded; what could not has no size and is not read either."""
        return self.width > 0


def moved(document: Document, command: DocumentCommand) -> Document:
    """Return the document in its next state.

    Raises:
        IllegalTransition: the table does not have the pair.
    """
    return replace(document, state=DOCUMENT_TRANSITIONS.after(document.state, command))


def inspected(document: Document, picture: Picture, now: datetime) -> Document:
    """The document after its picture was found good, or doubtful if there are flags."""
    doubtful = bool(picture.flags)
    return replace(
        _with_picture(moved(document, DocumentCommand.FLAG if doubtful else DocumentCommand.ACCEPT), picture),
        accepted_at=None if doubtful else now,
        decided_at=now,
        decided_by=MACHINE,
    )


def to_be_read(document: Document, picture: Picture, check_until: datetime) -> Document:
    """The document with its picture, which the machine reads until `check_until`."""
    return replace(_with_picture(moved(document, DocumentCommand.CHECK), picture), check_until=check_until)


def _with_picture(document: Document, picture: Picture) -> Document:
    return replace(
        document,
        file_id=picture.file_id,
        media_type=picture.media_type,
        sha256=picture.sha256,
        stored_bytes=picture.stored_bytes,
        width=picture.width,
        height=picture.height,
        flags=picture.flags,
    )


def not_read(document: Document, now: datetime) -> Document:
    """The document flagged for an officer, since no machine has read it in time."""
    return replace(
        moved(document, DocumentCommand.FLAG),
        flags=(*document.flags, NOT_READ),
        check_until=None,
        decided_at=now,
        decided_by=MACHINE,
    )


def looked_at_later(document: Document, at: datetime) -> Document:
    """The document of which all bytes are there, with the time of the next look in place of its upload's end."""
    return replace(document, upload_until=min(at, document.upload_until))


def refused(document: Document, reason: str, by: str, now: datetime) -> Document:
    """The document refused for a coded reason; its bytes are no longer referred to."""
    return replace(
        moved(document, DocumentCommand.REFUSE),
        reason=reason,
        file_id=None,
        check_until=None,
        decided_at=now,
        decided_by=by,
    )


def accepted(document: Document, by: str, now: datetime) -> Document:
    """The document accepted by an officer; the first acceptance keeps its time."""
    return replace(
        moved(document, DocumentCommand.ACCEPT),
        accepted_at=document.accepted_at or now,
        check_until=None,
        decided_at=now,
        decided_by=by,
    )


def removed(document: Document) -> Document:
    """Return the document taken away; its bytes are no longer referred to.

    Raises:
        IllegalTransition: a newer one has replaced it.
    """
    return replace(moved(document, DocumentCommand.REMOVE), file_id=None, check_until=None)


def replaced_by_newer(documents: Iterable[Document], newer: Document) -> tuple[Document, ...]:
    """All documents; earlier ones for the same page of the item are replaced by the newer one, without bytes.

    An upload that begins or is being read stands in only for other uploads: what is there counts until the new one
    stands. Two that are being read may end in either order: the later upload wins. What is refused stands in for none.
    """
    stands_in_for = set() if newer.state is DocumentState.REFUSED else {DocumentState.UPLOADING}
    if newer.state in STANDING_STATES:
        stands_in_for |= set(PRESENT_STATES)
    return tuple(
        replace(moved(document, DocumentCommand.REPLACE), file_id=None, check_until=None)
        if document.document_id != newer.document_id
        and (document.requirement, document.page) == (newer.requirement, newer.page)
        and document.created_at <= newer.created_at
        and document.state in stands_in_for
        else document
        for document in documents
    )
