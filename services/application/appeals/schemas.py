"""Objections and the interviewer's note over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.application.appeals.transitions import NoteGround
from shared.events.codes import InterviewOutcome
from shared.http.codes import OneOf
from shared.http.schema import Body, View

MOST_APPEAL_CHARS = 4000
"""Two pages of writing."""


class LodgeAppeal(Body):
    """A refused applicant's objection."""

    text: str = Field(
        min_length=10,
        max_length=MOST_APPEAL_CHARS,
        description="why the refusal is wrong; kept encrypted, read by who decides",
        examples=["My birth certificate was taken for a copy; it is the original."],
    )


class WithholdNote(Body):
    """Whether the interviewer's note is kept from the applicant."""

    ground: Annotated[NoteGround, Field(strict=False)] | None = Field(
        description="the ground of UU 14/2008 art. 17; null opens the note", examples=["third_person"]
    )


class InterviewNoteView(View):
    """The interviewer's note, and the objection in which it is opened."""

    interview_note: str | None = Field(description="none where the interviewer wrote none")
    written_at: datetime
    outcome: Annotated[str, OneOf(InterviewOutcome)]
    reason_code: str | None
    withheld: Annotated[str, OneOf(NoteGround)] | None = Field(
        description="the ground on which it is kept from the applicant"
    )
    appeal_text: str | None = Field(description="the applicant's own words")
