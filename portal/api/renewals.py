"""Renewal of tokens: one at a time for each session, since two tabs renew at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pydantic_core import from_json, to_json

from portal.api.problem import ServiceDown, SignedOut, read_problem
from portal.api.services import Services
from portal.web.cookies import Session
from shared.context import child_traceparent

EARLY: Final = timedelta(seconds=30)
"""A token is renewed this long before it expires, so that no call is made twice for it."""


class Renewals:
    """Asks identity for the next pair of tokens, once for all who ask for it at the same time in this process.

    A second process that asks with the same token gets the same pair within identity's grace.
    """

    def __init__(self, services: Services, now: Callable[[], datetime]) -> None:
        """`now` tells the time."""
        self._services = services
        self._now = now
        self._under_way: dict[str, asyncio.Task[Session]] = {}

    def is_due(self, session: Session) -> bool:
        """Return whether the access token expires within moments."""
        return session.access_expires_at - self._now() < EARLY

    async def renew(self, session: Session, address: str) -> Session:
        """Return the session with its next pair of tokens.

        Raises:
            SignedOut: identity ended the session. ServiceDown.
        """
        token = session.refresh_token
        task = self._under_way.get(token)
        if task is None:
            task = self._under_way[token] = asyncio.create_task(self._ask(session, address))
            task.add_done_callback(lambda _done: self._under_way.pop(token, None))
        # one who leaves does not end the renewal that others wait for
        return await asyncio.shield(task)

    async def _ask(self, session: Session, address: str) -> Session:
        status, headers, body = await self._services.call(
            "POST",
            "/v1/tokens/refresh",
            headers={
                "Content-Type": "application/json",
                "X-Forwarded-For": address,
                "traceparent": child_traceparent(),
            },
            body=to_json({"refresh_token": session.refresh_token}),
        )
        if status == 200:
            return session.with_tokens(from_json(body))
        if status == 401:
            raise SignedOut
        problem = read_problem(status, None, headers.get("Retry-After"))
        raise ServiceDown("identity", problem.code, problem.retry_after_seconds)
