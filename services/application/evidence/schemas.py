"""Evidence over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.application.evidence.evidence import EvidenceState, next_step
from services.application.evidence.service import EvidenceSeen
from services.application.field_types import LARGEST_UPLOAD_BYTES
from services.application.texts import reason_text
from shared.events.codes import EvidencePurpose
from shared.fields.media_types import MediaType
from shared.http.codes import OneOf
from shared.http.schema import Body, NextCallView, View, view_next_call


class BeginEvidence(Body):
    """Announce a picture of evidence, one page each; its bytes follow in pieces."""

    purpose: Annotated[EvidencePurpose, Field(strict=False)]
    file_name: str = Field(max_length=255, description="not kept: people put their names into it")
    media_type: MediaType
    size_bytes: int = Field(ge=1, le=LARGEST_UPLOAD_BYTES, examples=[204800])


class EvidenceUploadView(View):
    """Evidence and where it stands: send the bytes from `upload_offset` on to `upload_url` with PATCH."""

    evidence_id: str
    purpose: Annotated[str, OneOf(EvidencePurpose)]
    state: Annotated[str, OneOf(EvidenceState)]
    media_type: str
    size_bytes: int
    created_at: datetime
    reason: str | None
    reason_text: str | None
    reason_text_in_indonesian: str | None
    flags: list[str]
    sha256: str | None
    case_id: str | None = Field(
        description="the request that names it, once that is known here: those who decide on it see the picture"
    )
    named_at: datetime | None
    upload_offset: int
    upload_url: str
    next_call: NextCallView | None

    @classmethod
    def from_evidence(cls, seen: EvidenceSeen) -> Self:
        """Return the view of evidence, with the offset to go on at."""
        evidence = seen.evidence
        why, case = reason_text(evidence.reason), evidence.case
        return cls(
            evidence_id=seen.evidence_id,
            purpose=evidence.purpose.value,
            state=evidence.state.value,
            media_type=evidence.media_type,
            size_bytes=evidence.size_bytes,
            created_at=evidence.created_at,
            reason=evidence.reason,
            reason_text=why.en if why else None,
            reason_text_in_indonesian=why.id if why else None,
            flags=list(evidence.flags),
            sha256=evidence.sha256,
            case_id=case.case_id if case else None,
            named_at=case.named_at if case else None,
            upload_offset=seen.upload_offset,
            upload_url=f"/v1/evidence/{seen.evidence_id}/content",
            next_call=view_next_call("evidence", next_step(evidence), evidence_id=seen.evidence_id),
        )
