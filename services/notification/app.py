"""How notification is put together: for the process, for tests and for the simulation alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from services.notification.account_feeds.repository import FEEDS
from services.notification.clients import HttpSmsGateway, HttpWebhookPoster, MailServer, SmtpMailer
from services.notification.config import Settings
from services.notification.contacts.repository import CARDS
from services.notification.context import UseCaseContext
from services.notification.deliveries.ports import Mailer, SmsGateway
from services.notification.deliveries.repository import DELIVERIES
from services.notification.endpoints import ENDPOINTS
from services.notification.erasures.shelves import NotificationShelves, tell_erasure
from services.notification.handlers import Handlers, in_turn
from services.notification.http import NOTIFICATION, SMS_PREFIX
from services.notification.office_contacts.repository import OFFICE_CONTACTS, OPENED_OFFICE
from services.notification.texts import Texts
from services.notification.use_cases import Notification
from services.notification.webhooks.ports import WebhookPoster
from services.notification.webhooks.repository import KEPT_EVENTS, WEBHOOK_DELIVERIES, WEBHOOKS
from shared.audit import AUDIT_KINDS
from shared.chain import CHAIN_KINDS
from shared.events.identity import SessionEnded
from shared.http.signatures import Signer
from shared.key_turn.service import KEY_TURN
from shared.own_data.answers import EXPORT_ANSWER
from shared.retention.service import RETENTION_KINDS, Retention
from shared.service import Chore, Parts, Platform
from shared.sessions import ENDED_SESSION, EndedSessions
from shared.store.kinds import Kind
from shared.typesetting.typesetter import Typesetter, typesetting_pool
from shared.workers.pool import WorkerFigures

NAME: Final = "notification"
KINDS: Final[tuple[Kind[Any], ...]] = (
    *(CARDS, DELIVERIES, FEEDS, WEBHOOKS, KEPT_EVENTS, WEBHOOK_DELIVERIES),
    *(OFFICE_CONTACTS, OPENED_OFFICE),
)
"""Every kind of document that notification keeps."""

RECEIPTS_AT_ONCE: Final = 2
"""Workers that typeset receipts of mails: 50 payments a second are expected, and one does about as many on a quiet
core. One stays, so that no mail waits for a process to start.
"""


def build(
    settings: Settings,
    platform: Platform,
    *,
    mailer: Mailer,
    sms: SmsGateway,
    poster: WebhookPoster | None = None,
    typesetter: Typesetter | None = None,
    close: Callable[[], Awaitable[None]] | None = None,
) -> Parts:
    """Return the service's parts; ``close`` ends what the clients hold open."""
    context = UseCaseContext.from_settings(settings, platform)
    periods = {
        "deliveries": timedelta(seconds=settings.keep_seconds),
        "account_feeds": timedelta(seconds=settings.feed_keep_seconds),
    }
    retention = Retention(
        NAME,
        platform,
        NotificationShelves(context).all(),
        told=tell_erasure,
        rules=settings.retention_rules().with_periods(periods),
        per_second=settings.retention_per_second,
        look_again_after=settings.erasure_look_again_after(),
    )
    notification = Notification(
        context,
        Texts(portal_url=settings.public_url, timezone=settings.timezone),
        mailer,
        sms,
        receipts_from=Signer(SMS_PREFIX, settings.callback_keys()),
        retention=retention,
        platform=platform,
        poster=poster or HttpWebhookPoster(allow_loopback=settings.allows_loopback_webhooks),
        public_url=settings.public_url.rstrip("/"),
        typesetter=typesetter,
    )
    handlers = Handlers(notification)
    ended_sessions = EndedSessions(platform.store, platform.clock)
    session_ended = in_turn(ended_sessions.note, notification.account_feeds.session_ended)
    return Parts(
        name=NAME,
        service=notification,
        key=NOTIFICATION,
        kinds=(*KINDS, EXPORT_ANSWER, *AUDIT_KINDS, *CHAIN_KINDS, ENDED_SESSION, KEY_TURN, *RETENTION_KINDS),
        endpoints=ENDPOINTS,
        events={**handlers.events(), SessionEnded: session_ended, **retention.events()},
        sessions=ended_sessions,
        commands=handlers.commands(),
        deadlines={**handlers.deadlines(), **retention.deadlines(), **notification.key_turns.deadlines()},
        chores=(
            Chore(
                "remove_unneeded_files",
                settings.rules.forget_every_seconds,
                notification.deliveries.remove_unneeded_files,
            ),
            *notification.audit_book.kept.chores(),
            *retention.chores(),
        ),
        invariants={"I10_notification_audit": notification.audit_book.kept.checks.only_grow_and_miss_nothing},
        close=close,
    )


def assemble(settings: Settings, platform: Platform) -> Parts:
    """Return notification with the real mail server and the real SMS gateway."""
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        username=settings.smtp_username,
        password=settings.smtp_password,
        starttls=True if settings.smtp_starttls is None and settings.smtp_password else settings.smtp_starttls,
        rules=settings.mail_rules,
    )
    mailer = SmtpMailer(server, platform.clock)
    sms = HttpSmsGateway(
        settings.sms_url,
        settings.sms_secret,
        platform.clock,
        platform.randomness,
        timeout_seconds=settings.sms_rules.timeout_seconds,
    )

    poster = HttpWebhookPoster(allow_loopback=settings.allows_loopback_webhooks)

    figures = WorkerFigures()
    workers = typesetting_pool("receipts", figures, most=RECEIPTS_AT_ONCE, warm=1)

    async def close() -> None:
        await workers.close()
        await mailer.close()
        await sms.close()
        await poster.close()

    parts = build(
        settings, platform, mailer=mailer, sms=sms, poster=poster, typesetter=Typesetter(workers), close=close
    )
    return replace(parts, figures=(*parts.figures, *figures.collectors))
