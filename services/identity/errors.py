"""Shared by the refusals of all rooms; each room has its own in its `errors.py`."""

from __future__ import annotations

from datetime import datetime


def moment(at: datetime) -> str:
    """Return a time as problems and views write it."""
    return at.isoformat().replace("+00:00", "Z")
