"""Declares endpoints: access, request and answer models, refusals and limits of one method at one path.

The running route and its OpenAPI description are made from the same declaration, so that they cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal, Required, TypedDict, TypeVar, Unpack

from aiohttp import web
from pydantic import BaseModel

from shared.errors import Refusal
from shared.events.codes import PersonalData as PersonalData  # routes declare it beside their access
from shared.http.call import JSON, Answer, Call, Stream
from shared.http.signatures import Signer
from shared.tokens import Role

MAX_BODY_BYTES = 64 * 1024
"""Default limit of a body; the longest form of the journey is under 8 KiB."""

Shape = type[BaseModel] | str | None
"""Body of an answer: a model as JSON, bytes or a stream of this media type, or none."""

Result = Answer | BaseModel | Stream | bytes | None
Handler = Callable[[Call[Any, Any, Any]], Awaitable[Result]]
SignerOf = Callable[[web.Application], Signer]
"""Finds the signer of an endpoint's calls in the running application."""

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

_PLACE = re.compile(r"{([a-z][a-z0-9_]*)}")
_PATH = re.compile(r"(/([A-Za-z0-9._-]+|{[a-z][a-z0-9_]*}))+\Z")
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})


class Door(StrEnum):
    """How an endpoint authenticates its callers."""

    OPEN = "open"
    BEARER = "bearer"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Access:
    """Access to an endpoint: how callers authenticate and, behind a token, which roles may call (none named: any)."""

    door: Door
    roles: frozenset[Role] = frozenset()

    def lets_in(self, role: Role) -> bool:
        """Return whether a bearer of this role may call; an enrolling one only where it is named."""
        return role in self.roles if self.roles else role is not Role.ENROLLING


PUBLIC = Access(Door.OPEN)
"""Open to everybody; a token, if sent, is ignored."""

APPLICANT = Access(Door.BEARER, frozenset({Role.APPLICANT}))
"""A signed-in applicant."""

ANY_CALLER = Access(Door.BEARER)
"""Every bearer of a valid token, except members of staff who may only enrol a second factor."""

SIGNED = Access(Door.SIGNATURE)
"""A machine that signs its raw body. Unsigned calls are refused by their head, with the endpoint's `signer`; the
handler verifies the body (`shared.http.signatures`) before it reads `call.raw`."""

_STAFF_ROLES = frozenset(Role) - {Role.APPLICANT, Role.SERVICE, Role.ENROLLING}


def ROLES(*roles: Role) -> Access:  # noqa: N802 - reads as one of the constants above
    """Return the access of bearers of one of these roles."""
    if not roles:
        raise ValueError("name at least one role, or say ANY_CALLER")
    return Access(Door.BEARER, frozenset(roles))


