"""Sent messages: listed, confirmed by the SMS gateway, removed in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.notification.context import UseCaseContext
from services.notification.deliveries import delivery
from services.notification.deliveries.delivery import Delivery
from services.notification.deliveries.repository import DELIVERIES, DeliveryRepository
from services.notification.deliveries.sender import Sender
from shared.errors import NotFound
from shared.events.codes import DeliveryChannel
from shared.http.signatures import Signer
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record


class Deliveries:
    """The use cases of messages that were queued."""

    def __init__(self, context: UseCaseContext, sender: Sender, receipts_from: Signer) -> None:
        """Take the repository and the sender; ``receipts_from`` verifies the SMS gateway's receipts."""
        self._context = context
        self._deliveries = DeliveryRepository(context)
        self._sender = sender
        self.receipts_from = receipts_from

    async def deliveries(
        self, account_ids: tuple[str, ...], application_id: str | None = None, until: datetime | None = None
    ) -> list[Record[Delivery]]:
        """Return the messages to an account and those joined into it, the latest first.

        They are `repository.MOST_READ` at most.

        With ``application_id`` those about that application, with ``until`` those queued at that time or before.
        """
        coming = until is None or until >= self._context.now()
        return await self._deliveries.find_deliveries(account_ids, application_id, None if coming else until)

    def verify_receipt(self, headers: Mapping[str, str], body: bytes) -> None:
        """Refuse a body that the SMS gateway did not sign just now, as `Signer.verify` does."""
        self.receipts_from.verify(headers, body, self._context.now())

    async def take_receipt(self, delivery_id: str, *, delivered: bool) -> None:
        """Note the SMS gateway's receipt for a message; a repeated or late one changes nothing.

        Raises:
            NotFound: it was never sent by SMS from here.
        """
        note = delivery.confirm if delivered else delivery.give_back

        def decide(message: Delivery) -> Decision[Delivery] | None:
            if message.channel is not DeliveryChannel.SMS:
                raise NotFound
            return None if message.state in delivery.FINAL else note(message, delivery_id, self._context.now())

        before = await self._deliveries.delivery(delivery_id)
        after = await change(self._context.store, self._context.clock, DELIVERIES, delivery_id, decide, first=before)
        if before != after:
            await self._sender.clean_up(delivery_id, after.state)

    async def remove_unneeded_files(self) -> None:
        """Remove attachments that nothing can need any more."""
        unneeded = self._context.now() - 2 * timedelta(seconds=self._context.rules.useful_seconds)
        old = [file_id async for file_id in self._context.files.older_than(unneeded)]
        for file_id in old:
            await self._context.files.delete(file_id)
