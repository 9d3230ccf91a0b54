"""Requests that survive a restart of a service: repeated where a repeat is safe, commands under an idempotency key."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

import httpx

from paspor_client.keys import new_key

PATIENCE_SECONDS: Final = 60.0
"""How long one call may be repeated; a service that restarts is back within seconds."""

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0
REPEATED: Final = frozenset({429, 502, 503, 504})
"""Too many requests, and the three ways in which a gateway or a service says that it is away for a moment."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
COMMANDS: Final = frozenset({"POST", "PUT", "DELETE"})
"""Calls that take an `Idempotency-Key`: a repeat under the same key meets the first try. A piece of an upload (PATCH)
says itself where it belongs, and a piece that is there already is refused with the offset to go on from."""


class PatientTransport(httpx.BaseTransport):
    """Sends a request through another transport, again and again until it is answered or the patience is at its end.

    `pause` and `clock` are for tests.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport | None = None,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner or httpx.HTTPTransport()
        self._patience_seconds = patience_seconds
        self._pause = pause
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the first answer that is no "later", or the last one.

        Raises:
            httpx.TransportError: no answer at all within the patience, or none to a request that must not be repeated.
        """
        if request.method in COMMANDS:
            request.headers.setdefault("Idempotency-Key", new_key())
        request.read()  # so that the body can be sent again
        may_repeat = request.method in SAFE | COMMANDS
        give_up_at, longest = self._clock() + self._patience_seconds, FIRST_PAUSE_SECONDS
        while True:
            try:
                response = self._inner.handle_request(request)
            except httpx.TransportError:
                wait = _chance(longest)
                if not may_repeat or self._clock() + wait > give_up_at:
                    raise
            else:
                wait = _asked_pause(response) or _chance(longest)
                if response.status_code not in REPEATED or not may_repeat or self._clock() + wait > give_up_at:
                    return response
                response.close()
            self._pause(wait)
            longest = min(longest * 2, LONGEST_PAUSE_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _chance(longest: float) -> float:
    """Seconds, at random, so that many clients do not come back together."""
    return random.uniform(0, longest)  # noqa: S311 - keeps no secret


def _asked_pause(response: httpx.Response) -> float | None:
    """Seconds that the answer asks for in `Retry-After`, or none; our services give seconds, never a date."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None
