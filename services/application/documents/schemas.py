"""Documents over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.application.applications.document import LARGEST_NUMBER_OF_DOCUMENTS, Document, DocumentState
from services.application.applications.pages import missing_pages, present_pages
from services.application.applications.schemas import DocumentView
from services.application.applications.service import Seen
from services.application.documents.decisions import DocumentVerdict
from services.application.documents.uploads import UploadSeen
from services.application.field_types import LARGEST_UPLOAD_BYTES, Code, Id
from services.application.requirements.requirement import Listed
from shared.fields.media_types import MediaType
from shared.http.paging import ListView
from shared.http.schema import Body, View

HIGHEST_PAGE_READ = 999
"""Page numbers up to here are read, to be refused with the limit in words."""


def _hide_default(schema: dict[str, Any]) -> None:
    """Take the null out of the schema of a member that is left out, not sent as null."""
    schema.pop("default", None)


class SameAs(Body):
    """A document of another application of the account, whose picture this person shows too."""

    application_id: Id
    document_id: Id


class BeginUpload(Body):
    """Announce a picture, whose bytes follow in pieces; or name one of another family member with `same_as`."""

    requirement: Code = Field(examples=["ktp"])
    page: int = Field(1, ge=1, le=HIGHEST_PAGE_READ, description="which page of the item, counted from 1")
    file_name: Annotated[str, Field(max_length=255)] | SkipJsonSchema[None] = Field(
        None,
        description="not kept: people put their names into it; left out with same_as",
        json_schema_extra=_hide_default,
    )
    media_type: MediaType | SkipJsonSchema[None] = Field(
        None, description="left out with same_as", json_schema_extra=_hide_default
    )
    size_bytes: Annotated[int, Field(ge=1, le=LARGEST_UPLOAD_BYTES)] | SkipJsonSchema[None] = Field(
        None,
        examples=[204800],
        description="left out with same_as",
        json_schema_extra=_hide_default,
    )
    same_as: SameAs | None = Field(
        None,
        description="a document of another application of the account, for papers of shared_in_family: its picture is "
        "copied, no bytes follow",
        json_schema_extra=_hide_default,
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        of_file = (self.file_name, self.media_type, self.size_bytes)
        given = sum(member is not None for member in of_file)
        if given != (0 if self.same_as is not None else len(of_file)):
            raise PydanticCustomError(
                "file_or_same_as", "give file_name, media_type and size_bytes, or same_as without them"
            )
        return self


class DocumentDecision(Body):
    """An officer's word on a document."""

    decision: Literal["accepted", "refused"]
    reason_code: Code | None = Field(None, examples=["wrong_document"])

    def to_verdict(self, document_id: str) -> DocumentVerdict:
        """Return it as the use case takes it."""
        return DocumentVerdict(document_id, self.decision == "accepted", self.reason_code)


class NamedDecision(DocumentDecision):
    """An officer's word on one of several documents."""

    document_id: Id


class DocumentDecisions(Body):
    """An officer's words on several documents: all of them take effect, or none."""

    decisions: list[NamedDecision] = Field(min_length=1, max_length=LARGEST_NUMBER_OF_DOCUMENTS)


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


class PageView(DocumentView):
    """A page that is there, with the size of its picture and what was found about it: hints, not decisions."""

    width: int | None
    height: int | None
    stored_bytes: int | None
    content_url: str


class PaperView(View, in_indonesian=("title",)):
    """The pages of one item in their order, and the documents that were there before or did not stand."""

    requirement: str
    title: str
    title_id: str
    compulsory: bool
    pages: list[PageView]
    missing_pages: list[int]
    earlier: list[DocumentView]


class PapersView(ListView):
    """The papers of an application, in the order of its list of requirements."""

    papers: list[PaperView]

    @classmethod
    def from_seen(cls, seen: Seen) -> Self:
        """Return the view of all papers; items without a document are left out."""
        return cls(papers=[paper for item in seen.items if (paper := _paper(seen, item)) is not None])


def _paper(seen: Seen, item: Listed) -> PaperView | None:
    documents = [known for known in seen.application.documents if known.requirement == item.code]
    if not documents:
        return None
    pages = present_pages(documents, item.code)
    earlier = [known for known in documents if known not in pages and known.state is not DocumentState.UPLOADING]
    return PaperView(
        requirement=item.code,
        title=item.requirement.title.en,
        title_id=item.requirement.title.id,
        compulsory=item.compulsory,
        pages=[_page(seen.application_id, page) for page in pages],
        missing_pages=list(missing_pages(documents, item.code)),
        earlier=[DocumentView.from_document(known) for known in earlier],
    )


def _page(application_id: str, page: Document) -> PageView:
    return PageView(
        **dict(DocumentView.from_document(page)),
        width=page.width,
        height=page.height,
        stored_bytes=page.stored_bytes,
        content_url=f"/v1/applications/{application_id}/documents/{page.document_id}/content",
    )
