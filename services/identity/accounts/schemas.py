"""Request and answer bodies of the account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.identity.accounts.channel import Channel
from services.identity.accounts.service import AccountSeen
from shared.http.language import LanguageCode
from shared.http.schema import View

ChannelWord = Annotated[Channel, Field(strict=False)]


class AccountView(View):
    """The caller's account; addresses are masked."""

    account_id: str
    language: LanguageCode
    registered_at: datetime
    email: str | None
    phone: str | None
    applicants: int
    sessions: int

    @classmethod
    def from_seen(cls, seen: AccountSeen) -> AccountView:
        """Return the view of an account."""
        return cls(
            account_id=seen.account_id,
            language=seen.language,
            registered_at=seen.registered_at,
            email=seen.email,
            phone=seen.phone,
            applicants=seen.applicants,
            sessions=seen.sessions,
        )
