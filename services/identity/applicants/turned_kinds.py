"""Applicants and persons under the current keys, for a key turn."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from services.identity.applicants.applicant import Applicant
from services.identity.applicants.person import Person, is_without_nik, without_nik
from services.identity.applicants.repository import APPLICANT, PERSON, ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from shared.crypto.fingerprints import key_id_of
from shared.key_turn.steps import TurnedKind


class ApplicantTurn:
    """Seals particulars with the present keys, and makes the fingerprints of NIKs again from the opened values.

    Persons have fingerprints alone: theirs come from the applicants who have the same NIK, so they are turned last.
    """

    def __init__(self, context: UseCaseContext) -> None:
        self._applicants = ApplicantRepository(context)
        self._vault = ApplicantVault(context.seals)
        self._key_ids = context.seals.fingerprints.key_ids

    def kinds(self) -> tuple[TurnedKind[Any], ...]:
        """Return the kinds, in the order in which they are turned."""
        return (
            TurnedKind(APPLICANT, self._is_applicant_current, self._applicant_turned),
            TurnedKind(PERSON, self._is_person_current, self._person_turned),
        )

    def _is_applicant_current(self, _applicant_id: str, applicant: Applicant) -> bool:
        return self._vault.is_current(applicant)

    async def _applicant_turned(self, applicant_id: str, applicant: Applicant) -> Applicant:
        guardian_id = applicant.guardian_applicant_id
        guardian = await self._applicants.applicant(guardian_id) if guardian_id is not None else None
        guardian_person_id = guardian.state.person_id if guardian is not None else None
        return await self._vault.turned(applicant_id, applicant, guardian_person_id or "")

    def _is_person_current(self, _person_id: str, person: Person) -> bool:
        """Return whether each NIK of the person has one fingerprint for every key of the ring, and no other."""
        if is_without_nik(person):
            return True
        counts = Counter(key_id_of(fingerprint) for fingerprint in person.nik_fingerprints)
        return set(counts) == self._key_ids and len(set(counts.values())) == 1

    async def _person_turned(self, person_id: str, person: Person) -> Person:
        """Return the person found by the fingerprints of the applicants who state their NIKs.

        A NIK that no applicant states any more is let go: an officer corrected it, or its applicants have left. That is
        known only where each NIK has a fingerprint under a key of the ring, and each applicant is turned. Until then
        the person keeps what they have, and counts as failed.
        """
        found = [record.state for record in await self._applicants.applicants_with(person.nik_fingerprints)]
        again = [fingerprint for applicant in found for fingerprint in applicant.nik_fingerprints]
        if not self._can_all_be_found(person) or not all(map(self._vault.is_current, found)):
            kept = [known for known in person.nik_fingerprints if key_id_of(known) in self._key_ids]
            return replace(person, nik_fingerprints=tuple(dict.fromkeys([*again, *kept])))
        if not again:
            return without_nik(person_id, person)
        return replace(person, nik_fingerprints=tuple(dict.fromkeys(again)))

    def _can_all_be_found(self, person: Person) -> bool:
        """Return whether each NIK has a fingerprint under some key of the ring: one key has as many as any other."""
        counts = Counter(key_id_of(fingerprint) for fingerprint in person.nik_fingerprints)
        known = [count for key_id, count in counts.items() if key_id in self._key_ids]
        return bool(known) and max(known) == max(counts.values())
