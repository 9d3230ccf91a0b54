"""Border crossings, sealed with the key of the applicant whom they are about, and opened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.application.crossings.crossing import Crossing, CrossingCopy, Direction
from shared.person_keys.cipher import is_persons
from shared.person_keys.keys import PersonKeys

_CROSSINGS: Final = "border_crossings"


class CrossingVault:
    """The only place where crossings are sealed and opened."""

    def __init__(self, person_keys: PersonKeys) -> None:
        self._person_keys = person_keys

    async def seal(self, applicant_id: str, crossings: Sequence[Crossing]) -> str:
        """Return the stored form.

        Raises:
            PersonErased: the applicant's key was destroyed.
        """
        rows = [[crossing.direction.value, crossing.at.isoformat(), crossing.place] for crossing in crossings]
        cipher = await self._person_keys.cipher(applicant_id)
        return cipher.seal(json.dumps(rows, ensure_ascii=False), owner_id=applicant_id, field=_CROSSINGS)

    async def open(self, applicant_id: str, sealed: str) -> tuple[Crossing, ...]:
        """Return the crossings."""
        cipher = await self._person_keys.cipher(applicant_id)
        rows = json.loads(cipher.open(sealed, owner_id=applicant_id, field=_CROSSINGS))
        return tuple(Crossing(Direction(direction), datetime.fromisoformat(at), place) for direction, at, place in rows)


def is_copy_current(_applicant_id: str, copy: CrossingCopy) -> bool:
    """Return whether the answer is sealed by the applicant's own key."""
    return copy.sealed is None or is_persons(copy.sealed)
