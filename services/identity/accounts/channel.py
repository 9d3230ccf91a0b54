"""The channels by which an account is reached."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How a code travels."""

    EMAIL = "email"
    SMS = "sms"
