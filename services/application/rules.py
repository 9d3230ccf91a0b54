"""The limits of application: change a number here. Settings take their defaults from these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

DRAFT_IDLE: Final = timedelta(days=30)
"""A draft without work on it ends after this: long enough to get a paper from the civil registry."""

DRAFT_WARNING: Final = timedelta(days=7)
"""How long before its end the applicant is warned; any step keeps the draft."""


@dataclass(frozen=True)
class Pace:
    """How patiently the issuance system is asked; all in seconds."""

    first_retry_seconds: float = 30.0
    longest_retry_seconds: float = 120.0
    """So that what waited for the issuance system goes within minutes of its return."""
    print_poll_seconds: float = 300.0
    alert_grace_seconds: float = 600.0
    """A visit that is confirmed after the alert's hour gets this long before the alert."""

    def retry_after(self, tries: int) -> timedelta:
        """The pause after so many tries, doubled each time up to the longest."""
        doublings = min(tries - 1, 20)
        return timedelta(seconds=min(self.longest_retry_seconds, self.first_retry_seconds * 2.0**doublings))


class PapersReading(StrEnum):
    """Whether a machine reads the papers that are uploaded."""

    NONE = "none"
    WANTED = "wanted"


class PapersUnread(StrEnum):
    """The state of a good picture where no machine reads papers."""

    ACCEPTED = "accepted"
    FLAGGED = "flagged"
    """An officer looks at every one."""


@dataclass(frozen=True)
class PaperRules:
    """Whether papers are read, and what holds without that."""

    reading: PapersReading = PapersReading.NONE
    unread: PapersUnread = PapersUnread.FLAGGED
    reading_seconds: int = 90
    """A page that is not read by then is flagged: ten uploads under full load are read within it."""
    readers: int = 1
    """Pages read at the same time by one reading process: each takes a core and some hundred MiB."""
    most_of_account: int = 20
    """Pages of one account that are being read at a time: a family's papers of one sitting. One reader has them read in
    half a minute, a third of the time that the pages of others have. Further ones are flagged, as unread ones are."""


@dataclass(frozen=True)
class UploadRules:
    """Limits of an upload, and when forgotten files are removed."""

    largest_bytes: int = 10 * 1024 * 1024
    under_way_seconds: int = 24 * 3600
    sweep_seconds: int = 600
    """How often forgotten files are looked for."""
    sweep_grace_seconds: int = 3600
    """Age from which a file that nothing refers to is removed."""
    decodes_at_once: int = 1
    scan_again_seconds: int = 60
    """After a scanner for malware did not answer."""
    largest_scanned_bytes: int = 25 * 1024 * 1024
    """As much as clamd takes by default in Debian (``StreamMaxLength``)."""
