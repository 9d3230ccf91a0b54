"""What the routes of identity share."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from services.identity.use_cases import Identity
from shared.http.endpoint import RateLimit

IDENTITY: Final[web.AppKey[Identity]] = web.AppKey("identity", Identity)

STAFF_LOGINS_PER_ADDRESS: Final = RateLimit(30, 60.0, "address", shared=True)
