"""What the endpoints of every topic share."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from services.scheduling.booking.abuse.activity_counters import Origin
from services.scheduling.context import Who
from services.scheduling.use_cases import Scheduling
from shared.http.call import Call
from shared.tokens import Caller, Role

DEVICE_HEADER: Final = "X-Device-Id"
SCHEDULING: Final = web.AppKey("scheduling", Scheduling)


def who_of(caller: Caller) -> Who:
    """Who asks, as the use cases know callers."""
    is_staff = caller.role is not Role.APPLICANT
    return Who(caller.account_id, caller.office_id, is_staff=is_staff, role=caller.role.value)


def origin_of(call: Call[Any, Any, Any]) -> Origin:
    """Where a request came from: the app's own opaque `X-Device-Id`, if it sends one, and the network address."""
    return scheduling_of(call).conduct.origin(call.request.headers.get(DEVICE_HEADER), call.address)


def scheduling_of(call: Call[Any, Any, Any]) -> Scheduling:
    """The use cases of the service that the call came to."""
    return call.app[SCHEDULING]
