"""Refusals about refresh tokens and sessions."""

from __future__ import annotations

from shared.errors import NotAuthenticated


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
    title = "This session has ended."
    title_id = "Sesi ini sudah berakhir."
    next_action = "Sign in again."
    next_action_id = "Masuk kembali."
