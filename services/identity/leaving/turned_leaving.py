"""Leavings under the current keys, for a key turn: one of an address knows it by its fingerprint alone."""

from __future__ import annotations

from dataclasses import replace

from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import AccountRepository
from services.identity.context import UseCaseContext
from services.identity.leaving.leaving import Leaving
from services.identity.leaving.repository import LEAVING
from shared.crypto.fingerprints import key_id_of
from shared.key_turn.steps import TurnedKind


class LeavingTurn:
    """Takes an address's present fingerprint from the account, which is turned before its leaving."""

    def __init__(self, context: UseCaseContext) -> None:
        self._accounts = AccountRepository(context)
        self._current_id = context.seals.fingerprints.current_id

    def kind(self) -> TurnedKind[Leaving]:
        """Return the kind and how it is turned."""
        return TurnedKind(LEAVING, self._is_current, self._turned)

    def _is_current(self, _leaving_id: str, leaving: Leaving) -> bool:
        known = leaving.address_fingerprint
        return known is None or key_id_of(known) == self._current_id

    async def _turned(self, _leaving_id: str, leaving: Leaving) -> Leaving:
        """Return the leaving with the present fingerprint; with none where the account has another address by now."""
        account = await self._accounts.account(leaving.account_id)
        held = (account.state.email, account.state.phone) if account is not None else ()
        address = held[leaving.wish.channel is Channel.SMS] if held else None
        prints = address.fingerprints if address is not None else ()
        found = prints[0] if leaving.address_fingerprint in prints else None
        return replace(leaving, address_fingerprint=found)
