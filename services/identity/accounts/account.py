"""The account: proven addresses, the sessions signed in with them, and the places of its applicants."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from services.identity.accounts.channel import Channel
from services.identity.rules import SILENCE_REMINDER_SECONDS, SILENCE_REMINDERS, SILENT_SECONDS
from services.identity.sessions.session import Session, ended_sessions

MOST_APPLICANTS: Final = 5
"""Applicants that one account may speak for, beside the children on a guardian's family card."""

MOST_CHILDREN: Final = 10
"""Children on the family card of a guardian: a family card has ten lines."""

PLACE_GRACE_SECONDS: Final = 600
"""How long a place may stand without its applicant (its writer crashed in between) before it is free again."""

MOST_JOINED: Final = 4
"""Accounts joined into one: each token of it names them all, and a person has few addresses."""

JOIN_GRACE_SECONDS: Final = 60
"""How long after its first write a join is finished by a deadline, if its request did not live to do it."""

MOST_ADDRESS_CHANGES: Final = 3
"""Address changes of one account that can be undone at once. People move less often within some days, and a thief
must not be able to push the owner's way back out by changing again and again."""

ENDED_LEAVINGS: Final = 4
"""Ended leavings whose ids an account keeps: a step of one would have to come later than three others that followed."""

ENDED_REMEMBERED: Final = timedelta(hours=1)
"""How long an ended session is known again: longer than any code that could begin it a second time counts."""

MOST_ENDED_REMEMBERED: Final = 50
"""Ended sessions known again; an account starts fewer within that hour (its addresses get 5 codes each)."""


@dataclass(frozen=True)
class Address:
    """A proven address: sealed, with its keyed fingerprints."""

    sealed: str
    fingerprints: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """One of the account's places for applicants, taken by this one."""

    applicant_id: str
    taken_at: datetime
    child: bool = False
    """A child on the family card of their guardian: counted apart."""


@dataclass(frozen=True)
class AddressChange:
    """A change of address that can be undone until ``ends_at`` with its secret.

    ``email`` and ``phone`` are as they were before. ``secret_hash`` is all that is kept of the secret. Once it is
    undone, ``undone_at`` says so and the addresses are gone.
    """

    secret_hash: str = field(repr=False)
    changed_at: datetime
    ends_at: datetime
    email: Address | None = None
    phone: Address | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True)
class Recovery:
    """A sign-in with one address of two, of which the other is said to be lost: it waits until ``ready_at``."""

    by: Channel
    asked_at: datetime
    ready_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Ended:
    """A session that was ended."""

    session_id: str
    at: datetime


@dataclass(frozen=True)
class JoinedAccount:
    """An account that was joined into this one."""

    account_id: str
    at: datetime


@dataclass(frozen=True)
class JoinedInto:
    """The account into which this one is joined, since when, and when what is left of it is done (None: nothing is)."""

    account_id: str
    at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class OpenLeaving:
    """A leaving that goes on: of the whole account, or of an applicant or an address of it."""

    leaving_id: str
    whole_account: bool


@dataclass(frozen=True)
class Silence:
    """The last reminder to the owner of an account without a sign-in; ``reminders`` counts them."""

    reminders: int
    last_at: datetime


@dataclass(frozen=True)
class Agreement:
    """The agreement of whoever opened the account: a version of the privacy notice, and free purposes they ticked."""

    notice_version: int
    purposes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """An account. ``fingerprints`` joins those of both addresses, and of those that an undo could bring back: each
    belongs to one account only. ``ended`` are the sessions ended within the last hour. Devices that signed in before
    ``devices_from`` are new ones.
    """

    language: str
    registered_at: datetime
    email: Address | None = None
    phone: Address | None = None
    fingerprints: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    sessions: tuple[Session, ...] = ()
    changes: tuple[AddressChange, ...] = ()
    ended: tuple[Ended, ...] = ()
    devices_from: datetime | None = None
    recovery: Recovery | None = None
    joined: tuple[JoinedAccount, ...] = ()
    joined_into: JoinedInto | None = None
    leaving: OpenLeaving | None = None
    ended_leavings: tuple[str, ...] = ()
    """Ids of the last leavings that ended: a step of theirs that comes late marks the account no more."""
    seen_at: datetime | None = None
    """Last sign-in or refresh of a session; None until the first one after registering."""
    silence: Silence | None = None
    agreement: Agreement | None = None
    """None: of an account that an earlier build or an older client opened."""


