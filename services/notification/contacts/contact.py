"""Contact cards: the addresses, language and preferences of an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from services.notification.deliveries.recipient import Reach
from shared.events.codes import DeliveryChannel

LANGUAGES: Final = ("id", "en")
ADDRESS_CHANGED: Final[Mapping[DeliveryChannel, str]] = {
    DeliveryChannel.EMAIL: "email_changed",
    DeliveryChannel.SMS: "phone_changed",
}
"""The template that tells of a changed address."""

ACCOUNTS_JOINED: Final = "accounts_joined"
"""The template that tells every address of two accounts that one was joined into the other."""


@dataclass(frozen=True)
class Preferences:
    """The applicant's choice: a language and the channels that may be used, at least one."""

    language: str
    channels: tuple[DeliveryChannel, ...]


@dataclass(frozen=True)
class ContactCard:
    """One per account; its id is the account's. ``email``, ``phone`` and ``name`` are sealed.

    ``source_version`` is the version of the account that the card was written from: an older card never replaces it.
    """

    language: str
    email: str | None
    phone: str | None
    name: str | None
    source_version: int
    preferences: Preferences | None = None
    joined_into: str | None = None
    """The account into which this one was joined: what is for this one goes there."""
    stopped_purposes: tuple[str, ...] = ()
    """Free purposes of the privacy notice that this account is not written to for."""
    consents_version: int = 0
    """The version of the account's consents that ``stopped_purposes`` are from."""


@dataclass(frozen=True)
class WayBack:
    """Where a change of address can be undone, and until when. The address is a secret; it is stored only sealed."""

    url: str = field(repr=False)
    until: datetime


@dataclass(frozen=True)
class Announcement:
    """That an address changed, to be told to ``address``. ``is_new``: it is the one that the account has now."""

    channel: DeliveryChannel
    address: str
    changed: DeliveryChannel
    is_new: bool = False


def language_of(card: ContactCard) -> str:
    """Return the chosen language, else the account's, else Indonesian."""
    return known_language(card.preferences.language if card.preferences else card.language)


def has_address(card: ContactCard, channel: DeliveryChannel) -> bool:
    """Return whether the account can be reached over this channel."""
    return bool(card.email if channel is DeliveryChannel.EMAIL else card.phone)


def preferences_of(card: ContactCard) -> Preferences:
    """Return the chosen preferences; without any every channel is used."""
    return card.preferences or Preferences(language_of(card), tuple(DeliveryChannel))


def join_into(card: ContactCard, account_id: str) -> ContactCard:
    """Return the card of an account that was joined into another: it names that one, and no address any more."""
    return replace(card, email=None, phone=None, name=None, joined_into=account_id)


def is_older(card: ContactCard, source_version: int) -> bool:
    """Return whether news from this version of the account is in the card already, or too late: it was joined."""
    return source_version <= card.source_version or card.joined_into is not None


def with_consents(card: ContactCard, stopped_purposes: tuple[str, ...], version: int) -> ContactCard:
    """Return the card with the purposes that this version of the consents stops; an older one changes nothing."""
    if version <= card.consents_version:
        return card
    return replace(card, stopped_purposes=stopped_purposes, consents_version=version)


def channels_for(
    usual: tuple[DeliveryChannel, ...], wanted: tuple[DeliveryChannel, ...], reach: Reach
) -> tuple[DeliveryChannel, ...]:
    """Return the channels with an address: the usual ones that are wanted, else any wanted one, else any at all.

    An account whose wanted channels have no address is told on any that has one: silence is worse.
    """
    reachable = [channel for channel in DeliveryChannel if reach.address(channel)]
    for choice in (set(usual) & set(wanted), set(wanted), set(DeliveryChannel)):
        found = tuple(channel for channel in reachable if channel in choice)
        if found:
            return found
    return ()


def announcements(before: Reach, after: Reach) -> tuple[Announcement, ...]:
    """Return the announcements of a change: to the old address, the new one, and the other one, which stays."""
    told = []
    for changed in DeliveryChannel:
        old, new = before.address(changed), after.address(changed)
        if old == new:
            continue
        other = DeliveryChannel.EMAIL if changed is DeliveryChannel.SMS else DeliveryChannel.SMS
        stays = before.address(other) if before.address(other) == after.address(other) else None
        if old is not None:
            told.append(Announcement(changed, old, changed))
        if stays is not None:
            told.append(Announcement(other, stays, changed))
        if new is not None:
            told.append(Announcement(changed, new, changed, is_new=True))
    return tuple(told)


def known_language(language: str) -> str:
    """Return the language if texts are written in it, else Indonesian."""
    return language if language in LANGUAGES else LANGUAGES[0]
