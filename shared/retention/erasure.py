"""One erasure in one service, from the order to its end: what was erased, what is kept, and until when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from shared.events.message import Event
from shared.retention.shelf import Order
from shared.store.decision import Decision
from shared.store.transitions import Transitions

LEGAL_HOLD: Final = "legal_hold"
IN_USE: Final = "in_use"
"""Why something is kept, beside the name of a rule: an operator's hold, or a use that has not ended."""

LOOK_AGAIN_AFTER: Final = timedelta(minutes=10)
"""Until the second look, unless another time is set: longer than any message that was under way, or any request, when
the order came.
"""

IN_USE_AGAIN_AFTER: Final = timedelta(days=1)
"""Until it is looked again whether a use has ended."""


class ErasureState(StrEnum):
    """States of an erasure."""

    ERASING = "erasing"
    WAITING = "waiting"
    """All is erased but what a rule or a hold keeps."""
    DONE = "done"


class ErasureCommand(StrEnum):
    """Commands of an erasure."""

    LOOK_AGAIN = "look_again"
    KEEP = "keep"
    RESUME = "resume"
    FINISH = "finish"


ERASURE_TRANSITIONS: Final[Transitions[ErasureState, ErasureCommand]] = Transitions(
    {
        (ErasureState.ERASING, ErasureCommand.LOOK_AGAIN): ErasureState.ERASING,
        (ErasureState.ERASING, ErasureCommand.KEEP): ErasureState.WAITING,
        (ErasureState.ERASING, ErasureCommand.FINISH): ErasureState.DONE,
        (ErasureState.WAITING, ErasureCommand.RESUME): ErasureState.ERASING,
    }
)


@dataclass(frozen=True)
class Kept:
    """One thing that is kept: why, and until when if that is known."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class Erasure:
    """One erasure. ``next_at`` is when the service looks (again); ``told`` is what it has told to be kept."""

    order: Order
    ordered_at: datetime
    state: ErasureState = ErasureState.ERASING
    next_at: datetime | None = None
    looks: int = 0
    erased: int = 0
    held: bool = False
    kept: tuple[str, ...] = ()
    told: tuple[str, ...] | None = None
    done_at: datetime | None = None


class ErasureTold(Protocol):
    """Makes the service's event about an erasure."""

    def __call__(self, *, erasure_id: str, service: str, kept: tuple[str, ...]) -> Event:
        """Return the event."""
        ...


def open_erasure(order: Order, now: datetime) -> Erasure:
    """Return an erasure whose first look is due now."""
    return Erasure(order, now, next_at=now)


def deadlines(erasure: Erasure) -> Mapping[str, datetime]:
    """Return when the service looks next, under the name ``erase``."""
    return {"erase": erasure.next_at} if erasure.next_at is not None else {}


def looked(
    erasure: Erasure,
    erased: int,
    kept: Iterable[Kept],
    now: datetime,
    *,
    service: str,
    told: ErasureTold,
    look_again_after: timedelta = LOOK_AGAIN_AFTER,
) -> Decision[Erasure]:
    """Return the erasure after a look through all shelves.

    A look that erased something, and the first one, is followed by another: a message that was under way may have
    written after it. What is kept, or that nothing is, is told once it is certain, and again when it has changed.
    """
    found = tuple(kept)
    if erasure.state is ErasureState.WAITING:
        erasure = replace(erasure, state=ERASURE_TRANSITIONS.after(erasure.state, ErasureCommand.RESUME))
    reasons = tuple(sorted({item.reason for item in found}))
    first = erasure.looks == 0
    after = replace(
        erasure, looks=erasure.looks + 1, erased=erasure.erased + erased, kept=reasons, held=LEGAL_HOLD in reasons
    )
    if erased or first:
        state = ERASURE_TRANSITIONS.after(after.state, ErasureCommand.LOOK_AGAIN)
        return Decision(replace(after, state=state, next_at=now + look_again_after))
    command = ErasureCommand.KEEP if reasons else ErasureCommand.FINISH
    after = replace(after, state=ERASURE_TRANSITIONS.after(after.state, command), next_at=_next_look(found, now))
    if not reasons:
        after = replace(after, done_at=now)
    events = (told(erasure_id=after.order.erasure_id, service=service, kept=reasons),)
    return Decision(replace(after, told=reasons), events if erasure.told != reasons else ())


def resumed(erasure: Erasure, now: datetime) -> Erasure:
    """Return a waiting erasure that looks again now: a hold was lifted. One that is done stays as it is."""
    return replace(erasure, next_at=now) if erasure.state is ErasureState.WAITING else erasure


def _next_look(kept: tuple[Kept, ...], now: datetime) -> datetime | None:
    if not kept:
        return None
    times = [item.until for item in kept if item.until is not None]
    if any(item.reason == IN_USE for item in kept):
        times.append(now + IN_USE_AGAIN_AFTER)
    return min(times, default=None)
