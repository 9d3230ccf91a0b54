"""Reads of personal data over HTTP, as the person sees them, and the holds of operators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import Field

from services.identity.data_reads.entry import ReadEntry
from services.identity.data_reads.hold import ReadingHold, ReadingHoldGround, ReadingHoldState
from services.identity.data_reads.service import ReadPage
from services.identity.field_types import Id
from shared.audit.reads import READ_REASON_WORDS
from shared.events.codes import PersonalData, ReadReason
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoMoment, Query, View
from shared.store.kinds import Record
from shared.tokens import Role

MOST_ON_A_PAGE: Final = 100

GroundWord = Annotated[ReadingHoldGround, Field(strict=False)]

KIND_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    PersonalData.APPLICATION: ("Your application", "Permohonan Anda"),
    PersonalData.PICTURE: ("A picture that you uploaded", "Gambar yang Anda unggah"),
    PersonalData.PASSPORT: ("Your passport", "Paspor Anda"),
    PersonalData.LETTER: ("Your letter", "Surat Anda"),
    PersonalData.NIK: ("Your NIK and particulars", "NIK dan data diri Anda"),
    PersonalData.CONTACT: ("Your address or telephone number", "Alamat atau nomor telepon Anda"),
    PersonalData.EVIDENCE: ("Evidence in your matter", "Bukti dalam urusan Anda"),
    PersonalData.BANK_ACCOUNT: ("Your refund and bank account", "Pengembalian dan rekening bank Anda"),
}
_OTHER: Final = ("Personal data", "Data pribadi")
_ASSISTED: Final = ("You agreed to be assisted.", "Anda menyetujui pendampingan.")
_AT_HAND: Final = ("It was part of handling your matter that day.", "Bagian dari penanganan urusan Anda pada hari itu.")


class ReadsQuery(Query):
    """Where the page begins, and how many reads it has."""

    after: Id | None = Field(None, description="``next`` of the page before")
    limit: int = Field(50, ge=1, le=MOST_ON_A_PAGE, strict=False)


class DataReadView(View, in_indonesian=("what", "why")):
    """One read: when, which role of which office, what and why. No name of an officer."""

    read_at: datetime
    role: Annotated[str, OneOf(Role)]
    office_id: str | None
    kind: Annotated[str, OneOf(PersonalData)]
    what: str
    what_id: str
    during_assistance: bool
    reason: Annotated[str, OneOf(ReadReason)] | None = Field(
        description="the reason that was stated; null where it was part of the step at hand"
    )
    why: str
    why_id: str

    @classmethod
    def from_entry(cls, entry: ReadEntry) -> Self:
        """Return the view of a read."""
        what, what_id = KIND_WORDS.get(entry.kind, _OTHER)
        why, why_id = _why(entry)
        return cls(
            read_at=entry.read_at,
            role=entry.role,
            office_id=entry.office_id,
            kind=entry.kind,
            what=what,
            what_id=what_id,
            during_assistance=entry.by_assistance,
            reason=entry.reason,
            why=why,
            why_id=why_id,
        )


class DataReadsView(View):
    """Reads of the caller's data, the newest first; ``next`` is the ``after`` of the next page."""

    data_reads: list[DataReadView]
    next: str | None

    @classmethod
    def from_page(cls, page: ReadPage) -> Self:
        """Return the view of a page."""
        return cls(data_reads=[DataReadView.from_entry(entry) for entry in page.entries], next=page.next)


class ProposeReadingHold(Body):
    """The account, the legal ground, and until when reads for an investigation are not shown."""

    account_id: Id
    reason: GroundWord = Field(examples=["law_enforcement"], description="the legal ground; the audit keeps it")
    until: IsoMoment = Field(examples=["2026-12-31T00:00:00Z"])


class ReadingHoldDecision(Body):
    """Whether a second operator agrees."""

    approved: bool


class ReadingHoldView(View):
    """A hold on one account."""

    hold_id: str
    account_id: str
    state: ReadingHoldState
    reason: ReadingHoldGround
    until: datetime
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    lifted_by: str | None
    lifted_at: datetime | None

    @classmethod
    def from_record(cls, record: Record[ReadingHold]) -> Self:
        """Return the view of a hold."""
        hold = record.state
        return cls(
            hold_id=record.id,
            account_id=hold.account_id,
            state=hold.state,
            reason=hold.ground,
            until=hold.until,
            proposed_by=hold.proposed_by,
            proposed_at=hold.proposed_at,
            decided_by=hold.decided_by,
            decided_at=hold.decided_at,
            lifted_by=hold.lifted_by,
            lifted_at=hold.lifted_at,
        )


class ReadingHoldsView(ListView):
    """The holds, newest first."""

    holds: list[ReadingHoldView]


def _why(entry: ReadEntry) -> tuple[str, str]:
    if entry.by_assistance:
        return _ASSISTED
    if entry.reason in set(ReadReason):
        return READ_REASON_WORDS[ReadReason(entry.reason)]
    return _AT_HAND
