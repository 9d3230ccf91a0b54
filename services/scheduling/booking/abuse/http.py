"""Where a request came from, for the limits against hoarding."""

from __future__ import annotations

from typing import Any

from services.scheduling.booking.abuse.activity_counters import ActivityCounters, Origin
from services.scheduling.http import DEVICE_HEADER, use_case
from shared.http.call import Call


def origin_of(call: Call[Any, Any, Any]) -> Origin:
    """Where a request came from: the app's own opaque `X-Device-Id`, if it sends one, and the network address."""
    return use_case(call, ActivityCounters).origin(call.request.headers.get(DEVICE_HEADER), call.address)
