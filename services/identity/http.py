"""Shared by the routes of identity: the key of the use cases, and limits of more than one room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from shared.http.endpoint import RateLimit

if TYPE_CHECKING:
    from services.identity.use_cases import Identity

IDENTITY: Final[web.AppKey[Identity]] = web.AppKey("identity")

STAFF_LOGINS_PER_ADDRESS: Final = RateLimit(30, 60.0, "address", shared=True)

TRIES_PER_ADDRESS: Final = RateLimit(60, 60.0, "address", shared=True)
"""Codes and refresh tokens tried from one network address."""

FORMS_PER_CALLER: Final = RateLimit(30, 60.0)

LINKS_PER_ADDRESS: Final = RateLimit(30, 60.0, "address", shared=True)
"""Links of messages looked at or used from one network address: a person has a few at most, and none is guessed."""
