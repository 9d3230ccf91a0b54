"""Tokens of forms: proof that a form came from a page of ours, in this browser, for this account."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_NONCE_CHARS: Final = 16


def new_secret() -> str:
    """Return a browser's secret of 192 bits."""
    return secrets.token_urlsafe(24)


def make_token(secret: str, account_id: str) -> str:
    """Return a token; different each time, so that compressed pages do not give it away (BREACH)."""
    nonce = secrets.token_urlsafe(12)
    return nonce + _proof(secret, account_id, nonce)


def is_genuine(token: str, secret: str, account_id: str) -> bool:
    """Return whether the token was made for this browser and account."""
    nonce, proof = token[:_NONCE_CHARS], token[_NONCE_CHARS:]
    return hmac.compare_digest(proof.encode(), _proof(secret, account_id, nonce).encode())


def _proof(secret: str, account_id: str, nonce: str) -> str:
    return hmac.new(secret.encode(), f"{nonce} {account_id}".encode(), hashlib.sha256).hexdigest()[:40]
