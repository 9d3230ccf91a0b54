"""The refusals of the HTTP runtime, which no endpoint has to name."""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import (
    Malformed,
    NotAllowed,
    NotFound,
    Refusal,
    SomeoneElseChangedIt,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unreadable,
    WrongMediaType,
)
from shared.http.bodies import BodyCut, TooSlow
from shared.http.endpoint import Door, Endpoint
from shared.http.gates import TooBusy, TooManyAtOnce
from shared.http.idempotency import IdempotencyKeyReused, StillRunning
from shared.http.problems import NotSignedIn, SomethingBroke, TokenForeign, TokenOutdated, TokenUnreadable
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong


def refusals_of_runtime(endpoint: Endpoint) -> Iterator[type[Refusal]]:
    """Yield the refusals of the HTTP runtime at this endpoint, whatever its handler does."""
    match endpoint.access.door:
        case Door.BEARER:
            yield from (NotSignedIn, TokenUnreadable, TokenOutdated, TokenForeign, NotAllowed)
        case Door.SIGNATURE:
            yield from (SignatureMissing, SignatureWrong, SignatureTooOld)
        case Door.OPEN:
            pass
    if endpoint.places and endpoint.path_model is None:
        yield NotFound
    if endpoint.body is not None or endpoint.raw_body:
        yield from (Unreadable, BodyCut, TooSlow, TooLarge, WrongMediaType, TooManyAtOnce)
    elif any(isinstance(shape, str) for shape in endpoint.answers.values()):
        yield TooManyAtOnce
    yield Malformed
    if endpoint.idempotent:
        yield from (StillRunning, IdempotencyKeyReused)
    if endpoint.method not in ("GET", "HEAD"):
        yield SomeoneElseChangedIt
    yield from (TooManyRequests, SomethingBroke, TooBusy, Unavailable)
