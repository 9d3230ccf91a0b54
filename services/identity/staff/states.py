"""States of a member of staff and the commands between them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions


class StaffState(StrEnum):
    """States of a member of staff."""

    PROPOSED = "proposed"
    """Asked for by one operator; another one has to agree."""
    INVITED = "invited"
    """Has a one-time password and no own one: nothing can be done with it but setting an own one."""
    ACTIVE = "active"
    LOCKED = "locked"
    REFUSED = "refused"
    LEFT = "left"


class StaffCommand(StrEnum):
    """Commands on a member of staff."""

    APPROVE = "approve"
    REFUSE = "refuse"
    SET_PASSWORD = "set_password"  # noqa: S105 - a command, no secret
    RESET = "reset"
    REASSIGN = "reassign"
    LOCK = "lock"
    UNLOCK = "unlock"
    LEAVE = "leave"
    SIGN_IN_BY_OFFICE = "sign_in_by_office"
    """The provider of their office vouches for them: no own password is needed."""


STAFF_TRANSITIONS: Final[Transitions[StaffState, StaffCommand]] = Transitions(
    {
        (StaffState.PROPOSED, StaffCommand.APPROVE): StaffState.INVITED,
        (StaffState.PROPOSED, StaffCommand.REFUSE): StaffState.REFUSED,
        (StaffState.INVITED, StaffCommand.SET_PASSWORD): StaffState.ACTIVE,
        (StaffState.INVITED, StaffCommand.RESET): StaffState.INVITED,
        (StaffState.INVITED, StaffCommand.REASSIGN): StaffState.INVITED,
        (StaffState.INVITED, StaffCommand.LOCK): StaffState.LOCKED,
        (StaffState.INVITED, StaffCommand.LEAVE): StaffState.LEFT,
        (StaffState.ACTIVE, StaffCommand.SET_PASSWORD): StaffState.ACTIVE,
        (StaffState.ACTIVE, StaffCommand.RESET): StaffState.INVITED,
        (StaffState.ACTIVE, StaffCommand.REASSIGN): StaffState.ACTIVE,
        (StaffState.ACTIVE, StaffCommand.LOCK): StaffState.LOCKED,
        (StaffState.ACTIVE, StaffCommand.LEAVE): StaffState.LEFT,
        (StaffState.LOCKED, StaffCommand.UNLOCK): StaffState.INVITED,
        (StaffState.LOCKED, StaffCommand.LEAVE): StaffState.LEFT,
        (StaffState.INVITED, StaffCommand.SIGN_IN_BY_OFFICE): StaffState.ACTIVE,
        (StaffState.ACTIVE, StaffCommand.SIGN_IN_BY_OFFICE): StaffState.ACTIVE,
    }
)
"""Unlocking gives a new one-time password: the old one may be known to somebody else."""

FINAL_STAFF: Final = frozenset({StaffState.REFUSED, StaffState.LEFT})
