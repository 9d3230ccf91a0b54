"""The person: a random id that stands for a NIK which the civil registry has confirmed.

Several accounts may link to one person; a counter officer settles whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Person:
    """Nothing but the fingerprints of the NIK and when it was first confirmed."""

    nik_fingerprints: tuple[str, ...]
    minted_at: datetime
    leaving: bool = False
    """No applicant speaks for this person any more; they are removed unless one is confirmed with this NIK first."""
