"""Limits of the HTTP runtime of one process, each with a name, a unit and a default."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from shared.http.address import Network
from shared.http.body_budget import BODY_BUDGET_BYTES
from shared.http.body_gate import PROMPT_SECONDS
from shared.http.conditions import LONGEST_WAIT_SECONDS
from shared.http.endpoint import RateLimit

DEFAULT_RATE: Final = RateLimit(count=600, per_seconds=60.0)
"""Ten calls a second of one caller to one address: a person in a hurry stays below it, a script does not."""

MAX_IN_FLIGHT: Final = 512
"""Requests of one process under way at once: what it answers within about a second in the rush of an opening (measured:
400 callers at once, the slowest answer after 1.1 s). Further requests get 503 with Retry-After."""


KEPT_FOR_AGENCIES: Final = 32
"""Places beyond MAX_IN_FLIGHT, and as many for late bodies, that only known agencies may take: a bank's notices of a
second (up to 100, each done within 0.1 s) with room to spare."""

BODY_SECONDS: Final = 10.0
"""A body that is read as a whole must arrive within this time: 64 KiB, the largest, at 52 kbit/s."""

LATE_BODIES: Final = 256
"""Late bodies of strangers at once: at 64 KiB each 16 MiB at most."""

LATE_BODIES_OF_CALLERS: Final = 64
"""Further places for late bodies that only bearers of a token may take."""

LATE_BODIES_EACH: Final = 16
"""Late bodies of one address, or of one account: a household or a cyber cafe on a bad line."""

UPLOADS: Final = 256
"""Bodies read piece by piece at once, a piece of 256 KiB in hand each: 64 MiB at most."""

UPLOADS_EACH: Final = 8
"""Uploads of one account at once: a family's pictures, or a counter's scanner."""

SLOWEST_UPLOAD: Final = 4096.0
"""Bytes a second that an upload must come at on average after its first `idle_seconds`: 33 kbit/s."""

DOWNLOADS: Final = 256
"""Answers sent piece by piece (files, exports) at once, some 64 KiB of each in buffers: 16 MiB."""

DOWNLOADS_EACH: Final = 16
"""Downloads of one account, or of one address where there is no token: a page of pictures in a browser."""

PUBLIC_STREAMS: Final = 128
"""Streams that anybody may watch, such as an office's call display, open at once."""

PUBLIC_STREAMS_EACH: Final = 8
"""Public streams of one address: the screens of one hall. Others ask for the display itself every few seconds."""

OWN_STREAMS: Final = 256
"""Streams behind a token (a place in the waiting room) open at once; no anonymous watcher can take one of them."""

OWN_STREAMS_EACH: Final = 3
"""Streams of one account: a telephone, a computer, and a window left open."""

WAITING_STRANGERS: Final = 512
"""Calls of strangers that wait for a change at once (challenges, before anybody has signed in)."""

WAITING_CALLERS: Final = 4608
"""Further waiting calls that only bearers of a token may open. With those of strangers 5,120, what the memory of a
process allows (`docs/limits.md`); beyond it calls are answered at once."""

WAITING_EACH: Final = 16
"""Waiting calls of one account, or of one address where there is no token: five applicants with what is under way."""

FOLLOWED_STREAMS: Final = 5120
"""Streams of accounts' own things open at once in one process: as many as calls that wait, for the same memory."""

FOLLOWED_STREAMS_EACH: Final = 3
"""Such streams of one account: a telephone, a computer, and a window left open."""

CONNECTIONS: Final = 8192
"""Connections of one process that do not come through a trusted proxy: those who wait leave room for all others."""

CONNECTIONS_EACH: Final = 1024
"""Connections of one address: a load test, or a bank's pool; eight addresses are needed to take all."""

HEAD_SECONDS: Final = 15.0
"""A head (8 KiB at most) must be whole within this time of its first byte, or of the connection's opening."""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Limits of one process. `rate_factor` multiplies every rate limit's count (load tests, demos with one address).

    Names that end in `_each` bound one sender: an account behind a token, else an address (of IPv6 its first 64 bits).
    """

    max_in_flight: int = MAX_IN_FLIGHT
    kept_for_agencies: int = KEPT_FOR_AGENCIES
    agency_networks: tuple[Network, ...] = ()
    max_late_bodies: int = LATE_BODIES
    late_bodies_of_callers: int = LATE_BODIES_OF_CALLERS
    late_bodies_each: int = LATE_BODIES_EACH
    prompt_seconds: float = PROMPT_SECONDS
    max_uploads: int = UPLOADS
    uploads_each: int = UPLOADS_EACH
    slowest_upload: float = SLOWEST_UPLOAD
    max_downloads: int = DOWNLOADS
    downloads_each: int = DOWNLOADS_EACH
    max_public_streams: int = PUBLIC_STREAMS
    public_streams_each: int = PUBLIC_STREAMS_EACH
    max_own_streams: int = OWN_STREAMS
    own_streams_each: int = OWN_STREAMS_EACH
    max_followed_streams: int = FOLLOWED_STREAMS
    followed_streams_each: int = FOLLOWED_STREAMS_EACH
    max_waiting: int = WAITING_STRANGERS
    waiting_of_callers: int = WAITING_CALLERS
    waiting_each: int = WAITING_EACH
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    max_connections: int = CONNECTIONS
    connections_each: int = CONNECTIONS_EACH
    head_seconds: float = HEAD_SECONDS
    body_seconds: float = BODY_SECONDS
    body_budget_bytes: int = BODY_BUDGET_BYTES
    idle_seconds: float = 20.0
    heartbeat_seconds: float = 15.0
    default_rate: RateLimit | None = DEFAULT_RATE
    rate_factor: float = 1.0
    trusted_proxies: tuple[Network, ...] = field(default=())
    api_version: str = "1.0.0"

    def scaled(self, limit: RateLimit) -> RateLimit:
        """Return the limit with its count multiplied by `rate_factor`, at least one."""
        return replace(limit, count=max(1, round(limit.count * self.rate_factor)))
