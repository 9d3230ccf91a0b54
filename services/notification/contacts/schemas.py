"""Preferences over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from services.notification.contacts.contact import Preferences
from shared.events.codes import DeliveryChannel
from shared.http.language import LanguageCode
from shared.http.schema import Body, View

ChannelWord = Annotated[DeliveryChannel, Field(strict=False)]


class PreferencesChoice(Body):
    """The language and the channels to be told by. One-time codes and the letter keep their own channel."""

    language: Literal["id", "en"]
    channels: Annotated[tuple[ChannelWord, ...], Field(strict=False, min_length=1, max_length=2)]

    def preferences(self) -> Preferences:
        """Return the choice, each channel once and in the usual order."""
        return Preferences(self.language, tuple(channel for channel in DeliveryChannel if channel in self.channels))


class PreferencesView(View):
    """Your language and channels, and the masked addresses that are used for them."""

    model_config = ConfigDict(from_attributes=True)

    language: LanguageCode
    channels: tuple[DeliveryChannel, ...]
    email: str | None
    phone: str | None
