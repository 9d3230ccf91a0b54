"""The leaving: an account that closes, or applicants or an address that are removed from it. Proven, then answered by
the services that may object, then undone or, after a grace time and one more asking, erased.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.accounts.channel import Channel
from shared.events.codes import LeavingEnd
from shared.events.identity import ErasureOrdered, LeavingAsked, LeavingEnded
from shared.events.message import Message
from shared.store.decision import Decision
from shared.store.transitions import Transitions

ANSWERING: Final = ("application", "billing")
"""Services that may object."""

IDENTITY: Final = "identity"
ERASING: Final = (IDENTITY, "application", "billing", "scheduling", "notification")
"""Services that erase: all of them."""


class LeavingKind(StrEnum):
    """Kinds of leavings, by what is to go."""

    ACCOUNT = "account"
    APPLICANT = "applicant"
    ADDRESS = "address"


class LeavingState(StrEnum):
    """States of a leaving."""

    ASKED = "asked"
    """Every address has agreed; services say what stands against it."""
    OBJECTED = "objected"
    IN_GRACE = "in_grace"
    """It can be undone."""
    ASKED_AGAIN = "asked_again"
    """The grace time is over; services look once more, since money or a passport may have come meanwhile."""
    UNDONE = "undone"
    ORDERED = "ordered"
    """Services erase."""
    ERASED = "erased"


class LeavingCommand(StrEnum):
    """Commands of a leaving."""

    OBJECT = "object"
    BEGIN_GRACE = "begin_grace"
    UNDO = "undo"
    ASK_AGAIN = "ask_again"
    ORDER = "order"
    FINISH = "finish"


S, C = LeavingState, LeavingCommand

LEAVING_TRANSITIONS: Final = Transitions[LeavingState, LeavingCommand](
    {
        (S.ASKED, C.OBJECT): S.OBJECTED,
        (S.ASKED, C.BEGIN_GRACE): S.IN_GRACE,
        (S.ASKED, C.UNDO): S.UNDONE,
        (S.IN_GRACE, C.UNDO): S.UNDONE,
        (S.IN_GRACE, C.ASK_AGAIN): S.ASKED_AGAIN,
        (S.ASKED_AGAIN, C.OBJECT): S.OBJECTED,
        (S.ASKED_AGAIN, C.UNDO): S.UNDONE,
        (S.ASKED_AGAIN, C.ORDER): S.ORDERED,
        (S.ORDERED, C.FINISH): S.ERASED,
    }
)

OPEN_LEAVINGS: Final = (S.ASKED, S.IN_GRACE, S.ASKED_AGAIN, S.ORDERED)
"""One of these for each account."""

HELD_AGAIN_AFTER: Final = timedelta(days=1)
"""Until identity looks again whether a legal hold still keeps back what was ordered: of an address no service tells."""

AWAITS_ANSWERS: Final = frozenset({S.ASKED, S.ASKED_AGAIN})


@dataclass(frozen=True)
class Wish:
    """A wish to close the account, or to remove some of its applicants, or its address of this channel."""

    what: LeavingKind
    applicant_ids: tuple[str, ...] = ()
    channel: Channel | None = None

    @property
    def whole_account(self) -> bool:
        """Return whether the account closes."""
        return self.what is LeavingKind.ACCOUNT


@dataclass(frozen=True)
class Erased:
    """The people whom a leaving is about: applicants, and the persons behind those whom the registry confirmed."""

    applicant_ids: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeavingAnswer:
    """A service's answer to one asking."""

    service: str
    objections: tuple[str, ...]
    stays: tuple[str, ...]


