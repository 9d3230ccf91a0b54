"""Documents over HTTP."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from services.application.applications.schemas import DocumentView
from services.application.documents.uploads import UploadSeen
from services.application.field_types import LARGEST_UPLOAD_BYTES, Code
from shared.fields.media_types import MediaType
from shared.http.schema import Body


class BeginUpload(Body):
    """Announce a picture; its bytes follow in pieces."""

    requirement: Code = Field(examples=["ktp"])
    file_name: str = Field(max_length=255, description="not kept: people put their names into it")
    media_type: MediaType
    size_bytes: int = Field(ge=1, le=LARGEST_UPLOAD_BYTES, examples=[204800])


class DocumentDecision(Body):
    """An officer's word on a document."""

    decision: Literal["accepted", "refused"]
    reason_code: Code | None = Field(None, examples=["wrong_document"])


class UploadView(DocumentView):
    """An upload and where it stands: send the bytes from `upload_offset` on to `upload_url` with PATCH."""

    upload_offset: int
    upload_url: str

    @classmethod
    def from_upload(cls, seen: UploadSeen) -> Self:
        """Return the view of an upload, with the offset to go on at."""
        document = seen.document
        url = f"/v1/applications/{seen.application_id}/documents/{document.document_id}/content"
        return cls(**dict(DocumentView.from_document(document)), upload_offset=seen.upload_offset, upload_url=url)
