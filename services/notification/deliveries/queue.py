"""Messages are queued here, once each, to be sent at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notification.context import UseCaseContext
from services.notification.deliveries import delivery
from services.notification.deliveries.contents import Content, DeliveryVault, masked
from services.notification.deliveries.delivery import Delivery
from services.notification.deliveries.recipient import Recipient
from services.notification.deliveries.repository import DeliveryRepository
from shared.events.codes import DeliveryChannel
from shared.events.envelope import Envelope
from shared.ids import derived_id


@dataclass(frozen=True)
class Wanted:
    """A message that is to be queued on one channel."""

    envelope: Envelope
    template: str
    channel: DeliveryChannel
    to: Recipient
    variables: Mapping[str, Any]
    send_by: datetime
    cause_id: str
    application_id: str | None = None
    urgent: bool = False
    attachment_id: str | None = None
    file_name: str | None = None
    purpose: str = ""
    """The free purpose of the privacy notice that it serves, if it serves one."""
    copy: str = ""
    """Tells messages apart that are alike in all but their addressee."""
    for_account: bool = True
    """Its content is under the account's own key: not of a message to an office, nor of a one-time code, whose address
    may be of no account: a flood of codes must leave no keys behind.
    """

    @property
    def subject_id(self) -> str | None:
        """The account whose key seals the content, if one does."""
        return self.to.account_id if self.for_account else None

    @property
    def delivery_id(self) -> str:
        """The id, derived from the message that asks for it, so that a repeat meets the first."""
        copy = (self.copy,) if self.copy else ()
        return derived_id("delivery", self.envelope.id, self.template, self.channel, *copy)


class DeliveryQueue:
    """Queues a message on one channel."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._deliveries = DeliveryRepository(context)
        self._vault = DeliveryVault(context.seals)

    async def add(self, wanted: Wanted) -> None:
        """Queue the message; one that is over or has no address ends at once. A repeat changes nothing."""
        now, delivery_id = self._context.now(), wanted.delivery_id
        address = wanted.to.reach.address(wanted.channel)
        variables = {**wanted.variables, "name": wanted.to.reach.name}
        message = Delivery(
            account_id=wanted.to.account_id,
            template=wanted.template,
            channel=wanted.channel,
            language=wanted.to.language,
            cause_id=wanted.cause_id,
            application_id=wanted.application_id,
            sent_to=masked(wanted.channel, address),
            sealed=await self._sealed(wanted, address, variables),
            created_at=now,
            send_by=wanted.send_by,
            attachment_id=wanted.attachment_id,
            urgent=wanted.urgent,
            purpose=wanted.purpose,
        )
        decision = delivery.queue(message, delivery_id, now)
        await self._deliveries.add_delivery(delivery_id, decision, now=now, received=wanted.envelope.id)

    async def has(self, wanted: Wanted) -> bool:
        """Return whether it was queued before."""
        return await self._deliveries.delivery(wanted.delivery_id) is not None

    async def _sealed(self, wanted: Wanted, address: str | None, variables: dict[str, Any]) -> str | None:
        if address is None:
            return None
        content = Content(address, variables, wanted.file_name)
        return await self._vault.seal_content(wanted.delivery_id, content, wanted.subject_id)
