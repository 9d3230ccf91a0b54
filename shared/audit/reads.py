"""Reads of personal data by staff: the stated reason, and the record by which identity is told of a read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field

from shared.errors import Refusal, fact_types
from shared.events.codes import ReadReason
from shared.events.data_reads import DataRead
from shared.http.schema import Query
from shared.store.kinds import Kind

READ_REASON_WORDS: Final[Mapping[ReadReason, tuple[str, str]]] = {
    ReadReason.PERSON_AT_COUNTER: ("The person came to the counter.", "Pemohon datang ke loket."),
    ReadReason.APPLICANT_ASKED: ("The applicant asked about it.", "Pemohon menanyakannya."),
    ReadReason.DOCUMENT_CHECK: ("Papers are checked before the visit.", "Berkas diperiksa sebelum kedatangan."),
    ReadReason.CORRECTION: ("Something is to be corrected.", "Ada data yang perlu diperbaiki."),
    ReadReason.PAYMENT_QUESTION: ("A payment or refund is in question.", "Pembayaran atau pengembalian ditanyakan."),
    ReadReason.COMPLAINT: ("A complaint is dealt with.", "Pengaduan sedang ditangani."),
    ReadReason.SUPERVISION: ("The work of the office is looked into.", "Pekerjaan kantor sedang diawasi."),
    ReadReason.FRAUD_REVIEW: ("Possible misuse is looked into.", "Dugaan penyalahgunaan sedang diperiksa."),
    ReadReason.SYSTEM_FAULT: ("A fault of the system is repaired.", "Gangguan sistem sedang diperbaiki."),
    ReadReason.LEGAL_REQUEST: ("A court or an authority asked.", "Permintaan tertulis pengadilan atau instansi."),
    ReadReason.INVESTIGATION: ("An offence is investigated.", "Penyidikan tindak pidana."),
}
"""Each reason in English and Indonesian: for the officer who chooses one, and for the person who sees it."""

READ_KEPT: Final = timedelta(days=90)
"""How long a service keeps the record of a read: far longer than its event can wait. The audit keeps its line."""

StatedReason = Annotated[ReadReason, Field(strict=False)]


class ReasonQuery(Query):
    """The query of a read that needs a reason where it is not part of the step at hand."""

    reason: StatedReason | None = Field(
        None, description="why a member of staff reads, where it is not part of the step at hand; the person sees it"
    )


class ReadReasonNeeded(Refusal):
    """The read is not part of the step at hand, and no reason was stated; `reasons` lists those there are."""

    status = 422
    code = "read_reason_needed"
    facts_told = fact_types(reasons=list[str], example=str)
    title = "This is not part of the step at hand: state why you read it."
    title_id = "Ini bukan bagian dari tahap yang sedang berjalan: sebutkan alasan Anda membacanya."
    next_action = "Repeat the request with reason=, one of those listed, such as person_at_counter. The person sees it."
    next_action_id = (
        "Ulangi permintaan dengan reason=, salah satu yang tercantum, misalnya person_at_counter. Pemohon dapat "
        "melihatnya."
    )

    def __init__(self) -> None:
        reasons = [{"code": code.value, "en": en, "id": local} for code, (en, local) in READ_REASON_WORDS.items()]
        super().__init__(field="/reason", reasons=reasons, example=ReadReason.PERSON_AT_COUNTER.value)


@dataclass(frozen=True)
class ReadRecord:
    """A read of which identity is told; only the message in its outbox matters."""

    reader_id: str
    read_at: datetime
    kept_until: datetime


DATA_READ: Final[Kind[ReadRecord]] = Kind("data_read", ReadRecord, kept_until="state.kept_until")


def record_of(event: DataRead) -> ReadRecord:
    """Return the record that speaks this event."""
    return ReadRecord(event.reader_id, event.read_at, event.read_at + READ_KEPT)


def stated_reason(call: Any) -> ReadReason | None:
    """Return the reason that the caller states: ``reason`` of the query, or of the body where the call has one."""
    stated = (getattr(part, "reason", None) for part in (call.query, call.body))
    return next((reason for reason in stated if isinstance(reason, ReadReason)), None)


def refuse_without_reason(call: Any) -> None:
    """Return if the read is part of the step at hand, or a reason is stated.

    Raises:
        ReadReasonNeeded: neither is so.
    """
    if not call.reading.is_at_hand and stated_reason(call) is None:
        raise ReadReasonNeeded
