"""Binds an endpoint: makes the function that aiohttp runs for it.

Everything that depends on the endpoint alone is decided here, when the application is built. A request then passes, in
this order: the gate of requests under way, the declared size, the token and its role or the head of its signature, the
rate limits, the reading of path, query, key and body, the kept answers, the handler.

A request that waits for bytes from outside (a late body, an upload, a watched stream) is in a gate of its own
meanwhile, not in that of requests under way (docs/adr/0026).
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel

from shared.errors import FieldError, Malformed, NotAllowed, NotFound, TooManyRequests, Unreadable
from shared.http.address import address_of, source_of
from shared.http.bodies import read_whole, refuse_declared_size, refuse_wrong_type
from shared.http.body_budget import BODY_SHARE
from shared.http.call import Answer, AnyCall, Call, CallLimits
from shared.http.conditions import condition_of, with_etag
from shared.http.endpoint import MAX_BODY_BYTES, Door, Endpoint, RateLimit
from shared.http.gates import FairGate, Place, Rank, Sender
from shared.http.idempotency import KEY_HEADER, REPLAY_HEADER, KeptAnswer, command_name, read_key
from shared.http.paging import PageQuery, cut_page, split_query
from shared.http.responses import as_answer, is_stream, located, media_type, send_stream, whole_response
from shared.http.runtime import CALLER_ROLE, HttpRuntime
from shared.http.unknown_members import IGNORED, canonical_json, find_known_part
from shared.http.validation import read_json, read_path, read_query
from shared.tokens import Caller, Role, bearer_token

ModelT = TypeVar("ModelT", bound=BaseModel)
HttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:@+-]{1,128}\Z")
SIGNED_RATE: Final = RateLimit(count=6000, per_seconds=60.0, per="address")
"""For machines that sign what they send: a bank may notify a hundred payments in a second."""


def bind(endpoint: Endpoint, runtime: HttpRuntime) -> HttpHandler:
    """Return the function that answers requests to this endpoint; it raises every refusal."""
    gate, late_bodies = runtime.gate, runtime.late_bodies
    authenticate = _authenticator(endpoint, runtime)
    limit = _rate_check(endpoint, runtime)
    read_head = _head_reader(endpoint, runtime)
    read_body, body_is_here = _body_reader(endpoint, runtime), _body_is_here(endpoint)
    answer = _answerer(endpoint, runtime)
    own_gate = _own_gate(endpoint, runtime)
    is_agency = _agency_check(endpoint, runtime)
    remember_agency = _agency_memory(endpoint, runtime)

    async def serve(request: web.Request) -> web.StreamResponse:
        place = Place(gate, agency=is_agency(request))
        share = request[BODY_SHARE] = runtime.bodies.open_share()
        try:
            refuse_declared_size(request, endpoint.max_body_bytes)
            caller = await authenticate(request)
            await limit(request, caller)
            call = read_head(request, caller)
            if own_gate is not None:
                place.leave()
                return await _answer_in(own_gate, sender_of(call, place), answer, call, place)
            if not body_is_here(request):
                place.leave()
                async with late_bodies.waiting(request, sender_of(call, place)):
                    await read_body(call)
                place.enter()
            else:
                await read_body(call)
            response = await answer(call, place)
            remember_agency(request)
            return response
        finally:
            share.release()
            place.leave()

    return serve


def _own_gate(endpoint: Endpoint, runtime: HttpRuntime) -> FairGate | None:
    """Return the gate for requests that last as long as their caller likes (uploads, streams), else None."""
    if endpoint.raw_body:
        return runtime.uploads
    if endpoint.follows is not None:
        return runtime.followed_streams
    if endpoint.long_lived:
        return runtime.own_streams if endpoint.access.door is Door.BEARER else runtime.public_streams
    return None


async def _answer_in(
    gate: FairGate, sender: Sender, answer: AnswerCall, call: AnyCall, place: Place
) -> web.StreamResponse:
    gate.enter(sender)
    try:
        return await answer(call, place)
    finally:
        gate.leave(sender)


def sender_of(call: AnyCall, place: Place) -> Sender:
    """Return the name under which a call is counted: its account's, else its address's."""
    caller = call.known_caller
    if caller is not None:
        return Sender(f"caller {caller.account_id}", Rank.CALLER)
    return Sender(f"address {source_of(call.address)}", Rank.AGENCY if place.agency else Rank.STRANGER)


def _agency_check(endpoint: Endpoint, runtime: HttpRuntime) -> Callable[[web.Request], bool]:
    """Return the check whether a call of a signed endpoint comes from an agency's address; always False elsewhere."""
    knows, now, trusted = runtime.agencies.knows, runtime.clock.now, runtime.options.trusted_proxies
    if endpoint.access.door is not Door.SIGNATURE:
        return lambda _request: False
    return lambda request: knows(address_of(request, trusted), now())


