"""Numbers of passports: sealed with a key of each book, opened for its holder, found by keyed fingerprints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from services.application.config import Settings
from services.application.passports.passport import Passport
from shared.crypto.fingerprints import Fingerprints
from shared.ids import derived_id
from shared.person_keys.keys import PersonKeys
from shared.store.kinds import Record

_NUMBER: Final = "passport_number"

SHOWN: Final = 3
"""Signs of a number that are shown: enough to tell two books apart, too few to use one."""


class PassportVault:
    """The only place where a passport's number is in the open for longer than a function call."""

    def __init__(self, settings: Settings, person_keys: PersonKeys) -> None:
        self._person_keys = person_keys
        self.fingerprints = Fingerprints(settings.fingerprint_keyring())

    def prints_of(self, number: str) -> tuple[str, ...]:
        """Return the fingerprints of a number in its one form, the current key's first."""
        return self.fingerprints.all(normal_number(number), _NUMBER)

    def id_of(self, prints: tuple[str, ...]) -> str:
        """Return the id that a passport with this number gets: the same in every process."""
        return derived_id("passport", prints[0])

    async def seal(self, number: str, passport_id: str) -> str:
        """Return the stored form of a number.

        Raises:
            PersonErased: the passport was erased.
        """
        cipher = await self._person_keys.cipher(passport_id)
        return cipher.seal(normal_number(number), owner_id=passport_id, field=_NUMBER)

    async def sealed(self, passport_id: str, number: str, passport: Passport) -> Passport:
        """Return the passport with its number sealed and its fingerprints.

        Raises:
            PersonErased: the passport was erased.
        """
        number_sealed = await self.seal(number, passport_id)
        return replace(passport, number_sealed=number_sealed, fingerprints=self.prints_of(number))

    async def number(self, passport_id: str, passport: Passport) -> str:
        """Return the number, opened.

        Raises:
            PersonErased: its key was destroyed.
        """
        cipher = await self._person_keys.cipher(passport_id)
        return cipher.open(passport.number_sealed, owner_id=passport_id, field=_NUMBER)

    async def number_ends(self, records: Iterable[Record[Passport]]) -> dict[str, str]:
        """Return the last signs of each number, by passport; those that were erased are missing."""
        states = {record.id: record.state for record in records}
        ciphers = await self._person_keys.ciphers(states)
        return {
            passport_id: cipher.open(states[passport_id].number_sealed, owner_id=passport_id, field=_NUMBER)[-SHOWN:]
            for passport_id, cipher in ciphers.items()
        }

    async def turned(self, passport_id: str, passport: Passport) -> Passport:
        """Return the passport with the fingerprints of the present keys; its number is under its own key always."""
        number = await self.number(passport_id, passport)
        return replace(passport, fingerprints=self.prints_of(number))

    def is_current(self, _passport_id: str, passport: Passport) -> bool:
        """Return whether the fingerprints are those of the present keys."""
        return not self.fingerprints.need_rotation(passport.fingerprints)


def normal_number(number: str) -> str:
    """Return a passport's number in its one form: capitals and digits alone."""
    return "".join(number.split()).upper()