def STAFF(*roles: Role) -> Access:  # noqa: N802 - reads as one of the constants above
    """Return the access of staff with one of these roles; without a role named, of all staff."""
    if not _STAFF_ROLES.issuperset(roles):
        raise ValueError("applicants and services are no staff")
    return Access(Door.BEARER, frozenset(roles) or _STAFF_ROLES)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` calls in `per_seconds`, counted for each caller (by address where no token is sent).

    `shared`: all replicas count together, in the store; else each process counts for itself (`docs/limits.md`).
    """

    count: int
    per_seconds: float
    per: Literal["caller", "address"] = "caller"
    shared: bool = False

    def __post_init__(self) -> None:
        if self.count < 1 or self.per_seconds <= 0:
            raise ValueError("a rate limit lets at least one call through in a positive time")


@dataclass(frozen=True)
class Header:
    """A header of requests or answers, as it is described; the handler reads or sends it."""

    name: str
    description: str
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True)
class Endpoint:
    """One method at one path; `path` is whole, as `/v1/seats/{seat_id}`.

    `answers` maps a status to a model, a media type for bytes and streams, or None for no content; its first status is
    the one that a bare model, bytes or None is sent with. `refusals` are those of the use case; those of the HTTP
    runtime (token, size, limits, form) are described without being named. `long_lived` answers are streams to watch.
    `other_media_types` are further forms of the usual answer: bytes that name theirs, for callers who prefer it.
    `reads` is the personal data that the answer shows; each read of it by staff is an audit line, or is not answered.
    `sensitive`: it moves money or cannot be undone, so the session behind the token must not have ended.
    `signer` finds the signer of a `SIGNED` endpoint, as `lambda app: app[KEY].signer`; `signature_prefix` is the prefix
    of its headers, as `X-Simponi`.
    `watches` is the name of the kind whose record, with the id in the path's first place, makes the answer: it gets an
    ETag, and callers may wait for its next change (`shared.http.waiting`). JSON gets its ETag by itself; a stream has
    the one that its handler sends.
    `request_headers` and `answer_headers` are further headers, those of answers on each of them.
    `location` is the path of what a 201 made: names in its braces are members of the answer (`{entry.breach_id}` one of
    a member), else of the path.
    `pages_by` names the member that tells the items of a listed answer apart: callers page through it with `limit` and
    `after` (`shared.http.paging`).
    `event` is the model of the `data` of each server-sent event, `line` that of each line of an answer in JSON lines.
    `safe=False`: a GET that counts once, so that HEAD is not answered beside it.
    `follows` is the name of the kind whose changes a stream behind a token follows (`shared.http.followed_stream`).
    """

    method: Method
    path: str
    handler: Handler
    summary: str
    access: Access
    answers: Mapping[int, Shape]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path_model: type[BaseModel] | None = None
    refusals: tuple[type[Refusal], ...] = ()
    idempotent: bool = False
    cache_answer: bool = True
    max_body_bytes: int = MAX_BODY_BYTES
    raw_body: bool = False
    body_media_types: tuple[str, ...] = (JSON,)
    rate: RateLimit | tuple[RateLimit, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    long_lived: bool = False
    operation: str = ""
    other_media_types: tuple[str, ...] = ()
    reads: PersonalData | None = None
    sensitive: bool = False
    signer: SignerOf | None = None
    watches: str | None = None
    request_headers: tuple[Header, ...] = ()
    answer_headers: tuple[Header, ...] = ()
    signature_prefix: str = ""
    location: str = ""
    pages_by: str = ""
    safe: bool = True
    event: type[BaseModel] | None = None
    line: type[BaseModel] | None = None
    follows: str | None = None

    def __post_init__(self) -> None:
        wrong = _contradictions(self)
        if wrong:
            raise ValueError(f"{self.method} {self.path}: {'; '.join(wrong)}")

    @property
    def name(self) -> str:
        """The operation's name: `operation`, else the handler's name. Unique within a service."""
        return self.operation or str(getattr(self.handler, "__name__", "")) or f"{self.method}{self.path}"

    @property
    def places(self) -> tuple[str, ...]:
        """The names in the path's braces, in order."""
        return tuple(_PLACE.findall(self.path))

    @property
    def usual_status(self) -> int:
        """The status that a bare model, bytes or None is sent with."""
        return next(iter(self.answers))

    @property
    def reads_body(self) -> bool:
        """Whether a body is read before the handler runs."""
        return not self.raw_body and (self.body is not None or self.access.door is Door.SIGNATURE)

    @property
    def rates(self) -> tuple[RateLimit, ...]:
        """The rate limits, none to several."""
        return (self.rate,) if isinstance(self.rate, RateLimit) else self.rate


def _contradictions(endpoint: Endpoint) -> list[str]:
    no_body = endpoint.body is None and not endpoint.raw_body
    rules = {
        "the path must be whole, with {names} in snake_case": _PATH.match(endpoint.path),
        "it needs an answer, each with a status from 200 to 399": endpoint.answers
        and all(200 <= status <= 399 for status in endpoint.answers),
        "a body goes with POST, PUT or PATCH": no_body or endpoint.method not in _WITHOUT_BODY,
        "a body is either read into a model or raw": endpoint.body is None or not endpoint.raw_body,
        "only behind a token is there a session that may have ended": not endpoint.sensitive
        or endpoint.access.door is Door.BEARER,
        "a signed endpoint, and no other, names its signer and its prefix": (endpoint.access.door is Door.SIGNATURE)
        == (endpoint.signer is not None)
        == bool(endpoint.signature_prefix),
        "only a 201 has a location": not endpoint.location or 201 in endpoint.answers,
        "only a GET is paged": not endpoint.pages_by or endpoint.method == "GET",
        "a record is watched with GET, by the id in the path": endpoint.watches is None
        or (endpoint.method == "GET" and bool(endpoint.places)),
        "what follows is a stream behind a token": endpoint.follows is None
        or (endpoint.long_lived and endpoint.access.door is Door.BEARER),
        "max_body_bytes must be at least 1": endpoint.max_body_bytes >= 1,
        "path_model must have one field for each name in the path": endpoint.path_model is None
        or set(endpoint.path_model.model_fields) == set(endpoint.places),
    }
    return [rule for rule, kept in rules.items() if not kept]


def with_session_check(endpoints: Iterable[Endpoint], without: Mapping[str, str]) -> tuple[Endpoint, ...]:
    """Return the endpoints, each that changes something behind a token made `sensitive`, except those in `without`.

    `without` maps an endpoint's name to the reason why a token whose session has ended may still call it for its last
    minutes.

    Raises:
        ValueError: `without` has a name that no such endpoint has.
    """
    marked = tuple(
        replace(endpoint, sensitive=True)
        if _changes_behind_a_token(endpoint) and endpoint.name not in without
        else endpoint
        for endpoint in endpoints
    )
    unknown = set(without) - {endpoint.name for endpoint in marked if _changes_behind_a_token(endpoint)}
    if unknown:
        raise ValueError(f"nothing that changes something behind a token is called {sorted(unknown)}")
    return marked


def _changes_behind_a_token(endpoint: Endpoint) -> bool:
    return endpoint.access.door is Door.BEARER and endpoint.method not in ("GET", "HEAD")


class Words(TypedDict, total=False):
    """Arguments of a decorator beside method and path: the fields of `Endpoint`."""

    summary: Required[str]
    access: Required[Access]
    answers: Required[Mapping[int, Shape]]
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    path_model: type[BaseModel] | None
    refusals: tuple[type[Refusal], ...]
    idempotent: bool
    cache_answer: bool
    max_body_bytes: int
    raw_body: bool
    body_media_types: tuple[str, ...]
    rate: RateLimit | tuple[RateLimit, ...]
    tags: tuple[str, ...]
    description: str
    long_lived: bool
    operation: str
    other_media_types: tuple[str, ...]
    reads: PersonalData | None
    sensitive: bool
    signer: SignerOf | None
    watches: str | None
    request_headers: tuple[Header, ...]
    answer_headers: tuple[Header, ...]
    signature_prefix: str
    location: str
    pages_by: str
    safe: bool
    event: type[BaseModel] | None
    line: type[BaseModel] | None
    follows: str | None


HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[Result]])


class Endpoints:
    """Collects the endpoints of one tag, in `all`; the decorated handlers stay as they are.

    `api = Endpoints("seats")`, then `@api.post("/v1/seats", ...)` on `async def hold(call: Call[HoldSeat]) -> Seat`.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Endpoint] = []

    def route(self, method: Method, path: str, **words: Unpack[Words]) -> Callable[[HandlerT], HandlerT]:
        """Declare an endpoint; `words` are the fields of `Endpoint`.

        Raises:
            ValueError: they contradict each other.
        """
        words.setdefault("tags", (self.tag,))

        def declare(handler: HandlerT) -> HandlerT:
            self.all.append(Endpoint(method, path, handler, **words))
            return handler

        return declare

    def get(self, path: str, **words: Unpack[Words]) -> Callable[[HandlerT], HandlerT]:
        """Declare a GET; see `route`."""
        return self.route("GET", path, **words)

    def head(self, path: str, **words: Unpack[Words]) -> Callable[[HandlerT], HandlerT]:
        """Declare a HEAD; see `route`. A GET does not add it."""
        return self.route("HEAD", path, **words)

    def post(self, path: str, **words: Unpack[Words]) -> Callable[[HandlerT], HandlerT]:
        """Declare a POST; see `route`. One that creates or decides is `idempotent=True`."""
        return self.route("POST", path, **words)

    def put(self, path: str, **words: Unpack[Words]) -> Callable[[HandlerT], HandlerT]:
        """Declare a PUT; see `route`."""
        return self.route("PUT", path, **words)

    def patch(self, path: str, **words: Unpack[Words]) -> Callable[[HandlerT], HandlerT]:
        """Declare a PATCH; see `route`."""
        return self.route("PATCH", path, **words)

    def delete(self, path: str, **words: Unpack[Words]) -> Callable[[HandlerT], HandlerT]:
        """Declare a DELETE; see `route`."""
        return self.route("DELETE", path, **words)
