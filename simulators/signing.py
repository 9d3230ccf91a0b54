"""Signed calls between systems: HMAC-SHA256 over ``timestamp.body``, sent as ``<key id>=<hex>`` with the timestamp."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

SIGNATURE_WINDOW_SECONDS = 300


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the hex signature of a body sent at ``timestamp`` (Unix seconds)."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed_headers(prefix: str, key_id: str, secret: str, unix_seconds: int, body: bytes) -> dict[str, str]:
    """Return the two headers of a signed call, for instance ``X-Simponi-Timestamp`` and ``X-Simponi-Signature``."""
    timestamp = str(unix_seconds)
    signature = f"{key_id}={sign(secret, timestamp, body)}"
    return {f"{prefix}-Timestamp": timestamp, f"{prefix}-Signature": signature}


def signature_holds(prefix: str, headers: Mapping[str, str], secret: str, unix_seconds: int, body: bytes) -> bool:
    """Tell whether one of the comma-separated signatures is right and its timestamp within the window."""
    timestamp = headers.get(f"{prefix}-Timestamp", "")
    if not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    if abs(int(timestamp) - unix_seconds) > SIGNATURE_WINDOW_SECONDS:
        return False
    expected = sign(secret, timestamp, body).encode()
    offered = headers.get(f"{prefix}-Signature", "").split(",")
    return any(hmac.compare_digest(item.strip().partition("=")[2].encode(), expected) for item in offered)