def register(
    language: str,
    now: datetime,
    *,
    email: Address | None,
    phone: Address | None,
    agreement: Agreement | None = None,
) -> Account:
    """Return a new account on the one address that was proven."""
    return _with_fingerprints(Account(language, now, email=email, phone=phone, agreement=agreement))


def with_address(
    account: Account, *, email: Address | None = None, phone: Address | None = None, change: AddressChange | None = None
) -> Account:
    """The account with another proven address; ``change`` keeps the way back. Ask :func:`may_change_at` first."""
    kept = (*account.changes, change) if change is not None else account.changes
    changed = replace(account, email=email or account.email, phone=phone or account.phone, changes=kept)
    return _with_fingerprints(changed)


def with_turned_addresses(
    account: Account, email: Address | None, phone: Address | None, changes: tuple[AddressChange, ...]
) -> Account:
    """Return the account with the same addresses, sealed under other keys; those that were let go stay let go."""
    turned = replace(account, email=email, phone=phone, changes=changes)
    had_let_go = account.fingerprints != _with_fingerprints(account).fingerprints
    return turned if had_let_go else _with_fingerprints(turned)


def may_change_at(account: Account, now: datetime) -> datetime | None:
    """None if an address may be changed now, else when it may: as many changes can be undone as are kept."""
    open_changes = sorted(
        change.ends_at for change in account.changes if change.ends_at > now and change.undone_at is None
    )
    return open_changes[-MOST_ADDRESS_CHANGES] if len(open_changes) >= MOST_ADDRESS_CHANGES else None


def find_change(account: Account, matches: Callable[[str], bool], now: datetime) -> AddressChange | None:
    """Return the change whose secret this is, if it can still be undone or was."""
    found = [change for change in account.changes if matches(change.secret_hash)]
    return next((change for change in found if change.ends_at > now), None)


def undo_change(account: Account, change: AddressChange, now: datetime) -> Account:
    """The account as it was before that change: its addresses are back, later changes are void, every session is ended.

    Earlier changes can still be undone. One that was undone before changes nothing.
    """
    if change.undone_at is not None:
        return account
    done = replace(change, email=None, phone=None, undone_at=now)
    kept = tuple(
        done if other == change else other for other in account.changes if other.changed_at <= change.changed_at
    )
    before = replace(
        account, email=change.email, phone=change.phone, changes=kept, sessions=(), devices_from=now, recovery=None
    )
    return _with_fingerprints(before)


def without_old_changes(account: Account, now: datetime) -> Account:
    """The account without changes that cannot be undone any more: the addresses of before are forgotten and free."""
    return _with_fingerprints(
        replace(account, changes=tuple(change for change in account.changes if change.ends_at > now))
    )


def deadlines(account: Account) -> Mapping[str, datetime]:
    """Return when the first change can no longer be undone, when a join is finished, and when silence is looked at."""
    ends = [change.ends_at for change in account.changes]
    join_at = account.joined_into.due_at if account.joined_into is not None else None
    named = {"undo_over": min(ends, default=None), "join": join_at, "silence": silence_due_at(account)}
    return {name: at for name, at in named.items() if at is not None}


def silence_due_at(account: Account) -> datetime | None:
    """Return when an account without a sign-in is reminded next, or begins to close; None if it has no address, is
    joined into another, or is leaving.
    """
    if not (account.email or account.phone) or account.joined_into or account.leaving:
        return None
    if account.silence is not None and account.silence.reminders:
        return account.silence.last_at + timedelta(seconds=SILENCE_REMINDER_SECONDS)
    since = [at for at in (account.registered_at, account.seen_at) if at is not None]
    if account.silence is not None:
        since.append(account.silence.last_at)
    return max(since) + timedelta(seconds=SILENT_SECONDS)


def remind_of_silence(account: Account, now: datetime) -> Account:
    """Return the account after one more reminder."""
    reminders = account.silence.reminders if account.silence is not None else 0
    return replace(account, silence=Silence(reminders + 1, now))


def silence_ends_at(account: Account, now: datetime) -> datetime:
    """Return when the account begins to close, seen from the reminder that is sent now."""
    reminders = account.silence.reminders if account.silence is not None else 0
    return now + (SILENCE_REMINDERS + 1 - reminders) * timedelta(seconds=SILENCE_REMINDER_SECONDS)


def begin_leaving(account: Account, leaving: OpenLeaving) -> Account:
    """Return the account with this leaving, unless another goes on, this one ended or the account was joined."""
    is_free = account.leaving is None and account.joined_into is None
    return (
        replace(account, leaving=leaving) if is_free and leaving.leaving_id not in account.ended_leavings else account
    )


