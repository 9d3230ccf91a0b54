"""Idempotency keys."""

from __future__ import annotations

import uuid


def new_key() -> str:
    """Return a new `Idempotency-Key`. Keep it with the command if the command may be sent again after a crash."""
    return str(uuid.uuid4())
