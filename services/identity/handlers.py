"""Events, commands and due deadlines of identity, each bound to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.identity.accounts.repository import ACCOUNT
from services.identity.applicants.repository import APPLICANT
from services.identity.assistances.repository import ASSISTANCE
from services.identity.legal_holds.repository import LEGAL_HOLD
from services.identity.sign_in.repository import CHALLENGE
from services.identity.use_cases import Identity
from shared.events import application, billing, identity, notification, scheduling
from shared.events.application import (
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    PassportCollected,
)
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.notification import DeliveryFailed, DeliverySent
from shared.events.scheduling import LetterShown
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record

_ERASURE_DONE: Final = (
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
            **self._identity.retention.erasing.guard(
                {
                    ApplicationSubmitted: self.application_submitted,
                    ApplicationWithdrawn: self.application_ended,
                    ApplicationRefused: self.application_ended,
                    PassportCollected: self.application_ended,
                }
            ),
            **dict.fromkeys(_ERASURE_DONE, self._identity.erasure_reports.told),
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Kind and deadline to handler."""
        return {
            (ACCOUNT.name, "undo_over"): self.undo_over,
            (ACCOUNT.name, "join"): self.join_due,
            (APPLICANT.name, "check"): self.check_due,
            (APPLICANT.name, "correction"): self.correction_over,
            (CHALLENGE.name, "second_channel"): self.second_channel_due,
            (CHALLENGE.name, "forget"): self.forget_due,
            (ASSISTANCE.name, "expire"): self.assistance_over,
            (LEGAL_HOLD.name, "end"): self._identity.legal_holds.end,
        }

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

    async def undo_over(self, record: Record[Any], _name: str) -> None:
        """A change of address can no longer be undone."""
        await self._identity.address_changes.forget_changes(record)