def _agency_memory(endpoint: Endpoint, runtime: HttpRuntime) -> Callable[[web.Request], None]:
    """Return the function that notes an address whose signature was valid: the handler refuses an invalid one."""
    remember, now, trusted = runtime.agencies.remember, runtime.clock.now, runtime.options.trusted_proxies
    if endpoint.access.door is not Door.SIGNATURE:
        return lambda _request: None
    return lambda request: remember(address_of(request, trusted), now())


_ENROL_FIRST: Final[Mapping[str, Any]] = {
    "next_action": "Add a second factor, then sign in with it.",
    "next_action_id": "Tambahkan faktor kedua, lalu masuk dengannya.",
}

Authenticate = Callable[[web.Request], Awaitable[Caller | None]]


def _authenticator(endpoint: Endpoint, runtime: HttpRuntime) -> Authenticate:
    if endpoint.access.door is Door.SIGNATURE:
        return _signature_head(endpoint, runtime)
    if endpoint.access.door is not Door.BEARER:
        return _nobody
    verifier, access = runtime.verifier, endpoint.access
    if verifier is None:
        raise ValueError(f"{endpoint.method} {endpoint.path} asks for a token, but there is no verifier")
    sessions = runtime.sessions if endpoint.sensitive else None
    if endpoint.sensitive and sessions is None:
        raise ValueError(f"{endpoint.method} {endpoint.path} is sensitive, but nothing knows which sessions have ended")

    async def authenticate(request: web.Request) -> Caller:
        caller = await verifier.verify(bearer_token(request.headers.get("Authorization")))
        request[CALLER_ROLE] = caller.role
        if not access.lets_in(caller.role):
            words = _ENROL_FIRST if caller.role is Role.ENROLLING else {}
            raise NotAllowed(role=caller.role.value, needs=sorted(access.roles), **words)
        if sessions is not None:
            await sessions.refuse_ended(caller)
        return caller

    return authenticate


def _signature_head(endpoint: Endpoint, runtime: HttpRuntime) -> Authenticate:
    """Return the check that refuses unsigned and wrongly signed calls by their head alone; it identifies no sender."""
    signer, now = endpoint.signer, runtime.clock.now
    assert signer is not None, "the endpoint's own check asks for it"  # noqa: S101 - narrows the type

    async def check(request: web.Request) -> None:
        signer(request.app).check_head(request.headers, now())

    return check


async def _nobody(_request: web.Request) -> None:
    return None


RateCheck = Callable[[web.Request, Caller | None], Awaitable[None]]


def _rate_check(endpoint: Endpoint, runtime: HttpRuntime) -> RateCheck:
    limits = [runtime.options.scaled(limit) for limit in endpoint.rates or _default_rates(endpoint, runtime)]
    allow, now, trusted = runtime.limiter.allow, runtime.clock.now, runtime.options.trusted_proxies
    name = f"{endpoint.method} {endpoint.path}"

    async def check(request: web.Request, caller: Caller | None) -> None:
        for limit in limits:
            known = caller is not None and limit.per == "caller"
            source = "" if known else source_of(address_of(request, trusted))
            who = f"caller {caller.account_id}" if caller and known else f"address {source}"
            wait_seconds = await allow(f"{name}|{who}|{limit.count}/{limit.per_seconds}", limit, now())
            if wait_seconds:
                raise _too_many(limit, math.ceil(wait_seconds))

    return check


def _default_rates(endpoint: Endpoint, runtime: HttpRuntime) -> tuple[RateLimit, ...]:
    usual = runtime.options.default_rate
    if usual is None:
        return ()
    return (SIGNED_RATE if endpoint.access.door is Door.SIGNATURE else usual,)


