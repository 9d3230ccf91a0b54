"""How it is kept that a letter was shown to be assisted: once for each letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.scheduling.store_part import OnStore
from shared.events.scheduling import LetterShown
from shared.ids import derived_id
from shared.store.kinds import Kind, Record


@dataclass(frozen=True)
class ShownLetter:
    """A letter whose QR code has begun an assistance."""

    appointment_id: str
    code_version: int
    office_id: str
    officer_id: str
    assistance_id: str
    shown_at: datetime


SHOWN_LETTER: Final = Kind(name="shown_letter", state=ShownLetter)


def shown_letter_id(appointment_id: str, code_version: int) -> str:
    """The one id of a letter: a moved visit has a new one."""
    return derived_id("shown_letter", appointment_id, str(code_version))


class LetterRepository(OnStore):
    """Letters that were shown."""

    async def shown_letter(self, appointment_id: str, code_version: int) -> Record[ShownLetter] | None:
        """Return what this letter has begun, or None."""
        return await self._store.get(SHOWN_LETTER, shown_letter_id(appointment_id, code_version))

    async def keep_shown_letter(self, letter: ShownLetter, event: LetterShown) -> None:
        """Note that it was shown, and tell identity; refuses with ``AlreadyExists`` a letter that was shown before."""
        letter_id = shown_letter_id(letter.appointment_id, letter.code_version)
        await self._store.insert(SHOWN_LETTER, letter_id, letter, now=letter.shown_at, events=[event])
