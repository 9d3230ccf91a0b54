"""Facts that notification publishes, and the sealed commands it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from shared.events.coded import Coded
from shared.events.codes import DeliveryChannel, LetterKind, WebhookEnd
from shared.events.message import Command, Event


class DeliverySent(Event):
    """A message was accepted by its channel (``email`` or ``sms``)."""

    TYPE: ClassVar[str] = "paspor.notification.delivery.sent.v1"
    delivery_id: str
    account_id: str
    template: str
    channel: Annotated[str, Coded(DeliveryChannel)]
    """A :class:`~shared.events.codes.DeliveryChannel`."""
    application_id: str | None = None
    cause_id: str | None = None
    """The challenge or event that asked for the message."""


class DeliveryFailed(Event):
    """A message could not be delivered, for the coded reason."""

    TYPE: ClassVar[str] = "paspor.notification.delivery.failed.v1"
    delivery_id: str
    account_id: str
    template: str
    channel: Annotated[str, Coded(DeliveryChannel)]
    """A :class:`~shared.events.codes.DeliveryChannel`."""
    reason: str
    application_id: str | None = None
    cause_id: str | None = None


class WebhookTested(Event):
    """An operator asked for a delivery to a webhook, to see that it arrives."""

    TYPE: ClassVar[str] = "paspor.notification.webhook.tested.v1"
    webhook_id: str
    asked_at: datetime


class WebhookDisabled(Event):
    """Nothing is sent to a webhook any more until an operator enables it; what comes meanwhile is kept for a time."""

    TYPE: ClassVar[str] = "paspor.notification.webhook.disabled.v1"
    webhook_id: str
    consumer: str
    """The short name that the operator gave the consumer."""
    cause: Annotated[str, Coded(WebhookEnd)]
    """A :class:`~shared.events.codes.WebhookEnd`."""
    disabled_at: datetime


class SendOtp(Command):
    """Send a one-time code; sealed JSON: ``address``, ``channel``, ``code``. Dropped, not sent, once expired.

    The box is bound (``aad``) to ``challenge_id``.
    """

    TYPE: ClassVar[str] = "paspor.notification.command.send_otp.v1"
    RECIPIENT: ClassVar[str] = "notification"
    challenge_id: str
    account_id: str
    purpose: str
    language: str
    expires_at: datetime
    sealed: str


class TellOfSignIn(Command):
    """Tell an address of a sign-in on a new device; sealed JSON: ``address``, ``channel``, ``url``, ``until``.

    ``url`` is where its owner disowns it, until when. With ``opens_at`` it has not happened yet: the account opens then
    without this address. ``for_staff``: ``account_id`` is a member of staff. The box is bound (``aad``) to
    ``notice_id``.
    """

    TYPE: ClassVar[str] = "paspor.notification.command.tell_of_sign_in.v1"
    RECIPIENT: ClassVar[str] = "notification"
    notice_id: str
    account_id: str
    language: str
    opens_at: datetime | None = None
    for_staff: bool = False
    sealed: str


class TellOfLeaving(Command):
    """Tell an address that people, an address or the account go at ``ends_at``; sealed JSON: ``address``, ``channel``,
    ``url``, where it is undone until then.

    ``what``: ``account``, ``applicant`` or ``address``. The box is bound (``aad``) to ``notice_id``.
    """

    TYPE: ClassVar[str] = "paspor.notification.command.tell_of_leaving.v1"
    RECIPIENT: ClassVar[str] = "notification"
    notice_id: str
    account_id: str
    language: str
    what: str
    ends_at: datetime
    sealed: str


class KeepContactCard(Command):
    """Keep (or replace) how to reach an account; sealed JSON: ``email``, ``phone`` (E.164) and ``name``, or null.

    After a change of address also ``undo_url`` and ``undo_until``: where whoever is told of it can undo it, until when.

    The box is bound (``aad``) to ``account_id``.
    """

    TYPE: ClassVar[str] = "paspor.notification.command.keep_contact_card.v1"
    RECIPIENT: ClassVar[str] = "notification"
    account_id: str
    language: str
    sealed: str


class SendLetter(Command):
    """Send a letter by email: the cover letter, or the letter of refusal.

    Sealed JSON: ``file_name``, ``content`` (base64 of the PDF).

    The box is bound (``aad``) to ``application_id``.
    """

    TYPE: ClassVar[str] = "paspor.notification.command.send_letter.v1"
    RECIPIENT: ClassVar[str] = "notification"
    account_id: str
    application_id: str
    appointment_id: str
    kind: Annotated[str, Coded(LetterKind)] = LetterKind.COVER.value
    """A :class:`~shared.events.codes.LetterKind`. Not said by earlier versions."""
    sealed: str


class NotificationErasureDone(Event):
    """Notification erased what an order names. ``kept`` are coded reasons of what it still keeps: ``legal_hold``,
    ``in_use`` or the name of a retention rule; told again when they change, and empty once nothing is kept.
    """

    TYPE: ClassVar[str] = "paspor.notification.erasure.done.v1"
    erasure_id: str
    service: str
    kept: tuple[str, ...] = ()
