"""Allowances of holds: a limit of so many holds is so many numbers, and each hold takes a free one of each limit.

The numbers are kept in the appointment itself under one unique index, so the write that makes the hold is what takes
them: no two replicas can give the same one, and a hold costs no further write.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.scheduling.booking.abuse.limits import LIMITS, Act, Counted, CountedSubject, Limit

KEY_BYTES: Final = 12
"""Of a number's name: 96 bits, so that no two of them ever meet."""

NUMBERED: Final[tuple[Limit, ...]] = tuple(
    limit for limit in LIMITS if limit.stops is Act.HOLD and limit.counted in (Counted.HOLDS, Counted.OF_SESSION)
)
"""The limits on holds themselves; the others bound what came before them and stay with the activity counters."""


@dataclass(frozen=True)
class Ration:
    """The numbers from 0 up to ``most`` that one limit allows one subject in one window.

    ``name`` is a hash: it tells nothing about whom it is of without knowing their fingerprint.
    """

    limit: Limit
    name: str
    most: int

    def key(self, number: int) -> str:
        """Return the name of one number."""
        return f"{self.name}.{number}"

    def free_number(self, taken: frozenset[int], chance: int) -> int | None:
        """Return a number that is not taken, chosen by ``chance``, or None if all are."""
        left = self.most - len(taken)
        if left <= 0:
            return None
        number = chance % self.most
        while number in taken:
            number = (number + 1) % self.most
        return number


def rations_for(
    account_id: str, person_id: str, device: str | None, address: str | None, session_id: str, today: date, scale: int
) -> list[Ration]:
    """Return the rations that a hold takes a number of. Holds of one session are numbered by calendar week."""
    values = {
        CountedSubject.PERSON: person_id,
        CountedSubject.ACCOUNT: account_id,
        CountedSubject.DEVICE: device,
        CountedSubject.ADDRESS: address,
    }
    rations = []
    for limit in NUMBERED:
        value = values[limit.subject]
        if value is None:
            continue
        window = _week_of(session_id, today) if limit.counted is Counted.OF_SESSION else today.isoformat()
        rations.append(Ration(limit, _hashed(f"{limit.name} {value} {window}"), limit.most * scale))
    return rations


def _week_of(session_id: str, today: date) -> str:
    year, week, _ = today.isocalendar()
    return f"{session_id} {year}-{week}"


def _hashed(name: str) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=KEY_BYTES).digest()
    return base64.urlsafe_b64encode(digest).decode()
