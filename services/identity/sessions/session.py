"""Sessions: families of refresh tokens of which one counts, with a short grace for answers that were lost.

A token is a keyed hash of its session and generation, so the next one can be made again and none is stored. What was
issued is recognised for ever: an old generation after its grace is reuse, and ends the family.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Presented(StrEnum):
    """Verdict on a genuine refresh token, by its generation."""

    CURRENT = "current"
    LOST_ANSWER = "lost_answer"
    REUSED = "reused"
    OVER = "over"


@dataclass(frozen=True)
class OfficeWord:
    """The word of an office's provider that a member of staff is there: of which link, given when, and the fingerprint
    of the member's session at the provider, empty where it names none.
    """

    link_id: str
    given_at: datetime
    sid: str = ""


@dataclass(frozen=True)
class Session:
    """One signed-in device. ``salt`` makes its tokens its own; ``generation`` is the token that counts.

    ``device_id`` is empty where the device was new: then it is called after this session. Of staff: ``proven_by`` is
    the kind of second factor that opened it, empty without one; with ``must_enrol`` it can only enrol one;
    ``by_office`` is the word of their office's provider, None after a password.
    """

    id: str
    salt: str
    started_at: datetime
    ends_at: datetime
    generation: int = 0
    rotated_at: datetime | None = None
    device_id: str = ""
    proven_by: str = ""
    must_enrol: bool = False
    by_office: OfficeWord | None = None


@dataclass(frozen=True)
class NewDevice:
    """A sign-in on a device that was not known: its session and time. Kept until its owner has looked at it."""

    session_id: str
    signed_in_at: datetime


def start_session(session_id: str, salt: str, lifetime_seconds: int, now: datetime, *, device_id: str = "") -> Session:
    """Return a session at its first token."""
    return Session(session_id, salt, now, now + timedelta(seconds=lifetime_seconds), device_id=device_id)


def present(session: Session, generation: int, grace_seconds: int, now: datetime) -> Presented:
    """Return the verdict on the token of this generation (the caller has checked that it is genuine)."""
    if now >= session.ends_at or generation > session.generation:
        return Presented.OVER
    if generation == session.generation:
        return Presented.CURRENT
    last_rotation = session.rotated_at or session.started_at
    is_in_grace = now <= last_rotation + timedelta(seconds=grace_seconds)
    return Presented.LOST_ANSWER if generation == session.generation - 1 and is_in_grace else Presented.REUSED


def rotate(session: Session, now: datetime) -> Session:
    """Return the session at its next token."""
    return replace(session, generation=session.generation + 1, rotated_at=now)


def find_session(sessions: tuple[Session, ...], session_id: str) -> Session | None:
    """Return the session of that id, or none."""
    return next((session for session in sessions if session.id == session_id), None)


def open_session(sessions: tuple[Session, ...], session_id: str, now: datetime) -> Session | None:
    """Return the session of that id unless it is over by its age, or none."""
    session = find_session(sessions, session_id)
    return session if session is not None and now < session.ends_at else None


def put_session(sessions: tuple[Session, ...], session: Session, most: int, now: datetime) -> tuple[Session, ...]:
    """Return the list with this session in it, without those that are over; at most ``most``, the oldest go."""
    others = [other for other in sessions if other.id != session.id and other.ends_at > now]
    return (*others, session)[-most:]


def drop_session(sessions: tuple[Session, ...], session_id: str) -> tuple[Session, ...]:
    """Return the list without that session."""
    return tuple(session for session in sessions if session.id != session_id)


def drop_office_sessions(
    sessions: tuple[Session, ...], link_id: str, sids: Collection[str] = ()
) -> tuple[Session, ...]:
    """Return the list without those that a provider opened by this link: all, or those of its sessions ``sids`` and
    those whose session there is not known.
    """

    def is_meant(word: OfficeWord | None) -> bool:
        return word is not None and word.link_id == link_id and (not sids or word.sid in ("", *sids))

    return tuple(session for session in sessions if not is_meant(session.by_office))


def ended_sessions(before: tuple[Session, ...], after: tuple[Session, ...], now: datetime) -> tuple[Session, ...]:
    """Those that were open before and are gone now; one that was over by its age has not been ended."""
    kept = {session.id for session in after}
    return tuple(session for session in before if session.id not in kept and session.ends_at > now)
