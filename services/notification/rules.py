"""How patient notification is and whom it tells at the offices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.notification.deliveries.delivery import RetryRules


@dataclass(frozen=True)
class Rules:
    """The settings of the use cases; durations in seconds."""

    retry: RetryRules = field(default_factory=RetryRules)
    useful_seconds: int = 3 * 86400
    """How long news without an end of its own are still worth telling."""
    keep_seconds: int = 90 * 86400
    """How long ended deliveries are kept."""
    office_emails: Mapping[str, str] = field(default_factory=dict)
    operator_email: str | None = None
    """Who hears what an office should hear whose address is not known here."""
