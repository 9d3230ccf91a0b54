"""The links that undo a leaving: signed, stored nowhere, and good as long as the leaving can be undone."""

from __future__ import annotations

from services.identity.sessions.signed_text import SignedText
from shared.crypto.keyring import Keyring

LEAVING_UNDO_PATH = "/v1/leaving-undo/"


class LeavingLinks:
    """Makes and reads the links."""

    def __init__(self, keyring: Keyring, public_url: str) -> None:
        self._signed = SignedText(keyring, "pl1", 1)
        self._base = public_url.rstrip("/") + LEAVING_UNDO_PATH

    def make_url(self, leaving_id: str) -> str:
        """Return the whole address of a leaving's page."""
        return self._base + self._signed.sign(leaving_id)

    def read(self, link: str) -> str | None:
        """Return the leaving of a link; None for one that was not made here."""
        parts = self._signed.read(link)
        return parts[0] if parts is not None else None
