"""Notification, wired."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from services.notification import handlers
from services.notification.clients import SMS_PREFIX
from services.notification.config import Settings
from services.notification.endpoints import ENDPOINTS, NOTIFICATION
from services.notification.repository import KINDS
from services.notification.sealed_contents import Secrets
from services.notification.texts import Texts
from services.notification.use_cases import Mailer, Notification, SmsGateway
from shared.crypto.fields import FieldCipher
from shared.crypto.sealed import Unsealer
from shared.events.identity import SessionEnded
from shared.http.signatures import Signer
from shared.service import Chore, Parts, Platform
from shared.sessions import ENDED_SESSION, EndedSessions

NAME: Final = "notification"


def build(
    settings: Settings,
    platform: Platform,
    *,
    mailer: Mailer,
    sms: SmsGateway,
    close: Callable[[], Awaitable[None]] | None = None,
) -> Parts:
    """The service's parts; ``close`` ends what the clients hold open."""
    notification = Notification(
        platform,
        Secrets(
            Unsealer.parse(settings.sealing_private_keys.get_secret_value()), FieldCipher(settings.master_keyring())
        ),
        Texts(portal_url=settings.public_url, timezone=settings.timezone),
        mailer,
        sms,
        receipts_from=Signer(SMS_PREFIX, settings.callback_keys()),
        rules=settings.rules,
    )
    ended_sessions = EndedSessions(platform.store, platform.clock)
    return Parts(
        name=NAME,
        service=notification,
        key=NOTIFICATION,
        kinds=(*KINDS, ENDED_SESSION),
        endpoints=ENDPOINTS,
        events={**handlers.events(notification), SessionEnded: ended_sessions.note},
        sessions=ended_sessions,
        commands=handlers.commands(notification),
        deadlines=handlers.deadlines(notification),
        chores=(Chore("forget_ended", settings.forget_every_seconds, notification.forget_ended),),
        close=close,
    )
