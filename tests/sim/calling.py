"""Calls to a service's own endpoints without a socket: the same paths, models, handlers and refusals."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from multidict import CIMultiDict, MultiDict
from pydantic import BaseModel

from shared.errors import Refusal
from shared.http.body_budget import BodyBudget, BodyShare
from shared.http.call import Answer, AnyCall, Call, CallLimits
from shared.http.endpoint import Door, Endpoint
from shared.http.validation import read_json, read_path, read_query
from shared.service import Parts
from shared.tokens import Caller

_PLACE = re.compile(r"{([a-z][a-z0-9_]*)}")


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    address: str
    """Path and query."""
    body: Mapping[str, Any] | None = None
    caller: Caller | None = None
    key: str = ""
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


@dataclass(frozen=True)
class Reply:
    """What came back: the status with the JSON or bytes, or a refusal's code."""

    status: int
    data: Any = None
    code: str = ""
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.status < 400

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


@dataclass
class _Request:
    """As much of an aiohttp request as handlers look at."""

    method: str
    path: str
    app: Mapping[Any, Any]
    headers: CIMultiDict[str]
    query: MultiDict[str]
    match_info: dict[str, str]
    remote: str = "127.0.0.1"
    kept: dict[Any, Any] = field(default_factory=dict)

    def get(self, key: Any) -> Any:
        return self.kept.get(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.kept[key] = value


class _Call(Call[Any, Any, Any]):
    """A call whose raw body is already here."""

    @property
    def body_share(self) -> BodyShare:
        """A share of a budget of its own: what a run measures is not memory."""
        return BodyBudget().open_share()

    def chunks(self, limit: int | None = None) -> AsyncIterator[bytes]:
        return _pieces(self.raw)


async def _pieces(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


async def answer(parts: Parts, asked: Asked) -> Reply:
    """Let the endpoint at that address answer; refusals come back as replies, mistakes of the code are raised."""
    split = urlsplit(asked.address)
    endpoint, places = _find(parts, asked.method, split.path)
    request = _Request(
        asked.method,
        split.path,
        {parts.key: parts.service},
        CIMultiDict(asked.headers),
        MultiDict(parse_qsl(split.query)),
        places,
    )
    try:
        call = _call(endpoint, request, asked)
        return await _reply(endpoint, await endpoint.handler(call))
    except Refusal as refusal:
        return Reply(refusal.status, dict(refusal.facts), refusal.code, str(refusal))


def _call(endpoint: Endpoint, request: _Request, asked: Asked) -> AnyCall:
    raw = asked.raw if asked.raw is not None else json.dumps(asked.body or {}).encode()
    signed = endpoint.access.door is Door.SIGNATURE
    if endpoint.access.door is Door.BEARER:
        assert asked.caller is not None, f"{asked} needs a caller"
        roles = endpoint.access.roles
        assert not roles or asked.caller.role in roles, f"{asked} is not for {asked.caller.role}"
    return _Call(
        request,  # type: ignore[arg-type]
        endpoint,
        CallLimits(),
        body=read_json(endpoint.body, raw) if endpoint.body is not None and not signed else None,
        query=read_query(endpoint.query, request.query) if endpoint.query is not None else None,
        path=read_path(endpoint.path_model, request.match_info) if endpoint.path_model else request.match_info,
        raw=raw,
        caller=asked.caller if endpoint.access.door is Door.BEARER else None,
        idempotency_key=asked.key if endpoint.idempotent else None,
    )


async def _reply(endpoint: Endpoint, result: Any) -> Reply:
    said = result if isinstance(result, Answer) else Answer(endpoint.usual_status, result)
    body = said.body
    if isinstance(body, BaseModel):
        return Reply(said.status, body.model_dump(mode="json"))
    if body is None or isinstance(body, bytes):
        return Reply(said.status, body)
    return Reply(said.status, b"".join([piece async for piece in body]))


def _find(parts: Parts, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    for endpoint in parts.endpoints:
        if endpoint.method == method:
            match = _pattern(endpoint.path).fullmatch(path)
            if match:
                return endpoint, match.groupdict()
    raise web.HTTPNotFound(text=f"{parts.name} has no {method} {path}")


_patterns: dict[str, re.Pattern[str]] = {}


def _pattern(path: str) -> re.Pattern[str]:
    known = _patterns.get(path)
    if known is None:
        known = _patterns[path] = re.compile(_PLACE.sub(r"(?P<\1>[^/]+)", path))
    return known
