"""Sealed commands that ask for a message: opened here."""

from __future__ import annotations

import base64
from datetime import datetime

from services.notification.seals import Box, Seals
from shared.events.codes import DeliveryChannel
from shared.events.notification import SendLetter, SendOtp, TellOfLeaving, TellOfSignIn


class OtpBox(Box):
    """The content of `SendOtp`."""

    address: str
    channel: DeliveryChannel
    code: str
    office_id: str | None = None
    """The office that asks for consent to assist."""
    long_code: str | None = None
    """A code for signing in that counts for an hour, and whatever others have tried."""


class SignInBox(Box):
    """The content of `TellOfSignIn`."""

    address: str
    channel: DeliveryChannel
    url: str
    until: datetime


class LeavingBox(Box):
    """The content of `TellOfLeaving`."""

    address: str
    channel: DeliveryChannel
    url: str


class LetterBox(Box):
    """The content of `SendLetter`; ``content`` is base64."""

    file_name: str
    content: str

    def pdf(self) -> bytes:
        """Return the letter itself."""
        return base64.b64decode(self.content, validate=True)


class NoticeVault:
    """Opens the boxes of codes and letters."""

    def __init__(self, seals: Seals) -> None:
        self._unsealer = seals.unsealer

    def otp(self, command: SendOtp) -> OtpBox:
        """Open the box.

        Raises:
            CannotDecrypt, ValueError: it is no such box.
        """
        return OtpBox.model_validate(self._unsealer.open_json(command.sealed, command.challenge_id))

    def sign_in(self, command: TellOfSignIn) -> SignInBox:
        """Open the box. `CannotDecrypt` or `ValueError` for what is no such box."""
        return SignInBox.model_validate(self._unsealer.open_json(command.sealed, command.notice_id))

    def leaving(self, command: TellOfLeaving) -> LeavingBox:
        """Open the box. `CannotDecrypt` or `ValueError` for what is no such box."""
        return LeavingBox.model_validate(self._unsealer.open_json(command.sealed, command.notice_id))

    def letter(self, command: SendLetter) -> LetterBox:
        """Open the box.

        Raises:
            CannotDecrypt, ValueError: it is no such box.
        """
        return LetterBox.model_validate(self._unsealer.open_json(command.sealed, command.application_id))
