"""Request and answer bodies of consents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from services.identity.consents import consent as rules
from services.identity.consents.consent import ConsentAct, How
from services.identity.consents.service import ChildConsent, ConsentsSeen
from services.identity.field_types import Id
from services.identity.privacy_notice.notice import ChangeKind, Choice, DataPurpose, changes_between
from services.identity.privacy_notice.schemas import VersionNumber
from shared.http.schema import Body, View


class ConsentChoice(Body):
    """A consent that is given or withdrawn."""

    given: bool
    notice_version: VersionNumber | None = Field(None, description="The version that was read; needed to give.")
    applicant_id: Id | None = Field(None, description="A grown child of this account who now says so themselves.")


class PurposeConsentView(View, in_indonesian=("name",)):
    """The consent to one purpose."""

    purpose: str
    choice: Choice
    name: str
    name_id: str
    given: bool
    notice_version: int | None = Field(description="The version that was agreed to, or withdrawn under.")
    at: datetime | None
    how: How | None
    asked_again: bool = Field(
        description="The text of the purpose changed since: read it and choose. Until then nothing is stopped."
    )
    what_changed: ChangeKind | None


class ChildConsentView(View):
    """The consent to a child's data."""

    applicant_id: str
    guardian_applicant_id: str
    given: bool
    by: Literal["guardian", "grown_child"] = Field(examples=["guardian"])
    notice_version: int
    at: datetime
    asked_from: date = Field(description="From this day on the child says so themselves.")
    to_be_asked: bool


class ConsentActView(View):
    """One consent that was given or withdrawn."""

    purpose: str
    notice_version: int
    given: bool
    at: datetime
    how: How
    applicant_id: str | None


class ConsentsView(View):
    """The consents of an account, with their history."""

    notice_version: int = Field(description="In force now.")
    purposes: list[PurposeConsentView]
    children: list[ChildConsentView]
    history: list[ConsentActView] = Field(description="Oldest first.")

    @classmethod
    def from_seen(cls, seen: ConsentsSeen) -> ConsentsView:
        """Return the view of an account's consents."""
        return cls(
            notice_version=seen.notice.number,
            purposes=[_purpose(seen, purpose) for purpose in seen.notice.purposes if purpose.code != rules.CHILD_DATA],
            children=[_child(child) for child in seen.children],
            history=[_act(act) for act in seen.record.acts],
        )


def _purpose(seen: ConsentsSeen, purpose: DataPurpose) -> PurposeConsentView:
    act = seen.record.last_act(purpose.code)
    is_asked_again = rules.is_asked_again(seen.record, seen.notices, seen.notice, purpose.code)
    agreed_to = rules.agreed_notice(seen.record, seen.notices, purpose.code)
    changes = {change.code: change.kind for change in changes_between(agreed_to, seen.notice)}
    return PurposeConsentView(
        purpose=purpose.code,
        choice=purpose.choice,
        name=purpose.name.en,
        name_id=purpose.name.id,
        given=rules.is_on(seen.record, seen.notice, purpose.code),
        notice_version=act.notice_version if act is not None else None,
        at=act.at if act is not None else None,
        how=act.how if act is not None else None,
        asked_again=is_asked_again,
        what_changed=changes.get(purpose.code),
    )


def _child(child: ChildConsent) -> ChildConsentView:
    return ChildConsentView(
        applicant_id=child.applicant_id,
        guardian_applicant_id=child.guardian_applicant_id,
        given=child.act.is_given,
        by="grown_child" if child.act.how is How.GROWN_CHILD else "guardian",
        notice_version=child.act.notice_version,
        at=child.act.at,
        asked_from=child.asked_from,
        to_be_asked=child.is_to_be_asked,
    )


def _act(act: ConsentAct) -> ConsentActView:
    return ConsentActView(
        purpose=act.purpose,
        notice_version=act.notice_version,
        given=act.is_given,
        at=act.at,
        how=act.how,
        applicant_id=act.applicant_id,
    )