def _too_many(limit: RateLimit, wait_seconds: int) -> TooManyRequests:
    return TooManyRequests(
        f"At most {limit.count} in {limit.per_seconds:g} seconds; wait {wait_seconds} s.",
        detail_id=f"Paling banyak {limit.count} dalam {limit.per_seconds:g} detik; tunggu {wait_seconds} detik.",
        retry_after_seconds=wait_seconds,
    )


ReadHead = Callable[[web.Request, Caller | None], AnyCall]


def _head_reader(endpoint: Endpoint, runtime: HttpRuntime) -> ReadHead:
    """Return the reader of path, query and key: it refuses errors in the head before the body is awaited."""
    options = runtime.options
    limits = CallLimits(options.idle_seconds, options.trusted_proxies, options.slowest_upload)
    read_query_of = _query_reader(endpoint)
    read_path_of = _path_reader(endpoint)

    def read(request: web.Request, caller: Caller | None) -> AnyCall:
        path = read_path_of(request)
        query, page = read_query_of(request)
        key = read_key(request.headers.get(KEY_HEADER)) if endpoint.idempotent else None
        _refuse_body(request, endpoint)
        return Call(
            request,
            endpoint,
            limits,
            body=None,
            query=query,
            path=path,
            caller=caller,
            idempotency_key=key,
            page=page,
        )

    return read


def _refuse_body(request: web.Request, endpoint: Endpoint) -> None:
    if endpoint.reads_body and not request.body_exists:
        raise Unreadable("A body is needed and none was sent.", detail_id="Isi permintaan wajib dan belum ada.")
    if endpoint.reads_body or endpoint.raw_body:
        refuse_wrong_type(request, endpoint.body_media_types)


def _body_is_here(endpoint: Endpoint) -> Callable[[web.Request], bool]:
    """Return the check that the body need not be awaited: it came with the head, or the handler reads it."""
    if not endpoint.reads_body:
        return lambda _request: True
    return lambda request: request.content.is_eof()


ReadBody = Callable[[AnyCall], Awaitable[None]]


def _body_reader(endpoint: Endpoint, runtime: HttpRuntime) -> ReadBody:
    """Return the reader of the body into the endpoint's model; raw bytes only where a signature is verified first."""
    model = None if endpoint.access.door is Door.SIGNATURE else endpoint.body
    # the few larger ones may take longer, at the same pace
    seconds = runtime.options.body_seconds * max(1.0, endpoint.max_body_bytes / MAX_BODY_BYTES)

    async def read(call: AnyCall) -> None:
        if endpoint.reads_body:
            call.raw = await read_whole(call.request, endpoint.max_body_bytes, seconds, call.request[BODY_SHARE])
        if model is not None:
            call.body = _read_public(call, model)

    return read


def _read_public(call: AnyCall, model: type[ModelT]) -> ModelT:
    """Return the body as its model. Unknown members are left out of `call.raw` and named in the answer."""
    try:
        return read_json(model, call.raw)
    except Malformed:
        known = find_known_part(model, call.raw)
        if not known.ignored:
            raise
    call.raw = known.text
    call.request[IGNORED] = known.pointers
    return known.read(model)


def _query_reader(endpoint: Endpoint) -> Callable[[web.Request], tuple[Any, PageQuery | None]]:
    """Return the reader of the endpoint's own query and, where it lists something, of the page."""
    model, is_paged = endpoint.query, bool(endpoint.pages_by)

    def read(request: web.Request) -> tuple[Any, PageQuery | None]:
        of_page, own = split_query(request.query) if is_paged else (None, request.query)
        page = read_query(PageQuery, of_page) if of_page is not None else None
        if model is not None:
            return read_query(model, own), page
        if request.query_string and not (is_paged and not own):
            raise Malformed(errors=(_UNKNOWN_QUERY,))
        return None, page

    return read


_UNKNOWN_QUERY: Final = FieldError(
    "", "extra_forbidden", "This address takes no query.", "Alamat ini tidak menerima parameter.", source="query"
)


def _path_reader(endpoint: Endpoint) -> Callable[[web.Request], Any]:
    model = endpoint.path_model

    def read(request: web.Request) -> Any:
        places = request.match_info
        if model is not None:
            return read_path(model, places)
        if not all(_PLAIN.match(value) for value in places.values()):
            raise NotFound
        return dict(places)

    return read


AnswerCall = Callable[[AnyCall, Place], Awaitable[web.StreamResponse]]


