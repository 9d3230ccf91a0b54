"""The call that a handler gets and the answer that it returns."""

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
from shared.http.reading import Reading
from shared.http.validation import read_json
from shared.ids import derived_id
from shared.tokens import Caller

if TYPE_CHECKING:
    from shared.http.endpoint import Endpoint
    from shared.http.paging import PageQuery

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
    """Time limits of a running call, and the proxies that it trusts."""

    idle_seconds: float = 20.0
    trusted_proxies: tuple[Network, ...] = ()
    slowest_upload: float = 0.0
    """Bytes a second, after the first `idle_seconds`; no limit by default."""


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
        page: PageQuery | None = None,
    ) -> None:
        self.request = request
        self.endpoint = endpoint
        self.body = body
        self.query = query
        self.path = path
        self.raw = raw
        self.page = page
        """Which page of a list is answered; None where the endpoint is not paged by the HTTP layer."""
        self.reading = Reading()
        """Of whom a handler shows personal data to staff, and at which step; see `shared.audit.acting`."""
        self._limits = limits
        self._caller = caller
        self._idempotency_key = idempotency_key

    @property
    def app(self) -> web.Application:
        """The running application; its parts have a `web.AppKey` each, as in `call.app[SERVICE]`."""
        return self.request.app

    @property
    def caller(self) -> Caller:
        """The caller behind the token.

        Raises:
            RuntimeError: the endpoint is open or signed, so there is no caller: a programming error.
        """
        if self._caller is None:
            raise RuntimeError(f"{self.endpoint.path} asks for no token, so it has no caller")
        return self._caller

    @property
    def known_caller(self) -> Caller | None:
        """The caller, or None where no token is needed."""
        return self._caller

    @property
    def idempotency_key(self) -> str:
        """The Idempotency-Key of this command.

        Raises:
            RuntimeError: the endpoint is not declared `idempotent`: a programming error.
        """
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
        """Return the media type that the Accept header prefers; the first where it has no preference."""
        return preferred(self.request.headers.get("Accept"), media_types)

    @cached_property
    def address(self) -> str:
        """The client's network address, seen through trusted proxies only."""
        return address_of(self.request, self._limits.trusted_proxies)

    @property
    def body_share(self) -> BodyShare:
        """The bytes of the body budget that this request holds; given back when the request ends."""
        return self.request[BODY_SHARE]

    def read(self, model: type[ModelT]) -> ModelT:
        """Return the raw body as `model`, for handlers that verify a signature first.

        Raises:
            Unreadable, Malformed: it does not fit the model, or has members that are not known.
        """
        return read_json(model, self.raw)

    def chunks(self, limit: int | None = None) -> AsyncIterator[bytes]:
        """Return the raw body piece by piece, at most `limit` bytes (default: the endpoint's).

        Raises:
            TooLarge, TooSlow, BodyCut: the pieces read so far must be thrown away.
        """
        agreed = self.endpoint.max_body_bytes
        limits = self._limits
        pieces = read_chunks(self.request, min(limit or agreed, agreed), limits.idle_seconds)
        return keep_pace(pieces, limits.idle_seconds, limits.slowest_upload)


AnyCall = Call[Any, Any, Any]


def server_sent_event(data: BaseModel, *, event: str = "", event_id: str = "") -> bytes:
    """Return one event of a `text/event-stream` answer; the model is its data, as one line of JSON."""
    head = (f"event: {event}\n" if event else "") + (f"id: {event_id}\n" if event_id else "")
    return f"{head}data: {data.model_dump_json()}\n\n".encode()
