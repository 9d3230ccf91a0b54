"""The API as one visitor calls it: with their token, language and address; tokens are renewed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Mapping
from typing import Any, Final

import aiohttp
from pydantic_core import from_json, to_json

from portal.api.problem import Problem, SignedOut, read_problem
from portal.api.renewals import Renewals
from portal.api.services import TRY_SECONDS, UPLOAD_SECONDS, Json, Services, read_at_most
from portal.web.cookies import Session
from shared.context import child_traceparent

_RENEWED_FOR: Final = frozenset({"token_expired"})
_OVER: Final = frozenset(
    {"session_over", "session_ended", "refresh_token_invalid", "token_missing", "token_malformed", "token_not_trusted"}
)


class Api:
    """Calls for one visitor, within one request."""

    def __init__(
        self, services: Services, renewals: Renewals, *, session: Session | None, language: str, address: str
    ) -> None:
        """`address` is where the visitor comes from: services count calls by it, not by the portal's own."""
        self._services = services
        self._renewals = renewals
        self._language = language
        self._address = address
        self.session = session
        self.calls = 0
        """Calls that were made, for figures."""

    async def get(self, path: str, **query: str | int | bool | None) -> Json:
        """Return what a GET answers.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        said = {name: _written(value) for name, value in query.items() if value is not None}
        _status, _headers, body = await self._call("GET", path, query=said)
        return from_json(body) if body else None

    async def find(self, path: str, **query: str | int | bool | None) -> Json | None:
        """Return what a GET answers, None where there is nothing of that address or not yet (404, 409).

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        try:
            return await self.get(path, **query)
        except Problem as problem:
            if problem.status in (404, 409):
                return None
            raise

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str, **query: str
    ) -> Json:
        """Send a command and return its answer; `key` makes a repeat have no second effect.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        headers = {"Idempotency-Key": key}
        payload = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            payload = to_json(body)
        _status, _headers, said = await self._call(method, path, query=query or None, body=payload, headers=headers)
        return from_json(said) if said else None

    async def download(self, path: str, **query: str) -> tuple[str, bytes]:
        """Return media type and content of a file that a service makes (a letter, a receipt): 4 MiB at most.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        _status, headers, body = await self._call("GET", path, query=query or None)
        return headers.get("Content-Type", "application/octet-stream"), body

    async def upload(
        self, path: str, content: AsyncIterable[bytes] | bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], Json]:
        """Send bytes as they come (PATCH) and return status, headers and answer; never tried again.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        status, said, body = await self._call("PATCH", path, body=content, headers=headers, seconds=UPLOAD_SECONDS)
        return status, said, from_json(body) if body else None

    async def head(self, path: str) -> Mapping[str, str]:
        """Return the headers of an address.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        _status, headers, _body = await self._call("HEAD", path)
        return headers

    async def pass_on(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Return what a service answers a stranger, refusals too, to a request that is passed on as it came.

        Raises:
            ServiceDown.
        """
        said = {name: value for name, value in self.headers().items() if name != "Authorization"}
        return await self._services.call(method, path, headers={**said, **headers}, body=body or None)

    async def together(self, *calls: Awaitable[Any]) -> list[Any]:
        """Return the answers of calls that run at the same time."""
        return list(await asyncio.gather(*calls))

    def headers(self) -> dict[str, str]:
        """Return the headers of a call: language, address, trace, and the token of whoever is signed in."""
        said = {
            "Accept-Language": self._language,
            "X-Forwarded-For": self._address,
            "traceparent": child_traceparent(),
        }
        if self.session is not None:
            said["Authorization"] = f"Bearer {self.session.access_token}"
        return said

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = TRY_SECONDS,
    ) -> tuple[int, Mapping[str, str], bytes]:
        await self.renew_if_due()
        for has_renewed in (False, True):
            sent = {**self.headers(), **(headers or {})}
            self.calls += 1
            status, said, answer = await self._services.call(
                method, path, headers=sent, query=query, body=body, seconds=seconds
            )
            if status < 400:
                return status, said, answer
            problem = read_problem(status, _json_or_none(answer), said.get("Retry-After"))
            await self._renew_or_refuse(problem, can_renew=not has_renewed and not isinstance(body, AsyncIterable))
        raise AssertionError("a call is tried at most twice")

    async def follow(self, path: str) -> aiohttp.ClientResponse:
        """Return the answer of a stream of events, whose body is read as it comes.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        await self.renew_if_due()
        for has_renewed in (False, True):
            self.calls += 1
            answer = await self._services.open_stream(path, self.headers())
            if answer.status == 200:
                return answer
            async with answer:
                body = _json_or_none(await read_at_most(answer, path))
            problem = read_problem(answer.status, body, answer.headers.get("Retry-After"))
            await self._renew_or_refuse(problem, can_renew=not has_renewed)
        raise AssertionError("a call is tried at most twice")

    async def renew_if_due(self) -> None:
        """Renew the visitor's tokens if they end within moments.

        Raises:
            SignedOut: the session is over. ServiceDown.
        """
        if self.session is not None and self._renewals.is_due(self.session):
            await self.renew()

    async def _renew_or_refuse(self, problem: Problem, *, can_renew: bool) -> None:
        """Renew the tokens where that helps.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        is_expired = problem.status == 401 and problem.code in _RENEWED_FOR and self.session is not None
        if is_expired and can_renew:
            await self.renew()
            return
        if problem.status == 401 and (problem.code in _OVER or is_expired):
            self.session = None
            raise SignedOut
        raise problem

    async def renew(self) -> None:
        """Renew the visitor's tokens.

        Raises:
            SignedOut: the session is over. ServiceDown.
        """
        if self.session is None:
            raise SignedOut
        try:
            self.session = await self._renewals.renew(self.session, self._address)
        except SignedOut:
            self.session = None
            raise


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json_or_none(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None
