"""What may be set about the HTTP layer of one process; every limit has a name, a unit and a default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from shared.http.address import Network
from shared.http.body_budget import BODY_BUDGET_BYTES
from shared.http.endpoint import RateLimit

DEFAULT_RATE: Final = RateLimit(count=600, per_seconds=60.0)
"""Ten calls a second to one address, for one caller: a hurried person stays below it, a script does not."""

MAX_IN_FLIGHT: Final = 512
"""Requests of one process under way at once: what it answers within about a second in the rush of an opening (measured:
400 callers at once, the slowest answer after 1.1 s). Who comes beyond that is told to come again."""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Limits of one process. `rate_factor` multiplies every rate limit's count (load tests, demos with one address)."""

    max_in_flight: int = MAX_IN_FLIGHT
    max_streams: int = 256
    body_seconds: float = 30.0
    body_budget_bytes: int = BODY_BUDGET_BYTES
    idle_seconds: float = 20.0
    heartbeat_seconds: float = 15.0
    default_rate: RateLimit | None = DEFAULT_RATE
    rate_factor: float = 1.0
    trusted_proxies: tuple[Network, ...] = field(default=())
    api_version: str = "1.0.0"

    def scaled(self, limit: RateLimit) -> RateLimit:
        """The limit with its count multiplied by `rate_factor`, never below one."""
        return RateLimit(max(1, round(limit.count * self.rate_factor)), limit.per_seconds, limit.per)
