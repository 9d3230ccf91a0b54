"""Request and answer bodies of applicants."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.identity.applicants.next_step import identity_progress
from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.service import ApplicantSeen
from services.identity.applicants.texts import REMEDIES, UNKNOWN, WARNINGS
from services.identity.field_types import Id, Name, NikText
from shared.http.schema import Body, IsoDate, View
from shared.masking import mask_nik

SexWord = Annotated[Sex, Field(strict=False)]


Place = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


FamilyCardNumber = Annotated[str, StringConstraints(min_length=16, max_length=16, pattern=r"^[0-9]{16}$")]


class ApplicantForm(Body):
    """An applicant's own particulars, as on the identity card or birth certificate."""

    full_name: Name = Field(examples=["BUDI CONTOH SANTOSO"])
    nik: NikText = Field(examples=["3174011203880002"])
    birth_place: Place = Field(examples=["BANDUNG"])
    birth_date: IsoDate = Field(examples=["1988-03-12"])
    sex: SexWord
    family_card_number: FamilyCardNumber | None = None
    guardian_applicant_id: Id | None = None
    married: bool = False

    def particulars(self) -> Particulars:
        """Return the form without the guardian."""
        return Particulars(
            full_name=self.full_name,
            nik=self.nik,
            birth_place=self.birth_place,
            birth_date=self.birth_date,
            sex=self.sex,
            family_card_number=self.family_card_number,
            married=self.married,
        )


class NoteView(View):
    """A cause or a warning with what to do about it, in both languages."""

    code: str
    field: str | None
    text: str
    text_id: str


class IdentityView(View):
    """How far the check with the civil registry has come."""

    state: Literal["pending", "passed", "failed", "upstream_down"]
    causes: list[str] = Field(description="Why it failed; stable codes.")
    remedies: list[NoteView] = Field(description="One for each cause.")
    warnings: list[NoteView] = Field(description="What is odd and does not stop.")
    failed_tries: int
    next_check_at: datetime | None


class ApplicantView(View):
    """Somebody the account speaks for."""

    applicant_id: str
    full_name: str
    nik: str = Field(description="Masked.", examples=["************0002"])
    birth_place: str
    birth_date: date
    sex: Sex
    family_card_number: str | None = Field(description="Masked.")
    married: bool
    minor: bool
    guardian_applicant_id: str | None
    person_id: str | None = Field(description="Stands for the NIK once the registry has confirmed it.")
    identity: IdentityView
    current_step: str
    remaining_steps: list[str]
    next_action: str
    next_action_id: str
    deadline: datetime | None

    @classmethod
    def from_seen(cls, seen: ApplicantSeen) -> ApplicantView:
        """Return the view of an applicant."""
        particulars, applicant = seen.particulars, seen.applicant
        progress = identity_progress(applicant.identity.state)
        return cls(
            applicant_id=seen.applicant_id,
            full_name=particulars.full_name,
            nik=mask_nik(particulars.nik),
            birth_place=particulars.birth_place,
            birth_date=particulars.birth_date,
            sex=particulars.sex,
            family_card_number=mask_nik(particulars.family_card_number) if particulars.family_card_number else None,
            married=particulars.married,
            minor=applicant.minor,
            guardian_applicant_id=applicant.guardian_applicant_id,
            person_id=applicant.person_id,
            identity=_identity_view(seen),
            current_step=progress.current_step,
            remaining_steps=list(progress.remaining_steps),
            next_action=progress.next_action,
            next_action_id=progress.next_action_id,
            deadline=applicant.identity.check_at,
        )


class ApplicantsView(View):
    """All applicants of the account, oldest first."""

    applicants: list[ApplicantView]
    places_left: int


def _identity_view(seen: ApplicantSeen) -> IdentityView:
    check = seen.applicant.identity
    remedies = [(code, REMEDIES.get(code, UNKNOWN)) for code in check.causes]
    warnings = [(code, WARNINGS.get(code, UNKNOWN)) for code in check.warnings]
    return IdentityView(
        state=check.state.value,
        causes=list(check.causes),
        remedies=[NoteView(code=code, field=text.field, text=text.en, text_id=text.id) for code, text in remedies],
        warnings=[NoteView(code=code, field=text.field, text=text.en, text_id=text.id) for code, text in warnings],
        failed_tries=len(check.failed_at),
        next_check_at=check.check_at,
    )