def _answerer(endpoint: Endpoint, runtime: HttpRuntime) -> AnswerCall:
    handle = endpoint.handler

    async def answer_call(call: AnyCall, place: Place) -> web.StreamResponse:
        return await _send(call, _finished(call, as_answer(endpoint, await handle(call))), runtime, place)

    if endpoint.watches is not None:
        return _on_condition(endpoint, endpoint.watches, runtime)
    return _once_for_each_key(endpoint, runtime) if endpoint.idempotent else answer_call


def _finished(call: AnyCall, answer: Answer) -> Answer:
    """Return the answer with the address of what was made, and cut to the page that was asked for."""
    answer = located(call.endpoint, answer, call.request.match_info)
    if call.page is not None and isinstance(answer.body, BaseModel):
        return replace(answer, body=cut_page(answer.body, call.page, call.endpoint.pages_by))
    return answer


def _on_condition(endpoint: Endpoint, watches: str, runtime: HttpRuntime) -> AnswerCall:
    """Return the answerer of an endpoint that names its record: If-None-Match is heard, and Prefer: wait."""
    handle, longest_seconds, id_place = endpoint.handler, runtime.options.longest_wait_seconds, endpoint.places[0]

    async def read(call: AnyCall) -> Answer:
        return with_etag(_finished(call, as_answer(endpoint, await handle(call))))

    async def answer_call(call: AnyCall, place: Place) -> web.StreamResponse:
        condition = condition_of(call.request.headers, longest_seconds)
        record = (watches, call.request.match_info[id_place])
        answer = await runtime.waiting.answer(call, place, sender_of(call, place), read, condition, record)
        return await _send(call, answer, runtime, place)

    return answer_call


def _once_for_each_key(endpoint: Endpoint, runtime: HttpRuntime) -> AnswerCall:
    kept, now, handle = runtime.answers, runtime.clock.now, endpoint.handler

    async def answer_once(call: AnyCall, place: Place) -> web.StreamResponse:
        name = command_name(endpoint.method, call.request.path, _who(call), call.idempotency_key)
        said = kept.begin(name, _understood(call), now())
        if said is not None:
            return web.Response(body=said.body, status=said.status, headers={**said.headers, REPLAY_HEADER: "true"})
        try:
            answer = _finished(call, as_answer(endpoint, await handle(call)))
            response = await _send(call, answer, runtime, place)
        except BaseException:
            kept.forget(name)
            raise
        # a repeat by staff passes consent and audit again; the use case knows the command
        is_staff = call.known_caller is not None and call.known_caller.role not in (Role.APPLICANT, Role.SERVICE)
        kept.finish(name, None if is_staff else _keepable(endpoint, answer, response), now())
        return response

    return answer_once


async def _send(call: AnyCall, answer: Answer, runtime: HttpRuntime, place: Place) -> web.StreamResponse:
    if not is_stream(answer):
        return whole_response(call.endpoint, answer)
    if call.endpoint.long_lived:  # in a gate of its own since before its handler ran
        return await _send_stream(call, answer, runtime)
    sender = sender_of(call, place)
    runtime.downloads.enter(sender)
    place.leave()
    try:
        return await _send_stream(call, answer, runtime)
    finally:
        runtime.downloads.leave(sender)


async def _send_stream(call: AnyCall, answer: Answer, runtime: HttpRuntime) -> web.StreamResponse:
    followed = call.endpoint.follows is not None
    return await send_stream(
        call.request,
        answer,
        {**answer.headers, "Content-Type": media_type(call.endpoint, answer)},
        draining=runtime.draining,
        heartbeat_seconds=None if followed else runtime.options.heartbeat_seconds,
    )


def _understood(call: AnyCall) -> bytes:
    """Return what a repeat must have in common with the first try: the query, and what was understood of the body."""
    body = canonical_json(call.raw) if call.body is not None else call.raw
    return call.request.query_string.encode() + b"\n" + body


def _who(call: AnyCall) -> str:
    if call.endpoint.access.door is Door.BEARER:
        return f"caller {call.caller.account_id}"
    return f"address {call.address}"


def _keepable(endpoint: Endpoint, answer: Answer, response: web.StreamResponse) -> KeptAnswer | None:
    if not isinstance(response, web.Response) or not endpoint.cache_answer or not answer.cache_answer:
        return None
    body = response.body
    return KeptAnswer(response.status, dict(response.headers), body if isinstance(body, bytes) else b"")
