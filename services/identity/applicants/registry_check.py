"""The check with the civil registry: a resumable job behind a deadline, so it survives anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.confirmation import Confirmations
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Match, RegistryAnswer, match
from services.identity.applicants.repository import APPLICANT
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from shared.errors import UpstreamDown
from shared.events.identity import ApplicantRefused, ApplicantShownBack
from shared.events.message import Message
from shared.store.kinds import Record

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
        self._confirmations = Confirmations(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._registry = registry

    async def run(self, record: Record[Applicant]) -> None:
        """Ask the registry and write the outcome: confirmed, shown back, refused, or asked again later."""
        particulars = await self._applicant_vault.particulars(record.state.particulars, record.id)
        try:
            result = await self._ask(particulars)
        except UpstreamDown as trouble:
            await self._write_silence(record, trouble.reason)
            return
        if not result.confirmed:
            refused = rules.refuse(record.state, result, self._context.now())
            causes = refused.identity.causes
            refusal = ApplicantRefused(account_id=refused.account_id, applicant_id=record.id, causes=causes)
            await self._save(record, refused, [refusal])
            return
        if not result.exact:
            shown = rules.show_back(record.state, result)
            differences = tuple(warning.value for warning in result.warnings)
            event = ApplicantShownBack(account_id=shown.account_id, applicant_id=record.id, differences=differences)
            await self._save(record, shown, [event])
            return
        person_id = await self._confirmations.find_person(record.state.nik_fingerprints)
        confirmed = rules.confirm(record.state, person_id, result)
        await self._save(record, confirmed, await self._confirmations.messages(record.id, confirmed, particulars))

    async def _ask(self, particulars: Particulars) -> Match:
        """Return the registry's judgement; of a child without NIK it knows nothing, and the counter sees the papers."""
        if particulars.nik is None:
            return Match()
        match_rules = self._context.settings.match_rules
        return match(await self._registry.compare(particulars, match_rules.name_percent), match_rules)

    async def _write_silence(self, record: Record[Applicant], reason: str) -> None:
        waiting = rules.meet_silence(record.state, reason, self._context.settings.check_rules, self._context.now())
        log.warning("registry_silent", applicant_id=record.id, reason=reason, silences=waiting.identity.silences)
        await self._save(record, waiting)

    async def _save(self, record: Record[Applicant], applicant: Applicant, messages: Sequence[Message] = ()) -> None:
        store = self._context.store
        await store.save(APPLICANT, record, applicant, now=self._context.now(), events=messages)
