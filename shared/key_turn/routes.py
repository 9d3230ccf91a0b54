"""Key turns over HTTP: the same address in every service, for operators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from shared.http.call import Call
from shared.http.codes import OneOf
from shared.http.endpoint import STAFF, Endpoints
from shared.http.schema import View
from shared.key_turn.service import KeyTurns
from shared.key_turn.turn import KeyTurn, TurnState
from shared.tokens import Role

OPERATORS: Final = STAFF(Role.OPERATOR)
NEVER: Final = "never_begun"


class NoTurn(StrEnum):
    """The state of a service whose keys were never turned."""

    NEVER_BEGUN = NEVER


class KeyTurnView(View):
    """How far a key turn has come. The counts are documents, files and keys of persons."""

    state: Annotated[str, OneOf(TurnState, NoTurn)]
    begun_at: datetime | None = None
    begun_by: str | None = None
    ended_at: datetime | None = None
    counted: int = 0
    done: int = 0
    left: int = 0
    failed: int = 0
    old_keys_may_go: bool = False

    @classmethod
    def from_turn(cls, turn: KeyTurn | None) -> Self:
        """Return the view; of a service whose keys were never turned an empty one."""
        if turn is None:
            return cls(state=NEVER)
        return cls(
            state=turn.state.value,
            begun_at=turn.begun_at,
            begun_by=turn.begun_by,
            ended_at=turn.ended_at,
            counted=turn.counted,
            done=turn.done,
            left=turn.left,
            failed=turn.failed,
            old_keys_may_go=turn.state is TurnState.DONE,
        )


def key_turn_endpoints(service: str, turns_of: Callable[[Call[Any, Any, Any]], KeyTurns]) -> Endpoints:
    """The endpoints of a service's key turn; ``turns_of`` finds it in the running application."""
    api = Endpoints("keys")

    @api.post(
        f"/v1/key-turns/{service}",
        operation=f"begin_key_turn_of_{service}",
        summary="Put everything that the service keeps under its current keys",
        access=OPERATORS,
        answers={202: KeyTurnView},
        description="Begins where none is under way. It goes on by itself; `GET` tells how far it has come.",
    )
    async def begin_key_turn(call: Call) -> KeyTurnView:
        """The turn that is under way now."""
        return KeyTurnView.from_turn(await turns_of(call).begin(call.caller.account_id))

    @api.get(
        f"/v1/key-turns/{service}",
        operation=f"show_key_turn_of_{service}",
        summary="How far the key turn has come",
        access=OPERATORS,
        answers={200: KeyTurnView},
        description="`old_keys_may_go` once nothing under an old key was found.",
    )
    async def show_key_turn(call: Call) -> KeyTurnView:
        """The last turn, running or ended."""
        return KeyTurnView.from_turn(await turns_of(call).find())

    return api
