"""The link between a member of staff and their user at an office's provider: asked for, agreed to, ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.identity.sessions.session import OfficeWord
from shared.store.transitions import Transitions


class OfficeLinkState(StrEnum):
    """States of a link."""

    ASKED = "asked"
    """The member has proven both sides; who administers them has to agree."""
    LINKED = "linked"
    ENDED = "ended"


class OfficeLinkCommand(StrEnum):
    """Commands on a link."""

    APPROVE = "approve"
    END = "end"


OFFICE_LINK_TRANSITIONS: Final[Transitions[OfficeLinkState, OfficeLinkCommand]] = Transitions(
    {
        (OfficeLinkState.ASKED, OfficeLinkCommand.APPROVE): OfficeLinkState.LINKED,
        (OfficeLinkState.ASKED, OfficeLinkCommand.END): OfficeLinkState.ENDED,
        (OfficeLinkState.LINKED, OfficeLinkCommand.END): OfficeLinkState.ENDED,
    }
)


@dataclass(frozen=True)
class OfficeLink:
    """A link. ``subjects`` are fingerprints of the provider's subject; one that lives has its member and its subject
    for itself.
    """

    provider_id: str
    staff_id: str
    office_id: str
    """The office of the member when it was made."""
    subjects: tuple[str, ...] = field(repr=False)
    state: OfficeLinkState
    asked_at: datetime
    live: bool = True
    """Asked for or made: what the unique indexes look at."""
    decided_by: str | None = None
    """The last who agreed to it or ended it; None of one that was made by the user name alone."""
    last_command: str = ""
    logged_out_at: datetime | None = None
    """When the provider last said that the user has left: its word of then and before counts no more."""
    subject_sealed: str | None = field(default=None, repr=False)
    """The provider's subject, from which the fingerprints are made under changed keys; None of one that has ended, and
    until the next sign-in of one that was made before it was kept.
    """

    def believes(self, word: OfficeWord) -> bool:
        """Return whether this word of the provider signs the member in."""
        is_older = self.logged_out_at is not None and word.given_at <= self.logged_out_at
        return self.state is OfficeLinkState.LINKED and not is_older


def approve_link(link: OfficeLink, by: str, command_id: str) -> OfficeLink:
    """Return the link made.

    Raises:
        IllegalTransition: it is made already, or ended.
    """
    state = OFFICE_LINK_TRANSITIONS.after(link.state, OfficeLinkCommand.APPROVE)
    return replace(link, state=state, decided_by=by, last_command=command_id)


def end_link(link: OfficeLink, by: str, command_id: str) -> OfficeLink:
    """Return the link ended, for good.

    Raises:
        IllegalTransition: it has ended.
    """
    state = OFFICE_LINK_TRANSITIONS.after(link.state, OfficeLinkCommand.END)
    return replace(link, state=state, live=False, decided_by=by, last_command=command_id, subject_sealed=None)


def log_out_link(link: OfficeLink, now: datetime) -> OfficeLink:
    """Return the link after the provider said that the user has left."""
    return replace(link, logged_out_at=now)
