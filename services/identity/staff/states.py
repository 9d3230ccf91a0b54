"""Where a member of staff stands, and which command leads where."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class StaffState(StrEnum):
    """Where a member of staff stands."""

    PROPOSED = "proposed"
    """Asked for by one operator; another one has to agree."""
    INVITED = "invited"
    """Has a one-time password and no own one: nothing can be done with it but setting an own one."""
    ACTIVE = "active"
    LOCKED = "locked"
    REFUSED = "refused"
    LEFT = "left"


class StaffCommand(StrEnum):
    """What is done with a member of staff."""

    APPROVE = "approve"
    REFUSE = "refuse"
    SET_PASSWORD = "set_password"  # noqa: S105 - a command, no secret
    RESET = "reset"
    REASSIGN = "reassign"
    LOCK = "lock"
    UNLOCK = "unlock"
    LEAVE = "leave"


STAFF_TRANSITIONS: Final[Mapping[tuple[StaffState, StaffCommand], StaffState]] = {
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
}
"""Unlocking gives a new one-time password: whoever may have known the old one knows nothing that counts any more."""

FINAL_STAFF: Final = frozenset({StaffState.REFUSED, StaffState.LEFT})


class StaffMoveIllegal(Exception):
    """The table has no such command in this state."""

    def __init__(self, state: StaffState, command: StaffCommand) -> None:
        super().__init__(f"{command} cannot follow {state}")
        self.state = state
        self.command = command


def staff_after(state: StaffState, command: StaffCommand) -> StaffState:
    """The next state.

    Raises:
        StaffMoveIllegal: the table has no such command in this state.
    """
    after = STAFF_TRANSITIONS.get((state, command))
    if after is None:
        raise StaffMoveIllegal(state, command)
    return after
