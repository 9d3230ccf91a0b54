"""A hold delays that a person sees reads for an investigation; two operators agree to it, until a date. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.events.codes import ReadReason
from shared.store.transitions import Transitions


class ReadingHoldState(StrEnum):
    """States of a hold. One in force counts until its date."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    LIFTED = "lifted"


class ReadingHoldCommand(StrEnum):
    """Commands of a hold."""

    APPROVE = "approve"
    REFUSE = "refuse"
    LIFT = "lift"


HOLD_TRANSITIONS: Final[Transitions[ReadingHoldState, ReadingHoldCommand]] = Transitions(
    {
        (ReadingHoldState.PROPOSED, ReadingHoldCommand.APPROVE): ReadingHoldState.IN_FORCE,
        (ReadingHoldState.PROPOSED, ReadingHoldCommand.REFUSE): ReadingHoldState.REFUSED,
        (ReadingHoldState.IN_FORCE, ReadingHoldCommand.LIFT): ReadingHoldState.LIFTED,
    }
)


class ReadingHoldGround(StrEnum):
    """Legal grounds on which reads are shown later (UU 27/2022 art. 15: defence, law enforcement, the state)."""

    LAW_ENFORCEMENT = "law_enforcement"
    COURT_ORDER = "court_order"
    STATE_SECURITY = "state_security"


class OwnProposal(Exception):
    """The operator who proposed the hold cannot agree to it."""


@dataclass(frozen=True)
class ReadingHold:
    """A hold on one account."""

    state: ReadingHoldState
    account_id: str
    ground: ReadingHoldGround
    until: datetime
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    lifted_by: str | None = None
    lifted_at: datetime | None = None


def propose_hold(account_id: str, ground: ReadingHoldGround, until: datetime, by: str, now: datetime) -> ReadingHold:
    """Return a new hold, which counts once another operator agrees."""
    return ReadingHold(ReadingHoldState.PROPOSED, account_id, ground, until, by, now)


def decide_hold(hold: ReadingHold, command: ReadingHoldCommand, by: str, now: datetime) -> ReadingHold:
    """Return the hold approved or refused by a second operator.

    Raises:
        OwnProposal: it is the same one. IllegalTransition: it was decided before.
    """
    state = HOLD_TRANSITIONS.after(hold.state, command)
    if by == hold.proposed_by and command is ReadingHoldCommand.APPROVE:
        raise OwnProposal
    return replace(hold, state=state, decided_by=by, decided_at=now)


def lift_hold(hold: ReadingHold, by: str, now: datetime) -> ReadingHold:
    """Return the hold lifted, by one operator: what it hid is shown from now on.

    Raises:
        IllegalTransition: it is not in force.
    """
    return replace(hold, state=HOLD_TRANSITIONS.after(hold.state, ReadingHoldCommand.LIFT), lifted_by=by, lifted_at=now)


def hides(hold: ReadingHold, reason: str | None, now: datetime) -> bool:
    """Return whether the hold hides a read of this reason now: of an investigation, while it is in force."""
    return hold.state is ReadingHoldState.IN_FORCE and now < hold.until and reason == ReadReason.INVESTIGATION
