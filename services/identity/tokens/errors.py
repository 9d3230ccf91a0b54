"""Refusals about refresh tokens and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.errors import NotAuthenticated, fact_types


class RefreshTokenInvalid(NotAuthenticated):
    """Not a refresh token that was issued here."""

    code = "refresh_token_invalid"
    title = "This refresh token was not issued here."
    title_id = "Refresh token ini tidak diterbitkan di sini."
    next_action = "Sign in again."
    next_action_id = "Masuk kembali."


class SessionEnded(NotAuthenticated):
    """The session is over: expired, signed out, or ended because an old token was used again."""

    code = "session_ended"
    facts_told = fact_types(
        account_id=str, session_id=str, tokens_until=datetime, cause=Literal["expired", "token_reused"]
    )
    title = "This session has ended."
    title_id = "Sesi ini sudah berakhir."
    next_action = "Sign in again."
    next_action_id = "Masuk kembali."
