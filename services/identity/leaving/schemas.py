"""Request and answer bodies of leaving."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.identity.accounts.account import MOST_APPLICANTS, MOST_CHILDREN
from services.identity.accounts.channel import Channel
from services.identity.accounts.schemas import ChannelWord
from services.identity.field_types import Id
from services.identity.leaving.leaving import LeavingKind, LeavingState, Wish
from services.identity.leaving.service import LeavingSeen, LeavingStart
from services.identity.leaving.texts import NEXT, OBJECTIONS, STAYS, UNKNOWN_OBJECTION, LeavingText
from services.identity.sign_in.schemas import ChallengeView
from shared.events.codes import LeavingObjection, StayingRecord
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, NextCallView, Query, View, view_next_call

KindWord = Annotated[LeavingKind, Field(strict=False)]
StateWord = Annotated[LeavingState, Field(strict=False)]

MOST_NAMED: Final = MOST_APPLICANTS + MOST_CHILDREN
"""As many applicants as an account can have."""


class LeavingRequest(Body):
    """The wish: to close the account, or to remove some of its applicants, or an address of it."""

    what: KindWord
    applicant_ids: list[Id] = Field(default_factory=list, max_length=MOST_NAMED, description="Only for `applicant`.")
    channel: ChannelWord | None = Field(None, description="Only for `address`: the address that is to go.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.applicant_ids) is not (self.what is LeavingKind.APPLICANT):
            raise PydanticCustomError("applicants_of_leaving", "applicant_ids go with what: applicant, and only there")
        if (self.channel is not None) is not (self.what is LeavingKind.ADDRESS):
            raise PydanticCustomError("channel_of_leaving", "channel goes with what: address, and only there")
        return self

    def wish(self) -> Wish:
        """Return the request as the use case takes it."""
        return Wish(self.what, tuple(sorted(set(self.applicant_ids))), self.channel)


class ReasonAgainstView(View, in_indonesian=("text", "next_action")):
    """An objection to a leaving, and what to do about it, in both languages."""

    code: Annotated[str, OneOf(LeavingObjection)]
    text: str
    text_id: str
    next_action: str
    next_action_id: str
    next_call: NextCallView | None

    @classmethod
    def from_code(cls, code: str) -> ReasonAgainstView:
        """Return the view of an objection."""
        text = OBJECTIONS.get(code, UNKNOWN_OBJECTION)
        return cls(
            code=code,
            text=text.en,
            text_id=text.id,
            next_action=text.next_en,
            next_action_id=text.next_id,
            next_call=view_next_call("leaving_objection", code) if code in OBJECTIONS else None,
        )


class StayingView(View, in_indonesian=("text",)):
    """A record that stays by law until its retention date."""

    code: Annotated[str, OneOf(StayingRecord)]
    text: str
    text_id: str

    @classmethod
    def from_code(cls, code: str) -> StayingView:
        """Return the view of a record that stays."""
        text = STAYS.get(code, LeavingText(code, code))
        return cls(code=code, text=text.en, text_id=text.id)


class LeavingView(View, in_indonesian=("next_action",)):
    """A leaving, and what stands against it."""

    leaving_id: str
    what: LeavingKind
    applicant_ids: list[str]
    channel: Channel | None
    state: LeavingState
    by_silence: bool = Field(description="The account was silent for two years; its owner did not ask.")
    asked_at: datetime
    grace_until: datetime | None = Field(description="Until then it can be undone, and nothing is erased.")
    ended_at: datetime | None
    objections: list[ReasonAgainstView]
    stays: list[StayingView]
    next_action: str
    next_action_id: str
    next_call: NextCallView | None

    @classmethod
    def from_seen(cls, seen: LeavingSeen) -> LeavingView:
        """Return the view of a leaving."""
        leaving, told = seen.leaving, NEXT[seen.leaving.state]
        return cls(
            leaving_id=seen.leaving_id,
            what=leaving.wish.what,
            applicant_ids=list(leaving.wish.applicant_ids),
            channel=leaving.wish.channel,
            state=leaving.state,
            by_silence=leaving.by_silence,
            asked_at=leaving.asked_at,
            grace_until=leaving.grace_until,
            ended_at=leaving.ended_at,
            objections=[ReasonAgainstView.from_code(code) for code in leaving.objections],
            stays=[StayingView.from_code(code) for code in leaving.stays],
            next_action=told.en,
            next_action_id=told.id,
            next_call=view_next_call("leaving", leaving.state.value, leaving_id=seen.leaving_id),
        )


class LeavingStartView(View):
    """A leaving that is asked for: prove the challenge, or see the leaving that goes on already."""

    leaving_id: str
    challenge: ChallengeView | None
    leaving: LeavingView | None

    @classmethod
    def from_start(cls, start: LeavingStart) -> LeavingStartView:
        """Return the view of a leaving that was asked for."""
        leaving = LeavingSeen(start.leaving_id, start.leaving) if start.leaving is not None else None
        return cls(
            leaving_id=start.leaving_id,
            challenge=ChallengeView.from_seen(start.challenge) if start.challenge is not None else None,
            leaving=LeavingView.from_seen(leaving) if leaving is not None else None,
        )


class LeavingsView(ListView):
    """The leavings of the caller's account, the newest first."""

    leavings: list[LeavingView]


class LeavingsQuery(Query):
    """Which leavings an operator looks at; without it all."""

    state: StateWord | None = None


class LeavingLineView(View):
    """A leaving in an operator's list: dates and codes, no personal data."""

    leaving_id: str
    account_id: str
    what: LeavingKind
    state: LeavingState
    by_silence: bool
    asked_at: datetime
    grace_until: datetime | None
    ordered_at: datetime | None
    ended_at: datetime | None
    waits_for: list[str] = Field(description="Services whose answer or erasure is missing.")
    objections: list[str]

    @classmethod
    def from_seen(cls, seen: LeavingSeen) -> LeavingLineView:
        """Return the line of a leaving."""
        leaving = seen.leaving
        return cls(
            leaving_id=seen.leaving_id,
            account_id=leaving.account_id,
            what=leaving.wish.what,
            state=leaving.state,
            by_silence=leaving.by_silence,
            asked_at=leaving.asked_at,
            grace_until=leaving.grace_until,
            ordered_at=leaving.ordered_at,
            ended_at=leaving.ended_at,
            waits_for=list(leaving.waits_for),
            objections=list(leaving.objections),
        )


class LeavingListView(ListView):
    """Leavings of all accounts, the newest first; 500 at most."""

    leavings: list[LeavingLineView]


class LeavingAgreement(Body):
    """A person who was added as a child agrees that their guardian removes them; the officer has seen their card."""

    person_id: Id = Field(description="As POST /v1/persons/lookup tells it for the NIK on the card.")


class LeavingAgreementView(View):
    """In how many accounts of guardians the agreement counts."""

    accounts: int
