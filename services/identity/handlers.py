"""Events, commands and due deadlines of identity, each bound to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.identity.accounts.repository import ACCOUNT
from services.identity.applicants.repository import APPLICANT
from services.identity.assistances.repository import ASSISTANCE
from services.identity.breaches.repository import BREACH
from services.identity.exports.repository import EXPORT
from services.identity.leaving.repository import LEAVING
from services.identity.legal_holds.repository import LEGAL_HOLD
from services.identity.sign_in.repository import CHALLENGE
from services.identity.use_cases import Identity
from shared.events import application, billing, identity, notification, scheduling
from shared.events.application import (
    ApplicationDataRead,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    PassportCollected,
)
from shared.events.billing import BillingDataRead
from shared.events.data_reads import DataRead
from shared.events.envelope import Envelope
from shared.events.identity import IdentityDataRead, KeepExportPart
from shared.events.message import Command, Event
from shared.events.notification import DeliveryFailed, DeliverySent
from shared.events.scheduling import LetterShown, OfficeOpened, SchedulingDataRead
from shared.events.subscriptions import owner_of
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record

ERASURES: Final = (
    identity.IdentityErasureDone,
    application.ApplicationErasureDone,
    scheduling.SchedulingErasureDone,
    billing.BillingErasureDone,
    notification.NotificationErasureDone,
)
"""The events by which services, identity itself among them, tell of an erasure."""


class Handlers:
    """Handlers bound to the use cases.

    No inbox is used: the state of a code's delivery is the same however often it is told, and news of an earlier code
    is recognised by its time. So an address that signs in every day does not fill its challenge's inbox.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Event class to handler."""
        return {
            DeliverySent: self.delivery_sent,
            DeliveryFailed: self.delivery_failed,
            LetterShown: self.letter_shown,
            OfficeOpened: self.office_opened,
            **self._identity.retention.erasing.guard(
                {
                    ApplicationSubmitted: self.application_submitted,
                    ApplicationWithdrawn: self.application_ended,
                    ApplicationRefused: self.application_ended,
                    PassportCollected: self.application_ended,
                }
            ),
            application.ApplicationLeavingAnswered: self.leaving_answered,
            billing.BillingLeavingAnswered: self.leaving_answered,
            **dict.fromkeys(ERASURES, self.erasure_done),
            IdentityDataRead: self.data_read,
            ApplicationDataRead: self.data_read,
            SchedulingDataRead: self.data_read,
            BillingDataRead: self.data_read,
        }

    def commands(self) -> Mapping[type[Command], MessageHandler]:
        """Command class to handler."""
        return {KeepExportPart: self._identity.exports.keep_part}

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Kind and deadline to handler."""
        return {
            (ACCOUNT.name, "undo_over"): self.undo_over,
            (ACCOUNT.name, "join"): self.join_due,
            (ACCOUNT.name, "silence"): self.silence_due,
            (LEAVING.name, "grace"): self.grace_over,
            (LEAVING.name, "work"): self.leaving_due,
            (APPLICANT.name, "check"): self.check_due,
            (APPLICANT.name, "correction"): self.correction_over,
            (APPLICANT.name, "age"): self._identity.coming_of_age.look_at_age,
            (CHALLENGE.name, "second_channel"): self.second_channel_due,
            (CHALLENGE.name, "forget"): self.forget_due,
            (ASSISTANCE.name, "expire"): self.assistance_over,
            (BREACH.name, "search"): self.breach_search_due,
            (BREACH.name, "tell"): self.breach_notices_due,
            (BREACH.name, "alert"): self.breach_alert_due,
            (LEGAL_HOLD.name, "end"): self._identity.legal_holds.end,
            (EXPORT.name, "partial"): self.export_part_late,
            (EXPORT.name, "end"): self.export_over,
        }

    async def data_read(self, event: DataRead, _envelope: Envelope) -> None:
        """Staff of any service read personal data."""
        await self._identity.data_reads.keep(event)

    async def breach_search_due(self, record: Record[Any], _name: str) -> None:
        """The persons whom a breach concerns are to be found."""
        await self._identity.breaches.run_search(record)

    async def breach_notices_due(self, record: Record[Any], _name: str) -> None:
        """Two operators agreed to the notices of a breach."""
        await self._identity.breaches.tell_persons(record)

    async def breach_alert_due(self, record: Record[Any], _name: str) -> None:
        """Somebody is still to be told of a breach."""
        await self._identity.breaches.alert_if_due(record)

    async def application_submitted(self, event: ApplicationSubmitted, _envelope: Envelope) -> None:
        """The applicant's data went into an application."""
        await self._identity.applicants.note_submission(event)

    async def application_ended(
        self, event: ApplicationWithdrawn | ApplicationRefused | PassportCollected, _envelope: Envelope
    ) -> None:
        """An application is over; its applicant may correct their data again."""
        await self._identity.applicants.note_end(event.account_id, event.person_id, event.application_id)

    async def correction_over(self, record: Record[Any], _name: str) -> None:
        """No second officer decided about a correction in time."""
        await self._identity.officer_corrections.lapse(record)

    async def letter_shown(self, event: LetterShown, _envelope: Envelope) -> None:
        """Scheduling took a letter as consent. A repeat finds what began."""
        await self._identity.assistances.letter_shown(event)

    async def office_opened(self, event: OfficeOpened, _envelope: Envelope) -> None:
        """Scheduling opened an office; staff can be given it."""
        await self._identity.offices.note_opened(event)

    async def assistance_over(self, record: Record[Any], _name: str) -> None:
        """The hours of an assistance are over, or its code was not told."""
        await self._identity.assistances.expire(record)

    async def delivery_sent(self, event: DeliverySent, envelope: Envelope) -> None:
        """A message went out; only codes are of interest here."""
        if event.cause_id is not None and event.application_id is None:
            await self._identity.signing_in.note_arrival(event.cause_id, envelope.time)

    async def delivery_failed(self, event: DeliveryFailed, envelope: Envelope) -> None:
        """A message could not go out; only codes are of interest here."""
        if event.cause_id is not None and event.application_id is None:
            await self._identity.signing_in.note_failure(event.cause_id, event.reason, envelope.time)

    async def check_due(self, record: Record[Any], _name: str) -> None:
        """The civil registry is to be asked."""
        await self._identity.checks.run(record)

    async def second_channel_due(self, record: Record[Any], _name: str) -> None:
        """Email was not accepted in time."""
        await self._identity.signing_in.try_second_channel(record)

    async def forget_due(self, record: Record[Any], _name: str) -> None:
        """An address was not asked about for a day."""
        await self._identity.signing_in.forget(record)

    async def join_due(self, record: Record[Any], _name: str) -> None:
        """An account was to be joined into another; something may be left to do."""
        await self._identity.joins.finish_late(record)

    async def export_part_late(self, record: Record[Any], _name: str) -> None:
        """A part of an export has not arrived in time."""
        await self._identity.exports.stop_waiting(record)

    async def export_over(self, record: Record[Any], _name: str) -> None:
        """An export has been kept as long as it is."""
        await self._identity.exports.end(record)

    async def undo_over(self, record: Record[Any], _name: str) -> None:
        """A change of address can no longer be undone."""
        await self._identity.address_changes.forget_changes(record)

    async def leaving_answered(
        self, event: application.ApplicationLeavingAnswered | billing.BillingLeavingAnswered, _envelope: Envelope
    ) -> None:
        """A service says what stands against a leaving."""
        await self._identity.leavings.note_answer(event, owner_of(type(event)))

    async def erasure_done(self, event: Any, envelope: Envelope) -> None:
        """A service has erased what it was told to, or says what it keeps."""
        await self._identity.erasure_reports.told(event, envelope)
        await self._identity.leavings.note_erasure(event.erasure_id, owner_of(type(event)), event.kept)

    async def silence_due(self, record: Record[Any], _name: str) -> None:
        """An account had no sign-in for a long time."""
        await self._identity.leavings.look_at_silence(record)

    async def grace_over(self, record: Record[Any], _name: str) -> None:
        """A leaving can no longer be undone."""
        await self._identity.leavings.end_grace(record)

    async def leaving_due(self, record: Record[Any], _name: str) -> None:
        """Something of a leaving is left to do."""
        await self._identity.leavings.work(record)
