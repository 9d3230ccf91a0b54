"""Projections of applications from the events of the application service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.scheduling.errors import ApplicationNotSubmitted, IdentityAwaited
from services.scheduling.store_part import Decide, OnStore
from services.scheduling.terms import Applying
from shared.clock import Clock
from shared.errors import NotKnownYet
from shared.events.application import ApplicationDrafted, SubmissionAwaitsIdentity, SubmissionReturned
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.projections import wait_until_known
from shared.service import MessageHandler
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record
from shared.store.port import AlreadyExists


@dataclass(frozen=True)
class ApplicationCopy:
    """The projection of an application, from the events of the application service."""

    account_id: str
    person_id: str
    submitted: bool
    awaits_identity: bool = False
    """Whether it was submitted before the civil registry confirmed the person."""
    awaits_version: int = 0
    """The version of the news in ``awaits_identity``; older news that arrives later changes nothing."""
    withdrawn: bool = False
    closed_for_person: bool = False
    """Whether it ended because an officer closed it; its account is told so by application."""
    minor: bool = False
    age_band: str | None = None
    """Whole years as a band; birth dates are not known here."""
    product: str | None = None
    """The kind of passport; None in copies that are older than this field."""
    product_as_of: datetime | None = None
    """When the product was told; an older product that arrives later changes nothing."""
    number: str | None = None
    """The number on the letter; None in copies of drafts, of ended applications and of those older than this field."""

    def applying(self, application_id: str) -> Applying:
        """Return the applicant for whom a seat would be held."""
        return Applying(application_id, self.account_id, self.person_id)


def fresher(known: ApplicationCopy, newer: ApplicationCopy) -> ApplicationCopy:
    """Return the newer copy with the product that was told last."""
    if known.product_as_of is None or (newer.product_as_of is not None and newer.product_as_of >= known.product_as_of):
        return newer
    return replace(newer, product=known.product, product_as_of=known.product_as_of)


APPLICATION_COPY: Final = Kind(
    name="application_copy",
    state=ApplicationCopy,
    bare=True,
    batched=True,
    indexes=(Index("number", ("state.number",)),),
)


class ApplicationRepository(OnStore):
    """Projections of applications."""

    async def application(self, application_id: str) -> Record[ApplicationCopy] | None:
        """Return what is known of the application, or None."""
        return await self._store.get(APPLICATION_COPY, application_id)

    async def application_numbered(self, number: str) -> Record[ApplicationCopy] | None:
        """Return what is known of the application of that number, or None."""
        found = await self._store.find(APPLICATION_COPY, "number", {"state.number": number}, limit=1)
        return found[0] if found else None

    async def begin_application(self, application_id: str, copy: ApplicationCopy, now: datetime) -> None:
        """Insert what is known of an application. Raises AlreadyExists."""
        await self._store.insert(APPLICATION_COPY, application_id, copy, now=now)

    async def change_application(
        self, application_id: str, decide: Decide[ApplicationCopy], clock: Clock
    ) -> Record[ApplicationCopy]:
        """Load, decide and save what is known of an application, as `shared.store.change` does."""
        return await change(self._store, clock, APPLICATION_COPY, application_id, decide)

    async def wait_for_submitted(self, application_id: str, clock: Clock) -> ApplicationCopy:
        """Return what is known of a submitted application; waits up to a second for its event to arrive.

        Raises:
            NotKnownYet: nothing of the application arrived in that time.
            ApplicationNotSubmitted: it is known as a draft.
            IdentityAwaited: its submission waits for the civil registry.
        """

        async def find_submitted() -> ApplicationCopy | None:
            record = await self.application(application_id)
            return record.state if record is not None and record.state.submitted else None

        known = await wait_until_known(find_submitted, clock)
        if known is not None:
            return known
        draft = await self.application(application_id)
        if draft is not None:
            waits = draft.state.awaits_identity
            raise (IdentityAwaited if waits else ApplicationNotSubmitted)(application_id=application_id)
        raise NotKnownYet(
            "The submitted application is not known here yet.",
            detail_id="Permohonan yang diajukan belum diketahui di sini.",
        )


class DraftCopies:
    """Notes drafts, and submissions that wait for the civil registry: they get no seat, and are told why."""

    def __init__(self, applications: ApplicationRepository, clock: Clock) -> None:
        self._applications = applications
        self._clock = clock

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the events before a submission, each with its use case."""
        return {
            ApplicationDrafted: self.application_drafted,
            SubmissionAwaitsIdentity: self.submission_awaits_identity,
            SubmissionReturned: self.submission_returned,
        }

    async def application_drafted(self, event: ApplicationDrafted, _: Envelope) -> None:
        """Keep that there is a draft; what is known already says more."""
        await self._keep(event.application_id, ApplicationCopy(event.account_id, event.person_id, submitted=False))

    async def submission_awaits_identity(self, event: SubmissionAwaitsIdentity, envelope: Envelope) -> None:
        """Keep that a submission waits for the civil registry; a submission that is known says more."""
        await self._keep_waiting(event, envelope, awaits_identity=True)

    async def submission_returned(self, event: SubmissionReturned, envelope: Envelope) -> None:
        """Keep that a submission is a draft again."""
        await self._keep_waiting(event, envelope, awaits_identity=False)

    async def _keep_waiting(
        self, event: SubmissionAwaitsIdentity | SubmissionReturned, envelope: Envelope, *, awaits_identity: bool
    ) -> None:
        copy = ApplicationCopy(
            event.account_id,
            event.applicant_id,
            submitted=False,
            awaits_identity=awaits_identity,
            awaits_version=envelope.aggregate_version,
        )
        await self._keep(event.application_id, copy)

    async def _keep(self, application_id: str, copy: ApplicationCopy) -> None:
        def note(known: ApplicationCopy) -> Decision[ApplicationCopy] | None:
            if copy.awaits_version <= known.awaits_version:
                return None
            waits = copy.awaits_identity
            return Decision(replace(known, awaits_identity=waits, awaits_version=copy.awaits_version))

        try:
            await self._applications.begin_application(application_id, copy, self._clock.now())
        except AlreadyExists:
            await self._applications.change_application(application_id, note, self._clock)