@dataclass(frozen=True)
class Leaving:
    """A leaving. No personal data: an address is known by its fingerprint, and that is gone with it.

    ``work_at`` is when identity does what its state asks of it in other documents; it is done at once, and again after
    a crash.
    """

    account_id: str
    wish: Wish
    asked_at: datetime
    state: LeavingState = LeavingState.ASKED
    by_silence: bool = False
    joined_account_ids: tuple[str, ...] = ()
    people: Erased = Erased()
    address_fingerprint: str | None = None
    asking: int = 0
    """How often services were asked."""
    answers: tuple[LeavingAnswer, ...] = ()
    """To the last asking."""
    objections: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    grace_until: datetime | None = None
    work_at: datetime | None = None
    ended_at: datetime | None = None
    """When somebody objected or undid it, or the last service had erased."""
    ordered_at: datetime | None = None
    done: tuple[str, ...] = ()
    """Services that have erased."""

    @property
    def can_be_undone(self) -> bool:
        """Return whether nothing is erased yet."""
        return LEAVING_TRANSITIONS.allows(self.state, LeavingCommand.UNDO)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Return the services whose answer or erasure is missing."""
        if self.state in AWAITS_ANSWERS:
            return tuple(name for name in ANSWERING if all(answer.service != name for answer in self.answers))
        return tuple(name for name in ERASING if name not in self.done) if self.state is LeavingState.ORDERED else ()


def open_leaving(
    account_id: str,
    wish: Wish,
    now: datetime,
    *,
    address_fingerprint: str | None = None,
    by_silence: bool = False,
) -> Leaving:
    """Return a leaving whose account is marked first; then services are asked."""
    return Leaving(account_id, wish, now, by_silence=by_silence, address_fingerprint=address_fingerprint, work_at=now)


def ask_services(
    leaving_id: str, leaving: Leaving, people: Erased, joined_account_ids: tuple[str, ...]
) -> Decision[Leaving]:
    """Return the leaving with these people, and the question to the services that may object."""
    asked = replace(
        leaving,
        people=people,
        joined_account_ids=joined_account_ids,
        asking=leaving.asking + 1,
        answers=(),
        work_at=None,
    )
    event = LeavingAsked(
        leaving_id=leaving_id,
        account_id=leaving.account_id,
        applicant_ids=people.applicant_ids,
        person_ids=people.person_ids,
        whole_account=leaving.wish.whole_account,
        joined_account_ids=joined_account_ids,
        asking=asked.asking,
    )
    return Decision(asked, (event,))


def note_answer(leaving: Leaving, answer: LeavingAnswer, asking: int) -> Leaving:
    """Return the leaving with a service's answer; a repeat, or one to an earlier asking, changes nothing."""
    if leaving.state not in AWAITS_ANSWERS or asking != leaving.asking or answer.service not in leaving.waits_for:
        return leaving
    answers = (*leaving.answers, answer)
    stays = tuple(dict.fromkeys(code for given in answers for code in given.stays))
    return replace(leaving, answers=answers, stays=stays)


def objections_of(leaving: Leaving) -> tuple[str, ...]:
    """Return every objection in the answers, once each."""
    return tuple(dict.fromkeys(code for answer in leaving.answers for code in answer.objections))


def object_to(leaving_id: str, leaving: Leaving, objections: tuple[str, ...], now: datetime) -> Decision[Leaving]:
    """Return the leaving that is not to be, for these reasons, and the news of it."""
    state = LEAVING_TRANSITIONS.after(leaving.state, LeavingCommand.OBJECT)
    ended = replace(leaving, state=state, objections=objections, ended_at=now, work_at=now)
    return Decision(ended, (_ended(leaving_id, ended, LeavingEnd.OBJECTED),))


def undo(leaving_id: str, leaving: Leaving, now: datetime) -> Decision[Leaving]:
    """Return the leaving that somebody undid, and the news of it."""
    state = LEAVING_TRANSITIONS.after(leaving.state, LeavingCommand.UNDO)
    ended = replace(leaving, state=state, ended_at=now, work_at=now)
    return Decision(ended, (_ended(leaving_id, ended, LeavingEnd.UNDONE),))


