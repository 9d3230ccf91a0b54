"""What the endpoints of every topic share: the use cases, who may call, how large a body may be."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from services.billing.use_cases import Billing
from shared.http.endpoint import ROLES
from shared.tokens import Role

BILLING: Final = web.AppKey("billing", Billing)
"""Where the running application keeps the use cases."""

READERS: Final = ROLES(Role.APPLICANT, Role.TREASURER, Role.OPERATOR)
"""Applicants see their own; treasurers those of the offices they serve; operators all."""

TREASURY: Final = ROLES(Role.TREASURER, Role.OPERATOR)
SMALL_BODY_BYTES: Final = 1024
