"""Shared by the routes of notification: the key of the use cases, and the names of signature headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from services.notification.use_cases import Notification

NOTIFICATION: Final[web.AppKey[Notification]] = web.AppKey("notification")

SMS_PREFIX: Final = "X-Sms"
"""Begins the names of the signature headers to and from the SMS gateway."""
