"""Preferences over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.notification.channel import Channel
from services.notification.contacts.contact import Preferences
from services.notification.contacts.service import ChosenPreferences
from shared.http.schema import Body, View

ChannelWord = Annotated[Channel, Field(strict=False)]


class PreferencesChoice(Body):
    """The language and the channels to be told by. One-time codes and the letter keep their own channel."""

    language: Literal["id", "en"]
    channels: Annotated[tuple[ChannelWord, ...], Field(strict=False, min_length=1, max_length=2)]

    def preferences(self) -> Preferences:
        """The choice, each channel once and in the usual order."""
        return Preferences(self.language, tuple(channel for channel in Channel if channel in self.channels))


class PreferencesView(View):
    """How you are told, and the masked addresses that are used for it."""

    language: str
    channels: tuple[Channel, ...]
    email: str | None
    phone: str | None

    @classmethod
    def of(cls, chosen: ChosenPreferences) -> PreferencesView:
        """The view of what was chosen."""
        return cls(
            language=chosen.preferences.language,
            channels=chosen.preferences.channels,
            email=chosen.email or None,
            phone=chosen.phone or None,
        )
