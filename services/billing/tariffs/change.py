"""Changes of the tariff: proposed by one, approved by another, for a day that has not begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.billing.tariffs.model import Tariff, TariffBook, ZeroTariff
from shared.calendar.working_days import day_in_jakarta
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class ChangeState(StrEnum):
    """States of a proposed tariff change."""

    __schema_name__ = "TariffChangeState"

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class ChangeCommand(StrEnum):
    """Commands of a proposed change."""

    APPROVE = "approve"
    REFUSE = "refuse"


CHANGE_TRANSITIONS: Final = Transitions[ChangeState, ChangeCommand](
    {
        (ChangeState.PROPOSED, ChangeCommand.APPROVE): ChangeState.APPROVED,
        (ChangeState.PROPOSED, ChangeCommand.REFUSE): ChangeState.REFUSED,
    }
)


@dataclass(frozen=True)
class TariffChange:
    """A further tariff with its zero tariffs, and who stands for it. An approved one never changes."""

    change_id: str
    state: ChangeState
    tariff: Tariff
    zero_tariffs: tuple[ZeroTariff, ...]
    reason: str
    proposed_by: str
    proposed_at: datetime
    effective_on: str
    """Its first day in Asia/Jakarta, as ISO text: approved changes have one each."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    refused_because: str | None = None


class ChangeProblem(StrEnum):
    """Reasons that keep a change from being proposed or approved."""

    REACHES_BACK = "reaches_back"
    DAY_IS_TAKEN = "day_is_taken"
    FEES_INCOMPLETE = "fees_incomplete"


def change_problem(change: TariffChange, book: TariffBook, now: datetime) -> ChangeProblem | None:
    """Return the reason that keeps the change from standing; None if it can.

    It begins on a day that has not begun in Jakarta, on which no other tariff begins, and prices every book that the
    tariff before it prices, so every order of that day gets a price.
    """
    first = change.tariff.effective_from
    if first <= day_in_jakarta(now) or any(ground.effective_from < first for ground in change.zero_tariffs):
        return ChangeProblem.REACHES_BACK
    before = book.in_force(first)
    if before.effective_from == first:
        return ChangeProblem.DAY_IS_TAKEN
    return ChangeProblem.FEES_INCOMPLETE if _priced(before) - _priced(change.tariff) else None


def _priced(tariff: Tariff) -> set[tuple[str, int]]:
    return {(fee.passport_kind, fee.validity_years) for fee in tariff.fees}


def approve(change: TariffChange, by: str, now: datetime) -> Decision[TariffChange]:
    """Approve the change: it will be in force on its day."""
    state = CHANGE_TRANSITIONS.after(change.state, ChangeCommand.APPROVE)
    return Decision(replace(change, state=state, decided_by=by, decided_at=now))


def refuse(change: TariffChange, by: str, because: str, now: datetime) -> Decision[TariffChange]:
    """Refuse the change."""
    state = CHANGE_TRANSITIONS.after(change.state, ChangeCommand.REFUSE)
    return Decision(replace(change, state=state, decided_by=by, decided_at=now, refused_because=because))


def merged(shipped: TariffBook, approved: Sequence[TariffChange]) -> TariffBook:
    """Return the book with every approved change, whichever was approved first."""
    book = shipped
    for change in sorted(approved, key=lambda approved_change: approved_change.tariff.effective_from):
        book = book.with_change(change.tariff, change.zero_tariffs)
    return book
