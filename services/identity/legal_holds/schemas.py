"""Request and answer bodies of legal holds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints

from services.identity.field_types import NamesNobody
from services.identity.legal_holds.hold import HoldGround, HoldState, HoldSubject, LegalHold, Reference
from shared.http.paging import ListView
from shared.http.schema import Body, Path, View
from shared.store.kinds import Record

LONGEST_ID = 64
LONGEST_CASE_CODE = 64
"""Characters of an authority's reference, as 123/Pid.Sus/2026/PN Jkt.Sel."""

SubjectKind = Annotated[HoldSubject, Field(strict=False)]
Ground = Annotated[HoldGround, Field(strict=False)]
CaseCode = Annotated[
    str,
    StringConstraints(min_length=3, max_length=LONGEST_CASE_CODE, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./-]+$"),
    NamesNobody,
]
Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"^[A-Za-z0-9-]+$")]


class HoldPath(Path):
    """The id of a hold."""

    hold_id: Id


class ProposeHold(Body):
    """A hold: what it is about, on which ground, for which case, and until when."""

    subject_kind: SubjectKind = Field(examples=["person"])
    subject_id: Id = Field(examples=["0198c0de-0000-7000-8000-000000000001"])
    ground: Ground = Field(examples=["criminal_investigation"])
    case_code: CaseCode = Field(examples=["123/Pid.Sus/2026"])
    until: AwareDatetime = Field(examples=["2027-11-30T00:00:00Z"], strict=False)

    def reference(self) -> Reference:
        """Return what the hold is about."""
        return Reference(self.subject_kind, self.subject_id, self.ground, self.case_code, self.until)


class DecideHold(Body):
    """Yes or no to what another operator proposed."""

    agree: bool = Field(examples=[True])


class HoldView(View):
    """A hold as operators see it: ids and codes, no name."""

    hold_id: str
    state: HoldState
    subject_kind: HoldSubject
    subject_id: str
    ground: HoldGround
    case_code: str
    until: datetime
    proposed_by: str
    proposed_at: datetime
    agreed_by: str | None
    agreed_at: datetime | None
    lift_proposed_by: str | None
    ended_by: str | None
    ended_at: datetime | None

    @classmethod
    def from_record(cls, record: Record[LegalHold]) -> Self:
        """Return the view of a hold."""
        hold, about = record.state, record.state.reference
        return cls(
            hold_id=record.id,
            state=hold.state,
            subject_kind=about.subject_kind,
            subject_id=about.subject_id,
            ground=about.ground,
            case_code=about.case_code,
            until=about.until,
            proposed_by=hold.proposed_by,
            proposed_at=hold.proposed_at,
            agreed_by=hold.agreed_by,
            agreed_at=hold.agreed_at,
            lift_proposed_by=hold.lift_proposed_by,
            ended_by=hold.ended_by,
            ended_at=hold.ended_at,
        )


class HoldsView(ListView):
    """Holds, the newest first."""

    holds: tuple[HoldView, ...]