def end_leaving(account: Account, leaving_id: str, now: datetime) -> Account:
    """Return the account without that leaving; its silence counts from now, if that had led to it."""
    if leaving_id not in account.ended_leavings:
        account = replace(account, ended_leavings=(*account.ended_leavings, leaving_id)[-ENDED_LEAVINGS:])
    if account.leaving is None or account.leaving.leaving_id != leaving_id:
        return account
    silence = Silence(0, now) if account.silence is not None else None
    return replace(account, leaving=None, silence=silence)


def remove_address(account: Account, channel: Channel) -> Account:
    """Return the account without this address, also in what an undo could bring back. The other one stays."""
    left = replace(account, email=None) if channel is Channel.EMAIL else replace(account, phone=None)
    return _with_fingerprints(replace(left, changes=(), recovery=None))


def remove_places(account: Account, applicant_ids: Collection[str]) -> Account:
    """Return the account without the places of these applicants."""
    return replace(account, places=tuple(place for place in account.places if place.applicant_id not in applicant_ids))


def erase(account: Account, account_id: str, now: datetime) -> Account:
    """Return what is left of a closed account: dates, and no way in or to anybody."""
    left = Account(account.language, account.registered_at, fingerprints=unreachable(account_id))
    left = replace(left, leaving=account.leaving, ended_leavings=account.ended_leavings)
    return replace(left, ended=account.ended, devices_from=now, joined=account.joined)


def settle_sessions(before: Account, after: Account, now: datetime) -> tuple[Account, tuple[Session, ...]]:
    """Return the account with the sessions that this step ends remembered as ended, and those sessions."""
    gone = ended_sessions(before.sessions, after.sessions, now)
    recent = [mark for mark in after.ended if now - mark.at < ENDED_REMEMBERED]
    marks = (*recent, *(Ended(session.id, now) for session in gone))[-MOST_ENDED_REMEMBERED:]
    after = after if marks == after.ended else replace(after, ended=marks)
    return _seen(after), gone


def _seen(account: Account) -> Account:
    """Return the account with its last sign-in or refresh; that ends a silence."""
    last_at = max((session.rotated_at or session.started_at for session in account.sessions), default=None)
    if last_at is None or (account.seen_at is not None and last_at <= account.seen_at):
        return account
    return replace(account, seen_at=last_at, silence=None)


def has_ended(account: Account, session_id: str) -> bool:
    """Return whether a session of that name was ended a moment ago: it is not to begin again."""
    return any(mark.session_id == session_id for mark in account.ended)


def holds_any(account: Account, fingerprints: Collection[str]) -> bool:
    """Return whether one of these fingerprints is of an address of this account, as it is now, and not let go."""
    held = [
        print_ for address in (account.email, account.phone) if address is not None for print_ in address.fingerprints
    ]
    return not set(held).intersection(account.fingerprints).isdisjoint(fingerprints)


def is_empty(account: Account) -> bool:
    """Return whether the account speaks for no applicant, and so has no application."""
    return not account.places


def unreachable(account_id: str) -> tuple[str, ...]:
    """Return what stands for fingerprints where no address reaches the account: their index lets no two have none."""
    return (f"none:{account_id}",)


def without_address(account: Account, account_id: str, channel: Channel, now: datetime) -> Account:
    """Return the account after another one took this address over: it does not come back, and every session ends."""
    left = replace(account, email=None) if channel is Channel.EMAIL else replace(account, phone=None)
    left = _with_fingerprints(replace(left, changes=(), sessions=(), devices_from=now, recovery=None))
    return left if left.fingerprints else replace(left, fingerprints=unreachable(account_id))


def recovery_by(account: Account, channel: Channel, now: datetime) -> Recovery | None:
    """Return the open recovery by this address, if there is one."""
    recovery = account.recovery
    return recovery if recovery is not None and recovery.by is channel and now < recovery.ends_at else None


def begin_recovery(account: Account, channel: Channel, wait_seconds: int, now: datetime) -> Account:
    """Return the account with a recovery by this address; it is ready after the wait, for as long again."""
    wait = timedelta(seconds=wait_seconds)
    return replace(account, recovery=Recovery(channel, now, now + wait, now + 2 * wait))


