"""Answers and query of the privacy notice."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from services.identity.config import Settings
from services.identity.privacy_notice.notice import (
    ChangeKind,
    Choice,
    DataPurpose,
    Notice,
    Notices,
    NoticeText,
    changes_between,
)
from shared.http.language import Language, LanguageCode
from shared.http.schema import Query, View

VersionNumber = Annotated[int, Field(ge=1, le=9999)]


class NoticeQuery(Query):
    """A version and a language; without them the version in force, in the language of the request."""

    version: Annotated[VersionNumber | None, Field(strict=False)] = None
    language: Literal["id", "en"] | None = None


class PurposeView(View):
    """One purpose for which personal data are used."""

    purpose: str
    choice: Choice
    name: str
    text: str
    data: str = Field(description="Which data.")
    kept: str = Field(description="For how long.")
    recipients: str = Field(description="To whom they go.")
    ground: str = Field(description="The legal ground.")
    ends: str | None = Field(description="What ends without it, where it is needed.")

    @classmethod
    def from_purpose(cls, purpose: DataPurpose, language: Language) -> PurposeView:
        """Return the purpose in one language."""
        return cls(
            purpose=purpose.code,
            choice=purpose.choice,
            name=said(purpose.name, language),
            text=said(purpose.text, language),
            data=said(purpose.data, language),
            kept=said(purpose.kept, language),
            recipients=said(purpose.recipients, language),
            ground=said(purpose.ground, language),
            ends=said(purpose.ends, language) if purpose.ends is not None else None,
        )


class RightView(View):
    """A right, and the call by which it is used."""

    right: str
    text: str
    call: str | None = Field(description="Method and path; none where it is used by writing to the controller.")


class ControllerView(View):
    """The controller of the data, and the officer for data protection."""

    name: str
    address: str
    email: str


class PurposeChangeView(View):
    """A purpose that changed since the version before."""

    purpose: str
    kind: ChangeKind


class NoticeView(View):
    """One version of the privacy notice, in one language."""

    version: int
    versions: list[int] = Field(description="All numbers, oldest first.")
    in_force: bool
    from_at: datetime
    language: LanguageCode
    summary: str
    purposes: list[PurposeView]
    rights: list[RightView]
    controller: ControllerView
    changes: list[PurposeChangeView] = Field(description="Since the version before.")

    @classmethod
    def from_notice(
        cls, notices: Notices, notice: Notice, language: Language, settings: Settings, now: datetime
    ) -> NoticeView:
        """Return the view of one version."""
        before = notices.numbered(notice.number - 1)
        changes = changes_between(before, notice) if before is not None else ()
        return cls(
            version=notice.number,
            versions=[version.number for version in notices.versions],
            in_force=notices.in_force(now) == notice,
            from_at=notice.from_at,
            language=language,
            summary=said(notice.summary, language),
            purposes=[PurposeView.from_purpose(purpose, language) for purpose in notice.purposes],
            rights=[
                RightView(right=right.code, text=said(right.text, language), call=right.call) for right in notice.rights
            ],
            controller=ControllerView(
                name=settings.controller_name,
                address=settings.controller_address,
                email=settings.data_protection_email,
            ),
            changes=[PurposeChangeView(purpose=change.code, kind=change.kind) for change in changes],
        )


def said(words: NoticeText, language: Language) -> str:
    """Return the sentence in that language."""
    return words.en if language == "en" else words.id
