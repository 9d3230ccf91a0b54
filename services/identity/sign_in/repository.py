"""Queries and writes of challenges."""

from __future__ import annotations

from typing import Final

from services.identity.context import UseCaseContext
from services.identity.sign_in import challenge as challenge_rules
from services.identity.sign_in.challenge import Challenge
from shared.store.kinds import Kind, Record

CHALLENGE: Final[Kind[Challenge]] = Kind("challenge", Challenge, deadlines=challenge_rules.deadlines, batched=True)


class ChallengeRepository:
    """Queries of challenges."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def challenge(self, challenge_id: str) -> Record[Challenge] | None:
        """By its id."""
        return await self._store.get(CHALLENGE, challenge_id)
