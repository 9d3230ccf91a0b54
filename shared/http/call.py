"""What a handler gets and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic

from aiohttp import web
from pydantic import BaseModel
from typing_extensions import TypeVar

from shared.http.accept import preferred
from shared.http.address import Network, address_of
from shared.http.bodies import read_chunks
from shared.http.body_budget import BODY_SHARE, BodyShare
from shared.http.body_gate import keep_pace
from shared.http.language import Language, language_of
from shared.http.validation import read_json
from shared.ids import derived_id
from shared.tokens import Caller

if TYPE_CHECKING:
    from shared.http.endpoint import Endpoint

BodyT = TypeVar("BodyT", default=None)
QueryT = TypeVar("QueryT", default=None)
PathT = TypeVar("PathT", default=Mapping[str, str])
ModelT = TypeVar("ModelT", bound=BaseModel)

Stream = AsyncIterable[bytes]

JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"
BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long and from whom a running call may read."""

    idle_seconds: float = 20.0
    trusted_proxies: tuple[Network, ...] = ()
    slowest_upload: float = 0.0
    """Bytes a second, after the first `idle_seconds`; none by default."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a status and headers of its own. A bare model, bytes or None is enough where the usual ones do.

    `cache_answer=False` keeps it out of the idempotency cache: for answers that carry a secret.
    """

    status: int
    body: BaseModel | bytes | Stream | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    cache_answer: bool = True


class Call(Generic[BodyT, QueryT, PathT]):
    """One request that passed every check of its endpoint: `Call[HoldSeat]`, `Call[None, SeatQuery]`,
    `Call[HoldSeat, None, SeatPath]`. Without a path model `path` is a dict of texts of at most 128 plain characters.
    """

    def __init__(
        self,
        request: web.Request,
        endpoint: Endpoint,
        limits: CallLimits,
        *,
        body: BodyT,
        query: QueryT,
        path: PathT,
        raw: bytes = b"",
        caller: Caller | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self.request = request
        self.endpoint = endpoint
        self.body = body
        self.query = query
        self.path = path
        self.raw = raw
        self.read_for: str | None = None
        """Why personal data are read, as a code, where the handler knows: the step at hand. The audit keeps it."""
        self._limits = limits
        self._caller = caller
        self._idempotency_key = idempotency_key

    @property
    def app(self) -> web.Application:
        """The running application; parts are found by their `web.AppKey`, as in `call.app[SERVICE]`."""
        return self.request.app

    @property
    def caller(self) -> Caller:
        """Who calls. Only behind a token: reading it on an open or signed endpoint is a mistake of the code."""
        if self._caller is None:
            raise RuntimeError(f"{self.endpoint.path} asks for no token, so it has no caller")
        return self._caller

    @property
    def known_caller(self) -> Caller | None:
        """Who calls, or None where no token is asked for."""
        return self._caller

    @property
    def idempotency_key(self) -> str:
        """The client's own name for this command. Only on endpoints declared `idempotent`."""
        if self._idempotency_key is None:
            raise RuntimeError(f"{self.endpoint.path} is not declared idempotent, so it has no key")
        return self._idempotency_key

    @property
    def command_id(self) -> str:
        """The id of this command: the same for a repeat by the same caller at the same address, else another.

        Made of method, path, caller and key; fit for an inbox and as the seed of the created resource's id.
        """
        who = self._caller.account_id if self._caller else ""
        return derived_id("http", self.endpoint.method, self.request.path, who, self.idempotency_key)

    @property
    def language(self) -> Language:
        """The language for texts in the answer: "id" unless Accept-Language asks for "en"."""
        return language_of(self.request.headers.get("Accept-Language"))

    def preferred(self, *media_types: str) -> str:
        """The one of these forms of the answer that Accept wants most; the first where it does not care."""
        return preferred(self.request.headers.get("Accept"), media_types)

    @cached_property
    def address(self) -> str:
        """The client's network address, seen through trusted proxies only."""
        return address_of(self.request, self._limits.trusted_proxies)

    @property
    def body_share(self) -> BodyShare:
        """What this request holds of the process's budget of bytes in memory; given back when the request ends."""
        return self.request[BODY_SHARE]

    def read(self, model: type[ModelT]) -> ModelT:
        """The raw body as `model`, for handlers that verify a signature first. Refuses like a declared body."""
        return read_json(model, self.raw)

    def chunks(self, limit: int | None = None) -> AsyncIterator[bytes]:
        """The raw body piece by piece, at most `limit` bytes (default: the endpoint's). Refuses with `TooLarge`,
        `TooSlow` or `BodyCut`; what was read by then is for the caller to throw away.
        """
        agreed = self.endpoint.max_body_bytes
        limits = self._limits
        pieces = read_chunks(self.request, min(limit or agreed, agreed), limits.idle_seconds)
        return keep_pace(pieces, limits.idle_seconds, limits.slowest_upload)


AnyCall = Call[Any, Any, Any]


def server_sent_event(data: BaseModel, *, event: str = "", event_id: str = "") -> bytes:
    """One event of a `text/event-stream` answer; the model is its data, as one line of JSON."""
    head = (f"event: {event}\n" if event else "") + (f"id: {event_id}\n" if event_id else "")
    return f"{head}data: {data.model_dump_json()}\n\n".encode()