def disown(account: Account, issued_at: datetime, now: datetime) -> Account:
    """Return the account after its owner disowned a sign-in of ``issued_at``: no session, no known device, no recovery.

    A repeat changes nothing, so that the owner's own sign-ins afterwards stay.
    """
    if is_disowned(account, issued_at):
        return account
    return replace(account, sessions=(), devices_from=now, recovery=None)


def is_disowned(account: Account, issued_at: datetime) -> bool:
    """Return whether the devices of that moment are known no more."""
    return account.devices_from is not None and account.devices_from > issued_at


def has_place(account: Account, applicant_id: str, *, child: bool = False) -> bool:
    """Return whether this applicant has a place of this sort already."""
    return any(place.applicant_id == applicant_id and place.child is child for place in account.places)


def places_left(account: Account, *, child: bool = False) -> int:
    """Return how many places of this sort are free."""
    taken = sum(1 for place in account.places if place.child is child)
    return max(0, (MOST_CHILDREN if child else MOST_APPLICANTS) - taken)


def take_place(account: Account, applicant_id: str, now: datetime, *, child: bool = False) -> Account:
    """Return the account with a place taken, in exchange for one of the other sort; ask :func:`places_left` first."""
    others = [place for place in account.places if place.applicant_id != applicant_id]
    return replace(account, places=(*others, Place(applicant_id, now, child)))


def without_empty_places(account: Account, existing: Collection[str], now: datetime) -> Account:
    """Return the account without places whose applicant was never written."""
    settled_before = now - timedelta(seconds=PLACE_GRACE_SECONDS)
    kept = tuple(place for place in account.places if place.applicant_id in existing or place.taken_at > settled_before)
    return replace(account, places=kept)


def joined_ids(account: Account) -> tuple[str, ...]:
    """Return the accounts that were joined into this one."""
    return tuple(joined.account_id for joined in account.joined)


def has_joined_since(account: Account, at: datetime) -> bool:
    """Return whether an account was joined into this one at that time or later."""
    return any(joined.at >= at for joined in account.joined)


def join_into(account: Account, into_id: str, now: datetime) -> Account:
    """Return the account on its way into another: nothing begins in it any more, its sessions end, its devices are
    forgotten and no change of address can be undone. It keeps places and addresses until the other one has them.
    """
    due_at = now + timedelta(seconds=JOIN_GRACE_SECONDS)
    left = replace(account, changes=(), sessions=(), devices_from=now, recovery=None)
    return _with_fingerprints(replace(left, joined_into=JoinedInto(into_id, now, due_at)))


def call_join_off(account: Account) -> Account:
    """Return the account as one of its own again: the other one could not take it."""
    return replace(account, joined_into=None)


def lacks_room(into: Account, other: Account) -> tuple[str, int] | None:
    """Return what the account has too few places of to take the other one, and the limit; None if there is room."""
    if len(into.joined) + 1 + len(other.joined) > MOST_JOINED:
        return "accounts", MOST_JOINED
    for name, child, limit in (("applicants", False, MOST_APPLICANTS), ("children", True, MOST_CHILDREN)):
        if sum(place.child is child for place in other.places) > places_left(into, child=child):
            return name, limit
    return None


def take_joined(into: Account, other_id: str, other: Account, now: datetime) -> Account:
    """Return the account with the places of the other one, and those that were joined into that; ask
    :func:`lacks_room` first.
    """
    places = tuple(replace(place, taken_at=now) for place in other.places)
    joined = tuple(JoinedAccount(account_id, now) for account_id in (other_id, *joined_ids(other)))
    return replace(into, places=(*into.places, *places), joined=(*into.joined, *joined))


def let_addresses_go(account: Account, account_id: str) -> Account:
    """Return the joined account whose addresses are free; it still knows them, for the other one to take."""
    return replace(account, fingerprints=unreachable(account_id))


def close_joined(account: Account, now: datetime) -> Account:
    """Return the joined account with nothing left in it. Until the grace of a place is over an applicant may still be
    written, and is moved then.
    """
    join = account.joined_into
    if join is None:
        return account
    last_at = join.at + timedelta(seconds=PLACE_GRACE_SECONDS)
    closed = replace(join, due_at=None if now >= last_at else last_at)
    return replace(account, email=None, phone=None, places=(), joined_into=closed)


def _with_fingerprints(account: Account) -> Account:
    now_held = [account.email, account.phone]
    could_return = [address for change in account.changes for address in (change.email, change.phone)]
    prints = [
        print_ for address in (*now_held, *could_return) if address is not None for print_ in address.fingerprints
    ]
    return replace(account, fingerprints=tuple(dict.fromkeys(prints)))
