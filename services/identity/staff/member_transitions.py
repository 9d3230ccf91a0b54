"""Transitions of a member of staff: hired, approved, given a password, reassigned, locked, unlocked, left.

Whatever is done ends every session of that person in the same write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.sessions.session import Session
from services.identity.staff.member import OneTime, Pending, Staff, StaffReason
from services.identity.staff.powers import Post
from services.identity.staff.states import STAFF_TRANSITIONS, StaffCommand, StaffState

SHORTEST_PASSWORD: Final = 15
"""Characters of an own password: what NIST SP 800-63B-4 asks of one that is not joined by a second factor."""

SHORTEST_NAME: Final = 4
"""Letters of a user name or office that a password must not hold; shorter ones stand in many words."""

REMEMBERED_COMMANDS: Final = 16
"""Commands that one member of staff remembers; more than anybody does with one person while a repeat is under way."""


@dataclass(frozen=True)
class Fresh:
    """A one-time password that is about to be given: its hash, its salt and how long it counts."""

    password_hash: str
    salt: str
    seconds: int


@dataclass(frozen=True)
class Newcomer:
    """A member of staff to be hired; ``name`` is sealed."""

    username: str
    name: str
    post: Post
    office_id: str | None
    offices: tuple[str, ...] = ()
    region_id: str | None = None


class PasswordProblem(StrEnum):
    """Why a text cannot be somebody's own password."""

    TOO_SHORT = "too_short"
    THE_OLD_ONE = "the_old_one"
    THE_USER_NAME = "the_user_name"
    HOLDS_A_NAME = "holds_a_name"
    COMMON = "common"


def hire(
    newcomer: Newcomer, by: str, reason: StaffReason, fresh: Fresh | None, command_id: str, now: datetime
) -> Staff:
    """A new member of staff: invited, or only proposed (without a password) where a second operator has to agree."""
    staff = Staff(
        username=newcomer.username,
        password_hash="",
        role=newcomer.post.value,
        office_id=newcomer.office_id,
        offices=newcomer.offices,
        region_id=newcomer.region_id,
        state=StaffState.PROPOSED,
        name=newcomer.name,
        hired_by=by,
        hired_at=now,
        commands=(command_id,),
    )
    if fresh is None:
        asked = Pending(
            StaffCommand.APPROVE, newcomer.post.value, newcomer.office_id, by, now, reason, newcomer.offices
        )
        return replace(staff, pending=asked)
    return _invited(staff, StaffCommand.APPROVE, fresh, command_id, now)


def found(username: str, name: str, password_hash: str, command_id: str, now: datetime) -> Staff:
    """Return an operator made with a secret of the installation: with an own password from the beginning."""
    return Staff(
        username=username,
        password_hash=password_hash,
        role=Post.OPERATOR.value,
        office_id=None,
        name=name,
        hired_at=now,
        password_set_at=now,
        commands=(command_id,),
    )


def ask(
    staff: Staff,
    command: StaffCommand,
    post: Post,
    office_id: str | None,
    by: str,
    reason: StaffReason,
    command_id: str,
    now: datetime,
    offices: tuple[str, ...] = (),
) -> Staff:
    """The same member of staff with something asked for that a second operator has to agree to; nothing changes yet.

    Raises:
        IllegalTransition: it could not be done now.
    """
    STAFF_TRANSITIONS.after(staff.state, command)
    pending = Pending(command, post.value, office_id, by, now, reason, offices)
    return _noted(replace(staff, pending=pending), command_id)


def refuse(staff: Staff, command_id: str) -> Staff:
    """Refuse what was asked for; a member of staff who was only proposed is refused for good."""
    is_proposed = staff.state is StaffState.PROPOSED
    state = STAFF_TRANSITIONS.after(staff.state, StaffCommand.REFUSE) if is_proposed else staff.state
    return _noted(replace(staff, state=state, pending=None), command_id)


def give_password(staff: Staff, command: StaffCommand, fresh: Fresh, command_id: str, now: datetime) -> Staff:
    """Approved, reset or unlocked: all it comes to is a one-time password in place of the old one."""
    return _noted(_invited(staff, command, fresh, command_id, now), command_id)


