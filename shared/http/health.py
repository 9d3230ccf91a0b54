"""Liveness, readiness and invariants of a process: for supervisors and operators, not for the public."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.clock import Clock
from shared.http.metrics import Metrics
from shared.logs import get_logger
from shared.service import InvariantCheck

log = get_logger(__name__)

Check = Callable[[], Awaitable[str | None]]
"""Checks one dependency of the service; None if it is well, else a short reason without secrets."""

CHECK_SECONDS: Final = 2.0
INVARIANT_SECONDS: Final = 30.0
FRESH: Final = timedelta(seconds=1)
"""A report this young is given again, so that frequent calls do not load the store."""

MAX_BROKEN_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class CheckState:
    """The state of one check, and the time since when it is so."""

    ok: bool
    since: datetime
    reason: str | None = None


class Readiness:
    """Runs named checks together and remembers when each one changed."""

    def __init__(self, checks: Mapping[str, Check], clock: Clock, *, timeout_seconds: float = CHECK_SECONDS) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._states: dict[str, CheckState] = {}
        self._looked_at: datetime | None = None
        self._looking = asyncio.Lock()

    async def run_checks(self) -> Mapping[str, CheckState]:
        """Return the state of every check, at most a second old. Never raises: a failing or hanging check is not ok."""
        async with self._looking:
            now = self._clock.now()
            if self._looked_at is None or abs(now - self._looked_at) >= FRESH:
                await asyncio.gather(*(self._look_at(name) for name in self._checks))
                self._looked_at = now
            return {name: self._states[name] for name in self._checks}

    async def _look_at(self, name: str) -> None:
        reason = await _reason(self._checks[name], self._timeout_seconds)
        before = self._states.get(name)
        unchanged = before is not None and before.ok == (reason is None)
        since = before.since if before is not None and unchanged else self._clock.now()
        if before is not None and not unchanged:
            log.warning("readiness_changed", check=name, ok=reason is None, reason=reason)
        self._states[name] = CheckState(reason is None, since, reason)


async def _reason(check: Check, timeout_seconds: float) -> str | None:
    try:
        async with asyncio.timeout(timeout_seconds):
            return await check()
    except TimeoutError:
        return f"no answer within {timeout_seconds:g} s"
    except Exception as error:
        return type(error).__name__


class Invariants:
    """Runs the checks of invariants, one run at a time, and counts what they find."""

    def __init__(
        self,
        checks: Mapping[str, InvariantCheck],
        metrics: Metrics,
        clock: Clock,
        *,
        timeout_seconds: float = INVARIANT_SECONDS,
    ) -> None:
        self._checks = dict(checks)
        self._metrics = metrics
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._running = asyncio.Lock()
        self._ran_at: datetime | None = None
        self._report: list[dict[str, Any]] = []

    async def run(self) -> list[dict[str, Any]]:
        """Return a line for each rule, 1 s old at most: name, holds (None if not checked), checked, broken ids."""
        async with self._running:
            now = self._clock.now()
            if self._ran_at is None or abs(now - self._ran_at) >= FRESH:
                self._report = [await self._run_one(name, check) for name, check in self._checks.items()]
                self._ran_at = now
            return self._report

    async def _run_one(self, name: str, check: InvariantCheck) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                found = await check()
        except Exception as error:
            log.exception("invariant_not_checked", rule=name)
            self._metrics.invariant(name, None)
            return {"name": name, "holds": None, "checked": 0, "broken": [], "reason": type(error).__name__}
        self._metrics.invariant(name, len(found.broken))
        if not found.holds:
            log.error("invariant_broken", rule=name, count=len(found.broken))
        shown = list(found.broken[:MAX_BROKEN_SHOWN])
        return {"name": name, "holds": found.holds, "checked": found.checked, "broken": shown}
