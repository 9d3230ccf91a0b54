"""Assistance over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from services.identity.assistances.assistance import AssistanceState, EndCause, NoTelephone
from services.identity.assistances.service import AssistanceSeen, OriginalSeen
from services.identity.field_types import Identifier, NikText
from shared.audit.entries import LONGEST_WORDS
from shared.events.identity import Consent
from shared.fields.numbers import OneTimeCode
from shared.http.paging import ListView
from shared.http.schema import Body, NextCallView, View, view_next_call

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=LONGEST_WORDS)]
ReasonWord = Annotated[NoTelephone, Field(strict=False)]


class AskConsent(Body):
    """Whom the officer wants to act for: the address that the code goes to."""

    identifier: Identifier = Field(
        examples=["0812 3456 7890"], description="the person's telephone number or email address"
    )


class ToldCode(Body):
    """The six digits that the person told the officer."""

    code: OneTimeCode


class SeenOriginal(Body):
    """The identity card that was seen, and why no code was possible."""

    nik: NikText = Field(description="as on the card")
    reason: ReasonWord
    words: Words = Field(description="what the person said of their telephone; read by the head of the office")
    identifier: Identifier | None = Field(
        None, description="an address of the person's account, where several speak for them"
    )

    def seen(self) -> OriginalSeen:
        """Return the body as the use case takes it."""
        return OriginalSeen(self.nik, self.reason, self.words, self.identifier)


class AssistanceView(View, in_indonesian=("next_action",)):
    """An assistance: who acts for whom, where, by which consent, until when."""

    assistance_id: str
    state: AssistanceState
    consent: Consent
    officer_id: str
    office_id: str
    account_id: str | None
    """The value for ``on_behalf_of``; known once the person has agreed."""
    applicant_ids: list[str]
    """Confirmed applicants whom it covers, while it is live."""
    asked_at: datetime
    begun_at: datetime | None
    expires_at: datetime
    """When it ends by itself; before the consent, when the code is given up."""
    ended_at: datetime | None
    ended_for: EndCause | None
    reason: NoTelephone | None
    sent_to: str | None
    """The masked address that the code went to; only in the answer that sent it."""
    resend_after: datetime | None
    next_action: str
    next_action_id: str
    next_call: NextCallView | None

    @classmethod
    def from_seen(cls, seen: AssistanceSeen) -> Self:
        """Return the view of an assistance."""
        assistance, challenge = seen.assistance, seen.challenge
        next_action, next_action_id = _NEXT[assistance.state]
        return cls(
            assistance_id=seen.assistance_id,
            state=assistance.state,
            consent=assistance.consent,
            officer_id=assistance.officer_id,
            office_id=assistance.office_id,
            account_id=assistance.account_id,
            applicant_ids=list(seen.applicant_ids),
            asked_at=assistance.asked_at,
            begun_at=assistance.begun_at,
            expires_at=assistance.expires_at,
            ended_at=assistance.ended_at,
            ended_for=assistance.ended_for,
            reason=assistance.reason,
            sent_to=challenge.sent_to if challenge is not None else None,
            resend_after=challenge.resend_after if challenge is not None else None,
            next_action=next_action,
            next_action_id=next_action_id,
            next_call=view_next_call("assistance", assistance.state, assistance_id=seen.assistance_id),
        )


class AssistancesView(ListView):
    """Assistances, the newest first."""

    assistances: list[AssistanceView]


_NEXT = {
    AssistanceState.ASKED: (
        "Ask the person for the six digits and send them to /v1/assistances/{assistance_id}/code.",
        "Tanyakan enam angkanya kepada orangnya dan kirim ke /v1/assistances/{assistance_id}/code.",
    ),
    AssistanceState.LIVE: (
        "Act with on_behalf_of and assistance; end it when the person leaves.",
        "Bertindaklah dengan on_behalf_of dan assistance; akhiri setelah orangnya pergi.",
    ),
    AssistanceState.ENDED: (
        "Further help needs a new consent: POST /v1/assistances.",
        "Bantuan berikutnya memerlukan persetujuan baru: POST /v1/assistances.",
    ),
}
