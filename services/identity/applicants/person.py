"""The person: a random id that stands for a NIK which the civil registry has confirmed.

Several accounts may link to one person; a counter officer settles whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

_NONE: Final = "none:"


@dataclass(frozen=True)
class Person:
    """Nothing but the fingerprints of the NIK and when it was first confirmed."""

    nik_fingerprints: tuple[str, ...]
    minted_at: datetime
    leaving: bool = False
    """No applicant speaks for this person any more; they are removed unless one is confirmed with this NIK first."""


def without_nik(person_id: str, person: Person) -> Person:
    """Return the person found by no NIK any more; their index lets no two have none, so a mark stands in its place."""
    return replace(person, nik_fingerprints=(_NONE + person_id,))


def is_without_nik(person: Person) -> bool:
    """Return whether no NIK leads to this person any more."""
    prints = person.nik_fingerprints
    return bool(prints) and all(fingerprint.startswith(_NONE) for fingerprint in prints)