def begin_grace(leaving: Leaving, until: datetime, messages: tuple[Message, ...]) -> Decision[Leaving]:
    """Return the leaving that goes on unless it is undone in time; ``messages`` tell every address of it."""
    state = LEAVING_TRANSITIONS.after(leaving.state, LeavingCommand.BEGIN_GRACE)
    return Decision(replace(leaving, state=state, grace_until=until, work_at=None), messages)


def end_grace(leaving: Leaving) -> Leaving:
    """Return the leaving that services are asked about once more."""
    return replace(leaving, state=LEAVING_TRANSITIONS.after(leaving.state, LeavingCommand.ASK_AGAIN))


def order(
    leaving_id: str, leaving: Leaving, now: datetime, *, shared_person_ids: Collection[str] = ()
) -> Decision[Leaving]:
    """Return the leaving that is carried out, and the order to all services. An address is identity's alone.

    For ``shared_person_ids`` another account speaks too. They stay people of the leaving: that account may be gone by
    the time at which they would be removed, and whichever is the last to erase removes them.
    """
    state = LEAVING_TRANSITIONS.after(leaving.state, LeavingCommand.ORDER)
    ordered, people = replace(leaving, state=state, ordered_at=now, work_at=now), leaving.people
    if leaving.wish.what is LeavingKind.ADDRESS:
        return Decision(replace(ordered, done=tuple(name for name in ERASING if name != IDENTITY)))
    event = ErasureOrdered(
        erasure_id=leaving_id,
        account_id=leaving.account_id,
        applicant_ids=people.applicant_ids,
        person_ids=tuple(name for name in people.person_ids if name not in shared_person_ids),
        whole_account=leaving.wish.whole_account,
        joined_account_ids=leaving.joined_account_ids,
        shared_person_ids=tuple(name for name in people.person_ids if name in shared_person_ids),
    )
    return Decision(ordered, (event,))


def note_erasure(leaving: Leaving, service: str, now: datetime) -> Leaving:
    """Return the leaving after a service has erased; with the last one it is over. A repeat changes nothing."""
    if leaving.state is not LeavingState.ORDERED or service not in leaving.waits_for:
        return leaving
    done = replace(leaving, done=(*leaving.done, service))
    if service == IDENTITY:
        done = replace(done, work_at=None)
    if done.waits_for:
        return done
    state = LEAVING_TRANSITIONS.after(done.state, LeavingCommand.FINISH)
    return replace(done, state=state, ended_at=now, address_fingerprint=None)


def resume(leaving: Leaving, now: datetime) -> Leaving:
    """Return the ordered leaving with identity's own part to be done now, if a legal hold had kept it back."""
    is_kept_back = leaving.state is LeavingState.ORDERED and IDENTITY not in leaving.done
    return replace(leaving, work_at=now) if is_kept_back else leaving


def hold_back(leaving: Leaving, now: datetime) -> Leaving:
    """Return the ordered leaving that a legal hold keeps back: it is looked at again in a day, or as soon as services
    tell that nothing is held any more.
    """
    return replace(leaving, work_at=now + HELD_AGAIN_AFTER)


def rest(leaving: Leaving) -> Leaving:
    """Return the leaving with nothing left to do, because it ended, and without an address's fingerprint."""
    return replace(leaving, work_at=None, address_fingerprint=None)


def deadlines(leaving: Leaving) -> Mapping[str, datetime]:
    """Return when the grace time is over, and when identity has work to do."""
    grace_at = leaving.grace_until if leaving.state is LeavingState.IN_GRACE else None
    named = {"grace": grace_at, "work": leaving.work_at}
    return {name: at for name, at in named.items() if at is not None}


def _ended(leaving_id: str, leaving: Leaving, end: LeavingEnd) -> LeavingEnded:
    return LeavingEnded(
        leaving_id=leaving_id,
        account_id=leaving.account_id,
        end=end.value,
        objections=leaving.objections,
        by_silence=leaving.by_silence,
    )
