"""A change of quota or office facts: author, reason, before and after, decision, and whether it took effect.

A change is written before it takes effect and takes effect exactly once; large ones wait for a second administrator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from shared.events.scheduling import OfficeOpened
from shared.store.transitions import Transitions

APPLY_AGAIN_SECONDS: Final = 15
"""How long a change may be under way before a deadline goes on with it."""


class ChangeSubject(StrEnum):
    """The subjects of changes."""

    FACTS = "facts"
    TEMPLATE = "template"
    SESSION = "session"
    TRANSFER = "transfer"
    OPENED_SESSION = "opened_session"
    OFFLINE_QUOTA = "offline_quota"
    OUTREACH = "outreach"


class ChangeState(StrEnum):
    """The states of a change."""

    __schema_name__ = "QuotaChangeState"

    PROPOSED = "proposed"
    """It waits for a second administrator."""
    APPROVED = "approved"
    """It may take effect and is doing so."""
    APPLIED = "applied"
    REJECTED = "rejected"
    FAILED = "failed"
    """Its subject had changed meanwhile, or could not be changed so; `failure` says why."""


class ChangeCommand(StrEnum):
    """The commands of a change."""

    APPROVE = "approve"
    REJECT = "reject"
    APPLY = "apply"
    FAIL = "fail"


CHANGE_TRANSITIONS: Final = Transitions(
    {
        (ChangeState.PROPOSED, ChangeCommand.APPROVE): ChangeState.APPROVED,
        (ChangeState.PROPOSED, ChangeCommand.REJECT): ChangeState.REJECTED,
        (ChangeState.APPROVED, ChangeCommand.APPLY): ChangeState.APPLIED,
        (ChangeState.APPROVED, ChangeCommand.FAIL): ChangeState.FAILED,
    }
)


@dataclass(frozen=True)
class QuotaChange:
    """One change, from proposal to effect. Only its state and decision change, and it is never removed."""

    office_id: str
    subject: ChangeSubject
    subject_id: str
    author: str
    reason: str
    made_at: datetime
    state: ChangeState
    expected_version: int
    """The version of the subject that the author had seen; 0 where it did not exist."""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    raised: int = 0
    cut: int = 0
    bulk_move: bool = False
    override: bool = False
    """More seats than booths and staff can serve, signed by the author."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    failure: str | None = None
    apply_at: datetime | None = None


@dataclass(frozen=True)
class FourEyes:
    """Limits above which a second administrator must agree."""

    seats: int = 50
    percent: int = 20
    least_seats: int = 5
    """A change of so few seats never needs a second one, whatever its share."""


def needs_second(raised: int, cut: int, before: int, limits: FourEyes) -> bool:
    """Return whether a change of so many of ``before`` seats (0: it adds new ones) needs a second person."""
    changed = max(raised, cut)
    if changed > limits.seats:
        return True
    return before > 0 and changed > limits.least_seats and changed * 100 > before * limits.percent


def begun(change: QuotaChange, *, second_needed: bool) -> QuotaChange:
    """Return the change as it is first written: waiting for a second person, or taking effect."""
    if second_needed:
        return replace(change, state=ChangeState.PROPOSED, apply_at=None)
    return replace(change, state=ChangeState.APPROVED, apply_at=_retry_at(change.made_at))


def approved(change: QuotaChange, by: str, now: datetime, reason: str | None) -> QuotaChange:
    """Return the change after a second administrator agreed: it takes effect."""
    state = CHANGE_TRANSITIONS.after(change.state, ChangeCommand.APPROVE)
    return replace(change, state=state, decided_by=by, decided_at=now, decision_reason=reason, apply_at=_retry_at(now))


def rejected(change: QuotaChange, by: str, now: datetime, reason: str | None) -> QuotaChange:
    """Return the change after a second administrator disagreed."""
    state = CHANGE_TRANSITIONS.after(change.state, ChangeCommand.REJECT)
    return replace(change, state=state, decided_by=by, decided_at=now, decision_reason=reason)


def applied(change: QuotaChange) -> QuotaChange:
    """Return the change after it took effect."""
    return replace(change, state=CHANGE_TRANSITIONS.after(change.state, ChangeCommand.APPLY), apply_at=None)


def events_of(change: QuotaChange) -> tuple[OfficeOpened, ...]:
    """Return what others are told once a change took effect: of an office that was opened."""
    if change.state is not ChangeState.APPLIED or change.subject is not ChangeSubject.OUTREACH:
        return ()
    return (OfficeOpened(office_id=change.after["office"]["office_id"], parent_id=change.office_id),)


def failed(change: QuotaChange, why: str) -> QuotaChange:
    """Return the change that cannot take effect; ``why`` is a refusal's code."""
    return replace(change, state=CHANGE_TRANSITIONS.after(change.state, ChangeCommand.FAIL), failure=why, apply_at=None)


def postponed(change: QuotaChange, now: datetime) -> QuotaChange:
    """Return the change that is under way and is tried again later."""
    return replace(change, apply_at=_retry_at(now))


def change_deadlines(change: QuotaChange) -> Mapping[str, datetime]:
    """Return when a change that is under way is tried again."""
    return {} if change.apply_at is None else {"apply": change.apply_at}


def _retry_at(now: datetime) -> datetime:
    return now + timedelta(seconds=APPLY_AGAIN_SECONDS)