def reassign(
    staff: Staff,
    post: Post,
    office_id: str | None,
    command_id: str,
    offices: tuple[str, ...] = (),
    region_id: str | None = None,
) -> Staff:
    """Move to another role, office or region, or to other offices served; every session ends."""
    state = STAFF_TRANSITIONS.after(staff.state, StaffCommand.REASSIGN)
    moved = replace(
        staff,
        state=state,
        role=post.value,
        office_id=office_id,
        offices=offices,
        region_id=region_id,
        sessions=(),
        pending=None,
    )
    return _noted(moved, command_id)


def lock(staff: Staff, command_id: str) -> Staff:
    """Lock until unlocked; a pending request is dropped."""
    state = STAFF_TRANSITIONS.after(staff.state, StaffCommand.LOCK)
    return _noted(replace(staff, state=state, sessions=(), pending=None, one_time=None), command_id)


def leave(staff: Staff, command_id: str) -> Staff:
    """Leave for good: no password opens this account again, and its user name is never given again."""
    state = STAFF_TRANSITIONS.after(staff.state, StaffCommand.LEAVE)
    gone = replace(staff, state=state, password_hash="", sessions=(), pending=None, one_time=None)
    return _noted(gone, command_id)


def set_password(staff: Staff, password_hash: str, now: datetime) -> Staff:
    """Set an own password; every session ends."""
    state = STAFF_TRANSITIONS.after(staff.state, StaffCommand.SET_PASSWORD)
    return replace(
        staff,
        state=state,
        password_hash=password_hash,
        password_set_at=now,
        sessions=(),
        one_time=None,
        tries=0,
        locked_until=None,
        sources=(),
    )


def let_in_by_office(staff: Staff, sessions: tuple[Session, ...], now: datetime) -> Staff:
    """Sign in on the word of the office's provider; a one-time password that was not used opens nothing any more.

    Raises:
        IllegalTransition: they are not in service.
    """
    state = STAFF_TRANSITIONS.after(staff.state, StaffCommand.SIGN_IN_BY_OFFICE)
    password_hash = "" if staff.state is StaffState.INVITED else staff.password_hash
    return replace(staff, state=state, password_hash=password_hash, one_time=None, sessions=sessions, signed_in_at=now)


def is_over(staff: Staff, now: datetime) -> bool:
    """Return whether the one-time password does not count any more."""
    return staff.one_time is not None and now >= staff.one_time.expires_at


def password_problem(
    username: str, old: str, new: str, office_id: str | None = None, *, is_common: bool = False
) -> PasswordProblem | None:
    """Return why the new text cannot be the own password; none if it can. ``is_common`` is what the list of common
    passwords says of it.
    """
    if len(new) < SHORTEST_PASSWORD:
        return PasswordProblem.TOO_SHORT
    if new == old:
        return PasswordProblem.THE_OLD_ONE
    if new.strip().lower() == username:
        return PasswordProblem.THE_USER_NAME
    names = (_letters(name) for name in (username, office_id or ""))
    if any(len(name) >= SHORTEST_NAME and name in _letters(new) for name in names):
        return PasswordProblem.HOLDS_A_NAME
    return PasswordProblem.COMMON if is_common else None


def _letters(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())


def has_taken(staff: Staff, command_id: str) -> bool:
    """Return whether this command took effect already."""
    return command_id in staff.commands


def _invited(staff: Staff, command: StaffCommand, fresh: Fresh, command_id: str, now: datetime) -> Staff:
    return replace(
        staff,
        state=STAFF_TRANSITIONS.after(staff.state, command),
        password_hash=fresh.password_hash,
        one_time=OneTime(now + timedelta(seconds=fresh.seconds), fresh.salt, command_id),
        sessions=(),
        pending=None,
        tries=0,
        locked_until=None,
        sources=(),
    )


def _noted(staff: Staff, command_id: str) -> Staff:
    return replace(staff, commands=(*staff.commands, command_id)[-REMEMBERED_COMMANDS:])
