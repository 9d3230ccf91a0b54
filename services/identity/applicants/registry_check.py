"""The check with the civil registry: a resumable job behind a deadline, so it survives anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.person import Person
from services.identity.applicants.registry_match import RegistryAnswer, match
from services.identity.applicants.repository import APPLICANT, PERSON, ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from shared.errors import UpstreamDown
from shared.events.identity import ApplicantConfirmed, ApplicantRefused
from shared.events.message import Message
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict

log = structlog.get_logger()


class CivilRegistry(Protocol):
    """The civil registry's comparison of stated data with its record."""

    async def compare(self, particulars: Particulars, name_percent: int) -> RegistryAnswer:
        """Return its answer, field by field or as a refusal.

        Raises:
            UpstreamDown: it does not answer, cannot be understood, or its quota is used up.
        """
        ...


class RegistryChecks:
    """Runs the checks that are due."""

    def __init__(self, context: UseCaseContext, registry: CivilRegistry) -> None:
        self._context = context
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._registry = registry

    async def run(self, record: Record[Applicant]) -> None:
        """Ask the registry and write what follows: confirmed, refused, or asked again later."""
        particulars = self._applicant_vault.particulars(record.state.particulars, record.id)
        match_rules = self._context.settings.match_rules
        try:
            answer = await self._registry.compare(particulars, match_rules.name_percent)
        except UpstreamDown as trouble:
            await self._write_silence(record, trouble.reason)
            return
        result = match(answer, match_rules)
        if not result.confirmed:
            refused = rules.refuse(record.state, result, self._context.now())
            causes = refused.identity.causes
            event = ApplicantRefused(account_id=refused.account_id, applicant_id=record.id, causes=causes)
            await self._save(record, refused, [event])
            return
        person_id = await self._person_of(record.state.nik_fingerprints)
        confirmed = rules.confirm(record.state, person_id, result)
        await self._save(record, confirmed, await self._confirmation(record.id, confirmed, person_id, particulars))

    async def _write_silence(self, record: Record[Applicant], reason: str) -> None:
        waiting = rules.meet_silence(record.state, reason, self._context.settings.check_rules, self._context.now())
        log.warning("registry_silent", applicant_id=record.id, reason=reason, silences=waiting.identity.silences)
        await self._save(record, waiting)

    async def _person_of(self, nik_fingerprints: tuple[str, ...]) -> str:
        """The person of this NIK, minted if there is none. Written before the applicant: a repeat finds it again."""
        known = await self._applicants.person_with(nik_fingerprints)
        if known is not None:
            return known.id
        person_id, now = self._context.ids.new(), self._context.now()
        try:
            await self._context.store.insert(PERSON, person_id, Person(nik_fingerprints, now), now=now)
        except AlreadyExists:
            known = await self._applicants.person_with(nik_fingerprints)
            if known is None:
                raise VersionConflict("the person was minted by somebody else and is gone again") from None
            return known.id
        return person_id

    async def _confirmation(
        self, applicant_id: str, applicant: Applicant, person_id: str, particulars: Particulars
    ) -> list[Message]:
        guardian_id = applicant.guardian_applicant_id
        guardian = await self._applicants.applicant(guardian_id) if guardian_id is not None else None
        event = ApplicantConfirmed(
            account_id=applicant.account_id,
            applicant_id=applicant_id,
            person_id=person_id,
            guardian_applicant_id=guardian_id,
            guardian_person_id=guardian.state.person_id if guardian is not None else None,
        )
        card = self._applicant_vault.identity_card(applicant.account_id, applicant_id, person_id, particulars)
        return [event, card]

    async def _save(self, record: Record[Applicant], applicant: Applicant, messages: Sequence[Message] = ()) -> None:
        store = self._context.store
        await store.save(APPLICANT, record, applicant, now=self._context.now(), events=messages)
