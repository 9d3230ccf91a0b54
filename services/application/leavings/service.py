"""Identity asks what stands against a leaving; application answers, and lets nothing begin meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.application.applications.application import Application
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.leavings.errors import ApplicantLeaving
from services.application.leavings.leaving_copy import LeavingCopy, objections_to_leaving, staying_records
from services.application.leavings.repository import LEAVING_COPY, LeavingCopies
from services.application.passports.repository import PassportRepository
from shared.events.application import ApplicationLeavingAnswered
from shared.events.envelope import Envelope
from shared.events.identity import LeavingAsked, LeavingEnded
from shared.store.change import change
from shared.store.decision import Decision

_Decide = Callable[[LeavingCopy], Decision[LeavingCopy] | None]


class Leavings:
    """The use cases of leavings. News that is older than what is known changes nothing."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications
        self._copies = LeavingCopies(context.store)
        self._passports = PassportRepository(context)

    async def refuse_leaving(self, applicant_id: str) -> None:
        """Return unless the applicant is being removed.

        Raises:
            ApplicantLeaving: they are.
        """
        if await self._copies.is_leaving(applicant_id):
            raise ApplicantLeaving(applicant_id=applicant_id)

    async def answer(self, event: LeavingAsked, envelope: Envelope) -> None:
        """Say what stands against the leaving, in the write from which on nothing begins for its applicants.

        A draft that is begun at that same moment is found by the second asking, days later.
        """
        applications = await self._find_applications(event)
        answered = ApplicationLeavingAnswered(
            leaving_id=event.leaving_id,
            account_id=event.account_id,
            asking=event.asking,
            objections=objections_to_leaving(applications),
            stays=staying_records(applications, has_passport=await self._has_passport(event)),
        )
        version = envelope.aggregate_version

        def decide(copy: LeavingCopy) -> Decision[LeavingCopy] | None:
            if version <= copy.version:
                return None
            return Decision(LeavingCopy(event.account_id, event.applicant_ids, version, is_open=True), (answered,))

        await self._change(event, decide, envelope)

    async def end(self, event: LeavingEnded, envelope: Envelope) -> None:
        """Let applications begin again; news of the end may come before the question."""
        version = envelope.aggregate_version

        def decide(copy: LeavingCopy) -> Decision[LeavingCopy] | None:
            if version <= copy.version:
                return None
            return Decision(replace(copy, version=version, is_open=False))

        await self._change(event, decide, envelope)

    async def _change(self, event: LeavingAsked | LeavingEnded, decide: _Decide, envelope: Envelope) -> None:
        fresh = LeavingCopy(event.account_id)
        store, clock = self._context.store, self._context.clock
        await change(store, clock, LEAVING_COPY, event.leaving_id, decide, received=envelope.id, fresh=fresh)

    async def _has_passport(self, event: LeavingAsked) -> bool:
        found = await self._passports.of_accounts((event.account_id, *event.joined_account_ids))
        return any(event.whole_account or record.state.applicant_id in event.applicant_ids for record in found)

    async def _find_applications(self, event: LeavingAsked) -> list[Application]:
        """Return the applications of the account's applicants who are to go, those of joined accounts too."""
        repository = self._applications.repository
        found = await repository.applications_of(event.account_id, *event.joined_account_ids)
        known = {record.id: record.state for record in found}
        if not event.whole_account:
            known = {name: state for name, state in known.items() if state.applicant_id in event.applicant_ids}
        live = [await repository.live_application_of(applicant_id) for applicant_id in event.applicant_ids]
        return [*known.values(), *(record.state for record in live if record is not None and record.id not in known)]
