"""Contact cards: kept as identity tells them, announced when an address changes, and the choices of their owners."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from services.notification.contacts import contact
from services.notification.contacts.contact import ContactCard, Preferences, WayBack, known_language
from services.notification.contacts.repository import CARDS, ContactRepository
from services.notification.contacts.vault import ContactVault
from services.notification.context import UseCaseContext
from services.notification.deliveries.contents import masked
from services.notification.deliveries.queue import DeliveryQueue, Wanted
from services.notification.deliveries.recipient import Reach, Recipient
from services.notification.deliveries.repository import DeliveryRepository
from services.notification.errors import ChannelHasNoAddress
from shared.errors import NotFound, NotKnownYet
from shared.events.codes import DeliveryChannel
from shared.events.envelope import Envelope
from shared.events.identity import AccountJoined, ConsentsChanged
from shared.events.notification import KeepContactCard
from shared.projections import wait_until_known
from shared.service import NotYet
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record


@dataclass(frozen=True)
class ChosenPreferences:
    """An account's language and channels, with the masked addresses that it may choose between."""

    language: str
    channels: tuple[DeliveryChannel, ...]
    email: str | None
    phone: str | None


class Contacts:
    """The use cases of contact cards and preferences."""

    def __init__(self, context: UseCaseContext, queue: DeliveryQueue) -> None:
        self._context = context
        self._contacts = ContactRepository(context)
        self._vault = ContactVault(context.seals)
        self._deliveries = DeliveryRepository(context)
        self._queue = queue

    async def keep_contact_card(self, command: KeepContactCard, envelope: Envelope) -> None:
        """Store a card and announce a changed address to old and new; an older or repeated event changes nothing.

        Raises:
            VersionConflict: the card changed meanwhile; the event is repeated, with the announcements of that change.
        """
        reach, way_back = self._vault.contact(command)
        language = known_language(command.language)
        known = await self._contacts.card(command.account_id)
        version, is_first = envelope.aggregate_version, known is None
        card = await self._vault.card(command.account_id, reach, language, version, is_first=is_first)
        now = self._context.now()
        if known is None:
            await self._contacts.add_card(command.account_id, card, now=now, received=envelope.id)
            return
        if contact.is_older(known.state, envelope.aggregate_version):
            return
        # The announcements first: should this stop midway, the repeat still knows the old address.
        await self._announce(known, reach, way_back, envelope)
        chosen = known.state
        kept = contact.with_consents(card, chosen.stopped_purposes, chosen.consents_version)
        kept = replace(kept, preferences=chosen.preferences)
        await self._contacts.save_card(known, kept, now=now, received=envelope.id)

    async def preferences(self, account_id: str) -> ChosenPreferences:
        """Return the account's preferences.

        Raises:
            NotKnownYet: its contact card is not here.
        """
        return await self._masked(account_id, (await self._awaited_card(account_id)).state)

    async def choose(self, account_id: str, wanted: Preferences) -> ChosenPreferences:
        """Choose language and channels.

        Raises:
            ChannelHasNoAddress: the account has no address for one of them. NotKnownYet: its contact card is not here.
        """

        def decide(card: ContactCard) -> Decision[ContactCard]:
            without = [channel for channel in wanted.channels if not contact.has_address(card, channel)]
            if without:
                raise ChannelHasNoAddress(field="/channels", channel=without[0].value)
            return Decision(replace(card, preferences=wanted))

        card = await self._awaited_card(account_id)
        chosen = await change(self._context.store, self._context.clock, CARDS, account_id, decide, first=card)
        return await self._masked(account_id, chosen.state)

    async def consents_changed(self, event: ConsentsChanged, envelope: Envelope) -> None:
        """Note the purposes that the account is not written to for, and drop what waits to be sent for one of them; an
        older or repeated event changes nothing.

        Raises:
            NotYet: the account's contact card is not here.
        """
        version = envelope.aggregate_version

        def decide(card: ContactCard) -> Decision[ContactCard]:
            return Decision(contact.with_consents(card, event.stopped_purposes, version))

        try:
            card = await change(self._context.store, self._context.clock, CARDS, event.account_id, decide)
        except NotFound:
            raise NotYet("the contact card has not arrived") from None
        await self._deliveries.drop_queued(event.account_id, card.state.stopped_purposes)

    async def stopped_purposes(self, account_id: str) -> tuple[str, ...]:
        """Return the free purposes that the account is not written to for.

        Raises:
            NotYet: its contact card is not here.
        """
        return (await self._card(account_id)).state.stopped_purposes

    async def recipient(self, account_id: str) -> Recipient:
        """Return the addresses and the language of this account, or of the one into which it was joined.

        Raises:
            NotYet: its contact card is not here.
        """
        return await self._recipient(await self._card(account_id))

    async def recipient_and_channels(self, account_id: str) -> tuple[Recipient, tuple[DeliveryChannel, ...]]:
        """Return the `recipient` and the channels that the account wants."""
        card = await self._card(account_id)
        return await self._recipient(card), contact.preferences_of(card.state).channels

    async def account_joined(self, event: AccountJoined, envelope: Envelope) -> None:
        """Tell every address of both accounts of the join, then send what is for the closed one to the other. A repeat
        changes nothing.

        Raises:
            NotYet: a contact card is not here.
        """
        stays, closed = await self._card(event.into_account_id), await self._contacts.card(event.from_account_id)
        if closed is None:
            raise NotYet("the contact card of the closed account has not arrived")
        if closed.state.joined_into is not None:
            return
        for record, copy in ((stays, ""), (closed, "closed account")):
            await self._tell_of_join(await self._recipient(record), envelope, copy)
        joined = contact.join_into(closed.state, event.into_account_id)
        await self._contacts.save_card(closed, joined, now=self._context.now(), received=envelope.id)

    async def _tell_of_join(self, to: Recipient, envelope: Envelope, copy: str) -> None:
        for channel in DeliveryChannel:
            if to.reach.address(channel) is not None:
                wanted = Wanted(
                    envelope=envelope,
                    template=contact.ACCOUNTS_JOINED,
                    channel=channel,
                    to=to,
                    variables={"joined_at": envelope.time.isoformat()},
                    send_by=envelope.time + timedelta(seconds=self._context.rules.useful_seconds),
                    cause_id=envelope.id,
                    copy=copy,
                )
                await self._queue.add(wanted)

    async def _card(self, account_id: str) -> Record[ContactCard]:
        """Return the card of this account, or of the one into which it was joined."""
        record = await self._contacts.card(account_id)
        while record is not None and record.state.joined_into is not None:
            record = await self._contacts.card(record.state.joined_into)
        if record is None:
            raise NotYet("the contact card has not arrived")
        return record

    async def _recipient(self, record: Record[ContactCard]) -> Recipient:
        card = record.state
        return Recipient(record.id, contact.language_of(card), await self._vault.open_reach(record.id, card))

    async def _awaited_card(self, account_id: str) -> Record[ContactCard]:
        record = await wait_until_known(lambda: self._contacts.card(account_id), self._context.clock)
        if record is None:
            raise NotKnownYet
        return record

    async def _announce(
        self, known: Record[ContactCard], after: Reach, way_back: WayBack | None, envelope: Envelope
    ) -> None:
        undo = {
            "undo_url": way_back.url if way_back else None,
            "undo_until": way_back.until.isoformat() if way_back else None,
        }
        before = await self._vault.open_reach(known.id, known.state)
        for told in contact.announcements(before, after):
            reach = Reach(
                **{"email" if told.channel is DeliveryChannel.EMAIL else "phone": told.address}, name=before.name
            )
            new = masked(told.changed, after.address(told.changed))
            wanted = Wanted(
                envelope=envelope,
                template=contact.ADDRESS_CHANGED[told.changed],
                channel=told.channel,
                to=Recipient(known.id, contact.language_of(known.state), reach),
                variables={"new_address": new, "changed_at": envelope.time.isoformat(), **undo},
                send_by=envelope.time + timedelta(seconds=self._context.rules.useful_seconds),
                cause_id=envelope.id,
                copy="new address" if told.is_new else "",
            )
            await self._queue.add(wanted)

    async def _masked(self, account_id: str, card: ContactCard) -> ChosenPreferences:
        reach, chosen = await self._vault.open_reach(account_id, card), contact.preferences_of(card)
        return ChosenPreferences(
            chosen.language,
            chosen.channels,
            email=masked(DeliveryChannel.EMAIL, reach.email) or None,
            phone=masked(DeliveryChannel.SMS, reach.phone) or None,
        )
