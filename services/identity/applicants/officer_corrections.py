"""Corrections of confirmed particulars at the counter: an officer reads them off the original.

A typing error is corrected at once. A correction that changes who somebody is waits for a second officer of the same
office. The officer types the NIK that the paper shows, so that only the holder's paper opens the way to their data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant, IdentityState
from services.identity.applicants.confirmation import Confirmations
from services.identity.applicants.correction import (
    Correction,
    CorrectionCommand,
    CorrectionState,
    Original,
    changed_fields,
    decide_correction,
    needs_second_officer,
)
from services.identity.applicants.errors import (
    CorrectionDecided,
    CorrectionUnknown,
    IdentityNotConfirmed,
    NothingToCorrect,
    PaperOfAnotherPerson,
    SecondOfficerNeeded,
)
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.particulars_check import CheckedParticulars, ParticularsChecks
from services.identity.applicants.repository import APPLICANT, ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from shared.errors import NotFound
from shared.events.identity import ParticularsCorrected
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller


@dataclass(frozen=True)
class Proposal:
    """The correction that an officer asks for: the NIK on the paper, and the members that are wrong here."""

    nik_shown: str = field(repr=False)
    changes: Mapping[str, Any] = field(repr=False)
    original: Original
    reason: str


@dataclass(frozen=True)
class CorrectionSeen:
    """A correction, with the particulars before and after it while it waits for a second officer."""

    applicant_id: str
    account_id: str
    correction: Correction
    before: Particulars | None = field(default=None, repr=False)
    after: Particulars | None = field(default=None, repr=False)


class OfficerCorrections:
    """The use cases of officers who correct a confirmed applicant."""

    def __init__(self, context: UseCaseContext, checks: ParticularsChecks) -> None:
        self._context = context
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._checks = checks
        self._confirmations = Confirmations(context)
        self._wait = timedelta(seconds=context.settings.correction_rules.open_seconds)

    async def propose(self, caller: Caller, applicant_id: str, proposal: Proposal, command_id: str) -> CorrectionSeen:
        """Correct a typing error at once; otherwise keep the correction until a second officer decides.

        Raises:
            NotFound: there is no such applicant.
            IdentityNotConfirmed: the applicant corrects it themselves.
            PaperOfAnotherPerson: the NIK on the paper is not the applicant's.
            NothingToCorrect: it is here as on the paper.
            NikNotSixteenDigits, NikStructureWrong, BirthDateImpossible, ApplicantAlreadyAdded, NikOfAnotherPerson.
            GuardianNeeded: by the corrected birth date the applicant is a child.
        """
        record = await self._known(applicant_id)
        correction_id = derived_id("particulars", command_id)
        if record.state.correction(correction_id) is not None:
            return await self._seen(record, correction_id)
        if record.state.identity.state is not IdentityState.PASSED:
            raise IdentityNotConfirmed()
        before = await self._applicant_vault.particulars(record.state.particulars, applicant_id)
        if "".join(proposal.nik_shown.split()) != await self._nik_on_paper(record, before):
            raise PaperOfAnotherPerson(field="/nik")
        checked = await self._checked(record, replace(before, **proposal.changes))
        after, now = checked.particulars, self._context.now()
        fields = changed_fields(before, after)
        if not fields:
            raise NothingToCorrect()
        correction = Correction(
            correction_id=correction_id,
            fields=fields,
            original=proposal.original,
            reason=proposal.reason,
            proposed_by=caller.account_id,
            office_id=caller.office_id or "",
            proposed_at=now,
            ends_at=now + self._wait,
            sealed=await self._applicant_vault.seal_particulars(after, applicant_id),
        )
        if not needs_second_officer(before, after):
            return await self._make(record, correction, checked, caller)
        changed = await self._change(
            applicant_id, lambda applicant: Decision(rules.with_correction(applicant, correction))
        )
        return await self._seen(changed, correction_id)

    async def decide(self, caller: Caller, applicant_id: str, correction_id: str, *, approved: bool) -> CorrectionSeen:
        """Make or refuse a correction that another officer of the same office proposed; again is no error.

        Raises:
            CorrectionUnknown: there is none of this office.
            SecondOfficerNeeded: the caller proposed it.
            CorrectionDecided: it was decided the other way, or has lapsed.
            ApplicantAlreadyAdded, NikOfAnotherPerson, GuardianNeeded: the corrected data do not fit any more.
        """
        record, correction = await self._at_office(caller, applicant_id, correction_id)
        wanted = CorrectionState.MADE if approved else CorrectionState.REFUSED
        if correction.state is wanted and correction.decided_by == caller.account_id:
            return await self._seen(record, correction_id)
        if correction.proposed_by == caller.account_id:
            raise SecondOfficerNeeded()
        if correction.state is not CorrectionState.PROPOSED or correction.sealed is None:
            raise CorrectionDecided(state=correction.state.value)
        if approved:
            particulars = await self._applicant_vault.particulars(correction.sealed, applicant_id)
            return await self._make(record, correction, await self._checked(record, particulars), caller)

        def refuse(applicant: Applicant) -> Decision[Applicant]:
            newest = applicant.correction(correction_id) or correction
            return Decision(self._with_decision(applicant, newest, CorrectionCommand.REFUSE, caller.account_id))

        return await self._seen(await self._change(applicant_id, refuse), correction_id)

    async def get_correction(self, caller: Caller, applicant_id: str, correction_id: str) -> CorrectionSeen:
        """Return a correction of the caller's office.

        Raises:
            CorrectionUnknown: there is none of this office.
        """
        record, _ = await self._at_office(caller, applicant_id, correction_id)
        return await self._seen(record, correction_id)

    async def lapse(self, record: Record[Applicant]) -> None:
        """End the proposals whose time is over."""
        now = self._context.now()

        def decide(applicant: Applicant) -> Decision[Applicant]:
            for correction in applicant.corrections:
                if correction.state is CorrectionState.PROPOSED and correction.ends_at <= now:
                    applicant = self._with_decision(applicant, correction, CorrectionCommand.LAPSE, None)
            return Decision(applicant)

        await self._change(record.id, decide)

    # Doing

    async def _make(
        self, record: Record[Applicant], correction: Correction, checked: CheckedParticulars, caller: Caller
    ) -> CorrectionSeen:
        person_id = record.state.person_id or ""
        await self._confirmations.add_nik(person_id, checked.nik_fingerprints)
        sealed = await self._applicant_vault.seal_particulars(checked.particulars, record.id)
        event = ParticularsCorrected(
            account_id=record.state.account_id,
            applicant_id=record.id,
            person_id=person_id,
            office_id=correction.office_id,
            fields=tuple(name.value for name in correction.fields),
        )

        def decide(applicant: Applicant) -> Decision[Applicant]:
            newest = applicant.correction(correction.correction_id) or correction
            made = self._decided(newest, CorrectionCommand.MAKE, caller.account_id)
            if applicant.particulars != record.state.particulars:
                raise CorrectionDecided(state=newest.state.value)
            amended = rules.amend(
                applicant, made, sealed, checked.nik_fingerprints, checked.warnings, minor=checked.minor
            )
            amended = rules.watch_age(amended, record.id, self._context.now())
            return Decision(amended, (event, self._confirmations.card(record.id, amended, checked.particulars)))

        return await self._seen(await self._change(record.id, decide), correction.correction_id)

    def _with_decision(
        self, applicant: Applicant, correction: Correction, command: CorrectionCommand, by: str | None
    ) -> Applicant:
        return rules.with_correction(applicant, self._decided(correction, command, by))

    def _decided(self, correction: Correction, command: CorrectionCommand, by: str | None) -> Correction:
        try:
            return decide_correction(correction, command, by, self._context.now())
        except IllegalTransition:
            raise CorrectionDecided(state=correction.state.value) from None

    async def _checked(self, record: Record[Applicant], particulars: Particulars) -> CheckedParticulars:
        account_id, guardian_id = record.state.account_id, record.state.guardian_applicant_id
        return await self._checks.check(account_id, record.id, particulars, guardian_id)

    async def _nik_on_paper(self, record: Record[Applicant], particulars: Particulars) -> str | None:
        """Return the NIK that the paper must show: of a child without one, their guardian's."""
        guardian_id = record.state.guardian_applicant_id
        if particulars.nik is not None or guardian_id is None:
            return particulars.nik
        guardian = await self._known(guardian_id)
        return (await self._applicant_vault.particulars(guardian.state.particulars, guardian_id)).nik

    async def _change(self, applicant_id: str, decide: Any) -> Record[Applicant]:
        return await change(self._context.store, self._context.clock, APPLICANT, applicant_id, decide)

    # Reading

    async def _known(self, applicant_id: str) -> Record[Applicant]:
        record = await self._applicants.applicant(applicant_id)
        if record is None:
            raise NotFound()
        return record

    async def _at_office(
        self, caller: Caller, applicant_id: str, correction_id: str
    ) -> tuple[Record[Applicant], Correction]:
        record = await self._applicants.applicant(applicant_id)
        correction = record.state.correction(correction_id) if record is not None else None
        if record is None or correction is None or correction.office_id != caller.office_id:
            raise CorrectionUnknown()
        return record, correction

    async def _seen(self, record: Record[Applicant], correction_id: str) -> CorrectionSeen:
        correction = record.state.correction(correction_id)
        if correction is None:
            raise CorrectionUnknown()
        if correction.sealed is None:
            return CorrectionSeen(record.id, record.state.account_id, correction)
        before = await self._applicant_vault.particulars(record.state.particulars, record.id)
        after = await self._applicant_vault.particulars(correction.sealed, record.id)
        return CorrectionSeen(record.id, record.state.account_id, correction, before, after)
