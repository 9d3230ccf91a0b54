"""Settings of notification, read from the environment."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from services.notification.rules import FeedRules, MailRules, RetryRules, Rules, SmsRules, WebhookRules
from shared.crypto.sealed import Unsealer
from shared.fields.email import NotAnEmail, read_email
from shared.production import Anything, AtLeast, Encrypted, MustBeTrue, RealMailbox, SharedSecret
from shared.settings import Environment, ServiceSettings

RULES: Final = Rules()
RETRY: Final = RetryRules()
MAIL: Final = MailRules()
SMS: Final = SmsRules()
FEEDS: Final = FeedRules()

SHORTEST_KEEP_SECONDS = 36 * 86400
"""A re-published event is known again by its delivery, so deliveries outlive the archive of events (35 days)."""

SHORTEST_SECRET_CHARACTERS = 8


def _opens(value: SecretStr) -> SecretStr:
    Unsealer.parse(value.get_secret_value())
    return value


def _has_an_address(value: str) -> str:
    if "@" not in parseaddr(value)[1]:
        raise ValueError("it holds no address")
    return value


def _deliverable(address: str) -> str:
    try:
        return read_email(address, allow_test_domains=True)
    except NotAnEmail:
        raise ValueError("it is no address that a mail can be sent to, such as office@example.org") from None


def _is_a_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("there is no such time zone") from None
    return value


def _pauses(value: Any) -> Any:
    return tuple(float(part) for part in value.split(",")) if isinstance(value, str) else value


Mailbox = Annotated[str, AfterValidator(_deliverable)]
Secret = Annotated[SecretStr, Field(min_length=SHORTEST_SECRET_CHARACTERS)]
Pauses = Annotated[tuple[Annotated[float, Field(gt=0)], ...], NoDecode, Field(min_length=1, max_length=20)]


class Settings(ServiceSettings):
    """Notification's settings; durations in seconds, with the real values as defaults."""

    database: str = Field("paspor_notification", min_length=1, max_length=38, pattern=r"^[a-z][a-z0-9_]*$")
    http_port: int = Field(8105, ge=0, le=65535, description="the port to listen on; 0 takes a free one")
    sealing_private_keys: Annotated[SecretStr, AfterValidator(_opens)] = Field(
        description="base64 of our X25519 private keys, comma-separated, the current one first"
    )

    smtp_host: str = Field("127.0.0.1", min_length=1, description="the mail server")
    smtp_port: Annotated[int, Anything("where the mail server listens is its business")] = Field(
        8205, ge=1, le=65535, description="its port"
    )
    smtp_username: str | None = Field(None, min_length=1, description="our name there, if it asks for one")
    smtp_password: Annotated[SecretStr | None, Anything("the mail server decides how it is made")] = Field(
        None, description="our password there"
    )
    smtp_starttls: Annotated[
        bool | None, MustBeTrue("codes and addresses would go over the wire in the open", "Write true")
    ] = Field(None, description="true demands encryption, false never, unset where offered")
    smtp_timeout_seconds: Annotated[float, AtLeast(5, "mail servers look senders up first")] = Field(
        MAIL.timeout_seconds, gt=0, le=25, description="until the server asks for the mail itself"
    )
    smtp_answer_seconds: Annotated[float, AtLeast(60, "a mail that was taken would be sent again")] = Field(
        MAIL.answer_seconds,
        gt=0,
        le=3600,
        description="wait for the server's word on a mail it has (RFC 5321: ten minutes)",
    )
    smtp_connections: Annotated[int, Anything("the field itself ends at 50")] = Field(
        MAIL.connections, ge=1, le=50, description="lasting connections to the mail server"
    )
    mail_from: Annotated[
        str,
        AfterValidator(_has_an_address),
        RealMailbox("answers and refusals would go nowhere", "Write the sender at a domain of ours, as NAME <ADDRESS>"),
    ] = Field("Layanan Paspor <no-reply@paspor.example>", max_length=200, description="the sender, as Name <address>")

    sms_url: Annotated[
        str, Encrypted("personal data and money are told there", "Write the agency's https:// address")
    ] = Field("http://127.0.0.1:8203", pattern=r"^https?://", description="the SMS gateway")
    sms_secret: Annotated[Secret, SharedSecret("whoever knows it sends SMS in our name")] = Field(
        description="what our messages to the gateway are signed with"
    )
    sms_timeout_seconds: Annotated[float, AtLeast(1, "the gateway takes that long")] = Field(
        SMS.timeout_seconds, gt=0, le=25, description="for one SMS"
    )
    sms_callback_secret: Annotated[Secret, SharedSecret("whoever knows it can call messages delivered")] = Field(
        description="what the gateway's receipts are signed with, as key k1"
    )
    sms_callback_next_secret: Annotated[Secret | None, SharedSecret("whoever knows it can call messages delivered")] = (
        Field(None, description="its successor while keys turn, as key k2")
    )

    retry_seconds: Annotated[Pauses, AtLeast(1, "a server that comes back would be run over")] = Field(
        RETRY.pauses_seconds, description="pauses between tries, the last repeats"
    )
    otp_retry_seconds: Annotated[Pauses, AtLeast(1, "a server that comes back would be run over")] = Field(
        RETRY.urgent_pauses_seconds, description="the same for one-time codes"
    )
    useful_seconds: Annotated[int, AtLeast(3600, "news would be dropped while a mail server is mended")] = Field(
        RULES.useful_seconds, ge=1, description="how long news without an end of their own are told"
    )
    keep_seconds: Annotated[int, Anything("the field itself begins at 36 days")] = Field(
        RULES.keep_seconds, ge=SHORTEST_KEEP_SECONDS, description="how long ended deliveries are kept"
    )
    forget_every_seconds: Annotated[float, AtLeast(60, "the store would be asked too often")] = Field(
        RULES.forget_every_seconds, gt=0, description="pause between two sweeps of old deliveries"
    )
    feed_keep_seconds: Annotated[int, AtLeast(86400, "a telephone that was off would read everything again")] = Field(
        FEEDS.keep_seconds, ge=1, le=30 * 86400, description="how long the stream of an account can be gone on with"
    )
    feed_most_entries: Annotated[int, AtLeast(50, "one application on its way makes about thirty")] = Field(
        FEEDS.most_entries, ge=1, le=1000, description="changes that an account's stream can go back"
    )
    timezone: Annotated[str, AfterValidator(_is_a_zone)] = Field(
        "Asia/Jakarta", description="the zone of times that no office goes with"
    )
    office_emails: dict[str, Mailbox] = Field({}, description='who hears of overdue work, as {"office-id": "address"}')
    operator_email: Mailbox | None = Field(None, description="who hears it for an office that is not listed")

    _read_pauses = field_validator("retry_seconds", "otp_retry_seconds", mode="before")(_pauses)

    @property
    def rules(self) -> Rules:
        """Limits of the use cases, and the addresses of the offices."""
        return Rules(
            retry=RetryRules(self.retry_seconds, self.otp_retry_seconds),
            useful_seconds=self.useful_seconds,
            keep_seconds=self.keep_seconds,
            office_emails=self.office_emails,
            operator_email=self.operator_email,
            forget_every_seconds=self.forget_every_seconds,
            feeds=FeedRules(self.feed_keep_seconds, self.feed_most_entries),
            webhooks=WebhookRules(),
        )

    @property
    def allows_loopback_webhooks(self) -> bool:
        """Whether a webhook may lead to this very machine, over plain http; never in production."""
        return self.environment is not Environment.PRODUCTION

    @property
    def mail_rules(self) -> MailRules:
        """Patience with the mail server."""
        return MailRules(
            timeout_seconds=self.smtp_timeout_seconds,
            answer_seconds=self.smtp_answer_seconds,
            connections=self.smtp_connections,
        )

    @property
    def sms_rules(self) -> SmsRules:
        """Patience with the SMS gateway."""
        return SmsRules(timeout_seconds=self.sms_timeout_seconds)

    def callback_keys(self) -> dict[str, str]:
        """Return the keys that receipts may be signed with."""
        keys = {"k1": self.sms_callback_secret.get_secret_value()}
        if self.sms_callback_next_secret is not None:
            keys["k2"] = self.sms_callback_next_secret.get_secret_value()
        return keys
