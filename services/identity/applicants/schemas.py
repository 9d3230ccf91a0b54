"""Request and answer bodies of applicants."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.identity.applicants.applicant import IdentityState
from services.identity.applicants.correction import CorrectionState, Original
from services.identity.applicants.next_step import GROWN, identity_progress
from services.identity.applicants.nik import Sex, date_of_year
from services.identity.applicants.officer_corrections import CorrectionSeen, Proposal
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Cause, RegistryWarning
from services.identity.applicants.service import ApplicantSeen
from services.identity.applicants.texts import REMEDIES, UNKNOWN, WARNINGS
from services.identity.field_types import Id, NikText, ReasonCode
from shared.fields.names import PersonName, PlaceName
from shared.fields.numbers import FamilyCardNumber
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, NextCallView, View, view_next_call
from shared.masking import mask_nik

SexWord = Annotated[Sex, Field(strict=False)]


Year = Annotated[int, Field(ge=1900, le=2100)]


def _hide_default(schema: dict[str, Any]) -> None:
    """Take the null out of the schema of a member that is left out, not sent as null."""
    schema.pop("default", None)


class ApplicantForm(Body):
    """An applicant's own particulars, as on the identity card or birth certificate."""

    full_name: PersonName
    nik: NikText | SkipJsonSchema[None] = Field(
        None,
        examples=["3174011203880002"],
        description="left out only for a child born abroad who has none yet",
        json_schema_extra=_hide_default,
    )
    birth_place: PlaceName
    birth_date: IsoDate | SkipJsonSchema[None] = Field(
        None, examples=["1988-03-12"], description="or birth_year", json_schema_extra=_hide_default
    )
    birth_year: Year | None = Field(
        None, description="where only the year is known: the date is taken from the NIK, else 1 July of that year"
    )
    sex: SexWord
    family_card_number: FamilyCardNumber | None = None
    guardian_applicant_id: Id | None = None
    married: bool = False
    born_abroad: bool = Field(False, description="a child without NIK: with a guardian, shown at the counter")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.birth_date is None) is (self.birth_year is None):
            raise PydanticCustomError("birth_date_or_year", "give birth_date or birth_year, one of them")
        if self.nik is None and not self.born_abroad:
            raise PydanticCustomError("nik_needed", "give nik; only a child born abroad may be without one")
        return self

    def particulars(self) -> Particulars:
        """Return the form without the guardian."""
        return Particulars(
            full_name=self.full_name,
            nik=self.nik,
            birth_place=self.birth_place,
            birth_date=self.birth_date or date_of_year(self.nik, self.birth_year or 0),
            sex=self.sex,
            family_card_number=self.family_card_number,
            married=self.married,
        )


class NoteView(View, in_indonesian=("text",)):
    """A cause or a warning with what to do about it, in both languages."""

    code: str
    field: str | None
    text: str
    text_id: str


class IdentityView(View):
    """How far the check with the civil registry has come."""

    state: Literal["pending", "passed", "failed", "upstream_down"]
    causes: list[Annotated[str, OneOf(Cause)]] = Field(description="Why it failed; stable codes.")
    remedies: list[NoteView] = Field(description="One for each cause.")
    warnings: list[NoteView] = Field(description="What is odd and does not stop.")
    shown_back: list[NoteView] = Field(
        description="Where the registry writes differently, never how: confirm these data as typed, or correct them. "
        "The state is pending meanwhile."
    )
    failed_tries: int
    next_check_at: datetime | None


class ApplicantView(View, in_indonesian=("next_action",)):
    """Somebody the account speaks for."""

    applicant_id: str
    full_name: str
    nik: str = Field(description="Masked; empty for a child without one.", examples=["************0002"])
    birth_place: str
    birth_date: date
    sex: Sex
    family_card_number: str | None = Field(description="Masked.")
    married: bool
    minor: bool
    came_of_age: bool = Field(description="Was added as a child and is 17 or married now: acts in an own account.")
    guardian_applicant_id: str | None
    person_id: str | None = Field(description="Stands for the NIK once the registry has confirmed it.")
    identity: IdentityView
    current_step: str
    remaining_steps: list[str]
    next_action: str
    next_action_id: str
    next_call: NextCallView | None
    deadline: datetime | None

    @classmethod
    def from_seen(cls, seen: ApplicantSeen) -> ApplicantView:
        """Return the view of an applicant."""
        particulars, applicant = seen.particulars, seen.applicant
        progress = GROWN if seen.grown else identity_progress(applicant.identity.state)
        return cls(
            applicant_id=seen.applicant_id,
            full_name=particulars.full_name,
            nik=mask_nik(particulars.nik) if particulars.nik is not None else "",
            birth_place=particulars.birth_place,
            birth_date=particulars.birth_date,
            sex=particulars.sex,
            family_card_number=mask_nik(particulars.family_card_number) if particulars.family_card_number else None,
            married=particulars.married,
            minor=applicant.minor and not seen.grown,
            came_of_age=seen.grown,
            guardian_applicant_id=applicant.guardian_applicant_id,
            person_id=applicant.person_id,
            identity=_identity_view(seen),
            current_step=progress.current_step,
            remaining_steps=list(progress.remaining_steps),
            next_action=progress.next_action,
            next_action_id=progress.next_action_id,
            next_call=None
            if seen.grown
            else view_next_call("applicant", applicant.identity.state, applicant_id=seen.applicant_id),
            deadline=applicant.identity.check_at,
        )


