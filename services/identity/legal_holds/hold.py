"""A legal hold: proposed by one operator and agreed to by another, lifted the same way, or over by its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.events.identity import LegalHoldLifted, LegalHoldPlaced
from shared.store.decision import Decision
from shared.store.transitions import Transitions

LONGEST_HOLD: Final = timedelta(days=5 * 366)
"""A hold ends after five years at most: a case that goes on is looked at again, and no hold is forgotten."""

PROPOSAL_LAPSES_AFTER: Final = timedelta(days=3)
"""A proposal without a second operator lapses: a weekend, and the day on which the colleague is back."""


class HoldState(StrEnum):
    """States of a hold."""

    PROPOSED = "proposed"
    """It holds nothing before a second operator agrees."""
    PLACED = "placed"
    LIFT_PROPOSED = "lift_proposed"
    """It still holds until a second operator agrees that it does no more."""
    LIFTED = "lifted"
    DECLINED = "declined"
    OVER = "over"


class HoldCommand(StrEnum):
    """Commands of a hold."""

    AGREE = "agree"
    DECLINE = "decline"
    PROPOSE_LIFT = "propose_lift"
    AGREE_LIFT = "agree_lift"
    DECLINE_LIFT = "decline_lift"
    END = "end"


HOLD_TRANSITIONS: Final[Transitions[HoldState, HoldCommand]] = Transitions(
    {
        (HoldState.PROPOSED, HoldCommand.AGREE): HoldState.PLACED,
        (HoldState.PROPOSED, HoldCommand.DECLINE): HoldState.DECLINED,
        (HoldState.PROPOSED, HoldCommand.END): HoldState.OVER,
        (HoldState.PLACED, HoldCommand.PROPOSE_LIFT): HoldState.LIFT_PROPOSED,
        (HoldState.PLACED, HoldCommand.END): HoldState.OVER,
        (HoldState.LIFT_PROPOSED, HoldCommand.AGREE_LIFT): HoldState.LIFTED,
        (HoldState.LIFT_PROPOSED, HoldCommand.DECLINE_LIFT): HoldState.PLACED,
        (HoldState.LIFT_PROPOSED, HoldCommand.END): HoldState.OVER,
    }
)

DECISIONS: Final[Mapping[HoldState, tuple[HoldCommand, HoldCommand]]] = {
    HoldState.PROPOSED: (HoldCommand.AGREE, HoldCommand.DECLINE),
    HoldState.LIFT_PROPOSED: (HoldCommand.AGREE_LIFT, HoldCommand.DECLINE_LIFT),
}
"""The command of a yes and of a no to what is proposed."""


class HoldSubject(StrEnum):
    """Kinds of what is held."""

    PERSON = "person"
    """The person, with every applicant and account in which they are one."""
    ACCOUNT = "account"
    APPLICATION = "application"


class HoldGround(StrEnum):
    """Grounds of a hold."""

    COURT_ORDER = "court_order"
    CRIMINAL_INVESTIGATION = "criminal_investigation"
    CIVIL_SUIT = "civil_suit"
    AUDIT_OF_STATE_MONEY = "audit_of_state_money"
    SUPERVISION_OF_DATA_PROTECTION = "supervision_of_data_protection"


@dataclass(frozen=True)
class Reference:
    """The subject and the ground of a hold; ``case_code`` is the reference of the authority that asks for it."""

    subject_kind: HoldSubject
    subject_id: str
    ground: HoldGround
    case_code: str
    until: datetime


@dataclass(frozen=True)
class LegalHold:
    """One hold. ``subjects`` are the ids that it holds, as they were when it was agreed to."""

    reference: Reference
    proposed_by: str
    proposed_at: datetime
    subjects: tuple[str, ...] = ()
    state: HoldState = HoldState.PROPOSED
    agreed_by: str | None = None
    agreed_at: datetime | None = None
    lift_proposed_by: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    @property
    def asked_by(self) -> str:
        """Return the operator whose proposal waits, or was the last."""
        return self.lift_proposed_by or self.proposed_by


def propose_hold(reference: Reference, by: str, now: datetime) -> LegalHold:
    """Return a hold that waits for a second operator."""
    return LegalHold(reference, by, now)


def is_too_long(until: datetime, now: datetime) -> bool:
    """Return whether a hold until then is not possible: its end is past, or beyond the longest time."""
    return not now < until <= now + LONGEST_HOLD


def deadlines(hold: LegalHold) -> Mapping[str, datetime]:
    """Return when the hold, or the proposal of one, is over, under the name ``end``."""
    if hold.state is HoldState.PROPOSED:
        return {"end": min(hold.proposed_at + PROPOSAL_LAPSES_AFTER, hold.reference.until)}
    return {"end": hold.reference.until} if hold.state in (HoldState.PLACED, HoldState.LIFT_PROPOSED) else {}


def propose_lift(hold: LegalHold, by: str) -> Decision[LegalHold]:
    """Propose that the hold be lifted; it holds on.

    Raises:
        IllegalTransition: it is not placed.
    """
    state = HOLD_TRANSITIONS.after(hold.state, HoldCommand.PROPOSE_LIFT)
    return Decision(replace(hold, state=state, lift_proposed_by=by))


def decide_hold(
    hold_id: str, hold: LegalHold, command: HoldCommand, by: str, subjects: tuple[str, ...], now: datetime
) -> Decision[LegalHold]:
    """Say yes or no to what is proposed.

    Raises:
        IllegalTransition: nothing is proposed that the command answers.
    """
    decided = replace(hold, state=HOLD_TRANSITIONS.after(hold.state, command))
    if command is HoldCommand.AGREE:
        placed = replace(decided, agreed_by=by, agreed_at=now, subjects=subjects)
        event = LegalHoldPlaced(hold_id=hold_id, subjects=subjects, until=hold.reference.until)
        return Decision(placed, (event,))
    if command is HoldCommand.DECLINE_LIFT:
        return Decision(replace(decided, lift_proposed_by=None))
    ended = replace(decided, ended_by=by, ended_at=now)
    return Decision(ended, (LegalHoldLifted(hold_id=hold_id),) if command is HoldCommand.AGREE_LIFT else ())


def end_hold(hold: LegalHold, now: datetime) -> Decision[LegalHold]:
    """End a hold, or a proposal, whose time is over: every service knows that time and ends its copy by itself.

    Raises:
        IllegalTransition: it has ended before.
    """
    return Decision(replace(hold, state=HOLD_TRANSITIONS.after(hold.state, HoldCommand.END), ended_at=now))
