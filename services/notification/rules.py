"""The limits of notification: a number is changed here, and settings take their defaults from it. Seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class RetryRules:
    """Seconds until the next try, one per try that failed; the last one repeats until ``send_by``."""

    pauses_seconds: tuple[float, ...] = (5, 30, 120, 600, 1800, 3600)
    urgent_pauses_seconds: tuple[float, ...] = (2, 5, 10, 20, 30)

    def pause(self, tries: int, *, urgent: bool) -> timedelta:
        """Return the pause after this many tries (at least one)."""
        pauses = self.urgent_pauses_seconds if urgent else self.pauses_seconds
        return timedelta(seconds=pauses[min(tries, len(pauses)) - 1])


@dataclass(frozen=True)
class MailRules:
    """Patience with the mail server."""

    timeout_seconds: float = 20.0
    """For one mail, from waiting for a connection until the server asks for the mail itself."""
    answer_seconds: float = 600.0
    """The wait for the server's word on a whole mail: giving up sooner sends it twice (RFC 5321, 4.5.3.2.6)."""
    connections: int = 8


@dataclass(frozen=True)
class SmsRules:
    """Patience with the SMS gateway."""

    timeout_seconds: float = 5.0


@dataclass(frozen=True)
class FeedRules:
    """How much of an account's feed is kept."""

    keep_seconds: int = 7 * 86400
    """A telephone that was off for a week reads everything again anyhow."""
    most_entries: int = 200
    """Five applicants on their way at once make about thirty entries each in a week; bounds the document at 60 KiB."""


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
    """The operator's address, told in place of an office whose address is not known here."""
    forget_every_seconds: float = 3600.0
    """Pause between two sweeps of old deliveries."""
    feeds: FeedRules = field(default_factory=FeedRules)