class ApplicantsView(ListView):
    """All applicants of the account, oldest first."""

    applicants: list[ApplicantView]
    places_left: int
    child_places_left: int = Field(description="For children on a guardian's family card.")


_PUBLISHED: Final = {IdentityState.SHOWN_BACK: IdentityState.PENDING}
"""States that callers see under another name: a check that waits for the applicant is not over."""

_DIFFERENCES: Final = frozenset(RegistryWarning)


class ParticularsCorrection(Body):
    """The wrong particulars as the original has them; members that are left out stay."""

    nik: NikText = Field(examples=["3174011203880002"], description="the NIK on the paper, as it stands here today")
    original: Annotated[Original, Field(strict=False)] = Field(description="the paper in the officer's hand")
    reason: ReasonCode = Field("typing_error", description="why, as a code; the audit keeps it")
    full_name: PersonName | None = None
    birth_place: PlaceName | None = None
    birth_date: IsoDate | None = None
    sex: SexWord | None = None
    family_card_number: FamilyCardNumber | None = None
    corrected_nik: NikText | None = None

    def proposal(self) -> Proposal:
        """Return the correction as the use case takes it."""
        given = {
            "full_name": self.full_name,
            "birth_place": self.birth_place,
            "birth_date": self.birth_date,
            "sex": self.sex,
            "family_card_number": self.family_card_number,
            "nik": self.corrected_nik,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        return Proposal(self.nik, changes, self.original, self.reason)


class CorrectionDecision(Body):
    """The second officer's decision, the original in hand."""

    approved: bool
    reason: ReasonCode = Field("original_seen", description="why, as a code; the audit keeps it")


class ChangedView(View):
    """One particular before and after a correction; a NIK or family card number is shown whole."""

    field: str
    value_here: str
    value_on_paper: str


class CorrectionView(View, in_indonesian=("next_action",)):
    """A correction of particulars by an officer."""

    applicant_id: str
    correction_id: str
    state: CorrectionState
    fields: list[str]
    original: Original
    reason: str
    proposed_by: str
    proposed_at: datetime
    ends_at: datetime = Field(description="When a proposal lapses.")
    decided_by: str | None
    decided_at: datetime | None
    changes: list[ChangedView] = Field(description="For the second officer, while it waits; else empty.")
    next_action: str
    next_action_id: str

    @classmethod
    def from_seen(cls, seen: CorrectionSeen, *, with_changes: bool = False) -> CorrectionView:
        """Return the view of a correction; with the data themselves for the officer who decides."""
        correction = seen.correction
        next_action, next_action_id = _CORRECTION_NEXT[correction.state]
        return cls(
            applicant_id=seen.applicant_id,
            correction_id=correction.correction_id,
            state=correction.state,
            fields=[name.value for name in correction.fields],
            original=correction.original,
            reason=correction.reason,
            proposed_by=correction.proposed_by,
            proposed_at=correction.proposed_at,
            ends_at=correction.ends_at,
            decided_by=correction.decided_by,
            decided_at=correction.decided_at,
            changes=_changes(seen) if with_changes else [],
            next_action=next_action,
            next_action_id=next_action_id,
        )


_CORRECTION_NEXT: Final = {
    CorrectionState.PROPOSED: (
        "Show the original to a second officer, who decides at its decision.",
        "Tunjukkan dokumen asli kepada petugas kedua, yang memutuskan pada decision.",
    ),
    CorrectionState.MADE: (
        "Nothing: letter and file are made again with the corrected data.",
        "Tidak ada: surat dan berkas dibuat ulang dengan data yang diperbaiki.",
    ),
    CorrectionState.REFUSED: (
        "Go on with the data as they are.",
        "Lanjutkan dengan data yang ada.",
    ),
    CorrectionState.LAPSED: (
        "Propose it again with the original in hand.",
        "Usulkan lagi dengan dokumen asli di tangan.",
    ),
}


def _changes(seen: CorrectionSeen) -> list[ChangedView]:
    return [
        ChangedView(
            field=name.value,
            value_here=str(getattr(seen.before, name.value) or ""),
            value_on_paper=str(getattr(seen.after, name.value) or ""),
        )
        for name in seen.correction.fields
        if seen.after is not None
    ]


def _identity_view(seen: ApplicantSeen) -> IdentityView:
    check = seen.applicant.identity
    remedies = [(code, REMEDIES.get(code, UNKNOWN)) for code in check.causes]
    warnings = [(code, WARNINGS.get(code, UNKNOWN)) for code in check.warnings]
    is_shown_back = check.state is IdentityState.SHOWN_BACK
    notes = [NoteView(code=code, field=text.field, text=text.en, text_id=text.id) for code, text in warnings]
    return IdentityView(
        state=_PUBLISHED.get(check.state, check.state).value,
        causes=list(check.causes),
        remedies=[NoteView(code=code, field=text.field, text=text.en, text_id=text.id) for code, text in remedies],
        warnings=notes,
        shown_back=[note for note in notes if is_shown_back and note.code in _DIFFERENCES],
        failed_tries=len(check.failed_at),
        next_check_at=check.check_at,
    )
